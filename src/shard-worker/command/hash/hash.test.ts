import { describe, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import { ErrorReply, TestEngine } from '../../testing.ts'

/** The fields of a whole iteration, with `between` done after each call. */
function iterate(engine: TestEngine, key: string, between: () => void): Set<string> {
  const seen = new Set<string>()
  let cursor = '0'
  do {
    const [next, pairs] = engine.must('HSCAN', key, cursor, 'COUNT', '7') as [string, string[]]
    for (let i = 0; i < pairs.length; i += 2) seen.add(pairs[i])
    cursor = next
    between()
  } while (cursor !== '0')
  return seen
}

test('a large hash is what a Map is, grows, shrinks and gives its memory back', () => {
  const engine = new TestEngine()
  const { arena } = engine.engine.shards[0]
  const random = new Random(7)
  engine.must('SET', 'other', 'x')
  engine.must('HSET', 'h', 'f', 'v')
  engine.must('DEL', 'h')
  const before = arena.usedBytes
  const model = new Map<string, string>()
  for (const growing of [0.8, 0.2]) {
    for (let i = 0; i < 6000; i++) {
      const field = `field:${random.below(4000)}`
      if (random.chance(growing)) {
        const value = 'v'.repeat(random.pick([0, 3, 60, 1500]))
        expect(engine.must('HSET', 'h', field, value)).toBe(model.has(field) ? 0 : 1)
        model.set(field, value)
      } else {
        expect(engine.must('HDEL', 'h', field)).toBe(model.delete(field) ? 1 : 0)
      }
    }
    engine.check()
    expect(engine.must('OBJECT', 'ENCODING', 'h')).toBe('hashtable')
    const all = engine.must('HGETALL', 'h') as string[]
    expect(all.length).toBe(2 * model.size)
    for (let i = 0; i < all.length; i += 2) expect(model.get(all[i])).toBe(all[i + 1])
    expect(engine.must('MEMORY', 'USAGE', 'h')).toBeGreaterThan(model.size * 30)
  }
  for (const field of [...model.keys()]) engine.must('HDEL', 'h', field)
  expect(engine.must('EXISTS', 'h')).toBe(0)
  expect(arena.usedBytes).toBe(before)
})

test('more pairs at once than a listpack may have fields make a table, as in Redis 7.2', () => {
  const engine = new TestEngine()
  engine.engine.settings.hashMaxListpackEntries = 2
  engine.must('HSET', 'fresh', 'a', '1', 'a', '2', 'a', '3')
  engine.must('HSET', 'old', 'a', '1')
  expect(engine.must('OBJECT', 'ENCODING', 'old')).toBe('listpack')
  engine.must('HMSET', 'old', 'a', '1', 'a', '2', 'a', '3')
  engine.must('HSET', 'two', 'a', '1', 'a', '2')
  for (const [key, encoding] of Object.entries({ fresh: 'hashtable', old: 'hashtable', two: 'listpack' })) {
    expect(engine.must('OBJECT', 'ENCODING', key)).toBe(encoding)
  }
  expect(engine.must('HGETALL', 'fresh')).toEqual(['a', '3'])
  engine.check()
})

test('a listpack that a setting finds too long becomes a table with the next change', () => {
  const engine = new TestEngine()
  engine.must('HSET', 'h', 'a', '1', 'b', '2', 'c', '3')
  engine.must('HSET', 'border', 'a', '1', 'b', '2')
  engine.engine.settings.hashMaxListpackEntries = 2
  engine.must('HDEL', 'border', 'b')
  engine.must('HSET', 'border', 'b', '4')
  engine.must('HINCRBY', 'border', 'b', '1')
  expect(engine.must('OBJECT', 'ENCODING', 'h')).toBe('listpack')
  expect(engine.must('HSET', 'h', 'b', '9')).toBe(0)
  expect(engine.must('OBJECT', 'ENCODING', 'h')).toBe('hashtable')
  expect(engine.must('OBJECT', 'ENCODING', 'border')).toBe('listpack')
  expect(engine.must('HMGET', 'h', 'a', 'b', 'c')).toEqual(['1', '9', '3'])
  engine.check()
})

test('HINCRBY is exact beyond what doubles hold, up to 64 bits', () => {
  const engine = new TestEngine()
  const by = (...increments: string[]) => increments.map((each) => String(engine.must('HINCRBY', 'h', 'f', each)))
  expect(by('9007199254740991', '1', '1', '-3', '-9007199254740991')).toEqual([
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '9007199254740990',
    '-1',
  ])
  expect(by('-9223372036854775807', '1')).toEqual(['-9223372036854775808', '-9223372036854775807'])
  expect(engine.error('HINCRBY', 'h', 'f', '-2')).toBe('ERR increment or decrement would overflow')
  expect(engine.must('HGET', 'h', 'f')).toBe('-9223372036854775807')
})

test('HSCAN meets every field that stays while the table grows and shrinks', () => {
  const engine = new TestEngine()
  const stays = Array.from({ length: 600 }, (_, i) => `stays:${i}`)
  for (const field of stays) engine.must('HSET', 'h', field, '1')
  let added = 0
  const grown = iterate(engine, 'h', () => {
    for (let i = 0; i < 20; i++) engine.must('HSET', 'h', `more:${added++}`, '1')
  })
  const shrunk = iterate(engine, 'h', () => {
    for (let i = 0; i < 60 && added > 0; i++) engine.must('HDEL', 'h', `more:${--added}`)
  })
  for (const field of stays) expect(grown.has(field) && shrunk.has(field)).toBe(true)
})

describe('HRANDFIELD', () => {
  test.each([10, 600])('draws each of %i fields about as often', (size) => {
    const engine = new TestEngine()
    for (let i = 0; i < size; i++) engine.must('HSET', 'h', `f${i}`, `${i}`)
    const counts = new Map<string, number>()
    const drawn = engine.must('HRANDFIELD', 'h', String(-100 * size)) as string[]
    for (const field of drawn) counts.set(field, (counts.get(field) ?? 0) + 1)
    for (let i = 0; i < size; i++) expect(Math.abs((counts.get(`f${i}`) ?? 0) - 100)).toBeLessThan(60)
    expect(new Set(engine.must('HRANDFIELD', 'h', String(size - 1)) as string[]).size).toBe(size - 1)
    expect(engine.must('HRANDFIELD', 'h')).toMatch(/^f\d+$/)
  })
})

test.each([
  [10, 3],
  [600, 100],
  [600, 400],
])('HRANDFIELD takes each of %i fields as often when it takes %i different ones', (size, drawn) => {
  const engine = new TestEngine()
  for (let i = 0; i < size; i++) engine.must('HSET', 'h', `f${i}`, `v${i}`)
  const rounds = Math.ceil((200 * size) / drawn)
  const counts = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    const fields = engine.must('HRANDFIELD', 'h', String(drawn)) as string[]
    expect(new Set(fields).size).toBe(drawn)
    for (const field of fields) counts.set(field, (counts.get(field) ?? 0) + 1)
  }
  for (let i = 0; i < size; i++) expect(Math.abs((counts.get(`f${i}`) ?? 0) - 200)).toBeLessThan(80)
  const pairs = engine.must('HRANDFIELD', 'h', String(drawn), 'WITHVALUES') as string[]
  for (let i = 0; i < pairs.length; i += 2) expect(pairs[i + 1]).toBe(pairs[i].replace('f', 'v'))
})

