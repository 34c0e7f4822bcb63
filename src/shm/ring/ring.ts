/* A single-producer, single-consumer byte ring in shared memory: how threads hand each other records.
 *
 * Thread: one RingProducer on one thread, one RingConsumer on one thread (the same one, or another). A second producer
 * may only be made after the first has stopped for good, and so for consumers: everything that counts is in the
 * SharedArrayBuffer, the fields of the objects are caches of it.
 *
 * The ring, from its byte offset. Producer and consumer write to lines of their own: 128 bytes apart, because
 * processors fetch lines of 64 bytes in pairs, and wherever the buffer happens to start, 128 bytes apart is never one
 * line.
 *
 *   0          128        256              384                                   384 + capacity
 *   | tail i32 | head i32 | capacity i32   | data                                |
 *     producer   consumer   written once
 *
 * tail, head   free-running positions: they count bytes for ever, modulo 2^32; a position's place in the data is its
 *              low bits. tail = head is empty, tail - head = capacity is full.
 * capacity     a power of two; 0 in a fresh buffer means: the ring reaches to the end of its buffer.
 *
 * A record, at a multiple of 8. `place` is position & (capacity - 1).
 *
 *   place    +4         +8                          +8 + length, rounded up to 8
 *   | length | position | payload                 | pad |
 *
 * The payload is never split: what would pass the end of the data starts at place 0 instead, and a skip marker
 * (length -1) fills the rest of this lap. Before, a lap's end that is too short for the next record, and after:
 *
 *   | ..free.. | rec | rec | ..too short.. |       | RECORD |..free.. | rec | rec | skip >>>>>>>>> |
 *              ^head       ^tail                            ^tail      ^head
 *
 * I1  head and tail are multiples of 8, and 0 <= tail - head <= capacity.
 * I2  records and skips follow each other from head without a gap and end exactly at tail.
 * I3  every record and skip carries its own position: a header overwritten by a stray write shows at once.
 * I4  no record passes the end of the data, and none is longer than maxRecordBytes.
 * I5  a skip reaches exactly to the end of the data, and a record follows it (they become visible together).
 *
 * Why it is safe: the producer writes a record, then stores tail; the consumer loads tail, then reads the record. It
 * reads, then stores head; the producer loads head, then overwrites. Atomic stores and loads order the plain ones
 * around them, so no side sees a place the other is still using. Each side keeps its last look at the far index and
 * looks again only when the ring seems full, or empty: most records cost no transfer of the far side's cache line.
 *
 * An atomic operation is a call of 13 ns in V8, more than all the rest of a record, so both sides can spread it over
 * several records. The producer may `stage` records and `publish` them at once. The consumer stores head when it has
 * caught up with the tail it knows, or an eighth of the capacity is to be freed; until then head lags, which only makes
 * the ring look fuller than it is.
 *
 * Bound: a record takes 8 bytes more than its payload, rounded up to 8; with payloads of at most a quarter of the
 * capacity an empty ring takes any record wherever its tail stands (2 * (capacity / 4 + 8) <= capacity). */

import { assert } from '../../base/assert.ts'

const LINE_BYTES = 128
const TAIL = 0
const HEAD = LINE_BYTES / 4
const CAPACITY = (2 * LINE_BYTES) / 4
const DATA_BYTE = 3 * LINE_BYTES
const INDEX_WORDS = DATA_BYTE / 4

/** Smallest and largest capacity of a ring, in bytes. */
export const MIN_RING_CAPACITY = 64
export const MAX_RING_CAPACITY = 2 ** 30

/** What a record takes beside its payload, which is rounded up to a multiple of 8. */
export const RECORD_HEADER_BYTES = 8
const RECORD_POSITION = 1
const SKIP = -1

/** Size of the SharedArrayBuffer (or of the part of one) that holds a ring of this capacity. */
export function ringBytes(capacity: number): number {
  assertCapacity(capacity)
  return DATA_BYTE + capacity
}

/** Marks out an empty ring that does not reach to the end of its buffer. Once, before either side is made. */
export function formatRing(buffer: SharedArrayBuffer, byteOffset: number, capacity: number): void {
  assertCapacity(capacity)
  const indexes = new Int32Array(buffer, byteOffset, INDEX_WORDS)
  indexes[CAPACITY] = capacity
  indexes[HEAD] = 0
  Atomics.store(indexes, TAIL, 0)
}

/** The writing end. `reserve`, write the payload into `u8` or `i32`, then `commit`; or `stage` for several records and
 *  one `publish`. Nothing here allocates or waits. */
