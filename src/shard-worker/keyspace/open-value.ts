/* The value in whose midst a snapshot has stopped. A huge one is saved in steps, over several slices, so that no
 * command waits for the whole of it. Baton holder.
 *
 * What is open lies in the root of the arena, so any thread that holds the baton can go on:
 *
 *   entry ahead of the walk --openValue--> open --saveOn ... saveOn--> marked, as if a write had had it saved
 *                                            |
 *                                            +-- a write to it, its going: saveOn without a bound, by whoever does it
 *
 * A shard has one value open at most. What else is saved meanwhile, by writes to other keys, stays whole: where the
 * file is written, the parts of a value are kept aside until it is whole (value-parts.ts). Reads do not mind, for a
 * value is as it was until it is saved; so its own table does not rehash either.
 *
 * S5  the open entry is ahead of the walk, or in the chain that it stands at, unmarked, and as it was at the epoch. */
import type { Clock } from '../../base/ports.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import { mark } from './save/save-marks.ts'
import { ROOT_OPEN_CURSOR, ROOT_OPEN_DB, ROOT_OPEN_ENTRY, ROOT_SAVED_PARTS, SAVED_KEYS } from './shard-layout.ts'

/** The cursor behind the last step of a value. */
export const VALUE_END = -1

/** What a slice needs of the engine, and how long it may take. */
export interface SliceHost {
  readonly clock: Clock
  /** Whether the sink has no room for more: the slice ends there. */
  isFull(): boolean
}

/** Takes huge entries in steps. */
export interface StepSink<Keyspace> {
  /** Whether an entry whose value has a block of its own is so large that slices stop within it. */
  isLong(keyspace: Keyspace, entry: number): boolean
  /**
   * Takes a step of an entry, which belonged to database `db` at the epoch, from `cursor` on, 0 at first; returns the
   * next cursor, or VALUE_END. Another thread may take the next one.
   */
  saveStep(keyspace: Keyspace, entry: number, db: number, cursor: number): number
}

interface Saved<Keyspace> {
  readonly shard: { readonly counters: Float64Array; readonly saveHook: { readonly sink: StepSink<Keyspace> } }
  readonly arena: Arena
}

/** The entry whose value is open, 0 when none is. */
export function openEntry({ u32, root }: Arena): number {
  return u32[(root + ROOT_OPEN_ENTRY) >> 2]
}

/** A snapshot begins: nothing is open, and no part has been sent. */
export function forgetParts(arena: Arena): void {
  closeValue(arena)
  arena.u32[(arena.root + ROOT_SAVED_PARTS) >> 2] = 0
}

/** The number of the next part that the shard sends; parts count on from value to value. */
export function takePartNumber({ u32, root }: Arena): number {
  return u32[(root + ROOT_SAVED_PARTS) >> 2]++
}

/** The entry is saved in steps from here on: see saveOn(). It belonged to database `db` at the epoch. */
export function openValue({ u32, root }: Arena, entry: number, db: number): void {
  u32[(root + ROOT_OPEN_ENTRY) >> 2] = entry
  u32[(root + ROOT_OPEN_CURSOR) >> 2] = 0
  u32[(root + ROOT_OPEN_DB) >> 2] = db
}

/** Forgets the open value: it is saved, or the snapshot is given up. */
export function closeValue({ u32, root }: Arena): void {
  u32[(root + ROOT_OPEN_ENTRY) >> 2] = 0
}

/**
 * Saves on in the open value: to its end without a `host`, else so long as it has room, up to the time given. True when
 * the value is saved; it is marked then. Any keyspace of its shard does.
 */
export function saveOn<Keyspace extends Saved<Keyspace>>(
  keyspace: Keyspace,
  host: SliceHost | null,
  endUs: number,
): boolean {
  const { arena, shard } = keyspace
  const { u32, root } = arena
  const entry = openEntry(arena)
  const db = u32[(root + ROOT_OPEN_DB) >> 2]
  for (;;) {
    if (host?.isFull()) return false
    const next = shard.saveHook.sink.saveStep(keyspace, entry, db, u32[(root + ROOT_OPEN_CURSOR) >> 2])
    if (next === VALUE_END) break
    u32[(root + ROOT_OPEN_CURSOR) >> 2] = next
    if (host !== null && host.clock.monotonicUs() >= endUs) return false
  }
  closeValue(arena)
  mark(arena.u8, entry)
  shard.counters[SAVED_KEYS]++
  return true
}
