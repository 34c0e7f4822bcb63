import { describe, expect, test } from 'vitest'
import { DIRTY, EXPIRED_KEYS } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

function listed(...elements: string[]): TestEngine {
  const engine = new TestEngine({ shards: 3 })
  engine.must('RPUSH', 'l', ...elements)
  return engine
}

describe('SORT', () => {
  test('sorts numbers, or texts, either way', () => {
    const engine = listed('10', '9', '-1.5', '0x10', '1e2', '', ' 3')
    expect(engine.must('SORT', 'l')).toEqual(['-1.5', '', ' 3', '9', '10', '0x10', '1e2'])
    expect(engine.must('SORT', 'l', 'desc')).toEqual(['1e2', '0x10', '10', '9', ' 3', '', '-1.5'])
    expect(engine.must('SORT_RO', 'l', 'ALPHA', 'LIMIT', '1', '3')).toEqual([' 3', '-1.5', '0x10'])
    expect(engine.must('SORT', 'l', 'ASC', 'LIMIT', '5', '-1')).toEqual(['0x10', '1e2'])
    expect(engine.must('SORT', 'l', 'LIMIT', '9', '3')).toEqual([])
    expect(engine.must('SORT', 'l', 'LIMIT', '-3', '1')).toEqual(['-1.5'])
    expect(engine.must('SORT', 'l', 'LIMIT', '0', '0')).toEqual([])
    expect(engine.must('SORT', 'none')).toEqual([])
  })

  test('sorts by what stands at other keys, of any shard', () => {
    const engine = listed('1', '2', '3', '4')
    for (const [key, weight] of Object.entries({ w1: '30', w2: '10', w3: '20' })) engine.must('SET', key, weight)
    engine.must('HSET', 'h4', 'weight', '25')
    engine.must('HSET', 'h2', 'weight', '1')
    expect(engine.must('SORT', 'l', 'BY', 'w*')).toEqual(['4', '2', '3', '1'])
    expect(engine.must('SORT', 'l', 'BY', 'h*->weight', 'DESC')).toEqual(['4', '2', '3', '1'])
    expect(engine.must('SORT', 'l', 'BY', 'w*', 'ALPHA')).toEqual(['4', '2', '3', '1'])
    expect(engine.must('SORT', 'l', 'BY', 'nosort', 'DESC', 'LIMIT', '0', '2')).toEqual(['4', '3'])
    const got = engine.must(
      'SORT',
      'l',
      'LIMIT',
      '0',
      '2',
      'GET',
      '#',
      'GET',
      'w*',
      'GET',
      'h*->weight',
      'GET',
      'fixed',
    )
    expect(got).toEqual(['1', '30', null, null, '2', '10', '1', null])
  })

  test('stores a list in place of what was there', () => {
    const engine = listed('3', '1', '2')
    engine.must('SET', 'd', 'x', 'EX', '100')
    expect(engine.must('SORT', 'l', 'STORE', 'd')).toBe(3)
    expect(engine.must('LRANGE', 'd', '0', '-1')).toEqual(['1', '2', '3'])
    expect(engine.must('OBJECT', 'ENCODING', 'd')).toBe('listpack')
    expect(engine.must('TTL', 'd')).toBe(-1)
    expect(engine.must('SORT', 'l', 'GET', 'none*', 'STORE', 'l')).toBe(3)
    expect(engine.must('LRANGE', 'l', '0', '-1')).toEqual(['', '', ''])
    expect(engine.must('SORT', 'l', 'LIMIT', '5', '1', 'STORE', 'd')).toBe(0)
    expect(engine.must('EXISTS', 'd')).toBe(0)
    engine.engine.configure('list-max-listpack-size', '2')
    expect(engine.must('SORT', 'l', 'STORE', 'd')).toBe(3)
    expect(engine.must('OBJECT', 'ENCODING', 'd')).toBe('quicklist')
    engine.check()
  })

  test('refuses what Redis refuses', () => {
    const engine = listed('a', '1')
    engine.must('SET', 's', 'x')
    expect(engine.error('SORT', 's')).toMatch(/^WRONGTYPE/)
    expect(engine.error('SORT', 'l')).toBe("ERR One or more scores can't be converted into double")
    expect(engine.error('SORT', 'l', 'LIMIT', '0')).toBe('ERR syntax error')
    expect(engine.error('SORT', 's', 'LIMIT', '0', 'x')).toBe('ERR value is not an integer or out of range')
    expect(engine.error('SORT_RO', 'l', 'STORE', 'd')).toBe('ERR syntax error')
    expect(engine.error('SORT', 'l', 'bogus')).toBe('ERR syntax error')
  })

  test('leaves what a destination holds when there is no room', () => {
    const engine = new TestEngine({ arenaBytes: 1024 * 1024 })
    for (let i = 0; i < 500; i++) engine.must('RPUSH', 'l', String(i))
    for (let i = 0; i < 500; i++) engine.must('SET', `v${i % 2}`, 'x'.repeat(2000))
    engine.must('SET', 'd', 'kept')
    for (let i = 0; i < 500; i++) engine.must('LSET', 'l', String(i), String(i % 2))
    expect(engine.error('SORT', 'l', 'GET', 'v*', 'STORE', 'd')).toMatch(/^OOM/)
    expect(engine.must('GET', 'd')).toBe('kept')
    engine.check()
  })
})

test('an expired destination is deleted as any other when there is nothing to store', () => {
  const engine = new TestEngine()
  const { counters } = engine.engine.shards[0]
  engine.must('SET', 'to', 'x', 'PX', '1')
  engine.nowMs += 1000
  const before = counters[DIRTY]
  expect(engine.must('SORT', 'none', 'STORE', 'to')).toBe(0)
  expect(counters[DIRTY] - before).toBe(1)
  expect(counters[EXPIRED_KEYS]).toBe(0)
  engine.check()
})
