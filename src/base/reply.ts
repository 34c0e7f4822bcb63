/* The reply writer: RESP2 or RESP3 bytes appended to one growing buffer
 * (https://redis.io/docs/reference/protocol-spec/). One per thread; the owner empties it after each batch. Hot.
 *
 * I1  bytes[0 .. length) is what has been written; capacity is bytes.length.
 * Bound: MAX_REPLY_BYTES, beyond which it throws REPLY_FULL, which whoever runs commands answers; the owner calls
 * `reset()`, which gives an outsized buffer back. */
import { assert } from './assert.ts'
import { copyBytes, copyWords } from './bytes.ts'
import { formatDouble } from './double-text.ts'
import { REPLY_TOO_LARGE } from './error-texts.ts'
import { LimitExceeded } from './limit-exceeded.ts'
import { formatInteger } from './number-text.ts'

/** What a fresh buffer holds; outsized ones shrink back to it. */
export const REPLY_BUFFER_BYTES = 256 * 1024

/** What the replies between two calls of reset() may take: every offset is an int32. */
export const MAX_REPLY_BYTES = 2 ** 31 - 1
/** Thrown by what would exceed it, with nothing written of the part that does not fit. */
export const REPLY_FULL = new LimitExceeded(REPLY_TOO_LARGE)
/** What an error may take, the arguments that it shows included. */
export const ERROR_ROOM_BYTES = 32 * 1024 * 1024

const CR = 13
const LF = 10
/* The same two, and with a character and a digit before them, as little-endian words. */
const CRLF = CR | (LF << 8)
const CRLF_HIGH = CRLF << 16
const OK = 43 | (79 << 8) | (75 << 16) | (CR << 24)

export class Reply {
  bytes: Uint8Array
  /** Shows `bytes`. */
  private view: DataView
  length: number
  /** Whether RESP3 types are written (HELLO 3). */
  resp3: boolean
  /** Errors written since the start; a caller compares before and after. */
  errorCount: number
  /** The text of the newest error, without the leading '-'. */
  lastError: string
  /** Its bound; a test makes it less. */
  mostBytes: number

  constructor() {
    this.bytes = new Uint8Array(REPLY_BUFFER_BYTES)
    this.view = new DataView(this.bytes.buffer)
    this.length = 0
    this.resp3 = false
    this.errorCount = 0
    this.lastError = ''
    this.mostBytes = MAX_REPLY_BYTES
  }

  /** Makes room for `extra` more bytes. */
  ensure(extra: number): void {
    if (this.length + extra > this.bytes.length) this.grow(extra)
  }

  private grow(extra: number): void {
    const wanted = this.length + extra
    if (wanted > this.mostBytes) throw REPLY_FULL
    let capacity = this.bytes.length
    while (capacity < wanted) capacity *= 2
    const bytes = new Uint8Array(capacity)
    bytes.set(this.bytes.subarray(0, this.length))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }

  /** Empties it; an outsized buffer is dropped. */
  reset(): void {
    this.length = 0
    if (this.isOutsized) this.release()
  }

  /** Whether there may be no room for an error any more. */
  get isNearlyFull(): boolean {
    return this.length > this.mostBytes - ERROR_ROOM_BYTES
  }

  /** Whether the buffer has grown beyond what is kept: worth handing over rather than copying. */
  get isOutsized(): boolean {
    return this.bytes.length > REPLY_BUFFER_BYTES
  }

  /** Gives the buffer away: the next reply gets a fresh one. */
  release(): void {
    this.bytes = new Uint8Array(REPLY_BUFFER_BYTES)
    this.view = new DataView(this.bytes.buffer)
    this.length = 0
  }

  /** Cuts back to an earlier `length`. */
  truncate(length: number): void {
    assert(length <= this.length, 'a reply is cut, never stretched')
    this.length = length
  }

  /** `+OK`. */
  ok(): void {
    this.ensure(5)
    const at = this.length
    this.view.setInt32(at, OK, true)
    this.bytes[at + 4] = LF
    this.length = at + 5
  }

  /** A simple string; `text` is latin1 without line ends. */
  simple(text: string): void {
    this.line(43, text)
  }

