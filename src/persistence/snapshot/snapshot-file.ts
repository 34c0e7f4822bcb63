/* A snapshot on its way to the disk: a temporary file beside the old one, which takes its place when it is whole. Any
 * thread; all calls block.
 *
 *   create -> write... -> finish -> commit          after any failure: discard
 *
 *   | REDIS version | AUX fields | SELECTDB, RESIZEDB, keys | ... | EOF | CRC64 |
 *
 * What a crash at any moment leaves behind: the old file whole, and perhaps the temporary one. finish() has the bytes
 * on the disk before commit() renames, and commit() the directory before it says that all is well.
 *
 * Bound: a buffer of BUFFER_BYTES. */
import { dirname } from 'node:path'
import { Crc64 } from '../../base/crc64.ts'
import type { Disk } from '../../base/ports.ts'
import { systemErrorText } from '../../base/system-error.ts'
import type { Shard } from '../../shard-worker/keyspace/shard.ts'
import { NEWEST_VERSION } from '../../shard-worker/rdb/format.ts'
import { RdbWriter } from '../../shard-worker/rdb/writer.ts'
import { writeChecksum, writeDatabaseHead, writeFileEnd, writeFileHead } from '../rdb/file-writer.ts'

const BUFFER_BYTES = 256 * 1024
/** Bytes after which the disk is made to keep up, so that the last fsync is short (rdb-save-incremental-fsync). */
const SYNC_BYTES = 4 * 1024 * 1024

export interface SnapshotOptions {
  /** Absolute paths, in the same directory. */
  path: string
  temporary: string
  /** 10, 11 or 12. */
  version: number
  compresses: boolean
  checksum: boolean
  incrementalSync: boolean
  nowMs: number
  usedMemory: number
  /** Keys and volatile keys of each database, for who reads the file. */
  databases: readonly { keys: number; volatile: number }[]
}

/** How many keys each database has, and how many of them are volatile. Baton holder of every shard. */
export function databaseSizes(shards: readonly Shard[]): SnapshotOptions['databases'] {
  return shards[0].keyspaces.map((_keyspace, db) => ({
    keys: shards.reduce((sum, { keyspaces }) => sum + keyspaces[db].keys.used, 0),
    volatile: shards.reduce((sum, { keyspaces }) => sum + keyspaces[db].expires.used, 0),
  }))
}

/**
 * The version of a file that is to have `wanted`: newer when a hash has fields that expire, which no older version can
 * tell (docs/adr/0008). Baton holder of every shard.
 */
export function fileVersion(shards: readonly Shard[], wanted: number): number {
  const hasVolatileFields = shards.some(({ keyspaces }) => keyspaces.some((each) => each.volatileHashes.count > 0))
  return hasVolatileFields ? NEWEST_VERSION : wanted
}

/** What could not be done, in the words of the log. */
export class SnapshotError extends Error {}

export class SnapshotFile {
  private readonly options: SnapshotOptions
  private readonly disk: Disk
  private readonly writer = new RdbWriter()
  private readonly crc = new Crc64()
  private db = -1
  private descriptor: number
  private unsynced = 0
  /** Bytes written. */
  bytes = 0

  /** Creates the temporary file. Throws SnapshotError. */
  constructor(options: SnapshotOptions, disk: Disk) {
    this.options = options
    this.disk = disk
    const { temporary } = options
    try {
      this.descriptor = disk.create(temporary)
    } catch (error) {
      const name = temporary.slice(temporary.lastIndexOf('/') + 1)
      throw new SnapshotError(
        `Failed opening the temp RDB file ${name} (in server root dir ${dirname(temporary)}) for saving: ` +
          systemErrorText(error),
      )
    }
    const { writer } = this
    writer.version = options.version
    writer.compresses = options.compresses
    writeFileHead(writer, {
      createdSeconds: Math.trunc(options.nowMs / 1000),
      usedMemory: options.usedMemory,
      isAofBase: false,
    })
  }

  /** The entries that follow belong to this database. */
  select(db: number): void {
    if (db === this.db) return
    this.db = db
    writeDatabaseHead(this.writer, db, this.options.databases[db].keys, this.options.databases[db].volatile)
  }

  /** Where entries of the selected database can be written; flush() is to be called now and then. */
  get entries(): RdbWriter {
    return this.writer
  }

  /** Adds entries of the selected database as they are. */
  write(bytes: Uint8Array, offset: number, length: number): void {
    this.writer.raw(bytes, offset, length)
    this.flush()
  }

  /** Writes what has gathered, if that is enough. */
  flush(): void {
    if (this.writer.length >= BUFFER_BYTES) this.writeOut()
  }

  private writeOut(): void {
    const { writer, crc, options } = this
    const { bytes, length } = writer
    if (options.checksum) crc.update(bytes, 0, length)
    this.writeBytes(bytes, length)
    writer.clear()
  }

  private writeBytes(bytes: Uint8Array, length: number): void {
    const { disk, descriptor } = this
    this.attempt('rdbSaveRio', () => {
      for (let at = 0; at < length; ) at += disk.write(descriptor, bytes, at, length - at)
      this.bytes += length
      this.unsynced += length
      if (!this.options.incrementalSync || this.unsynced < SYNC_BYTES) return
      this.unsynced = 0
      disk.syncData(descriptor)
    })
  }

  /** Completes the temporary file and has it on the disk. */
  finish(): void {
    const { writer, crc, options } = this
    writeFileEnd(writer)
    this.writeOut()
    writeChecksum(writer, options.checksum ? crc : null)
    this.writeBytes(writer.bytes, writer.length)
    this.attempt('fsync', () => this.disk.sync(this.descriptor))
    this.attempt('fclose', () => this.close())
  }

  /** Does what may fail for the disk, which becomes a SnapshotError. */
  attempt(what: string, action: () => void): void {
    try {
      action()
    } catch (error) {
      if (error instanceof SnapshotError) throw error
      throw new SnapshotError(`Write error while saving DB to the disk(${what}): ${systemErrorText(error)}`)
    }
  }

  private close(): void {
    const { descriptor } = this
    this.descriptor = -1
    if (descriptor >= 0) this.disk.close(descriptor)
  }

  /** Puts the finished file in the place of the old one. */
  commit(): void {
    const { disk } = this
    const { path, temporary } = this.options
    try {
      disk.rename(temporary, path)
    } catch (error) {
      throw new SnapshotError(
        `Error moving temp DB file ${temporary} on the final destination ${path} ` +
          `(in server root dir ${dirname(path)}): ${systemErrorText(error)}`,
      )
    }
    try {
      syncDirectory(disk, dirname(path))
    } catch (error) {
      throw new SnapshotError(`Failed to fsync directory while saving DB: ${systemErrorText(error)}`)
    }
  }

  /** Removes the temporary file, if the disk lets it: why there is to be none is known already. */
  discard(): void {
    quietly(() => this.close())
    quietly(() => this.disk.remove(this.options.temporary))
  }
}

/** Does what may fail: a disk that has become read-only, say. */
export function quietly(action: () => void): void {
  try {
    action()
  } catch {
    // Something worse has failed before, or nothing depends on it.
  }
}

function syncDirectory(disk: Disk, directory: string): void {
  const descriptor = disk.open(directory)
  try {
    disk.sync(descriptor)
  } finally {
    disk.close(descriptor)
  }
}
