import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { SeededRandom } from '../../base/ports.ts'
import { Access } from './access.ts'
import { highHalf, lowHalf, setAccess } from './entry.ts'
import { EvictionPool, Evictor, evictionTimeLimitUs } from './eviction.ts'
import { Shard } from './shard.ts'
import { DIRTY, EVICTED_KEYS } from './shard-layout.ts'
import { assignString } from './string.ts'
import { keyOf, poisonedArena, SEED } from './testing.ts'

const NOW = 1_700_000_000_000
const POLICIES = [
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
]

/** Shards with one clock and an evictor over them. */
function setUp(shardCount: number, policy: string, databases = 3) {
  const access = new Access(new SeededRandom(1))
  access.at(NOW)
  access.lfu = policy.includes('lfu')
  const shards = Array.from({ length: shardCount }, (_, index) => {
    const arena = poisonedArena(4 * 1024 * 1024)
    Shard.initialize(arena, databases, SEED)
    return new Shard(index, arena, access)
  })
  const evictor = new Evictor(shards, access, new SeededRandom(2))
  evictor.follow(policy)
  const none = new Int32Array(shardCount)
  return { access, shards, evictor, none }
}

function add(shard: Shard, database: number, key: string, expireAtMs = 0): number {
  const keyspace = shard.keyspaces[database]
  const bytes = bytesOf(key)
  keyspace.find(bytes, 0, bytes.length)
  const entry = assignString(keyspace, 0, 0, bytes, 0, bytes.length, 0)
  return expireAtMs === 0 ? entry : keyspace.setExpire(entry, lowHalf(expireAtMs), highHalf(expireAtMs))
}

function keysOf(shards: readonly Shard[], database: number): Set<string> {
  const found = new Set<string>()
  for (const { keyspaces, arena } of shards) {
    const { keys } = keyspaces[database]
    let cursor = 0
    do {
      cursor = keys.scanStep(cursor)
      for (let i = 0; i < keys.scannedCount; i++) found.add(keyOf(arena, keys.scanned[i]))
    } while (cursor !== 0)
  }
  return found
}

test('the pool keeps the sixteen best, in order, and no entry twice', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ score: fc.integer({ min: 0, max: 30 }), entry: fc.integer({ min: 1, max: 60 }) })),
      fc.infiniteStream(fc.boolean()),
      (offers, takesBest) => {
        const pool = new EvictionPool()
        let model: { score: number; entry: number }[] = []
        for (const { score, entry } of offers) {
          expect(pool.has(0, entry)).toBe(model.some((each) => each.entry === entry))
          expect(pool.has(1, entry)).toBe(false)
          if (!pool.has(0, entry) && pool.takes(score)) {
            pool.add(score, entry * 7, entry, 0, 5)
            // Before those that score the same.
            const at = model.findIndex((each) => each.score >= score)
            model.splice(at < 0 ? model.length : at, 0, { score, entry })
            model = model.slice(-16)
          }
          if (takesBest.next().value && pool.count > 0) {
            pool.count--
            model.pop()
          }
          expect(pool.ranking).toEqual(model.map((each) => each.score))
          expect([...pool.entries.subarray(0, pool.count)]).toEqual(model.map((each) => each.entry))
          expect([...pool.hashes.subarray(0, pool.count)]).toEqual(model.map((each) => each.entry * 7))
        }
      },
    ),
  )
})

describe.each(POLICIES)('%s', (policy) => {
  test('gives up every key it may, one at a time, and counts and tells it, and no other key', () => {
    const { shards, evictor, none } = setUp(3, policy)
    const onlyVolatile = policy.startsWith('volatile')
    for (let n = 0; n < 300; n++) add(shards[n % 3], n % 2, `lasting${n}`)
    for (let n = 0; n < 200; n++) add(shards[n % 3], n % 2, `volatile${n}`, NOW + 1000 + n)
    const watched = bytesOf('volatile0')
    shards[0].watches.watch(9, 0, watched, 0, watched.length, 0)
    const expected = onlyVolatile ? 200 : 500
    for (let n = 0; n < expected; n++) {
      expect(evictor.hasEvictable).toBe(true)
      expect(evictor.evictOne(none)).toBe(true)
    }
    expect(evictor.hasEvictable).toBe(false)
    expect(evictor.evictOne(none)).toBe(false)
    const left = [...keysOf(shards, 0), ...keysOf(shards, 1)]
    expect(left.length).toBe(500 - expected)
    expect(left.every((key) => key.startsWith('lasting'))).toBe(true)
    expect(shards.reduce((sum, { counters }) => sum + counters[EVICTED_KEYS], 0)).toBe(expected)
    expect(shards.reduce((sum, { counters }) => sum + counters[DIRTY], 0)).toBe(0)
    expect(shards[0].watches.isDirty(9, () => false)).toBe(true)
    shards[0].watches.unwatch(9)
    for (const shard of shards) shard.check()
  })

  test('touches no shard that is away', () => {
    const { shards, evictor, none } = setUp(3, policy)
    for (let n = 0; n < 90; n++) add(shards[n % 3], n % 2, `key${n}`, NOW + 1000 + n)
    // Candidates of all three come into the pool first.
    evictor.evictOne(none)
    const counts = () => shards.map(({ keyspaces }) => keyspaces[0].keys.used + keyspaces[1].keys.used)
    const before = counts()
    const away = new Int32Array([2, 0, 1])
    while (evictor.evictOne(away));
    expect(counts()).toEqual([before[0], 0, before[2]])
    expect(evictor.hasEvictable).toBe(true)
    for (const shard of shards) shard.check()
  })

  test('is not misled by candidates that were deleted, moved or exchanged', () => {
    const { shards, evictor, none } = setUp(2, policy)
    const random = new SeededRandom(3)
    const model = [new Set<string>(), new Set<string>(), new Set<string>()]
    for (let n = 0; n < 3000; n++) {
      const key = `key${random.next32() % 200}`
      const database = random.next32() % 2
      const bytes = bytesOf(key)
      const shard = shards[bytes[bytes.length - 1] % 2]
      const keyspace = shard.keyspaces[database]
      const entry = keyspace.find(bytes, 0, bytes.length)
      const kind = random.next32() % 8
      if (kind === 0 && entry !== 0) {
        keyspace.removeFound(entry)
      } else if (kind === 1) {
        for (const { keyspaces, swapDatabases: _ } of shards) expect(keyspaces.length).toBe(3)
        for (const each of shards) each.swapDatabases(0, 1)
      } else if (kind < 4) evictor.evictOne(none)
      else {
        const assigned = assignString(keyspace, entry, 0, bytes, 0, bytes.length, random.next32() % 200)
        if (kind === 4) keyspace.setExpire(assigned, lowHalf(NOW + 5000), highHalf(NOW + 5000))
        if (kind === 5) keyspace.removeExpire(assigned)
        model[database].add(key)
      }
    }
    for (const shard of shards) shard.check()
  })
})

