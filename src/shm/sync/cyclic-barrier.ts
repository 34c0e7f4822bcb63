/* A cyclic barrier: a fixed number of threads wait for each other, again and again. Two words in shared memory.
 *
 * Thread: the parties, never the I/O thread, since it must not block. Unlike the barrier cells of a command
 * (barrier.ts) nobody arms it and the last to arrive opens it at once: threads that start or stop together use it.
 *
 *   index            +1
 *   | generation i32 | arrived i32 |
 *
 * I1  0 <= arrived < parties whenever no thread is inside `wait`'s first step.
 * I2  the generation counts the times all have met. A party reads it before it arrives and waits until it has changed:
 *     it cannot change before, and a faster party that comes round again counts for the next meeting. */

import { assert } from '../../base/assert.ts'

export const CYCLIC_BARRIER_WORDS = 2
const ARRIVED = 1

export class CyclicBarrier {
  readonly parties: number
  private readonly i32: Int32Array
  private readonly index: number

  constructor(i32: Int32Array, index: number, parties: number) {
    assert(parties > 0, 'a barrier has parties')
    this.parties = parties
    this.i32 = i32
    this.index = index
  }

  /** Waits until all parties have called it. True for exactly one of them, the last. */
  wait(): boolean {
    const generation = Atomics.load(this.i32, this.index)
    const arrived = Atomics.add(this.i32, this.index + ARRIVED, 1) + 1
    assert(arrived <= this.parties, 'I1 no more threads than parties')
    if (arrived === this.parties) {
      Atomics.store(this.i32, this.index + ARRIVED, 0)
      Atomics.add(this.i32, this.index, 1)
      Atomics.notify(this.i32, this.index)
      return true
    }
    while (Atomics.load(this.i32, this.index) === generation) Atomics.wait(this.i32, this.index, generation)
    return false
  }
}
