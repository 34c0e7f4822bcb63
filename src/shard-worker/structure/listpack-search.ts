/* Elements of a listpack by their text, from either end: the next one, and all of them taken out at once. Any thread
 * that may touch the bytes. Hot: see listpack.ts. */
import { copyBytes } from '../../base/bytes.ts'
import { end, equals, find, first, isEnd, next, previous, removeRange } from './listpack.ts'

/** What look() found: the element, 0 for none, and how many it passed over. Valid until the next call. */
export const looked = { p: 0, passed: 0 }

/** From this size on the built-in move of overlapping bytes is faster than one by one. */
const NATIVE_MOVE_BYTES = 64

/** Looks for the first element with this text, from element `p` on in one direction, among `most`. O(n). */
export function look(
  u8: Uint8Array,
  at: number,
  p: number,
  forward: boolean,
  bytes: Uint8Array,
  offset: number,
  length: number,
  most: number,
): void {
  let passed = 0
  looked.p = 0
  for (let each = p; passed < most && each !== 0 && !isEnd(u8, each); passed++) {
    if (equals(u8, each, bytes, offset, length)) {
      looked.p = each
      break
    }
    each = forward ? next(u8, each) : previous(u8, at, each)
  }
  looked.passed = passed
}

/**
 * Takes out the elements with this text, up to `most` from one end on; returns how many. What stays is moved once, by
 * the runs between them: to take each out by itself would be quadratic. O(bytes).
 */
export function removeEqual(
  u8: Uint8Array,
  at: number,
  fromHead: boolean,
  most: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  const p = fromHead
    ? find(u8, first(at), bytes, offset, length, 0)
    : earliestOfLast(u8, at, most, bytes, offset, length)
  if (p === 0) return 0
  let to = p
  let from = next(u8, p)
  let removed = 1
  for (; removed < most; removed++) {
    const match = find(u8, from, bytes, offset, length, 0)
    if (match === 0) break
    move(u8, to, from, match - from)
    to += match - from
    from = next(u8, match)
  }
  removeRange(u8, at, to, from, removed)
  return removed
}

/** The earliest of the last `most` elements with this text; 0 when there is none. */
function earliestOfLast(
  u8: Uint8Array,
  at: number,
  most: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  let earliest = 0
  let left = most
  for (let p = previous(u8, at, end(u8, at)); p !== 0 && left > 0; p = previous(u8, at, p)) {
    if (!equals(u8, p, bytes, offset, length)) continue
    earliest = p
    left--
  }
  return earliest
}

/** Moves bytes towards the beginning, which they may overlap. */
function move(u8: Uint8Array, to: number, from: number, length: number): void {
  if (length < NATIVE_MOVE_BYTES) copyBytes(u8, to, u8, from, length)
  else u8.copyWithin(to, from, from + length)
}