test('a full arena changes nothing', () => {
  const engine = new TestEngine({ arenaBytes: 1024 * 1024 })
  engine.must('HSET', 'small', 'a', '1')
  let i = 0
  while (!(engine.run('HSET', 'h', `field:${i}`, 'v'.repeat(300)) instanceof ErrorReply)) i++
  expect(engine.must('HLEN', 'h')).toBe(i)
  expect(engine.error('HSET', 'fresh', 'a', 'v'.repeat(200000))).toMatch(/^OOM/)
  expect(engine.must('EXISTS', 'fresh')).toBe(0)
  expect(engine.error('HSET', 'small', 'b', '2', 'c', 'v'.repeat(200000))).toMatch(/^OOM/)
  expect(engine.must('HGETALL', 'small')).toEqual(['a', '1'])
  expect(engine.error('COPY', 'h', 'copy')).toMatch(/^OOM/)
  engine.check()
})

test('more random fields than a reply can hold are refused at once', () => {
  const engine = new TestEngine()
  engine.must('HSET', 'h', 'a', '1')
  expect(engine.error('HRANDFIELD', 'h', '-2000000000')).toBe('ERR the reply is larger than 2 GiB')
  expect(engine.must('HRANDFIELD', 'h', '-3')).toEqual(['a', 'a', 'a'])
})
