/* The result as text for a terminal: for each case a line for each server, then the targets. Pure.
 *
 *   case       server          ops/s   ratio  CPU us   ratio   p50 ms   p99 ms  ratio  p99.9 ms  ratio
 *   GET, P64   Redis 7.0.15   3.20 M           0.290             0.95     1.40
 *              Spinel 0.1.0   5.61 M   1.75x   0.170   0.59x     0.55     0.81  0.58x                        */

import type { BenchResult, CaseResult, Metric } from '../result.ts'
import { countDisturbed, DISTURBED_CORES, isClientBound, medianOf, ratioOf } from '../result.ts'
import { BASELINE, type Role, SUBJECT } from '../role.ts'
import type { Target, Verdict } from '../targets.ts'
import { judge } from '../targets.ts'
import { formatRatio, METRICS } from './figures.ts'

const LOAD_METRICS: readonly Metric[] = ['opsPerSecond', 'cpuMicros', 'p50Ms', 'p99Ms', 'p999Ms']
const MEMORY_METRICS: readonly Metric[] = ['bytesPerKey']
const SNAPSHOT_METRICS: readonly Metric[] = ['opsPerSecond', 'p99Ms', 'p999Ms', 'maxMs', 'extraBytes', 'saveSeconds']
export const CLIENT_BOUND_MARK = '*'

/** Terminal colours, or none. */
export interface Paint {
  good: (text: string) => string
  bad: (text: string) => string
  dim: (text: string) => string
  bold: (text: string) => string
}

export const PLAIN: Paint = { good: same, bad: same, dim: same, bold: same }
export const COLOURED: Paint = { good: sgr(32), bad: sgr(31), dim: sgr(2), bold: sgr(1) }

