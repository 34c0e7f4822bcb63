/* Replies that leave together when the event loop has read what there was. I/O thread. Hot: post().
 *
 * One turn of the loop reads from every socket that has something. Were each reply written at once, its system call
 * would find the client asleep and wake it, time after time: waking another core costs several microseconds, and the
 * client then reads one reply where it could have read many. So replies are copied here, and written in a row once a
 * few connections have theirs, at the latest when the turn ends, as Redis does before it sleeps. 50 connections at
 * pipeline 64: INCR 1.89 -> 2.28 M/s, 0.20 -> 0.10 us of system time a command; without pipelining p99 1.04 -> 0.83 ms.
 *
 *   bytes   | replies of owners[0] | replies of owners[1] | ...
 *           0                    ends[0]                ends[1]
 *
 * I1  an owner stands here at most once, and bytes reach its socket in the order in which it gave them.
 * I2  a flush is scheduled whenever something is here.
 * Bound: OUTBOX_BYTES and OUTBOX_OWNERS; what would exceed them is written first. */
import { assert } from '../../base/assert.ts'
import { copyBytes } from '../../base/bytes.ts'

/** The most that may be posted in one piece. Longer replies gain nothing by a copy. */
export const POST_BYTES = 16 * 1024
const OUTBOX_BYTES = 64 * 1024
/** 8 was better than 64 by a tenth: the first clients to be answered work on while the rest are served. */
const OUTBOX_OWNERS = 8

/** Whose replies leave together. */
export interface Poster {
  /** To write what it has posted, bytes[offset .. offset + length), which is valid during the call. */
  sendPosted(bytes: Uint8Array, offset: number, length: number): void
}

export class Outbox {
  private readonly bytes = new Uint8Array(OUTBOX_BYTES)
  private readonly owners: (Poster | null)[] = new Array<Poster | null>(OUTBOX_OWNERS).fill(null)
  private readonly ends = new Int32Array(OUTBOX_OWNERS)
  private count = 0
  private length = 0
  private isScheduled = false
  private isFlushing = false
  private readonly endTurn = (): void => {
    this.isScheduled = false
    this.flush()
  }

  /** Takes a copy of at most POST_BYTES. An owner that has posted before must be the newest. */
  post(owner: Poster, bytes: Uint8Array, offset: number, length: number): void {
    assert(!this.isFlushing, 'writing posts nothing')
    const isNewest = this.isNewest(owner)
    if (this.length + length > OUTBOX_BYTES || (this.count === OUTBOX_OWNERS && !isNewest)) this.flush()
    copyBytes(this.bytes, this.length, bytes, offset, length)
    this.length += length
    if (!isNewest || this.count === 0) this.owners[this.count++] = owner
    this.ends[this.count - 1] = this.length
    if (!this.isScheduled) {
      this.isScheduled = true
      setImmediate(this.endTurn)
    }
  }

  /** Whether more of this owner may follow what stands here. */
  isNewest(owner: Poster): boolean {
    return this.count > 0 && this.owners[this.count - 1] === owner
  }

  /** Writes everything that is here. Of owners that go away meanwhile nothing more is written. */
  flush(): void {
    const { count, bytes, owners, ends } = this
    this.count = 0
    this.length = 0
    this.isFlushing = true
    let from = 0
    for (let i = 0; i < count; i++) {
      const owner = owners[i] as Poster
      owners[i] = null
      owner.sendPosted(bytes, from, ends[i] - from)
      from = ends[i]
    }
    this.isFlushing = false
  }
}

/** The I/O thread's. */
export const outbox = new Outbox()
