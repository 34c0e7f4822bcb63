import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { Arena } from '../../shm/arena/arena.ts'
import { TestEngine } from '../testing.ts'
import { freeDead, freeSlice, hasDead } from './lazyfree.ts'
import { LAZY_FREE_PENDING, LAZY_FREED_OBJECTS } from './shard-layout.ts'

beforeAll(() => {
  Arena.poison = true
})
afterAll(() => {
  Arena.poison = false
})

/** An engine whose first database has its buckets already. */
function makeEngine(): TestEngine {
  const engine = new TestEngine({ arenaBytes: 8 * 1024 * 1024, databases: 3 })
  engine.must('SET', 'k', 'v')
  engine.must('DEL', 'k')
  return engine
}

function shardOf(engine: TestEngine) {
  return engine.engine.shards[0]
}

function addHash(engine: TestEngine, key: string, fields: number, valueBytes = 5): void {
  const words: string[] = []
  for (let i = 0; i < fields; i++) words.push(`field:${i}`, 'v'.repeat(valueBytes))
  engine.must('HSET', key, ...words)
}

function addList(engine: TestEngine, key: string, elements: number): void {
  engine.must('RPUSH', key, ...Array.from({ length: elements }, (_, i) => `${i}`.padStart(150, 'x')))
}

function counts(engine: TestEngine): { pending: number; freed: number } {
  const { counters } = shardOf(engine)
  return { pending: counters[LAZY_FREE_PENDING], freed: counters[LAZY_FREED_OBJECTS] }
}

/** Frees in parts of this size, checking after each; returns how many it took. */
function freeAll(engine: TestEngine, parts: number): number {
  let slices = 1
  for (; freeDead(shardOf(engine), parts); slices++) engine.check()
  engine.check()
  return slices
}

describe('a value that is unlinked', () => {
  test('is gone at once, and its memory bit by bit', () => {
    const engine = makeEngine()
    const before = shardOf(engine).arena.usedBytes
    addHash(engine, 'h', 5000)
    const full = shardOf(engine).arena.usedBytes
    expect(engine.must('UNLINK', 'h')).toBe(1)
    expect(engine.must('EXISTS', 'h')).toBe(0)
    expect(shardOf(engine).arena.usedBytes).toBe(full)
    expect(counts(engine)).toEqual({ pending: 1, freed: 0 })
    expect(freeAll(engine, 100)).toBeGreaterThan(20)
    expect(counts(engine)).toEqual({ pending: 0, freed: 1 })
    expect(shardOf(engine).arena.usedBytes).toBe(before)
  })

  test('is freed at once when it is in 64 parts or fewer', () => {
    const engine = makeEngine()
    engine.engine.configure('hash-max-listpack-entries', '0')
    addHash(engine, 'small', 64)
    addHash(engine, 'large', 65)
    addList(engine, 'listpack', 3)
    engine.must('SET', 's', 'x'.repeat(100_000))
    engine.must('UNLINK', 'small', 'listpack', 's')
    expect(counts(engine)).toEqual({ pending: 0, freed: 0 })
    engine.must('UNLINK', 'large')
    expect(counts(engine)).toEqual({ pending: 1, freed: 0 })
  })

  test('counts a list by its nodes, as Redis does', () => {
    const engine = makeEngine()
    engine.engine.configure('list-max-listpack-size', '2')
    addList(engine, 'l', 128)
    engine.must('UNLINK', 'l')
    expect(counts(engine).pending).toBe(0)
    addList(engine, 'l', 129)
    engine.must('UNLINK', 'l')
    expect(counts(engine).pending).toBe(1)
    freeAll(engine, 7)
    expect(counts(engine)).toEqual({ pending: 0, freed: 1 })
  })

  test('may be a table that grows or shrinks, with fields that expire and long values', () => {
    for (const fields of [700, 1100, 1160, 3000]) {
      const engine = makeEngine()
      const before = shardOf(engine).arena.usedBytes
      addHash(engine, 'h', fields, 1500)
      engine.must('HPEXPIRE', 'h', '100000', 'FIELDS', '3', 'field:1', 'field:2', 'field:3')
      for (let i = 80; i < fields; i++) engine.must('HDEL', 'h', `field:${i}`)
      engine.must('UNLINK', 'h')
      freeAll(engine, 5)
      expect(shardOf(engine).arena.usedBytes).toBe(before)
    }
  })

  test('may be followed by others before it is freed, at the same key', () => {
    const engine = makeEngine()
    const before = shardOf(engine).arena.usedBytes
    for (let i = 0; i < 5; i++) {
      addHash(engine, 'h', 600)
      engine.must('UNLINK', 'h')
      freeDead(shardOf(engine), 30)
      engine.check()
    }
    expect(counts(engine)).toEqual({ pending: 5, freed: 0 })
    freeAll(engine, 1000)
    expect(shardOf(engine).arena.usedBytes).toBe(before)
  })
})

