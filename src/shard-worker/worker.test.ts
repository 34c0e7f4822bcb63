import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { Random } from '../../test/support/random.ts'
import { Args } from '../base/args.ts'
import { CommandTable } from '../base/command-table.ts'
import { SeededRandom, systemClock } from '../base/ports.ts'
import { Reply } from '../base/reply.ts'
import { Arena } from '../shm/arena/arena.ts'
import { formatRing, RingConsumer, RingProducer, ringBytes } from '../shm/ring/ring.ts'
import {
  type ControlFrame,
  decodeControlFrame,
  encodeSettingChange,
  encodeStatisticsRequest,
  encodeStatisticsReset,
} from '../shm/schema/control.ts'
import { BarrierCells, barrierBytes } from '../shm/sync/barrier.ts'
import { Baton, IO_THREAD, workerThread } from '../shm/sync/baton.ts'
import { Doorbell } from '../shm/sync/doorbell.ts'
import { shardFamilies } from './command/table.ts'
import { Engine } from './engine.ts'
import { Shard } from './keyspace/shard.ts'
import * as record from './record.ts'
import { createSaveMemory } from './save-channel.ts'
import { BATON_STRIDE, DOORBELL_STRIDE, ROOM_DOORBELL, type WorkerStart } from './worker.ts'

const RING_BYTES = 16 * 1024
const CELLS = 2
/** On a busy machine anything may be slow. */
const NOTHING_IS_SLOW: [string, string] = ['slowlog-log-slower-than', '-1']
const NOW_MS = Date.UTC(2030, 0, 1)

/** A reply record: what kind, and its bytes as latin1 text. */
interface Answer {
  kind: number
  text: string
}

interface Scene {
  db?: number
  flags?: number
  nowMs?: number
  client?: number
}

/** Workers over small shards; the test is the I/O thread, with the far ends of the rings in its hands. */
class Rig {
  readonly commands = new CommandTable<Engine>(shardFamilies)
  /** This thread's view of the shards; to be used while their batons are home. */
  readonly engine: Engine
  readonly cells: BarrierCells
  readonly failures: Error[] = []
  private readonly builder = new record.RecordBuilder()
  private readonly batons: Baton[]
  private readonly requests: RingProducer[] = []
  private readonly replies: RingConsumer[] = []
  private readonly doorbells: Int32Array
  private readonly workers: Worker[] = []

