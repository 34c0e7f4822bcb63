/* A listpack outside the arena, built element by element: what old forms of collections are turned into. Any thread,
 * one at a time.
 *
 * Bound: the size of what is read; outsized memory is given back by clear(). */
import { end, initializeListpack, insert, insertedBytes, listpackBytes } from '../structure/listpack.ts'
import type { RdbText } from './reader.ts'

const BUFFER_BYTES = 16 * 1024

export class ListpackScratch {
  /** The listpack begins at 0. */
  bytes = new Uint8Array(BUFFER_BYTES)

  /** Makes it a listpack without elements. */
  clear(): void {
    if (this.bytes.length > 4 * BUFFER_BYTES) this.bytes = new Uint8Array(BUFFER_BYTES)
    initializeListpack(this.bytes, 0)
  }

  append({ bytes, offset, length }: RdbText): void {
    const used = listpackBytes(this.bytes, 0)
    const wanted = used + insertedBytes(bytes, offset, length)
    if (wanted > this.bytes.length) {
      const grown = new Uint8Array(Math.max(wanted, 2 * this.bytes.length))
      grown.set(this.bytes.subarray(0, used))
      this.bytes = grown
    }
    insert(this.bytes, 0, end(this.bytes, 0), bytes, offset, length)
  }
}
