/* One key and its value: a single arena block. Held by whoever holds the shard's baton. Hot: plain functions of
 * offsets. Offsets in bytes, integers little-endian, the block 8-aligned:
 *
 *   0      1               2         4            7        8
 *   | kind | flags, length | key u16 | access u24 | length | [expire u64] | [block u32] | [key u32] | key | value |
 *
 * kind    type in the low four bits, encoding in the high four (Redis's OBJ_* numbers).
 * flags   HAS_EXPIRE: the expire field is there. LONG_KEY: the key's length stands in its own u32, key u16 is 0xFFFF.
 *         OUT_OF_LINE: the value has a block of its own, and `block` is its arena offset. SAVED: a snapshot that has
 *         yet to come by has this entry already, or is not to have it (save-marks.ts).
 * length  of an embedded string in bytes: four high bits beside the flags, eight low ones beside access. No word of its
 *         own is spent on it, so that a counter with a key of 20 bytes fits half a cache line.
 * access  LRU clock in seconds, or LFU (16 bits minutes, 8 bits logarithmic counter), as in Redis.
 * expire  Unix milliseconds, 64 bits.
 *
 * An out-of-line string is a block of its own: | length u32 | unused u32 | bytes |, so that it can grow without moving
 * the entry; Redis's raw strings differ from embstr by history, not by place, so encoding and place are independent.
 *
 * I1  type is never an unknown one; with OUT_OF_LINE the embedded length is 0.
 * I2  header, key and embedded value fit the block's capacity.
 * I3  a string's OUT_OF_LINE length fits its own block. */
import { assert } from '../../base/assert.ts'
import { copyWords, viewOf } from '../../base/bytes.ts'
import type { Reply } from '../../base/reply.ts'
import type { Arena } from '../../shm/arena/arena.ts'

export const ENTRY_FLAGS = 1
const ENTRY_ACCESS = 4
export const ENTRY_HEADER_BYTES = 8
const ENTRY_LOW_LENGTH = 7

/* The three flags that lengthen the header are worth a shift of the bytes they add (see headerBytes). */
export const HAS_EXPIRE = 1
export const OUT_OF_LINE = 2
export const LONG_KEY = 4
export const SAVED = 8
/** What stands for the length of a key this long or longer. */
export const LONG_KEY_MARK = 0xffff
const LONG_KEY_BYTES = 4

export const TYPE_STRING = 0
export const TYPE_LIST = 1
export const TYPE_SET = 2
export const TYPE_ZSET = 3
export const TYPE_HASH = 4
export const TYPE_STREAM = 6

export const ENCODING_RAW = 0
export const ENCODING_INT = 1
export const ENCODING_HASHTABLE = 2
export const ENCODING_INTSET = 6
export const ENCODING_SKIPLIST = 7
export const ENCODING_EMBSTR = 8
export const ENCODING_QUICKLIST = 9
export const ENCODING_STREAM = 10
export const ENCODING_LISTPACK = 11
/* Hashes that have, or had, fields that expire: their blocks begin with a prefix (see hash.ts). The second number is
 * not Redis's, which has the one encoding for both kinds of table. */
export const ENCODING_LISTPACK_EX = 12
export const ENCODING_HASHTABLE_EX = 13
/** Both bits are set in the kind of entries with one of these two encodings, and of no others. */
const VOLATILE_KIND = 0xc0
assert((ENCODING_LISTPACK_EX & ENCODING_HASHTABLE_EX) << 4 === VOLATILE_KIND, 'two bits tell a volatile hash')

/** What TYPE and SCAN call each type. */
export const TYPE_NAMES: readonly string[] = nameList([
  [TYPE_STRING, 'string'],
  [TYPE_LIST, 'list'],
  [TYPE_SET, 'set'],
  [TYPE_ZSET, 'zset'],
  [TYPE_HASH, 'hash'],
  [TYPE_STREAM, 'stream'],
])

