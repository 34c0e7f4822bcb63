/* The result as one HTML page that needs nothing else: style, charts and figures are all inside. Pure. */

import type { BenchCase } from '../cases.ts'
import { distributionText } from '../load/key-distribution.ts'
import { mixText } from '../load/mix.ts'
import type { LoadSettings } from '../load/settings.ts'
import type { BenchResult, CaseResult, Metric } from '../result.ts'
import { isClientBound, latencyCurve, medianOf, PERCENTILES, ratioOf, series } from '../result.ts'
import { BASELINE, type Role } from '../role.ts'
import type { Scenario } from '../scenarios.ts'
import { judge, targetsOf } from '../targets.ts'
import type { Bar, BarGroup, Curve, RangeGroup } from './charts.ts'
import { barChart, bulletBar, curveChart, rangeChart } from './charts.ts'
import { formatBytes, formatRatio, METRICS } from './figures.ts'
import { STYLE } from './style.ts'
import { markupText } from './svg.ts'
import { CLIENT_BOUND_MARK, describeMeasured, describeTarget, failuresOf, headOf, notesOf } from './table.ts'

/** The name a series has in the page, as data-series. */
export function seriesName(caseId: string, role: Role, metric: Metric | 'latency' | 'curve'): string {
  return `${caseId}:${role}:${metric}`
}

