/* The listpack: a run of strings and integers in one block, read from either end. Byte for byte the format that Redis
 * keeps in memory and in snapshots (https://github.com/antirez/listpack/blob/master/listpack.md). Any thread that may
 * touch the bytes. Hot: plain functions of a Uint8Array, the offset `at` where the listpack begins and absolute offsets
 * of elements. Nothing here allocates: the caller makes sure of room (see insertedBytes). At the ends elements come and
 * go in O(1): at the first one the listpack itself begins earlier or later.
 *
 *   0             4           6                                  total - 1
 *   | total u32   | count u16 | element | element | ...          | 0xFF |
 *
 *   element:  | encoding and length | data | backlen |
 *
 *   0vvvvvvv                      integer 0 to 127
 *   110vvvvv vvvvvvvv             integer of 13 bits
 *   F1, F2, F3, F4 and data       integer of 16, 24, 32, 64 bits, little-endian
 *   10nnnnnn data                 string of up to 63 bytes
 *   1110nnnn nnnnnnnn data        string of up to 4095 bytes
 *   F0 n32 data                   string of up to 2^32 - 1 bytes, length little-endian
 *   backlen                       bytes of what stands before it, 7 bits each, high ones first; all but the first of
 *                                 its bytes have bit 7 set, so that it can be read from behind
 *
 * I1  total counts every byte, and the last one is 0xFF.
 * I2  the elements fill the space between header and end, and each backlen tells the bytes before it.
 * I3  count is the number of elements, or 65535 when it has to be counted.
 * Bound: 4 GiB by the format; every operation but those at the ends is O(bytes). */
import { AssertionError, assert } from '../../base/assert.ts'
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

export const LISTPACK_HEADER_BYTES = 6
/** Bytes of a listpack without elements. */
export const EMPTY_LISTPACK_BYTES = 7

const COUNT_OFFSET = 4
const END = 0xff
const COUNT_UNKNOWN = 0xffff
const INT16 = 0xf1
const INT24 = 0xf2
const INT32 = 0xf3
const INT64 = 0xf4
const STRING32 = 0xf0
/** The first byte of a string of up to 4095 bytes, and of all longer forms. */
const STRING12 = 0xe0
const TWO_32 = 4294967296
/* Where the forms of a string and of a backlen end. */
const STRING6_MAX = 63
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
/* What encodedBytes() found last: bytes without backlen, and 1 for a text that is no integer. */
const scratchForm = new Int32Array(2)
const FORM_BODY = 0
const FORM_IS_TEXT = 1

/** Makes the EMPTY_LISTPACK_BYTES at `at` a listpack without elements. */
export function initializeListpack(u8: Uint8Array, at: number): void {
  writeU32(u8, at, EMPTY_LISTPACK_BYTES)
  u8[at + COUNT_OFFSET] = 0
  u8[at + COUNT_OFFSET + 1] = 0
  u8[at + LISTPACK_HEADER_BYTES] = END
}

export function listpackBytes(u8: Uint8Array, at: number): number {
  return readU32(u8, at)
}

/** Number of elements: O(1) below 65535, else they are counted. */
export function listpackCount(u8: Uint8Array, at: number): number {
  const count = u8[at + COUNT_OFFSET] | (u8[at + COUNT_OFFSET + 1] << 8)
  if (count !== COUNT_UNKNOWN) return count
  let counted = 0
  for (let p = at + LISTPACK_HEADER_BYTES; u8[p] !== END; p = next(u8, p)) counted++
  if (counted < COUNT_UNKNOWN) setCount(u8, at, counted)
  return counted
}

/** The first element; of none, the end. */
export function first(at: number): number {
  return at + LISTPACK_HEADER_BYTES
}

/** Where the end mark stands: elements inserted there are appended. */
export function end(u8: Uint8Array, at: number): number {
  return at + readU32(u8, at) - 1
}

export function isEnd(u8: Uint8Array, p: number): boolean {
  return u8[p] === END
}

/** The element after `p`, or the end. */
export function next(u8: Uint8Array, p: number): number {
  const head = u8[p]
  // Nearly all are integers of one byte or short texts, with a backlen of one.
  if (head < 0xc0) return p + (head < 0x80 ? 2 : (head & 63) + 2)
  const bytes = bodyBytes(u8, p)
  return p + bytes + backlenBytes(bytes)
}

