import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import {
  accessOf,
  bigExpireOf,
  EMBEDDED_ENTRY_MAX_BYTES,
  ENCODING_EMBSTR,
  ENCODING_RAW,
  ENTRY_HEADER_BYTES,
  encodingOf,
  flagsOf,
  HAS_EXPIRE,
  highHalf,
  lowHalf,
  OUT_OF_LINE,
  setAccess,
  stringLength,
  stringOffset,
  TYPE_STRING,
} from './entry.ts'
import { flushKeyspace } from './flush.ts'
import { ARENA_FULL, type Keyspace } from './keyspace.ts'
import { AT_ONCE } from './lazyfree.ts'
import type { Shard } from './shard.ts'
import { DATABASE_AVERAGE_TTL, DATABASE_EXPIRE_CURSOR, DIRTY, EXPIRED_KEYS } from './shard-layout.ts'
import { assignString, assignVolatileString, resizeString } from './string.ts'
import { randomEntry } from './table/table-sample.ts'
import { emptyShard, keyOf } from './testing.ts'
import { insertCopy, insertMoved } from './transfer.ts'

const NOW = 1_000_000
const RAW = TYPE_STRING | (ENCODING_RAW << 4)
const EMBSTR = TYPE_STRING | (ENCODING_EMBSTR << 4)

interface Value {
  bytes: string
  kind: number
  expire: bigint | undefined
}

/**
 * Keys of every layout: empty, short, one that pushes small values out of line, the last short and the first long ones.
 */
const KEYS = ['', 'a', 'key:000000000042', 'm'.repeat(1000), 's'.repeat(65534), 'l'.repeat(65535), 'l'.repeat(66000)]

let fills = 0
/** Fresh bytes, so that one key's value is never taken for another's. */
function fill(length: number): string {
  fills++
  let text = ''
  for (let i = 0; i < length; i++) text += String.fromCharCode((i * 7 + fills) & 255)
  return text
}

