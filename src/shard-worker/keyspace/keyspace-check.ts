/* Walks a whole database of a shard and asserts its invariants. Baton holder; cold: for tests and the debug mode. */
import { assert } from '../../base/assert.ts'
import { blockOf, encodingOf, flagsOf, HAS_EXPIRE, isVolatileHash, volatilePrefix } from './entry.ts'
import { NOT_IN_HEAP, PREFIX_PLACE, PREFIX_SOONEST } from './expiry/expiry-heap.ts'
import { eachField } from './hash/hash-type.ts'
import type { Keyspace } from './keyspace.ts'
import { openEntry } from './open-value.ts'
import { isAhead, isMarked, smallMaskOf } from './save/save-marks.ts'
import { checkTable, ownArrays, ownBuckets, ownIndexes } from './table/table-check.ts'
import { PAUSES, SAVING } from './table/table-layout.ts'
import { ownEntry } from './value-type.ts'

/**
 * Asserts I1 and I3 (see keyspace.ts), S1, S3, S4 and S5 (save-marks.ts, save-walk.ts, open-value.ts) and the
 * invariants of tables, entries and values; hands every block to `own`. O(n).
 */
export function checkKeyspace(keyspace: Keyspace, own: (block: number) => void): void {
  const { arena, keys, expires } = keyspace
  const volatileHashes = new Set<number>()
  let volatileCount = 0
  checkTable(keys, (entry) => {
    ownEntry(arena, entry, own)
    if (flagsOf(arena, entry) & HAS_EXPIRE) volatileCount++
    if (isVolatileHash(arena.u8[entry]) && soonestChecked(keyspace, entry) !== 0) volatileHashes.add(entry)
    const mayBeMarked = isAhead(arena.i32, keys.base, keys.hashOf(entry))
    assert(mayBeMarked || !isMarked(arena.u8, entry), 'S1 only entries ahead of a walk are marked')
    if (entry !== openEntry(arena)) return
    assert(mayBeMarked && !isMarked(arena.u8, entry), 'S5 the open entry is ahead of the walk and unmarked')
  })
  assert(!keys.isWalked || arena.i32[keys.base + PAUSES] > 0, 'S3 a table that is walked does not rehash')
  checkTable(expires, (entry) => {
    assert((flagsOf(arena, entry) & HAS_EXPIRE) !== 0, 'I1 only volatile entries are in expires')
  })
  assert(volatileCount === expires.used, 'I1 every volatile entry is in expires')
  ownBuckets(keys, own)
  ownBuckets(expires, own)
  keyspace.volatileHashes.check(own, (entry) => {
    assert(volatileHashes.delete(entry), 'I3 the heap has hashes of which some field expires')
  })
  assert(volatileHashes.size === 0, 'I3 every hash of which some field expires is in the heap')
  checkDetached(keyspace, own)
}

/** What lay ahead of the walk when the table was detached, and is behind it now, is freed but for the arrays. */
function checkDetached({ arena, detached }: Keyspace, own: (block: number) => void): void {
  const { i32 } = arena
  const { base, isWalked } = detached
  assert(isWalked || detached.used === 0, 'S4 a detached table is empty, or being walked')
  ownArrays(arena, base, own)
  if (!isWalked) return
  const visit = (entry: number) => ownEntry(arena, entry, own)
  ownIndexes(arena, base, 0, i32[base + PAUSES] - 1, own, visit)
  ownIndexes(arena, base, i32[base + SAVING] - 1, smallMaskOf(i32, base), own, visit)
}

/** The soonest expiry of a volatile hash's fields, 0 when none expires; asserts that its prefix agrees. */
function soonestChecked({ arena }: Keyspace, entry: number): number {
  let soonest = Number.POSITIVE_INFINITY
  eachField(arena, blockOf(arena, entry), encodingOf(arena, entry), (_field, _value, expiryMs) => {
    if (expiryMs !== 0) soonest = Math.min(soonest, expiryMs)
  })
  const prefix = volatilePrefix(arena, entry)
  const isInHeap = arena.u32[(prefix + PREFIX_PLACE) >> 2] !== NOT_IN_HEAP
  assert(isInHeap === Number.isFinite(soonest), 'a hash is in the heap while some field expires')
  if (isInHeap) assert(arena.f64[(prefix + PREFIX_SOONEST) >> 3] === soonest, 'under its soonest expiry')
  return isInHeap ? soonest : 0
}
