/* The result as a JSON file: every round, the machine, the medians and verdicts for those who don't want to compute. */

import type { BenchResult, Metric } from '../result.ts'
import { medianOf, ratioOf } from '../result.ts'
import { judge } from '../targets.ts'
import { METRICS } from './figures.ts'

export function renderJson(result: BenchResult): string {
  const metrics = Object.keys(METRICS) as Metric[]
  const summary = result.cases.flatMap((entry) =>
    result.servers.flatMap(({ role }) =>
      metrics.flatMap((metric) => {
        const value = medianOf(entry, role, metric)
        return value === null
          ? []
          : [{ case: entry.case.id, server: role, metric, median: value, ratio: ratioOf(entry, role, metric) }]
      }),
    ),
  )
  return `${JSON.stringify({ ...result, summary, verdicts: judge(result) }, null, 2)}\n`
}
