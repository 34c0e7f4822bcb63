/* Poison: the debug mode that finds writes through dangling offsets. Baton holder; plain functions over i32.
 *
 * In an arena made while Arena.poison was set, every byte that is free and below the high page reads 0xDE, but for the
 * links of free blocks (invariant A9 of check.ts). Whoever frees bytes fills them; whoever hands bytes out asserts that
 * they still read so, and hands them out like that, so that a structure that forgets to initialise shows as well.
 * Both cost O(block), which is why the mode is chosen for each arena when it is made.
 */
import { assert } from '../../base/assert.ts'

export const POISON_BYTE = 0xde
export const POISON_WORD = 0xdededede | 0

/** Fills bytes that have become free. Offset and bytes are multiples of 4. */
export function poison(i32: Int32Array, offset: number, bytes: number): void {
  i32.fill(POISON_WORD, offset >>> 2, (offset + bytes) >>> 2)
}

/** Asserts that nothing has written to these bytes since they became free. */
export function assertPoisoned(i32: Int32Array, offset: number, bytes: number): void {
  for (let word = offset >>> 2, end = (offset + bytes) >>> 2; word < end; word++) {
    assert(i32[word] === POISON_WORD, 'A9 free memory was written to')
  }
}
