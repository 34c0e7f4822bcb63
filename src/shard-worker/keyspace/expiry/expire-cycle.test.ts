import { describe, expect, test } from 'vitest'
import { bytesOf } from '../../../base/bytes.ts'
import { TestEngine } from '../../testing.ts'
import { highHalf, lowHalf } from '../entry.ts'
import type { Shard } from '../shard.ts'
import {
  DATABASE_AVERAGE_TTL,
  DIRTY,
  EXPIRE_CYCLE_US,
  EXPIRED_KEYS,
  EXPIRED_STALE_PERCENT,
  EXPIRED_TIME_CAP_REACHED,
} from '../shard-layout.ts'
import { assignString } from '../string.ts'
import { randomEntry } from '../table/table-sample.ts'
import { emptyShard } from '../testing.ts'
import { expireCycle, expireGlance, rehashCycle } from './expire-cycle.ts'

const NOW = 1_000_000

/** A host whose clock goes on by `usPerLook` with each look at it. */
function host(shard: Shard, usPerLook = 0, settings: { activeExpireEffort?: number; activeExpire?: boolean } = {}) {
  let us = 0
  return {
    shards: [shard],
    clock: { nowMs: () => NOW, monotonicUs: () => (us += usPerLook) },
    settings: { activeExpire: true, activeExpireEffort: 1, activerehashing: true, hz: 10, ...settings },
  }
}

function addKeys(shard: Shard, db: number, count: number, expireAt: (n: number) => number): void {
  const keyspace = shard.keyspaces[db]
  for (let n = 0; n < count; n++) {
    const key = bytesOf(`key:${n}`)
    keyspace.find(key, 0, key.length)
    const entry = assignString(keyspace, 0, 0, key, 0, key.length, 0)
    if (expireAt(n) > 0) keyspace.setExpire(entry, lowHalf(expireAt(n)), highHalf(expireAt(n)))
  }
}

describe('the expire cycle', () => {
  test('deletes all that has expired in every database, and nothing else', () => {
    const shard = emptyShard(4 * 1024 * 1024, 3)
    for (const db of [0, 2]) addKeys(shard, db, 3000, (n) => (n % 3 === 0 ? 0 : n % 3 === 1 ? NOW + 50 : NOW + 5000))
    shard.access.at(NOW + 51)
    for (let cycles = 0; cycles < 1000 && shard.counters[EXPIRED_KEYS] < 2000; cycles++) {
      expireCycle(host(shard), shard)
      shard.check()
    }
    expect(shard.counters[EXPIRED_KEYS]).toBe(2000)
    expect(shard.counters[DIRTY]).toBe(0)
    for (const db of [0, 2]) {
      expect(shard.keyspaces[db].keys.used).toBe(2000)
      expect(shard.keyspaces[db].expires.used).toBe(1000)
    }
  })

  test('goes on by itself while more has expired than is tolerable, and stops when it has not', () => {
    const shard = emptyShard()
    addKeys(shard, 0, 3000, () => NOW)
    shard.access.at(NOW + 1)
    expect(expireCycle(host(shard), shard)).toBe(false)
    expect(shard.keyspaces[0].keys.used).toBe(0)
    expect(shard.counters[EXPIRED_STALE_PERCENT]).toBeCloseTo(5)
    addKeys(shard, 0, 3000, (n) => (n % 50 === 0 ? NOW : NOW + 5000))
    expireCycle(host(shard), shard)
    expect(shard.keyspaces[0].keys.used).toBeGreaterThan(2900)
  })

  test('a greater effort leaves fewer stale keys', () => {
    const left = [1, 10].map((activeExpireEffort) => {
      const shard = emptyShard()
      addKeys(shard, 0, 3000, (n) => (n % 12 === 0 ? NOW : NOW + 5000))
      shard.access.at(NOW + 1)
      for (let i = 0; i < 5; i++) expireCycle(host(shard, 0, { activeExpireEffort }), shard)
      return shard.keyspaces[0].keys.used
    })
    expect(left[1]).toBeLessThan(left[0])
  })

  test('stops when its time is up, says so, and goes on with the next database', () => {
    const shard = emptyShard()
    addKeys(shard, 0, 2000, () => NOW)
    addKeys(shard, 1, 2000, () => NOW)
    shard.access.at(NOW + 1)
    expect(expireCycle(host(shard, 400), shard, 300)).toBe(true)
    expect(shard.counters[EXPIRED_TIME_CAP_REACHED]).toBe(1)
    expect(shard.counters[EXPIRE_CYCLE_US]).toBe(800)
    const first = shard.keyspaces[0].keys.used
    expect(first).toBeLessThan(2000)
    expect(first).toBeGreaterThan(1000)
    expect(shard.keyspaces[1].keys.used).toBe(2000)
    expireCycle(host(shard, 400), shard, 300)
    expect(shard.keyspaces[0].keys.used).toBe(first)
    expect(shard.keyspaces[1].keys.used).toBe(first)
    shard.check()
  })

  test('keeps an average of the time that keys have left', () => {
    const shard = emptyShard()
    const average = () => shard.arena.f64[(shard.keyspaces[0].record + DATABASE_AVERAGE_TTL) >> 3]
    addKeys(shard, 0, 100, () => NOW + 10_000)
    for (let i = 0; i < 10; i++) expireCycle(host(shard), shard)
    expect(average()).toBe(10_000)
    shard.access.at(NOW + 5000)
    for (let i = 0; i < 300; i++) expireCycle(host(shard), shard)
    expect(average()).toBeGreaterThan(4700)
    expect(average()).toBeLessThan(5300)
    shard.access.at(NOW + 10_001)
    expireCycle(host(shard), shard)
    expireCycle(host(shard), shard)
    expect(average()).toBe(0)
  })

  test('does nothing when it is switched off', () => {
    const shard = emptyShard()
    addKeys(shard, 0, 10, () => NOW)
    shard.access.at(NOW + 1)
    expect(expireCycle(host(shard, 0, { activeExpire: false }), shard)).toBe(false)
    expect(shard.keyspaces[0].keys.used).toBe(10)
  })
})

