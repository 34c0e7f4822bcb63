/* Keys of different shards: each with a slot far from the others', whichever way slots are dealt out to shards. */

import { keySlot, SLOT_COUNT } from '../../src/base/crc16.ts'

/** `count` keys, the i-th in the i-th of `shards` equal parts of the slots, and its slot i modulo `shards`. */
export function keysOnShards(name: string, count: number, shards = 4): string[] {
  let n = 0
  return Array.from({ length: count }, (_, i) => {
    for (;;) {
      const key = `${name}:${n++}`
      const slot = keySlot(Buffer.from(key), 0, key.length)
      if (slot % shards === i % shards && Math.floor((slot * shards) / SLOT_COUNT) === i % shards) return key
    }
  })
}
