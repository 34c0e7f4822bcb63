import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { systemDisk } from '../../base/ports.ts'
import { BackgroundPool } from '../../server/background-pool.ts'
import { openEntry } from '../../shard-worker/keyspace/open-value.ts'
import { saveSlice } from '../../shard-worker/keyspace/save/save-walk.ts'
import { createSaveMemory } from '../../shard-worker/save-channel.ts'
import { SaveOutput } from '../../shard-worker/save-output.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { Arena } from '../../shm/arena/arena.ts'
import { loadInto } from '../testing.ts'
import { saveNow } from './save-now.ts'
import { Snapshot } from './snapshot.ts'
import { databaseSizes, SnapshotError, SnapshotFile, type SnapshotOptions } from './snapshot-file.ts'
import type { WriteResult } from './write-snapshot.ts'

const SHARDS = 4
const WORKERS = 2
const pool = new BackgroundPool()
let directory = ''

beforeAll(() => {
  Arena.poison = true
})
afterAll(async () => {
  Arena.poison = false
  await pool.close()
})
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'spinel-snapshot-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** Shards of one thread, whose slices come when the event loop does, and a save over them. */
class Rig {
  readonly engine = new TestEngine({ shards: SHARDS, arenaBytes: 32 * 1024 * 1024, databases: 4 })
  readonly memory = createSaveMemory(WORKERS + 1, 512 * 1024)
  readonly snapshot: Snapshot
  readonly output: SaveOutput
  /** Called before each slice. */
  meanwhile: () => void = () => {}
  private readonly doorbell = new SharedArrayBuffer(4)

  constructor() {
    const { engine } = this.engine
    this.output = new SaveOutput(this.memory, WORKERS, engine.access, engine.settings, false)
    engine.saveHook.sink = this.output
    this.snapshot = new Snapshot({
      shards: engine.shards,
      workers: WORKERS,
      memory: this.memory,
      output: this.output,
      exclusively: (action) => {
        action()
        return true
      },
      saveSlice: (shard) => {
        setImmediate(() => {
          this.meanwhile()
          this.output.drain()
          const isFull = () => this.output.isFull() || this.output.isStuck
          // A clock that moves with every look at it: a slice is a few dozen keys.
          let us = 0
          saveSlice(engine.shards[shard], { clock: { nowMs: () => 0, monotonicUs: () => us++ }, isFull }, 1)
          this.output.flush()
          this.snapshot.sliceDone(shard)
        })
      },
      commands: () => 0,
      write: (options, keyDelayUs) =>
        pool.writeSnapshot({
          memory: this.memory,
          ioDoorbell: { words: this.doorbell, index: 0 },
          options,
          keyDelayUs,
        }),
    })
  }

  save(more: Partial<SnapshotOptions> = {}, keyDelayUs = 0): Promise<WriteResult> {
    return new Promise((resolve) => {
      const options = { ...optionsIn(directory, this.engine.nowMs), ...more }
      this.snapshot.begin({ options, keyDelayUs, onEpoch: () => {}, onEnd: resolve })
    })
  }

  digest(): string {
    return String(this.engine.must('DEBUG', 'DIGEST'))
  }
}

function optionsIn(directory: string, nowMs: number): Omit<SnapshotOptions, 'databases'> {
  return {
    path: path.join(directory, 'dump.rdb'),
    temporary: path.join(directory, 'temp-1.rdb'),
    version: 11,
    compresses: true,
    checksum: true,
    incrementalSync: true,
    nowMs,
    usedMemory: 1,
  }
}

/** The digest of what a file holds. */
function digestOf(file: string, nowMs: number): string {
  const target = new TestEngine({ shards: 3, arenaBytes: 32 * 1024 * 1024, databases: 4, nowMs })
  loadInto(target, file)
  return String(target.must('DEBUG', 'DIGEST'))
}