  constructor(shards: number, workers: number, settings: [string, string][] = []) {
    const arenas = Array.from({ length: shards }, () => {
      const arena = Arena.create(4 * 1024 * 1024)
      Shard.initialize(arena, 4, 99)
      return arena
    })
    this.engine = new Engine(this.commands, arenas, systemClock, new SeededRandom(1))
    const batons = new SharedArrayBuffer(shards * BATON_STRIDE * 4)
    this.batons = arenas.map((_, shard) => new Baton(new Int32Array(batons), shard * BATON_STRIDE))
    const barriers = new SharedArrayBuffer(barrierBytes(CELLS))
    this.cells = new BarrierCells(new Int32Array(barriers))
    const doorbells = new SharedArrayBuffer((workers + 1) * DOORBELL_STRIDE * 4)
    this.doorbells = new Int32Array(doorbells)
    const save = createSaveMemory(workers + 1)
    for (let index = 0; index < workers; index++) {
      const start: WorkerStart = {
        index,
        arenas: arenas.map(({ buffer }) => buffer),
        requests: ring(),
        replies: ring(),
        doorbells,
        workers,
        batons,
        barriers,
        seed: index,
        settings: [NOTHING_IS_SLOW, ...settings],
        save,
      }
      this.requests.push(new RingProducer(start.requests))
      this.replies.push(new RingConsumer(start.replies))
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { spinelWorker: start } })
      worker.on('error', (error: Error) => this.failures.push(error))
      this.workers.push(worker)
    }
    rigs.push(this)
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()))
  }

  begin(kind: number, count: number, scene: Scene = {}): void {
    this.builder.begin(kind, count, scene.db ?? 0, scene.flags ?? 0, scene.nowMs ?? NOW_MS, scene.client ?? 1)
  }

  /** Adds a command to the record; `shard` is where its keys lie. */
  add(shard: number, ...words: string[]): void {
    const args = Args.of(...words)
    const command = this.commands.resolve(args)
    if (command === undefined) throw new Error(`no command ${words[0]}`)
    if (shard !== record.NO_SHARD) this.engine.locate(args, command.firstKey)
    this.builder.append(command.id, shard, shard === record.NO_SHARD ? 0 : args.keyHash[command.firstKey], args)
  }

  /** Puts the record into a worker's ring, in parts if it has to be, and hands over the batons of some shards. */
  push(worker: number, ...shards: number[]): void {
    for (const shard of shards) this.batons[shard].pass(IO_THREAD, workerThread(worker))
    const { bytes, length } = this.builder
    const ring = this.requests[worker]
    expect(length).toBeLessThanOrEqual(ring.maxRecordBytes)
    const offset = ring.reserve(length)
    ring.u8.set(bytes.subarray(0, length), offset)
    ring.commit(length)
    this.wake(worker)
  }

  /** As push, but in parts of so many bytes each; waits for room. */
  async pushParts(worker: number, partBytes: number, ...shards: number[]): Promise<void> {
    for (const shard of shards) this.batons[shard].pass(IO_THREAD, workerThread(worker))
    const { bytes, length } = this.builder
    const ring = this.requests[worker]
    const floats = new Float64Array(ring.u8.buffer, ring.u8.byteOffset, ring.u8.length >> 3)
    for (let from = 0; from < length; from += partBytes) {
      const part = Math.min(partBytes, length - from)
      await until(() => ring.freeBytes >= 2 * (record.PART_HEADER_BYTES + part + 16))
      const offset = ring.reserve(record.PART_HEADER_BYTES + part)
      ring.i32[offset >> 2] = record.RECORD_PART
      ring.i32[(offset + record.PART_BYTES) >> 2] = part
      floats[(offset + record.PART_TOTAL) >> 3] = length
      floats[(offset + record.PART_FROM) >> 3] = from
      ring.u8.set(bytes.subarray(from, from + part), offset + record.PART_HEADER_BYTES)
      ring.commit(record.PART_HEADER_BYTES + part)
      this.wake(worker)
    }
  }

  private wake(worker: number): void {
    new Doorbell(this.doorbells, worker * DOORBELL_STRIDE).ring()
  }

  /** The next reply record of a worker, waited for. */
  async answer(worker = 0): Promise<Answer> {
    const ring = this.replies[worker]
    await until(() => this.failures.length > 0 || ring.next() >= 0)
    if (this.failures.length > 0) throw this.failures[0]
    const offset = ring.next()
    const from = offset + record.REPLY_HEADER_BYTES
    const text = Buffer.from(ring.u8.slice(from, offset + ring.length)).toString('latin1')
    const answer = { kind: ring.i32[offset >> 2], text }
    ring.advance()
    new Doorbell(this.doorbells, worker * DOORBELL_STRIDE + ROOM_DOORBELL).ring()
    return answer
  }

  /** Whether a reply of a worker waits. */
  hasAnswer(worker: number): boolean {
    return this.replies[worker].next() >= 0
  }

  /** The replies of a run or barrier, its last record included; the batons of `shards` are home then. */
  async last(worker: number, ...shards: number[]): Promise<string> {
    let text = ''
    for (;;) {
      const answer = await this.answer(worker)
      expect([record.REPLY_PIECE, record.REPLY_LAST]).toContain(answer.kind)
      text += answer.text
      if (answer.kind === record.REPLY_PIECE) continue
      for (const shard of shards) this.batons[shard].pass(workerThread(worker), IO_THREAD)
      return text
    }
  }

  /** A run of commands on shard 0 of worker 0, and its replies. */
  async run(scene: Scene, ...commands: string[][]): Promise<string> {
    this.begin(record.RECORD_RUN, 0, scene)
    for (const words of commands) this.add(0, ...words)
    this.push(0, 0)
    return this.last(0, 0)
  }

  control(frame: Uint8Array): void {
    this.begin(record.RECORD_CONTROL, frame.length)
    this.builder.appendBytes(frame)
    this.push(0)
  }

  async frame(kind: number): Promise<ControlFrame> {
    const answer = await this.answer()
    expect(answer.kind).toBe(kind)
    return decodeControlFrame(new Uint8Array(Buffer.from(answer.text, 'latin1')))
  }

  check(): void {
    for (const [shard, baton] of this.batons.entries()) {
      expect(baton.holder).toBe(IO_THREAD)
      this.engine.shards[shard].check()
    }
  }
}