/** The element before `p`, which may be the end; 0 before the first one. */
export function previous(u8: Uint8Array, at: number, p: number): number {
  if (p === at + LISTPACK_HEADER_BYTES) return 0
  let last = p - 1
  let body = u8[last] & 127
  let shift = 128
  while (u8[last] & 128) {
    last--
    body += (u8[last] & 127) * shift
    shift *= 128
  }
  return last - body
}

/** The element with this index, from the end when it is negative; 0 when there is none. Walks from the nearer end. */
export function seek(u8: Uint8Array, at: number, index: number): number {
  const count = listpackCount(u8, at)
  const wanted = index < 0 ? index + count : index
  if (wanted < 0 || wanted >= count) return 0
  if (wanted <= count >> 1) {
    let p = first(at)
    for (let i = 0; i < wanted; i++) p = next(u8, p)
    return p
  }
  let p = end(u8, at)
  for (let i = count; i > wanted; i--) p = previous(u8, at, p)
  return p
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
  if (isString(head)) {
    return stringLength(u8, p) === length && equalBytes(u8, p + stringHeadBytes(head), bytes, offset, length)
  }
  read(u8, p)
  return element.length === length && equalBytes(element.bytes, 0, bytes, offset, length)
}

/** The first element from `p` on with this text, looking at every (skip + 1)th only; 0 when there is none. O(n). */
export function find(
  u8: Uint8Array,
  p: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  skip: number,
): number {
  if (length <= STRING6_MAX && (length > INTEGER_TEXT_BYTES || parseInteger(bytes, offset, length) === NOT_INTEGER)) {
    return findShort(u8, p, bytes, offset, length, skip)
  }
  while (u8[p] !== END) {
    if (equals(u8, p, bytes, offset, length)) return p
    p = next(u8, p)
    for (let i = 0; i < skip && u8[p] !== END; i++) p = next(u8, p)
  }
  return 0
}

/**
 * The same for a text of up to 63 bytes that is no integer: its first byte tells it from those of other lengths. Others
 * may have written it in a longer form than it needs.
 */
function findShort(u8: Uint8Array, p: number, bytes: Uint8Array, offset: number, length: number, skip: number): number {
  const head = 0x80 | length
  while (u8[p] !== END) {
    const found = u8[p]
    if (found === head) {
      if (equalBytes(u8, p + 1, bytes, offset, length)) return p
    } else if (found >= STRING12 && equals(u8, p, bytes, offset, length)) return p
    p = next(u8, p)
    for (let i = 0; i < skip && u8[p] !== END; i++) p = next(u8, p)
  }
  return 0
}

/** Bytes by which a listpack grows when an element with this text is inserted. */
export function insertedBytes(bytes: Uint8Array, offset: number, length: number): number {
  const body = encodedBytes(bytes, offset, length)
  return body + backlenBytes(body)
}

/** Bytes of element `p` with its backlen. */
export function elementBytes(u8: Uint8Array, p: number): number {
  return next(u8, p) - p
}

/**
 * Inserts an element with this text before `p`, an element or the end. There must be room for insertedBytes() more, and
 * the text may not lie in what moves. Returns the element after the new one. O(bytes after p).
 */
export function insert(
  u8: Uint8Array,
  at: number,
  p: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  const body = encodedBytes(bytes, offset, length)
  const grown = body + backlenBytes(body)
  const total = readU32(u8, at)
  u8.copyWithin(p + grown, p, at + total)
  encode(u8, p, bytes, offset, length, body)
  writeBacklen(u8, p + body, body)
  writeU32(u8, at, total + grown)
  addToCount(u8, at, 1)
  return p + grown
}

/** Inserts `count` elements that are these bytes already; otherwise as insert(). Returns the element after them. */
export function insertEncoded(
  u8: Uint8Array,
  at: number,
  p: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  count: number,
): number {
  const total = readU32(u8, at)
  u8.copyWithin(p + length, p, at + total)
  copyBytes(u8, p, bytes, offset, length)
  writeU32(u8, at, total + length)
  addToCount(u8, at, count)
  return p + length
}

/** Gives element `p` this text; room as for insert(), less what the old one takes. Returns the element after it. */
export function replace(
  u8: Uint8Array,
  at: number,
  p: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  const body = encodedBytes(bytes, offset, length)
  const fresh = body + backlenBytes(body)
  const after = next(u8, p)
  const total = readU32(u8, at)
  if (p + fresh !== after) u8.copyWithin(p + fresh, after, at + total)
  encode(u8, p, bytes, offset, length, body)
  writeBacklen(u8, p + body, body)
  writeU32(u8, at, total + fresh - (after - p))
  return p + fresh
}

