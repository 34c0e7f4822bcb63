/* Lengths, strings and times in the RDB format, read from a window over bytes that come piece by piece, or from one
 * payload. Any thread, one at a time. What is wrong with the bytes is thrown as an RdbError; that they are not all
 * there yet as MORE_BYTES, after which the caller goes back to the mark, gets more and reads the same again. So a
 * caller marks what it has done (commit) after each element, and no state is kept in the middle of one.
 *
 *   0          mark       at                 end        capacity
 *   | done     | being read | not read yet   | free     |
 *
 * I1  0 <= mark <= at <= end <= bytes.length.
 * Bound: the window grows to twice the longest string, as far as its bytes have come, whatever length is claimed; what
 * is decompressed to `mostBytes`, for a megabyte can claim to be 88. */
import { copyBytes } from '../../base/bytes.ts'
import { decompress, mostDecompressed } from '../../base/lzf.ts'
import { formatInteger } from '../../base/number-text.ts'
import {
  ENCODED,
  ENCODED_INT8,
  ENCODED_INT16,
  ENCODED_INT32,
  ENCODED_LZF,
  LENGTH_14_BITS,
  LENGTH_32_BITS,
  LENGTH_64_BITS,
} from './format.ts'

/** Bytes that no Redis would have written, or too few of them; `message` says what is wrong with them. */
export class RdbError extends Error {}

/** There are too few of them. */
export class ShortRead extends RdbError {}

/** A string would be longer than there can be room for. */
export class TooLongString extends RdbError {}

/** Thrown when the window ends before what is read does. */
export const MORE_BYTES = new Error('more bytes are needed')

const WINDOW_BYTES = 64 * 1024
const SCRATCH_BYTES = 64
const KEPT_SCRATCH_BYTES = 64 * 1024
const FORM_BITS = 0xc0
const TWO_32 = 4294967296
/** No string is longer: it would not fit a shard's arena. */
const MAX_STRING_BYTES = 2 ** 31 - 1

/** A string that was read: a range of bytes, valid until this one is read again or the window moves. */
export class RdbText {
  bytes: Uint8Array = new Uint8Array(0)
  offset = 0
  length = 0
  /** For what does not stand in the window as it is. */
  scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES)

  /** Gives outsized memory back. */
  release(): void {
    this.bytes = this.scratch
    this.length = 0
    if (this.scratch.length > KEPT_SCRATCH_BYTES) this.scratch = new Uint8Array(SCRATCH_BYTES)
  }
}

export class RdbReader {
  bytes: Uint8Array
  at: number
  end: number
  /** Where to read from again once there is more. */
  mark: number
  /** How many bytes will still be fed, at most: what claims to be longer is wrong. */
  toCome: number
  /** What a string may take once it is decompressed. */
  mostBytes: number

  constructor() {
    this.bytes = new Uint8Array(0)
    this.at = 0
    this.end = 0
    this.mark = 0
    this.toCome = Number.POSITIVE_INFINITY
    this.mostBytes = MAX_STRING_BYTES
  }

  /** Reads a range that is all there is. */
  open(bytes: Uint8Array, offset: number, length: number): void {
    this.bytes = bytes
    this.at = offset
    this.mark = offset
    this.end = offset + length
    this.toCome = 0
  }

  /** Adds bytes to the window, which is the reader's own. */
  feed(chunk: Uint8Array, offset: number, length: number): void {
    this.makeRoom(length)
    copyBytes(this.bytes, this.end, chunk, offset, length)
    this.end += length
    this.toCome = Math.max(0, this.toCome - length)
  }

  private makeRoom(extra: number): void {
    const kept = this.end - this.mark
    if (this.end + extra <= this.bytes.length) return
    if (kept + extra <= this.bytes.length) {
      this.bytes.copyWithin(0, this.mark, this.end)
    } else {
      const grown = new Uint8Array(Math.max(kept + extra, 2 * this.bytes.length, WINDOW_BYTES))
      grown.set(this.bytes.subarray(this.mark, this.end))
      this.bytes = grown
    }
    this.at -= this.mark
    this.end = kept
    this.mark = 0
  }