/** Values of several thousand elements, or of half a megabyte, so that slices stop within them. */
function fillHuge(engine: TestEngine, keys: number): void {
  const numbers = Array.from({ length: 3000 }, (_, i) => i)
  const noise = (length: number) => Array.from({ length }, (_, i) => String.fromCharCode((i * i * 31) >> 7)).join('')
  for (let i = 0; i < keys; i++) {
    engine.select(i % 3)
    engine.must('HSET', `huge:h${i}`, ...numbers.flatMap((n) => [`field:${n}`, `value ${n * i}`]))
    if (i % 2 === 0) {
      const fields = numbers.filter((n) => n % 3 === 0).map((n) => `field:${n}`)
      engine.must('HPEXPIRE', `huge:h${i}`, String(100 + i), 'FIELDS', String(fields.length), ...fields)
    }
    engine.must('RPUSH', `huge:l${i}`, ...numbers.map((n) => `element ${n} ${'x'.repeat(n % 80)}`))
    engine.must('SET', `huge:s${i}`, i % 2 === 0 ? 'compressible '.repeat(20_000) : noise(200_000))
  }
  engine.select(0)
}

/** What may happen to a huge value: nothing of it may be in the file. */
function changeHuge(engine: TestEngine, random: Random, keys: number): void {
  const i = random.below(keys)
  const [hash, list, string] = [`huge:h${i}`, `huge:l${i}`, `huge:s${i}`]
  const number = random.below(3000)
  const field = `field:${number}`
  engine.select(random.below(3))
  random.pick<() => unknown>([
    () => engine.run('HSET', hash, field, 'changed', `new:${number}`, 'x'),
    () => engine.run('HDEL', hash, field, `field:${number + 1}`),
    () => engine.run('HINCRBY', hash, `counter:${number}`, '1'),
    () => engine.run('HPEXPIRE', hash, '50', 'FIELDS', '1', field),
    () => engine.run('HPERSIST', hash, 'FIELDS', '1', field),
    () => engine.run('HGETALL', hash),
    () => engine.run('HSCAN', hash, '0'),
    () => engine.run('LPUSH', list, 'x'),
    () => engine.run('RPOP', list, String(number)),
    () => engine.run('LSET', list, String(number), 'y'),
    () => engine.run('LRANGE', list, '0', '-1'),
    () => engine.run('LTRIM', list, '10', '-10'),
    () => engine.run('APPEND', string, 'more'),
    () => engine.run('SETRANGE', string, String(number), 'inside'),
    () => engine.run('PEXPIRE', random.pick([hash, list, string]), String(random.below(200))),
    () => engine.run('DEL', random.pick([hash, list, string])),
    () => engine.run('UNLINK', random.pick([hash, list, string])),
    () => engine.run('RENAME', random.pick([hash, list, string]), random.pick([hash, list, string])),
    () => engine.run('COPY', random.pick([hash, list, string]), `huge:copy${i}`),
    () => engine.run('MOVE', random.pick([hash, list, string]), '3'),
    () => engine.run('SWAPDB', '0', '2'),
    () => {
      engine.nowMs += random.below(20)
    },
  ])()
  if (random.chance(0.002)) engine.run(random.pick(['FLUSHDB', 'FLUSHALL']))
  engine.select(0)
}

function change(engine: TestEngine, random: Random): void {
  const key = `key:${random.below(3000)}`
  engine.select(random.below(3))
  const text = random.pick(['1', '77', 'v'.repeat(random.below(80)), 'w'.repeat(random.below(3000))])
  random.pick<() => unknown>([
    () => engine.run('SET', key, text),
    () => engine.run('SET', key, text, 'EX', String(1000 + random.below(1000))),
    () => engine.run('HSET', key, text.slice(0, 20), text, 'field', 'x'),
    () => engine.run('RPUSH', key, text, 'x'),
    () => engine.run('LPOP', key),
    () => engine.run('DEL', key),
    () => engine.run('APPEND', key, text),
    () => engine.run('RENAME', key, `key:${random.below(3000)}`),
  ])()
  if (random.chance(0.001)) engine.run('SWAPDB', '0', '2')
  engine.select(0)
}

