/* How a keyspace table lies in its arena. Any thread: constants and pure functions.
 *
 * Descriptor (TABLE_BYTES, zeroed = empty):
 *
 *   0         4      8      12        16     20       24       28
 *   | bucket0 | mask0 | used | bucket1 | mask1 | rehash | pauses | saving |
 *
 * bucket0/1  arena offset of the two bucket arrays, 0 = none.   mask  buckets - 1.
 * used       entries in both.   rehash  -1, or the next small index to move.   pauses  > 0: rehashing waits.
 * saving     0, or while a snapshot walks the table: the next small index to save, plus 1 (see save-marks.ts); of a
 *            table that is being freed: the next small index to free (see table-drain.ts).
 *
 * Bucket, one cache line, twelve ways:
 *
 *   0            12     16                                      64
 *   | tag u8[12] | next | entry u32[12]                          |
 *
 * tag   the hash's high byte, 0 made 1; 0 = free way.   next  overflow bucket, 0 = none.
 *
 * I1  tag = 0 exactly when entry = 0.
 * I2  without rehash every key sits in the chain of bucket0 that its hash names; during one, in bucket1's chain exactly
 *     when (hash & smaller mask) < rehash.
 * I3  `used` counts the ways in use.
 * I4  in a chain of several buckets no bucket but the last has a free way, and the last is not empty. */
import { assert } from '../../../base/assert.ts'

export const BUCKET_BYTES = 64
export const BUCKET_WAYS = 12
const BUCKET_NEXT = 12
const BUCKET_ENTRIES = 16
assert(BUCKET_ENTRIES + 4 * BUCKET_WAYS === BUCKET_BYTES, 'a bucket is one cache line')
export const BUCKET_SHIFT = 6
export const NEXT_WORD = BUCKET_NEXT >> 2
export const ENTRIES_WORD = BUCKET_ENTRIES >> 2

export const TABLE_BYTES = 32
/* Word offsets within the descriptor. */
export const BUCKETS0 = 0
export const MASK0 = 1
export const USED = 2
export const BUCKETS1 = 3
export const MASK1 = 4
export const REHASH = 5
export const PAUSES = 6
export const SAVING = 7

/** Buckets of a table's first array. */
export const INITIAL_BUCKETS = 4

/** What stands for a hash in a bucket: its high byte, 0 made 1. */
export function tagOf(hash: number): number {
  const tag = hash >>> 24
  return tag === 0 ? 1 : tag
}

export function isBucketEmpty(u32: Uint32Array, bucket: number): boolean {
  const word = bucket >> 2
  return (u32[word] | u32[word + 1] | u32[word + 2]) === 0
}