/** What OBJECT ENCODING calls each encoding. */
export const ENCODING_NAMES: readonly string[] = nameList([
  [ENCODING_RAW, 'raw'],
  [ENCODING_INT, 'int'],
  [ENCODING_HASHTABLE, 'hashtable'],
  [ENCODING_INTSET, 'intset'],
  [ENCODING_SKIPLIST, 'skiplist'],
  [ENCODING_EMBSTR, 'embstr'],
  [ENCODING_QUICKLIST, 'quicklist'],
  [ENCODING_STREAM, 'stream'],
  [ENCODING_LISTPACK, 'listpack'],
  [ENCODING_LISTPACK_EX, 'listpackex'],
  [ENCODING_HASHTABLE_EX, 'hashtable'],
])

function nameList(pairs: readonly (readonly [number, string])[]): string[] {
  const names: string[] = []
  for (const [number, name] of pairs) names[number] = name
  return names
}

/** Strings up to this long are embstr when set whole (OBJ_ENCODING_EMBSTR_SIZE_LIMIT). */
export const EMBSTR_MAX_BYTES = 44
/** A string is embedded in its entry while the entry stays below this; larger ones get a block of their own. */
export const EMBEDDED_ENTRY_MAX_BYTES = 1024
/** What the two parts of the embedded length can say. */
const LENGTH_LIMIT_BYTES = 4096
assert(EMBEDDED_ENTRY_MAX_BYTES <= LENGTH_LIMIT_BYTES, 'every embedded length fits its twelve bits')
/** Header of an out-of-line string's block. */
export const STRING_BLOCK_HEADER_BYTES = 8

/** By which the expire field lengthens an entry. */
export const EXPIRE_BYTES = 8
const ACCESS_MASK = 0xffffff
const FLAGS_MASK = 0x0f
/* Where the two parts of the embedded length lie in the entry's first and second word. */
const HIGH_LENGTH_SHIFT = 4
const HIGH_LENGTH_MASK = 0xf00
const LOW_LENGTH_SHIFT = 24
const TWO_32 = 4294967296

/** The first word of an entry: kind, flags and short key length in one load. */
export function headOf(arena: Arena, entry: number): number {
  return arena.u32[entry >> 2]
}

export function typeOf(arena: Arena, entry: number): number {
  return arena.u8[entry] & 15
}

export function encodingOf(arena: Arena, entry: number): number {
  return arena.u8[entry] >> 4
}

export function setKind(arena: Arena, entry: number, type: number, encoding: number): void {
  arena.u8[entry] = type | (encoding << 4)
}

/** Whether an entry of this kind is a hash of whose fields some may expire. */
export function isVolatileHash(kind: number): boolean {
  return (kind & VOLATILE_KIND) === VOLATILE_KIND
}

/** The prefix of a volatile hash: where its block begins. */
export function volatilePrefix(arena: Arena, entry: number): number {
  return blockOf(arena, entry)
}

export function flagsOf(arena: Arena, entry: number): number {
  return arena.u8[entry + ENTRY_FLAGS] & FLAGS_MASK
}

/** Bytes before the key: the fixed header and what the flags add (HAS_EXPIRE 8, OUT_OF_LINE 4, LONG_KEY 4). */
export function headerBytes(flags: number): number {
  return blockField(flags) + ((flags & OUT_OF_LINE) << 1) + (flags & LONG_KEY)
}

/** Where `block` stands, if it does: behind the expiry, so that the expiry is always in one place. */
function blockField(flags: number): number {
  return ENTRY_HEADER_BYTES + ((flags & HAS_EXPIRE) << 3)
}

export function keyOffset(arena: Arena, entry: number): number {
  return entry + headerBytes(flagsOf(arena, entry))
}

export function keyLength(arena: Arena, entry: number): number {
  const head = headOf(arena, entry)
  const short = head >>> 16
  if (short !== LONG_KEY_MARK) return short
  return arena.u32[(entry + headerBytes(head >> 8) - LONG_KEY_BYTES) >> 2]
}

