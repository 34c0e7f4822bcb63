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
 * How far a value has been freed, it says itself: each type can be freed a part at a time (value-type.ts). The table of
 * a flushed database is listed likewise. Its first bucket, which is freed beforehand, takes its descriptor, so that no
 * memory is needed for it either; SAVING there is the next small index to be freed:
 *
 *   root: DEAD_TABLES -> | descriptor | next + COUNTED + BUCKETS_ONLY | last | ... | bucket | bucket | ...
 *                        0            32                              36   40    64
 *
 * last  the last small index that is to be freed.
 *
 * L1  a dead entry has OUT_OF_LINE, and is in no table and no heap.
 * L2  the counter LAZY_FREE_PENDING is the number of dead keys that are COUNTED: those whose deletion Redis calls lazy.
 * Bound: a slice's budget, looked at after every PARTS_PER_LOOK parts. */
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/ports.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import { blockOf, ENTRY_HEADER_BYTES, encodingOf, flagsOf, OUT_OF_LINE, typeOf } from './entry.ts'
import { smallMaskOf } from './save/save-marks.ts'
import { LAZY_FREE_PENDING, LAZY_FREED_OBJECTS, ROOT_DEAD_ENTRIES, ROOT_DEAD_TABLES } from './shard-layout.ts'
import { Table } from './table/table.ts'
import { ownArrays, ownIndexes } from './table/table-check.ts'
import { Drained, drainIndex, drainNext, releaseArrays } from './table/table-drain.ts'
import { BUCKETS0, SAVING, TABLE_BYTES, USED } from './table/table-layout.ts'
import { ownEntry, releaseBlock, valueTypeOf } from './value-type.ts'

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
const TABLE_NEXT = TABLE_BYTES
const TABLE_LAST = TABLE_BYTES + 4
/* What stands in the low bits of a link, which offsets have free, of the one that has the link. */
export const COUNTED = 1
/** Of a table whose entries are another's. */
export const BUCKETS_ONLY = 2
const FLAG_BITS = 7

/** Keys of the dead table at hand. */
const drained = new Drained()

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
function bury(shard: DeadShard, entry: number, flags: number): void {
  link(shard, ROOT_DEAD_ENTRIES, entry, ENTRY_NEXT, flags)
  if (flags & COUNTED) shard.counters[LAZY_FREE_PENDING]++
}

/** Puts a dead thing with its link at `next` before the list that begins at `list` in the root. */
function link({ arena, access }: DeadShard, list: number, dead: number, next: number, flags: number): void {
  const head = (arena.root + list) >> 2
  arena.u32[(dead + next) >> 2] = arena.u32[head] | flags
  arena.u32[head] = dead
  access.hasBuried = true
}

/**
 * Lists the table whose descriptor is at word `base` as dead, with its keys unless BUCKETS_ONLY; the descriptor is that
 * of an empty table then. Needs no memory. O(1). `last`: see above.
 */
export function buryTable(shard: DeadShard, base: number, flags: number, last = -1): void {
  const { arena, counters } = shard
  const { i32 } = arena
  const home = i32[base + BUCKETS0]
  if (home === 0) return
  if (flags & COUNTED) counters[LAZY_FREE_PENDING] += i32[base + USED]
  const end = last < 0 ? smallMaskOf(i32, base) : last
  drainIndex(arena, base, 0, drained)
  arena.u8.copyWithin(home, base << 2, (base << 2) + TABLE_BYTES)
  i32[(home >> 2) + SAVING] = 1
  i32[(home + TABLE_LAST) >> 2] = end
  link(shard, ROOT_DEAD_TABLES, home, TABLE_NEXT, flags)
  Table.initialize(arena, base << 2)
  freeDrained(shard, flags)
}

/** Frees the keys that were drained of a dead table, large ones later; returns how many there were. */
function freeDrained(shard: DeadShard, flags: number): number {
  if (flags & BUCKETS_ONLY) return 0
  for (let i = 0; i < drained.count; i++) freeKey(shard, drained.entries[i], flags)
  return drained.count
}

/** Frees a key of a dead table, which is pending as that is COUNTED. */
function freeKey(shard: DeadShard, entry: number, flags: number): void {
  const { arena } = shard
  if (flagsOf(arena, entry) & OUT_OF_LINE) {
    if (effortOf(arena, entry) > LAZY_ABOVE_PARTS) return link(shard, ROOT_DEAD_ENTRIES, entry, ENTRY_NEXT, flags)
    releaseBlock(arena, entry)
  }
  arena.release(entry)
  if (flags & COUNTED) countFreed(shard)
}

function countFreed({ counters }: DeadShard): void {
  counters[LAZY_FREE_PENDING]--
  counters[LAZY_FREED_OBJECTS]++
}

/** Whether anything is dead and not freed. Any thread may ask; it knows as much as the last record told it. */
export function hasDead({ arena }: DeadShard): boolean {
  const { u32 } = arena
  return u32[(arena.root + ROOT_DEAD_ENTRIES) >> 2] !== 0 || u32[(arena.root + ROOT_DEAD_TABLES) >> 2] !== 0
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
  const { u32, root } = arena
  for (let left = parts; left > 0; ) {
    const entry = u32[(root + ROOT_DEAD_ENTRIES) >> 2]
    const table = u32[(root + ROOT_DEAD_TABLES) >> 2]
    if (entry !== 0) left = freeValue(shard, entry, left)
    else if (table !== 0) left = freeTable(shard, table, left)
    else return false
  }
  return hasDead(shard)
}

/** Frees about `parts` keys or buckets of the first dead table; what is left of them, 0 while it is not gone. */
function freeTable(shard: DeadShard, home: number, parts: number): number {
  const { arena } = shard
  const base = home >> 2
  const next = arena.u32[(home + TABLE_NEXT) >> 2]
  const last = arena.u32[(home + TABLE_LAST) >> 2]
  let left = parts
  while (drainNext(arena, base, last, drained)) {
    left -= freeDrained(shard, next & FLAG_BITS) + 1
    if (left <= 0) return 0
  }
  arena.u32[(arena.root + ROOT_DEAD_TABLES) >> 2] = next & ~FLAG_BITS
  releaseArrays(arena, base)
  return left
}

/** Frees up to `parts` of the first dead value; what is left of them, 0 while the value is not gone. */
function freeValue(shard: DeadShard, entry: number, parts: number): number {
  const { arena } = shard
  const block = blockOf(arena, entry)
  const left = valueTypeOf(typeOf(arena, entry)).releasePart(arena, block, encodingOf(arena, entry), parts)
  if (left <= 0) return 0
  const next = arena.u32[(entry + ENTRY_NEXT) >> 2]
  arena.u32[(arena.root + ROOT_DEAD_ENTRIES) >> 2] = next & ~FLAG_BITS
  arena.release(entry)
  if (next & COUNTED) countFreed(shard)
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
  for (let home = u32[(arena.root + ROOT_DEAD_TABLES) >> 2]; home !== 0; ) {
    const next = u32[(home + TABLE_NEXT) >> 2]
    const base = home >> 2
    ownArrays(arena, base, own)
    ownIndexes(arena, base, u32[base + SAVING], u32[(home + TABLE_LAST) >> 2], own, (entry) => {
      if (next & BUCKETS_ONLY) return
      if (next & COUNTED) pending++
      ownEntry(arena, entry, own)
    })
    home = next & ~FLAG_BITS
  }
  assert(pending === counters[LAZY_FREE_PENDING], 'L2 the pending objects are counted')
}
