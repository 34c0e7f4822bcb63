/* The rates that INFO stats shows, sampled ten times a second. I/O thread. */
import { Rate } from './rate.ts'

/** The counters behind the rates, which only grow. */
export interface RateCounters {
  commands: number
  bytesIn: number
  bytesOut: number
  loopTurns: number
  loopActiveUs: number
}

export class Rates {
  private readonly commands = new Rate()
  private readonly input = new Rate()
  private readonly output = new Rate()
  private readonly turns = new Rate()
  private readonly active = new Rate()

  sample(counters: RateCounters, nowMs: number): void {
    this.commands.sample(counters.commands, nowMs)
    this.input.sample(counters.bytesIn, nowMs)
    this.output.sample(counters.bytesOut, nowMs)
    this.turns.sample(counters.loopTurns, nowMs)
    this.active.sample(counters.loopActiveUs, nowMs)
  }

  reset(): void {
    for (const rate of [this.commands, this.input, this.output, this.turns, this.active]) rate.reset()
  }

  get commandsPerSecond(): number {
    return this.commands.perSecond
  }

  get inputKilobytesPerSecond(): number {
    return this.input.perSecond / 1024
  }

  get outputKilobytesPerSecond(): number {
    return this.output.perSecond / 1024
  }

  get turnsPerSecond(): number {
    return this.turns.perSecond
  }

  /** Microseconds that the event loop is busy with each turn. */
  get turnUs(): number {
    const turns = this.turns.perSecond
    return turns === 0 ? 0 : this.active.perSecond / turns
  }
}
