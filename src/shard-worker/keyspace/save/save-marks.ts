/* Which entries of a table a running snapshot has still to save. Baton holder. Hot where it says so: without a snapshot
 * everything here is the test of one word that lies in the table's own cache line.
 *
 * The walk (save-walk.ts) goes through a table by its small indexes, from 0 up; rehashing is paused meanwhile, so the
 * masks stand still and an index names the same keys all the time. The word SAVING is the next index plus 1. An entry
 * is ahead of the walk when its index is not below that; the walk will save it, unless it is marked SAVED:
 *
 *      index   0 ........... SAVING-2 | SAVING-1 ................ last
 *              saved, marks cleared   | to be saved, but for what is marked
 *
 * Whoever changes or takes away an entry that is ahead and unmarked saves it first, and marks it. What is put into a
 * chain ahead, new or in another's place, is marked, so that the walk passes it over. So each entry of the epoch is
 * saved once, as it was then, and the price of a write is its own key, not its neighbours'.
 *
 * The alternative refused: a bit for each chain. It needs memory to begin, and the first write to a chain pays for all
 * of its ten keys.
 *
 * S1  only entries ahead of a walk are marked.
 * S2  an entry that is ahead and unmarked is as it was at the epoch. */
import { ENTRY_FLAGS, SAVED } from '../entry.ts'
import { MASK0, MASK1, REHASH, SAVING } from '../table/table-layout.ts'

/** Whether a walk over the table at word `base` has yet to come to the chain that a hash names. */
export function isAhead(i32: Int32Array, base: number, hash: number): boolean {
  const saving = i32[base + SAVING]
  return saving !== 0 && (hash & smallMaskOf(i32, base)) >= saving - 1
}

/** Mask of the table's small indexes. */
export function smallMaskOf(i32: Int32Array, base: number): number {
  const mask0 = i32[base + MASK0]
  return i32[base + REHASH] < 0 ? mask0 : Math.min(mask0, i32[base + MASK1])
}

/** Whether the walk is not to save this entry, which is ahead of it. */
export function isMarked(u8: Uint8Array, entry: number): boolean {
  return (u8[entry + ENTRY_FLAGS] & SAVED) !== 0
}

/** Has the walk pass an entry over. */
export function mark(u8: Uint8Array, entry: number): void {
  u8[entry + ENTRY_FLAGS] |= SAVED
}

export function unmark(u8: Uint8Array, entry: number): void {
  u8[entry + ENTRY_FLAGS] &= ~SAVED
}