/** A keyspace beside the Map that it should equal. */
class Tested {
  readonly keyspace: Keyspace
  readonly model = new Map<string, Value>()

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace
  }

  find(key: string): number {
    return this.keyspace.find(bytesOf(key), 0, key.length)
  }

  set(key: string, length: number): void {
    const { keyspace } = this
    const kind = length <= 44 ? EMBSTR : RAW
    const entry = assignString(keyspace, this.find(key), kind, bytesOf(key), 0, key.length, length)
    const bytes = fill(length)
    keyspace.arena.u8.set(bytesOf(bytes), stringOffset(keyspace.arena, entry))
    this.model.set(key, { bytes, kind, expire: this.model.get(key)?.expire })
  }

  setVolatile(key: string, length: number, at: bigint): void {
    const { keyspace } = this
    const kind = length <= 44 ? EMBSTR : RAW
    const low = Number(at & 0xffffffffn)
    const high = Number(at >> 32n)
    const entry = assignVolatileString(keyspace, this.find(key), kind, bytesOf(key), 0, key.length, length, low, high)
    const bytes = fill(length)
    keyspace.arena.u8.set(bytesOf(bytes), stringOffset(keyspace.arena, entry))
    this.model.set(key, { bytes, kind, expire: at })
  }

  resize(key: string, length: number, greedy: boolean): void {
    const value = this.model.get(key)
    const entry = this.find(key)
    if (value === undefined) return
    const { keyspace } = this
    const resized = resizeString(keyspace, entry, length, greedy)
    const grown = fill(Math.max(0, length - value.bytes.length))
    keyspace.arena.u8.set(bytesOf(grown), stringOffset(keyspace.arena, resized) + length - grown.length)
    this.model.set(key, { ...value, bytes: value.bytes.slice(0, length) + grown })
  }

  expire(key: string, at: bigint): void {
    const value = this.model.get(key)
    const entry = this.find(key)
    if (value === undefined) return
    this.keyspace.setExpire(entry, Number(at & 0xffffffffn), Number(at >> 32n))
    value.expire = at
  }

  persist(key: string): void {
    const value = this.model.get(key)
    const entry = this.find(key)
    if (value === undefined) return
    expect(this.keyspace.removeExpire(entry)).toBe(value.expire !== undefined)
    value.expire = undefined
  }

  remove(key: string): void {
    expect(this.keyspace.remove(bytesOf(key), 0, key.length)).toBe(this.model.delete(key))
  }

  copy(from: Tested, source: string, key: string): void {
    const value = from.model.get(source)
    if (value === undefined || this.model.has(key)) return
    const found = from.find(source)
    expect(this.find(key)).toBe(0)
    insertCopy(this.keyspace, from.keyspace, found, bytesOf(key), 0, key.length)
    this.model.set(key, { ...value })
  }

  move(from: Tested, source: string, key: string): void {
    const value = from.model.get(source)
    if (value === undefined || (from === this && source === key)) return
    const found = from.find(source)
    const old = this.find(key)
    setAccess(from.keyspace.arena, found, 4711)
    const moved = insertMoved(this.keyspace, from.keyspace, found, bytesOf(key), 0, key.length)
    if (old !== 0) this.keyspace.removeEntry(old)
    expect(accessOf(this.keyspace.arena, moved)).toBe(4711)
    from.model.delete(source)
    this.model.set(key, value)
  }

  clear(): void {
    expect(flushKeyspace(this.keyspace, AT_ONCE)).toBe(this.model.size)
    this.model.clear()
  }

  check(): void {
    const { keyspace, model } = this
    expect(keyspace.keys.used).toBe(model.size)
    for (const [key, value] of model) {
      const entry = this.find(key)
      if (entry === 0) expect.fail('a key is gone')
      const { arena } = keyspace
      const at = stringOffset(arena, entry)
      const bytes = Buffer.from(arena.u8.slice(at, at + stringLength(arena, entry))).toString('latin1')
      if (bytes !== value.bytes) expect.fail('a value has other bytes')
      if (keyOf(arena, entry) !== key) expect.fail('a key has other bytes')
      expect(arena.u8[entry]).toBe(value.kind)
      expect((flagsOf(arena, entry) & HAS_EXPIRE) !== 0).toBe(value.expire !== undefined)
      if (value.expire !== undefined) expect(bigExpireOf(arena, entry)).toBe(value.expire)
    }
  }
}

const size = fc.oneof(
  fc.constantFrom(0, 1, 43, 44, 45, 500),
  fc.integer({ min: 980, max: 1040 }),
  fc.constantFrom(3000, 20000),
)
const operation = fc.record({
  kind: fc.constantFrom(
    'set',
    'set',
    'setVolatile',
    'setVolatile',
    'resize',
    'resize',
    'expire',
    'expire',
    'persist',
    'remove',
    'copy',
    'move',
    'clear',
  ),
  key: fc.nat(KEYS.length - 1),
  other: fc.nat(KEYS.length - 1),
  place: fc.nat(2),
  otherPlace: fc.nat(2),
  size,
  greedy: fc.boolean(),
  at: fc.bigInt({ min: BigInt(NOW), max: (1n << 63n) - 1n }),
})
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

function apply(places: readonly Tested[], operation: Operation, source = KEYS[operation.other]): void {
  const tested = places[operation.place]
  const key = KEYS[operation.key]
  if (operation.kind === 'set') tested.set(key, operation.size)
  else if (operation.kind === 'setVolatile') tested.setVolatile(key, operation.size, operation.at)
  else if (operation.kind === 'resize') tested.resize(key, operation.size, operation.greedy)
  else if (operation.kind === 'expire') tested.expire(key, operation.at)
  else if (operation.kind === 'persist') tested.persist(key)
  else if (operation.kind === 'remove') tested.remove(key)
  else if (operation.kind === 'copy') tested.copy(places[operation.otherPlace], source, key)
  else if (operation.kind === 'move') tested.move(places[operation.otherPlace], source, key)
  else if (operation.greedy) tested.clear()
}

