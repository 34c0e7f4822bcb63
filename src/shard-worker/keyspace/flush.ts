/* Empties a database of a shard: FLUSHDB, FLUSHALL. Baton holder. */
import { assert } from '../../base/assert.ts'
import { flagsOf, OUT_OF_LINE } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { Shard } from './shard.ts'
import { DATABASE_AVERAGE_TTL, DATABASE_EXPIRE_CURSOR } from './shard-layout.ts'
import { Table } from './table.ts'
import { SAVING, TABLE_BYTES } from './table-layout.ts'
import { releaseBlock } from './value-type.ts'

/** Deletes every key of a database and tells the watchers of those; returns how many there were. */
export function flushDatabase(shard: Shard, db: number): number {
  const keyspace = shard.keyspaces[db]
  // Only keys that are there change.
  shard.watches.touchDatabase(db, (key) => keyspace.peek(shard.arena.u8, key.offset, key.length) !== 0)
  return flushKeyspace(keyspace)
}

/** Deletes every key; returns how many there were. O(n) in the keys that no snapshot has yet to save. */
export function flushKeyspace(keyspace: Keyspace): number {
  const { arena, keys, expires, record } = keyspace
  const count = keys.used
  keyspace.volatileHashes.clear()
  if (keys.isWalked) detach(keyspace)
  else {
    let cursor = 0
    do {
      cursor = keys.scanStep(cursor)
      freeScanned(keys)
    } while (cursor !== 0)
    keys.clear()
  }
  expires.clear()
  arena.f64[(record + DATABASE_AVERAGE_TTL) >> 3] = 0
  arena.u32[(record + DATABASE_EXPIRE_CURSOR) >> 2] = 0
  return count
}

function freeScanned({ arena, scanned, scannedCount }: Table): void {
  for (let i = 0; i < scannedCount; i++) {
    if (flagsOf(arena, scanned[i]) & OUT_OF_LINE) releaseBlock(arena, scanned[i])
    arena.release(scanned[i])
  }
}

/** Leaves the keys to the snapshot that has yet to save them, and will free them then; those behind it go now. */
function detach(keyspace: Keyspace): void {
  const { arena, keys, detached } = keyspace
  assert(!detached.isWalked, 'S4 what is walked is detached once')
  for (let index = 0; index < arena.i32[keys.base + SAVING] - 1; index++) {
    keys.scanStep(index)
    freeScanned(keys)
  }
  arena.u8.copyWithin(detached.base << 2, keys.base << 2, (keys.base << 2) + TABLE_BYTES)
  detached.resumeRehash()
  Table.initialize(arena, keys.base << 2)
}