/** Appends the text that insertedBytes() has just measured; there must be room for as many bytes behind. O(1). */
export function append(u8: Uint8Array, at: number, bytes: Uint8Array, offset: number, length: number): void {
  const body = scratchForm[FORM_BODY]
  const total = readU32(u8, at)
  const p = at + total - 1
  encode(u8, p, bytes, offset, length, body)
  writeBacklen(u8, p + body, body)
  const grown = body + backlenBytes(body)
  u8[p + grown] = END
  writeU32(u8, at, total + grown)
  addToCount(u8, at, 1)
}

/**
 * Puts the text that insertedBytes() has just measured before the first element; there must be room for as many bytes
 * before the listpack. Returns where it begins now. O(1).
 */
export function prepend(u8: Uint8Array, at: number, bytes: Uint8Array, offset: number, length: number): number {
  const body = scratchForm[FORM_BODY]
  const grown = body + backlenBytes(body)
  const moved = moveHeader(u8, at, -grown)
  addToCount(u8, moved, 1)
  const p = moved + LISTPACK_HEADER_BYTES
  encode(u8, p, bytes, offset, length, body)
  writeBacklen(u8, p + body, body)
  return moved
}

/** Takes out the first element, of at least one; returns where the listpack begins now. O(1). */
export function removeFirst(u8: Uint8Array, at: number): number {
  return removeUpTo(u8, at, next(u8, at + LISTPACK_HEADER_BYTES), 1)
}

/** Takes out the first `count` elements, which end where `p` stands; returns where the listpack begins now. O(1). */
export function removeUpTo(u8: Uint8Array, at: number, p: number, count: number): number {
  const moved = moveHeader(u8, at, p - at - LISTPACK_HEADER_BYTES)
  addToCount(u8, moved, -count)
  return moved
}

/** Takes out the last `count` elements, the first of which is `p`. O(1). */
export function removeFrom(u8: Uint8Array, at: number, p: number, count: number): void {
  u8[p] = END
  writeU32(u8, at, p + 1 - at)
  addToCount(u8, at, -count)
}

/** Takes out `count` elements from index `index` on; there are as many. Returns where the listpack begins now. */
export function removeElements(u8: Uint8Array, at: number, index: number, count: number): number {
  const all = listpackCount(u8, at)
  const last = end(u8, at)
  const p = index === all ? last : seek(u8, at, index)
  const to = index + count === all ? last : seek(u8, at, index + count)
  if (p === first(at)) return removeUpTo(u8, at, to, count)
  if (to === last) removeFrom(u8, at, p, count)
  else removeRange(u8, at, p, to, count)
  return at
}

/** Makes a listpack at `at` of the `count` elements between `p` and `to`, which lie elsewhere. */
export function copyRange(u8: Uint8Array, at: number, p: number, to: number, count: number): void {
  const bytes = to - p
  writeU32(u8, at, EMPTY_LISTPACK_BYTES + bytes)
  setCount(u8, at, Math.min(count, COUNT_UNKNOWN))
  u8.copyWithin(at + LISTPACK_HEADER_BYTES, p, to)
  u8[at + LISTPACK_HEADER_BYTES + bytes] = END
}

/** Appends the elements of another listpack; there must be room for its elements behind. O(bytes). */
export function appendAll(u8: Uint8Array, at: number, other: number): void {
  const total = readU32(u8, at)
  const added = readU32(u8, other) - EMPTY_LISTPACK_BYTES
  const count = listpackCount(u8, other)
  u8.copyWithin(at + total - 1, first(other), first(other) + added)
  u8[at + total - 1 + added] = END
  writeU32(u8, at, total + added)
  addToCount(u8, at, count)
}

/** Takes out the last element, of at least one. O(1). */
export function removeLast(u8: Uint8Array, at: number): void {
  removeFrom(u8, at, previous(u8, at, at + readU32(u8, at) - 1), 1)
}

/** Has the listpack begin `distance` bytes later, its end staying where it is; the header may overlap the old one. */
function moveHeader(u8: Uint8Array, at: number, distance: number): number {
  const total = readU32(u8, at)
  const low = u8[at + COUNT_OFFSET]
  const high = u8[at + COUNT_OFFSET + 1]
  const moved = at + distance
  writeU32(u8, moved, total - distance)
  u8[moved + COUNT_OFFSET] = low
  u8[moved + COUNT_OFFSET + 1] = high
  return moved
}

