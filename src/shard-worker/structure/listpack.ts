/* The listpack: a run of strings and integers in one block, read from either end. Byte for byte the format that Redis
 * keeps in memory and in snapshots (https://github.com/antirez/listpack/blob/master/listpack.md). Any thread that may
 * touch the bytes. Hot: plain functions of a Uint8Array, the offset `at` where the listpack begins and absolute offsets
 * of elements. Nothing here allocates: the caller makes sure of room (see insertedBytes). At the ends elements come and
 * go in O(1): at the first one the listpack itself begins earlier or later.
 *
 *   0             4           6                                  total - 1
 *   | total u32   | count u16 | element | element | ...          | 0xFF |
 *
 * listpack-element.ts draws an element.
 *
 * I1  total counts every byte, and the last one is 0xFF.
 * I2  the elements fill the space between header and end, and each backlen tells the bytes before it.
 * I3  count is the number of elements, or 65535 when it has to be counted.
 * Bound: 4 GiB by the format; every operation but those at the ends is O(bytes). */
import { assert } from '../../base/assert.ts'
import { copyBytes, equalBytes } from '../../base/bytes.ts'
import { INTEGER_TEXT_BYTES, NOT_INTEGER, parseInteger } from '../../base/number-text.ts'
import {
  equals,
  headBytes,
  insertedBytes,
  measuredBytes,
  next,
  readU32,
  STRING6,
  STRING6_MAX,
  STRING12,
  writeElement,
  writeU32,
} from './listpack-element.ts'

export {
  backlenBytes,
  element,
  elementBytes,
  equals,
  insertedBytes,
  integerAt,
  isInteger,
  next,
  read,
} from './listpack-element.ts'

export const LISTPACK_HEADER_BYTES = 6
/** Bytes of a listpack without elements. */
export const EMPTY_LISTPACK_BYTES = 7

export const COUNT_OFFSET = 4
export const END = 0xff
export const COUNT_UNKNOWN = 0xffff

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

/** The element before `p`, which may be the end; 0 before the first one. */
export function previous(u8: Uint8Array, at: number, p: number): number {
  if (p === at + LISTPACK_HEADER_BYTES) return 0
  let last = p - 1
  if (u8[last] < 128) return last - u8[last]
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
  const head = STRING6 | length
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
  const grown = insertedBytes(bytes, offset, length)
  const total = readU32(u8, at)
  u8.copyWithin(p + grown, p, at + total)
  writeElement(u8, p, bytes, offset, length)
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
  const fresh = insertedBytes(bytes, offset, length)
  const after = next(u8, p)
  const total = readU32(u8, at)
  if (p + fresh !== after) u8.copyWithin(p + fresh, after, at + total)
  writeElement(u8, p, bytes, offset, length)
  writeU32(u8, at, total + fresh - (after - p))
  return p + fresh
}

/** Appends the text that insertedBytes() has just measured; there must be room for as many bytes behind. O(1). */
export function append(u8: Uint8Array, at: number, bytes: Uint8Array, offset: number, length: number): void {
  const grown = measuredBytes()
  const total = readU32(u8, at)
  const p = at + total - 1
  writeElement(u8, p, bytes, offset, length)
  u8[p + grown] = END
  writeU32(u8, at, total + grown)
  addToCount(u8, at, 1)
}

/**
 * Puts the text that insertedBytes() has just measured before the first element; there must be room for as many bytes
 * before the listpack. Returns where it begins now. O(1).
 */
export function prepend(u8: Uint8Array, at: number, bytes: Uint8Array, offset: number, length: number): number {
  const moved = moveHeader(u8, at, -measuredBytes())
  addToCount(u8, moved, 1)
  writeElement(u8, moved + LISTPACK_HEADER_BYTES, bytes, offset, length)
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
    const after = next(u8, p)
    assert(after <= last, 'I2 an element lies before the end')
    assert(previous(u8, at, after) === p, 'I2 the backlen leads back')
    p = after
    count++
  }
  assert(p === last, 'I2 the elements fill the listpack')
  const told = u8[at + COUNT_OFFSET] | (u8[at + COUNT_OFFSET + 1] << 8)
  assert(told === COUNT_UNKNOWN || told === count, 'I3 count is the number of elements')
}

function addToCount(u8: Uint8Array, at: number, change: number): void {
  const count = u8[at + COUNT_OFFSET] | (u8[at + COUNT_OFFSET + 1] << 8)
  if (count !== COUNT_UNKNOWN) setCount(u8, at, Math.min(count + change, COUNT_UNKNOWN))
}

function setCount(u8: Uint8Array, at: number, count: number): void {
  u8[at + COUNT_OFFSET] = count & 255
  u8[at + COUNT_OFFSET + 1] = count >> 8
}
