/* Where a snapshot meets the commands: before an entry changes or goes, it is saved as it is, if it was not yet. Baton
 * holder. Keyspace calls this; a thread has one hook, and who takes the entries is handed in. */
import { AssertionError, assert } from '../../../base/assert.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import { blockOf, flagsOf, OUT_OF_LINE } from '../entry.ts'
import { openEntry, type StepSink, saveOn } from '../open-value.ts'
import { COPIED_BYTES, DATABASE_SAVED_AS, ROOT_SAVE, SAVE_RUNS, SAVED_KEYS } from '../shard-layout.ts'
import type { Table } from '../table/table.ts'
import { isAhead, isMarked, mark } from './save-marks.ts'

/** Takes the entries of a snapshot. */
export interface SaveSink<Keyspace> extends StepSink<Keyspace> {
  /** Takes a copy of an entry, which belonged to database `db` at the epoch. */
  save(keyspace: Keyspace, entry: number, db: number): void
}

/** What the hook needs of a keyspace. */
interface Saved<Keyspace> {
  readonly shard: { readonly counters: Float64Array; readonly saveHook: SaveHook<Keyspace> }
  readonly arena: Arena
  readonly record: number
  readonly keys: Table
}

function refuse(): never {
  throw new AssertionError('a thread that may run writes has a sink before a snapshot begins')
}

const nobody: SaveSink<unknown> = { save: refuse, isLong: refuse, saveStep: refuse }

export class SaveHook<Keyspace> {
  sink: SaveSink<Keyspace> = nobody
}

/** Saves an entry that is ahead of the walk and not saved yet, or what is left of one that is open. */
export function saveFirst<Keyspace extends Saved<Keyspace>>(keyspace: Keyspace, entry: number): void {
  const { arena, keys, record, shard } = keyspace
  if (isMarked(arena.u8, entry) || !isAhead(arena.i32, keys.base, keys.hashOf(entry))) return
  if (arena.u32[(arena.root + ROOT_SAVE) >> 2] === SAVE_RUNS) {
    if (entry === openEntry(arena)) saveOn(keyspace, null, 0)
    else {
      shard.saveHook.sink.save(keyspace, entry, arena.u32[(record + DATABASE_SAVED_AS) >> 2])
      shard.counters[SAVED_KEYS]++
    }
    shard.counters[COPIED_BYTES] += arena.capacity(entry)
    if (flagsOf(arena, entry) & OUT_OF_LINE) shard.counters[COPIED_BYTES] += arena.capacity(blockOf(arena, entry))
  }
  mark(arena.u8, entry)
}

/** Asserts that an entry (0: it is gone) which a command says it has changed went through the hook. */
export function assertSaved(keyspace: Saved<never>, entry: number): void {
  const { arena, keys } = keyspace
  const isSafe = entry === 0 || isMarked(arena.u8, entry) || !isAhead(arena.i32, keys.base, keys.hashOf(entry))
  assert(isSafe, 'S2 what a snapshot has yet to save is not changed')
}
