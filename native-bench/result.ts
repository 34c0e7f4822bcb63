/* What a run of the benchmark produces: the shape of the JSON file, and what the table and the page are drawn from.
 * Types, and the few pure functions that read them. */

import type { BenchCase } from './cases.ts'
import { BASELINE, type Role } from './role.ts'
import { median, pairedRatio } from './statistics.ts'

/** A measured quantity. Milliseconds for latencies, microseconds of server CPU for one command. */
export type Metric =
  | 'opsPerSecond'
  | 'cpuMicros'
  | 'p50Ms'
  | 'p99Ms'
  | 'p999Ms'
  | 'maxMs'
  | 'bytesPerKey'
  | 'extraBytes'
  | 'saveSeconds'

/** One round on one server. */
export interface Round {
  metrics: Partial<Record<Metric, number>>
  /** Wall-clock length of the measured part. */
  seconds: number
  commands: number
  /** Error replies, and the first one's text. */
  errors: number
  firstError: string | null
  /** VmRSS of the server after the round; null when its process is out of reach. */
  rssBytes: number | null
  /** CPU in use on average during the round, in cores: the server, the load, and everything else on the machine. */
  serverCores: number | null
  clientCores: number
  otherCores: number | null
  /** Latency in ms at each of PERCENTILES; only our own generator keeps the whole histogram. */
  percentiles: number[] | null
  /** Open loop only: how late the generator itself sent, at the 99th percentile, and what was never answered. */
  sendLagP99Ms: number | null
  unanswered: number
}

/** Where the latency curves are sampled. */
export const PERCENTILES = [0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 100] as const

export interface ServerFacts {
  role: Role
  /** For people: "Redis 7.0.15". */
  label: string
  version: string
  command: string
}

export interface CaseResult {
  case: BenchCase
  rounds: Partial<Record<Role, Round[]>>
  /** Why the case could not be finished, or null. */
  failure: string | null
}

export interface MachineFacts {
  cores: number
  cpuModel: string
  memoryBytes: number
  kernel: string
  node: string
  redisBenchmark: string
  commit: string | null
}

export interface BenchResult {
  format: 'spinel-bench-1'
  startedAt: string
  finishedAt: string
  commandLine: string[]
  machine: MachineFacts
  servers: ServerFacts[]
  cases: CaseResult[]
}

/** All values of one metric on one server, in the order of the rounds. */
export function series(result: CaseResult, role: Role, metric: Metric): number[] {
  const values: number[] = []
  for (const round of result.rounds[role] ?? []) {
    const value = round.metrics[metric]
    if (value !== undefined) values.push(value)
  }
  return values
}

/** The median over the rounds, or null when the metric was not measured. */
export function medianOf(result: CaseResult, role: Role, metric: Metric): number | null {
  const values = series(result, role, metric)
  return values.length === 0 ? null : median(values)
}

/** The median of the round-by-round ratios to the baseline, or null when either side lacks the metric. */
export function ratioOf(result: CaseResult, role: Role, metric: Metric): number | null {
  const ratio = pairedRatio(series(result, role, metric), series(result, BASELINE, metric))
  return Number.isNaN(ratio) ? null : ratio
}

/** The latency curve: at each of PERCENTILES the median over the rounds; null without histograms. */
export function latencyCurve(result: CaseResult, role: Role): number[] | null {
  const curves = (result.rounds[role] ?? []).flatMap((round) => (round.percentiles === null ? [] : [round.percentiles]))
  if (curves.length === 0) return null
  return PERCENTILES.map((_, i) => median(curves.map((curve) => curve[i])))
}

/** More than this many cores taken by processes that are neither the server nor the load: the round was disturbed. */
export const DISTURBED_CORES = 0.25

/** Above this the load process had no time left: the server could do more than the figure shows. */
export const CLIENT_BOUND_CORES = 0.95

/** Rounds that shared the machine with other work, and all rounds. */
export function countDisturbed(result: BenchResult): { disturbed: number; total: number } {
  let disturbed = 0
  let total = 0
  for (const { rounds } of result.cases) {
    for (const round of Object.values(rounds).flat()) {
      total++
      if (round.otherCores !== null && round.otherCores > DISTURBED_CORES) disturbed++
    }
  }
  return { disturbed, total }
}

/** Whether the load, not the server, set the pace in most rounds. */
export function isClientBound(result: CaseResult, role: Role): boolean {
  const { driver } = result.case
  if (driver === 'memory' || driver === 'open-loop' || driver === 'snapshot') return false
  const threads = driver === 'redis-benchmark' ? 1 : result.case.load.threads
  const cores = (result.rounds[role] ?? []).map((round) => round.clientCores)
  return cores.length > 0 && median(cores) >= CLIENT_BOUND_CORES * threads
}