/** What each setting makes lazy: set it, and delete the key `h`. */
const ways: [string, (engine: TestEngine) => void][] = [
  ['lazyfree-lazy-user-del', (engine) => engine.must('DEL', 'h')],
  ['lazyfree-lazy-server-del', (engine) => engine.must('SET', 'h', 'x')],
  ['lazyfree-lazy-server-del', (engine) => engine.must('SET', 'h', 'x', 'PX', '100')],
  ['lazyfree-lazy-server-del', (engine) => engine.must('MSET', 'h', 'x')],
  ['lazyfree-lazy-server-del', (engine) => engine.must('RENAME', 'other', 'h')],
  ['lazyfree-lazy-server-del', (engine) => engine.must('COPY', 'other', 'h', 'REPLACE')],
  ['lazyfree-lazy-server-del', (engine) => engine.must('SORT', 'none', 'STORE', 'h')],
  ['lazyfree-lazy-server-del', (engine) => engine.must('BITOP', 'NOT', 'h', 'none')],
  ['lazyfree-lazy-expire', (engine) => engine.must('PEXPIREAT', 'h', '1')],
  [
    'lazyfree-lazy-expire',
    (engine) => {
      engine.must('PEXPIRE', 'h', '10')
      engine.nowMs += 20
      expect(engine.must('EXISTS', 'h')).toBe(0)
    },
  ],
  [
    'lazyfree-lazy-eviction',
    (engine) => {
      engine.must('DEL', 'other')
      engine.engine.evictor.follow('allkeys-lru')
      expect(engine.engine.evictor.evictOne(new Int32Array(1))).toBe(true)
    },
  ],
]

describe('the setting', () => {
  test.each(ways)('%s decides (%s)', (setting, act) => {
    for (const isLazy of [false, true]) {
      const engine = makeEngine()
      engine.engine.configure(setting, isLazy ? 'yes' : 'no')
      engine.must('SET', 'other', 'y')
      const before = shardOf(engine).arena.usedBytes
      addHash(engine, 'h', 600)
      act(engine)
      engine.check()
      expect(counts(engine)).toEqual({ pending: isLazy ? 1 : 0, freed: 0 })
      // What is evicted is always freed in slices.
      const isLater = isLazy || setting === 'lazyfree-lazy-eviction'
      expect(shardOf(engine).arena.usedBytes > before + 20_000).toBe(isLater)
      freeAll(engine, 50)
      expect(counts(engine)).toEqual({ pending: 0, freed: isLazy ? 1 : 0 })
      expect(shardOf(engine).arena.usedBytes).toBeLessThan(before + 500)
    }
  })

  test('is none for UNLINK', () => {
    const engine = makeEngine()
    addHash(engine, 'h', 600)
    engine.must('RENAME', 'h', 'moved')
    expect(counts(engine).pending).toBe(0)
    engine.must('UNLINK', 'moved')
    expect(counts(engine).pending).toBe(1)
  })
})

test('a thread that leaves what is long frees only up to 1024 parts at once, and counts none as lazy', () => {
  const engine = makeEngine()
  engine.engine.access.leavesLong = true
  const before = shardOf(engine).arena.usedBytes
  for (const fields of [1024, 1025]) {
    addHash(engine, 'h', fields)
    engine.must('DEL', 'h')
    expect(hasDead(shardOf(engine))).toBe(fields > 1024)
  }
  freeAll(engine, 100)
  expect(counts(engine)).toEqual({ pending: 0, freed: 0 })
  expect(shardOf(engine).arena.usedBytes).toBe(before)
})