function ring(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(ringBytes(RING_BYTES))
  formatRing(buffer, 0, RING_BYTES)
  return buffer
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

/** Long enough for a worker to have spun, and to have fallen asleep. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 30))

const rigs: Rig[] = []

afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    await rig.close()
    if (rig.failures.length === 0) rig.check()
  }
})

describe('a run', () => {
  test('is answered in its order, in one record, and its batons come back with that', async () => {
    const rig = new Rig(1, 1)
    expect(await rig.run({}, ['SET', 'a', '1'], ['INCR', 'a'], ['GET', 'a'], ['GET', 'b'])).toBe(
      '+OK\r\n:2\r\n$1\r\n2\r\n$-1\r\n',
    )
    await aWhile()
    expect(await rig.run({}, ['GET', 'a'])).toBe('$1\r\n2\r\n')
  })

  test('longer than what is fetched together keeps its order', async () => {
    const rig = new Rig(1, 1)
    const increments = Array.from({ length: 120 }, () => ['INCR', 'counter'])
    const expected = increments.map((_, i) => `:${i + 1}\r\n`).join('')
    expect(await rig.run({}, ...increments)).toBe(expected)
  })

  test('has the scene that its record sets: database, time, protocol, client', async () => {
    const rig = new Rig(1, 1)
    await rig.run({ db: 3 }, ['SET', 'a', 'x', 'PX', '1000'])
    expect(await rig.run({ db: 3, nowMs: NOW_MS + 1 }, ['PTTL', 'a'])).toBe(':999\r\n')
    expect(await rig.run({ db: 2 }, ['GET', 'a'])).toBe('$-1\r\n')
    expect(await rig.run({ db: 2, flags: record.RUN_RESP3 }, ['GET', 'a'])).toBe('_\r\n')
    const late = NOW_MS + 2000
    const paused = record.RUN_EXPIRE_PAUSED
    expect(await rig.run({ db: 3, nowMs: late, flags: paused }, ['GET', 'a'])).toBe('$-1\r\n')
    expect(rig.engine.shards[0].keyspaces[3].keys.used).toBe(1)
    expect(await rig.run({ db: 3, nowMs: late }, ['GET', 'a'])).toBe('$-1\r\n')
    expect(rig.engine.shards[0].keyspaces[3].keys.used).toBe(0)
  })

  test('touches no key of a client that asked for that', async () => {
    const rig = new Rig(1, 1)
    const later = NOW_MS + 100_000
    await rig.run({}, ['SET', 'a', 'x'])
    await rig.run({ nowMs: later, flags: record.RUN_NO_TOUCH }, ['GET', 'a'])
    expect(await rig.run({ nowMs: later }, ['OBJECT', 'IDLETIME', 'a'])).toBe(':100\r\n')
    await rig.run({ nowMs: later }, ['GET', 'a'])
    expect(await rig.run({ nowMs: later }, ['OBJECT', 'IDLETIME', 'a'])).toBe(':0\r\n')
  })

  test('whose replies exceed the reply ring arrives in pieces, as fast as they are taken', async () => {
    const rig = new Rig(1, 1)
    const value = 'v'.repeat(3000)
    await rig.run({}, ['SET', 'a', value])
    const gets = Array.from({ length: 100 }, () => ['GET', 'a'])
    rig.begin(record.RECORD_RUN, 0)
    for (const words of gets) rig.add(0, ...words)
    rig.push(0, 0)
    await aWhile()
    expect(await rig.last(0, 0)).toBe(`$3000\r\n${value}\r\n`.repeat(100))
  })

  test('of a shard whose baton has not come is a bug that ends the worker', async () => {
    const rig = new Rig(2, 1)
    rig.begin(record.RECORD_RUN, 0)
    rig.add(1, 'GET', 'a')
    rig.push(0, 0)
    await expect(rig.answer()).rejects.toThrow('I1 the baton came with the record')
  })
})

test('a record in parts of any size is the record', async () => {
  const rig = new Rig(1, 1)
  const random = new Random(31)
  for (const partBytes of [8, 24, 4000]) {
    const values = Array.from({ length: 5 }, () => 'x'.repeat(random.below(partBytes * 100)))
    rig.begin(record.RECORD_RUN, 0)
    for (const [i, value] of values.entries()) rig.add(0, 'SET', `key${i}`, value)
    for (const i of values.keys()) rig.add(0, 'STRLEN', `key${i}`)
    await rig.pushParts(0, partBytes, 0)
    const lengths = values.map((value) => `:${value.length}\r\n`)
    expect(await rig.last(0, 0)).toBe(`${'+OK\r\n'.repeat(5)}${lengths.join('')}`)
  }
  expect(await rig.run({}, ['DBSIZE'])).toBe(':5\r\n')
})

describe('a barrier', () => {
  /** A name for each shard of the rig. */
  const keysOf = ({ engine }: Rig) => {
    const keys: string[] = []
    for (let i = 0; keys.filter(Boolean).length < engine.shards.length; i++) {
      const key = Buffer.from(`key${i}`)
      keys[engine.shardOf(key, 0, key.length)] ??= `key${i}`
    }
    return keys
  }

  test('runs its command once, over the shards of all, when the last worker has come', async () => {
    const rig = new Rig(4, 2)
    const keys = keysOf(rig)
    rig.cells.arm(1, 2)
    rig.begin(record.RECORD_BARRIER, 1)
    rig.add(record.NO_SHARD, 'MSET', ...keys.flatMap((key, shard) => [key, `at ${shard}`]))
    rig.push(0, 0, 2)
    await aWhile()
    // It has come, waits, and says nothing; nothing has been done.
    expect(rig.hasAnswer(0)).toBe(false)
    expect(rig.engine.shards.every((shard) => shard.keyspaces[0].keys.used === 0)).toBe(true)
    rig.push(1, 1, 3)
    const replies = await Promise.all([rig.last(0, 0, 2), rig.last(1, 1, 3)])
    expect(replies.sort()).toEqual(['', '+OK\r\n'])
    expect(rig.cells.isOpen(1)).toBe(true)
    expect(rig.engine.shards.map((shard) => shard.keyspaces[0].keys.used)).toEqual([1, 1, 1, 1])
  })

  test('stands in its place among the runs of each worker', async () => {
    const rig = new Rig(2, 2)
    const [first, second] = keysOf(rig)
    for (let round = 0; round < 50; round++) {
      rig.cells.arm(0, 2)
      for (const [worker, key] of [first, second].entries()) {
        rig.begin(record.RECORD_RUN, 0)
        rig.add(worker, 'SET', key, `before ${round}`)
        rig.push(worker, worker)
        rig.begin(record.RECORD_BARRIER, 0)
        rig.add(record.NO_SHARD, 'MGET', first, second)
        rig.push(worker)
        rig.begin(record.RECORD_RUN, 0)
        rig.add(worker, 'SET', key, `after ${round}`)
        rig.push(worker)
      }
      const replies = ['', '']
      for (let reply = 0; reply < 3; reply++) {
        replies[0] += await rig.last(0, ...(reply === 2 ? [0] : []))
        replies[1] += await rig.last(1, ...(reply === 2 ? [1] : []))
      }
      const value = `before ${round}`
      const both = `*2\r\n${`$${value.length}\r\n${value}\r\n`.repeat(2)}`
      expect(replies.sort()).toEqual([`+OK\r\n${both}+OK\r\n`, '+OK\r\n+OK\r\n'].sort())
    }
  })
})