export function renderHtml(result: BenchResult): string {
  const { machine, servers, startedAt } = result
  const names = servers.map(({ label }) => label).join(', ')
  const when = `${startedAt.slice(0, 16).replace('T', ' ')} UTC`
  const sections = [
    verdictSection(result),
    ...SCENARIO_TEXTS.map(([scenario, title, text]) => scenarioSection(result, scenario, title, text)),
    latencySection(result),
    figuresSection(result),
    methodSection(result),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spinel beside Redis, ${markupText(startedAt.slice(0, 10))}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Spinel beside Redis</h1>
<p>${markupText(`${names} on ${machine.cores} cores of ${machine.cpuModel}, ${when}.`)}
The same load on each server in turn, round after round.</p>
${legend(result)}
${listOf(notesOf(result))}
${sections.filter((section) => section !== '').join('\n')}
</main>
</body>
</html>
`
}

const SCENARIO_TEXTS: readonly (readonly [Scenario, string, string])[] = [
  [
    'pipeline',
    'Pipelined throughput',
    'Many commands in each read and write: the kernel’s share is small, the store itself is measured. Dots are rounds.',
  ],
  [
    'unpipelined',
    'Without pipelining',
    'One command in each read and write: the kernel’s socket calls set the pace for every server.',
  ],
  [
    'never',
    'Every command through a worker',
    'Pipeline 64 with Spinel’s inline execution off: each command crosses to a shard worker and back.',
  ],
  [
    'mix',
    'A mixed load',
    'Reads and writes mixed over skewed keys, driven by the benchmark’s own load generator in a closed loop.',
  ],
  [
    'open-loop',
    'A fixed arrival rate',
    'Commands arrive on a fixed schedule whether or not the server keeps up; latency counts from when each was due.',
  ],
  [
    'memory',
    'Memory per key',
    'Resident memory of a fresh server, filled with keys of 16 bytes: after minus before, for each key.',
  ],
  [
    'snapshot',
    'A snapshot under writes',
    'BGSAVE while keys are written at half of the highest rate of the slower server, the same for all: memory at its ' +
      'peak beyond what it was before, and latency from when each command was due.',
  ],
]

/** What is drawn of scenarios whose throughput says nothing. */
const CHARTED: Partial<Record<Scenario, readonly Metric[]>> = {
  memory: ['bytesPerKey'],
  'open-loop': ['cpuMicros'],
  snapshot: ['extraBytes', 'p999Ms', 'maxMs', 'saveSeconds'],
}

/** Cases whose largest figures differ by no more than this factor share a scale. */
const LIKE_SIZE = 3.5

function listOf(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `<ul>${texts.map((text) => `<li>${markupText(text)}</li>`).join('')}</ul>`
}

function legend(result: BenchResult): string {
  const items = result.servers.map(({ role, label }) => `<span><i class="${role}"></i>${markupText(label)}</span>`)
  return `<div class="legend">${items.join('')}</div>`
}

function verdictSection(result: BenchResult): string {
  const verdicts = judge(result)
  if (verdicts.length === 0) return ''
  const met = verdicts.filter((verdict) => verdict.met).length
  const rows = verdicts.map((verdict) => {
    const text = describeMeasured(verdict)
    const word = verdict.met ? 'met' : 'missed'
    return (
      `<tr><td class="case">${markupText(verdict.title)}</td><td>${markupText(describeTarget(verdict.target))}</td>` +
      `<td>${bulletBar(verdict.measured, verdict.target.limit, verdict.met, text)}</td>` +
      `<td class="figure">${markupText(text)}</td><td class="${word}">${verdict.met ? '✓' : '✗'} ${word}</td></tr>`
    )
  })
  return `<section><h2>Targets</h2><p class="score">${met} of ${verdicts.length} met</p>
<div class="scroll"><table>${rows.join('\n')}</table></div></section>`
}

function scenarioSection(result: BenchResult, scenario: Scenario, title: string, text: string): string {
  const cases = result.cases.filter((entry) => entry.case.scenario === scenario && hasRounds(entry))
  if (cases.length === 0) return ''
  const metrics = CHARTED[scenario] ?? ['opsPerSecond', 'cpuMicros']
  const charts = metrics.flatMap((metric) =>
    byMagnitude(result, cases, metric).map((together) => metricChart(result, together, metric)),
  )
  const curves = cases.map((entry) => curvesOf(result, entry))
  return `<section><h2>${markupText(title)}</h2><p>${markupText(text)}</p>
${[...charts, ...curves].filter((chart) => chart !== '').join('\n')}</section>`
}

/** Neighbouring cases of like size share a chart; a case several times larger or smaller begins another one, because
 * on a common scale the smaller ones' differences could not be seen. */
function byMagnitude(result: BenchResult, cases: readonly CaseResult[], metric: Metric): CaseResult[][] {
  const largest = (entry: CaseResult): number =>
    Math.max(...result.servers.map(({ role }) => medianOf(entry, role, metric) ?? 0))
  const charts: CaseResult[][] = []
  for (const entry of cases) {
    const current = charts[charts.length - 1]
    const ratio = current === undefined ? Number.NaN : largest(entry) / largest(current[0])
    if (ratio < LIKE_SIZE && ratio > 1 / LIKE_SIZE) current.push(entry)
    else charts.push([entry])
  }
  return charts
}

function metricChart(result: BenchResult, cases: readonly CaseResult[], metric: Metric): string {
  const groups: BarGroup[] = cases.flatMap((entry) => {
    const bars: Bar[] = result.servers.flatMap(({ role, label }) => {
      const value = medianOf(entry, role, metric)
      if (value === null) return []
      return [
        { role, label, value, series: seriesName(entry.case.id, role, metric), points: series(entry, role, metric) },
      ]
    })
    if (bars.length === 0) return []
    const limit = limitOf(entry, metric)
    return [{ title: entry.case.title, bars, ...(limit === null ? {} : { limit }) }]
  })
  if (groups.length === 0) return ''
  const { label, unit, format, better } = METRICS[metric]
  const caption = `${capitalized(label)}, ${unit} (${better} is better)`
  return `<figure><figcaption>${caption}</figcaption>${barChart(groups, format, unit)}</figure>`
}

/** A target on this metric as a place on its axis: a ratio is taken from Redis's median. */
function limitOf(entry: CaseResult, metric: Metric): { value: number; label: string } | null {
  const target = targetsOf(entry.case.id).find((candidate) => candidate.metric === metric)
  const baseline = medianOf(entry, BASELINE, metric)
  if (target === undefined || (target.of === 'ratio' && baseline === null)) return null
  const value = target.of === 'ratio' ? target.limit * (baseline ?? 0) : target.limit
  return { value, label: `target ${target.of === 'ratio' ? formatRatio(target.limit) : target.limit}` }
}

function curvesOf(result: BenchResult, entry: CaseResult): string {
  const curves: Curve[] = result.servers.flatMap(({ role, label }) => {
    const values = latencyCurve(entry, role)
    return values === null ? [] : [{ role, label, values, series: seriesName(entry.case.id, role, 'curve') }]
  })
  if (curves.length === 0) return ''
  return `<figure><figcaption>${markupText(entry.case.title)}: latency by percentile, ms (lower is better)</figcaption>
${curveChart(PERCENTILES, curves, METRICS.p99Ms.format)}</figure>`
}

function latencySection(result: BenchResult): string {
  const groups: RangeGroup[] = result.cases.flatMap((entry) => {
    const ranges = result.servers.flatMap(({ role, label }) => {
      const p50 = medianOf(entry, role, 'p50Ms')
      const p99 = medianOf(entry, role, 'p99Ms')
      if (p50 === null || p99 === null) return []
      return [
        {
          role,
          label,
          p50,
          p99,
          p999: medianOf(entry, role, 'p999Ms'),
          series: seriesName(entry.case.id, role, 'latency'),
        },
      ]
    })
    return ranges.length === 0 ? [] : [{ title: entry.case.title, ranges }]
  })
  if (groups.length === 0) return ''
  const chart = rangeChart(groups, METRICS.p99Ms.format, 'ms')
  return `<section><h2>Latency</h2><p>From p50 (disc) to p99 (ring) and, where the whole histogram is known, p99.9
(bar). With pipelining it is the time of a whole pipeline.</p>${chart}</section>`
}

function figuresSection(result: BenchResult): string {
  const metrics = (Object.keys(METRICS) as Metric[]).filter((metric) =>
    result.cases.some((entry) => result.servers.some(({ role }) => medianOf(entry, role, metric) !== null)),
  )
  const head = metrics.map((metric) => `<th class="figure">${headOf(metric)}</th><th class="figure">ratio</th>`)
  const rows = result.cases.flatMap((entry) =>
    result.servers
      .filter(({ role }) => entry.rounds[role] !== undefined)
      .map(({ role, label }, i) => {
        const mark = isClientBound(entry, role) ? ` ${CLIENT_BOUND_MARK}` : ''
        return (
          `<tr><td class="case">${i === 0 ? markupText(entry.case.title) : ''}</td>` +
          `<td class="server">${markupText(label + mark)}</td>` +
          `${metrics.map((metric) => figureCells(entry, role, metric)).join('')}</tr>`
        )
      }),
  )
  return `<section><h2>All figures</h2>
<div class="scroll"><table class="dense"><tr><th>case</th><th>server</th>${head.join('')}</tr>
${rows.join('\n')}</table></div>
${listOf(failuresOf(result))}</section>`
}

function figureCells(entry: CaseResult, role: Role, metric: Metric): string {
  const value = medianOf(entry, role, metric)
  const ratio = role === BASELINE ? null : ratioOf(entry, role, metric)
  const gain = ratio === null ? 1 : METRICS[metric].better === 'higher' ? ratio : 1 / ratio
  const colour = gain >= 1.1 ? ' better' : gain <= 0.9 ? ' worse' : ''
  return (
    `<td class="figure">${value === null ? '' : markupText(METRICS[metric].format(value))}</td>` +
    `<td class="figure${colour}">${ratio === null ? '' : formatRatio(ratio)}</td>`
  )
}

function methodSection(result: BenchResult): string {
  const { machine, servers, commandLine, startedAt, finishedAt } = result
  const facts: [string, string][] = [
    ['CPU', `${machine.cpuModel}, ${machine.cores} cores`],
    ['Memory', formatBytes(machine.memoryBytes)],
    ['Kernel', machine.kernel],
    ['Node.js', machine.node],
    ['Load', machine.redisBenchmark],
    ...servers.map(({ label, command }): [string, string] => [label, command]),
    ...(machine.commit === null ? [] : [['Commit', machine.commit] as [string, string]]),
    ['Options', commandLine.length === 0 ? 'the defaults' : commandLine.join(' ')],
    ['Ran', `${startedAt} to ${finishedAt}`],
    ...loadTexts(result),
  ]
  return `<section><h2>How it was measured</h2>
<p>All servers run at the same time on loopback without persistence; only one is under load. Rounds alternate between
them, so a slow drift of the machine meets all alike. CPU is user and system time of the server’s whole process, all
threads, over the round, divided by the commands.</p>
<p>${markupText(competition(machine.cores))} redis-benchmark drives the headline comparison because it is a single cheap
thread; it reports p50 and p99 only. The mixed and open-loop loads come from the benchmark’s own generator, which keeps
the whole latency histogram and costs more CPU for each command than redis-benchmark.</p>
<dl>${facts.map(([name, text]) => `<dt>${markupText(name)}</dt><dd>${markupText(text)}</dd>`).join('')}</dl></section>`
}

function competition(cores: number): string {
  return cores <= 2
    ? `On ${cores} ${cores === 1 ? 'core' : 'cores'} the load competes with the server for CPU: what it takes, the ` +
        'server’s other threads do not get.'
    : `The load runs beside the server on the same ${cores} cores.`
}

function loadTexts(result: BenchResult): [string, string][] {
  const texts = new Map<string, string>()
  for (const { case: benchCase } of result.cases) {
    if (benchCase.driver !== 'memory') texts.set(benchCase.scenario, loadText(benchCase))
  }
  return [...texts].map(([scenario, text]) => [`Scenario ${scenario}`, text])
}

function loadText(benchCase: Exclude<BenchCase, { driver: 'memory' }>): string {
  const { connections, keyCount, valueBytes } = benchCase.load
  const shape = `${connections} connections, ${keyCount} keys, values of ${valueBytes} bytes`
  if (benchCase.driver === 'redis-benchmark') return `redis-benchmark, ${shape}, uniform`
  return `own generator, ${shape}, ${ownLoadText(benchCase.load)}`
}

function ownLoadText({ distribution, mix, threads, ratePerSecond }: LoadSettings): string {
  const pace = ratePerSecond === null ? 'closed loop' : `open loop at ${ratePerSecond} commands a second`
  const threadsText = `${threads} ${threads === 1 ? 'thread' : 'threads'}`
  return `${distributionText(distribution)}, ${mixText(mix)}, ${threadsText}, ${pace}`
}

function capitalized(text: string): string {
  return text[0].toUpperCase() + text.slice(1)
}

function hasRounds(entry: CaseResult): boolean {
  return Object.values(entry.rounds).some((rounds) => rounds.length > 0)
}
