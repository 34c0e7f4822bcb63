import { describe, expect, test } from 'vitest'
import { TestEngine } from '../../testing.ts'

test('DEBUG OBJECT tells how a value is stored, an expired one too', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('MSET', 'a', 'text', 'b', '100', 'c', 'x'.repeat(100))
  engine.nowMs += 3000
  const form = /^Value at:0x[0-9a-f]{12} refcount:1 encoding:embstr serializedlength:5 lru:\d+ lru_seconds_idle:3$/
  expect(engine.run('DEBUG', 'OBJECT', 'a')).toMatch(form)
  expect(engine.run('DEBUG', 'OBJECT', 'b')).toMatch(/encoding:int serializedlength:2 /)
  expect(engine.run('DEBUG', 'OBJECT', 'c')).toMatch(/encoding:raw serializedlength:102 /)
  for (const [value, bytes] of [
    ['128', 3],
    ['-32768', 3],
    ['40000', 5],
    ['2147483648', 11],
    ['007', 4],
  ]) {
    engine.must('SET', 'd', String(value))
    expect(engine.run('DEBUG', 'OBJECT', 'd')).toContain(`serializedlength:${bytes} `)
  }
  engine.must('PEXPIRE', 'a', '10')
  engine.nowMs += 11
  expect(engine.run('DEBUG', 'OBJECT', 'a')).toMatch(/encoding:embstr/)
  expect(engine.error('DEBUG', 'OBJECT', 'none')).toBe('ERR no such key')
})

test('DEBUG SDSLEN tells the lengths of a key and its string', () => {
  const engine = new TestEngine()
  engine.must('MSET', 'abc', 'text', 'n', '100')
  expect(engine.run('DEBUG', 'SDSLEN', 'abc')).toMatch(
    /^key_sds_len:3, key_sds_avail:0, .* val_sds_len:4, val_sds_avail:\d+/,
  )
  expect(engine.error('DEBUG', 'SDSLEN', 'n')).toBe('ERR Not an sds encoded string.')
  expect(engine.error('DEBUG', 'SDSLEN', 'none')).toBe('ERR no such key')
})

test('DEBUG DIGEST-VALUE: one digest for each key, zero for none', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('MSET', 'a', '1', 'b', '1', 'c', '2')
  const [a, b, c, none] = engine.must('DEBUG', 'DIGEST-VALUE', 'a', 'b', 'c', 'none') as string[]
  expect(a).toBe('b4fc66738120fba0b5aa500ab5c2bf89cea1c5da')
  expect(b).toBe(a)
  expect(c).not.toBe(a)
  expect(none).toBe('0'.repeat(40))
  expect(engine.run('DEBUG', 'DIGEST-VALUE')).toEqual([])
  expect(engine.run('DEBUG', 'DIGEST')).toMatch(/^[1-9a-f][0-9a-f]{39}$/)
})

describe('DEBUG POPULATE', () => {
  test('adds numbered keys, and keeps those there are', () => {
    const engine = new TestEngine({ shards: 3 })
    engine.must('SET', 'key:1', 'mine')
    expect(engine.run('DEBUG', 'POPULATE', '100')).toBe('OK')
    expect(engine.run('MGET', 'key:0', 'key:1', 'key:99')).toEqual(['value:0', 'mine', 'value:99'])
    expect(engine.run('DBSIZE')).toBe(100)
    engine.check()
  })

  test('with prefix and size', () => {
    const engine = new TestEngine({ shards: 3 })
    engine.must('DEBUG', 'POPULATE', '2', 'p', '3')
    expect(engine.run('GET', 'p:1')).toBe('val')
    engine.must('DEBUG', 'POPULATE', '2', 'q', '60')
    expect(engine.run('GET', 'q:1')).toBe('value:1'.padEnd(60, '\0'))
    expect(engine.run('OBJECT', 'ENCODING', 'q:1')).toBe('raw')
    engine.must('DEBUG', 'POPULATE', '1', 'r', '0')
    expect(engine.run('GET', 'r:0')).toBe('value:0')
  })

  test('refuses what is no count, and too many arguments', () => {
    const engine = new TestEngine()
    for (const words of [['x'], ['-1'], ['5', 'p', '-1'], ['5', 'p', 'x']]) {
      expect(engine.error('DEBUG', 'POPULATE', ...words)).toBe('ERR value is out of range, must be positive')
    }
    const tooMany = "ERR unknown subcommand or wrong number of arguments for 'POPULATE'. Try DEBUG HELP."
    expect(engine.error('DEBUG', 'POPULATE', '1', 'p', '1', 'x')).toBe(tooMany)
  })
})

