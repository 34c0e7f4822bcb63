/* The ziplist, which was the compact form of collections before Redis 7.0 and still stands in snapshots of that time.
 * It is only read here, and only after soundZiplistCount() has looked at every byte of it. Any thread.
 *
 *   0           4          8           10                      bytes - 1
 *   | bytes u32 | last u32 | count u16 | entry | entry | ...   | 0xFF |
 *
 *   entry:  | bytes of the entry before: one, or FE and four | encoding and length | data |
 *
 *   00nnnnnn                 string of up to 63 bytes
 *   01nnnnnn nnnnnnnn        string of up to 16383 bytes
 *   10000000 n32             string, length big-endian
 *   C0, D0, E0               integer of 16, 32, 64 bits, little-endian
 *   F0, FE                   integer of 24, 8 bits
 *   F1 to FD                 integer 0 to 12
 *
 * last   where the last entry begins.   count  number of entries, or 65535 when it has to be counted. */
import { formatInteger, INTEGER_TEXT_BYTES } from '../../base/number-text.ts'
import type { RdbText } from './reader.ts'

const HEADER_BYTES = 10
const LAST_OFFSET = 4
const COUNT_OFFSET = 8
const EMPTY_BYTES = HEADER_BYTES + 1
const END = 0xff
const LONG_BEFORE = 0xfe
const COUNT_UNKNOWN = 0xffff
const STRING_32 = 0x80
const INT16 = 0xc0
const INT32 = 0xd0
const INT64 = 0xe0
const INT24 = 0xf0
const INT8 = 0xfe
const FIRST_IMMEDIATE = 0xf1
const LAST_IMMEDIATE = 0xfd

/** Number of entries of the ziplist that fills exactly `bytes` bytes; -1 when it is none. O(n). */
export function soundZiplistCount(u8: Uint8Array, at: number, bytes: number): number {
  if (bytes < EMPTY_BYTES || readU32(u8, at) !== bytes) return -1
  const end = at + bytes - 1
  if (u8[end] !== END) return -1
  let count = 0
  let before = 0
  let lastEntry = at + HEADER_BYTES
  let p = lastEntry
  while (p < end) {
    const head = p + beforeBytes(u8, p)
    if (head >= end || u8[p] === END || bytesBefore(u8, p) !== before) return -1
    const body = bodyBytes(u8, head, end)
    if (body < 0 || head + body > end) return -1
    before = head + body - p
    lastEntry = p
    p = head + body
    count++
  }
  const told = u8[at + COUNT_OFFSET] | (u8[at + COUNT_OFFSET + 1] << 8)
  if (told !== COUNT_UNKNOWN && told !== count) return -1
  return at + readU32(u8, at + LAST_OFFSET) === lastEntry ? count : -1
}

/** The first entry; of none, the end. */
export function firstEntry(at: number): number {
  return at + HEADER_BYTES
}

/** Puts the text of the entry at `p` of a sound ziplist into `text`; returns the next entry. */
export function readEntry(u8: Uint8Array, p: number, text: RdbText): number {
  const head = p + beforeBytes(u8, p)
  const code = u8[head]
  const body = bodyBytes(u8, head, Number.POSITIVE_INFINITY)
  if (code < INT16) {
    text.bytes = u8
    text.length = stringBytes(u8, head)
    text.offset = head + body - text.length
  } else {
    text.bytes = text.scratch
    text.offset = 0
    text.length =
      code === INT64 ? formatBig(text.scratch, u8, head + 1) : formatInteger(text.scratch, 0, valueAt(u8, head))
  }
  return head + body
}

/** Bytes that tell how long the entry before is. */
function beforeBytes(u8: Uint8Array, p: number): number {
  return u8[p] < LONG_BEFORE ? 1 : 5
}

function bytesBefore(u8: Uint8Array, p: number): number {
  return u8[p] < LONG_BEFORE ? u8[p] : readU32(u8, p + 1)
}

/** Bytes of encoding, length and data; -1 for an unknown encoding, or when the length does not lie before `end`. */
function bodyBytes(u8: Uint8Array, head: number, end: number): number {
  const code = u8[head]
  if (code < 0x40) return 1 + (code & 63)
  if (code < 0x80) return head + 1 < end ? 2 + stringBytes(u8, head) : -1
  if (code === STRING_32) return head + 4 < end ? 5 + stringBytes(u8, head) : -1
  if (code >= FIRST_IMMEDIATE && code <= LAST_IMMEDIATE) return 1
  switch (code) {
    case INT8:
      return 2
    case INT16:
      return 3
    case INT24:
      return 4
    case INT32:
      return 5
    case INT64:
      return 9
    default:
      return -1
  }
}

function stringBytes(u8: Uint8Array, head: number): number {
  const code = u8[head]
  if (code < 0x40) return code
  if (code < 0x80) return ((code & 63) << 8) | u8[head + 1]
  return ((u8[head + 1] << 24) | (u8[head + 2] << 16) | (u8[head + 3] << 8) | u8[head + 4]) >>> 0
}

/** The integer of an entry, but for one of 64 bits. */
function valueAt(u8: Uint8Array, head: number): number {
  const code = u8[head]
  const p = head + 1
  if (code === INT8) return (u8[p] << 24) >> 24
  if (code === INT16) return ((u8[p] << 16) | (u8[p + 1] << 24)) >> 16
  if (code === INT24) return ((u8[p] << 8) | (u8[p + 1] << 16) | (u8[p + 2] << 24)) >> 8
  if (code === INT32) return readU32(u8, p) | 0
  return (code & 15) - 1
}

function formatBig(text: Uint8Array, u8: Uint8Array, p: number): number {
  const digits = ((BigInt(readU32(u8, p + 4) | 0) << 32n) | BigInt(readU32(u8, p))).toString()
  for (let i = 0; i < digits.length && i < INTEGER_TEXT_BYTES; i++) text[i] = digits.charCodeAt(i)
  return digits.length
}

function readU32(u8: Uint8Array, at: number): number {
  return (u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)) >>> 0
}
