/* What the tests of snapshot files share: engines full of data, files in memory, and loading them in pieces. */
import type { Random } from '../../../test/support/random.ts'
import { Crc64 } from '../../base/crc64.ts'
import { type SavedAccess, writeEntry } from '../../shard-worker/rdb/codecs.ts'
import { RdbWriter } from '../../shard-worker/rdb/writer.ts'
import type { TestEngine } from '../../shard-worker/testing.ts'
import { type LoadHost, type LoadOptions, RdbFileLoader } from './file-loader.ts'
import { writeChecksum, writeDatabaseHead, writeFileEnd, writeFileHead } from './file-writer.ts'

export interface FileFormat {
  version: number
  compression: boolean
  checksum: boolean
  saved: SavedAccess
}

/** Strings, lists and hashes of many encodings in three databases, some of them volatile. */
export function fill(engine: TestEngine, random: Random, keys = 600): void {
  for (const db of [0, 3, 15]) {
    engine.select(db)
    for (let i = 0; i < keys / 3; i++) {
      const key = `key ${db} ${i}`
      const text = random.pick(['1', '-70000', 'text', 'a'.repeat(random.below(3000)), `${random.next()}`])
      if (random.chance(0.4)) engine.must('SET', key, text)
      else if (random.chance(0.3))
        engine.must('RPUSH', key, ...Array.from({ length: random.below(300) + 1 }, () => text))
      else
        engine.must('HSET', key, ...Array.from({ length: random.pick([1, 5, 600]) }, (_, f) => [`f${f}`, text]).flat())
      if (random.chance(0.3)) engine.must('PEXPIREAT', key, String(engine.nowMs + 10_000_000 + random.below(1e9)))
    }
  }
  engine.select(0)
}

/** The file of all that an engine holds. */
export function fileOf({ engine, nowMs }: TestEngine, format: FileFormat): Uint8Array {
  engine.begin(nowMs)
  const writer = new RdbWriter()
  writer.version = format.version
  writer.compresses = format.compression
  writeFileHead(writer, { createdSeconds: Math.floor(engine.nowMs / 1000), usedMemory: 12345, isAofBase: false })
  for (const shard of engine.shards) {
    for (const keyspace of shard.keyspaces) {
      if (keyspace.keys.used === 0) continue
      writeDatabaseHead(writer, keyspace.index, keyspace.keys.used, keyspace.expires.used)
      let cursor = 0
      do {
        cursor = keyspace.keys.scanStep(cursor)
        for (const entry of keyspace.keys.scanned.subarray(0, keyspace.keys.scannedCount)) {
          writeEntry(writer, keyspace, entry, engine.access, format.saved)
        }
      } while (cursor !== 0)
    }
  }
  writeFileEnd(writer)
  const crc = new Crc64()
  crc.update(writer.bytes, 0, writer.length)
  writeChecksum(writer, format.checksum ? crc : null)
  return writer.bytes.slice(0, writer.length)
}

/** The loader of a file into an engine, which notes what it tells. */
export interface Loading {
  loader: RdbFileLoader
  host: LoadHost
  options: LoadOptions
  notices: string[]
  aux: [string, string][]
}

export function loadingInto(test: TestEngine, fileBytes: number, options: Partial<LoadOptions> = {}): Loading {
  const { engine } = test
  engine.begin(test.nowMs)
  const notices: string[] = []
  const aux: [string, string][] = []
  const host: LoadHost = {
    databases: engine.databases,
    settings: engine.settings,
    access: engine.access,
    keyspaceOf: (db, bytes, offset, length) => engine.shards[engine.shardOf(bytes, offset, length)].keyspaces[db],
    expect: (db, keys, volatile) => engine.expectKeys(db, keys, volatile),
    onAux: (name, value) => aux.push([name, value]),
    onNotice: (line) => notices.push(line),
  }
  const all: LoadOptions = { checksum: true, keepsExpired: false, duplicates: 'refuse', ...options }
  return { loader: new RdbFileLoader(host, all, fileBytes), host, options: all, notices, aux }
}

/** Loads a file that comes in pieces of these sizes, over and over. Throws RdbFileError. */
export function load(
  test: TestEngine,
  file: Uint8Array,
  options: Partial<LoadOptions> = {},
  pieces: readonly number[] = [65536],
): Loading {
  const loading = loadingInto(test, file.length, options)
  let fed = 0
  let piece = 0
  for (;;) {
    const outcome = loading.loader.step(pieces[piece % pieces.length])
    if (outcome === 'done') return loading
    if (outcome === 'slice') continue
    const bytes = Math.min(pieces[piece++ % pieces.length], file.length - fed)
    if (bytes === 0) loading.loader.end()
    loading.loader.feed(file, fed, bytes)
    fed += bytes
  }
}
