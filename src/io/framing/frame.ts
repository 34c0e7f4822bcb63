/* From bytes to commands: the request side of RESP2 and RESP3 (they are the same) and inline commands
 * (https://redis.io/docs/reference/protocol-spec/). I/O thread. Hot.
 *
 * A Frame is one command being read. It remembers how far it came, so bytes may arrive split anywhere and none is
 * looked at twice, but for a header line cut in two. The connection that is in the midst of a command owns a Frame; all
 * the others share one.
 *
 *   *2\r\n $4\r\n ECHO\r\n $2\r\n hi\r\n
 *         ^ args.count arguments are known, `remaining` are to come, `at` is the next byte to look at,
 *           `bulkLength` >= 0 once the `$` line of the next argument was read
 *
 * I1  start <= at <= end of what was received; arguments lie in start .. at, unless args.bytes is an inline command's
 *     own.
 * Bound: a header line is at most MAX_LINE_BYTES, arguments and their lengths as in Limits. */
import { Args } from '../../base/args.ts'
import { NOT_INTEGER, parseInteger } from '../../base/number-text.ts'
import { splitArguments } from '../../base/split-arguments.ts'

/* What next() says. */
/** `error` holds the protocol error; the connection is to be closed. */
export const BROKEN = -1
export const INCOMPLETE = 0
export const COMPLETE = 1
/** An empty line or a count of zero or less: nothing to answer. COMPLETE and this are the ones to go on after. */
export const NOTHING = 2

/** Longest inline command or header line (PROTO_INLINE_MAX_SIZE). */
export const MAX_LINE_BYTES = 64 * 1024
const MAX_ARGUMENTS = 0x7fffffff
const MAX_ARGUMENTS_UNAUTHENTICATED = 10
const MAX_BULK_UNAUTHENTICATED = 16384

const NO_BYTES = new Uint8Array(0)
const CR = 13
const LF = 10
const STAR = 42
const DOLLAR = 36
const ZERO = 48
const NINE = 57
const MINUS = 45

/** What the configuration and the session allow. */
export class Limits {
  /** proto-max-bulk-len, bytes. */
  maxBulkBytes = 512 * 1024 * 1024
}

/** Not a number: what a header line that does not parse gives. */
const NAN_LINE = Number.NaN
/** An integer of this many digits is exact. */
const SAFE_DIGITS = 15

export class Frame {
  /** The command read; its owner may put other Args in their place when it is complete. */
  args: Args
  /** Where the command began in the buffer. */
  start: number
  /** The next byte to look at. */
  at: number
  /** Arguments still to come; -1 before the header. */
  remaining: number
  /** Length of the argument that comes next; -1 before its header. */
  bulkLength: number
  error: string

  constructor() {
    this.args = new Args()
    this.start = 0
    this.at = 0
    this.remaining = -1
    this.bulkLength = -1
    this.error = ''
  }

  /** Forgets the command; the next one begins at `at`. */
  begin(at: number): void {
    this.args.clear()
    this.start = at
    this.at = at
    this.remaining = -1
    this.bulkLength = -1
  }

  /** Forgets the command and the buffer it came in. */
  forget(): void {
    this.begin(0)
    this.args.bytes = NO_BYTES
  }

  /** The buffer's bytes from `start` on were moved to its beginning. */
  rebase(): void {
    const { args, start } = this
    if (start === 0) return
    for (let i = 0; i < args.count; i++) args.offset[i] -= start
    this.at -= start
    this.start = 0
  }

  /** Bytes from `start` that the command surely needs: a large argument's end once its length is known. */
  get neededBytes(): number {
    return this.bulkLength < 0 ? 0 : this.at + this.bulkLength + 2 - this.start
  }

  /**
   * Reads on in bytes[at .. end). `trusted` is false while the client has still to authenticate. After COMPLETE the
   * arguments are in `args`; after NOTHING or COMPLETE call begin(at).
   */
  next(bytes: Uint8Array, end: number, limits: Limits, trusted: boolean): number {
    if (this.remaining < 0) {
      if (this.at >= end) return INCOMPLETE
      if (bytes[this.at] !== STAR) return this.inline(bytes, end)
      const status = this.header(bytes, end, trusted)
      if (status !== COMPLETE) return status
    }
    const args = this.args
    args.bytes = bytes
    while (this.remaining > 0) {
      let length = this.bulkLength
      let at = this.at
      if (length < 0) {
        // The common case, `$` one or two digits CR LF, without a call.
        const digit = bytes[at + 1] - ZERO
        if (at + 5 < end && bytes[at] === DOLLAR && digit >= 0 && digit <= 9 && bytes[at + 2] === CR) {
          length = digit
          at += 4
        } else if (
          at + 6 < end &&
          bytes[at] === DOLLAR &&
          digit >= 1 &&
          digit <= 9 &&
          bytes[at + 2] >= ZERO &&
          bytes[at + 2] <= NINE &&
          bytes[at + 3] === CR
        ) {
          length = digit * 10 + bytes[at + 2] - ZERO
          at += 5
        } else {
          const status = this.bulkHeader(bytes, end, limits, trusted)
          if (status !== COMPLETE) return status
          length = this.bulkLength
          at = this.at
        }
      }
      if (at + length + 2 > end) {
        this.at = at
        this.bulkLength = length
        return INCOMPLETE
      }
      args.push(at, length)
      this.at = at + length + 2
      this.bulkLength = -1
      this.remaining--
    }
    return COMPLETE
  }

