/* A mutex: one word in shared memory, 0 when fresh.
 *
 * Thread: any; the I/O thread may only `tryLock`, since it must not block. Not recursive. The command path has no use
 * for it (the baton is enough); it guards what the background pool and the workers share on the control plane.
 *
 *   FREE 0 --lock--> LOCKED 1 --another lock--> CONTENDED 2
 *     ^                 |                           |
 *     +-----unlock------+-----unlock, notify one----+
 *
 * I1  the word is FREE exactly when no thread is between lock and unlock.
 * I2  while a thread sleeps for the lock, the word is CONTENDED or a notify is on its way: who sleeps has set it so,
 *     and who is woken sets it so again, for it cannot know whether others sleep.
 *
 * The three states are those of Ulrich Drepper, "Futexes Are Tricky" (2011): an uncontended lock and unlock make no
 * system call. */

import { assert } from '../../base/assert.ts'

const FREE = 0
const LOCKED = 1
const CONTENDED = 2

export class Mutex {
  private readonly i32: Int32Array
  private readonly index: number

  constructor(i32: Int32Array, index: number) {
    this.i32 = i32
    this.index = index
  }

  /** Waits for the lock, at most `timeoutMs`; false when that was not enough. */
  lock(timeoutMs = Infinity): boolean {
    return this.tryLock() || this.lockSlow(timeoutMs)
  }

  /** Takes the lock if it is free. */
  tryLock(): boolean {
    return Atomics.compareExchange(this.i32, this.index, FREE, LOCKED) === FREE
  }

  unlock(): void {
    const state = Atomics.exchange(this.i32, this.index, FREE)
    assert(state !== FREE, 'I1 only a locked mutex is unlocked')
    if (state === CONTENDED) Atomics.notify(this.i32, this.index, 1)
  }

  private lockSlow(timeoutMs: number): boolean {
    const deadline = performance.now() + timeoutMs
    while (Atomics.exchange(this.i32, this.index, CONTENDED) !== FREE) {
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) return false
      Atomics.wait(this.i32, this.index, CONTENDED, leftMs)
    }
    return true
  }
}
