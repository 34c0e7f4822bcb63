/* Counts the replies in a stream of RESP2 or RESP3 bytes that may be split at any byte, and checks their framing.
 * One scanner for each connection, load threads only. It keeps no reply, only counts: bodies are stepped over.
 *
 *      +--------------- a scalar's line ends -----------------+
 *      v                                                      |
 *   [TYPE] --type byte--> [LINE] --length of a bulk--> [BODY] --> [BODY_CR] --> [BODY_LF] --> next value
 *                            |
 *                            +-- length n of an aggregate: n (map: 2n) more values are wanted
 *
 * S1  `wanted` counts the values still missing from the current top-level reply; 0 exactly between replies. Nesting
 *     needs no stack: an aggregate of n values is itself one value and asks for n more.
 * S2  Attributes (|) and pushes (>) are no replies: an attribute precedes a value without being one; a push is
 *     scanned like an array and not counted.
 *
 * Bytes that are no RESP end the run: FramingError. Error replies are counted, the first one's text is kept. */

const CR = 13
const LF = 10
const MINUS = 45
const DIGIT_0 = 48

const TYPE = 0
const LINE = 1
const BODY = 2
const BODY_CR = 3
const BODY_LF = 4

const FIRST_ERROR_BYTES = 200

const SIMPLE = '+'.charCodeAt(0)
const ERROR = '-'.charCodeAt(0)
const INTEGER = ':'.charCodeAt(0)
const BULK = '$'.charCodeAt(0)
const ARRAY = '*'.charCodeAt(0)
const NULL = '_'.charCodeAt(0)
const BOOLEAN = '#'.charCodeAt(0)
const DOUBLE = ','.charCodeAt(0)
const BIG_NUMBER = '('.charCodeAt(0)
const BULK_ERROR = '!'.charCodeAt(0)
const VERBATIM = '='.charCodeAt(0)
const MAP = '%'.charCodeAt(0)
const SET = '~'.charCodeAt(0)
const ATTRIBUTE = '|'.charCodeAt(0)
const PUSH = '>'.charCodeAt(0)

/** The server sent something that is no RESP. */
export class FramingError extends Error {}

export class ReplyScanner {
  /** Top-level replies seen so far. */
  replies = 0
  /** Error replies seen so far, nested ones included. */
  errors = 0
  firstError: string | null = null

  private state = TYPE
  private type = 0
  private wanted = 0
  private isPush = false
  private length = 0
  private negative = false
  private digits = 0
  private lastByte = 0
  private bodyLeft = 0
  private scanned = 0
  private errorText = ''

  /** Whether the stream stands between two replies. */
  get isBetweenReplies(): boolean {
    return this.state === TYPE && this.wanted === 0
  }

  /** Scans the first `length` bytes; returns how many top-level replies ended in them. Throws FramingError. */
  scan(bytes: Uint8Array, length: number): number {
    const before = this.replies
    let at = 0
    while (at < length) {
      switch (this.state) {
        case TYPE:
          this.startValue(bytes[at++])
          break
        case LINE:
          at = this.scanLine(bytes, at, length)
          break
        case BODY:
          at = this.scanBody(bytes, at, length)
          break
        case BODY_CR:
          if (bytes[at++] !== CR) this.fail('a bulk without its CR')
          this.state = BODY_LF
          break
        default:
          if (bytes[at++] !== LF) this.fail('a bulk without its LF')
          this.endScalar()
      }
    }
    this.scanned += length
    return this.replies - before
  }

  private startValue(type: number): void {
    if (this.wanted === 0) {
      this.wanted = 1
      this.isPush = type === PUSH
    }
    this.type = type
    this.length = 0
    this.digits = 0
    this.negative = false
    this.lastByte = 0
    this.state = LINE
    switch (type) {
      case ERROR:
      case BULK_ERROR:
        this.errors++
        this.errorText = ''
        break
      case SIMPLE:
      case INTEGER:
      case BULK:
      case ARRAY:
      case NULL:
      case BOOLEAN:
      case DOUBLE:
      case BIG_NUMBER:
      case VERBATIM:
      case MAP:
      case SET:
      case ATTRIBUTE:
      case PUSH:
        break
      default:
        this.fail(`no type byte: 0x${type.toString(16)}`)
    }
  }

  private scanLine(bytes: Uint8Array, from: number, to: number): number {
    const counted = this.hasLength()
    const keep = this.type === ERROR && this.firstError === null
    let at = from
    let last = this.lastByte
    while (at < to) {
      const byte = bytes[at++]
      if (byte === LF) {
        if (last !== CR) this.fail('a line without its CR')
        this.endLine()
        return at
      }
      if (last === CR) this.fail('a CR inside a line')
      if (counted && byte !== CR) this.takeDigit(byte)
      else if (keep && byte !== CR && this.errorText.length < FIRST_ERROR_BYTES) {
        this.errorText += String.fromCharCode(byte)
      }
      last = byte
    }
    this.lastByte = last
    return at
  }

  private takeDigit(byte: number): void {
    if (byte === MINUS && this.digits === 0 && !this.negative) {
      this.negative = true
      return
    }
    const digit = byte - DIGIT_0
    if (digit < 0 || digit > 9 || this.digits === 12) this.fail('a length that is no number')
    this.length = this.length * 10 + digit
    this.digits++
  }

  private hasLength(): boolean {
    switch (this.type) {
      case BULK:
      case BULK_ERROR:
      case VERBATIM:
      case ARRAY:
      case MAP:
      case SET:
      case PUSH:
      case ATTRIBUTE:
        return true
      default:
        return false
    }
  }

  private endLine(): void {
    if (!this.hasLength()) {
      if (this.type === ERROR) this.firstError ??= this.errorText
      this.endScalar()
      return
    }
    if (this.digits === 0) this.fail('a missing length')
    if (this.negative && this.length !== 1) this.fail('a negative length')
    if (this.type === BULK || this.type === BULK_ERROR || this.type === VERBATIM) {
      this.bodyLeft = this.length
      this.state = this.length === 0 ? BODY_CR : BODY
      if (this.negative) this.endScalar()
      return
    }
    this.state = TYPE
    const values = this.negative ? 0 : this.length
    if (this.type === ATTRIBUTE) this.wanted += 2 * values
    else this.wanted += (this.type === MAP ? 2 * values : values) - 1
    if (this.wanted === 0) this.endReply()
  }

  private scanBody(bytes: Uint8Array, from: number, to: number): number {
    const step = Math.min(this.bodyLeft, to - from)
    if (this.type === BULK_ERROR && this.firstError === null) {
      for (let at = from; at < from + step && this.errorText.length < FIRST_ERROR_BYTES; at++) {
        this.errorText += String.fromCharCode(bytes[at])
      }
    }
    this.bodyLeft -= step
    if (this.bodyLeft === 0) this.state = BODY_CR
    return from + step
  }

  private endScalar(): void {
    if (this.type === BULK_ERROR) this.firstError ??= this.errorText
    this.state = TYPE
    this.wanted--
    if (this.wanted === 0) this.endReply()
  }

  private endReply(): void {
    if (!this.isPush) this.replies++
  }

  private fail(reason: string): never {
    throw new FramingError(`not RESP, after byte ${this.scanned} of the stream: ${reason}`)
  }
}
