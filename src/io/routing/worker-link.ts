/* The I/O thread's end of one shard worker: the rings to and from it, the doorbells, and the runs it has not finished.
 * I/O thread. Hot: push(), drain().
 *
 * I1  `waiting` holds the runs pushed and not yet finished, in order: replies come back in the same order.
 * I2  while `backlog` is not empty every record goes to its end: the order of push() is the order in the ring.
 * Bound: the ring. What does not fit waits in the backlog, and the sequencer stops reading from every session that adds to
 * it, so it holds at most one run for each connection. */
import type { MessagePort, Worker } from 'node:worker_threads'
import { RingConsumer, RingProducer } from '../../shm/ring/ring.ts'
import { Doorbell } from '../../shm/sync/doorbell.ts'
import * as record from '../../shard-worker/record.ts'
import type { ReplySlot } from '../reply/slot.ts'
import type { Session } from '../session/session.ts'

/** Waking a worker is a system call, so it is told of several records at once: after this many, or at the end of the
 *  event loop's turn. */
const RECORDS_PER_RING = 8

/** What waits for a worker: a run of commands, a turn of the cron, a part of a barrier, or a hold. */
export class Run {
  session: Session | null = null
  slot: ReplySlot | null = null
  /** Shards whose batons it took along, one entry per command and shard. */
  shards = new Int32Array(16)
  shardCount = 0
  /** Barrier cell to free when the last party is done; -1 = none. */
  cell = -1
  hold: Hold | null = null

  addShard(shard: number): void {
    if (this.shardCount === this.shards.length) {
      const larger = new Int32Array(this.shards.length * 2)
      larger.set(this.shards)
      this.shards = larger
    }
    this.shards[this.shardCount++] = shard
  }

  clear(): void {
    this.session = null
    this.slot = null
    this.shardCount = 0
    this.cell = -1
    this.hold = null
  }
}

/** Workers on their way to a cell where the I/O thread will run `action` over their shards. */
export interface Hold {
  cell: number
  /** Workers that have not reported yet. */
  missing: number
  runs: Run[]
  action: () => void
}

/** What the link tells the sequencer. */
export interface LinkOwner {
  replied(run: Run, bytes: Uint8Array, offset: number, length: number): void
  finished(run: Run): void
  held(run: Run): void
  control(worker: number, frame: Uint8Array): void
}

export class WorkerLink {
  readonly index: number
  readonly worker: Worker
  private readonly port: MessagePort
  private readonly requests: RingProducer
  private readonly replies: RingConsumer
  private readonly doorbell: Doorbell
  private readonly owner: LinkOwner
  private waiting: (Run | undefined)[] = []
  private waitingHead = 0
  private backlog: Uint8Array[] = []
  /** Control frames that the worker has not answered. */
  unanswered = 0
  /** Records written since the doorbell rang. */
  private unannounced = 0

  constructor(
    index: number,
    worker: Worker,
    port: MessagePort,
    rings: { requests: SharedArrayBuffer; replies: SharedArrayBuffer },
    doorbell: Doorbell,
    owner: LinkOwner,
  ) {
    this.index = index
    this.worker = worker
    this.port = port
    this.requests = new RingProducer(rings.requests)
    this.replies = new RingConsumer(rings.replies)
    this.doorbell = doorbell
    this.owner = owner
  }

  /** Runs that have not finished. */
  get pendingRuns(): number {
    return this.waiting.length - this.waitingHead
  }

  get isCongested(): boolean {
    return this.backlog.length > 0
  }

  /** Sends a record; `run`, if any, waits for its replies. */
  push(builder: record.RecordBuilder, run: Run | null): void {
    if (run !== null) this.waiting.push(run)
    if (this.backlog.length > 0 || !this.write(builder.bytes, builder.length)) {
      this.backlog.push(builder.bytes.slice(0, builder.length))
    }
  }

  /** Puts a record into the ring, or into a buffer of its own that the ring announces; false when the ring is full. */
  private write(bytes: Uint8Array, length: number): boolean {
    const { requests } = this
    const isExternal = length > requests.maxRecordBytes
    const offset = requests.reserve(isExternal ? record.RECORD_HEADER_BYTES : length)
    if (offset < 0) return false
    if (isExternal) {
      const shared = new SharedArrayBuffer((length + 7) & ~7)
      new Uint8Array(shared).set(bytes.subarray(0, length))
      this.port.postMessage(shared)
      requests.i32[offset >> 2] = record.RECORD_EXTERNAL
      requests.commit(record.RECORD_HEADER_BYTES)
    } else {
      requests.u8.set(bytes.subarray(0, length), offset)
      requests.commit(length)
    }
    if (++this.unannounced >= RECORDS_PER_RING) this.ring()
    return true
  }

  /** Wakes the worker if it sleeps and there are records that it has not been told of. */
  ring(): void {
    if (this.unannounced === 0) return
    this.unannounced = 0
    this.doorbell.ring()
  }

  /** Handles every reply that has come and refills the ring from the backlog; returns how many replies there were. */
  drain(): number {
    const { replies, owner } = this
    let handled = 0
    for (let offset = replies.next(); offset >= 0; offset = replies.next()) {
      handled++
      const kind = replies.i32[offset >> 2]
      const from = offset + record.REPLY_HEADER_BYTES
      const length = replies.length - record.REPLY_HEADER_BYTES
      if (kind === record.REPLY_CONTROL || kind === record.REPLY_ANSWER) {
        if (kind === record.REPLY_ANSWER) this.unanswered--
        owner.control(this.index, replies.u8.slice(from, from + length))
      } else {
        const run = this.waiting[this.waitingHead] as Run
        if (length > 0) owner.replied(run, replies.u8, from, length)
        if (kind === record.REPLY_LAST) {
          this.shift()
          owner.finished(run)
        } else if (kind === record.REPLY_HELD) {
          this.shift()
          owner.held(run)
        }
      }
      replies.advance()
    }
    while (this.backlog.length > 0 && this.write(this.backlog[0], this.backlog[0].length)) this.backlog.shift()
    return handled
  }

  get hasReplies(): boolean {
    return this.replies.next() >= 0
  }

  private shift(): void {
    this.waiting[this.waitingHead++] = undefined
    if (this.waitingHead === this.waiting.length) {
      this.waiting.length = 0
      this.waitingHead = 0
    }
  }
}

