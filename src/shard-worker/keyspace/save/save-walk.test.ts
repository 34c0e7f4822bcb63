import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Arena } from '../../../shm/arena/arena.ts'
import { TestEngine } from '../../testing.ts'
import { addValue, Digest } from '../digest.ts'
import { expireOf, flagsOf, HAS_EXPIRE } from '../entry.ts'
import type { Keyspace } from '../keyspace.ts'
import { freeDead } from '../lazyfree.ts'
import { type SliceHost, VALUE_END } from '../open-value.ts'
import type { Shard } from '../shard.ts'
import { SAVED_KEYS } from '../shard-layout.ts'
import { keyOf } from '../testing.ts'
import { beginSave, dropSave, isSaving, saveSlice } from './save-walk.ts'

beforeAll(() => {
  Arena.poison = true
})
afterAll(() => {
  Arena.poison = false
})

/** A value as text, with its expiry. */
function describeEntry(shard: Shard, entry: number): string {
  const { arena } = shard
  const digest = new Digest()
  addValue(digest, shard.keyspaces[0], entry)
  return `${digest.hex} ${flagsOf(arena, entry) & HAS_EXPIRE ? expireOf(arena, entry) : 'stays'}`
}

/** An engine, what a snapshot of it should hold and what it has saved, by database and key. */
class Rig {
  readonly engine: TestEngine
  readonly shards: readonly Shard[]
  readonly saved = new Map<string, string>()
  /** By shard: the value of which some steps have been taken. */
  private readonly open = new Map<number, string>()
  steps = 0
  /** Entries that the sink still has room for. */
  room = Number.POSITIVE_INFINITY
  private readonly slice: SliceHost

  constructor(shards = 2) {
    this.engine = new TestEngine({ shards, arenaBytes: 4 * 1024 * 1024, databases: 3 })
    this.shards = this.engine.engine.shards
    // A clock that runs with every look at it, so that slices end after one look or two.
    let us = 0
    this.slice = { clock: { nowMs: () => 0, monotonicUs: () => us++ }, isFull: () => this.room <= 0 }
    for (const shard of this.shards) {
      shard.saveHook.sink = {
        save: (keyspace, entry, db) => {
          this.room--
          const key = `${db}:${keyOf(keyspace.arena, entry)}`
          expect(this.saved.has(key)).toBe(false)
          this.saved.set(key, describeEntry(this.shards[keyspace.shard.index], entry))
        },
        // What has a block of its own is taken in steps, if the last digit of its key is even.
        isLong: (keyspace, entry) => Number(keyOf(keyspace.arena, entry).slice(-1)) % 2 === 0,
        saveStep: (keyspace, entry, db, cursor) => this.saveStep(keyspace, entry, db, cursor),
      }
    }
  }

  /** Three steps, in all of which the value has to be what it is in the first. */
  private saveStep({ arena, shard }: Keyspace, entry: number, db: number, cursor: number): number {
    const key = `${db}:${keyOf(arena, entry)}`
    const description = describeEntry(this.shards[shard.index], entry)
    this.room--
    if (cursor === 0) this.open.set(shard.index, `${key} ${description}`)
    expect(this.open.get(shard.index)).toBe(`${key} ${description}`)
    this.steps++
    if (cursor < 2) return cursor + 1
    expect(this.saved.has(key)).toBe(false)
    this.saved.set(key, description)
    return VALUE_END
  }

  contents(): Map<string, string> {
    const contents = new Map<string, string>()
    for (const shard of this.shards) {
      for (const { keys, index } of shard.keyspaces) {
        let cursor = 0
        do {
          cursor = keys.scanStep(cursor)
          for (let i = 0; i < keys.scannedCount; i++) {
            contents.set(`${index}:${keyOf(shard.arena, keys.scanned[i])}`, describeEntry(shard, keys.scanned[i]))
          }
        } while (cursor !== 0)
      }
    }
    return contents
  }

  begin(): void {
    this.saved.clear()
    for (const shard of this.shards) beginSave(shard)
  }

  step(shard: number): void {
    saveSlice(this.shards[shard % this.shards.length], this.slice, 1)
  }

  finish(): void {
    this.room = Number.POSITIVE_INFINITY
    for (const shard of this.shards) while (saveSlice(shard, this.slice, 1)) {}
  }

  get isSaving(): boolean {
    return this.shards.some(isSaving)
  }
}