/** The whole report, ready to print. */
export function renderTable(result: BenchResult, paint: Paint): string {
  const snapshots = result.cases.filter((entry) => entry.case.driver === 'snapshot')
  const withLoad = result.cases.filter(({ case: { driver } }) => driver !== 'memory' && driver !== 'snapshot')
  const withMemory = result.cases.filter((entry) => entry.case.driver === 'memory')
  const verdicts = judge(result)
  const parts = [
    renderCases(result, withLoad, LOAD_METRICS, paint),
    renderCases(result, withMemory, MEMORY_METRICS, paint),
    renderCases(result, snapshots, SNAPSHOT_METRICS, paint),
    renderVerdicts(verdicts, paint),
    notesOf(result).join('\n'),
    failuresOf(result).map(paint.bad).join('\n'),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

/** What a reader must know to read the figures right. */
export function notesOf(result: BenchResult): string[] {
  const { disturbed, total } = countDisturbed(result)
  const isBound = result.cases.some((entry) => result.servers.some(({ role }) => isClientBound(entry, role)))
  const rounds = result.cases.flatMap((entry) => Object.values(entry.rounds).flat())
  const lags = rounds.flatMap((round) => (round.sendLagP99Ms === null ? [] : [round.sendLagP99Ms]))
  const unanswered = rounds.reduce((sum, round) => sum + round.unanswered, 0)
  const firstError = rounds.find((round) => round.firstError !== null)?.firstError
  const notes = ['Medians over the rounds; a ratio is the median of the ratios of neighbouring rounds.']
  if (isBound) {
    notes.push(`${CLIENT_BOUND_MARK} the load had no CPU left: the server could do more than the figure shows.`)
  }
  if (lags.length > 0) {
    notes.push(`Open loop: the generator itself sent up to ${METRICS.p99Ms.format(Math.max(...lags))} ms late (p99).`)
  }
  if (unanswered > 0) notes.push(`${unanswered} batches were never answered; their age counts as their latency.`)
  if (disturbed > 0) {
    notes.push(
      `${disturbed} of ${total} rounds shared the machine with other work (over ${DISTURBED_CORES} cores): ` +
        'absolute figures are low, ratios less certain.',
    )
  }
  if (firstError !== undefined) notes.push(`There were error replies, the first: ${firstError}`)
  return notes
}

/** The failed cases, those with the same reason together. */
export function failuresOf(result: BenchResult): string[] {
  const titles = new Map<string, string[]>()
  for (const { case: benchCase, failure } of result.cases) {
    if (failure !== null) titles.set(failure, [...(titles.get(failure) ?? []), benchCase.title])
  }
  return [...titles].map(([reason, failed]) => `Failed: ${failed.join('; ')}: ${reason.trim()}`)
}

export function describeTarget({ metric, of, bound, limit }: Target): string {
  const sign = bound === 'at least' ? '≥' : '≤'
  return `${METRICS[metric].label} ${sign} ${of === 'ratio' ? formatRatio(limit) : `${limit} ${METRICS[metric].unit}`}`
}

export function describeMeasured({ target, measured }: Verdict): string {
  if (measured === null) return 'not measured'
  return target.of === 'ratio' ? formatRatio(measured) : METRICS[target.metric].format(measured)
}

function renderCases(
  result: BenchResult,
  cases: readonly CaseResult[],
  metrics: readonly Metric[],
  paint: Paint,
): string {
  if (cases.length === 0) return ''
  const header = ['case', 'server', ...metrics.flatMap((metric) => [headOf(metric), 'ratio'])]
  const rows = [header.map((text) => cell(text, paint.dim))]
  for (const entry of cases) {
    let title = entry.case.title
    for (const { role, label } of result.servers) {
      if (entry.rounds[role] === undefined) continue
      rows.push([
        cell(title, paint.bold),
        cell(label),
        ...metrics.flatMap((metric) => cellsOf(entry, role, metric, paint)),
      ])
      title = ''
    }
  }
  return align(rows, 2)
}

/** A metric as the head of a column. */
export function headOf(metric: Metric): string {
  const { label, unit } = METRICS[metric]
  switch (metric) {
    case 'opsPerSecond':
      return unit
    case 'cpuMicros':
      return `CPU ${unit}/cmd`
    case 'bytesPerKey':
      return `${unit}/key`
    default:
      return `${label} ${unit}`
  }
}

function cellsOf(entry: CaseResult, role: Role, metric: Metric, paint: Paint): Cell[] {
  const value = medianOf(entry, role, metric)
  if (value === null) return [cell(''), cell('')]
  const mark = metric === 'opsPerSecond' && isClientBound(entry, role) ? CLIENT_BOUND_MARK : ''
  const ratio = role === BASELINE ? null : ratioOf(entry, role, metric)
  const colour = ratio === null || role !== SUBJECT ? same : paintOf(metric, ratio, paint)
  return [cell(mark + METRICS[metric].format(value)), cell(ratio === null ? '' : formatRatio(ratio), colour)]
}

/** Clearly better green, clearly worse red, the noise in between plain. */
function paintOf(metric: Metric, ratio: number, paint: Paint): (text: string) => string {
  const gain = METRICS[metric].better === 'higher' ? ratio : 1 / ratio
  return gain >= 1.1 ? paint.good : gain <= 0.9 ? paint.bad : same
}

function renderVerdicts(verdicts: readonly Verdict[], paint: Paint): string {
  if (verdicts.length === 0) return ''
  const rows = verdicts.map((verdict) => [
    verdict.met ? cell('met', paint.good) : cell('missed', paint.bad),
    cell(verdict.title),
    cell(describeTarget(verdict.target)),
    cell(describeMeasured(verdict)),
  ])
  const met = verdicts.filter((verdict) => verdict.met).length
  return `${paint.bold(`Targets: ${met} of ${verdicts.length} met`)}\n${align(rows, 3)}`
}

interface Cell {
  text: string
  colour: (text: string) => string
}

function cell(text: string, colour: (text: string) => string = same): Cell {
  return { text, colour }
}

/** Pads the columns: the first `leftCount` to the left, figures to the right. */
function align(rows: readonly Cell[][], leftCount: number): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].text.length)))
  const pad = ({ text, colour }: Cell, column: number): string => {
    const space = ' '.repeat(widths[column] - text.length)
    return column < leftCount ? colour(text) + space : space + colour(text)
  }
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

function same(text: string): string {
  return text
}

function sgr(code: number): (text: string) => string {
  return (text) => (text === '' ? '' : `\u001b[${code}m${text}\u001b[0m`)
}
