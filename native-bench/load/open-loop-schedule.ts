/* When each batch of an open-loop run is due. Pure.
 *
 * Arrivals are evenly spaced and fixed beforehand: batch i of thread t (of T) is due at
 *
 *   start + (i * T + t) * 1000 * pipeline / rate   milliseconds
 *
 * so the threads interleave. Each is a product, not a running sum: nothing drifts. Latency counts from the due time:
 * when the server (or the generator) stalls, the batches that became due meanwhile carry the wait, as real clients
 * would have felt it. Measuring from the moment of sending would leave that out (coordinated omission). */

export class OpenLoopSchedule {
  private readonly startMs: number
  private readonly stepMs: number
  private readonly firstMs: number
  private taken = 0

  constructor(startMs: number, ratePerSecond: number, pipeline: number, thread: number, threads: number) {
    const batchMs = (1000 * pipeline) / ratePerSecond
    this.startMs = startMs
    this.firstMs = thread * batchMs
    this.stepMs = threads * batchMs
  }

  /** When the next batch is due, on the clock of `startMs`. */
  get dueMs(): number {
    return this.startMs + this.firstMs + this.taken * this.stepMs
  }

  /** Takes the next batch and returns its due time, or -1 when it is not due at `nowMs` yet. */
  take(nowMs: number): number {
    const due = this.dueMs
    if (due > nowMs) return -1
    this.taken++
    return due
  }
}