function run(shards: readonly [Shard, Shard], operations: readonly Operation[], filler: number): number {
  const places = [shards[0].keyspaces[0], shards[0].keyspaces[1], shards[1].keyspaces[0]].map((k) => new Tested(k))
  // What else lives in the shard: fills the arena so that some operations find no room.
  let others = 0
  let full = 0
  while (shards[0].arena.usedBytes < filler && full === 0) {
    try {
      places[0].set(`other:${others++}`, others % 3 === 0 ? 30 : 1500)
    } catch (error) {
      if (error !== ARENA_FULL) throw error
      full++
    }
  }
  for (const operation of operations) {
    try {
      apply(places, operation)
    } catch (error) {
      if (error !== ARENA_FULL) throw error
      full++
    }
    for (const shard of shards) shard.check()
    for (const tested of places) tested.check()
  }
  for (const tested of places) tested.clear()
  for (const shard of shards) {
    shard.check()
    expect(shard.arena.blockCount).toBe(1)
  }
  return full
}

test('keyspaces behave as Maps: values, kinds and expiries, copied between databases and shards', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      run([emptyShard(4 * 1024 * 1024), emptyShard(4 * 1024 * 1024, 1, NOW, 1)], operations, 0)
    }),
    { numRuns: 40 },
  )
})

test('an operation that finds the arena full changes nothing', () => {
  let full = 0
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), fc.integer({ min: 60, max: 225 }), (operations, filler) => {
      full += run([emptyShard(256 * 1024), emptyShard(256 * 1024, 1, NOW, 1)], operations, filler * 1024)
    }),
    { numRuns: 60 },
  )
  expect(full).toBeGreaterThan(0)
})

/** Makes the shard's arena full after `allocations` more blocks; returns a function that takes that back. */
function fullAfter(shard: Shard, allocations: number): () => void {
  const { arena } = shard
  const allocate = arena.allocate.bind(arena)
  arena.allocate = (bytes) => (allocations-- > 0 ? allocate(bytes) : 0)
  arena.fits = () => allocations > 0
  return () => {
    Reflect.deleteProperty(arena, 'allocate')
    Reflect.deleteProperty(arena, 'fits')
  }
}

/**
 * One operation on a key that is absent or has a value (targetSize), from a source of another key, database or shard.
 */
interface Fault {
  kind: 'set' | 'setVolatile' | 'copy' | 'move' | 'resize' | 'expire'
  key: number
  targetSize: number
  sourcePlace: number
  sourceSize: number
  volatile: boolean
}

function* faults(): Generator<Fault> {
  for (const key of [1, 3, 5]) {
    for (const sourcePlace of [0, 1, 2]) {
      for (const sourceSize of [3, 2000]) {
        for (const volatile of [false, true]) {
          for (const targetSize of [-1, 30, 5000])
            yield { kind: 'move', key, targetSize, sourcePlace, sourceSize, volatile }
          yield { kind: 'copy', key, targetSize: -1, sourcePlace, sourceSize, volatile }
        }
      }
    }
    for (const targetSize of [-1, 30, 5000]) {
      for (const kind of ['set', 'setVolatile', 'resize', 'expire'] as const) {
        yield { kind, key, targetSize, sourcePlace: 0, sourceSize: 3, volatile: false }
      }
    }
  }
}

