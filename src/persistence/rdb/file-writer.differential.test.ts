/* Files written here, read by redis-check-rdb and by redis-server. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { startOracle } from '../../../test/support/server.ts'
import { Crc64 } from '../../base/crc64.ts'
import { type SavedAccess, savedAccess, writeEntry } from '../../shard-worker/rdb/codecs.ts'
import { RdbWriter } from '../../shard-worker/rdb/writer.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { writeChecksum, writeDatabaseHead, writeFileEnd, writeFileHead } from './file-writer.ts'

let directory = ''

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'spinel-rdb-'))
})

afterAll(() => {
  rmSync(directory, { recursive: true })
})

interface Format {
  compression: boolean
  checksum: boolean
  saved: SavedAccess
}

function fill(engine: TestEngine, random: Random): void {
  for (const db of [0, 3, 15]) {
    engine.select(db)
    for (let i = 0; i < 200; i++) {
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
function fileOf({ engine }: TestEngine, format: Format): Uint8Array {
  const writer = new RdbWriter()
  writer.version = 10
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

const formats: Format[] = [
  { compression: true, checksum: true, saved: 'none' },
  { compression: false, checksum: false, saved: savedAccess('volatile-lru') },
  { compression: true, checksum: true, saved: savedAccess('allkeys-lfu') },
]

test.each(formats)('redis-server loads what is written: %o', async (format) => {
  const engine = new TestEngine({ shards: 3, nowMs: Date.now(), arenaBytes: 32 * 1024 * 1024 })
  fill(engine, new Random(5))
  const file = path.join(directory, `${format.saved}.rdb`)
  writeFileSync(file, fileOf(engine, format))
  const report = execFileSync('redis-check-rdb', [file], { encoding: 'utf8' })
  expect(report).toContain('RDB looks OK')
  const policy = { none: 'noeviction', idle: 'allkeys-lru', frequency: 'allkeys-lfu' }[format.saved]
  const directives = { dir: directory, dbfilename: path.basename(file), 'enable-debug-command': 'yes' }
  const oracle = await startOracle({ directives: { ...directives, 'maxmemory-policy': policy } })
  const client = await oracle.connect()
  expect((await client.command('DEBUG', 'DIGEST')).toString().trim()).toBe(`+${engine.must('DEBUG', 'DIGEST')}`)
  client.close()
  await oracle.stop()
})
