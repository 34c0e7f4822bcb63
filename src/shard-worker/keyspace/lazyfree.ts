/* Values that are dead and still to be freed, and the slices in which that happens: so that a hash of a million fields
 * is deleted in no time, and freed between commands. Baton holder. See docs/adr/0010.
 *
 * All that there is to know lies in the arena, so that whoever has the baton can go on. A dead value is found by its
 * entry, which is in no table any more and needs no memory to be listed: the word of its access and embedded length,
 * which say nothing any more, links it.
 *
 *   root: DEAD_ENTRIES -> | kind | flags | ... | next + COUNTED | ... block | key |  -> ... -> 0
 *                                                                      `-> the value, or what is left of it
 *
 * How far a value has been freed, it says itself: each type can be freed a part at a time (value-type.ts).
 *
 * L1  a dead entry has OUT_OF_LINE, and is in no table and no heap.
 * L2  the counter LAZY_FREE_PENDING is the number of dead keys that are COUNTED: those whose deletion Redis calls lazy.
 * Bound: a slice's budget, looked at after every PARTS_PER_LOOK parts. */
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/ports.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import { blockOf, ENTRY_HEADER_BYTES, encodingOf, flagsOf, OUT_OF_LINE, typeOf } from './entry.ts'
import { LAZY_FREE_PENDING, LAZY_FREED_OBJECTS, ROOT_DEAD_ENTRIES } from './shard-layout.ts'
import { releaseBlock, valueTypeOf } from './value-type.ts'

/* How the value of a key that goes is freed. */
/** At once; a very large one in slices by a thread that may not be long about it (Access.leavesLong). */
export const AT_ONCE = 0
/** A large one in slices. */
export const IN_SLICES = 1
/** The same, and it counts as lazy. */
export const LAZILY = 2

/** A value in more parts than this is freed in slices when that is asked for (LAZYFREE_THRESHOLD). */
const LAZY_ABOVE_PARTS = 64
/** And in more than this, by a thread that leaves what is long: 0.1 ms. */
const LONG_PARTS = 1024
/** Parts that are freed between two looks at the clock: some 30 us. */
export const PARTS_PER_LOOK = 256

/** Where a dead entry has the next one. */
const ENTRY_NEXT = ENTRY_HEADER_BYTES - 4
/* What stands in the low bits of a link, which offsets have free, of the one that has the link. */
const COUNTED = 1
const FLAG_BITS = 7

/** A shard, as far as freeing is concerned. */
export interface DeadShard {
  readonly arena: Arena
  readonly access: { readonly leavesLong: boolean; hasBuried: boolean }
  readonly counters: Float64Array
}

/** Frees an entry that is in no table any more, with its value, `how` it is to be freed. */
export function freeEntry(shard: DeadShard, entry: number, how: number): void {
  const { arena, access } = shard
  if (flagsOf(arena, entry) & OUT_OF_LINE) {
    if (how !== AT_ONCE || access.leavesLong) {
      const most = how === AT_ONCE ? LONG_PARTS : LAZY_ABOVE_PARTS
      if (effortOf(arena, entry) > most) return bury(shard, entry, how === LAZILY ? COUNTED : 0)
    }
    releaseBlock(arena, entry)
  }
  arena.release(entry)
}

/** In how many parts the value of an entry with OUT_OF_LINE can be freed. */
function effortOf(arena: Arena, entry: number): number {
  const block = blockOf(arena, entry)
  return block === 0 ? 0 : valueTypeOf(typeOf(arena, entry)).effort(arena, block, encodingOf(arena, entry))
}

/** Lists an entry as dead. Needs no memory. */
function bury({ arena, counters, access }: DeadShard, entry: number, flags: number): void {
  const head = (arena.root + ROOT_DEAD_ENTRIES) >> 2
  arena.u32[(entry + ENTRY_NEXT) >> 2] = arena.u32[head] | flags
  arena.u32[head] = entry
  access.hasBuried = true
  if (flags & COUNTED) counters[LAZY_FREE_PENDING]++
}

/** Whether anything is dead and not freed. Any thread may ask; it knows as much as the last record told it. */
export function hasDead({ arena }: DeadShard): boolean {
  return arena.u32[(arena.root + ROOT_DEAD_ENTRIES) >> 2] !== 0
}

/** Frees what is dead for about `budgetUs` microseconds; true while there is more. */
export function freeSlice(shard: DeadShard, clock: Clock, budgetUs: number): boolean {
  if (!hasDead(shard)) return false
  const endUs = clock.monotonicUs() + budgetUs
  do if (!freeDead(shard, PARTS_PER_LOOK)) return false
  while (clock.monotonicUs() < endUs)
  return true
}

/** Frees about so many parts of what is dead; true while there is more. */
export function freeDead(shard: DeadShard, parts: number): boolean {
  const { arena } = shard
  const head = (arena.root + ROOT_DEAD_ENTRIES) >> 2
  for (let left = parts; left > 0; ) {
    const entry = arena.u32[head]
    if (entry === 0) return false
    left = freeValue(shard, entry, left)
  }
  return hasDead(shard)
}

/** Frees up to `parts` of the first dead value; what is left of them, 0 while the value is not gone. */
function freeValue({ arena, counters }: DeadShard, entry: number, parts: number): number {
  const block = blockOf(arena, entry)
  const left = valueTypeOf(typeOf(arena, entry)).releasePart(arena, block, encodingOf(arena, entry), parts)
  if (left <= 0) return 0
  const next = arena.u32[(entry + ENTRY_NEXT) >> 2]
  arena.u32[(arena.root + ROOT_DEAD_ENTRIES) >> 2] = next & ~FLAG_BITS
  arena.release(entry)
  if (next & COUNTED) {
    counters[LAZY_FREE_PENDING]--
    counters[LAZY_FREED_OBJECTS]++
  }
  return left
}

/** Asserts L1 and L2, and hands every block of what is dead to `own`. O(n). */
export function checkDead({ arena, counters }: DeadShard, own: (block: number) => void): void {
  const { u32 } = arena
  let pending = 0
  for (let entry = u32[(arena.root + ROOT_DEAD_ENTRIES) >> 2]; entry !== 0; ) {
    own(entry)
    assert((flagsOf(arena, entry) & OUT_OF_LINE) !== 0, 'L1 a dead entry has a value of its own')
    valueTypeOf(typeOf(arena, entry)).ownRest(arena, blockOf(arena, entry), encodingOf(arena, entry), own)
    const next = u32[(entry + ENTRY_NEXT) >> 2]
    if (next & COUNTED) pending++
    entry = next & ~FLAG_BITS
  }
  assert(pending === counters[LAZY_FREE_PENDING], 'L2 the pending objects are counted')
}
