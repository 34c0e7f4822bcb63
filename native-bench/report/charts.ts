/* The page's charts, as SVG drawn here: grouped bars with the single rounds as dots, latency ranges, latency curves,
 * and targets as bullet bars. Pure: figures in, markup out. Colours come from the page's style sheet by class, so that
 * they follow light and dark; every mark carries its figure as a <title>, and its series as data-series.
 *
 *   | GROUP TITLE                            |
 *   | Label   ########*##*######  5.61 M     |   one row for each server, dots are rounds
 *   | Label   ####*###*#  3.20 M             |
 *   |         |         |         |  axis    |                                                     */

import type { Role } from '../role.ts'
import type { Scale } from './svg.ts'
import { element, linearScale, linearTicks, logScale, logTicks, markupText } from './svg.ts'

const WIDTH = 760
const LABEL_MARGIN = 24
const LETTER_WIDTH = 6.6
const VALUE_WIDTH = 84
const FIGURES_WIDTH = 130
const ROW_HEIGHT = 19
const BAR_HEIGHT = 13
const TITLE_HEIGHT = 24
const AXIS_HEIGHT = 26
const PLOT_RIGHT = WIDTH - VALUE_WIDTH

/** Where the plot begins: right of the longest label. */
function plotLeft(labels: readonly string[]): number {
  return LABEL_MARGIN + LETTER_WIDTH * Math.max(...labels.map((label) => label.length))
}

export interface Bar {
  role: Role
  label: string
  /** The name of the series, for instance pipeline-64/get:spinel:opsPerSecond. */
  series: string
  value: number
  /** The single rounds. */
  points: readonly number[]
}

export interface BarGroup {
  title: string
  bars: readonly Bar[]
  /** A mark across the group, with its text. */
  limit?: { value: number; label: string }
}

/** Horizontal bars from zero, one scale for all groups. */
export function barChart(groups: readonly BarGroup[], format: (value: number) => string, unit: string): string {
  const highest = Math.max(
    ...groups.flatMap(({ bars, limit }) => [limit?.value ?? 0, ...bars.flatMap((bar) => [bar.value, ...bar.points])]),
  )
  const ticks = linearTicks(highest, 5)
  const left = plotLeft(groups.flatMap(({ bars }) => bars.map(({ label }) => label)))
  const scale = linearScale(0, ticks[ticks.length - 1], left, PLOT_RIGHT)
  const marks: string[] = []
  let y = 0
  for (const { title, bars, limit } of groups) {
    marks.push(element('text', { class: 'group', x: 0, y: y + 16 }, markupText(title)))
    const top = y + TITLE_HEIGHT
    y = top
    for (const bar of bars) {
      marks.push(barMarks(bar, y, scale, format))
      y += ROW_HEIGHT
    }
    if (limit !== undefined) {
      const x = scale(limit.value)
      marks.push(element('line', { class: 'limit', x1: x, x2: x, y1: top - 2, y2: y - 3 }, hint(limit.label)))
      marks.push(element('text', { class: 'limit-label', x: x + 4, y: top - 6 }, markupText(limit.label)))
    }
    y += 6
  }
  return chart(y + AXIS_HEIGHT, verticalGrid(ticks, scale, y, format, unit) + marks.join(''))
}

function barMarks(bar: Bar, y: number, scale: Scale, format: (value: number) => string): string {
  const end = scale(bar.value)
  const middle = y + BAR_HEIGHT / 2
  const left = scale(0)
  const farthest = Math.max(end, ...bar.points.map(scale))
  const width = Math.max(1, end - left)
  return (
    element('text', { class: 'label', x: left - 8, y: middle + 4 }, markupText(bar.label)) +
    element(
      'rect',
      {
        class: `bar ${bar.role}`,
        x: left,
        y,
        width,
        height: BAR_HEIGHT,
        rx: 2,
        'data-series': bar.series,
      },
      hint(`${bar.label}: ${format(bar.value)}`),
    ) +
    bar.points
      .map((point) => element('circle', { class: 'point', cx: scale(point), cy: middle, r: 2.2 }, hint(format(point))))
      .join('') +
    element('text', { class: 'value', x: farthest + 7, y: middle + 4 }, markupText(format(bar.value)))
  )
}

