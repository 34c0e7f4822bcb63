/* The I/O thread's end of one shard worker: the rings to and from it, the doorbells, and the runs it has not finished.
 * I/O thread. Hot: push(), drain().
 *
 * I1  `waiting` holds the runs pushed and not yet finished, in order: replies come back in the same order.
 * I2  while `backlog` is not empty every record goes to its end: the order of push() is the order in the ring.
 * I3  a record larger than the ring takes at once goes in parts, the rest of it first in the backlog meanwhile.
 * Bound: the ring. What does not fit waits in the backlog, and the sequencer reads from no session while there is one:
 * it holds the run at hand, and what the server itself sends. A drain() handles DRAIN_BYTES of replies or a little
 * more, so that sockets get their turn. */
import type { Worker } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { Fifo } from '../../base/fifo.ts'
import * as record from '../../shard-worker/record.ts'
import { RingConsumer, RingProducer } from '../../shm/ring/ring.ts'
import type { Doorbell } from '../../shm/sync/doorbell.ts'
import type { ReplySlot } from '../reply/slot.ts'
import type { Session } from '../session/session.ts'

/** Waking a worker is a system call, so it is told of several records at once: after this many, or at the end of the
 *  event loop's turn. */
const RECORDS_PER_RING = 8
/** Bytes of replies handled in one turn of the event loop. */
const DRAIN_BYTES = 1024 * 1024

