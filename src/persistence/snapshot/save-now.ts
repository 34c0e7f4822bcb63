/* A save that everybody waits for: SAVE, SHUTDOWN, DEBUG RELOAD. Baton holder of every shard; blocks until the file is
 * on the disk. */
import type { Disk } from '../../base/ports.ts'
import type { Access } from '../../shard-worker/keyspace/access.ts'
import type { Shard } from '../../shard-worker/keyspace/shard.ts'
import { type SavedAccess, writeEntry } from '../../shard-worker/rdb/codecs.ts'
import { databaseSizes, fileVersion, SnapshotFile, type SnapshotOptions } from './snapshot-file.ts'

/** Throws SnapshotError; the old file is whole then. */
export function saveNow(
  shards: readonly Shard[],
  options: Omit<SnapshotOptions, 'databases'>,
  access: Access,
  saved: SavedAccess,
  disk: Disk,
): void {
  const version = fileVersion(shards, options.version)
  const file = new SnapshotFile({ ...options, version, databases: databaseSizes(shards) }, disk)
  try {
    for (let db = 0; db < shards[0].keyspaces.length; db++) {
      for (const { keyspaces } of shards) {
        const { keys } = keyspaces[db]
        if (keys.used === 0) continue
        file.select(db)
        let cursor = 0
        do {
          cursor = keys.scanStep(cursor)
          for (let i = 0; i < keys.scannedCount; i++) {
            writeEntry(file.entries, keyspaces[db], keys.scanned[i], access, saved)
            file.flush()
          }
        } while (cursor !== 0)
      }
    }
    file.finish()
    file.commit()
  } catch (error) {
    file.discard()
    throw error
  }
}