const number = (max: number) => fc.integer({ min: 0, max })
const key = number(400).map((i) => `key:${i}`)
const value = fc.oneof(
  number(9).map((n) => 'v'.repeat(n * 5)),
  number(3).map((n) => 'w'.repeat(n * 700)),
  number(1e6).map(String),
)
const expiry = number(2).map((i) => ['100', '5000', '100000'][i])
/** Writes by every way in which a key can be looked up, changed, moved and lost. */
const write: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('SET'), key, value) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('SET'), key, value, fc.constant('PX'), expiry) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('DEL'), key) },
  fc.tuple(fc.constant('APPEND'), key, value),
  fc.tuple(fc.constant('SETRANGE'), key, fc.constant('3'), value),
  fc.tuple(fc.constant('INCR'), key),
  fc.tuple(fc.constant('GETDEL'), key),
  fc.tuple(fc.constant('GETSET'), key, value),
  fc.tuple(fc.constant('GETEX'), key, fc.constant('PX'), expiry),
  fc.tuple(fc.constant('GETEX'), key, fc.constant('PERSIST')),
  fc.tuple(fc.constant('PEXPIRE'), key, expiry),
  fc.tuple(fc.constant('PEXPIREAT'), key, fc.constant('1')),
  fc.tuple(fc.constant('PERSIST'), key),
  fc.tuple(fc.constant('MSET'), key, value, key, value),
  fc.tuple(fc.constant('MSETNX'), key, value, key, value),
  fc.tuple(fc.constant('RENAME'), key, key),
  fc.tuple(fc.constant('COPY'), key, key, fc.constant('REPLACE')),
  fc.tuple(fc.constant('COPY'), key, key, fc.constant('DB'), number(2).map(String), fc.constant('REPLACE')),
  fc.tuple(fc.constant('MOVE'), key, number(2).map(String)),
  { weight: 3, arbitrary: fc.tuple(fc.constant('HSET'), key, value, value) },
  fc.tuple(fc.constant('HINCRBY'), key, value, fc.constant('7')),
  fc.tuple(fc.constant('HDEL'), key, value),
  { weight: 3, arbitrary: fc.tuple(fc.constant('RPUSH'), key, value, value, value) },
  fc.tuple(fc.constant('HPEXPIRE'), key, expiry, fc.constant('FIELDS'), fc.constant('1'), fc.constant('f')),
  fc.tuple(fc.constant('HGETALL'), key),
  fc.tuple(fc.constant('LPOP'), key, fc.constant('2')),
  fc.tuple(fc.constant('LPUSHX'), key, value),
  fc.tuple(fc.constant('LMOVE'), key, key, fc.constant('LEFT'), fc.constant('RIGHT')),
  fc.tuple(fc.constant('LSET'), key, fc.constant('0'), value),
  fc.tuple(fc.constant('LREM'), key, fc.constant('1'), value),
  fc.tuple(fc.constant('LTRIM'), key, fc.constant('1'), fc.constant('2')),
  fc.tuple(fc.constant('LINSERT'), key, fc.constant('BEFORE'), value, value),
  fc.tuple(fc.constant('SETBIT'), key, fc.constant('9'), fc.constant('1')),
  fc.tuple(fc.constant('BITFIELD'), key, fc.constant('INCRBY'), fc.constant('u8'), fc.constant('0'), fc.constant('3')),
  fc.tuple(fc.constant('BITOP'), fc.constant('OR'), key, key, key),
  fc.tuple(fc.constant('SWAPDB'), number(2).map(String), number(2).map(String)),
  fc.constantFrom(['FLUSHDB'], ['FLUSHDB', 'ASYNC']),
  fc.constantFrom(['FLUSHALL'], ['FLUSHALL', 'ASYNC']),
  fc.tuple(fc.constant('UNLINK'), key),
  fc.tuple(fc.constant('GET'), key),
)
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('write' as const), words: write, db: number(2) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('slice' as const), shard: number(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('free' as const), shard: number(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: number(150) }) },
)

function fill(rig: Rig, keys: number): void {
  for (let i = 0; i < keys; i++) {
    rig.engine.select(i % 5 === 0 ? 1 : 0)
    if (i % 7 === 0) rig.engine.must('HSET', `key:${i}`, 'f', String(i), 'long', 'x'.repeat(i % 100))
    else if (i % 11 === 0) rig.engine.must('SET', `key:${i}`, String(i), 'PX', String(50 + i))
    else rig.engine.must('SET', `key:${i}`, 'y'.repeat(i % 60))
  }
  rig.engine.select(0)
}

describe('a snapshot under random writes', () => {
  test('holds each key of the epoch once, as it was then', () => {
    fc.assert(
      fc.property(number(400), fc.array(step, { maxLength: 150 }), (keys, steps) => {
        const rig = new Rig()
        fill(rig, keys)
        const epoch = rig.contents()
        rig.begin()
        for (const each of steps) {
          if (each.kind === 'slice') rig.step(each.shard)
          else if (each.kind === 'free') freeDead(rig.shards[each.shard], 20)
          else if (each.kind === 'wait') rig.engine.nowMs += each.ms
          else {
            rig.engine.select(each.db)
            rig.engine.run(...each.words)
          }
          rig.engine.check()
        }
        rig.finish()
        rig.engine.check()
        expect(rig.saved).toEqual(epoch)
        expect(rig.shards.reduce((sum, shard) => sum + shard.counters[SAVED_KEYS], 0)).toBe(epoch.size)
        // And the next one finds nothing that this one has left behind.
        const next = rig.contents()
        rig.begin()
        rig.finish()
        expect(rig.saved).toEqual(next)
      }),
      { numRuns: 150 },
    )
  })

  test('that is given up leaves no trace', () => {
    fc.assert(
      fc.property(
        number(400),
        fc.array(step, { maxLength: 60 }),
        fc.array(step, { maxLength: 60 }),
        (keys, before, after) => {
          const rig = new Rig()
          fill(rig, keys)
          const play = (steps: typeof before) => {
            for (const each of steps) {
              if (each.kind === 'slice') rig.step(each.shard)
              else if (each.kind === 'write') rig.engine.run(...each.words)
            }
            rig.engine.check()
          }
          rig.begin()
          play(before)
          for (const shard of rig.shards) dropSave(shard)
          const saved = rig.saved.size
          play(after)
          rig.finish()
          rig.engine.check()
          expect(rig.saved.size).toBe(saved)
          const next = rig.contents()
          rig.begin()
          rig.finish()
          expect(rig.saved).toEqual(next)
        },
      ),
      { numRuns: 80 },
    )
  })
})

