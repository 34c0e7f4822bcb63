/* The zipmap, which was the compact form of hashes before Redis 2.6: only read here, and only after soundZipmapCount()
 * has looked at every byte of it. Any thread.
 *
 *   | count u8 | length | field | length | free u8 | value | free bytes | ... | 0xFF |
 *
 *   length  one byte up to 253, or FE and four, little-endian.   count  number of fields, or 254: to be counted. */
import type { RdbText } from './reader.ts'

const LONG = 0xfe
const END = 0xff
const COUNT_UNKNOWN = 254

/** Number of fields of the zipmap that fills exactly `bytes` bytes; -1 when it is none. O(n). */
export function soundZipmapCount(u8: Uint8Array, at: number, bytes: number): number {
  if (bytes < 2 || u8[at + bytes - 1] !== END) return -1
  const end = at + bytes - 1
  let count = 0
  let p = at + 1
  while (p < end) {
    const value = afterText(u8, p, end)
    if (value < 0 || value >= end || u8[value] === END) return -1
    const free = value + lengthBytes(u8, value)
    if (free >= end) return -1
    p = free + 1 + lengthAt(u8, value) + u8[free]
    if (p > end) return -1
    count++
  }
  return u8[at] === COUNT_UNKNOWN || u8[at] === count ? count : -1
}

/** Where the text ends whose length stands at `p`; -1 when that is not before `end`. */
function afterText(u8: Uint8Array, p: number, end: number): number {
  if (u8[p] === END) return -1
  const begin = p + lengthBytes(u8, p)
  if (begin > end) return -1
  const after = begin + lengthAt(u8, p)
  return after <= end ? after : -1
}

/** Puts a field of a sound zipmap and its value into texts; returns the next field, or the end. */
export function readField(u8: Uint8Array, p: number, field: RdbText, value: RdbText): number {
  const middle = readText(u8, p, field, 0)
  return readText(u8, middle, value, 1) + u8[middle + lengthBytes(u8, middle)]
}

function readText(u8: Uint8Array, p: number, text: RdbText, freeBytes: number): number {
  text.bytes = u8
  text.offset = p + lengthBytes(u8, p) + freeBytes
  text.length = lengthAt(u8, p)
  return text.offset + text.length
}

function lengthBytes(u8: Uint8Array, p: number): number {
  return u8[p] < LONG ? 1 : 5
}

function lengthAt(u8: Uint8Array, p: number): number {
  if (u8[p] < LONG) return u8[p]
  return (u8[p + 1] | (u8[p + 2] << 8) | (u8[p + 3] << 16) | (u8[p + 4] << 24)) >>> 0
}
