/* A counting semaphore: one word in shared memory, the permits left, 0 when fresh.
 *
 * Thread: any; the I/O thread may only `tryAcquire` and `release`, since it must not block.
 *
 * I1  the word is never negative: permits released, less those acquired.
 * I2  a thread sleeps only while the word is 0, and each released permit wakes one: Atomics.wait compares with 0 and
 *     falls asleep as one step, so a release before it is seen and one after it finds the sleeper. */

import { assert } from '../../base/assert.ts'

export class Semaphore {
  private readonly i32: Int32Array
  private readonly index: number

  constructor(i32: Int32Array, index: number) {
    this.i32 = i32
    this.index = index
  }

  /** Permits left at this moment. */
  get permits(): number {
    return Atomics.load(this.i32, this.index)
  }

  /** Takes a permit, waiting for one at most `timeoutMs`; false when that was not enough. */
  acquire(timeoutMs = Infinity): boolean {
    return this.tryAcquire() || this.acquireSlow(timeoutMs)
  }

  /** Takes a permit if there is one. */
  tryAcquire(): boolean {
    let permits = Atomics.load(this.i32, this.index)
    while (permits > 0) {
      const found = Atomics.compareExchange(this.i32, this.index, permits, permits - 1)
      if (found === permits) return true
      permits = found
    }
    assert(permits === 0, 'I1 permits are never negative')
    return false
  }

  /** Gives permits and wakes as many sleepers. */
  release(permits = 1): void {
    assert(permits > 0, 'a release gives at least one permit')
    Atomics.add(this.i32, this.index, permits)
    Atomics.notify(this.i32, this.index, permits)
  }

  private acquireSlow(timeoutMs: number): boolean {
    const deadline = performance.now() + timeoutMs
    while (!this.tryAcquire()) {
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) return false
      Atomics.wait(this.i32, this.index, 0, leftMs)
    }
    return true
  }
}