describe('a save in the background', () => {
  test('has what was there at its start, whatever is written meanwhile', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const rig = new Rig()
      const random = new Random(seed)
      for (let i = 0; i < 4000; i++) change(rig.engine, random)
      const expected = rig.digest()
      rig.meanwhile = () => {
        for (let i = 0; i < 30; i++) change(rig.engine, random)
      }
      const result = await rig.save()
      expect(result.status).toBe('saved')
      expect(rig.digest()).not.toBe(expected)
      expect(digestOf(path.join(directory, 'dump.rdb'), rig.engine.nowMs)).toBe(expected)
      expect(readdirSync(directory)).toEqual(['dump.rdb'])
      rig.engine.check()
    }
  })

  test('stops within huge values, whatever becomes of them meanwhile', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const rig = new Rig()
      const random = new Random(seed)
      const huge = 4
      fillHuge(rig.engine, huge)
      for (let i = 0; i < 1000; i++) change(rig.engine, random)
      const expected = rig.digest()
      const epochMs = rig.engine.nowMs
      let stops = 0
      rig.meanwhile = () => {
        if (rig.engine.engine.shards.some(({ arena }) => openEntry(arena) !== 0)) stops++
        if (random.chance(0.2)) changeHuge(rig.engine, random, huge)
        if (random.chance(0.2)) change(rig.engine, random)
        if (random.chance(0.02)) rig.engine.check()
      }
      const result = await rig.save({ version: 12, compresses: seed % 2 === 0 })
      expect(result.status).toBe('saved')
      expect(stops).toBeGreaterThan(100)
      expect(digestOf(path.join(directory, 'dump.rdb'), epochMs)).toBe(expected)
      expect(readdirSync(directory)).toEqual(['dump.rdb'])
      rig.engine.check()
    }
  })

  test('that is dropped within a huge value leaves nothing of it', async () => {
    const rig = new Rig()
    fillHuge(rig.engine, 2)
    const { shards } = rig.engine.engine
    rig.meanwhile = () => {
      if (shards.some(({ arena }) => openEntry(arena) !== 0)) expect(rig.snapshot.drop()).toBe(true)
    }
    expect((await rig.save()).status).toBe('dropped')
    expect(shards.some(({ arena }) => openEntry(arena) !== 0)).toBe(false)
    rig.engine.check()
    expect(readdirSync(directory)).toEqual([])
    rig.meanwhile = () => {}
    const expected = rig.digest()
    expect((await rig.save({ version: 12 })).status).toBe('saved')
    expect(digestOf(path.join(directory, 'dump.rdb'), rig.engine.nowMs)).toBe(expected)
  })

  test('compresses a huge string piece by piece, if that is worth it', async () => {
    for (const [text, most] of [
      ['compressible '.repeat(100_000), 60_000],
      [Array.from({ length: 500_000 }, (_, i) => String.fromCharCode((i * i * i * 31) >> 5)).join(''), 500_200],
    ] as const) {
      const rig = new Rig()
      rig.engine.must('SET', 'string', text)
      expect((await rig.save()).status).toBe('saved')
      const file = path.join(directory, 'dump.rdb')
      expect(digestOf(file, rig.engine.nowMs)).toBe(rig.digest())
      expect(statSync(file).size).toBeLessThan(most)
    }
  })

  test('that is dropped leaves the old file, and nothing in the way of the next', async () => {
    const rig = new Rig()
    const random = new Random(1)
    for (let i = 0; i < 4000; i++) change(rig.engine, random)
    writeFileSync(path.join(directory, 'dump.rdb'), 'old')
    for (let slices = 0; slices < 40; slices += 13) {
      let left = slices
      rig.meanwhile = () => {
        change(rig.engine, random)
        if (left-- === 0) expect(rig.snapshot.drop()).toBe(true)
      }
      expect((await rig.save()).status).toBe('dropped')
      expect(rig.snapshot.isRunning).toBe(false)
      rig.engine.check()
      expect(readFileSync(path.join(directory, 'dump.rdb'), 'latin1')).toBe('old')
      expect(readdirSync(directory)).toEqual(['dump.rdb'])
    }
    rig.meanwhile = () => {}
    const expected = rig.digest()
    expect((await rig.save()).status).toBe('saved')
    expect(digestOf(path.join(directory, 'dump.rdb'), rig.engine.nowMs)).toBe(expected)
  })

  test('that can not be written says why, and leaves the old file', async () => {
    const rig = new Rig()
    for (let i = 0; i < 1000; i++) rig.engine.must('SET', `k${i}`, 'x'.repeat(1000))
    writeFileSync(path.join(directory, 'dump.rdb'), 'old')
    const result = await rig.save({ temporary: path.join(directory, 'no such directory', 'temp.rdb') })
    expect(result).toEqual({ status: 'failed', reason: expect.stringMatching(/^Failed opening the temp RDB file/) })
    rig.engine.check()
    expect(readFileSync(path.join(directory, 'dump.rdb'), 'latin1')).toBe('old')
    expect((await rig.save()).status).toBe('saved')
  })

  test('of nothing is a file without keys', async () => {
    const rig = new Rig()
    expect((await rig.save()).status).toBe('saved')
    expect(digestOf(path.join(directory, 'dump.rdb'), rig.engine.nowMs)).toBe('0'.repeat(40))
  })

  test('of a single key has it, wherever it lies', async () => {
    for (let i = 0; i < 8; i++) {
      const rig = new Rig()
      rig.engine.must('SET', `key:${i}`, 'x')
      expect((await rig.save()).status).toBe('saved')
      expect(digestOf(path.join(directory, 'dump.rdb'), rig.engine.nowMs)).toBe(rig.digest())
    }
  })

  test('takes values that are longer than its rings', async () => {
    const rig = new Rig()
    const long = Array.from({ length: 700_000 }, (_, i) => String.fromCharCode(33 + ((i * i) % 90))).join('')
    for (let i = 0; i < 8; i++) rig.engine.must('SET', `k${i}`, long)
    const expected = rig.digest()
    rig.meanwhile = () => rig.engine.run('APPEND', 'k3', 'x')
    expect((await rig.save()).status).toBe('saved')
    expect(digestOf(path.join(directory, 'dump.rdb'), rig.engine.nowMs)).toBe(expected)
  })
})

