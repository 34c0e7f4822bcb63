/* The progress of a run: on a terminal a line that is redrawn while a round runs, then one line for each round; in a
 * file or pipe only the finished lines. */

import type { BenchCase } from '../cases.ts'
import type { Round, ServerFacts } from '../result.ts'
import type { Progress } from '../run.ts'
import { formatCount, formatRatio, METRICS } from './figures.ts'
import type { Paint } from './table.ts'

const BAR_WIDTH = 16
const USUAL_COLUMNS = 80
export const ERASE_LINE = '\r\u001b[2K'

export interface ProgressOutput {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

/** Draws to `output`; `rounds` is how many will be run in all, on all servers. */
export function createProgress(output: ProgressOutput, paint: Paint, rounds: number): Progress {
  let finished = 0
  let title = ''
  let labelWidth = 0
  let lastFailure = ''
  const line = (text: string): void => {
    output.write(`${output.isTTY === true ? ERASE_LINE : ''}${text}\n`)
  }
  const count = (): string => `[${String(finished).padStart(String(rounds).length)}/${rounds}]`
  return {
    caseStarted(benchCase: BenchCase, servers: readonly ServerFacts[]): void {
      title = benchCase.title
      labelWidth = Math.max(...servers.map(({ label }) => label.length))
      line(paint.bold(title))
    },
    live(what: string, done: number, text: string): void {
      if (output.isTTY !== true) return
      const shown = `${count()} ${bar(done)} ${what}  ${text}`
      output.write(ERASE_LINE + shown.slice(0, (output.columns || USUAL_COLUMNS) - 1))
    },
    roundDone(
      _benchCase: BenchCase,
      { label }: ServerFacts,
      index: number,
      round: Round,
      baseline: Round | null,
    ): void {
      finished++
      line(`${count()} ${String(index + 1).padStart(2)}  ${label.padEnd(labelWidth)}  ${figuresOf(round, baseline)}`)
    },
    caseFailed(benchCase: BenchCase, reason: string): void {
      line(paint.bad(`${benchCase.title} failed: ${reason === lastFailure ? 'for the same reason' : reason.trim()}`))
      lastFailure = reason
    },
  }
}

/** A round in one line: its figures, and the ratio to the baseline's round just before it. */
export function figuresOf({ metrics, errors }: Round, baseline: Round | null): string {
  const parts: string[] = []
  const { opsPerSecond, cpuMicros, p50Ms, p99Ms, p999Ms, bytesPerKey } = metrics
  if (bytesPerKey !== undefined) parts.push(`${METRICS.bytesPerKey.format(bytesPerKey)} bytes/key`)
  if (opsPerSecond !== undefined) parts.push(`${formatCount(opsPerSecond).padStart(6)} ops/s`)
  if (cpuMicros !== undefined) parts.push(`${METRICS.cpuMicros.format(cpuMicros)} µs CPU/cmd`)
  if (p50Ms !== undefined) parts.push(`p50 ${METRICS.p50Ms.format(p50Ms)}`)
  if (p99Ms !== undefined) parts.push(`p99 ${METRICS.p99Ms.format(p99Ms)}`)
  if (p999Ms !== undefined) parts.push(`p99.9 ${METRICS.p999Ms.format(p999Ms)} ms`)
  const ratio = baseline === null ? null : ratioTo(metrics, baseline.metrics)
  if (ratio !== null) parts.push(formatRatio(ratio))
  if (errors > 0) parts.push(`${errors} errors`)
  return parts.join('  ')
}

function ratioTo(metrics: Round['metrics'], baseline: Round['metrics']): number | null {
  const metric = metrics.bytesPerKey === undefined ? 'opsPerSecond' : 'bytesPerKey'
  const value = metrics[metric]
  const base = baseline[metric]
  return value === undefined || base === undefined || base === 0 ? null : value / base
}

function bar(done: number): string {
  const filled = Math.round(Math.min(Math.max(done, 0), 1) * BAR_WIDTH)
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
}
