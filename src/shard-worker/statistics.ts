/* What one thread has executed: calls, time, failures and durations by command, and errors by code. Each thread counts
 * its own; the I/O thread adds the workers' up when INFO asks (Statistics control frames). Hot: count(), endBatch().
 *
 * Reading a clock costs about as much as a GET, so cheap commands are timed by the batch: the commands of one read
 * share its duration evenly. Commands whose work can grow with the data are timed one by one (`timed`), and so is
 * everything while `precise` is set, because the slow log wants commands faster than any batch can hide. */
import type { StatisticsFrame } from '../shm/schema/control.ts'
import { LatencyHistogram } from '../shm/stats/histogram.ts'

export class Statistics {
  readonly calls: Float64Array
  readonly microseconds: Float64Array
  readonly rejected: Float64Array
  readonly failed: Float64Array
  readonly histograms: (LatencyHistogram | undefined)[]
  /** Error replies by code (`ERR`, `WRONGTYPE`, ...). */
  readonly errors: Map<string, number>
  /** Commands executed since the start (total_commands_processed). */
  totalCalls: number
  totalErrors: number
  /** The same, but never reset: a caller compares before and after. */
  errorsSeen: number
  /** Every command is timed by itself. */
  precise: boolean
  trackLatency: boolean
  /** The batch: how often each command ran in it, and which ones did. */
  private readonly batchOf: Int32Array
  private readonly inBatch: Int32Array
  private commandsInBatch: number
  private batchCalls: number
  /** Time that commands timed by themselves took within the batch. */
  private aloneUs: number

  constructor(commands: number) {
    this.calls = new Float64Array(commands)
    this.microseconds = new Float64Array(commands)
    this.rejected = new Float64Array(commands)
    this.failed = new Float64Array(commands)
    this.histograms = new Array<LatencyHistogram | undefined>(commands).fill(undefined)
    this.errors = new Map()
    this.totalCalls = 0
    this.totalErrors = 0
    this.errorsSeen = 0
    this.precise = false
    this.trackLatency = true
    this.batchOf = new Int32Array(commands)
    this.inBatch = new Int32Array(commands)
    this.commandsInBatch = 0
    this.batchCalls = 0
    this.aloneUs = 0
  }

  /** What all commands together took. */
  get totalUs(): number {
    return this.microseconds.reduce((sum, each) => sum + each, 0)
  }

  get isBatchEmpty(): boolean {
    return this.batchCalls === 0
  }

  /** A command ran as part of the batch. */
  count(command: number): void {
    if (this.batchOf[command]++ === 0) this.inBatch[this.commandsInBatch++] = command
    this.batchCalls++
  }

  /** The batch took this long; its commands share what those timed by themselves have left of it. */
  endBatch(elapsedUs: number): void {
    if (this.batchCalls > 0) {
      const share = Math.max(0, elapsedUs - this.aloneUs) / this.batchCalls
      for (let i = 0; i < this.commandsInBatch; i++) {
        const command = this.inBatch[i]
        this.add(command, this.batchOf[command], share)
        this.batchOf[command] = 0
      }
      this.commandsInBatch = 0
      this.batchCalls = 0
    }
    this.aloneUs = 0
  }

  /** A command ran that was timed by itself. */
  timed(command: number, elapsedUs: number): void {
    this.aloneUs += elapsedUs
    this.add(command, 1, elapsedUs)
  }

  private add(command: number, calls: number, eachUs: number): void {
    this.calls[command] += calls
    this.totalCalls += calls
    this.microseconds[command] += eachUs * calls
    if (this.trackLatency) this.histogramOf(command).record(eachUs, calls)
  }

  /** A command that ran answered with an error. */
  fail(command: number, error: string): void {
    this.failed[command]++
    this.error(error)
  }

  /** A command was refused before it ran; -1 when it is unknown. */
  reject(command: number, error: string): void {
    if (command >= 0) this.rejected[command]++
    this.error(error)
  }

  /** An error reply went out. */
  error(text: string): void {
    this.totalErrors++
    this.errorsSeen++
    const space = text.indexOf(' ')
    const code = space < 0 ? text : text.slice(0, space)
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1)
  }

  /** Everything counted, for another thread to add up; `id` names the request that asks. */
  export(id: number): StatisticsFrame {
    const commands = []
    for (let command = 0; command < this.calls.length; command++) {
      if (this.calls[command] === 0 && this.failed[command] === 0 && this.rejected[command] === 0) continue
      commands.push({
        command,
        calls: this.calls[command],
        microseconds: this.microseconds[command],
        failed: this.failed[command],
        histogram: this.histograms[command]?.toSparse() ?? [],
        rejected: this.rejected[command],
      })
    }
    const errors = [...this.errors].map(([code, count]) => ({ code, count }))
    return { id, commands, errors, counters: [] }
  }

  /** Adds what another thread has exported. */
  merge(frame: StatisticsFrame): void {
    for (const { command, calls, microseconds, failed, histogram, rejected } of frame.commands) {
      this.calls[command] += calls
      this.totalCalls += calls
      this.microseconds[command] += microseconds
      this.failed[command] += failed
      this.rejected[command] += rejected
      if (histogram.length > 0) this.histogramOf(command).mergeSparse(histogram)
    }
    for (const { code, count } of frame.errors) {
      this.errors.set(code, (this.errors.get(code) ?? 0) + count)
      this.totalErrors += count
    }
  }

  private histogramOf(command: number): LatencyHistogram {
    let histogram = this.histograms[command]
    if (histogram === undefined) {
      histogram = new LatencyHistogram()
      this.histograms[command] = histogram
    }
    return histogram
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.calls.fill(0)
    this.microseconds.fill(0)
    this.rejected.fill(0)
    this.failed.fill(0)
    this.histograms.fill(undefined)
    this.errors.clear()
    this.totalCalls = 0
    this.totalErrors = 0
  }
}
