/* Lengths, strings and times in the RDB format, appended to one growing buffer. Any thread, one at a time. Hot while a
 * snapshot runs: nothing is allocated but a larger buffer. The owner takes bytes[0 .. length) when it likes, between
 * any two calls, and calls clear().
 *
 * I1  bytes[0 .. length) is what has been written; capacity is bytes.length.
 * Bound: what the owner lets gather; a string needs room for itself. */
import { copyBytes } from '../../base/bytes.ts'
import { compress } from '../../base/lzf.ts'
import { formatInteger, INTEGER_TEXT_BYTES, parsed, parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'
import { VALUE_END } from '../keyspace/open-value.ts'
import {
  COMPRESSED_ABOVE_BYTES,
  ENCODED,
  ENCODED_INT8,
  ENCODED_INT16,
  ENCODED_INT32,
  ENCODED_INTEGER_TEXT_BYTES,
  ENCODED_LZF,
  LEAST_SAVED_BYTES,
  LENGTH_14_BITS,
  LENGTH_32_BITS,
  LENGTH_64_BITS,
} from './format.ts'

/** What a fresh buffer holds; outsized ones shrink back to it. */
const BUFFER_BYTES = 64 * 1024
/** A length never takes more. */
const LENGTH_BYTES = 9
const TWO_32 = 4294967296

const scratchText = new Uint8Array(INTEGER_TEXT_BYTES)

/** Bytes that a length or any other integer takes. */
export function lengthBytes(value: number): number {
  return value < 64 ? 1 : value < 16384 ? 2 : value < TWO_32 ? 5 : LENGTH_BYTES
}

export class RdbWriter {
  bytes: Uint8Array
  length: number
  /** Which version's types are written: 10, 11 or 12. */
  version: number
  /** rdbcompression. */
  compresses: boolean

  constructor() {
    this.bytes = new Uint8Array(BUFFER_BYTES)
    this.length = 0
    this.version = 11
    this.compresses = true
  }

  /** Makes room for `extra` more bytes. */
  ensure(extra: number): void {
    if (this.length + extra > this.bytes.length) this.grow(this.length + extra)
  }

  private grow(wanted: number): void {
    const grown = new Uint8Array(Math.max(wanted, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  /** Empties it; an outsized buffer is dropped. */
  clear(): void {
    this.length = 0
    if (this.bytes.length > 16 * BUFFER_BYTES) this.bytes = new Uint8Array(BUFFER_BYTES)
  }

  /** An opcode, a type or any other byte. */
  byte(value: number): void {
    this.ensure(1)
    this.bytes[this.length++] = value
  }

  /** A length or any other integer from 0, below 2^53. */
  integer(value: number): void {
    this.ensure(LENGTH_BYTES)
    const { bytes } = this
    if (value < 64) {
      bytes[this.length++] = value
    } else if (value < 16384) {
      bytes[this.length++] = LENGTH_14_BITS | (value >> 8)
      bytes[this.length++] = value & 255
    } else if (value < TWO_32) {
      bytes[this.length++] = LENGTH_32_BITS
      this.bigEndian(value)
    } else {
      bytes[this.length++] = LENGTH_64_BITS
      this.bigEndian(Math.floor(value / TWO_32))
      this.bigEndian(value % TWO_32)
    }
  }

  private bigEndian(value: number): void {
    const { bytes, length } = this
    bytes[length] = value >>> 24
    bytes[length + 1] = (value >>> 16) & 255
    bytes[length + 2] = (value >>> 8) & 255
    bytes[length + 3] = value & 255
    this.length = length + 4
  }

  /** A time in milliseconds: 64 bits from their halves. */
  time(low: number, high: number): void {
    this.ensure(8)
    this.littleEndian(low, 4)
    this.littleEndian(high, 4)
  }

  /** The low `count` bytes of an integer, as they are. */
  private littleEndian(value: number, count: number): void {
    for (let i = 0; i < count; i++) this.bytes[this.length++] = (value >>> (8 * i)) & 255
  }

  /** Bytes as they are, no string. */
  raw(source: Uint8Array, offset: number, length: number): void {
    this.ensure(length)
    copyBytes(this.bytes, this.length, source, offset, length)
    this.length += length
  }

  /** A string: as an integer if it is the text of one, compressed if that is worth it, else with its length. */
  string(source: Uint8Array, offset: number, length: number): void {
    if (length <= ENCODED_INTEGER_TEXT_BYTES && parseInteger(source, offset, length) === SAFE_INTEGER) {
      if (this.encodedInteger(parsed())) return
    }
    if (this.compresses && length > COMPRESSED_ABOVE_BYTES && this.compressed(source, offset, length)) return
    this.integer(length)
    this.raw(source, offset, length)
  }

  /** A string that is a value, as ValueCodec.writeStep() has it: here at once. */
  stringStep(source: Uint8Array, offset: number, length: number, _cursor: number): number {
    this.string(source, offset, length)
    return VALUE_END
  }

  /** A string from a latin1 string. */
  text(text: string): void {
    const bytes = Buffer.from(text, 'latin1')
    this.string(bytes, 0, bytes.length)
  }

  /** A string that is the text of an integer below 2^53 in magnitude. */
  integerText(value: number): void {
    this.string(scratchText, 0, formatInteger(scratchText, 0, value))
  }

  private encodedInteger(value: number): boolean {
    const bytes = value === (value << 24) >> 24 ? 1 : value === (value << 16) >> 16 ? 2 : value === (value | 0) ? 4 : 0
    if (bytes === 0) return false
    this.ensure(5)
    this.bytes[this.length++] = ENCODED | (bytes === 1 ? ENCODED_INT8 : bytes === 2 ? ENCODED_INT16 : ENCODED_INT32)
    this.littleEndian(value, bytes)
    return true
  }

  /**
   * Compressed bytes go behind the room for a head of the most they may take, and back over what it does not take.
   * False with nothing written when less than LEAST_SAVED_BYTES are saved.
   */
  private compressed(source: Uint8Array, offset: number, length: number): boolean {
    const headBytes = 1 + 2 * LENGTH_BYTES
    this.ensure(headBytes + length)
    const begin = this.length
    const at = begin + headBytes
    const small = compress(source, offset, length, this.bytes, at, length - LEAST_SAVED_BYTES)
    if (small === 0) return false
    this.lzfHead(small, length)
    this.bytes.copyWithin(this.length, at, at + small)
    this.length += small
    return true
  }

  /** A string that is compressed already: `small` bytes of LZF which stand for `length`. */
  lzf(source: Uint8Array, offset: number, small: number, length: number): void {
    this.lzfHead(small, length)
    this.raw(source, offset, small)
  }

  /** What stands before the compressed bytes of a string. */
  lzfHead(small: number, length: number): void {
    this.byte(ENCODED | ENCODED_LZF)
    this.integer(small)
    this.integer(length)
  }
}