export interface Range {
  role: Role
  label: string
  series: string
  p50: number
  p99: number
  p999: number | null
}

export interface RangeGroup {
  title: string
  ranges: readonly Range[]
}

/** Latency from p50 (disc) over p99 (ring) to p99.9 (bar), on a logarithmic axis. */
export function rangeChart(groups: readonly RangeGroup[], format: (value: number) => string, unit: string): string {
  const all = groups
    .flatMap(({ ranges }) => ranges.flatMap(({ p50, p99, p999 }) => [p50, p99, p999 ?? p99]))
    .filter((value) => value > 0)
  const ticks = logTicks(Math.min(...all), Math.max(...all))
  const lowest = ticks[0]
  const left = plotLeft(groups.flatMap(({ ranges }) => ranges.map(({ label }) => label)))
  const scale = logScale(lowest, ticks[ticks.length - 1], left, WIDTH - FIGURES_WIDTH)
  const marks: string[] = []
  let y = 0
  for (const { title, ranges } of groups) {
    marks.push(element('text', { class: 'group', x: 0, y: y + 16 }, markupText(title)))
    y += TITLE_HEIGHT
    for (const range of ranges) {
      marks.push(rangeMarks(range, left, y + BAR_HEIGHT / 2, (value) => scale(Math.max(value, lowest)), format))
      y += ROW_HEIGHT
    }
    y += 6
  }
  return chart(y + AXIS_HEIGHT, verticalGrid(ticks, scale, y, format, unit) + marks.join(''))
}

function rangeMarks(range: Range, left: number, y: number, scale: Scale, format: (value: number) => string): string {
  const { role, label, series, p50, p99, p999 } = range
  const end = p999 ?? p99
  const text = [p50, p99, ...(p999 === null ? [] : [p999])].map(format).join(' / ')
  const parts = [
    element('text', { class: 'label', x: left - 8, y: y + 4 }, markupText(label)),
    element('line', { class: `range ${role}`, x1: scale(p50), x2: scale(end), y1: y, y2: y, 'data-series': series }),
    element('circle', { class: `disc ${role}`, cx: scale(p50), cy: y, r: 4.5 }, hint(`${label} p50 ${format(p50)}`)),
    element('circle', { class: `ring ${role}`, cx: scale(p99), cy: y, r: 4 }, hint(`${label} p99 ${format(p99)}`)),
  ]
  if (p999 !== null) {
    const x = scale(p999)
    parts.push(
      element(
        'line',
        { class: `stop ${role}`, x1: x, x2: x, y1: y - 5, y2: y + 5 },
        hint(`${label} p99.9 ${format(p999)}`),
      ),
    )
  }
  parts.push(element('text', { class: 'value', x: scale(end) + 9, y: y + 4 }, markupText(text)))
  return parts.join('')
}

export interface Curve {
  role: Role
  label: string
  series: string
  /** Latency at each percentile. */
  values: readonly number[]
}

const CURVE_HEIGHT = 230
const CURVE_LEFT = 56
const CURVE_RIGHT = WIDTH - 20
const NINES = [0, 50, 90, 99, 99.9, 99.99]

