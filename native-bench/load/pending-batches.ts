/* The batches a connection has sent and not yet seen answered, oldest first: a ring of their send times. Grows by
 * doubling: an open-loop run against a server that falls behind must remember every batch it owes. */

import { strict as assert } from 'node:assert'

export class PendingBatches {
  private times = new Float64Array(16)
  private head = 0
  private count = 0

  get size(): number {
    return this.count
  }

  push(timeMs: number): void {
    if (this.count === this.times.length) this.grow()
    this.times[(this.head + this.count) & (this.times.length - 1)] = timeMs
    this.count++
  }

  /** Removes the oldest batch and returns its time. There must be one. */
  shift(): number {
    assert(this.count > 0, 'a batch is pending')
    const time = this.times[this.head]
    this.head = (this.head + 1) & (this.times.length - 1)
    this.count--
    return time
  }

  private grow(): void {
    const larger = new Float64Array(2 * this.times.length)
    for (let i = 0; i < this.count; i++) larger[i] = this.times[(this.head + i) & (this.times.length - 1)]
    this.times = larger
    this.head = 0
  }
}