export class RingProducer {
  /** The data area; offsets from `reserve` index `u8`, and shifted right by 2 `i32`. */
  readonly u8: Uint8Array
  readonly i32: Int32Array
  readonly capacity: number
  /** The longest payload: a quarter of the capacity. */
  readonly maxRecordBytes: number
  private readonly indexes: Int32Array
  private tail: number
  private publishedTail: number
  private cachedHead: number
  private reservedPosition: number
  /** Payload bytes of the open reservation, -1 when there is none. */
  private reservedBytes: number

  constructor(buffer: SharedArrayBuffer, byteOffset = 0) {
    const capacity = capacityOf(buffer, byteOffset)
    this.u8 = new Uint8Array(buffer, byteOffset + DATA_BYTE, capacity)
    this.i32 = new Int32Array(buffer, byteOffset + DATA_BYTE, capacity / 4)
    this.capacity = capacity
    this.maxRecordBytes = capacity / 4
    this.indexes = new Int32Array(buffer, byteOffset, INDEX_WORDS)
    this.tail = Atomics.load(this.indexes, TAIL)
    this.publishedTail = this.tail
    this.cachedHead = Atomics.load(this.indexes, HEAD)
    this.reservedPosition = this.tail
    this.reservedBytes = -1
  }

  /** Byte offset into `u8`, a multiple of 8, of room for `bytes` of payload, or -1: too full now. A reservation that is
   *  not ended is forgotten by the next one. When too full, what is staged is published: the consumer must see it to
   *  make room. More than maxRecordBytes is an assertion. */
  reserve(bytes: number): number {
    assert(bytes >= 0 && bytes <= this.maxRecordBytes, 'a record is at most a quarter of its ring')
    const stride = strideOf(bytes)
    const place = this.tail & (this.capacity - 1)
    const toEnd = this.capacity - place
    const skipped = stride > toEnd ? toEnd : 0
    const end = (this.tail + skipped + stride) | 0
    if (((end - this.cachedHead) | 0) > this.capacity && !this.freedUpTo(end)) return -1
    this.reservedBytes = bytes
    this.reservedPosition = (this.tail + skipped) | 0
    if (skipped === 0) return place + RECORD_HEADER_BYTES
    this.writeHeader(place, SKIP, this.tail)
    return RECORD_HEADER_BYTES
  }

  /** Ends the reserved record at `bytes` of payload, at most as many as were reserved, and shows it to the consumer,
   *  with all that was staged before. */
  commit(bytes: number): void {
    this.stage(bytes)
    this.publish()
  }

  /** Ends the reserved record as `commit` does, but does not show it yet. */
  stage(bytes: number): void {
    assert(bytes >= 0 && bytes <= this.reservedBytes, 'a record ends within its reservation')
    const position = this.reservedPosition
    this.writeHeader(position & (this.capacity - 1), bytes, position)
    this.reservedBytes = -1
    this.tail = (position + strideOf(bytes)) | 0
  }

  /** Shows the staged records to the consumer. Without any it does nothing. */
  publish(): void {
    if (this.publishedTail === this.tail) return
    this.publishedTail = this.tail
    Atomics.store(this.indexes, TAIL, this.tail)
  }

  private freedUpTo(end: number): boolean {
    this.publish()
    this.cachedHead = Atomics.load(this.indexes, HEAD)
    return ((end - this.cachedHead) | 0) <= this.capacity
  }

  private writeHeader(place: number, length: number, position: number): void {
    this.i32[place >> 2] = length
    this.i32[(place >> 2) + RECORD_POSITION] = position
  }

  /** Bytes between the records, headers included: the consumer may free more at any moment. */
  get freeBytes(): number {
    this.cachedHead = Atomics.load(this.indexes, HEAD)
    return this.capacity - ((this.tail - this.cachedHead) | 0)
  }

  /** True when the consumer has freed every record. */
  get isEmpty(): boolean {
    this.cachedHead = Atomics.load(this.indexes, HEAD)
    return this.cachedHead === this.tail
  }

  /** Walks the published records and returns how many there are. Safe while the consumer runs: what it frees meanwhile
   *  stays as it was until this thread writes again. O(records). */
  check(): number {
    return checkRing(this.indexes, this.i32, Atomics.load(this.indexes, HEAD), this.publishedTail)
  }
}

/** The reading end. `next`, read `length` bytes of `u8` at the answer, `advance`. Nothing here allocates or waits. */
export class RingConsumer {
  /** The data area; offsets from `next` index `u8`, and shifted right by 2 `i32`. */
  readonly u8: Uint8Array
  readonly i32: Int32Array
  readonly capacity: number
  /** Payload bytes of the record that `next` returned. */
  length: number
  private readonly indexes: Int32Array
  private head: number
  private publishedHead: number
  private cachedTail: number
  private hasRecord: boolean

