/* The thread of a shard worker: takes records from its request ring, runs them on the shards whose batons came with
 * them, and writes the replies to its reply ring. It owns no state but scratch; see record.ts for the records and
 * engine.ts for what runs. Hot: run().
 *
 * I1  it touches a shard only between the record that brings the shard's baton and the reply that takes it back.
 * I2  replies leave in the order of the requests.
 * Bound: the reply ring. When it is full the worker waits for the I/O thread, which always drains; the I/O thread never
 * waits for the worker. */
import { workerData } from 'node:worker_threads'
import { Args } from '../base/args.ts'
import { assert } from '../base/assert.ts'
import { DENYOOM } from '../base/command-spec.ts'
import { type Command, CommandTable } from '../base/command-table.ts'
import * as errors from '../base/error-texts.ts'
import { collectGarbage } from '../base/garbage.ts'
import { SeededRandom, systemClock } from '../base/ports.ts'
import { Reply } from '../base/reply.ts'
import { Arena } from '../shm/arena/arena.ts'
import { RingConsumer, RingProducer } from '../shm/ring/ring.ts'
import {
  decodeControlFrame,
  encodeLatencySample,
  encodeLogLine,
  encodeSlowCommand,
  encodeStatistics,
} from '../shm/schema/control.ts'
import { BarrierCells } from '../shm/sync/barrier.ts'
import { Baton, workerThread } from '../shm/sync/baton.ts'
import { Doorbell } from '../shm/sync/doorbell.ts'
import { shardFamilies } from './command/table.ts'
import { Engine } from './engine.ts'
import { expireCycle, rehashCycle } from './keyspace/expiry/expire-cycle.ts'
import { freeSlice } from './keyspace/lazyfree.ts'
import type { SliceHost } from './keyspace/open-value.ts'
import { saveSlice } from './keyspace/save/save-walk.ts'
import { NONE_LEFT } from './memory-budget.ts'
import { PREFETCH_KEYS } from './prefetch.ts'
import * as record from './record.ts'
import type { SaveMemory } from './save-channel.ts'
import { SaveOutput } from './save-output.ts'

/** What the I/O thread hands a worker at its start. */
export interface WorkerStart {
  index: number
  arenas: SharedArrayBuffer[]
  requests: SharedArrayBuffer
  replies: SharedArrayBuffer
  /** Doorbell words: a worker's at index * DOORBELL_STRIDE, the I/O thread's after the last worker's. */
  doorbells: SharedArrayBuffer
  workers: number
  /** Baton words: a shard's at index * BATON_STRIDE. */
  batons: SharedArrayBuffer
  barriers: SharedArrayBuffer
  seed: number
  settings: [string, string][]
  /** The thread's ring is the one with the worker's index. */
  save: SaveMemory
}

/** Words between two batons, and between two doorbells: each has a cache line pair of its own. */
export const BATON_STRIDE = 32
export const DOORBELL_STRIDE = 32
/** Words from a worker's doorbell to the one that rings when its reply ring has room again: seldom used, so no line of
 *  its own. */
export const ROOM_DOORBELL = 16
/** Empty polls before the worker sleeps, some 40 us: waking it costs the I/O thread a system call, the worker more. */
const SPINS_BEFORE_SLEEP = 2000
/** Replies gathered before they are sent on, when a run's are large. */
const PIECE_BYTES = 64 * 1024

/** Less garbage than this is left to V8. */
const WORTH_COLLECTING_BYTES = 16 * 1024 * 1024
const NO_BYTES = new Uint8Array(0)
/** The level of a LogLine. */
const VERBOSE = 1
/** How long commands may wait for a slice of a snapshot, or of freeing what is dead. */
const SLICE_US = 500

export class ShardWorker {
  private readonly start: WorkerStart
  private readonly engine: Engine
  private readonly requests: RingConsumer
  private readonly ring: record.RecordView
  private readonly replies: RingProducer
  private readonly ownDoorbell: Doorbell
  private readonly roomDoorbell: Doorbell
  private readonly ioDoorbell: Doorbell
  private readonly batons: readonly Baton[]
  private readonly barriers: BarrierCells
  /** The commands of a run that are decoded together, so that their keys are fetched together. */
  private readonly decoded = Array.from({ length: PREFETCH_KEYS }, () => new Args())
  private readonly heads = new Int32Array(PREFETCH_KEYS)
  private readonly reply = new Reply()
  /** 1 for shards from which no key may be evicted: all but the one at hand. */
  private readonly away: Int32Array
  private readonly output: SaveOutput
  private readonly sliceHost: SliceHost
  /** A record that comes in parts, as far as it has come. */
  private assembled = NO_BYTES
  /** Bytes of large buffers that were dropped since the last collection. */
  private litterBytes = 0

