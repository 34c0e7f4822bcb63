/* The records that travel between the I/O thread and a worker, within the rings of src/shm/ring. Both threads. Hot: run
 * records. Offsets in bytes, integers little-endian, every field aligned.
 *
 * Request:
 *
 *   0        4         8        12        16         24          32
 *   | kind   | count   | db     | flags   | now f64  | client f64 | commands ...
 *
 * kind    RUN: `count` commands of one connection, in order. BARRIER: one command over shards of several workers that
 *         meet at the barrier cell in `count`. HOLD: park at that cell until the I/O thread opens it. CRON: an
 *         expire and rehash turn for shard `count`. SAVE, FREE: a slice of a snapshot, of freeing what is dead,
 *         likewise. CONTROL: a control frame of `count` bytes follows the header. PART: some bytes of a record that
 *         does not fit, see below.
 * flags   RESP3, NO_TOUCH, EXPIRE_PAUSED.   now  Unix ms of the batch.   client  id.
 *
 * Command:    | id u16 | shard u16 | hash u32 | argc u32 | length u32 [argc] | bytes of all arguments, padded to 4 |
 *             shard: the one to select, NO_SHARD for a command over several.   hash: of its key, 0 for NO_SHARD.
 *
 * Part:       | kind u32 | bytes u32 | total f64 | from f64 | bytes from .. from + bytes of a record of `total` |
 *             The parts of a record follow each other with nothing between them.
 *
 * Reply:      | kind u32 | unused u32 | bytes ... |
 * kind        PIECE: part of a run's replies, more follows. LAST: the rest of them; the run is done and its batons are
 *             back. HELD: the worker waits at the cell. CONTROL: a control frame. ANSWER: one that was
 *             asked for.
 *
 * Replies come in the order of the requests, so neither side needs a number for them. */
import type { Args } from '../base/args.ts'
import { copyBytes } from '../base/bytes.ts'

export const RECORD_RUN = 1
export const RECORD_BARRIER = 2
export const RECORD_HOLD = 3
export const RECORD_CRON = 4
export const RECORD_CONTROL = 5
export const RECORD_PART = 6
export const RECORD_SAVE = 7
export const RECORD_FREE = 8

export const RECORD_KIND = 0
export const RECORD_COUNT = 4
export const RECORD_DB = 8
export const RECORD_FLAGS = 12
export const RECORD_NOW = 16
export const RECORD_CLIENT = 24
/** Of BARRIER and HOLD records: the barrier cell, in the place of `count`. */
export const RECORD_CELL = RECORD_COUNT
export const RECORD_HEADER_BYTES = 32

export const PART_BYTES = RECORD_COUNT
export const PART_TOTAL = 8
export const PART_FROM = 16
export const PART_HEADER_BYTES = 24

export const RUN_RESP3 = 1
export const RUN_NO_TOUCH = 2
/** Access.expirePaused */
export const RUN_EXPIRE_PAUSED = 4

export const COMMAND_HEADER_BYTES = 12
export const NO_SHARD = 0xffff

export const REPLY_PIECE = 1
export const REPLY_LAST = 2
export const REPLY_HELD = 3
export const REPLY_CONTROL = 4
export const REPLY_ANSWER = 5
/** The beginning of a control frame that is longer than a record; the record of its kind brings the end. */
export const REPLY_CONTROL_PIECE = 6
export const REPLY_HEADER_BYTES = 8

const INITIAL_BYTES = 64 * 1024

/** A reader's views of the memory that holds records: a ring's data area, or a buffer of its own. */
export class RecordView {
  readonly u8: Uint8Array
  readonly u32: Uint32Array
  readonly f64: Float64Array

  constructor(buffer: ArrayBufferLike, byteOffset: number, byteLength: number) {
    this.u8 = new Uint8Array(buffer, byteOffset, byteLength)
    this.u32 = new Uint32Array(buffer, byteOffset, byteLength >> 2)
    this.f64 = new Float64Array(buffer, byteOffset, byteLength >> 3)
  }
}

/** Bytes of one command in a record. */
export function commandBytes(args: Args): number {
  return COMMAND_HEADER_BYTES + args.count * 4 + ((args.totalBytes() + 3) & ~3)
}

/** Builds one record in scratch memory of its own, to be copied into a ring whole. */
export class RecordBuilder {
  bytes: Uint8Array
  private words: Uint32Array
  private floats: Float64Array
  /** Bytes built so far, a multiple of 4. */
  length: number
  /** Commands in it. */
  count: number

  constructor() {
    this.bytes = new Uint8Array(INITIAL_BYTES)
    this.words = new Uint32Array(this.bytes.buffer)
    this.floats = new Float64Array(this.bytes.buffer)
    this.length = 0
    this.count = 0
  }

  get isEmpty(): boolean {
    return this.length === 0
  }

  begin(kind: number, count: number, db: number, flags: number, nowMs: number, client: number): void {
    this.words[RECORD_KIND >> 2] = kind
    this.words[RECORD_COUNT >> 2] = count
    this.words[RECORD_DB >> 2] = db
    this.words[RECORD_FLAGS >> 2] = flags
    this.floats[RECORD_NOW >> 3] = nowMs
    this.floats[RECORD_CLIENT >> 3] = client
    this.length = RECORD_HEADER_BYTES
    this.count = 0
  }

  /** Appends a command; a RUN's count follows. */
  append(command: number, shard: number, hash: number, args: Args): void {
    this.ensure(commandBytes(args))
    const words = this.words
    let at = this.length >> 2
    words[at++] = command | (shard << 16)
    words[at++] = hash
    words[at++] = args.count
    for (let i = 0; i < args.count; i++) words[at++] = args.length[i]
    let byte = at << 2
    for (let i = 0; i < args.count; i++) {
      copyBytes(this.bytes, byte, args.bytes, args.offset[i], args.length[i])
      byte += args.length[i]
    }
    this.length = (byte + 3) & ~3
    this.count++
    if (words[RECORD_KIND >> 2] === RECORD_RUN) words[RECORD_COUNT >> 2] = this.count
  }

  /** Appends raw bytes: a control frame. */
  appendBytes(source: Uint8Array): void {
    this.ensure(source.length + 8)
    this.bytes.set(source, this.length)
    this.length = (this.length + source.length + 3) & ~3
  }

  private ensure(extra: number): void {
    if (this.length + extra <= this.bytes.length) return
    let capacity = this.bytes.length
    while (capacity < this.length + extra) capacity *= 2
    const bytes = new Uint8Array(capacity)
    bytes.set(this.bytes.subarray(0, this.length))
    this.bytes = bytes
    this.words = new Uint32Array(bytes.buffer)
    this.floats = new Float64Array(bytes.buffer)
  }

  /** Whether the buffer has grown beyond what is kept: worth handing over rather than copying. */
  get isOutsized(): boolean {
    return this.bytes.length > INITIAL_BYTES
  }

  /** Empties it; an outsized buffer is dropped, and whoever has taken it may keep it. */
  reset(): void {
    this.length = 0
    this.count = 0
    if (!this.isOutsized) return
    this.bytes = new Uint8Array(INITIAL_BYTES)
    this.words = new Uint32Array(this.bytes.buffer)
    this.floats = new Float64Array(this.bytes.buffer)
  }
}
