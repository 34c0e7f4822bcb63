/* A doorbell: the consumer of one ring, or of several, sleeps; whoever gives it work rings. One word in shared memory.
 *
 * Thread: one consumer; any number of ringers. The consumer sleeps in Atomics.wait (a worker) or in Atomics.waitAsync
 * (the I/O thread, which must not block; a pending waitAsync alone does not keep a process alive).
 *
 *   consumer                                  ringer
 *   A1  prepareToSleep   word = ANNOUNCED     B1  publish the work   tail = ...
 *   A2  look at the rings once more           B2  ring               word = ANNOUNCED?
 *   A3  work: cancelSleep  word = AWAKE       B3    yes: word = AWAKE, then notify
 *       none: sleep        wait while ANNOUNCED
 *
 * I1  word = ANNOUNCED only from A1 until the consumer is awake again or a ringer has rung.
 * I2  every ringer that changes the word to AWAKE notifies after it.
 *
 * No wake-up is lost. A1, A2, B1 and B2 are sequentially consistent atomics, so they have one order that all threads
 * agree on.
 *   - If B1 comes before A2, then A2 sees the work, and the consumer does not sleep.
 *   - Else A1 < A2 < B1 < B2: B2 sees ANNOUNCED (or the AWAKE of another ringer, who notifies by I2), and B3 follows.
 *     Atomics.wait compares the word and joins the waiters as one step. If that step comes after B3's store, it finds
 *     AWAKE and returns; if before, the consumer is among the waiters when B3 notifies. Either way it wakes.
 * A ringer that was slow between B2 and B3 may reset an announcement made later; since it then notifies, that sleep
 * ends early, which is allowed: to wake means to look again, not that there is work.
 *
 * Bound: ringing an awake consumer is one atomic load (13 ns in V8); a notify is a system call, some microseconds. */

const AWAKE = 0
const ANNOUNCED = 1

/** A view of one doorbell, at `index` of `i32`. Consumer and ringers each make their own. */
export class Doorbell {
  private readonly i32: Int32Array
  private readonly index: number
  /** Promises of sleepAsync that are still open; only the consumer's own. */
  private asyncSleeps: number
  private readonly onWake: () => void

  constructor(i32: Int32Array, index: number) {
    this.i32 = i32
    this.index = index
    this.asyncSleeps = 0
    this.onWake = () => {
      this.asyncSleeps--
    }
  }

  /** Consumer: announces a sleep. After it, look at the rings once more, then call `sleep`, `sleepAsync` or
   *  `cancelSleep`. */
  prepareToSleep(): void {
    Atomics.store(this.i32, this.index, ANNOUNCED)
  }

  /** Consumer: there is work after all. Ends the sleepAsync promises that are open, too. */
  cancelSleep(): void {
    Atomics.store(this.i32, this.index, AWAKE)
    if (this.asyncSleeps > 0) Atomics.notify(this.i32, this.index)
  }

  /** Consumer: blocks until the doorbell rings, at most `timeoutMs`; not at all if it rang since prepareToSleep. */
  sleep(timeoutMs = Infinity): void {
    Atomics.wait(this.i32, this.index, ANNOUNCED, timeoutMs)
    Atomics.store(this.i32, this.index, AWAKE)
  }

  /** Consumer: a promise that is kept when the doorbell rings or the sleep is cancelled; already kept if it rang since
   *  prepareToSleep. Each promise is kept once. */
  sleepAsync(): Promise<void> {
    const wait = Atomics.waitAsync(this.i32, this.index, ANNOUNCED)
    if (!wait.async) return Promise.resolve()
    this.asyncSleeps++
    return wait.value.then(this.onWake)
  }

  /** Ringer: after publishing work, wakes the consumer if it sleeps or is about to. */
  ring(): void {
    if (Atomics.load(this.i32, this.index) === ANNOUNCED) this.wake()
  }

  private wake(): void {
    Atomics.store(this.i32, this.index, AWAKE)
    Atomics.notify(this.i32, this.index)
  }
}
