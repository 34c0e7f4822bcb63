import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSaveMemory, SaveChannel } from '../../shard-worker/save-channel.ts'
import { SaveOutput } from '../../shard-worker/save-output.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { type WriteTask, writeSnapshot } from './write-snapshot.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'spinel-write-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A save in which one key waits in a ring. */
function setUp() {
  const memory = createSaveMemory(2, 512 * 1024)
  const channel = new SaveChannel(memory)
  channel.open(11, false)
  const engine = new TestEngine()
  engine.must('SET', 'key', 'value')
  const output = new SaveOutput(memory, 1, engine.engine.access, engine.engine.settings, false)
  const { keyspace, entry } = engine.find('key')
  const save = (db: number) => {
    output.save(keyspace, entry, db)
    output.flush()
  }
  const file = path.join(directory, 'dump.rdb')
  const task: WriteTask = {
    memory,
    ioDoorbell: { words: new SharedArrayBuffer(4), index: 0 },
    options: {
      path: file,
      temporary: path.join(directory, 'temp.rdb'),
      version: 11,
      compresses: false,
      checksum: false,
      incrementalSync: false,
      nowMs: 0,
      usedMemory: 0,
      databases: [1, 2, 3].map((keys) => ({ keys, volatile: 0 })),
    },
    keyDelayUs: 0,
  }
  return { channel, output, save, file, task, engine }
}

test('what lies in the rings when the end is told is all there is', () => {
  const { channel, save, file, task } = setUp()
  save(0)
  save(2)
  save(2)
  channel.end()
  const result = writeSnapshot(task)
  const bytes = readFileSync(file, 'latin1')
  expect(result).toEqual({ status: 'saved', bytes: bytes.length })
  const key = '\x00\x03key\x05value'
  expect(bytes.slice(bytes.indexOf('\xfe'))).toBe(
    `\xfe\x00\xfb\x01\x00${key}\xfe\x02\xfb\x03\x00${key}${key}\xff${'\0'.repeat(8)}`,
  )
  expect(channel.drop()).toBe(false)
})

test('one that is dropped writes nothing, and takes nothing from who would wait for room', () => {
  const { channel, output, save, file, task, engine } = setUp()
  save(0)
  expect(channel.drop()).toBe(true)
  expect(writeSnapshot(task)).toEqual({ status: 'dropped' })
  expect([existsSync(file), existsSync(task.options.temporary)]).toEqual([false, false])
  engine.must('SET', 'key', 'x'.repeat(3_000_000))
  const { keyspace, entry } = engine.find('key')
  output.save(keyspace, entry, 0)
  output.flush()
  expect(output.isStuck).toBe(false)
})

test('one that fails tells those who wait for room', () => {
  const { channel, task } = setUp()
  task.options.temporary = path.join(directory, 'none', 'temp.rdb')
  expect(writeSnapshot(task)).toEqual({
    status: 'failed',
    reason: expect.stringContaining('No such file or directory'),
  })
  expect(channel.drop()).toBe(true)
})
