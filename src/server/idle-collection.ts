/* Gives memory back when a burst is over: collects garbage once the clients are quiet, if there may be enough of it.
 * Main thread; the workers do the same for themselves when they run out of work. */
import { getHeapStatistics } from 'node:v8'
import { collectGarbage } from '../base/garbage.ts'
import type { Traffic } from '../io/session/traffic.ts'

/** Less than this, garbage or not, is left to V8. */
export const WORTH_BYTES = 16 * 1024 * 1024
/** Reads between two ticks up to which the clients are quiet. */
const QUIET_READS = 200

export class IdleCollection {
  /** Collections so far. */
  count = 0
  private readonly traffic: Traffic
  private readonly heldBytes: () => number
  private readonly collect: () => void
  /** What was held when it was least, since the last collection. */
  private floorBytes: number
  private reads = 0

  constructor(traffic: Traffic, heldBytes = heapAndBufferBytes, collect = collectGarbage) {
    this.traffic = traffic
    this.heldBytes = heldBytes
    this.collect = collect
    this.floorBytes = heldBytes()
  }

  /** To be called about once a second. */
  tick(): void {
    const isQuiet = this.traffic.reads - this.reads <= QUIET_READS
    this.reads = this.traffic.reads
    const held = this.heldBytes()
    this.floorBytes = Math.min(this.floorBytes, held)
    if (!isQuiet || held - this.floorBytes < WORTH_BYTES) return
    this.collect()
    this.count++
    this.floorBytes = this.heldBytes()
  }
}

/** What this thread's heap holds, and what its objects hold outside it. */
function heapAndBufferBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}
