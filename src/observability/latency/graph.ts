/* LATENCY GRAPH: an event's samples as columns of characters, oldest first, with how long ago each was below it. Pure;
 * any thread. */
import type { LatencySample, LatencySeries } from './monitor.ts'

const COLUMNS = 80
const ROWS = 4
/** Parts of a row, from the lowest; a column that goes on above is filled. */
const LEVELS = '_-='
const FILLED = '#'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export function latencyGraph(event: string, series: LatencySeries, nowSeconds: number): string {
  const latencies = series.samples.map(({ latencyMs }) => latencyMs)
  const high = Math.max(...latencies)
  const low = Math.min(...latencies)
  const parts: string[] = []
  for (let at = 0; at < series.samples.length; at += COLUMNS) {
    parts.push(columns(series.samples.slice(at, at + COLUMNS), low, high, nowSeconds))
  }
  const title = `${event} - high ${high} ms, low ${low} ms (all time high ${series.maxMs} ms)`
  return `${title}\n${'-'.repeat(COLUMNS)}\n${parts.join('\n')}`
}

function columns(samples: readonly LatencySample[], low: number, high: number, nowSeconds: number): string {
  const steps = ROWS * LEVELS.length
  const heights = samples.map(({ latencyMs }) => {
    const relative = high === low ? 0 : (latencyMs - low) / (high - low)
    return Math.min(steps - 1, Math.trunc(relative * steps))
  })
  const lines: string[] = []
  for (let row = ROWS - 1; row >= 0; row--) {
    lines.push(heights.map((height) => cell(height - row * LEVELS.length)).join(''))
  }
  const labels = samples.map(({ time }) => age(nowSeconds - time))
  lines.push(' '.repeat(samples.length))
  for (let i = 0; labels.some((label) => label.length > i); i++)
    lines.push(labels.map((label) => label[i] ?? ' ').join(''))
  return `${lines.join('\n')}\n`
}

/** The character of a row that a column reaches by this many steps. */
function cell(steps: number): string {
  if (steps < 0) return ' '
  return LEVELS[steps] ?? FILLED
}

/** Seconds in the largest unit that they fill. */
function age(seconds: number): string {
  if (seconds < MINUTE) return `${seconds}s`
  if (seconds < HOUR) return `${Math.trunc(seconds / MINUTE)}m`
  if (seconds < DAY) return `${Math.trunc(seconds / HOUR)}h`
  return `${Math.trunc(seconds / DAY)}d`
}
