import { describe, expect, test } from 'vitest'
import { KEYSPACE_HITS, KEYSPACE_MISSES } from '../../keyspace/shard-layout.ts'
import { type Decoded, TestEngine } from '../../testing.ts'

function filled(shards: number, count: number): TestEngine {
  const engine = new TestEngine({ shards })
  for (let i = 0; i < count; i++) engine.must('SET', `key:${i}`, 'x')
  return engine
}

/** A whole iteration; `between` runs after each call. */
function iterate(engine: TestEngine, words: string[], between = () => {}): { keys: string[]; calls: number } {
  const keys: string[] = []
  let calls = 0
  let cursor = '0'
  do {
    const [next, found] = engine.must('SCAN', cursor, ...words) as [string, Decoded[]]
    keys.push(...(found as string[]))
    cursor = next
    calls++
    between()
  } while (cursor !== '0')
  return { keys, calls }
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `key:${i}`).sort()
}

describe.each([1, 3])('with %i shards', (shards) => {
  test('SCAN meets every key once while nothing changes, whatever its COUNT', () => {
    for (const count of [0, 1, 30, 500]) {
      const engine = filled(shards, count)
      for (const asked of ['1', '7', '100']) expect(iterate(engine, ['COUNT', asked]).keys.sort()).toEqual(names(count))
      expect(iterate(engine, []).keys.sort()).toEqual(names(count))
    }
  })

  test('one call is enough when COUNT is above the number of keys', () => {
    const engine = filled(shards, 500)
    for (const asked of ['501', '9223372036854775807']) expect(iterate(engine, ['COUNT', asked]).calls).toBe(1)
  })

  test('SCAN meets every key that stays while others come and go', () => {
    const engine = filled(shards, 200)
    let added = 0
    const { keys } = iterate(engine, [], () => {
      for (let i = 0; i < 100; i++) engine.must('SET', `more:${added++}`, 'x')
      if (added % 300 === 0) for (let i = 0; i < added; i++) engine.must('DEL', `more:${i}`)
    })
    expect(new Set(keys.filter((key) => key.startsWith('key')))).toEqual(new Set(names(200)))
    engine.check()
  })

  test('MATCH and TYPE choose', () => {
    const engine = filled(shards, 100)
    engine.putForeignValue('list')
    expect(iterate(engine, ['MATCH', 'key:1?']).keys.length).toBe(10)
    expect(iterate(engine, ['match', '*']).keys.length).toBe(101)
    expect(iterate(engine, ['TYPE', 'STRING', 'COUNT', '1000']).keys.length).toBe(100)
    expect(iterate(engine, ['TYPE', 'list']).keys).toEqual(['list'])
    expect(iterate(engine, ['TYPE', 'hash']).keys).toEqual([])
    expect(iterate(engine, ['TYPE', 'nosuch']).keys).toEqual([])
    expect(iterate(engine, ['TYPE', 'string', 'MATCH', 'l*']).keys).toEqual([])
  })

  test('keys that have expired are not shown: SCAN deletes them, KEYS does not', () => {
    const engine = filled(shards, 20)
    for (let i = 0; i < 20; i += 2) engine.must('PEXPIRE', `key:${i}`, '10')
    engine.nowMs += 11
    expect((engine.must('KEYS', '*') as string[]).length).toBe(10)
    expect(engine.run('DBSIZE')).toBe(20)
    expect(iterate(engine, []).keys.length).toBe(10)
    expect(engine.run('DBSIZE')).toBe(10)
    engine.check()
  })

  test('KEYS matches patterns over all shards', () => {
    const engine = filled(shards, 100)
    expect((engine.must('KEYS', '*') as string[]).sort()).toEqual(names(100))
    expect((engine.must('KEYS', 'key:[12]?') as string[]).length).toBe(20)
    expect(engine.must('KEYS', 'none*')).toEqual([])
  })

  test('RANDOMKEY draws each key, deletes expired ones on its way, and finds none in an empty database', () => {
    const engine = filled(shards, 10)
    const seen = new Set<Decoded>()
    for (let i = 0; i < 300; i++) seen.add(engine.must('RANDOMKEY'))
    expect(seen.size).toBe(10)
    for (let i = 0; i < 9; i++) engine.must('PEXPIRE', `key:${i}`, '10')
    engine.nowMs += 11
    expect(engine.run('RANDOMKEY')).toBe('key:9')
    engine.must('PEXPIRE', 'key:9', '10')
    engine.nowMs += 11
    expect(engine.run('RANDOMKEY')).toBe(null)
    expect(engine.run('DBSIZE')).toBe(0)
    engine.check()
  })
})

test('cursors are read as C reads an unsigned number', () => {
  const engine = filled(3, 5)
  for (const cursor of [
    '0',
    '',
    '+0',
    '00',
    '0\0x',
    '18446744073709551615',
    '-1',
    '-18446744073709551615',
    '4294967296',
  ]) {
    expect(engine.run('SCAN', cursor)).toBeInstanceOf(Array)
  }
  for (const cursor of [
    'x',
    ' 0',
    '0 ',
    '1x',
    '-',
    '+',
    '18446744073709551616',
    '-18446744073709551616',
    '0x1',
    '1.0',
  ]) {
    expect(engine.error('SCAN', cursor)).toBe('ERR invalid cursor')
  }
})

test('options that are none', () => {
  const engine = filled(1, 5)
  for (const words of [
    ['COUNT'],
    ['COUNT', '0'],
    ['COUNT', '-5'],
    ['COUNT', '-9223372036854775808'],
    ['FOO', '1'],
    ['MATCH'],
  ]) {
    expect(engine.error('SCAN', '0', ...words)).toBe('ERR syntax error')
  }
  expect(engine.error('SCAN', '0', 'COUNT', 'x')).toBe('ERR value is not an integer or out of range')
  expect(engine.error('SCAN', '0', 'COUNT', '9223372036854775808')).toBe('ERR value is not an integer or out of range')
  expect(engine.error('SCAN', 'x', 'COUNT', 'x')).toBe('ERR invalid cursor')
})

test('SCAN with TYPE looks keys up, which counts', () => {
  const engine = filled(1, 5)
  engine.must('PEXPIRE', 'key:1', '10')
  engine.nowMs += 11
  const { counters } = engine.engine.shards[0]
  const [hits, misses] = [counters[KEYSPACE_HITS], counters[KEYSPACE_MISSES]]
  iterate(engine, [])
  expect([counters[KEYSPACE_HITS] - hits, counters[KEYSPACE_MISSES] - misses]).toEqual([0, 0])
  engine.must('PEXPIRE', 'key:2', '10')
  engine.nowMs += 11
  iterate(engine, ['TYPE', 'string'])
  expect([counters[KEYSPACE_HITS] - hits, counters[KEYSPACE_MISSES] - misses]).toEqual([3, 1])
})
