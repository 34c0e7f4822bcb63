/* Whether bytes from outside are a listpack (listpack.ts), before anything touches them as one. Any thread. Everything
 * is looked at within its bounds, so any bytes may be asked about; O(n), nothing allocated but the table of duplicates.
 *
 * What it demands is what Redis demands with `sanitize-dump-payload yes`. Integers may be longer than they need be, and
 * strings may be texts of integers: every operation copes with that. */
import { keyHash } from '../../base/key-hash.ts'
import * as listpack from './listpack.ts'

const HEADER_BYTES = listpack.LISTPACK_HEADER_BYTES
const COUNT_UNKNOWN = 0xffff
const END = 0xff
const INT16 = 0xf1
const INT64 = 0xf4
const STRING32 = 0xf0
const MAX_BACKLEN_BYTES = 5

/** Number of elements of the listpack that fills exactly `bytes` bytes; -1 when it is none. */
export function soundListpackCount(u8: Uint8Array, at: number, bytes: number): number {
  if (bytes < listpack.EMPTY_LISTPACK_BYTES || listpack.listpackBytes(u8, at) !== bytes) return -1
  const last = at + bytes - 1
  if (u8[last] !== END) return -1
  let count = 0
  let p = at + HEADER_BYTES
  while (p < last) {
    const body = soundBody(u8, p, last)
    if (body < 0) return -1
    const after = soundBacklen(u8, p + body, last, body)
    if (after < 0) return -1
    p = after
    count++
  }
  const told = u8[at + 4] | (u8[at + 5] << 8)
  return told === COUNT_UNKNOWN || told === count ? count : -1
}

/** Bytes of the element at `p` without its backlen, which lies before `last` too; -1 when there is none. */
function soundBody(u8: Uint8Array, p: number, last: number): number {
  const head = u8[p]
  let body: number
  if (head < 0x80) body = 1
  else if (head < 0xc0) body = 1 + (head & 63)
  else if (head < 0xe0) body = 2
  else if (head < STRING32) body = p + 1 < last ? 2 + (((head & 15) << 8) | u8[p + 1]) : -1
  else if (head === STRING32) body = p + 4 < last ? 5 + listpack.listpackBytes(u8, p + 1) : -1
  else if (head <= INT64) body = head === INT64 ? 9 : head - INT16 + 3
  else body = -1
  return body > 0 && p + body < last ? body : -1
}

/** Where the element ends whose backlen stands at `p`, -1 when it does not tell `body` in as few bytes as it can. */
function soundBacklen(u8: Uint8Array, p: number, last: number, body: number): number {
  const bytes = listpack.backlenBytes(body)
  if (bytes > MAX_BACKLEN_BYTES || p + bytes > last) return -1
  let told = 0
  for (let i = 0; i < bytes; i++) {
    // All but the first have bit 7 set: that is where reading from behind goes on.
    if ((u8[p + i] & 128) !== (i === 0 ? 0 : 128)) return -1
    told = told * 128 + (u8[p + i] & 127)
  }
  return told === body ? p + bytes : -1
}

/* A table of elements met, by the hashes of their texts: open addressing, 0 where there is none. */
const scratchMet = new Int32Array(4096)

/**
 * Whether an element of a sound listpack has the text of an earlier one, looking at every (skip + 1)th. `count` is the
 * number of all elements; `seed` keeps who made them from choosing texts whose hashes collide.
 */
export function hasDuplicates(u8: Uint8Array, at: number, count: number, skip: number, seed: number): boolean {
  let slots = 64
  while (slots < 2 * count) slots *= 2
  const met = slots <= scratchMet.length ? scratchMet.fill(0, 0, slots) : new Int32Array(slots)
  const mask = slots - 1
  let p = listpack.first(at)
  while (!listpack.isEnd(u8, p)) {
    listpack.read(u8, p)
    const { bytes, offset, length } = listpack.element
    let slot = keyHash(bytes, offset, length, seed) & mask
    for (; met[slot] !== 0; slot = (slot + 1) & mask) {
      if (isSame(u8, at + met[slot], p)) return true
    }
    met[slot] = p - at
    p = listpack.next(u8, p)
    for (let i = 0; i < skip && !listpack.isEnd(u8, p); i++) p = listpack.next(u8, p)
  }
  return false
}

/** Whether two elements have the same text. */
function isSame(u8: Uint8Array, a: number, b: number): boolean {
  listpack.read(u8, b)
  const { bytes, offset, length } = listpack.element
  if (bytes === u8) return listpack.equals(u8, a, bytes, offset, length)
  // Both may be integers, whose texts share a scratch.
  return listpack.equals(u8, a, bytes.slice(offset, offset + length), 0, length)
}
