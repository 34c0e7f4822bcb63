/* The keyspace's hash: 32 bits, seeded per process so that nobody outside can choose keys that collide. Four bytes a
 * round in the manner of MurmurHash3 (Appleby, public domain), with its finalizer. Any thread. Hot. */
import { viewOf } from './bytes.ts'

/** Seeded 32-bit hash of a range (a signed integer: all 32 bits are used). */
export function keyHash(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  return keyHashIn(viewOf(bytes), offset, length, seed)
}

/** The same of a range that a DataView shows. */
export function keyHashIn(view: DataView, offset: number, length: number, seed: number): number {
  let hash = seed ^ length
  let at = offset
  const wordsEnd = offset + (length & ~3)
  while (at < wordsEnd) {
    let word = view.getInt32(at, true)
    word = Math.imul(word, 0xcc9e2d51)
    word = (word << 15) | (word >>> 17)
    hash ^= Math.imul(word, 0x1b873593)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
    at += 4
  }
  const end = offset + length
  let tail = 0
  for (let i = end - 1; i >= at; i--) tail = (tail << 8) | view.getUint8(i)
  if (at < end) {
    tail = Math.imul(tail, 0xcc9e2d51)
    tail = (tail << 15) | (tail >>> 17)
    hash ^= Math.imul(tail, 0x1b873593)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