/** Latency by percentile: each step to the right is ten times rarer, upwards is slower, both logarithmic. */
export function curveChart(
  percentiles: readonly number[],
  curves: readonly Curve[],
  format: (value: number) => string,
): string {
  const last = NINES[NINES.length - 1]
  const shown = percentiles.flatMap((percentile, i) => (percentile <= last ? [i] : []))
  const all = curves.flatMap(({ values }) => shown.map((i) => values[i])).filter((value) => value > 0)
  const ticks = logTicks(Math.min(...all), Math.max(...all))
  const y = logScale(ticks[0], ticks[ticks.length - 1], CURVE_HEIGHT, 12)
  const rarity = logScale(1, 1 / (1 - last / 100), CURVE_LEFT, CURVE_RIGHT)
  const x = (percentile: number): number => rarity(1 / (1 - percentile / 100))
  const grid = ticks.map(
    (tick) =>
      element('line', { class: 'grid', x1: CURVE_LEFT, x2: CURVE_RIGHT, y1: y(tick), y2: y(tick) }) +
      element('text', { class: 'tick-left', x: CURVE_LEFT - 8, y: y(tick) + 4 }, markupText(tickText(tick, format))),
  )
  const axis = NINES.map(
    (percentile) =>
      element('line', { class: 'grid', x1: x(percentile), x2: x(percentile), y1: 12, y2: CURVE_HEIGHT }) +
      element(
        'text',
        { class: 'tick', x: x(percentile), y: CURVE_HEIGHT + 18 },
        percentile === 0 ? 'min' : `p${percentile}`,
      ),
  )
  const lines = curves.map(({ role, label, series, values }) => {
    const points = shown.map((i) => `${x(percentiles[i]).toFixed(1)},${y(Math.max(values[i], ticks[0])).toFixed(1)}`)
    const dots = shown.map((i) =>
      element(
        'circle',
        { class: `disc ${role}`, cx: x(percentiles[i]), cy: y(Math.max(values[i], ticks[0])), r: 2.6 },
        hint(`${label} p${percentiles[i]}: ${format(values[i])} ms`),
      ),
    )
    return (
      element('polyline', { class: `curve ${role}`, points: points.join(' '), 'data-series': series }) + dots.join('')
    )
  })
  return chart(CURVE_HEIGHT + AXIS_HEIGHT, [...grid, ...axis, ...lines].join(''))
}

const BULLET_WIDTH = 220
const BULLET_HEIGHT = 16

/** A measured value against its limit: a bar, and a mark where the limit is. */
export function bulletBar(measured: number | null, limit: number, met: boolean, text: string): string {
  const highest = Math.max(measured ?? 0, limit) * 1.12
  const scale = linearScale(0, highest, 0, BULLET_WIDTH)
  const parts = [
    element('rect', { class: 'track', x: 0, y: 4, width: BULLET_WIDTH, height: 8, rx: 4 }),
    element(
      'rect',
      { class: met ? 'bullet met' : 'bullet missed', x: 0, y: 4, width: scale(measured ?? 0), height: 8, rx: 4 },
      hint(text),
    ),
    element('line', { class: 'limit', x1: scale(limit), x2: scale(limit), y1: 0, y2: BULLET_HEIGHT }),
  ]
  return `<svg class="bullet-bar" viewBox="0 0 ${BULLET_WIDTH} ${BULLET_HEIGHT}" role="img">${parts.join('')}</svg>`
}

function verticalGrid(
  ticks: readonly number[],
  scale: Scale,
  height: number,
  format: (value: number) => string,
  unit: string,
): string {
  const lines = ticks.map(
    (tick, i) =>
      element('line', { class: 'grid', x1: scale(tick), x2: scale(tick), y1: TITLE_HEIGHT - 4, y2: height }) +
      element(
        'text',
        { class: 'tick', x: scale(tick), y: height + 16 },
        markupText(tickText(tick, format) + (i === ticks.length - 1 ? ` ${unit}` : '')),
      ),
  )
  return lines.join('')
}

/** Ticks are round: the zeros that keep measured figures in line say nothing on them. */
function tickText(tick: number, format: (value: number) => string): string {
  return format(tick)
    .replace(/(\.\d*?)0+(?=$| )/, '$1')
    .replace(/\.(?=$| )/, '')
}

function chart(height: number, content: string): string {
  return `<svg class="chart" viewBox="0 0 ${WIDTH} ${Math.ceil(height)}" role="img">${content}</svg>`
}

function hint(text: string): string {
  return element('title', {}, markupText(text))
}
