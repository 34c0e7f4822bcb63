/* One element of a listpack (see listpack.ts): read, measured, written. Any thread that may touch the bytes. Hot: plain
 * functions of a Uint8Array and the absolute offset `p` where the element begins.
 *
 *   | encoding and length | data | backlen |
 *
 *   0vvvvvvv                      integer 0 to 127
 *   110vvvvv vvvvvvvv             integer of 13 bits
 *   F1, F2, F3, F4 and data       integer of 16, 24, 32, 64 bits, little-endian
 *   10nnnnnn data                 string of up to 63 bytes
 *   1110nnnn nnnnnnnn data        string of up to 4095 bytes
 *   F0 n32 data                   string of up to 2^32 - 1 bytes, length little-endian
 *   backlen                       bytes of what stands before it, 7 bits each, high ones first; all but the first of
 *                                 its bytes have bit 7 set, so that it can be read from behind */
import { AssertionError } from '../../base/assert.ts'
import { copyBytes, equalBytes } from '../../base/bytes.ts'
import {
  BIG_INTEGER,
  formatInteger,
  INTEGER_TEXT_BYTES,
  NOT_INTEGER,
  parsed,
  parsedBig,
  parseInteger,
} from '../../base/number-text.ts'

const INT16 = 0xf1
const INT24 = 0xf2
const INT32 = 0xf3
const INT64 = 0xf4
const STRING32 = 0xf0
/** The first byte of a string of up to 63 bytes, less its length. */
export const STRING6 = 0x80
/** The first byte of a string of up to 4095 bytes, and of all longer forms. */
export const STRING12 = 0xe0
const TWO_32 = 4294967296
/* Where the forms of a string and of a backlen end. */
export const STRING6_MAX = 63
const STRING12_MAX = 4095
const BACKLEN_LIMITS = [127, 16382, 2097150, 268435454]

/** The element that read() was called for: its text. Valid until the next call. */
export const element: { bytes: Uint8Array; offset: number; length: number } = {
  bytes: new Uint8Array(0),
  offset: 0,
  length: 0,
}

const scratchDigits = new Uint8Array(INTEGER_TEXT_BYTES + 4)
/* An integer as low and high half. */
const scratchHalves = new Int32Array(2)
/* What insertedBytes() found last: bytes without backlen, and 1 for a text that is no integer. */
const scratchForm = new Int32Array(2)
const FORM_BODY = 0
const FORM_IS_TEXT = 1

/* Reading. */

/** The element after `p`, or the end. */
export function next(u8: Uint8Array, p: number): number {
  const head = u8[p]
  // Nearly all are integers of one byte or short texts, with a backlen of one.
  if (head < 0xc0) return p + (head < 0x80 ? 2 : (head & 63) + 2)
  const bytes = bodyBytes(u8, p)
  return p + bytes + backlenBytes(bytes)
}

/** Bytes of element `p` with its backlen. */
export function elementBytes(u8: Uint8Array, p: number): number {
  return next(u8, p) - p
}

/** Puts the text of element `p` into `element`. */
export function read(u8: Uint8Array, p: number): void {
  const head = u8[p]
  if (isString(head)) {
    element.bytes = u8
    element.offset = p + stringHeadBytes(head)
    element.length = stringLength(u8, p)
    return
  }
  element.bytes = scratchDigits
  element.offset = 0
  if (head === INT64) {
    readInteger(u8, p)
    const high = scratchHalves[1]
    if (high >= 0x200000 || high < -0x200000) {
      readBig()
      return
    }
  }
  element.length = formatInteger(scratchDigits, 0, integerAt(u8, p))
}

/** Whether element `p` has this text. */
export function equals(u8: Uint8Array, p: number, bytes: Uint8Array, offset: number, length: number): boolean {
  const head = u8[p]
  if ((head & 0xc0) === 0x80) return (head & 63) === length && equalBytes(u8, p + 1, bytes, offset, length)
  if (isString(head)) {
    return stringLength(u8, p) === length && equalBytes(u8, p + stringHeadBytes(head), bytes, offset, length)
  }
  read(u8, p)
  return element.length === length && equalBytes(element.bytes, 0, bytes, offset, length)
}

/** Whether element `p` is kept as an integer. */
export function isInteger(u8: Uint8Array, p: number): boolean {
  return !isString(u8[p])
}

/** The integer of element `p`, if a double holds it. */
export function integerAt(u8: Uint8Array, p: number): number {
  readInteger(u8, p)
  return scratchHalves[1] * TWO_32 + (scratchHalves[0] >>> 0)
}

/** Puts the integer of element `p` into the halves. */
function readInteger(u8: Uint8Array, p: number): void {
  const head = u8[p]
  let low = head
  if (head >= 0x80) {
    if (head < 0xe0) low = (((head & 31) << 27) >> 19) | u8[p + 1]
    else if (head === INT16) low = ((u8[p + 1] << 16) | (u8[p + 2] << 24)) >> 16
    else if (head === INT24) low = ((u8[p + 1] << 8) | (u8[p + 2] << 16) | (u8[p + 3] << 24)) >> 8
    else low = readU32(u8, p + 1) | 0
  }
  scratchHalves[0] = low
  scratchHalves[1] = head === INT64 ? readU32(u8, p + 5) | 0 : low >> 31
}

/** The rare integer that no double holds: its digits from the halves. */
function readBig(): void {
  const text = ((BigInt(scratchHalves[1]) << 32n) | BigInt(scratchHalves[0] >>> 0)).toString()
  for (let i = 0; i < text.length; i++) scratchDigits[i] = text.charCodeAt(i)
  element.length = text.length
}

