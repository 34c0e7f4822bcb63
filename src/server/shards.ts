/* Builds the shards: their arenas, the worker threads over them, and what ties both to the I/O thread. Main thread, at
 * start. How many: see shardCount(). */

import { randomBytes } from 'node:crypto'
import { totalmem } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { CommandTable } from '../base/command-table.ts'
import type { Clock, Random } from '../base/ports.ts'
import type { Reply } from '../base/reply.ts'
import { Sequencer } from '../io/routing/sequencer.ts'
import { WorkerLink } from '../io/routing/worker-link.ts'
import { Engine } from '../shard-worker/engine.ts'
import { Shard } from '../shard-worker/keyspace/shard.ts'
import { createSaveMemory, type SaveMemory } from '../shard-worker/save-channel.ts'
import { SaveOutput } from '../shard-worker/save-output.ts'
import { BATON_STRIDE, DOORBELL_STRIDE, ROOM_DOORBELL, type WorkerStart } from '../shard-worker/worker.ts'
import { Arena } from '../shm/arena/arena.ts'
import { MAX_ARENA_BYTES } from '../shm/arena/layout.ts'
import { formatRing, ringBytes } from '../shm/ring/ring.ts'
import { BarrierCells, BarrierPool, barrierBytes } from '../shm/sync/barrier.ts'
import { Baton } from '../shm/sync/baton.ts'
import { Doorbell } from '../shm/sync/doorbell.ts'

/** The worker's program: beside this source, or beside the bundle that this source has become part of. */
const workerScript = new URL(
  import.meta.url.endsWith('.ts') ? '../shard-worker/worker.ts' : './shard-worker.js',
  import.meta.url,
)

/**
 * How much of an arena keys may be expected to fill when maxmemory is reached: no two shards get quite the same, and
 * pages that hold blocks of one size are none for another. More arenas cost only address space.
 */
const FILLED_SHARE = 0.75
/** Capacity of each ring; a record of up to a quarter of it travels in it. */
const RING_BYTES = 1024 * 1024
/** Rendezvous that can be under way at once. */
const BARRIER_CELLS = 64

export interface ShardOptions {
  workers: number
  /** 0: derived from the memory to be served. */
  shards: number
  /** maxmemory, 0 = all the machine has. */
  maxmemory: number
  databases: number
  /** Directives that the engines read, with their values. */
  settings: [string, string][]
}

export interface ShardSet {
  engine: Engine
  sequencer: Sequencer
  /** Woken when a reply waits. */
  doorbell: Doorbell
  /** Where `doorbell` lies, for other threads. */
  ioDoorbell: { words: SharedArrayBuffer; index: number }
  /** The way of entries into a snapshot. */
  save: SaveMemory
  output: SaveOutput
  terminate(): Promise<void>
}

/**
 * Shards for an amount of memory: an arena is at most 2 GiB, and each worker has as many as the others. Address space
 * is reserved, not memory: an arena's pages are there when they are first written.
 */
export function shardCount(options: ShardOptions): number {
  const memory = options.maxmemory > 0 ? options.maxmemory / FILLED_SHARE : totalmem()
  const wanted = options.shards > 0 ? options.shards : Math.ceil(memory / MAX_ARENA_BYTES)
  return Math.ceil(Math.max(wanted, options.workers) / options.workers) * options.workers
}

/** Makes the arenas and starts the workers; resolves when they run. */
export function createShards(
  options: ShardOptions,
  commands: CommandTable<Engine>,
  reply: Reply,
  clock: Clock,
  random: Random,
  onFailure: (worker: number, error: Error) => void,
): ShardSet {
  const seed = randomBytes(4).readUInt32LE()
  const arenas: Arena[] = []
  for (let i = 0; i < shardCount(options); i++) {
    const arena = Arena.create(MAX_ARENA_BYTES)
    Shard.initialize(arena, options.databases, seed)
    arenas.push(arena)
  }
  const engine = new Engine(commands, arenas, clock, random)
  engine.access.leavesLong = true
  for (const [name, value] of options.settings) engine.configure(name, value)
  const barriers = new SharedArrayBuffer(barrierBytes(BARRIER_CELLS))
  const cells = new BarrierCells(new Int32Array(barriers))
  const batonMemory = new SharedArrayBuffer(arenas.length * BATON_STRIDE * 4)
  const batons = arenas.map((_arena, shard) => new Baton(new Int32Array(batonMemory), shard * BATON_STRIDE))
  const sequencer = new Sequencer(engine, reply, batons, cells, new BarrierPool(cells))
  const doorbells = new SharedArrayBuffer((options.workers + 1) * DOORBELL_STRIDE * 4)
  const words = new Int32Array(doorbells)
  // The I/O thread's ring is the last.
  const save = createSaveMemory(options.workers + 1)
  const output = new SaveOutput(save, options.workers, engine.access, engine.settings, false)
  engine.saveHook.sink = output
  sequencer.spill = output
  output.onStuck = () => sequencer.onPending()
  const links: WorkerLink[] = []
  for (let index = 0; index < options.workers; index++) {
    const rings = { requests: createRing(), replies: createRing() }
    const start: WorkerStart = {
      index,
      arenas: arenas.map((arena) => arena.buffer),
      requests: rings.requests,
      replies: rings.replies,
      doorbells,
      workers: options.workers,
      batons: batonMemory,
      barriers,
      seed: random.next32(),
      settings: options.settings,
      save,
    }
    const worker = new Worker(workerScript, {
      workerData: { spinelWorker: start },
      name: `shard-worker-${index}`,
    })
    worker.on('error', (error: Error) => onFailure(index, error))
    const work = new Doorbell(words, index * DOORBELL_STRIDE)
    const room = new Doorbell(words, index * DOORBELL_STRIDE + ROOM_DOORBELL)
    links.push(new WorkerLink(index, worker, rings, { work, room }, sequencer))
  }
  sequencer.connect(links)
  return {
    engine,
    sequencer,
    doorbell: new Doorbell(words, options.workers * DOORBELL_STRIDE),
    ioDoorbell: { words: doorbells, index: options.workers * DOORBELL_STRIDE },
    save,
    output,
    terminate: async () => {
      await Promise.all(links.map((link) => link.worker.terminate()))
    },
  }
}

function createRing(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(ringBytes(RING_BYTES))
  formatRing(buffer, 0, RING_BYTES)
  return buffer
}