  constructor(start: WorkerStart) {
    this.start = start
    const commands = new CommandTable(shardFamilies)
    this.engine = new Engine(
      commands,
      start.arenas.map((buffer) => Arena.attach(buffer)),
      systemClock,
      new SeededRandom(start.seed),
    )
    this.away = new Int32Array(start.arenas.length).fill(1)
    for (const [name, value] of start.settings) this.engine.configure(name, value)
    const { engine } = this
    engine.logVerbose = (text) => this.sendControl(record.REPLY_CONTROL, encodeLogLine({ level: VERBOSE, text }))
    const output = new SaveOutput(start.save, start.index, engine.access, engine.settings, true)
    this.output = output
    this.sliceHost = { clock: engine.clock, isFull: () => output.isFull() }
    engine.saveHook.sink = output
    this.requests = new RingConsumer(start.requests)
    const { u8 } = this.requests
    this.ring = new record.RecordView(start.requests, u8.byteOffset, u8.length)
    this.replies = new RingProducer(start.replies)
    const doorbells = new Int32Array(start.doorbells)
    this.roomDoorbell = new Doorbell(doorbells, start.index * DOORBELL_STRIDE + ROOM_DOORBELL)
    this.ownDoorbell = new Doorbell(doorbells, start.index * DOORBELL_STRIDE)
    this.ioDoorbell = new Doorbell(doorbells, start.workers * DOORBELL_STRIDE)
    const batons = new Int32Array(start.batons)
    this.batons = start.arenas.map((_arena, shard) => new Baton(batons, shard * BATON_STRIDE))
    this.barriers = new BarrierCells(new Int32Array(start.barriers))
  }

  /** Serves until the thread is terminated. */
  serve(): never {
    for (;;) {
      const offset = this.next()
      const kind = this.ring.u32[(offset + record.RECORD_KIND) >> 2]
      let isWhole = false
      if (kind === record.RECORD_PART) isWhole = this.takePart(offset)
      else this.run(this.ring, offset)
      this.requests.advance()
      // The I/O thread may wait for room, and no reply tells it that there is some now.
      if (kind === record.RECORD_PART || kind === record.RECORD_CONTROL) this.ioDoorbell.ring()
      if (isWhole) this.runAssembled()
    }
  }

  /** The next record, waited for: a short spin, then sleep. */
  private next(): number {
    for (;;) {
      for (let spin = 0; spin < SPINS_BEFORE_SLEEP; spin++) {
        const offset = this.requests.next()
        if (offset >= 0) return offset
      }
      if (this.litterBytes > WORTH_COLLECTING_BYTES) {
        this.litterBytes = 0
        collectGarbage()
      }
      this.ownDoorbell.prepareToSleep()
      const offset = this.requests.next()
      if (offset >= 0) {
        this.ownDoorbell.cancelSleep()
        return offset
      }
      this.ownDoorbell.sleep()
    }
  }

  /** Adds a part to the record that comes in parts; whether that was the last. */
  private takePart(offset: number): boolean {
    const { u8, u32, f64 } = this.ring
    const bytes = u32[(offset + record.PART_BYTES) >> 2]
    const total = f64[(offset + record.PART_TOTAL) >> 3]
    const from = f64[(offset + record.PART_FROM) >> 3]
    if (from === 0) this.assembled = new Uint8Array(Math.ceil(total / 8) * 8)
    const data = offset + record.PART_HEADER_BYTES
    this.assembled.set(u8.subarray(data, data + bytes), from)
    return from + bytes === total
  }

  /** Runs the record whose last part has come. */
  private runAssembled(): void {
    const { buffer, length } = this.assembled
    this.assembled = NO_BYTES
    this.litterBytes += length
    this.run(new record.RecordView(buffer, 0, length), 0)
    // Arguments must not keep a large record alive.
    for (const args of this.decoded) args.bytes = NO_BYTES
  }

  private run(view: record.RecordView, offset: number): void {
    const kind = view.u32[(offset + record.RECORD_KIND) >> 2]
    if (kind === record.RECORD_CONTROL) {
      const from = offset + record.RECORD_HEADER_BYTES
      this.control(view.u8.slice(from, from + view.u32[(offset + record.RECORD_COUNT) >> 2]))
      return
    }
    this.setScene(view, offset)
    if (kind === record.RECORD_RUN) {
      this.runCommands(view, offset, view.u32[(offset + record.RECORD_COUNT) >> 2])
      this.send(record.REPLY_LAST)
    } else if (kind === record.RECORD_BARRIER) this.runBarrier(view, offset)
    else if (kind === record.RECORD_HOLD) this.hold(view.u32[(offset + record.RECORD_CELL) >> 2])
    else if (kind === record.RECORD_SAVE) this.saveSlice(view.u32[(offset + record.RECORD_COUNT) >> 2])
    else if (kind === record.RECORD_FREE) this.freeSlice(view.u32[(offset + record.RECORD_COUNT) >> 2])
    else {
      assert(kind === record.RECORD_CRON, 'a known kind of record')
      this.cron(view.u32[(offset + record.RECORD_COUNT) >> 2])
    }
  }

