/* A figure per second over the last moments, such as instantaneous_ops_per_sec: sixteen samples of a counter that only
 * grows, one every 100 ms, and their mean. Any thread. */

const SAMPLES = 16

export class Rate {
  private readonly samples = new Float64Array(SAMPLES)
  private next = 0
  private lastValue = 0
  private lastMs = 0

  /** Takes a sample: the counter has this value now, on a clock of milliseconds that never stands still at 0. */
  sample(value: number, nowMs: number): void {
    if (this.lastMs > 0) {
      const elapsedMs = nowMs - this.lastMs
      const grown = value - this.lastValue
      this.samples[this.next] = elapsedMs > 0 && grown > 0 ? Math.trunc((grown * 1000) / elapsedMs) : 0
      this.next = (this.next + 1) % SAMPLES
    }
    this.lastValue = value
    this.lastMs = nowMs
  }

  /** The counter's growth per second; a whole number. */
  get perSecond(): number {
    let sum = 0
    for (const sample of this.samples) sum += sample
    return Math.trunc(sum / SAMPLES)
  }

  /** Forgets the samples; the next one only marks a beginning. */
  reset(): void {
    this.samples.fill(0)
    this.lastMs = 0
    this.lastValue = 0
  }
}