  /** `*count`: COMPLETE when there are arguments to read. */
  private header(bytes: Uint8Array, end: number, trusted: boolean): number {
    const digit = bytes[this.at + 1] - ZERO
    if (this.at + 4 <= end && digit >= 1 && digit <= 9 && bytes[this.at + 2] === CR) {
      this.remaining = digit
      this.at += 4
      return COMPLETE
    }
    const lineEnd = findLineEnd(bytes, this.at, end)
    if (lineEnd < 0) {
      return end - this.at > MAX_LINE_BYTES ? this.break('too big mbulk count string') : INCOMPLETE
    }
    // However much of it has come at once: Redis says one or the other, as it happens to read.
    if (lineEnd - this.at > MAX_LINE_BYTES) return this.break('too big mbulk count string')
    const count = parseLine(bytes, this.at + 1, lineEnd)
    if (Number.isNaN(count) || count > MAX_ARGUMENTS) return this.break('invalid multibulk length')
    if (!trusted && count > MAX_ARGUMENTS_UNAUTHENTICATED) return this.break('unauthenticated multibulk length')
    this.at = lineEnd + 2
    if (count <= 0) return NOTHING
    this.remaining = count
    return COMPLETE
  }

  /** `$length`: sets bulkLength. */
  private bulkHeader(bytes: Uint8Array, end: number, limits: Limits, trusted: boolean): number {
    if (this.at >= end) return INCOMPLETE
    const lineEnd = findLineEnd(bytes, this.at, end)
    if (lineEnd < 0) {
      return end - this.at > MAX_LINE_BYTES ? this.break('too big bulk count string') : INCOMPLETE
    }
    if (bytes[this.at] !== DOLLAR) return this.break(`expected '$', got '${String.fromCharCode(bytes[this.at])}'`)
    if (lineEnd - this.at > MAX_LINE_BYTES) return this.break('too big bulk count string')
    const length = parseLine(bytes, this.at + 1, lineEnd)
    if (Number.isNaN(length) || length < 0 || length > limits.maxBulkBytes) return this.break('invalid bulk length')
    if (!trusted && length > MAX_BULK_UNAUTHENTICATED) return this.break('unauthenticated bulk length')
    this.at = lineEnd + 2
    this.bulkLength = length
    return COMPLETE
  }

  /** A line of words. Their bytes are the arguments' own buffer: quoting may have changed them. */
  private inline(bytes: Uint8Array, end: number): number {
    const newline = findNewline(bytes, this.at, end)
    if (newline < 0) {
      return end - this.at > MAX_LINE_BYTES ? this.break('too big inline request') : INCOMPLETE
    }
    const lineEnd = newline > this.at && bytes[newline - 1] === CR ? newline - 1 : newline
    const words = splitArguments(bytes, this.at, lineEnd)
    if (words === null) return this.break('unbalanced quotes in request')
    this.at = newline + 1
    if (words.length === 0) return NOTHING
    let total = 0
    for (const word of words) total += word.length
    const args = this.args
    args.bytes = new Uint8Array(total)
    let at = 0
    for (const word of words) {
      args.bytes.set(word, at)
      args.push(at, word.length)
      at += word.length
    }
    return COMPLETE
  }

  private break(reason: string): number {
    this.error = reason
    return BROKEN
  }
}

/**
 * Offset of the CR that ends a header line, when the LF's place has been received too; -1 otherwise. As in Redis,
 * nothing ends a line with a zero byte in it.
 */
function findLineEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let i = from; i + 1 < end; i++) {
    if (bytes[i] === CR) return i
    if (bytes[i] === 0) return -1
  }
  return -1
}

/** Offset of the LF that ends an inline command, -1 when it has not come, or a zero byte stands before it. */
function findNewline(bytes: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end; i++) {
    if (bytes[i] === LF) return i
    if (bytes[i] === 0) return -1
  }
  return -1
}

/** A line's decimal integer, as strict as Redis's string2ll: no plus, no spaces, no leading zeros; else NaN. */
function parseLine(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  const negative = bytes[at] === MINUS
  if (negative) at++
  if (at >= to) return NAN_LINE
  if (to - at > SAFE_DIGITS) return parseLong(bytes, from, to)
  if (bytes[at] === ZERO) return to - at === 1 && !negative ? 0 : NAN_LINE
  let value = 0
  for (; at < to; at++) {
    const digit = bytes[at] - ZERO
    if (digit < 0 || digit > 9) return NAN_LINE
    value = value * 10 + digit
  }
  return negative ? -value : value
}

/** The same for many digits: an integer of 64 bits is as good as infinite here. */
function parseLong(bytes: Uint8Array, from: number, to: number): number {
  if (parseInteger(bytes, from, to - from) === NOT_INTEGER) return NAN_LINE
  return bytes[from] === MINUS ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}