test('whichever allocation of an operation fails, nothing changes', () => {
  let full = 0
  for (const { kind, key, targetSize, sourcePlace, sourceSize, volatile } of faults()) {
    for (let failed = true, allocations = 0; failed; allocations++) {
      const shards = [emptyShard(512 * 1024), emptyShard(512 * 1024, 1, NOW, 1)] as const
      const places = [shards[0].keyspaces[0], shards[0].keyspaces[1], shards[1].keyspaces[0]].map((k) => new Tested(k))
      places[sourcePlace].set('source', sourceSize)
      if (volatile) places[sourcePlace].expire('source', 1n << 60n)
      if (targetSize >= 0) places[0].set(KEYS[key], targetSize)
      const operation = {
        kind,
        key,
        other: 0,
        place: 0,
        otherPlace: sourcePlace,
        size: 1500,
        greedy: true,
        at: 1n << 50n,
      }
      const restore = fullAfter(shards[0], allocations)
      failed = false
      try {
        apply(places, operation, 'source')
      } catch (error) {
        if (error !== ARENA_FULL) throw error
        failed = true
        full++
      }
      restore()
      for (const shard of shards) shard.check()
      for (const tested of places) tested.check()
    }
  }
  expect(full).toBeGreaterThan(150)
})

describe('a value moves between embedded and out of line', () => {
  const LIMIT = EMBEDDED_ENTRY_MAX_BYTES - ENTRY_HEADER_BYTES - 1

  test('where the entry passes 1024 bytes', () => {
    const shard = emptyShard()
    const tested = new Tested(shard.keyspaces[0])
    for (const [length, place] of [
      [LIMIT, 0],
      [LIMIT + 1, OUT_OF_LINE],
    ]) {
      tested.set('a', length)
      expect(flagsOf(shard.arena, tested.find('a')) & OUT_OF_LINE).toBe(place)
      tested.remove('a')
    }
    tested.set('a', LIMIT)
    tested.resize('a', LIMIT + 1, true)
    expect(flagsOf(shard.arena, tested.find('a')) & OUT_OF_LINE).toBe(OUT_OF_LINE)
    tested.set('a', 3)
    expect(flagsOf(shard.arena, tested.find('a')) & OUT_OF_LINE).toBe(0)
    tested.check()
    shard.check()
  })

  test('an append that doubles its room moves the value seldom', () => {
    const shard = emptyShard()
    const tested = new Tested(shard.keyspaces[0])
    tested.set('a', 2000)
    let moves = 0
    for (let length = 2000; length < 20000; length += 10) {
      const before = stringOffset(shard.arena, tested.find('a'))
      tested.resize('a', length, true)
      if (stringOffset(shard.arena, tested.find('a')) !== before) moves++
    }
    expect(moves).toBeLessThan(6)
    tested.check()
  })

  test('encoding is history, not place: a long value assigned keeps the kind it was given', () => {
    const shard = emptyShard()
    const tested = new Tested(shard.keyspaces[0])
    tested.set('a', 44)
    expect(encodingOf(shard.arena, tested.find('a'))).toBe(ENCODING_EMBSTR)
    tested.resize('a', 3000, false)
    expect(encodingOf(shard.arena, tested.find('a'))).toBe(ENCODING_EMBSTR)
  })
})

describe('a full arena', () => {
  /** Fills what is left with blocks of no key. */
  function fillUp(shard: Shard): number[] {
    const blocks: number[] = []
    for (const bytes of [16384, 1024, 256, 64, 32, 16, 8]) {
      for (let block = shard.arena.allocate(bytes); block !== 0; block = shard.arena.allocate(bytes)) blocks.push(block)
    }
    return blocks
  }

  test('takes a shorter value in place of a longer one', () => {
    for (const length of [900, 9000]) {
      const shard = emptyShard(256 * 1024)
      const tested = new Tested(shard.keyspaces[0])
      tested.set('a', length)
      const blocks = fillUp(shard)
      tested.set('a', 600)
      tested.set('a', 10)
      tested.resize('a', 5, false)
      tested.check()
      for (const block of blocks) shard.arena.release(block)
      shard.check()
    }
  })

  test('lets a growing value have what it needs when there is no room to spare', () => {
    const shard = emptyShard(512 * 1024)
    const tested = new Tested(shard.keyspaces[0])
    tested.set('a', 100_000)
    tested.resize('a', 160_000, true)
    tested.check()
    shard.check()
  })
})