  /** An error; `text` begins with its code (`ERR ...`), as in error-texts.ts. Line ends go at the end and become spaces
   *  elsewhere. */
  error(text: string): void {
    this.errorCount++
    this.lastError = text
    this.line(
      45,
      text.includes('\r') || text.includes('\n') ? text.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' ') : text,
    )
  }

  /** An integer of magnitude below 2^53. */
  integer(value: number): void {
    this.ensure(24)
    const at = this.length
    if (value >= 0 && value < 10) {
      this.view.setInt32(at, 58 | ((48 + value) << 8) | CRLF_HIGH, true)
      this.length = at + 4
      return
    }
    this.bytes[at] = 58
    const end = formatInteger(this.bytes, at + 1, value)
    this.view.setInt16(end, CRLF, true)
    this.length = end + 2
  }

  /** An integer whose digits are a range of bytes; `view` shows `source`. */
  integerText(source: Uint8Array, view: DataView, offset: number, length: number): void {
    this.ensure(24)
    const at = this.length
    this.bytes[at] = 58
    copyWords(this.bytes, this.view, at + 1, source, view, offset, length)
    this.view.setInt16(at + 1 + length, CRLF, true)
    this.length = at + length + 3
  }

  /** An integer of any size (64 bits in practice). */
  bigInteger(value: bigint): void {
    this.line(58, value.toString())
  }

  /** A bulk string from a range of bytes. */
  bulk(source: Uint8Array, offset: number, length: number): void {
    this.ensure(length + 32)
    this.bulkHeader(length)
    copyBytes(this.bytes, this.length, source, offset, length)
    this.length += length
    this.endLine()
  }

  /** The same where `view` shows `source`: faster for all but long strings. */
  bulkShown(source: Uint8Array, view: DataView, offset: number, length: number): void {
    this.ensure(length + 32)
    this.bulkHeader(length)
    const at = this.length
    copyWords(this.bytes, this.view, at, source, view, offset, length)
    this.view.setInt16(at + length, CRLF, true)
    this.length = at + length + 2
  }

  /** `$length`; the caller has made room. */
  private bulkHeader(length: number): void {
    const at = this.length
    if (length < 10) {
      this.view.setInt32(at, 36 | ((48 + length) << 8) | CRLF_HIGH, true)
      this.length = at + 4
      return
    }
    this.bytes[at] = 36
    this.length = at + 1
    this.digits(length)
    this.endLine()
  }

  /** A bulk string from a latin1 string. */
  bulkText(text: string): void {
    this.ensure(text.length + 32)
    this.bytes[this.length++] = 36
    this.digits(text.length)
    this.endLine()
    this.raw(text)
    this.endLine()
  }

  /** A bulk string of an integer's digits (magnitude below 2^53). */
  bulkInteger(value: number): void {
    this.bulkText(String(value))
  }

  /** Null: `$-1` or `_`. */
  nil(): void {
    if (this.resp3) this.line(95, '')
    else this.line(36, '-1')
  }

  /** Null where RESP2 has the null array: `*-1` or `_`. */
  nilArray(): void {
    if (this.resp3) this.line(95, '')
    else this.line(42, '-1')
  }

  /** Header of an array of `count` elements that follow. */
  array(count: number): void {
    this.header(42, count)
  }

  /** Header of a map of `count` pairs: in RESP2 an array of twice as many. */
  map(count: number): void {
    if (this.resp3) this.header(37, count)
    else this.header(42, count * 2)
  }

  /** Header of a set: in RESP2 an array. */
  set(count: number): void {
    this.header(this.resp3 ? 126 : 42, count)
  }

  /** Header of a push message: in RESP2 an array. */
  push(count: number): void {
    this.header(this.resp3 ? 62 : 42, count)
  }

  /** Header of an attribute map; RESP3 only. */
  attribute(count: number): void {
    this.header(124, count)
  }

  /** A boolean: `#t`, or an integer in RESP2. */
  boolean(value: boolean): void {
    if (this.resp3) this.line(35, value ? 't' : 'f')
    else this.integer(value ? 1 : 0)
  }

  /** A double: `,text`, or a bulk string in RESP2. */
  double(value: number): void {
    const text = formatDouble(value)
    if (this.resp3) this.line(44, text)
    else this.bulkText(text)
  }

  /** An integer of any size, as its digits: `(digits`, or a bulk string in RESP2. */
  bigNumber(digits: string): void {
    if (this.resp3) this.line(40, digits)
    else this.bulkText(digits)
  }

  /** A verbatim string with its three-letter format: in RESP2 a bulk string. */
  verbatim(format: string, text: string): void {
    if (!this.resp3) {
      this.bulkText(text)
      return
    }
    this.header(61, text.length + 4)
    this.ensure(text.length + 8)
    this.raw(format)
    this.bytes[this.length++] = 58
    this.raw(text)
    this.endLine()
  }

  /** Bytes already in RESP. */
  encoded(source: Uint8Array, offset: number, length: number): void {
    this.ensure(length)
    copyBytes(this.bytes, this.length, source, offset, length)
    this.length += length
  }

  /**
   * Puts an array header before what was written since `mark` (an earlier `length`), for arrays whose count is known
   * only at the end. O(bytes since the mark).
   */
  arrayFrom(mark: number, count: number): void {
    this.insertHeader(mark, 42, count)
  }

  /** The same for a set (RESP2: an array). */
  setFrom(mark: number, count: number): void {
    this.insertHeader(mark, this.resp3 ? 126 : 42, count)
  }

  /**
   * Puts what was written since `middle` before what was written between `mark` and it, for replies whose head is known
   * only after their body. O(bytes since the mark).
   */
  moveBefore(mark: number, middle: number): void {
    const head = this.bytes.slice(middle, this.length)
    this.bytes.copyWithin(mark + head.length, mark, middle)
    this.bytes.set(head, mark)
  }

  private insertHeader(mark: number, type: number, count: number): void {
    const end = this.length
    this.header(type, count)
    this.moveBefore(mark, end)
  }

  private header(type: number, count: number): void {
    this.ensure(24)
    this.bytes[this.length++] = type
    this.digits(count)
    this.endLine()
  }

  private line(type: number, text: string): void {
    this.ensure(text.length + 3)
    this.bytes[this.length++] = type
    this.raw(text)
    this.endLine()
  }

  private raw(text: string): void {
    const bytes = this.bytes
    let at = this.length
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
    this.length = at
  }

  private endLine(): void {
    this.bytes[this.length] = CR
    this.bytes[this.length + 1] = LF
    this.length += 2
  }

  /** Decimal digits of an integer of magnitude below 2^53; the caller has made room. */
  private digits(value: number): void {
    this.length = formatInteger(this.bytes, this.length, value)
  }
}
