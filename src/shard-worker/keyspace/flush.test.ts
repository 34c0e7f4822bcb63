import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { Arena } from '../../shm/arena/arena.ts'
import { TestEngine } from '../testing.ts'
import { freeDead, hasDead } from './lazyfree.ts'
import type { Shard } from './shard.ts'
import { EXPIRED_KEYS, LAZY_FREE_PENDING, LAZY_FREED_OBJECTS } from './shard-layout.ts'

beforeAll(() => {
  Arena.poison = true
})
afterAll(() => {
  Arena.poison = false
})

/** An engine with a thousand strings, of which some expire, and two large values. */
function filled(): { engine: TestEngine; shard: Shard } {
  const engine = new TestEngine({ databases: 3 })
  for (let i = 0; i < 1000; i++) engine.must('SET', `key:${i}`, 'x'.repeat(i % 90))
  for (let i = 0; i < 1000; i += 3) engine.must('EXPIRE', `key:${i}`, '100')
  engine.must('HSET', 'h', ...Array.from({ length: 4000 }, (_, i) => `field:${i}`))
  engine.must('HPEXPIRE', 'h', '100000', 'FIELDS', '1', 'field:0')
  for (let i = 0; i < 40; i++) engine.must('RPUSH', 'l', ...Array.from({ length: 20 }, () => 'y'.repeat(900)))
  return { engine, shard: engine.engine.shards[0] }
}

/** Has a client watch a key, so that the shard holds more than keys. */
function watch(shard: Shard): void {
  const key = bytesOf('none')
  expect(shard.watches.watch(1, 0, key, 0, key.length)).toBe(true)
}

function counts({ counters }: Shard): number[] {
  return [counters[LAZY_FREE_PENDING], counters[LAZY_FREED_OBJECTS]]
}

describe('a flush of all that a shard holds', () => {
  test.each([
    ['FLUSHALL', 'SYNC', 0],
    ['FLUSHALL', 'ASYNC', 1002],
    ['FLUSHDB', 'SYNC', 0],
    ['FLUSHDB', 'ASYNC', 1002],
  ])('%s %s begins anew', (name, word, lazy) => {
    const { engine, shard } = filled()
    const empty = new TestEngine({ databases: 3 }).engine.shards[0].arena
    shard.counters[EXPIRED_KEYS] = 7
    engine.must(name, word)
    shard.check()
    expect(shard.arena.usedBytes).toBe(empty.usedBytes)
    expect(hasDead(shard)).toBe(false)
    expect(counts(shard)).toEqual([0, lazy])
    expect(shard.counters[EXPIRED_KEYS]).toBe(7)
    expect(engine.must('DBSIZE')).toBe(0)
    engine.must('HSET', 'h', 'f', 'v')
    expect(engine.must('HGET', 'h', 'f')).toBe('v')
    expect(engine.must('SET', 'key', 'v', 'EX', '100')).toBe('OK')
    shard.check()
  })

  test('frees what was dead before', () => {
    const { engine, shard } = filled()
    engine.must('UNLINK', 'h')
    freeDead(shard, 100)
    engine.must('FLUSHALL')
    shard.check()
    expect(hasDead(shard)).toBe(false)
    expect(counts(shard)).toEqual([0, 1])
  })
})

describe('a flush beside other things', () => {
  test.each(['FLUSHALL', 'FLUSHDB'])('%s ASYNC leaves its tables to be freed, large values and all', (name) => {
    const { engine, shard } = filled()
    const { arena } = shard
    if (name === 'FLUSHDB') {
      engine.select(1)
      engine.must('SET', 'other', 'x')
      engine.select(0)
    }
    watch(shard)
    const full = arena.usedBytes
    engine.must(name, 'ASYNC')
    expect(engine.must('DBSIZE')).toBe(0)
    expect(arena.usedBytes).toBeGreaterThan(full * 0.9)
    expect(counts(shard)[0] + counts(shard)[1]).toBe(1002)
    shard.check()
    // New keys come while old ones go, and the next flush.
    engine.must('SET', 'new', 'x')
    let slices = 0
    for (; freeDead(shard, 60); slices++) {
      shard.check()
      if (slices === 10) engine.must(name, 'ASYNC')
    }
    expect(slices).toBeGreaterThan(30)
    expect(counts(shard)).toEqual([0, 1003])
    expect(arena.usedBytes).toBeLessThan(2000)
    shard.check()
  })

  test.each(['FLUSHALL', 'FLUSHDB'])('%s SYNC frees all at once', (name) => {
    const { engine, shard } = filled()
    watch(shard)
    engine.must(name, 'SYNC')
    expect(counts(shard)).toEqual([0, 0])
    expect(hasDead(shard)).toBe(false)
    expect(shard.arena.usedBytes).toBeLessThan(2000)
    shard.check()
  })

  test('takes a table apart that grows or shrinks', () => {
    for (const keys of [37, 40, 110, 450, 900, 2000]) {
      const engine = new TestEngine({ databases: 3 })
      const [shard] = engine.engine.shards
      watch(shard)
      const before = shard.arena.usedBytes
      for (let i = 0; i < keys; i++) engine.must('SET', `key:${i}`, 'x', 'EX', '100')
      for (let i = 30; i < keys - 5; i++) engine.must('DEL', `key:${i}`)
      const left = Number(engine.must('DBSIZE'))
      engine.must('FLUSHALL', 'ASYNC')
      shard.check()
      while (freeDead(shard, 5)) shard.check()
      expect(counts(shard)).toEqual([0, left])
      expect(shard.arena.usedBytes).toBe(before)
    }
  })
})

test('the setting lazyfree-lazy-user-flush decides where no word does', () => {
  for (const isLazy of [false, true]) {
    const { engine, shard } = filled()
    engine.engine.configure('lazyfree-lazy-user-flush', isLazy ? 'yes' : 'no')
    watch(shard)
    engine.must('FLUSHALL')
    expect(hasDead(shard)).toBe(isLazy)
    expect(engine.error('FLUSHALL', 'ASYNC', 'SYNC')).toBe('ERR syntax error')
    expect(engine.error('FLUSHDB', 'LATER')).toBe('ERR syntax error')
  }
})