test('noeviction gives up nothing', () => {
  const { shards, evictor, none } = setUp(1, 'noeviction')
  add(shards[0], 0, 'key', NOW + 1)
  expect([evictor.mayEvict, evictor.hasEvictable, evictor.evictOne(none)]).toEqual([false, false, false])
})

describe('who goes first', () => {
  /** The share of the keys still there after half of all were evicted, for each tenth of them in order of age. */
  function survivors(policy: string, samples: number, prepare: (shard: Shard, entry: number, n: number) => void) {
    const keys = 5000
    const { shards, evictor, none } = setUp(4, policy)
    evictor.samples = samples
    for (let n = 0; n < keys; n++) {
      const shard = shards[(n * 7919) % 4]
      prepare(shard, add(shard, 0, `key:${n}`, NOW + 1_000_000 + n * 1000), n)
    }
    for (let n = 0; n < keys / 2; n++) evictor.evictOne(none)
    const tenths = new Float64Array(10)
    for (const key of keysOf(shards, 0)) tenths[Math.floor((Number(key.slice(4)) * 10) / keys)] += 10 / keys
    return tenths
  }

  const byIdleTime = (shard: Shard, entry: number, n: number) =>
    setAccess(shard.arena, entry, shard.access.lruClock - 5000 + n)
  const byFrequency = (shard: Shard, entry: number, n: number) =>
    setAccess(shard.arena, entry, ((Math.floor(NOW / 60000) & 0xffff) << 8) | Math.floor(n / 20))

  test.each([
    ['allkeys-lru', byIdleTime],
    ['volatile-lru', byIdleTime],
    ['allkeys-lfu', byFrequency],
    ['volatile-lfu', byFrequency],
    ['volatile-ttl', () => {}],
  ] as const)('%s: nearly all of the older part, hardly any of the newer', (policy, prepare) => {
    const five = survivors(policy, 5, prepare)
    expect(Math.max(...five.subarray(0, 3))).toBeLessThan(0.15)
    expect(Math.min(...five.subarray(7))).toBeGreaterThan(0.85)
    const ten = survivors(policy, 10, prepare)
    const kept = (tenths: Float64Array) => tenths.subarray(5).reduce((sum, each) => sum + each, 0)
    expect(kept(ten)).toBeGreaterThan(kept(five))
    expect(kept(ten)).toBeGreaterThan(4.5)
  })

  test.each(['allkeys-random', 'volatile-random'])('%s: anybody', (policy) => {
    const tenths = survivors(policy, 5, () => {})
    expect(Math.min(...tenths)).toBeGreaterThan(0.35)
    expect(Math.max(...tenths)).toBeLessThan(0.65)
  })
})

test('random policies take the databases in turn', () => {
  const { shards, evictor, none } = setUp(2, 'allkeys-random')
  for (let n = 0; n < 100; n++) add(shards[n % 2], 0, `key${n}`)
  for (let n = 0; n < 10; n++) add(shards[n % 2], 2, `key${n}`)
  for (let n = 0; n < 20; n++) evictor.evictOne(none)
  expect(keysOf(shards, 0).size).toBe(90)
  expect(keysOf(shards, 2).size).toBe(0)
})

test('another policy forgets the candidates of the one before', () => {
  const { shards, evictor, none } = setUp(1, 'volatile-ttl')
  for (let n = 0; n < 40; n++) setAccess(shards[0].arena, add(shards[0], 0, `key${n}`, NOW + 1000 + n), 1000 - n)
  evictor.samples = 100
  evictor.evictOne(none)
  expect(keysOf(shards, 0).has('key0')).toBe(false)
  evictor.follow('allkeys-lru')
  evictor.evictOne(none)
  expect(keysOf(shards, 0).has('key39')).toBe(false)
  expect(keysOf(shards, 0).has('key1')).toBe(true)
})

test('the tenacity as microseconds', () => {
  expect([0, 1, 10, 11, 20, 50].map(evictionTimeLimitUs)).toEqual([0, 50, 500, 575, 2022, 133931])
  expect(evictionTimeLimitUs(99)).toBeGreaterThan(120e6)
  expect(evictionTimeLimitUs(100)).toBe(Number.POSITIVE_INFINITY)
})