  /** What was read so far needs not be read again. */
  commit(): void {
    this.mark = this.at
  }

  /** Goes back to the mark. */
  rewind(): void {
    this.at = this.mark
  }

  get left(): number {
    return this.end - this.at
  }

  private need(count: number): void {
    const left = this.end - this.at
    if (count <= left) return
    throw count > left + this.toCome ? new ShortRead('Unexpected end of the data') : MORE_BYTES
  }

  /** Bytes that are there or may still be fed. */
  get mostLeft(): number {
    return this.left + this.toCome
  }

  byte(): number {
    this.need(1)
    return this.bytes[this.at++]
  }

  /** A length, or any other integer from 0. What is beyond 2^53 is rounded: nothing is as long. */
  integer(): number {
    const head = this.byte()
    if ((head & FORM_BITS) === ENCODED) throw new RdbError('A length is expected')
    return this.integerFrom(head)
  }

  private integerFrom(head: number): number {
    const form = head & FORM_BITS
    if (form === 0) return head
    if (form === LENGTH_14_BITS) return ((head & 0x3f) << 8) | this.byte()
    if (head === LENGTH_32_BITS) return this.bigEndian()
    if (head !== LENGTH_64_BITS) throw new RdbError('Unknown length encoding')
    const high = this.bigEndian()
    return high * TWO_32 + this.bigEndian()
  }

  /** The same with all of its 64 bits. */
  bigInteger(): bigint {
    if (this.left > 0 && this.bytes[this.at] !== LENGTH_64_BITS) return BigInt(this.integer())
    this.byte()
    const high = BigInt(this.bigEndian())
    return (high << 32n) | BigInt(this.bigEndian())
  }

  private bigEndian(): number {
    this.need(4)
    const { bytes, at } = this
    this.at += 4
    return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
  }

  /** Four bytes, little-endian: half of a time, or an old one in seconds. */
  word(): number {
    this.need(4)
    const { bytes, at } = this
    this.at += 4
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
  }

  /** Leaves out so many bytes. */
  skip(count: number): void {
    this.need(count)
    this.at += count
  }

  /** Reads a string. */
  string(text: RdbText): void {
    const head = this.byte()
    if ((head & FORM_BITS) === ENCODED) return this.encoded(head & ~FORM_BITS, text)
    const length = this.integerFrom(head)
    this.need(length)
    text.bytes = this.bytes
    text.offset = this.at
    text.length = length
    this.at += length
  }

  private encoded(kind: number, text: RdbText): void {
    switch (kind) {
      case ENCODED_INT8:
        return this.integerText((this.byte() << 24) >> 24, text)
      case ENCODED_INT16: {
        const low = this.byte()
        return this.integerText(((low | (this.byte() << 8)) << 16) >> 16, text)
      }
      case ENCODED_INT32:
        return this.integerText(this.word(), text)
      case ENCODED_LZF:
        return this.compressed(text)
      default:
        throw new RdbError('Unknown RDB string encoding type')
    }
  }

  private integerText(value: number, text: RdbText): void {
    text.bytes = text.scratch
    text.offset = 0
    text.length = formatInteger(text.scratch, 0, value)
  }

  /** The length it claims is believed only as far as its compressed bytes can fill it. */
  private compressed(text: RdbText): void {
    const small = this.integer()
    const length = this.integer()
    this.need(small)
    if (length > mostDecompressed(small)) throw new RdbError('Invalid LZF compressed string')
    if (length > this.mostBytes) throw new TooLongString('LZF compressed string without room for it')
    if (text.scratch.length < length) {
      text.scratch = new Uint8Array(Math.max(length, Math.min(2 * text.scratch.length, this.mostBytes)))
    }
    if (!decompress(this.bytes, this.at, small, text.scratch, 0, length)) {
      throw new RdbError('Invalid LZF compressed string')
    }
    this.at += small
    text.bytes = text.scratch
    text.offset = 0
    text.length = length
  }
}