test('a slice ends with its time, and says whether there is more', () => {
  const engine = makeEngine()
  addHash(engine, 'h', 3000)
  let us = 0
  const clock = { nowMs: () => 0, monotonicUs: () => (us += 10) }
  expect(freeSlice(shardOf(engine), clock, 20)).toBe(false)
  expect(us).toBe(0)
  engine.must('UNLINK', 'h')
  let slices = 1
  while (freeSlice(shardOf(engine), clock, 20)) slices++
  expect(slices).toBeGreaterThan(4)
  expect(hasDead(shardOf(engine))).toBe(false)
})

const number = (max: number) => fc.integer({ min: 0, max })
const key = number(7).map((i) => `key:${i}`)
const step = fc.oneof(
  fc.record({ kind: fc.constant('hash' as const), key, size: number(300) }),
  fc.record({ kind: fc.constant('list' as const), key, size: number(300) }),
  fc.record({ kind: fc.constant('free' as const), parts: number(200) }),
  fc.record({
    kind: fc.constant('run' as const),
    words: fc.oneof(
      fc.tuple(fc.constantFrom('DEL', 'UNLINK', 'PERSIST'), key),
      fc.tuple(fc.constant('SET'), key, fc.constantFrom('x', 'y'.repeat(2000))),
      fc.tuple(fc.constantFrom('RENAME', 'COPY'), key, key),
      fc.tuple(fc.constant('COPY'), key, key, fc.constant('REPLACE')),
      fc.tuple(fc.constant('MOVE'), key, number(2).map(String)),
      fc.tuple(fc.constant('PEXPIRE'), key, fc.constantFrom('1', '50', '-1')),
      fc.tuple(
        fc.constant('HPEXPIRE'),
        key,
        fc.constant('40'),
        ...['FIELDS', '1', 'field:3'].map((w) => fc.constant(w)),
      ),
      fc.tuple(fc.constant('SWAPDB'), number(2).map(String), number(2).map(String)),
      fc.constantFrom(['FLUSHDB'], ['FLUSHALL'], ['FLUSHDB', 'ASYNC'], ['FLUSHALL', 'ASYNC']),
    ),
  }),
  fc.record({ kind: fc.constant('select' as const), db: number(2) }),
  fc.record({ kind: fc.constant('watch' as const), key }),
  fc.record({ kind: fc.constant('unwatch' as const) }),
  fc.record({ kind: fc.constant('wait' as const), ms: number(60) }),
  fc.record({
    kind: fc.constant('configure' as const),
    name: fc.constantFrom('lazyfree-lazy-user-del', 'lazyfree-lazy-server-del', 'lazyfree-lazy-expire'),
    value: fc.constantFrom('yes', 'no'),
  }),
)

test('whatever is deleted, and whenever it is freed, nothing leaks', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const engine = makeEngine()
      engine.engine.configure('hash-max-listpack-entries', '5')
      engine.engine.configure('list-max-listpack-size', '2')
      engine.must('FLUSHALL')
      const before = shardOf(engine).arena.usedBytes
      for (const each of steps) {
        if (each.kind === 'hash') {
          engine.run('DEL', each.key)
          addHash(engine, each.key, each.size + 1)
        } else if (each.kind === 'list') {
          engine.run('DEL', each.key)
          addList(engine, each.key, each.size + 1)
        } else if (each.kind === 'select') engine.select(each.db)
        else if (each.kind === 'unwatch') shardOf(engine).watches.unwatch(1)
        else if (each.kind === 'watch') {
          const bytes = bytesOf(each.key)
          shardOf(engine).watches.watch(1, engine.engine.db, bytes, 0, bytes.length)
        } else if (each.kind === 'free') freeDead(shardOf(engine), each.parts)
        else if (each.kind === 'wait') engine.nowMs += each.ms
        else if (each.kind === 'configure') engine.engine.configure(each.name, each.value)
        else engine.run(...each.words)
        engine.check()
      }
      engine.must('FLUSHALL')
      shardOf(engine).watches.unwatch(1)
      freeAll(engine, 1000)
      expect(counts(engine).pending).toBe(0)
      expect(shardOf(engine).arena.usedBytes).toBe(before)
    }),
    { numRuns: 60 },
  )
})