/** Takes out `count` elements that reach from `p` to `to`; what stood at `to` stands at `p` afterwards. */
export function removeRange(u8: Uint8Array, at: number, p: number, to: number, count: number): void {
  const total = readU32(u8, at)
  u8.copyWithin(p, to, at + total)
  writeU32(u8, at, total - (to - p))
  addToCount(u8, at, -count)
}

/** Takes out element `p`; what followed it stands there afterwards. */
export function remove(u8: Uint8Array, at: number, p: number): void {
  removeRange(u8, at, p, next(u8, p), 1)
}

/** Asserts I1 to I3 of a listpack that may take `capacity` bytes. O(n). */
export function checkListpack(u8: Uint8Array, at: number, capacity: number): void {
  assert(capacity >= EMPTY_LISTPACK_BYTES, 'I1 a header and an end')
  const total = readU32(u8, at)
  assert(total >= EMPTY_LISTPACK_BYTES && total <= capacity, 'I1 total fits the block')
  const last = at + total - 1
  assert(u8[last] === END, 'I1 the last byte is the end mark')
  let count = 0
  let p = at + LISTPACK_HEADER_BYTES
  while (p < last) {
    assert(u8[p] !== END, 'I2 no end mark before the end')
    assert(p + headBytes(u8[p]) <= last, 'I2 an element lies before the end')
    const body = bodyBytes(u8, p)
    const after = p + body + backlenBytes(body)
    assert(after <= last, 'I2 an element lies before the end')
    assert(previous(u8, at, after) === p, 'I2 the backlen leads back')
    p = after
    count++
  }
  assert(p === last, 'I2 the elements fill the listpack')
  const told = u8[at + COUNT_OFFSET] | (u8[at + COUNT_OFFSET + 1] << 8)
  assert(told === COUNT_UNKNOWN || told === count, 'I3 count is the number of elements')
}

/* Encodings. */

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
function headBytes(head: number): number {
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

function writeBacklen(u8: Uint8Array, p: number, body: number): void {
  let rest = body
  for (let i = p + backlenBytes(body) - 1; i > p; i--) {
    u8[i] = (rest & 127) | 128
    rest = Math.floor(rest / 128)
  }
  u8[p] = rest
}

/** Bytes of this text as an element, without backlen; leaves what encode() needs in the scratch. */
function encodedBytes(bytes: Uint8Array, offset: number, length: number): number {
  const kind = length <= INTEGER_TEXT_BYTES ? parseInteger(bytes, offset, length) : NOT_INTEGER
  const isText = kind === NOT_INTEGER
  const body = isText
    ? length + (length <= STRING6_MAX ? 1 : length <= STRING12_MAX ? 2 : 5)
    : encodedIntegerBytes(kind, bytes, offset, length)
  scratchForm[FORM_BODY] = body
  scratchForm[FORM_IS_TEXT] = isText ? 1 : 0
  return body
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

/** Writes what encodedBytes() measured just before as `body` bytes. */
function encode(u8: Uint8Array, p: number, bytes: Uint8Array, offset: number, length: number, body: number): void {
  if (scratchForm[FORM_IS_TEXT] === 0) return encodeInteger(u8, p, body)
  if (length <= STRING6_MAX) {
    u8[p] = 0x80 | length
  } else if (length <= STRING12_MAX) {
    u8[p] = 0xe0 | (length >> 8)
    u8[p + 1] = length & 255
  } else {
    u8[p] = STRING32
    writeU32(u8, p + 1, length)
  }
  copyBytes(u8, p + body - length, bytes, offset, length)
}

function encodeInteger(u8: Uint8Array, p: number, body: number): void {
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

function addToCount(u8: Uint8Array, at: number, change: number): void {
  const count = u8[at + COUNT_OFFSET] | (u8[at + COUNT_OFFSET + 1] << 8)
  if (count !== COUNT_UNKNOWN) setCount(u8, at, Math.min(count + change, COUNT_UNKNOWN))
}

function setCount(u8: Uint8Array, at: number, count: number): void {
  u8[at + COUNT_OFFSET] = count & 255
  u8[at + COUNT_OFFSET + 1] = count >> 8
}

function readU32(u8: Uint8Array, at: number): number {
  return (u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)) >>> 0
}

function writeU32(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value & 255
  u8[at + 1] = (value >>> 8) & 255
  u8[at + 2] = (value >>> 16) & 255
  u8[at + 3] = value >>> 24
}