test('a hold keeps the worker off its shards until the cell opens', async () => {
  const rig = new Rig(1, 1)
  rig.cells.arm(0, 2)
  rig.begin(record.RECORD_HOLD, 0)
  rig.push(0)
  rig.begin(record.RECORD_RUN, 0)
  rig.add(0, 'GET', 'a')
  rig.push(0, 0)
  expect(await rig.answer()).toEqual({ kind: record.REPLY_HELD, text: '' })
  await aWhile()
  expect(rig.hasAnswer(0)).toBe(false)
  expect(rig.cells.arrive(0)).toBe(true)
  const { keyspace } = rig.engine
  const [key, value] = [Buffer.from('a'), Buffer.from('by this thread')]
  rig.engine.begin(NOW_MS)
  rig.engine.select(0, 0)
  expect(keyspace.find(key, 0, 1)).toBe(0)
  rig.engine.run(rig.commands.lookup(Buffer.from('SET'), 0, 3), Args.of('SET', 'a', value.toString()), new Reply())
  rig.cells.open(0)
  expect(await rig.last(0, 0)).toBe('$14\r\nby this thread\r\n')
})

test('a turn of the cron deletes what has expired, and brings the baton back', async () => {
  const rig = new Rig(2, 1)
  const sets = Array.from({ length: 50 }, (_, i) => ['SET', `key${i}`, 'x', 'PX', i < 40 ? '10' : '100000'])
  await rig.run({}, ...sets)
  rig.begin(record.RECORD_CRON, 0, { nowMs: NOW_MS + 1000 })
  rig.push(0, 0)
  expect(await rig.last(0, 0)).toBe('')
  expect(rig.engine.shards[0].keyspaces[0].keys.used).toBe(10)
})

