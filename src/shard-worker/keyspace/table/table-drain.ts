/* Takes a table apart in which nothing will be looked up any more, index by index, so that whoever frees it may stop
 * after any. Baton holder. It needs no Table: the descriptor in the arena says all.
 *
 * The word SAVING, which no snapshot uses there, holds the next small index. What comes before it has no entries and no
 * overflow buckets any more; the heads stay until the arrays go. Indexes are taken in the order in which they lie:
 * scanStep()'s, which counts from the high bits, costs a cache miss for each bucket. */
import type { Arena } from '../../../shm/arena/arena.ts'
import { smallMaskOf } from '../save/save-marks.ts'
import {
  BUCKET_SHIFT,
  BUCKET_WAYS,
  BUCKETS0,
  BUCKETS1,
  ENTRIES_WORD,
  MASK0,
  MASK1,
  NEXT_WORD,
  REHASH,
  SAVING,
} from './table-layout.ts'

/** Entries that were found in a table. A value that is a table is freed while those of a table of keys are looked
 *  through, so that each has its own. */
export class Drained {
  entries = new Int32Array(64)
  count = 0

  add(entry: number): void {
    if (this.count === this.entries.length) {
      const larger = new Int32Array(2 * this.count)
      larger.set(this.entries)
      this.entries = larger
    }
    this.entries[this.count++] = entry
  }
}

/** Takes the next small index up to `last` apart, as drainIndex() does. False when none was left. */
export function drainNext(arena: Arena, base: number, last: number, drained: Drained): boolean {
  const { i32 } = arena
  const index = i32[base + SAVING]
  if (i32[base + BUCKETS0] === 0 || index > last) return false
  drainIndex(arena, base, index, drained)
  i32[base + SAVING] = index + 1
  return true
}

/**
 * Takes a small index of the table at word `base` apart: its overflow buckets are freed, its entries, which are the
 * caller's, are in `drained`.
 */
export function drainIndex(arena: Arena, base: number, index: number, drained: Drained): void {
  const { i32 } = arena
  const smallMask = smallMaskOf(i32, base)
  const isMoved = index < i32[base + REHASH]
  const buckets = i32[base + (isMoved ? BUCKETS1 : BUCKETS0)]
  const mask = i32[base + (isMoved ? MASK1 : MASK0)]
  drained.count = 0
  for (let at = index; at <= mask; at += smallMask + 1) drainChain(arena, buckets + (at << BUCKET_SHIFT), drained)
}

function drainChain(arena: Arena, head: number, drained: Drained): void {
  const { u32 } = arena
  for (let bucket = head; bucket !== 0; ) {
    const word = bucket >> 2
    for (let way = 0; way < BUCKET_WAYS; way++) {
      const entry = u32[word + ENTRIES_WORD + way]
      if (entry !== 0) drained.add(entry)
    }
    const next = u32[word + NEXT_WORD]
    if (bucket !== head) arena.release(bucket)
    bucket = next
  }
}

/** Frees the arrays of a table of which no index is left. The descriptor, which may lie in the first, says no more. */
export function releaseArrays(arena: Arena, base: number): void {
  const { i32 } = arena
  const buckets0 = i32[base + BUCKETS0]
  const buckets1 = i32[base + BUCKETS1]
  if (i32[base + REHASH] >= 0) arena.release(buckets1)
  if (buckets0 !== 0) arena.release(buckets0)
}
