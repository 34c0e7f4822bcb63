/* Files written here, read by redis-check-rdb and by redis-server. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { startOracle } from '../../../test/support/server.ts'
import { savedAccess } from '../../shard-worker/rdb/codecs.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { type FileFormat, fileOf, fill } from './testing.ts'

let directory = ''

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'spinel-rdb-'))
})

afterAll(() => {
  rmSync(directory, { recursive: true })
})

const formats: FileFormat[] = [
  { version: 10, compression: true, checksum: true, saved: 'none' },
  { version: 10, compression: false, checksum: false, saved: savedAccess('volatile-lru') },
  { version: 10, compression: true, checksum: true, saved: savedAccess('allkeys-lfu') },
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