describe('DEBUG HTSTATS', () => {
  test('sums the tables of all shards', () => {
    const engine = new TestEngine({ shards: 3 })
    const empty = 'Hash table 0 stats (main hash table):\nNo stats available for empty dictionaries\n'
    expect(engine.run('DEBUG', 'HTSTATS', '0')).toBe(`[Dictionary HT]\n${empty}[Expires HT]\n${empty}`)
    for (let i = 0; i < 60; i++) engine.must('SET', `k${i}`, 'x')
    engine.must('EXPIRE', 'k1', '100')
    const text = engine.must('DEBUG', 'HTSTATS', '0') as string
    expect(text).toContain(
      '[Dictionary HT]\nHash table 0 stats (main hash table):\n table size: 12\n number of elements: 60\n',
    )
    expect(text).toContain(
      '[Expires HT]\nHash table 0 stats (main hash table):\n table size: 4\n number of elements: 1\n',
    )
    const full = engine.must('DEBUG', 'HTSTATS', '0', 'full') as string
    const chains = [...full.split('[Expires')[0].matchAll(/^ {3}(\d+): (\d+) \(/gm)].map(
      ([, n, count]) => Number(n) * Number(count),
    )
    expect(chains.reduce((sum, n) => sum + n, 0)).toBe(60)
    engine.reply.resp3 = true
    expect(engine.raw('DEBUG', 'HTSTATS', '0')).toMatch(/^=\d+\r\ntxt:\[Dictionary HT\]/)
  })

  test('shows both arrays of a table that grows', () => {
    const engine = new TestEngine()
    for (let i = 0; i < 38; i++) engine.must('SET', `k${i}`, 'x')
    const text = engine.must('DEBUG', 'HTSTATS', '0') as string
    const counts = [...text.matchAll(/number of elements: (\d+)/g)].map(([, count]) => Number(count))
    expect(text).toContain('Hash table 1 stats (rehashing target):\n table size: 8\n')
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(38)
  })

  test('of what is none', () => {
    const engine = new TestEngine()
    engine.must('SET', 'a', 'x')
    expect(engine.error('DEBUG', 'HTSTATS', '16')).toBe('ERR Out of range database')
    expect(engine.error('DEBUG', 'HTSTATS', 'x')).toBe('ERR value is not an integer or out of range')
    expect(engine.error('DEBUG', 'HTSTATS-KEY', 'none')).toBe('ERR no such key')
    expect(engine.error('DEBUG', 'HTSTATS-KEY', 'a')).toBe(
      'ERR The value stored at the specified key is not represented using an hash table',
    )
  })
})

test('DEBUG STRINGMATCH-LEN says whether a pattern matches', () => {
  const engine = new TestEngine()
  expect(engine.run('DEBUG', 'STRINGMATCH-LEN', 'a*c', 'abc')).toBe(1)
  expect(engine.run('DEBUG', 'STRINGMATCH-LEN', 'a*c', 'abd')).toBe(0)
})

test('DEBUG CHECK walks every shard', () => {
  const engine = new TestEngine({ shards: 3 })
  for (let i = 0; i < 100; i++) engine.must('SET', `key:${i}`, 'x'.repeat(i), 'EX', '100')
  expect(engine.must('DEBUG', 'CHECK')).toBe('OK')
  const { keyspace } = engine.find('key:7')
  keyspace.arena.allocate(16)
  expect(() => engine.run('DEBUG', 'CHECK')).toThrow('a live block has an owner')
})