describe('control frames', () => {
  test('change settings for the commands behind them', async () => {
    const rig = new Rig(1, 1, [['proto-max-bulk-len', '1048576']])
    expect(await rig.run({}, ['SETRANGE', 'a', '2000000', 'x'])).toMatch(/^-ERR string exceeds maximum/)
    rig.control(encodeSettingChange({ name: 'proto-max-bulk-len', value: '4194304' }))
    expect(await rig.run({}, ['SETRANGE', 'a', '2000000', 'x'])).toBe(':2000001\r\n')
  })

  test('ask for what has been counted, and have it forgotten', async () => {
    const rig = new Rig(1, 1)
    const counted = async (id: number) => {
      rig.control(encodeStatisticsRequest({ id }))
      const frame = await rig.frame(record.REPLY_ANSWER)
      if (frame.type !== 'Statistics') throw new Error(`an answer, not ${frame.type}`)
      expect(frame.id).toBe(id)
      return {
        calls: frame.commands.map(({ command, calls, failed }) => [
          rig.commands.commands[command].fullName,
          calls,
          failed,
        ]),
        errors: frame.errors,
      }
    }
    await rig.run({}, ['SET', 'a', 'x'], ['GET', 'a'], ['GET', 'b'], ['INCR', 'a'])
    expect(await counted(7)).toEqual({
      calls: [
        ['get', 2, 0],
        ['set', 1, 0],
        ['incr', 1, 1],
      ].sort((a, b) => idOf(rig, a[0]) - idOf(rig, b[0])),
      errors: [{ code: 'ERR', count: 1 }],
    })
    rig.control(encodeStatisticsReset())
    expect(await counted(8)).toEqual({ calls: [], errors: [] })
  })

  const idOf = (rig: Rig, name: string | number) => rig.commands.byName(String(name))?.id ?? -1

  test('tell of slow commands before their replies', async () => {
    const rig = new Rig(1, 1, [['slowlog-log-slower-than', '0']])
    rig.begin(record.RECORD_RUN, 0, { client: 42 })
    rig.add(0, 'SET', 'a', 'y'.repeat(200))
    rig.push(0, 0)
    const frame = await rig.frame(record.REPLY_CONTROL)
    expect(frame).toMatchObject({ type: 'SlowCommand', timeMs: NOW_MS, clientId: 42, argumentCount: 3 })
    if (frame.type === 'SlowCommand') {
      expect(rig.commands.commands[frame.command].fullName).toBe('set')
      expect(Buffer.from(frame.arguments[2]).toString()).toBe(`${'y'.repeat(128)}... (72 more bytes)`)
    }
    expect(await rig.last(0, 0)).toBe('+OK\r\n')
  })
})