/** The flags a key of this length needs. */
export function keyFlags(length: number): number {
  return length >= LONG_KEY_MARK ? LONG_KEY : 0
}

/** Bytes of an entry with these flags, key length and embedded value length. */
export function entryBytes(flags: number, keyBytes: number, embeddedBytes: number): number {
  return headerBytes(flags) + keyBytes + embeddedBytes
}

/** Bytes in use within the entry's block. */
export function usedBytesOf(arena: Arena, entry: number): number {
  return headerBytes(flagsOf(arena, entry)) + keyLength(arena, entry) + embeddedLength(arena, entry)
}

/** Bytes of an embedded string; 0 with OUT_OF_LINE. */
export function embeddedLength(arena: Arena, entry: number): number {
  const words = arena.i32
  const at = entry >> 2
  return ((words[at] >> HIGH_LENGTH_SHIFT) & HIGH_LENGTH_MASK) | (words[at + 1] >>> LOW_LENGTH_SHIFT)
}

export function setEmbeddedLength(arena: Arena, entry: number, length: number): void {
  const { u8 } = arena
  u8[entry + ENTRY_FLAGS] = (u8[entry + ENTRY_FLAGS] & FLAGS_MASK) | ((length & HIGH_LENGTH_MASK) >> HIGH_LENGTH_SHIFT)
  u8[entry + ENTRY_LOW_LENGTH] = length
}

/**
 * Writes kind, flags, key length, access, and the value's block or, without OUT_OF_LINE, its length, of a fresh block;
 * the caller writes expire, key and value.
 */
export function writeHeader(
  arena: Arena,
  entry: number,
  kind: number,
  flags: number,
  keyBytes: number,
  access: number,
  blockOrLength: number,
): void {
  const words = arena.u32
  const at = entry >> 2
  let length = blockOrLength
  if (flags & OUT_OF_LINE) {
    words[(entry + blockField(flags)) >> 2] = blockOrLength
    length = 0
  }
  const head = kind | (flags << 8) | ((length & HIGH_LENGTH_MASK) << HIGH_LENGTH_SHIFT)
  if (flags & LONG_KEY) {
    words[at] = head | (LONG_KEY_MARK << 16)
    words[(entry + headerBytes(flags) - LONG_KEY_BYTES) >> 2] = keyBytes
  } else {
    words[at] = head | (keyBytes << 16)
  }
  words[at + 1] = (access & ACCESS_MASK) | (length << LOW_LENGTH_SHIFT)
}

/** Unix milliseconds at which the key expires; call only with HAS_EXPIRE. Exact below 2^53. */
export function expireOf(arena: Arena, entry: number): number {
  const at = (entry + ENTRY_HEADER_BYTES) >> 2
  return arena.u32[at] + arena.i32[at + 1] * TWO_32
}

/** The same, exact over all 64 bits. */
export function bigExpireOf(arena: Arena, entry: number): bigint {
  const at = (entry + ENTRY_HEADER_BYTES) >> 2
  return (BigInt(arena.i32[at + 1]) << 32n) | BigInt(arena.u32[at])
}

/** Low half of a Unix time in milliseconds (below 2^53), for writeExpire. */
export function lowHalf(ms: number): number {
  return ms >>> 0
}

/** High half, likewise. */
export function highHalf(ms: number): number {
  return Math.floor(ms / TWO_32)
}

/** Writes the expire field of an entry that has one, from the low and high half of 64 bits. */
export function writeExpire(arena: Arena, entry: number, low: number, high: number): void {
  const at = (entry + ENTRY_HEADER_BYTES) >> 2
  arena.u32[at] = low
  arena.i32[at + 1] = high
}

