/* A shard's part of a snapshot: the walk that saves every key as it was at the epoch, in slices between which commands
 * run. A huge value is saved over several of them (open-value.ts). Baton holder.
 *
 *   SAVE_NONE ---beginSave---> SAVE_RUNS ---saveSlice...---> SAVE_NONE
 *                                  |                             ^
 *                                  +--dropSave--> SAVE_DROPPED --+ saveSlice...
 *
 * All that it has to remember lies in the arena, so every slice can run on another thread: the state of the shard in
 * its root, how far each table is saved in the table itself (save-marks.ts), and keys that were flushed before they
 * were saved in the `detached` table of their database, which frees them as it saves them.
 *
 * A table that is saved rehashes again at once, while others wait: the one with the fewest buckets comes first, so that
 * a small table, whose chains would grow longest, waits shortest. An empty table has nothing to save.
 *
 * S3  a table has SAVING and one pause of rehashing from the epoch until the walk has passed it.
 * S4  a detached table is empty, or being walked.
 *
 * Bound: a slice's budget, looked at after a few chains, or some ten microseconds within a huge value. */
import { assert } from '../../../base/assert.ts'
import { flagsOf, OUT_OF_LINE } from '../entry.ts'
import type { Keyspace } from '../keyspace.ts'
import { buryTable, freeEntry, IN_SLICES } from '../lazyfree.ts'
import { closeValue, forgetParts, openEntry, openValue, type SliceHost, saveOn } from '../open-value.ts'
import {
  COPIED_BYTES,
  DATABASE_SAVED_AS,
  ROOT_SAVE,
  SAVE_DROPPED,
  SAVE_NONE,
  SAVE_RUNS,
  SAVED_KEYS,
} from '../shard-layout.ts'
import type { ShardParts } from '../shard-parts.ts'
import { Table } from '../table/table.ts'
import { Drained, drainIndex, releaseArrays } from '../table/table-drain.ts'
import { PAUSES, SAVING } from '../table/table-layout.ts'
import { isMarked, smallMaskOf, unmark } from './save-marks.ts'

/** Entries between two looks at the clock, which costs as much as one of them. */
const ENTRIES_PER_LOOK = 32

/** The entries of a detached table at hand. */
const drained = new Drained()

function stateOf(shard: ShardParts<Keyspace>): number {
  return shard.arena.u32[(shard.arena.root + ROOT_SAVE) >> 2]
}

function setState(shard: ShardParts<Keyspace>, state: number): void {
  shard.arena.u32[(shard.arena.root + ROOT_SAVE) >> 2] = state
}

/** Whether a snapshot has work in the shard. Any thread may ask; it knows as much as the last record told it. */
export function isSaving(shard: ShardParts<Keyspace>): boolean {
  return stateOf(shard) !== SAVE_NONE
}

/** This instant is the epoch for the shard: what it holds now will be saved. Returns the number of its keys. */
export function beginSave(shard: ShardParts<Keyspace>): number {
  assert(stateOf(shard) === SAVE_NONE, 'one snapshot at a time')
  const { u32, i32 } = shard.arena
  let keys = 0
  for (const keyspace of shard.keyspaces) {
    u32[(keyspace.record + DATABASE_SAVED_AS) >> 2] = keyspace.index
    if (keyspace.keys.used === 0) continue
    keys += keyspace.keys.used
    keyspace.keys.pauseRehash()
    i32[keyspace.keys.base + SAVING] = 1
  }
  shard.counters[SAVED_KEYS] = 0
  shard.counters[COPIED_BYTES] = 0
  forgetParts(shard.arena)
  setState(shard, keys === 0 ? SAVE_NONE : SAVE_RUNS)
  return keys
}

/** Gives the snapshot up: nothing more is saved, and slices take away what it has left behind. */
export function dropSave(shard: ShardParts<Keyspace>): void {
  if (stateOf(shard) !== SAVE_RUNS) return
  closeValue(shard.arena)
  setState(shard, SAVE_DROPPED)
}