/* How long an element is. */

function isString(head: number): boolean {
  return (head & 0xc0) === 0x80 || (head & 0xf0) === 0xe0 || head === STRING32
}

function stringHeadBytes(head: number): number {
  return head < 0xc0 ? 1 : head === STRING32 ? 5 : 2
}

function stringLength(u8: Uint8Array, p: number): number {
  const head = u8[p]
  if (head < 0xc0) return head & 63
  return head === STRING32 ? readU32(u8, p + 1) : ((head & 15) << 8) | u8[p + 1]
}

/** Bytes that tell the length of an element. */
export function headBytes(head: number): number {
  if (isString(head)) return stringHeadBytes(head)
  return integerBytes(head)
}

function integerBytes(head: number): number {
  if (head < 0x80) return 1
  if (head < 0xe0) return 2
  switch (head) {
    case INT16:
      return 3
    case INT24:
      return 4
    case INT32:
      return 5
    case INT64:
      return 9
    default:
      throw new AssertionError('I2 a known encoding')
  }
}

/** Bytes of an element without its backlen. */
function bodyBytes(u8: Uint8Array, p: number): number {
  const head = u8[p]
  return isString(head) ? stringHeadBytes(head) + stringLength(u8, p) : integerBytes(head)
}

/** Bytes of the backlen of an element that is so long without it. */
export function backlenBytes(body: number): number {
  if (body <= 127) return 1
  if (body <= BACKLEN_LIMITS[1]) return 2
  if (body <= BACKLEN_LIMITS[2]) return 3
  return body <= BACKLEN_LIMITS[3] ? 4 : 5
}

/* Writing. */

/**
 * Bytes of this text as an element: by so much a listpack grows when it is inserted. Leaves what writeElement() needs
 * in the scratch.
 */
export function insertedBytes(bytes: Uint8Array, offset: number, length: number): number {
  const kind = length <= INTEGER_TEXT_BYTES ? parseInteger(bytes, offset, length) : NOT_INTEGER
  const isText = kind === NOT_INTEGER
  const body = isText
    ? length + (length <= STRING6_MAX ? 1 : length <= STRING12_MAX ? 2 : 5)
    : encodedIntegerBytes(kind, bytes, offset, length)
  scratchForm[FORM_BODY] = body
  scratchForm[FORM_IS_TEXT] = isText ? 1 : 0
  return body + backlenBytes(body)
}

function encodedIntegerBytes(kind: number, bytes: Uint8Array, offset: number, length: number): number {
  if (kind === BIG_INTEGER) {
    const big = parsedBig(bytes, offset, length)
    scratchHalves[0] = Number(BigInt.asIntN(32, big))
    scratchHalves[1] = Number(big >> 32n)
    return 9
  }
  const value = parsed()
  scratchHalves[0] = value | 0
  scratchHalves[1] = Math.floor(value / TWO_32)
  if (value >= 0 && value <= 127) return 1
  if (value >= -4096 && value <= 4095) return 2
  if (value >= -32768 && value <= 32767) return 3
  if (value >= -8388608 && value <= 8388607) return 4
  return value >= -2147483648 && value <= 2147483647 ? 5 : 9
}

/** Bytes of the element that insertedBytes() has measured last. */
export function measuredBytes(): number {
  const body = scratchForm[FORM_BODY]
  return body + backlenBytes(body)
}

/** Writes the text that insertedBytes() has just measured as an element. */
export function writeElement(u8: Uint8Array, p: number, bytes: Uint8Array, offset: number, length: number): void {
  const body = scratchForm[FORM_BODY]
  if (scratchForm[FORM_IS_TEXT] === 0) writeInteger(u8, p, body)
  else writeText(u8, p, body, bytes, offset, length)
  writeBacklen(u8, p + body, body)
}

function writeText(u8: Uint8Array, p: number, body: number, bytes: Uint8Array, offset: number, length: number): void {
  if (length <= STRING6_MAX) {
    u8[p] = STRING6 | length
  } else if (length <= STRING12_MAX) {
    u8[p] = 0xe0 | (length >> 8)
    u8[p + 1] = length & 255
  } else {
    u8[p] = STRING32
    writeU32(u8, p + 1, length)
  }
  copyBytes(u8, p + body - length, bytes, offset, length)
}

function writeInteger(u8: Uint8Array, p: number, body: number): void {
  const low = scratchHalves[0]
  if (body === 1) {
    u8[p] = low
  } else if (body === 2) {
    u8[p] = 0xc0 | ((low >> 8) & 31)
    u8[p + 1] = low & 255
  } else {
    u8[p] = body === 9 ? INT64 : STRING32 + body - 2
    u8[p + 1] = low & 255
    u8[p + 2] = (low >> 8) & 255
    if (body > 3) u8[p + 3] = (low >> 16) & 255
    if (body > 4) u8[p + 4] = low >>> 24
    if (body === 9) writeU32(u8, p + 5, scratchHalves[1])
  }
}

function writeBacklen(u8: Uint8Array, p: number, body: number): void {
  let rest = body
  for (let i = p + backlenBytes(body) - 1; i > p; i--) {
    u8[i] = (rest & 127) | 128
    rest = Math.floor(rest / 128)
  }
  u8[p] = rest
}

/* Little-endian at any offset. */

export function readU32(u8: Uint8Array, at: number): number {
  return (u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)) >>> 0
}

export function writeU32(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value & 255
  u8[at + 1] = (value >>> 8) & 255
  u8[at + 2] = (value >>> 16) & 255
  u8[at + 3] = value >>> 24
}