/** Gives an entry that has none an expire field; its block has EXPIRE_BYTES to spare. */
export function insertExpire(arena: Arena, entry: number, low: number, high: number): void {
  const body = entry + ENTRY_HEADER_BYTES
  arena.u8.copyWithin(body + EXPIRE_BYTES, body, entry + usedBytesOf(arena, entry))
  arena.u8[entry + ENTRY_FLAGS] |= HAS_EXPIRE
  writeExpire(arena, entry, low, high)
}

/** Takes the expire field out of an entry that has one. */
export function cutExpire(arena: Arena, entry: number): void {
  const body = entry + ENTRY_HEADER_BYTES
  arena.u8.copyWithin(body, body + EXPIRE_BYTES, entry + usedBytesOf(arena, entry))
  arena.u8[entry + ENTRY_FLAGS] &= ~HAS_EXPIRE
}

/** Gives one entry that has an expire field the expiry of another. */
export function copyExpireField(arena: Arena, from: number, to: number): void {
  const at = (from + ENTRY_HEADER_BYTES) >> 2
  writeExpire(arena, to, arena.u32[at], arena.i32[at + 1])
}

/** The 24 bits of LRU or LFU. */
export function accessOf(arena: Arena, entry: number): number {
  return arena.u32[(entry + ENTRY_ACCESS) >> 2] & ACCESS_MASK
}

export function setAccess(arena: Arena, entry: number, access: number): void {
  const at = (entry + ENTRY_ACCESS) >> 2
  arena.i32[at] = (arena.i32[at] & ~ACCESS_MASK) | (access & ACCESS_MASK)
}

/** Offset of a string value's first byte. */
export function stringOffset(arena: Arena, entry: number): number {
  const head = headOf(arena, entry)
  const flags = (head >> 8) & 0xff
  if (flags & OUT_OF_LINE) return arena.u32[(entry + blockField(flags)) >> 2] + STRING_BLOCK_HEADER_BYTES
  return entry + headerBytes(flags) + keyLength(arena, entry)
}

/** Bytes of a string value. */
export function stringLength(arena: Arena, entry: number): number {
  if (flagsOf(arena, entry) & OUT_OF_LINE) return arena.u32[blockOf(arena, entry) >> 2]
  return embeddedLength(arena, entry)
}

/** Copies bytes from elsewhere into the arena. */
export function writeBytes(arena: Arena, at: number, bytes: Uint8Array, offset: number, length: number): void {
  copyWords(arena.u8, arena.view, at, bytes, viewOf(bytes), offset, length)
}

/** Replies with a string value. */
export function replyValue(arena: Arena, entry: number, reply: Reply): void {
  reply.bulkShown(arena.u8, arena.view, stringOffset(arena, entry), stringLength(arena, entry))
}

/** The value's own block; call only with OUT_OF_LINE. */
export function blockOf(arena: Arena, entry: number): number {
  return arena.u32[(entry + blockField(flagsOf(arena, entry))) >> 2]
}

/** Gives the value another block; call only with OUT_OF_LINE. */
export function setBlock(arena: Arena, entry: number, block: number): void {
  arena.u32[(entry + blockField(flagsOf(arena, entry))) >> 2] = block
}

/** Asserts I1 to I3 for one entry. */
export function checkEntry(arena: Arena, entry: number): void {
  const flags = flagsOf(arena, entry)
  const type = typeOf(arena, entry)
  assert(type <= TYPE_HASH || type === TYPE_STREAM, 'I1 a known type')
  assert((flags & OUT_OF_LINE) === 0 || embeddedLength(arena, entry) === 0, 'I1 one value, embedded or not')
  assert(usedBytesOf(arena, entry) <= arena.capacity(entry), 'I2 the entry fits its block')
  if (type === TYPE_STRING && flags & OUT_OF_LINE) {
    const block = blockOf(arena, entry)
    assert(
      arena.u32[block >> 2] + STRING_BLOCK_HEADER_BYTES <= arena.capacity(block),
      'I3 an out-of-line string fits its block',
    )
  }
}