  constructor(buffer: SharedArrayBuffer, byteOffset = 0) {
    const capacity = capacityOf(buffer, byteOffset)
    this.u8 = new Uint8Array(buffer, byteOffset + DATA_BYTE, capacity)
    this.i32 = new Int32Array(buffer, byteOffset + DATA_BYTE, capacity / 4)
    this.capacity = capacity
    this.length = 0
    this.indexes = new Int32Array(buffer, byteOffset, INDEX_WORDS)
    this.head = Atomics.load(this.indexes, HEAD)
    this.publishedHead = this.head
    this.cachedTail = this.head
    this.hasRecord = false
  }

  /** Byte offset into `u8`, a multiple of 8, of the oldest record's payload, or -1: empty now. The answer stays the
   *  same, and the bytes stay as they are, until `advance`. */
  next(): number {
    if (this.head === this.cachedTail) {
      this.cachedTail = Atomics.load(this.indexes, TAIL)
      if (this.head === this.cachedTail) return -1
    }
    let place = this.head & (this.capacity - 1)
    assert(this.i32[(place >> 2) + RECORD_POSITION] === this.head, 'I3 a record carries its own position')
    if (this.i32[place >> 2] === SKIP) {
      this.head = (this.head + this.capacity - place) | 0
      place = 0
      assert(this.i32[RECORD_POSITION] === this.head, 'I3 a record carries its own position')
    }
    this.length = this.i32[place >> 2]
    this.hasRecord = true
    return place + RECORD_HEADER_BYTES
  }

  /** Frees the record that `next` returned; its bytes may be the producer's from here on. */
  advance(): void {
    assert(this.hasRecord, 'only a record that next returned can be freed')
    this.hasRecord = false
    this.head = (this.head + strideOf(this.length)) | 0
    if (this.head === this.cachedTail || ((this.head - this.publishedHead) | 0) >= this.capacity >> 3) {
      this.publishedHead = this.head
      Atomics.store(this.indexes, HEAD, this.head)
    }
  }

  /** Bytes of the published records that are not freed yet, headers included. Looks afresh. */
  get heldBytes(): number {
    this.cachedTail = Atomics.load(this.indexes, TAIL)
    return (this.cachedTail - this.head) | 0
  }

  /** True when every published record is freed. Looks afresh, so it serves as the second look before a sleep. */
  get isEmpty(): boolean {
    this.cachedTail = Atomics.load(this.indexes, TAIL)
    return this.cachedTail === this.head
  }

  /** Walks the records from head, which may lag, and returns how many there are. Safe while the producer runs.
   *  O(records). */
  check(): number {
    return checkRing(this.indexes, this.i32, Atomics.load(this.indexes, HEAD), Atomics.load(this.indexes, TAIL))
  }
}

function strideOf(bytes: number): number {
  return RECORD_HEADER_BYTES + ((bytes + 7) & ~7)
}

function assertCapacity(capacity: number): void {
  assert(capacity >= MIN_RING_CAPACITY && capacity <= MAX_RING_CAPACITY, 'a ring holds 64 bytes to 1 GiB')
  assert((capacity & (capacity - 1)) === 0, "a ring's capacity is a power of two")
}

function capacityOf(buffer: SharedArrayBuffer, byteOffset: number): number {
  assert(byteOffset % 8 === 0, 'a ring starts at a multiple of 8')
  const written = new Int32Array(buffer, byteOffset, INDEX_WORDS)[CAPACITY]
  const capacity = written === 0 ? buffer.byteLength - byteOffset - DATA_BYTE : written
  assertCapacity(capacity)
  return capacity
}

function checkRing(indexes: Int32Array, i32: Int32Array, head: number, tail: number): number {
  const capacity = i32.length * 4
  const used = (tail - head) | 0
  assert(indexes[CAPACITY] === 0 || indexes[CAPACITY] === capacity, 'the capacity is written once')
  assert((head & 7) === 0 && (tail & 7) === 0 && used >= 0 && used <= capacity, 'I1 head and tail frame the records')
  let records = 0
  for (let walked = 0; walked < used; ) {
    const place = (head + walked) & (capacity - 1)
    const length = i32[place >> 2]
    assert(i32[(place >> 2) + RECORD_POSITION] === ((head + walked) | 0), 'I3 a record carries its own position')
    if (length === SKIP) {
      walked += capacity - place
      assert(walked < used, 'I5 a record follows a skip')
      assert(i32[0] !== SKIP, 'I5 a record follows a skip')
    } else {
      assert(length >= 0 && length <= capacity / 4, 'I4 a record is at most a quarter of its ring')
      assert(place + strideOf(length) <= capacity, 'I4 no record passes the end of the data')
      walked += strideOf(length)
      assert(walked <= used, 'I2 records end exactly at the tail')
      records++
    }
  }
  return records
}