describe('a walk', () => {
  test('costs a write no more than its own key', () => {
    const rig = new Rig(1)
    fill(rig, 300)
    rig.begin()
    rig.engine.must('SET', 'key:1', 'changed')
    rig.engine.must('APPEND', 'key:1', 'again')
    rig.engine.must('SET', 'new', 'x')
    expect([...rig.saved.keys()]).toEqual(['0:key:1'])
    rig.finish()
  })

  test('stops where the sink is full, and goes on from there', () => {
    const rig = new Rig(1)
    fill(rig, 400)
    const epoch = rig.contents()
    rig.begin()
    let slices = 0
    while (rig.isSaving) {
      rig.room = 20
      rig.step(0)
      expect(rig.room).toBeGreaterThan(-100)
      slices++
    }
    expect(slices).toBeGreaterThan(3)
    expect(rig.saved).toEqual(epoch)
  })

  test('lets a table grow again as soon as it is through', () => {
    const rig = new Rig(1)
    fill(rig, 400)
    rig.begin()
    const { keys } = rig.shards[0].keyspaces[0]
    const before = keys.bucketBytes
    for (let i = 0; i < 2000; i++) rig.engine.must('SET', `more:${i}`, 'x')
    expect(keys.bucketBytes).toBe(before)
    rig.engine.check()
    rig.finish()
    for (let i = 0; i < 2000; i++) rig.engine.must('SET', `still more:${i}`, 'x')
    expect(keys.bucketBytes).toBeGreaterThan(before)
  })

  test('takes the smaller table first, whichever database it is', () => {
    const rig = new Rig(1)
    fill(rig, 400)
    rig.begin()
    while (rig.shards[0].keyspaces[1].keys.isWalked) rig.step(0)
    expect(rig.shards[0].keyspaces[0].keys.isWalked).toBe(true)
    rig.finish()
  })

  test.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])('meets keys that %s evicts', (policy) => {
    const rig = new Rig()
    fill(rig, 400)
    for (let i = 0; i < 400; i += 2) rig.engine.run('EXPIRE', `key:${i}`, '100')
    const { evictor } = rig.engine.engine
    evictor.follow(policy)
    const epoch = rig.contents()
    rig.begin()
    const none = new Int32Array(rig.shards.length)
    for (let i = 0; rig.isSaving; i++) {
      for (let evicted = 0; evicted < 15 && evictor.evictOne(none); evicted++);
      rig.engine.check()
      rig.step(i)
    }
    expect(rig.contents().size).toBeLessThan(epoch.size)
    expect(rig.saved).toEqual(epoch)
  })

  test('frees flushed keys as it saves them', () => {
    const rig = new Rig(1)
    const empty = rig.shards[0].arena.usedBytes
    fill(rig, 400)
    const epoch = rig.contents()
    rig.begin()
    rig.engine.must('FLUSHALL')
    expect(rig.contents().size).toBe(0)
    rig.engine.check()
    rig.finish()
    expect(rig.saved).toEqual(epoch)
    expect(rig.shards[0].arena.usedBytes).toBe(empty)
  })

  test.each([5, 20, 33])('frees flushed keys that it has saved before, after %s slices', (slices) => {
    const rig = new Rig(1)
    const empty = rig.shards[0].arena.usedBytes
    fill(rig, 1000)
    const hash = Array.from({ length: 1400 }, (_, i) => `field:${i}`)
    for (const key of ['h1', 'h2', 'h3', 'h4']) rig.engine.must('HSET', key, ...hash)
    const epoch = rig.contents()
    rig.begin()
    for (let i = 0; i < slices; i++) rig.step(0)
    rig.engine.must('FLUSHALL', 'ASYNC')
    rig.engine.must('SET', 'new', 'x')
    rig.engine.check()
    while (rig.isSaving) {
      rig.step(0)
      rig.engine.check()
    }
    while (freeDead(rig.shards[0], 50)) rig.engine.check()
    rig.engine.must('FLUSHALL')
    expect(rig.saved).toEqual(epoch)
    expect(rig.shards[0].arena.usedBytes).toBe(empty)
    rig.engine.check()
  })
})
