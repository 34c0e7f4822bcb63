/* What the server does by the clock: `hz` turns a second, more of them when there are many clients and `dynamic-hz` is
 * on. Main thread. Each concern registers what it does every turn or every so many milliseconds. */
import type { Clock } from '../base/ports.ts'
import type { Configuration } from './configuration/configuration.ts'

/**
 * Clients looked after in a turn beyond which turns come more often. Redis's 200 would have 10,000 clients woken up for
 * 80 times a second, which takes 0.7% of a CPU for nothing but the waking; a thousand are looked after in 0.1 ms.
 */
const CLIENTS_PER_TURN = 1000
const MAX_HZ = 500

interface Duty {
  periodMs: () => number
  lastMs: number
  action: () => void
}

export class Cron {
  /** DEBUG PAUSE-CRON: turns come and nothing is done. */
  isPaused = false
  /** Time spent so far. */
  busyUs = 0
  private readonly configuration: Configuration
  private readonly clock: Clock
  private readonly clients: () => number
  private readonly duties: Duty[] = []
  private timer: NodeJS.Timeout | null = null

  /** `clients` counts those that are connected. */
  constructor(configuration: Configuration, clock: Clock, clients: () => number) {
    this.configuration = configuration
    this.clock = clock
    this.clients = clients
  }

  /** Turns a second, as things are. */
  get hz(): number {
    const { values } = this.configuration
    let { hz } = values
    if (values['dynamic-hz'])
      while (hz < MAX_HZ && this.clients() / hz > CLIENTS_PER_TURN) hz = Math.min(hz * 2, MAX_HZ)
    return hz
  }

  /** Has `action` called about every `periodMs`; 0: in every turn. */
  every(periodMs: number, action: () => void): void {
    this.duties.push({ periodMs: () => periodMs, lastMs: 0, action })
  }

  /**
   * Has `action` called `hz` times a second as configured, however many clients there are: for what takes its share of
   * the time by `hz`.
   */
  atConfiguredRate(action: () => void): void {
    this.duties.push({ periodMs: () => 1000 / this.configuration.values.hz, lastMs: 0, action })
  }

  start(): void {
    this.timer = setTimeout(() => this.turn(), 1000 / this.hz)
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  private turn(): void {
    this.start()
    if (this.isPaused) return
    const startUs = this.clock.monotonicUs()
    const now = startUs / 1000
    // A turn comes when its timer does: half of one early counts as due.
    const slackMs = 500 / this.hz
    for (const duty of this.duties) {
      if (now - duty.lastMs + slackMs < duty.periodMs()) continue
      duty.lastMs = now
      duty.action()
    }
    this.busyUs += this.clock.monotonicUs() - startUs
  }
}