describe('a save that everybody waits for', () => {
  test('has all, in every format', () => {
    for (const version of [10, 11, 12]) {
      for (const more of [{}, { compresses: false }, { checksum: false }]) {
        const rig = new Rig()
        const random = new Random(version)
        for (let i = 0; i < 2000; i++) change(rig.engine, random)
        const { engine } = rig.engine
        saveNow(
          engine.shards,
          { ...optionsIn(directory, rig.engine.nowMs), version, ...more },
          engine.access,
          'none',
          systemDisk,
        )
        expect(digestOf(path.join(directory, 'dump.rdb'), rig.engine.nowMs)).toBe(rig.digest())
      }
    }
  })

  test('fails with nothing changed', () => {
    const { engine } = new Rig().engine
    const options = { ...optionsIn(directory, 0), path: path.join(directory, 'directory') }
    rmSync(options.path, { force: true })
    writeFileSync(path.join(directory, 'dump.rdb'), 'old')
    expect(() =>
      saveNow(
        engine.shards,
        { ...options, path: path.join(directory, 'dump.rdb', 'x') },
        engine.access,
        'none',
        systemDisk,
      ),
    ).toThrow(SnapshotError)
    expect(existsSync(options.temporary)).toBe(false)
    expect(readFileSync(path.join(directory, 'dump.rdb'), 'latin1')).toBe('old')
  })

  test('fails in its own words when its temporary file can not be taken away either', () => {
    const { engine } = new Rig().engine
    const options = optionsIn(directory, 0)
    const file = new SnapshotFile({ ...options, databases: databaseSizes(engine.shards) }, systemDisk)
    // A directory in its place is what rmSync refuses, as any file of a disk that has become read-only.
    rmSync(options.temporary)
    mkdirSync(options.temporary)
    file.discard()
    expect(() => saveNow(engine.shards, options, engine.access, 'none', systemDisk)).toThrow(SnapshotError)
  })
})