describe('expiry', () => {
  test('a lookup that meets an expired key deletes it, wakes its watchers and counts it, but not as a change', () => {
    const shard = emptyShard()
    const keyspace = shard.keyspaces[0]
    const tested = new Tested(keyspace)
    tested.set('a', 3)
    tested.expire('a', BigInt(NOW))
    shard.watches.watch(7, 0, bytesOf('a'), 0, 1)
    expect(tested.find('a')).not.toBe(0)
    shard.access.at(NOW + 1)
    expect(tested.find('a')).toBe(0)
    expect(keyspace.keys.used).toBe(0)
    expect(keyspace.expires.used).toBe(0)
    expect(shard.counters[EXPIRED_KEYS]).toBe(1)
    expect(shard.counters[DIRTY]).toBe(0)
    expect(shard.watches.isDirty(7, () => false)).toBe(true)
    shard.watches.unwatch(7)
    shard.check()
  })

  test('is exact over 64 bits, and compares so', () => {
    const shard = emptyShard()
    const tested = new Tested(shard.keyspaces[0])
    for (const at of [(1n << 63n) - 1n, (1n << 53n) + 1n, (1n << 32n) - 1n, 1n << 31n]) {
      tested.set('a', 3)
      tested.expire('a', at)
      tested.check()
    }
    tested.expire('a', -5n)
    expect(bigExpireOf(shard.arena, randomEntry(shard.keyspaces[0].keys, { next32: () => 0 }))).toBe(-5n)
    expect(tested.find('a')).toBe(0)
  })

  test('halves of a time put together again', () => {
    for (const ms of [0, 1, 4294967295, 4294967296, 1_700_000_000_000, 2 ** 53 - 1]) {
      expect(highHalf(ms) * 4294967296 + lowHalf(ms)).toBe(ms)
    }
  })

  test('clear forgets the expire cycle of the database', () => {
    const shard = emptyShard()
    const keyspace = shard.keyspaces[0]
    const tested = new Tested(keyspace)
    tested.set('a', 3)
    tested.expire('a', BigInt(NOW))
    shard.arena.f64[(keyspace.record + DATABASE_AVERAGE_TTL) >> 3] = 5
    shard.arena.u32[(keyspace.record + DATABASE_EXPIRE_CURSOR) >> 2] = 3
    tested.clear()
    expect(shard.arena.f64[(keyspace.record + DATABASE_AVERAGE_TTL) >> 3]).toBe(0)
    expect(shard.arena.u32[(keyspace.record + DATABASE_EXPIRE_CURSOR) >> 2]).toBe(0)
  })
})

test('an entry keeps its access field when its value is replaced or its block moves', () => {
  const shard = emptyShard()
  const tested = new Tested(shard.keyspaces[0])
  tested.set('a', 3)
  setAccess(shard.arena, tested.find('a'), 77)
  tested.set('a', 300)
  tested.expire('a', 1n << 40n)
  tested.resize('a', 3000, true)
  expect(accessOf(shard.arena, tested.find('a'))).toBe(77)
})

test('counters and shards: changed() counts, and tells only watchers of its database', () => {
  const shard = emptyShard()
  shard.watches.watch(1, 0, bytesOf('a'), 0, 1)
  shard.watches.watch(2, 1, bytesOf('a'), 0, 1)
  shard.keyspaces[1].changed(bytesOf('a'), 0, 1)
  expect(shard.counters[DIRTY]).toBe(1)
  expect(shard.watches.isDirty(1, () => false)).toBe(false)
  expect(shard.watches.isDirty(2, () => false)).toBe(true)
  expect(shard.needsTurn()).toBe(false)
})
