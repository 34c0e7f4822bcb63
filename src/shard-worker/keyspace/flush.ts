/* Empties databases of a shard: FLUSHDB, FLUSHALL. Baton holder.
 *
 * A shard in which nothing lies but keys, all of which go, begins anew, however many they were. Otherwise the tables
 * are left to be freed in slices with their keys if that is to be LAZILY (lazyfree.ts), or emptied here and now. */
import { assert } from '../../base/assert.ts'
import type { Keyspace } from './keyspace.ts'
import { AT_ONCE, BUCKETS_ONLY, buryTable, COUNTED, freeEntry, LAZILY } from './lazyfree.ts'
import { smallMaskOf } from './save/save-marks.ts'
import type { Shard } from './shard.ts'
import { DATABASE_AVERAGE_TTL, DATABASE_EXPIRE_CURSOR, LAZY_FREED_OBJECTS } from './shard-layout.ts'
import { Table } from './table/table.ts'
import { Drained, drainNext, releaseArrays } from './table/table-drain.ts'
import { PAUSES, SAVING, TABLE_BYTES } from './table/table-layout.ts'

const drained = new Drained()

/** Deletes every key of a shard and tells the watchers of those; returns how many there were. */
export function flushShard(shard: Shard, how: number): number {
  for (const { index } of shard.keyspaces) touchKeys(shard, index)
  if (shard.holdsOnlyKeys) return shard.clear(how === LAZILY)
  return shard.keyspaces.reduce((count, keyspace) => count + flushKeyspace(keyspace, how), 0)
}

/** The same of one database. */
export function flushDatabase(shard: Shard, db: number, how: number): number {
  if (shard.keyspaces.every(({ index, keys }) => index === db || keys.used === 0)) return flushShard(shard, how)
  touchKeys(shard, db)
  return flushKeyspace(shard.keyspaces[db], how)
}

/** Only keys that are there change. */
function touchKeys(shard: Shard, db: number): void {
  const { u8 } = shard.arena
  shard.watches.touchDatabase(db, (key) => shard.keyspaces[db].peek(u8, key.offset, key.length) !== 0)
}

/** Deletes every key; returns how many there were. O(n) in the keys, unless `how` is LAZILY. */
export function flushKeyspace(keyspace: Keyspace, how: number): number {
  const { arena, keys, expires, record, shard } = keyspace
  const count = keys.used
  keyspace.volatileHashes.clear()
  if (keys.isWalked) {
    detach(keyspace)
    if (how === LAZILY) shard.counters[LAZY_FREED_OBJECTS] += count
  } else if (how === LAZILY) buryTable(shard, keys.base, COUNTED)
  else releaseKeys(keyspace)
  if (how === LAZILY) buryTable(shard, expires.base, BUCKETS_ONLY)
  else expires.clear()
  arena.f64[(record + DATABASE_AVERAGE_TTL) >> 3] = 0
  arena.u32[(record + DATABASE_EXPIRE_CURSOR) >> 2] = 0
  return count
}

function releaseKeys({ arena, keys, shard }: Keyspace): void {
  const { base } = keys
  const last = smallMaskOf(arena.i32, base)
  while (drainNext(arena, base, last, drained)) {
    for (let i = 0; i < drained.count; i++) freeEntry(shard, drained.entries[i], AT_ONCE)
  }
  releaseArrays(arena, base)
  Table.initialize(arena, base << 2)
}

/**
 * Leaves the keys to the snapshot that has yet to save some of them, and frees them as it goes on. From where it stands
 * it goes to the end, and then has the ones before that place freed: PAUSES keeps it, for nothing rehashes there.
 */
function detach({ arena, keys, detached }: Keyspace): void {
  assert(!detached.isWalked, 'S4 what is walked is detached once')
  arena.u8.copyWithin(detached.base << 2, keys.base << 2, (keys.base << 2) + TABLE_BYTES)
  arena.i32[detached.base + PAUSES] = arena.i32[detached.base + SAVING] - 1
  Table.initialize(arena, keys.base << 2)
}