/** A record that waits for room; the first `sent` of its `length` bytes are in the ring already, in parts. */
interface Waiting {
  bytes: Uint8Array
  length: number
  sent: number
}

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
  /** The shard of a turn of the cron; -1 = none. */
  cronShard = -1
  /** The shard of a slice of a snapshot, or of freeing; -1 = none. */
  savedShard = -1
  freedShard = -1

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
    this.cronShard = -1
    this.savedShard = -1
    this.freedShard = -1
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
  private readonly requests: RingProducer
  private readonly requestFloats: Float64Array
  private readonly replies: RingConsumer
  private readonly doorbell: Doorbell
  /** Rings when replies have been taken, for a worker that waits for room. */
  private readonly roomDoorbell: Doorbell
  private readonly owner: LinkOwner
  private readonly waiting = new Fifo<Run>()
  private readonly backlog = new Fifo<Waiting>()
  /** What has come of a control frame that takes several records. */
  private controlPieces: Uint8Array[] = []
  /** Control frames that the worker has not answered. */
  unanswered = 0
  /** Records written since the doorbell rang. */
  private unannounced = 0

  constructor(
    index: number,
    worker: Worker,
    rings: { requests: SharedArrayBuffer; replies: SharedArrayBuffer },
    doorbells: { work: Doorbell; room: Doorbell },
    owner: LinkOwner,
  ) {
    this.index = index
    this.worker = worker
    this.requests = new RingProducer(rings.requests)
    const { buffer, byteOffset, byteLength } = this.requests.u8
    this.requestFloats = new Float64Array(buffer, byteOffset, byteLength >> 3)
    this.replies = new RingConsumer(rings.replies)
    this.doorbell = doorbells.work
    this.roomDoorbell = doorbells.room
    this.owner = owner
  }

  /** Runs that have not finished. */
  get pendingRuns(): number {
    return this.waiting.length
  }

  get isCongested(): boolean {
    return this.backlog.length > 0
  }

  /** Sends a record; `run`, if any, waits for its replies. */
  push(builder: record.RecordBuilder, run: Run | null): void {
    if (run !== null) this.waiting.push(run)
    const { bytes, length } = builder
    const fits = length <= this.requests.maxRecordBytes
    if (fits && this.backlog.length === 0 && this.write(bytes, length)) return
    // An outsized buffer is the record's own: the builder drops it.
    this.backlog.push({ bytes: builder.isOutsized ? bytes : bytes.slice(0, length), length, sent: 0 })
    this.refill()
  }

  /** Moves what waits into the ring, as far as there is room. */
  private refill(): void {
    for (let next = this.backlog.first; next !== undefined; next = this.backlog.first) {
      const fits = next.length <= this.requests.maxRecordBytes
      if (!(fits ? this.write(next.bytes, next.length) : this.writeParts(next))) {
        // The worker makes room once it knows what there is.
        this.ring()
        return
      }
      this.backlog.shift()
    }
  }

  /** Puts a record into the ring; false when that is full. */
  private write(bytes: Uint8Array, length: number): boolean {
    const { requests } = this
    const offset = requests.reserve(length)
    if (offset < 0) return false
    requests.u8.set(bytes.subarray(0, length), offset)
    requests.commit(length)
    if (++this.unannounced >= RECORDS_PER_RING) this.ring()
    return true
  }

  /** Puts parts of a record into the ring; false when that is full before the last of them. */
  private writeParts(waiting: Waiting): boolean {
    const { requests } = this
    while (waiting.sent < waiting.length) {
      const bytes = this.nextPartBytes(waiting)
      const offset = requests.reserve(record.PART_HEADER_BYTES + bytes)
      if (offset < 0) return false
      const { i32, u8 } = requests
      i32[offset >> 2] = record.RECORD_PART
      i32[(offset + record.PART_BYTES) >> 2] = bytes
      this.requestFloats[(offset + record.PART_TOTAL) >> 3] = waiting.length
      this.requestFloats[(offset + record.PART_FROM) >> 3] = waiting.sent
      u8.set(waiting.bytes.subarray(waiting.sent, waiting.sent + bytes), offset + record.PART_HEADER_BYTES)
      requests.commit(record.PART_HEADER_BYTES + bytes)
      this.unannounced++
      waiting.sent += bytes
    }
    return true
  }

  private nextPartBytes(waiting: Waiting): number {
    return Math.min(waiting.length - waiting.sent, this.requests.maxRecordBytes - record.PART_HEADER_BYTES)
  }

  /** Wakes the worker if it sleeps and there are records that it has not been told of. */
  ring(): void {
    if (this.unannounced === 0) return
    this.unannounced = 0
    this.doorbell.ring()
  }

  /** Handles replies that have come and refills the ring from the backlog; returns how many replies there were. */
  drain(): number {
    const { replies, owner } = this
    let handled = 0
    let bytes = 0
    for (let offset = replies.next(); offset >= 0 && bytes < DRAIN_BYTES; offset = replies.next()) {
      handled++
      bytes += replies.length
      const kind = replies.i32[offset >> 2]
      const from = offset + record.REPLY_HEADER_BYTES
      const length = replies.length - record.REPLY_HEADER_BYTES
      if (kind === record.REPLY_CONTROL_PIECE) this.controlPieces.push(replies.u8.slice(from, from + length))
      else if (kind === record.REPLY_CONTROL || kind === record.REPLY_ANSWER) {
        if (kind === record.REPLY_ANSWER) this.unanswered--
        owner.control(this.index, this.wholeFrame(replies.u8.slice(from, from + length)))
      } else this.handle(kind, from, length)
      replies.advance()
    }
    if (handled > 0) this.roomDoorbell.ring()
    if (this.backlog.length > 0) this.refill()
    return handled
  }

  /** The control frame that ends with `last`. */
  private wholeFrame(last: Uint8Array): Uint8Array {
    if (this.controlPieces.length === 0) return last
    const frame = new Uint8Array(Buffer.concat([...this.controlPieces, last]))
    this.controlPieces = []
    return frame
  }

  /** A reply to the oldest run: `length` bytes at `from`. */
  private handle(kind: number, from: number, length: number): void {
    const { owner, waiting } = this
    const run = waiting.first
    assert(run !== undefined, 'I1 a reply is to a run that waits')
    if (length > 0) owner.replied(run, this.replies.u8, from, length)
    if (kind === record.REPLY_LAST) {
      waiting.shift()
      owner.finished(run)
    } else if (kind === record.REPLY_HELD) {
      waiting.shift()
      owner.held(run)
    }
  }

  /** Whether drain() would do anything: replies have come, or what waits has room. */
  get hasWork(): boolean {
    if (this.replies.next() >= 0) return true
    const next = this.backlog.first
    if (next === undefined) return false
    const fits = next.length <= this.requests.maxRecordBytes
    return this.requests.reserve(fits ? next.length : record.PART_HEADER_BYTES + this.nextPartBytes(next)) >= 0
  }
}
