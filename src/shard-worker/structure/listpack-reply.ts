/* Replies made of a listpack's elements. Baton holder. Hot: LRANGE is little else.
 *
 * Strings of up to 63 bytes, which nearly all elements are, are copied from where they lie with nothing put down in
 * between: LRANGE of 600 elements of three bytes takes 8.8 us instead of 20. */
import type { Reply } from '../../base/reply.ts'
import * as listpack from './listpack.ts'

const SHORT_STRING = 0x80
const SHORT_STRING_MASK = 0xc0
const SHORT_LENGTH_MASK = 63
/** What a short string takes beside its text: its head and its backlen. */
const SHORT_OVERHEAD_BYTES = 2

/** Replies with up to `most` elements from `p` on; returns how many there were too few. `view` shows the bytes. */
export function replyElements(u8: Uint8Array, view: DataView, p: number, most: number, reply: Reply): number {
  let left = most
  let at = p
  while (left > 0) {
    const head = u8[at]
    if ((head & SHORT_STRING_MASK) === SHORT_STRING) {
      const length = head & SHORT_LENGTH_MASK
      reply.bulkShown(u8, view, at + 1, length)
      at += length + SHORT_OVERHEAD_BYTES
    } else {
      if (listpack.isEnd(u8, at)) break
      listpack.read(u8, at)
      reply.bulk(listpack.element.bytes, listpack.element.offset, listpack.element.length)
      at = listpack.next(u8, at)
    }
    left--
  }
  return left
}
