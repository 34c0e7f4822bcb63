/* Short texts at the ends of a listpack: what most pushes are, without what append() and prepend() of listpack.ts do
 * for elements of every kind. Any thread that may touch the bytes. Hot.
 *
 *   | 10nnnnnn | text of n <= 63 bytes | backlen n + 1 |
 *
 * The caller knows `total`, the bytes of the listpack, and has made sure of room; `view` shows `u8`. */
import { copyWords, viewOf } from '../../base/bytes.ts'
import { COUNT_OFFSET, COUNT_UNKNOWN, END, LISTPACK_HEADER_BYTES } from './listpack.ts'
import { STRING6, STRING6_MAX } from './listpack-element.ts'

/** What a short text takes beside itself: encoding and backlen. */
export const SHORT_OVERHEAD_BYTES = 2

const MINUS = 45
const ZERO = 48
const NINE = 57

/** Whether a text is short and surely no integer. */
export function isShortText(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length > STRING6_MAX) return false
  if (length === 0) return true
  const head = bytes[offset]
  return head > NINE || (head < ZERO && head !== MINUS)
}

/** Adds one behind the last element. */
export function appendShort(
  u8: Uint8Array,
  view: DataView,
  at: number,
  total: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  const p = at + total - 1
  write(u8, view, p, bytes, offset, length)
  u8[p + length + SHORT_OVERHEAD_BYTES] = END
  writeHeader(u8, view, at, total + length + SHORT_OVERHEAD_BYTES, countAt(u8, at))
}

/** Adds one before the first element; returns where the listpack begins now. */
export function prependShort(
  u8: Uint8Array,
  view: DataView,
  at: number,
  total: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  const moved = at - length - SHORT_OVERHEAD_BYTES
  // The old header may lie where the text goes.
  writeHeader(u8, view, moved, total + length + SHORT_OVERHEAD_BYTES, countAt(u8, at))
  write(u8, view, moved + LISTPACK_HEADER_BYTES, bytes, offset, length)
  return moved
}

/** Writes a header that counts one element more than `count`. */
function writeHeader(u8: Uint8Array, view: DataView, at: number, total: number, count: number): void {
  const counted = count === COUNT_UNKNOWN ? count : count + 1
  view.setInt32(at, total, true)
  u8[at + COUNT_OFFSET] = counted & 255
  u8[at + COUNT_OFFSET + 1] = counted >> 8
}

function countAt(u8: Uint8Array, at: number): number {
  return u8[at + COUNT_OFFSET] | (u8[at + COUNT_OFFSET + 1] << 8)
}

function write(u8: Uint8Array, view: DataView, p: number, bytes: Uint8Array, offset: number, length: number): void {
  u8[p] = STRING6 | length
  copyWords(u8, view, p + 1, bytes, viewOf(bytes), offset, length)
  u8[p + 1 + length] = length + 1
}
