/* Once: of all the threads that ask, one does a piece of work, and all return when it is done. One word, 0 when fresh.
 *
 * Thread: any; the I/O thread may only ask `isDone`, or `run` what no other thread runs, since it must not block.
 *
 *   FRESH 0 --the first to run--> RUNNING 1 --done--> DONE 2
 *      ^                             |
 *      +--------the work threw-------+
 *
 * I1  at most one thread is in the work, and no thread ever after DONE.
 * I2  who returns from `run` without an exception sees everything the work wrote. */

const FRESH = 0
const RUNNING = 1
const DONE = 2

export class Once {
  private readonly i32: Int32Array
  private readonly index: number

  constructor(i32: Int32Array, index: number) {
    this.i32 = i32
    this.index = index
  }

  get isDone(): boolean {
    return Atomics.load(this.i32, this.index) === DONE
  }

  /** Does `work` unless some thread has, and waits while one is at it. True if this call did it. What `work` throws is
   *  thrown here, and the next to ask tries again. */
  run(work: () => void): boolean {
    for (;;) {
      const state = Atomics.compareExchange(this.i32, this.index, FRESH, RUNNING)
      if (state === DONE) return false
      if (state === FRESH) break
      Atomics.wait(this.i32, this.index, RUNNING)
    }
    let outcome = FRESH
    try {
      work()
      outcome = DONE
    } finally {
      Atomics.store(this.i32, this.index, outcome)
      Atomics.notify(this.i32, this.index)
    }
    return true
  }
}
