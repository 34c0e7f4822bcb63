/* The baton of a shard: one Int32 in shared memory that names the thread which may touch the shard's arena.
 *
 * Any thread reads it; only its holder hands it on ("pass the baton"), so there is nothing to win or to lose and no
 * compare-and-swap: a store is enough.
 *
 *            push a record                     arrive at a barrier            last to arrive
 *   IO_THREAD ------------> workerThread(w) -------------------------> PARKED ------------> runner
 *        ^                     |     ^                                                        |
 *        |  completion record  |     |        run the command, hand every shard back          |
 *        +---------------------+     +--------------------------------------------------------+
 *
 * I1  a shard's memory is read and written only by the thread its baton names.
 * I2  the value changes only by `pass`, called by the holder, or by the one to whom the holder's last record has said
 *     that it is done (a completion record read from a ring, or the arrival of the last party at a barrier): either way
 *     all that the old holder wrote is seen by the new one, since ring and barrier order it.
 * I3  PARKED is nobody: the shard lies still until the barrier it waits at has its runner, who takes it from there.
 *
 * Cost: an atomic load or store is 13 ns in V8. The I/O thread counts what it has in flight for a shard and so knows,
 * without looking here, that a baton is its own. */

import { assert } from '../../base/assert.ts'

/** The I/O main thread: 0, so that in fresh memory it holds every baton. */
export const IO_THREAD = 0
/** No thread: the shard stands at a barrier. */
export const PARKED = -1

/** The number of shard worker `worker` (from 0) as a holder of batons. */
export function workerThread(worker: number): number {
  return 1 + worker
}

/** The number of thread `index` (from 0) of the background pool as a holder of batons. */
export function backgroundThread(index: number): number {
  return -2 - index
}

/** Names a holder for people: logs, DEBUG, assertion reports. */
export function threadName(thread: number): string {
  if (thread === IO_THREAD) return 'io'
  if (thread === PARKED) return 'parked'
  return thread > 0 ? `worker-${thread - 1}` : `background-${-2 - thread}`
}

/** A view of one shard's baton, at `index` of `i32`. It has no state of its own. */
export class Baton {
  private readonly i32: Int32Array
  private readonly index: number

  constructor(i32: Int32Array, index: number) {
    this.i32 = i32
    this.index = index
  }

  /** The thread that may touch the shard, or PARKED. */
  get holder(): number {
    return Atomics.load(this.i32, this.index)
  }

  isHeldBy(thread: number): boolean {
    return Atomics.load(this.i32, this.index) === thread
  }

  /** Hands the shard from its holder `from` to `to`. The last thing `from` does with the shard. */
  pass(from: number, to: number): void {
    assert(Atomics.load(this.i32, this.index) === from, 'I2 only its holder passes a baton')
    Atomics.store(this.i32, this.index, to)
  }
}