  private setScene(view: record.RecordView, offset: number): void {
    const { engine } = this
    engine.begin(view.f64[(offset + record.RECORD_NOW) >> 3])
    engine.client = view.f64[(offset + record.RECORD_CLIENT) >> 3]
    const flags = view.u32[(offset + record.RECORD_FLAGS) >> 2]
    engine.access.noTouch = (flags & record.RUN_NO_TOUCH) !== 0
    engine.access.expirePaused = (flags & record.RUN_EXPIRE_PAUSED) !== 0
    this.reply.resp3 = (flags & record.RUN_RESP3) !== 0
  }

  /** Runs the commands of a record; their replies gather in `reply`. */
  private runCommands(view: record.RecordView, offset: number, count: number): void {
    const { engine } = this
    const db = view.u32[(offset + record.RECORD_DB) >> 2]
    const startUs = engine.clock.monotonicUs()
    if (engine.budget.isLimited) engine.budget.measure()
    let at = (offset + record.RECORD_HEADER_BYTES) >> 2
    for (let done = 0; done < count; done += PREFETCH_KEYS) {
      const together = Math.min(PREFETCH_KEYS, count - done)
      at = this.decode(view, at, together, db)
      for (let i = 0; i < together; i++) this.runDecoded(i, db)
    }
    engine.statistics.endBatch(engine.clock.monotonicUs() - startUs)
    this.output.flush()
  }

  /** Decodes commands from word `at` on and fetches the keys of those in one shard; returns the word after them. */
  private decode(view: record.RecordView, at: number, count: number, db: number): number {
    const { engine, decoded, heads } = this
    const words = view.u32
    for (let i = 0; i < count; i++) {
      const args = decoded[i]
      const shard = words[at] >>> 16
      const hash = words[at + 1] | 0
      const argc = words[at + 2]
      heads[i] = words[at] | 0
      at += record.COMMAND_HEADER_BYTES >> 2
      args.clear()
      args.bytes = view.u8
      let byte = (at + argc) << 2
      for (let a = 0; a < argc; a++) {
        const length = words[at + a]
        args.push(byte, length)
        byte += length
      }
      at = (byte + 3) >> 2
      if (shard === record.NO_SHARD) continue
      args.keyHash[0] = hash
      engine.prefetcher.add(engine.shards[shard].keyspaces[db].keys, hash)
    }
    engine.prefetcher.run()
    return at
  }

  private runDecoded(index: number, db: number): void {
    const { engine, reply } = this
    const args = this.decoded[index]
    const shard = this.heads[index] >>> 16
    const id = this.heads[index] & 0xffff
    const command = engine.commands.commands[id]
    engine.select(shard === record.NO_SHARD ? 0 : shard, db)
    if (shard !== record.NO_SHARD) {
      assert(this.batons[shard].isHeldBy(workerThread(this.start.index)), 'I1 the baton came with the record')
      engine.keyspace.expect(args.offset[command.firstKey], args.keyHash[0])
    } else if (command.runs === 'shards') {
      engine.locateKeys(command, args)
      engine.fetchKeys(command, args)
    }
    if (engine.budget.isLimited && this.lacksMemory(command, args, shard)) {
      engine.statistics.reject(id, errors.OUT_OF_MEMORY)
      reply.error(errors.OUT_OF_MEMORY)
    } else engine.run(id, args, reply)
    if (reply.length > PIECE_BYTES) this.send(record.REPLY_PIECE)
    if (engine.slow.pending) this.reportSlow()
  }

  /**
   * Whether a command has to be refused for the memory that it may need. The I/O thread has asked so already, but could
   * not know what the commands ahead of it in the ring would take. Room is made in the shard of its first key.
   */
  private lacksMemory(command: Command<Engine>, args: Args, selected: number): boolean {
    const { engine, away } = this
    if ((command.flags & DENYOOM) === 0 || command.runs === 'all' || engine.access.expirePaused) return false
    const shard = selected === record.NO_SHARD ? args.keyShard[command.firstKey] : selected
    if (engine.budget.isBelowCeiling(shard)) return false
    away[shard] = 0
    const outcome = engine.budget.makeRoom(away)
    away[shard] = 1
    this.reportLatency('eviction-del', engine.budget.longestDeletionUs / 1000)
    this.reportLatency('eviction-cycle', engine.budget.cycleUs / 1000)
    return outcome === NONE_LEFT
  }

