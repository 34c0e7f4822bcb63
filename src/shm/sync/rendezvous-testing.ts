/* Where things lie in the buffer of the rendezvous test (barrier.test.ts, thread-stress.ts): barrier cells, batons,
 * doorbells, one value per shard, and a request and a reply ring per worker. */

import { ringBytes } from '../ring/ring.ts'
import { barrierBytes } from './barrier.ts'

const CELLS = 4
const WORKERS = 3
const SHARDS = 6
const RING_CAPACITY = 4096
const LINE_WORDS = 32
const linesAt = barrierBytes(CELLS) / 4
const ringsAt = barrierBytes(CELLS) + (2 * SHARDS + WORKERS) * LINE_WORDS * 4

export const RENDEZVOUS = {
  workers: WORKERS,
  shards: SHARDS,
  ringCapacity: RING_CAPACITY,
  /** Bytes of the barrier cells, at the start of the buffer. */
  cellBytes: barrierBytes(CELLS),
  bytes: ringsAt + 2 * WORKERS * ringBytes(RING_CAPACITY),
  /** Word indexes. */
  baton: (shard: number) => linesAt + shard * LINE_WORDS,
  value: (shard: number) => linesAt + (SHARDS + shard) * LINE_WORDS,
  doorbell: (worker: number) => linesAt + (2 * SHARDS + worker) * LINE_WORDS,
  /** Byte offsets. */
  requests: (worker: number) => ringsAt + 2 * worker * ringBytes(RING_CAPACITY),
  replies: (worker: number) => ringsAt + (2 * worker + 1) * ringBytes(RING_CAPACITY),
  /** What a command does to a shard's value: it depends on all commands before it and on their order. */
  step: (value: number, stamp: number) => (Math.imul(value, 31) + stamp) | 0,
}
