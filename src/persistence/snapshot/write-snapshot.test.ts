import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { FaultyDisk } from '../../base/faulty-disk-testing.ts'
import { VALUE_END } from '../../shard-worker/keyspace/open-value.ts'
import { createSaveMemory, SaveChannel } from '../../shard-worker/save-channel.ts'
import { SaveOutput } from '../../shard-worker/save-output.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { loadInto } from '../testing.ts'
import { type WriteTask, writeSnapshot } from './write-snapshot.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'spinel-write-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A save in which one key waits in a ring. */
function setUp(ringBytes = 512 * 1024) {
  const memory = createSaveMemory(2, ringBytes)
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
  return { memory, channel, output, save, file, task, engine }
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

/** The parts of two huge values come by both rings in turn, with other keys between them. */
function sendParts(rig: ReturnType<typeof setUp>): void {
  const { engine, memory, output } = rig
  const first = new SaveOutput(memory, 0, engine.engine.access, engine.engine.settings, false)
  engine.must('HSET', 'hash', ...Array.from({ length: 4000 }, (_, i) => `text ${i}`))
  engine.must('SET', 'string', 'compressible'.repeat(20_000))
  const outputs = [first, output]
  let steps = 0
  for (const name of ['hash', 'string']) {
    const { keyspace, entry } = engine.find(name)
    let cursor = 0
    while (cursor !== VALUE_END) {
      const sender = outputs[steps++ % 2]
      cursor = sender.saveStep(keyspace, entry, 0, cursor)
      engine.must('SET', `k${steps}`, 'x')
      const other = engine.find(`k${steps}`)
      if (steps % 3 === 0) sender.save(other.keyspace, other.entry, 0)
      sender.flush()
      if (steps % 3 !== 0) sender.save(other.keyspace, other.entry, 0)
    }
  }
  for (const each of outputs) each.flush()
  expect(steps).toBeGreaterThan(30)
}

test('parts of a value are put together in their order, whichever rings they come by', () => {
  const rig = setUp()
  sendParts(rig)
  rig.save(0)
  rig.channel.end()
  expect(writeSnapshot({ ...rig.task, options: { ...rig.task.options, checksum: true } }).status).toBe('saved')
  const loaded = new TestEngine()
  loadInto(loaded, rig.file)
  expect(loaded.must('DEBUG', 'DIGEST')).toBe(rig.engine.must('DEBUG', 'DIGEST'))
})

/** Longer than what is kept in memory of a value. */
const NOISE = noise(1_200_000)

function noise(length: number): string {
  const random = new Random(1)
  return Array.from({ length }, () => String.fromCharCode(33 + random.below(90))).join('')
}

/** Saves a small key and a string, longer than what is kept in memory of a value, on a disk; an old file is there. */
function saveLongOn(disk: FaultyDisk) {
  const rig = setUp(8 * 1024 * 1024)
  rig.channel.open(11, true)
  const { engine, memory, task, file } = rig
  engine.must('SET', 'string', NOISE)
  const { keyspace, entry } = engine.find('string')
  const first = new SaveOutput(memory, 0, engine.engine.access, engine.engine.settings, false)
  rig.save(0)
  let cursor = 0
  while (cursor !== VALUE_END) cursor = first.saveStep(keyspace, entry, 0, cursor)
  rig.channel.end()
  writeFileSync(file, 'old')
  const options = { ...task.options, compresses: true, checksum: true, incrementalSync: true }
  const result = writeSnapshot({ ...task, options }, disk)
  return { engine, file, result }
}

test('a disk that takes and gives less than it is asked makes no difference', () => {
  const disk = new FaultyDisk()
  disk.part = (bytes) => Math.ceil(bytes / 3)
  const { engine, file, result } = saveLongOn(disk)
  expect(result.status).toBe('saved')
  const loaded = new TestEngine()
  loadInto(loaded, file)
  expect(loaded.must('DEBUG', 'DIGEST')).toBe(engine.must('DEBUG', 'DIGEST'))
  expect([...disk.opened]).toEqual([])
})

test.each(['ENOSPC', 'EIO'])(
  'a disk that fails with %s at any moment leaves a whole file, and nothing else',
  (code) => {
    const sound = new FaultyDisk()
    expect(saveLongOn(sound).result.status).toBe('saved')
    expect(new Set(sound.calls)).toEqual(
      new Set(['create', 'write', 'read', 'remove', 'sync', 'close', 'rename', 'open']),
    )
    const text = code === 'EIO' ? 'Input/output error' : 'No space left on device'
    const { calls } = sound
    for (let failing = 0; failing < calls.length; failing++) {
      const disk = new FaultyDisk()
      disk.fault = (_call, number) => (number === failing ? code : undefined)
      const { engine, file, result } = saveLongOn(disk)
      expect([...disk.opened]).toEqual([])
      const call = disk.calls[failing]
      // A file that has lost its name too late is in the way of nobody.
      const isHarmless = call === 'remove' || (call === 'close' && result.status === 'saved')
      if (!isHarmless) {
        expect(result).toEqual({ status: 'failed', reason: expect.stringMatching(new RegExp(`^[^:]+: ${text}$`)) })
        expect(readdirSync(directory)).toEqual(['dump.rdb'])
      }
      if (disk.calls.includes('rename') && call !== 'rename') {
        const loaded = new TestEngine()
        loadInto(loaded, file)
        expect(loaded.must('DEBUG', 'DIGEST')).toBe(engine.must('DEBUG', 'DIGEST'))
      } else expect(readFileSync(file, 'latin1')).toBe('old')
    }
  },
)

test('what the I/O thread has to save is written before what slices have', () => {
  const rig = setUp()
  const { engine, memory, output, channel, task, file } = rig
  const worker = new SaveOutput(memory, 0, engine.engine.access, engine.engine.settings, false)
  const { keyspace, entry } = engine.find('key')
  engine.must('SET', 'other', 'value')
  const other = engine.find('other')
  for (let i = 0; i < 200; i++) {
    worker.save(other.keyspace, other.entry, 1)
    worker.flush()
    output.save(keyspace, entry, 0)
    output.flush()
  }
  channel.end()
  expect(writeSnapshot(task).status).toBe('saved')
  const bytes = readFileSync(file, 'latin1')
  expect(bytes.split('\x05other\x05value').length).toBe(201)
  // Sixteen of the worker's, all of the I/O thread's, and the rest.
  expect(bytes.split('\xfe').length - 1).toBe(3)
})
