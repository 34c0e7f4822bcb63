/* Walks over whole tables: their invariants, their blocks, how full they are. Baton holder; cold. */
import { assert } from '../../../base/assert.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import { smallMaskOf } from '../save/save-marks.ts'
import type { Table } from './table.ts'
import {
  BUCKET_SHIFT,
  BUCKET_WAYS,
  BUCKETS0,
  BUCKETS1,
  ENTRIES_WORD,
  isBucketEmpty,
  MASK0,
  MASK1,
  NEXT_WORD,
  REHASH,
  tagOf,
} from './table-layout.ts'

/** Hands every arena block of a table to `own`. O(buckets). */
export function ownBuckets(table: Table, own: (block: number) => void): void {
  const { u32 } = table.arena
  ownArrays(table.arena, table.base, own)
  eachBucket(table, (bucket) => {
    const next = u32[(bucket >> 2) + NEXT_WORD]
    if (next !== 0) own(next)
  })
}

/** Hands the bucket arrays of the table at word `base` to `own`. */
export function ownArrays(arena: Arena, base: number, own: (block: number) => void): void {
  const { i32 } = arena
  for (const array of [i32[base + BUCKETS0], i32[base + BUCKETS1]]) if (array !== 0) own(array)
}

/** Hands the overflow buckets of the small indexes from `first` to `last` to `own`, their entries to `visit`. O(n). */
export function ownIndexes(
  arena: Arena,
  base: number,
  first: number,
  last: number,
  own: (block: number) => void,
  visit: (entry: number) => void,
): void {
  const { i32, u32 } = arena
  if (i32[base + BUCKETS0] === 0) return
  const smallMask = smallMaskOf(i32, base)
  for (let index = first; index <= last; index++) {
    const isMoved = index < i32[base + REHASH]
    const mask = i32[base + (isMoved ? MASK1 : MASK0)]
    for (let at = index; at <= mask; at += smallMask + 1) {
      const head = i32[base + (isMoved ? BUCKETS1 : BUCKETS0)] + (at << BUCKET_SHIFT)
      for (let bucket = head; bucket !== 0; bucket = u32[(bucket >> 2) + NEXT_WORD]) {
        if (bucket !== head) own(bucket)
        for (let way = 0; way < BUCKET_WAYS; way++) {
          const entry = u32[(bucket >> 2) + ENTRIES_WORD + way]
          if (entry !== 0) visit(entry)
        }
      }
    }
  }
}

/** Asserts I1 to I4 (see table-layout.ts) and hands every entry to `visit`. O(n). */
export function checkTable(table: Table, visit: (entry: number) => void): void {
  const { i32 } = table.arena
  const { base } = table
  let count = 0
  const smallMask = table.isRehashing ? Math.min(i32[base + MASK0], i32[base + MASK1]) : i32[base + MASK0]
  eachBucket(table, (bucket, index, second) => {
    const mask = i32[base + (second ? MASK1 : MASK0)]
    count += checkBucket(table, bucket, (hash, entry) => {
      assert(index === (hash & mask), 'I2 a key sits in the chain that its hash names')
      const belongs = !table.isRehashing || second === (hash & smallMask) < i32[base + REHASH]
      assert(belongs, 'I2 a key sits in the right table')
      visit(entry)
    })
  })
  assert(count === table.used, 'I3 used counts the ways in use')
}

/** Asserts what concerns a bucket alone; returns its ways in use. */
function checkBucket(table: Table, bucket: number, visit: (hash: number, entry: number) => void): number {
  const { u8, u32 } = table.arena
  const next = u32[(bucket >> 2) + NEXT_WORD]
  assert(!isBucketEmpty(u32, bucket) || next === 0, 'I4 no empty bucket before another')
  let count = 0
  for (let way = 0; way < BUCKET_WAYS; way++) {
    const entry = u32[(bucket >> 2) + ENTRIES_WORD + way]
    const tag = u8[bucket + way]
    assert((tag === 0) === (entry === 0), 'I1 tag and entry agree')
    assert(entry !== 0 || next === 0, 'I4 a free way only in the last bucket of a chain')
    if (entry === 0) continue
    const hash = table.hashOf(entry)
    assert(tag === tagOf(hash), 'I1 the tag is the high byte of the hash')
    visit(hash, entry)
    count++
  }
  return count
}

/**
 * How many chains of the first (0) or second (1) array have how many entries, by that number; chains that a rehash has
 * not reached or has left behind are empty. O(n).
 */
export function chainLengths(table: Table, which: 0 | 1): number[] {
  const { u8 } = table.arena
  const counts = new Map<number, number>()
  eachBucket(table, (bucket, index, second) => {
    if (second !== (which === 1)) return
    let entries = 0
    for (let way = 0; way < BUCKET_WAYS; way++) if (u8[bucket + way] !== 0) entries++
    counts.set(index, (counts.get(index) ?? 0) + entries)
  })
  const lengths = new Array<number>(Math.max(0, ...counts.values()) + 1).fill(0)
  lengths[0] = table.bucketCounts[which] - counts.size
  for (const length of counts.values()) lengths[length]++
  return lengths
}

/** Every live bucket with its index and whether it is of the second array. */
function eachBucket(table: Table, visit: (bucket: number, index: number, second: boolean) => void): void {
  const { i32, u32 } = table.arena
  const { base } = table
  if (i32[base + BUCKETS0] === 0) return
  const rehash = i32[base + REHASH]
  const smallMask = rehash < 0 ? i32[base + MASK0] : Math.min(i32[base + MASK0], i32[base + MASK1])
  for (const second of [false, true]) {
    if (second && rehash < 0) break
    const mask = i32[base + (second ? MASK1 : MASK0)]
    const buckets = i32[base + (second ? BUCKETS1 : BUCKETS0)]
    for (let index = 0; index <= mask; index++) {
      if (rehash >= 0 && (index & smallMask) < rehash !== second) continue
      for (let b = buckets + (index << BUCKET_SHIFT); b !== 0; b = u32[(b >> 2) + NEXT_WORD]) visit(b, index, second)
    }
  }
}
