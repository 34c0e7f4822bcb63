import { describe, expect, test } from 'vitest'
import { bytesOf } from '../base/bytes.ts'
import { SeededRandom } from '../base/ports.ts'
import { Access } from './keyspace/access.ts'
import { Evictor } from './keyspace/eviction.ts'
import { Shard } from './keyspace/shard.ts'
import { LAZY_FREE_PENDING, LAZY_FREED_OBJECTS } from './keyspace/shard-layout.ts'
import { assignString } from './keyspace/string.ts'
import { poisonedArena, SEED } from './keyspace/testing.ts'
import { ENOUGH, MemoryBudget, NONE_LEFT, WORKING } from './memory-budget.ts'
import { ErrorReply, TestEngine } from './testing.ts'

/** Three shards, a budget over them, and a clock that goes on by `usPerLook`. */
function setUp(policy: string, usPerLook = 0) {
  const access = new Access(new SeededRandom(1))
  access.at(1e12)
  const shards = [0, 1, 2].map((index) => {
    const arena = poisonedArena(4 * 1024 * 1024)
    Shard.initialize(arena, 2, SEED)
    return new Shard(index, arena, access)
  })
  const evictor = new Evictor(shards, access, new SeededRandom(2))
  evictor.follow(policy)
  let us = 0
  const clock = { nowMs: () => 1e12, monotonicUs: () => (us += usPerLook) }
  const budget = new MemoryBudget(shards, evictor, clock)
  const add = (shard: number, name: string, bytes: number) => {
    const keyspace = shards[shard].keyspaces[0]
    const key = bytesOf(name)
    assignString(keyspace, keyspace.find(key, 0, key.length), 0, key, 0, key.length, bytes)
  }
  const used = () => shards.reduce((sum, { arena }) => sum + arena.usedBytes + arena.overheadBytes, 0)
  const home = new Int32Array(3)
  return { shards, budget, add, used, home }
}

test('without a limit there is room', () => {
  const { budget, add, home } = setUp('allkeys-lru')
  add(0, 'key', 1_000_000)
  expect(budget.measure()).toBe(Number.NEGATIVE_INFINITY)
  expect(budget.isBelowCeiling(0)).toBe(true)
  expect(budget.makeRoom(home)).toBe(ENOUGH)
})

describe('ceilings', () => {
  test('leave no way past the budget', () => {
    const { budget, add, used } = setUp('noeviction')
    budget.limitBytes = used() + 300_000
    budget.otherBytes = 20_000
    budget.measure()
    let looks = 0
    let keys = 0
    const random = new SeededRandom(5)
    for (;;) {
      const shard = random.next32() % 8 === 0 ? 1 : 2
      if (!budget.isBelowCeiling(shard)) {
        looks++
        if (budget.measure() > 0) break
      }
      add(shard, `key${keys++}`, 500)
      // By more than the key when a table grows.
      expect(used() + budget.otherBytes).toBeLessThan(budget.limitBytes + 10_000)
    }
    expect(keys).toBeGreaterThan(400)
    expect(looks).toBeLessThan(keys / 4)
  })

  test('are as low as can be once the budget is exceeded', () => {
    const { budget, add, used } = setUp('noeviction')
    add(0, 'key', 5000)
    budget.limitBytes = used() - 1
    expect(budget.measure()).toBe(1)
    for (const shard of [0, 1, 2]) expect(budget.isBelowCeiling(shard)).toBe(false)
    budget.limitBytes++
    expect(budget.measure()).toBe(0)
    for (const shard of [0, 1, 2]) expect(budget.isBelowCeiling(shard)).toBe(true)
  })
})

describe('making room', () => {
  test('evicts as much as must be and no more', () => {
    const { shards, budget, add, used, home } = setUp('allkeys-random')
    for (let n = 0; n < 300; n++) add(n % 3, `key${n}`, 1000)
    budget.limitBytes = used() - 50_000
    expect(budget.makeRoom(home)).toBe(ENOUGH)
    expect(used()).toBeLessThanOrEqual(budget.limitBytes)
    expect(used()).toBeGreaterThan(budget.limitBytes - 2000)
    for (const shard of shards) shard.check()
  })

  test('stops when the time is up, after some keys', () => {
    const { shards, budget, add, home } = setUp('allkeys-random', 300)
    for (let n = 0; n < 300; n++) add(n % 3, `key${n}`, 1000)
    budget.limitBytes = 1
    expect(budget.makeRoom(home)).toBe(WORKING)
    expect(shards.reduce((sum, { keyspaces }) => sum + keyspaces[0].keys.used, 0)).toBe(300 - 32)
  })

  test('says whether there is more to come from shards that are away', () => {
    const { shards, budget, add } = setUp('allkeys-random')
    for (let n = 0; n < 30; n++) add(n % 3, `key${n}`, 1000)
    budget.limitBytes = 1
    expect(budget.makeRoom(new Int32Array([0, 1, 1]))).toBe(WORKING)
    expect(shards.map(({ keyspaces }) => keyspaces[0].keys.used)).toEqual([0, 10, 10])
    expect(budget.makeRoom(new Int32Array(3))).toBe(NONE_LEFT)
    expect(shards.map(({ keyspaces }) => keyspaces[0].keys.used)).toEqual([0, 0, 0])
  })

  test('is in vain where nothing may go', () => {
    const { budget, add, home } = setUp('volatile-lru')
    add(0, 'key', 1000)
    budget.limitBytes = 1
    expect(budget.makeRoom(home)).toBe(NONE_LEFT)
  })

  test('is timed when asked for', () => {
    const { budget, add, used, home } = setUp('allkeys-random', 7)
    for (let n = 0; n < 30; n++) add(n % 3, `key${n}`, 1000)
    budget.limitBytes = used() - 1
    budget.makeRoom(home)
    expect([budget.cycleUs, budget.longestDeletionUs]).toEqual([0, 0])
    budget.isTimed = true
    budget.limitBytes = used() - 1
    budget.makeRoom(home)
    expect(budget.longestDeletionUs).toBe(7)
    expect(budget.cycleUs).toBeGreaterThan(7)
  })
})