describe('a glance', () => {
  test('sees that nothing has expired, and changes nothing but figures', () => {
    const shard = emptyShard(4 * 1024 * 1024, 3)
    addKeys(shard, 0, 500, () => NOW + 10_000)
    addKeys(shard, 2, 500, (n) => (n % 2 === 0 ? 0 : NOW + 20_000))
    shard.counters[EXPIRED_STALE_PERCENT] = 100
    for (let turn = 0; turn < 100; turn++) expect(expireGlance(host(shard, 3), shard)).toBe(false)
    expect(shard.keyspaces.map(({ keys }) => keys.used)).toEqual([500, 0, 500])
    expect(shard.counters[EXPIRED_STALE_PERCENT]).toBeCloseTo(100 * 0.95 ** 100)
    expect(shard.counters[EXPIRE_CYCLE_US]).toBe(300)
    const averages = shard.keyspaces.map(({ record }) => shard.arena.f64[(record + DATABASE_AVERAGE_TTL) >> 3])
    expect(averages).toEqual([10_000, 0, 20_000])
    shard.check()
  })

  test('and turns where it finds something delete what turns alone do, in as many of them', () => {
    const turnsToDelete = (glances: boolean): number => {
      const shard = emptyShard(4 * 1024 * 1024, 3)
      for (const db of [0, 2]) addKeys(shard, db, 3000, (n) => (n % 40 === 0 ? NOW : NOW + 5000))
      shard.access.at(NOW + 1)
      for (let turn = 1; turn < 2000; turn++) {
        if (!glances || expireGlance(host(shard), shard)) expireCycle(host(shard), shard)
        if (shard.counters[EXPIRED_KEYS] === 150) return turn
      }
      return Number.POSITIVE_INFINITY
    }
    expect(turnsToDelete(true)).toBeLessThanOrEqual(turnsToDelete(false))
  })

  test('asks for a turn when tables are to be moved, or the last turn ran out of time', () => {
    const shard = emptyShard()
    addKeys(shard, 0, 2000, () => NOW)
    shard.access.at(NOW + 1)
    expect(expireCycle(host(shard, 400), shard, 300)).toBe(true)
    expect(expireGlance(host(shard), shard)).toBe(true)
    while (shard.keyspaces[0].keys.used > 0) expireCycle(host(shard), shard)
    expireCycle(host(shard), shard)
    rehashCycle(host(shard), shard)
    expect(expireGlance(host(shard), shard)).toBe(false)
    let added = 0
    while (!shard.keyspaces[0].keys.isRehashing) addKeys(shard, 0, ++added * 10, () => 0)
    expect(expireGlance(host(shard), shard)).toBe(true)
  })

  test('sees fields of hashes whose time has come', () => {
    const tested = new TestEngine()
    const { engine } = tested
    tested.must('HSET', 'h', 'f', 'v', 'g', 'w')
    tested.must('HPEXPIRE', 'h', '100', 'FIELDS', '1', 'f')
    expect(expireGlance(engine, engine.shards[0])).toBe(false)
    engine.begin(tested.nowMs + 101)
    expect(expireGlance(engine, engine.shards[0])).toBe(true)
    expireCycle(engine, engine.shards[0])
    expect(expireGlance(engine, engine.shards[0])).toBe(false)
    expect(tested.run('HLEN', 'h')).toBe(1)
  })

  test('is in vain when expiry is switched off', () => {
    const shard = emptyShard()
    addKeys(shard, 0, 10, () => NOW)
    shard.access.at(NOW + 1)
    expect(expireGlance(host(shard, 0, { activeExpire: false }), shard)).toBe(false)
    expect(expireGlance(host(shard), shard)).toBe(true)
  })
})

describe('the rehash cycle', () => {
  test('finishes what insertions began, then shrinks what became sparse', () => {
    const shard = emptyShard()
    const { keys } = shard.keyspaces[0]
    addKeys(shard, 0, 3000, () => 0)
    addKeys(shard, 1, 600, () => NOW + 1000)
    while (!keys.isRehashing) addOne(shard)
    expect(rehashCycle(host(shard), shard)).toBe(false)
    expect(keys.isRehashing).toBe(false)
    const [buckets] = keys.bucketCounts
    keys.pauseRehash()
    while (keys.used > 10) shard.keyspaces[0].removeEntry(randomEntry(keys, shard.access.random))
    keys.resumeRehash()
    expect(keys.bucketCounts).toEqual([buckets, 0])
    expect(rehashCycle(host(shard), shard)).toBe(false)
    expect(keys.bucketCounts[0]).toBeLessThan(16)
    shard.check()
  })

  test('stops when its time is up, and does not wait for a pause to end', () => {
    const shard = emptyShard()
    const { keys } = shard.keyspaces[0]
    addKeys(shard, 0, 3000, () => 0)
    while (!keys.isRehashing) addOne(shard)
    expect(rehashCycle(host(shard, 600), shard)).toBe(true)
    expect(keys.isRehashing).toBe(true)
    keys.pauseRehash()
    expect(rehashCycle(host(shard), shard)).toBe(false)
    keys.resumeRehash()
    shard.check()
  })

  let added = 0
  function addOne(shard: Shard): void {
    const key = bytesOf(`more:${added++}`)
    shard.keyspaces[0].find(key, 0, key.length)
    assignString(shard.keyspaces[0], 0, 0, key, 0, key.length, 0)
  }
})