  /** Meets the other workers; the last to arrive runs the command over all their shards. */
  private runBarrier(view: record.RecordView, offset: number): void {
    const cell = view.u32[(offset + record.RECORD_CELL) >> 2]
    if (this.barriers.arrive(cell)) {
      this.runCommands(view, offset, 1)
      this.barriers.open(cell)
    } else {
      this.barriers.waitOpen(cell)
    }
    this.send(record.REPLY_LAST)
  }

  /** Lets the I/O thread run over this worker's shards. */
  private hold(cell: number): void {
    // Arrives before it says so: the I/O thread may act on the word at once.
    const runs = this.barriers.arrive(cell)
    assert(!runs, 'the I/O thread arrives last at a hold')
    this.send(record.REPLY_HELD)
    this.barriers.waitOpen(cell)
  }

  private cron(shard: number): void {
    const { engine } = this
    const startUs = engine.clock.monotonicUs()
    expireCycle(engine, engine.shards[shard])
    this.reportLatency('expire-cycle', (engine.clock.monotonicUs() - startUs) / 1000)
    rehashCycle(engine, engine.shards[shard])
    this.output.flush()
    this.send(record.REPLY_LAST)
  }

  private saveSlice(shard: number): void {
    saveSlice(this.engine.shards[shard], this.sliceHost, SLICE_US)
    this.output.flush()
    this.send(record.REPLY_LAST)
  }

  private freeSlice(shard: number): void {
    freeSlice(this.engine.shards[shard], this.engine.clock, SLICE_US)
    this.send(record.REPLY_LAST)
  }

  private control(bytes: Uint8Array): void {
    const frame = decodeControlFrame(bytes)
    if (frame.type === 'SettingChange') this.engine.configure(frame.name, frame.value)
    else if (frame.type === 'StatisticsRequest') {
      this.sendControl(record.REPLY_ANSWER, encodeStatistics(this.engine.statistics.export(frame.id)))
    } else if (frame.type === 'StatisticsReset') this.engine.statistics.reset()
    else assert(false, 'a control frame that a worker understands')
  }

  private reportLatency(event: string, durationMs: number): void {
    const threshold = this.engine.settings.latencyMonitorThreshold
    if (threshold === 0 || durationMs < threshold) return
    this.sendControl(record.REPLY_CONTROL, encodeLatencySample({ event, timeMs: this.engine.nowMs, durationMs }))
  }

  private reportSlow(): void {
    const { slow } = this.engine
    slow.pending = false
    this.sendControl(
      record.REPLY_CONTROL,
      encodeSlowCommand({
        timeMs: this.engine.nowMs,
        durationUs: slow.durationUs,
        clientId: this.engine.client,
        arguments: slow.arguments,
        argumentCount: slow.argumentCount,
        command: slow.command,
      }),
    )
  }

  /** Sends what `reply` holds, in as many records as it takes, the last one of the given kind. */
  private send(kind: number): void {
    const { reply, replies } = this
    const largest = replies.maxRecordBytes - record.REPLY_HEADER_BYTES
    let from = 0
    while (reply.length - from > largest) {
      this.push(record.REPLY_PIECE, reply.bytes, from, largest)
      from += largest
    }
    this.push(kind, reply.bytes, from, reply.length - from)
    if (reply.isOutsized) this.litterBytes += reply.bytes.length
    reply.reset()
    this.ioDoorbell.ring()
  }

  /** Sends a control frame, in as many records as it takes: statistics grow with what clients do. */
  private sendControl(kind: number, frame: Uint8Array): void {
    const largest = this.replies.maxRecordBytes - record.REPLY_HEADER_BYTES
    let from = 0
    for (; frame.length - from > largest; from += largest) this.push(record.REPLY_CONTROL_PIECE, frame, from, largest)
    this.push(kind, frame, from, frame.length - from)
    this.ioDoorbell.ring()
  }

  private push(kind: number, bytes: Uint8Array, from: number, length: number): void {
    const { replies } = this
    let offset = replies.reserve(record.REPLY_HEADER_BYTES + length)
    while (offset < 0) {
      // Full: the I/O thread is behind, and rings when it has taken replies.
      this.ioDoorbell.ring()
      this.roomDoorbell.prepareToSleep()
      offset = replies.reserve(record.REPLY_HEADER_BYTES + length)
      if (offset >= 0) this.roomDoorbell.cancelSleep()
      else {
        this.roomDoorbell.sleep()
        offset = replies.reserve(record.REPLY_HEADER_BYTES + length)
      }
    }
    replies.i32[offset >> 2] = kind
    replies.u8.set(bytes.subarray(from, from + length), offset + record.REPLY_HEADER_BYTES)
    replies.commit(record.REPLY_HEADER_BYTES + length)
  }
}

if (workerData !== null && (workerData as { spinelWorker?: WorkerStart }).spinelWorker !== undefined) {
  new ShardWorker((workerData as { spinelWorker: WorkerStart }).spinelWorker).serve()
}