describe('what is dead', () => {
  /** An engine over two shards with a hash in the first that was deleted lazily, and ten keys beside. */
  function withDead(fields = 600) {
    const engine = new TestEngine({ shards: 2, arenaBytes: 2 * 1024 * 1024 })
    const { shards, budget } = engine.engine
    const keys = Array.from({ length: 1000 }, (_, i) => `key:${i}`)
    const [h, ...others] = keys.filter((key) => engine.find(key).keyspace.shard === shards[0]).slice(0, 11)
    for (const key of others) engine.must('SET', key, 'x'.repeat(500))
    engine.must('HSET', h, ...Array.from({ length: 2 * fields }, (_, i) => `field:${i}`))
    engine.must('UNLINK', h)
    budget.limitBytes = shards.reduce((sum, { arena }) => sum + arena.usedBytes + arena.overheadBytes, 0) - 1000
    budget.timeLimitUs = Number.POSITIVE_INFINITY
    return { engine, shards, budget, evictor: engine.engine.evictor, others }
  }

  test('is freed before a key is evicted, as far as must be', () => {
    const { shards, budget, evictor } = withDead()
    evictor.follow('allkeys-random')
    expect(budget.makeRoom(new Int32Array(2))).toBe(ENOUGH)
    expect(shards[0].keyspaces[0].keys.used).toBe(10)
    expect(budget.hasDead).toBe(true)
    for (const shard of shards) shard.check()
  })

  test('is freed though nothing may be evicted', () => {
    const { budget } = withDead()
    expect(budget.makeRoom(new Int32Array(2))).toBe(ENOUGH)
    budget.limitBytes = 1
    expect(budget.makeRoom(new Int32Array(2))).toBe(NONE_LEFT)
    expect(budget.hasDead).toBe(false)
  })

  test('is waited for where others hold it', () => {
    const { shards, budget, evictor } = withDead()
    evictor.follow('allkeys-random')
    expect(budget.makeRoom(new Int32Array([1, 0]))).toBe(WORKING)
    expect(shards[0].keyspaces[0].keys.used).toBe(10)
  })

  test('makes room in a full shard, whatever the policy', () => {
    const { engine, shards, others } = withDead(5000)
    engine.engine.budget.limitBytes = 0
    const list = others[0]
    engine.must('DEL', list)
    let pushed = 0
    while (!(engine.run('RPUSH', list, 'x'.repeat(5000)) instanceof ErrorReply)) pushed++
    expect(shards[0].counters[LAZY_FREED_OBJECTS]).toBe(1)
    // As many as if it had been freed from the start.
    engine.must('DEL', list)
    for (; pushed > 0; pushed--) engine.must('RPUSH', list, 'x'.repeat(5000))
    expect(engine.run('RPUSH', list, 'x'.repeat(5000))).toBeInstanceOf(ErrorReply)
    for (const shard of shards) shard.check()
  })

  test('is what a large value is first that is evicted', () => {
    const engine = new TestEngine({ arenaBytes: 2 * 1024 * 1024 })
    const { budget, evictor, shards } = engine.engine
    const [{ counters, arena }] = shards
    engine.must('HSET', 'h', ...Array.from({ length: 1200 }, (_, i) => `field:${i}`))
    evictor.follow('allkeys-random')
    budget.limitBytes = arena.usedBytes + arena.overheadBytes - 1000
    budget.timeLimitUs = Number.POSITIVE_INFINITY
    expect(budget.makeRoom(new Int32Array(1))).toBe(ENOUGH)
    expect(budget.hasDead).toBe(true)
    expect([counters[LAZY_FREED_OBJECTS], counters[LAZY_FREE_PENDING]]).toEqual([0, 0])
    shards[0].check()
  })
})

test('a full shard gives up some keys, whatever the budget', () => {
  const { shards, budget, add } = setUp('allkeys-random')
  for (let n = 0; n < 60; n++) add(n % 3, `key${n}`, 1000)
  const away = new Int32Array([1, 0, 1])
  expect(budget.makeRoomIn(away, true)).toBe(true)
  expect(shards.map(({ keyspaces }) => keyspaces[0].keys.used)).toEqual([20, 4, 20])
  expect([budget.makeRoomIn(away, true), budget.makeRoomIn(away, true)]).toEqual([true, false])
})
