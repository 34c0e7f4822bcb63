/* Both hashes of a key in one pass: the keyspace's seeded hash (key-hash.ts) and its slot (crc16.ts). Routing needs the
 * slot before the shard is known, and the table the hash right after; the bytes are loaded once for both, four at a
 * time. Any thread. Hot. The result is left in `digest`, valid until the next call. */
import { viewOf } from './bytes.ts'
import { crcTable, keySlot, SLOT_COUNT } from './crc16.ts'
import { keyHash } from './key-hash.ts'

/* A typed array keeps integers as they are; in an object's fields they may become doubles. */
export const digest = new Int32Array(2)
export const DIGEST_HASH = 0
export const DIGEST_SLOT = 1

const BRACES = 0x7b7b7b7b
const OPEN_BRACE = 0x7b

/** Leaves keyHash(..., seed) and keySlot(...) in `digest`. */
export function digestKey(bytes: Uint8Array, offset: number, length: number, seed: number): void {
  const view = viewOf(bytes)
  const wordsEnd = offset + (length & ~3)
  let hash = seed ^ length
  let crc = 0
  let at = offset
  for (; at < wordsEnd; at += 4) {
    let word = view.getInt32(at, true)
    const braces = word ^ BRACES
    // A byte that is `{`: the tag within, not the whole key, gives the slot (a borrow may see one that is not there).
    if (((braces - 0x01010101) & ~braces & 0x80808080) !== 0) return digestTagged(bytes, offset, length, seed)
    crc =
      crcTable[768 | ((crc >> 8) ^ (word & 0xff))] ^
      crcTable[512 | ((crc & 0xff) ^ ((word >> 8) & 0xff))] ^
      crcTable[256 | ((word >> 16) & 0xff)] ^
      crcTable[word >>> 24]
    word = Math.imul(word, 0xcc9e2d51)
    word = (word << 15) | (word >>> 17)
    hash ^= Math.imul(word, 0x1b873593)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  const end = offset + length
  if (at < end) {
    let tail = 0
    for (let i = end - 1; i >= at; i--) tail = (tail << 8) | bytes[i]
    for (; at < end; at++) {
      if (bytes[at] === OPEN_BRACE) return digestTagged(bytes, offset, length, seed)
      crc = ((crc << 8) & 0xffff) ^ crcTable[(crc >> 8) ^ bytes[at]]
    }
    tail = Math.imul(tail, 0xcc9e2d51)
    tail = (tail << 15) | (tail >>> 17)
    hash ^= Math.imul(tail, 0x1b873593)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  digest[DIGEST_HASH] = hash ^ (hash >>> 16)
  digest[DIGEST_SLOT] = crc & (SLOT_COUNT - 1)
}

function digestTagged(bytes: Uint8Array, offset: number, length: number, seed: number): void {
  digest[DIGEST_HASH] = keyHash(bytes, offset, length, seed)
  digest[DIGEST_SLOT] = keySlot(bytes, offset, length)
}