/** Saves for about `budgetUs` microseconds; true while there is more to do. */
export function saveSlice(shard: ShardParts<Keyspace>, host: SliceHost, budgetUs: number): boolean {
  if (stateOf(shard) === SAVE_NONE) return false
  const endUs = host.clock.monotonicUs() + budgetUs
  if (openEntry(shard.arena) !== 0 && !saveOn(shard.keyspaces[0], host, endUs)) return true
  for (let keyspace = nextToSave(shard); keyspace !== null; keyspace = nextToSave(shard)) {
    const isDetached = keyspace.detached.isWalked
    if (walkTable(keyspace, isDetached ? keyspace.detached : keyspace.keys, isDetached, host, endUs)) return true
  }
  setState(shard, SAVE_NONE)
  return false
}

/** The database whose turn it is: flushed keys first, whose memory is wanted, then the smallest table. */
function nextToSave(shard: ShardParts<Keyspace>): Keyspace | null {
  let best: Keyspace | null = null
  for (const keyspace of shard.keyspaces) {
    if (keyspace.detached.isWalked) return keyspace
    if (keyspace.keys.isWalked && (best === null || keyspace.keys.bucketBytes < best.keys.bucketBytes)) best = keyspace
  }
  return best
}

/** True when the slice ends before the table does. */
function walkTable(keyspace: Keyspace, table: Table, frees: boolean, host: SliceHost, endUs: number): boolean {
  const { i32 } = table.arena
  const at = table.base + SAVING
  const runs = stateOf(keyspace.shard) === SAVE_RUNS
  const last = smallMaskOf(i32, table.base)
  let entries = 0
  while (i32[at] - 1 <= last) {
    if (runs && host.isFull()) return true
    table.scanStep(i32[at] - 1)
    // First, for a chain is passed in one go.
    if (runs && !saveLong(keyspace, table, host, endUs)) return true
    for (let i = 0; i < table.scannedCount; i++) passEntry(keyspace, table.scanned[i], runs)
    if (frees) freePassed(keyspace, i32[at] - 1)
    i32[at]++
    // A chain counts too, so that an almost empty table does not hold the baton for long.
    entries += table.scannedCount + 1
    if (entries < ENTRIES_PER_LOOK) continue
    entries = 0
    if (host.clock.monotonicUs() >= endUs && i32[at] - 1 <= last) return true
  }
  i32[at] = 0
  if (frees) leaveRest(keyspace)
  else table.resumeRehash()
  return false
}

/** Saves and marks what is huge of the entries scanned; false when the slice ends in the midst of it. */
function saveLong(
  keyspace: Keyspace,
  { arena, scanned, scannedCount }: Table,
  host: SliceHost,
  endUs: number,
): boolean {
  const { sink } = keyspace.shard.saveHook
  for (let i = 0; i < scannedCount; i++) {
    const entry = scanned[i]
    if ((flagsOf(arena, entry) & OUT_OF_LINE) === 0 || isMarked(arena.u8, entry) || !sink.isLong(keyspace, entry)) {
      continue
    }
    openValue(arena, entry, arena.u32[(keyspace.record + DATABASE_SAVED_AS) >> 2])
    if (!saveOn(keyspace, host, endUs)) return false
  }
  return true
}

/** Frees the keys of a small index of a detached table that has been passed, large values afterwards. */
function freePassed({ arena, detached, shard }: Keyspace, index: number): void {
  drainIndex(arena, detached.base, index, drained)
  for (let i = 0; i < drained.count; i++) freeEntry(shard, drained.entries[i], IN_SLICES)
}

/** Has the entries of a detached table freed that the walk had passed before it was detached (see flush.ts). */
function leaveRest({ arena, detached, shard }: Keyspace): void {
  const { base } = detached
  const passed = arena.i32[base + PAUSES]
  arena.i32[base + PAUSES] = 0
  if (passed > 0) return buryTable(shard, base, 0, passed - 1)
  releaseArrays(arena, base)
  Table.initialize(arena, base << 2)
}

function passEntry(keyspace: Keyspace, entry: number, saves: boolean): void {
  const { arena, shard } = keyspace
  if (isMarked(arena.u8, entry)) unmark(arena.u8, entry)
  else if (saves) {
    shard.saveHook.sink.save(keyspace, entry, arena.u32[(keyspace.record + DATABASE_SAVED_AS) >> 2])
    shard.counters[SAVED_KEYS]++
  }
}
