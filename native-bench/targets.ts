/* The targets, as data: what Spinel must reach beside Redis, and the verdict on a finished run. Pure. */

import type { BenchResult, Metric } from './result.ts'
import { medianOf, ratioOf } from './result.ts'
import { SUBJECT } from './role.ts'

export interface Target {
  /** Ids of the cases it holds for (see cases.ts). */
  cases: readonly string[]
  metric: Metric
  /** A ratio to Redis in the same run, or the figure itself. */
  of: 'ratio' | 'figure'
  bound: 'at least' | 'at most'
  limit: number
}

export interface Verdict {
  caseId: string
  title: string
  target: Target
  /** The measured figure or ratio; null when it could not be measured (then the target is not met). */
  measured: number | null
  met: boolean
}

const POINT_COMMANDS = ['set', 'get', 'incr']
const ENDS_AND_FIELDS = ['lpush', 'rpush', 'lpop', 'rpop', 'hset', 'hget', 'hget_small']
const RANGES = ['hgetall_20', 'lrange_100', 'lrange_600']
const each = (prefix: string, tests: readonly string[]): string[] => tests.map((test) => `${prefix}/${test}`)

export const TARGETS: readonly Target[] = [
  { cases: each('pipeline-64', POINT_COMMANDS), metric: 'opsPerSecond', of: 'ratio', bound: 'at least', limit: 1.5 },
  { cases: each('pipeline-64', POINT_COMMANDS), metric: 'cpuMicros', of: 'ratio', bound: 'at most', limit: 0.75 },
  { cases: ['pipeline-64/mset'], metric: 'opsPerSecond', of: 'ratio', bound: 'at least', limit: 1.3 },
  { cases: each('pipeline-16', POINT_COMMANDS), metric: 'opsPerSecond', of: 'ratio', bound: 'at least', limit: 1.3 },
  { cases: each('unpipelined', POINT_COMMANDS), metric: 'opsPerSecond', of: 'ratio', bound: 'at least', limit: 1.0 },
  { cases: each('unpipelined', POINT_COMMANDS), metric: 'p99Ms', of: 'ratio', bound: 'at most', limit: 1.1 },
  { cases: each('never-64', POINT_COMMANDS), metric: 'opsPerSecond', of: 'ratio', bound: 'at least', limit: 1.3 },
  {
    cases: each('collections-64', ENDS_AND_FIELDS),
    metric: 'opsPerSecond',
    of: 'ratio',
    bound: 'at least',
    limit: 1.3,
  },
  {
    cases: [...each('collections-64', RANGES), ...each('collections-1', [...ENDS_AND_FIELDS, ...RANGES])],
    metric: 'opsPerSecond',
    of: 'ratio',
    bound: 'at least',
    limit: 1.0,
  },
  { cases: ['memory/hash10', 'memory/list'], metric: 'bytesPerKey', of: 'ratio', bound: 'at most', limit: 1.0 },
  { cases: ['memory/3'], metric: 'bytesPerKey', of: 'figure', bound: 'at most', limit: 70 },
  { cases: ['memory/32'], metric: 'bytesPerKey', of: 'figure', bound: 'at most', limit: 100 },
  { cases: ['memory/100'], metric: 'bytesPerKey', of: 'figure', bound: 'at most', limit: 170 },
]

/** The targets that hold for a case. */
export function targetsOf(caseId: string): Target[] {
  return TARGETS.filter((target) => target.cases.includes(caseId))
}

/** Whether a measured value reaches a target; the limit itself does. */
export function meets(target: Target, measured: number): boolean {
  return target.bound === 'at least' ? measured >= target.limit : measured <= target.limit
}

/** One verdict for each target of each case, in the order of the cases; none at all in a run without Spinel. */
export function judge({ servers, cases }: BenchResult): Verdict[] {
  if (!servers.some(({ role }) => role === SUBJECT)) return []
  return cases.flatMap((result) =>
    targetsOf(result.case.id).map((target) => {
      const read = target.of === 'ratio' ? ratioOf : medianOf
      const measured = read(result, SUBJECT, target.metric)
      const met = measured !== null && meets(target, measured)
      return { caseId: result.case.id, title: result.case.title, target, measured, met }
    }),
  )
}
