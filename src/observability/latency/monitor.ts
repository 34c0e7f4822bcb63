/* The latency monitor: of each kind of event, the slowest second by second
 * (https://redis.io/docs/management/optimization/latency-monitor/). I/O thread; workers send LatencySample frames.
 *
 * Bound: SAMPLES seconds for each event; events have names of our own. */

/** Seconds with an event that are remembered. */
export const SAMPLES = 160

export interface LatencySample {
  /** Unix seconds. */
  readonly time: number
  latencyMs: number
}

/** One event's history, oldest first. */
export class LatencySeries {
  readonly samples: LatencySample[] = []
  /** The slowest ever. */
  maxMs = 0

  add(time: number, latencyMs: number): void {
    this.maxMs = Math.max(this.maxMs, latencyMs)
    const newest = this.samples.at(-1)
    if (newest !== undefined && newest.time === time) {
      newest.latencyMs = Math.max(newest.latencyMs, latencyMs)
      return
    }
    this.samples.push({ time, latencyMs })
    if (this.samples.length > SAMPLES) this.samples.shift()
  }
}

export class LatencyMonitor {
  readonly events = new Map<string, LatencySeries>()
  private readonly thresholdMs: () => number

  /** `thresholdMs` is latency-monitor-threshold; 0: nothing is noted. */
  constructor(thresholdMs: () => number) {
    this.thresholdMs = thresholdMs
  }

  /** Notes an event, if it took long enough. */
  record(event: string, timeMs: number, durationMs: number): void {
    const threshold = this.thresholdMs()
    const latencyMs = Math.trunc(durationMs)
    if (threshold === 0 || latencyMs < threshold) return
    let series = this.events.get(event)
    if (series === undefined) {
      series = new LatencySeries()
      this.events.set(event, series)
    }
    series.add(Math.trunc(timeMs / 1000), latencyMs)
  }

  /** Forgets these events, or all; returns how many there were. */
  reset(events: readonly string[] | null): number {
    const names = events ?? [...this.events.keys()]
    return names.filter((name) => this.events.delete(name)).length
  }
}
