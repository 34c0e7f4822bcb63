import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { FaultyDisk } from '../../base/faulty-disk-testing.ts'
import { type Disk, systemDisk } from '../../base/ports.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { loadInto } from '../testing.ts'
import { saveNow } from './save-now.ts'
import { SnapshotError } from './snapshot-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'spinel-save-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Saves all of an engine as version 11, if that can be; the file. */
function save({ engine, nowMs }: TestEngine, disk: Disk = systemDisk): string {
  const path = join(directory, 'dump.rdb')
  const options = { path, temporary: join(directory, 'temp.rdb'), version: 11, compresses: true, checksum: true }
  saveNow(engine.shards, { ...options, incrementalSync: false, nowMs, usedMemory: 0 }, engine.access, 'none', disk)
  return path
}

const versionOf = (file: string) => readFileSync(file).subarray(0, 9).toString()

test('a file has the expiries of fields, and then the version that can tell them', () => {
  const engine = new TestEngine({ shards: 2 })
  for (let i = 0; i < 20; i++) {
    engine.must('HSET', `h${i}`, 'a', '1', 'b', i % 2 === 0 ? '2' : 'x'.repeat(100))
  }
  expect(versionOf(save(engine))).toBe('REDIS0011')
  for (let i = 0; i < 20; i++) engine.must('HPEXPIREAT', `h${i}`, String(engine.nowMs + 1000 + i), 'FIELDS', '1', 'a')
  const file = save(engine)
  expect(versionOf(file)).toBe('REDIS0012')
  const loaded = new TestEngine()
  loadInto(loaded, file)
  expect(loaded.must('DEBUG', 'DIGEST')).toBe(engine.must('DEBUG', 'DIGEST'))
  for (let i = 0; i < 20; i++) {
    expect(loaded.must('HPEXPIRETIME', `h${i}`, 'FIELDS', '2', 'a', 'b')).toEqual([engine.nowMs + 1000 + i, -1])
  }
  for (let i = 0; i < 20; i++) engine.must('HPERSIST', `h${i}`, 'FIELDS', '1', 'a')
  expect(versionOf(save(engine))).toBe('REDIS0011')
})

test('a disk that fails at any moment leaves a whole file', () => {
  const engine = new TestEngine({ shards: 2 })
  for (let i = 0; i < 2000; i++) engine.must('SET', `k${i}`, 'x'.repeat(i % 700))
  const sound = new FaultyDisk()
  save(engine, sound)
  for (let failing = 0; failing < sound.calls.length; failing++) {
    const disk = new FaultyDisk()
    disk.fault = (_call, number) => (number === failing ? 'ENOSPC' : undefined)
    disk.part = (bytes) => Math.ceil(bytes / 2)
    const file = join(directory, 'dump.rdb')
    writeFileSync(file, 'old')
    const attempt = () => save(engine, disk)
    expect(attempt).toThrow(SnapshotError)
    expect([...disk.opened]).toEqual([])
    expect(readdirSync(directory)).toEqual(['dump.rdb'])
    const isThere = disk.calls.includes('rename') && disk.calls[failing] !== 'rename'
    if (isThere) loadInto(new TestEngine(), file)
    else expect(readFileSync(file, 'latin1')).toBe('old')
  }
})
