/* Drives a server with redis-benchmark: one test in each run, so that the server's CPU belongs to one command. It is
 * C, single-threaded and cheap, and the tool Redis users know: the headline figures come from it. */

import { spawn } from 'node:child_process'
import type { Endpoint } from './load/settings.ts'

export interface RedisBenchmarkLoad {
  /** A name for -t: set, get, incr, mset, lpush, ... */
  test: string
  /** A command of its own in the place of -t's, with __rand_int__ where a number is drawn. */
  command?: readonly string[]
  connections: number
  /** -r: keys are drawn uniformly from so many. */
  keyCount: number
  valueBytes: number
  pipeline: number
}

/** One line of --csv. Latencies are of whole pipelines, in milliseconds. */
export interface CsvRow {
  test: string
  opsPerSecond: number
  avgMs: number
  minMs: number
  p50Ms: number
  p95Ms: number
  p99Ms: number
  maxMs: number
}

export function argumentsOf(load: RedisBenchmarkLoad, endpoint: Endpoint, requests: number): string[] {
  return [
    '-h',
    endpoint.host,
    '-p',
    String(endpoint.port),
    '-n',
    String(requests),
    '-c',
    String(load.connections),
    '-r',
    String(load.keyCount),
    '-d',
    String(load.valueBytes),
    '-P',
    String(load.pipeline),
    '--csv',
    ...(load.command ?? ['-t', load.test]),
  ]
}

const COLUMNS: Readonly<Record<string, Exclude<keyof CsvRow, 'test'>>> = {
  rps: 'opsPerSecond',
  avg_latency_ms: 'avgMs',
  min_latency_ms: 'minMs',
  p50_latency_ms: 'p50Ms',
  p95_latency_ms: 'p95Ms',
  p99_latency_ms: 'p99Ms',
  max_latency_ms: 'maxMs',
}

/** Reads the output of --csv: a header line naming the columns, then a line for each test. Every column is needed. */
export function parseCsv(text: string): CsvRow[] {
  const lines = text.split('\n').filter((line) => line.startsWith('"'))
  const header = splitCsvLine(lines[0] ?? '')
  const missing = ['test', ...Object.keys(COLUMNS)].filter((column) => !header.includes(column))
  if (missing.length > 0)
    throw new Error(`redis-benchmark's CSV lacks ${missing.join(', ')} (version 7.0 or newer has them)`)
  return lines.slice(1).map((line) => {
    const cells = splitCsvLine(line)
    const row: CsvRow = {
      test: cells[header.indexOf('test')],
      opsPerSecond: 0,
      avgMs: 0,
      minMs: 0,
      p50Ms: 0,
      p95Ms: 0,
      p99Ms: 0,
      maxMs: 0,
    }
    for (const [column, field] of Object.entries(COLUMNS)) {
      row[field] = Number(cells[header.indexOf(column)])
      if (!Number.isFinite(row[field])) throw new Error(`redis-benchmark's CSV: no number in '${line}'`)
    }
    return row
  })
}

/** Cells are in double quotes and hold none themselves. */
function splitCsvLine(line: string): string[] {
  return line.trim().replace(/^"|"$/g, '').split('","')
}

/** Runs it once. Rejects with what it wrote to stderr when it fails, for instance on an error reply. */
export async function runRedisBenchmark(
  program: string,
  load: RedisBenchmarkLoad,
  endpoint: Endpoint,
  requests: number,
): Promise<CsvRow> {
  const child = spawn(program, argumentsOf(load, endpoint, requests), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    errors += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [row] = code === 0 ? parseCsv(output) : []
  if (row === undefined) throw new Error(`redis-benchmark ended with code ${code}: ${errors.trim().slice(0, 500)}`)
  return row
}

const FIRST_TRY_SECONDS = 0.25
const MOST_GROWTH = 20

/** Finds how many requests take `seconds`, by runs that grow until one is long enough to tell. They are the warm-up,
 * too: a server that compiles its hot code while it runs has done so by their end. */
export async function calibrate(
  program: string,
  load: RedisBenchmarkLoad,
  endpoint: Endpoint,
  seconds: number,
): Promise<number> {
  const perBatch = load.connections * load.pipeline
  const wholeBatches = (requests: number): number => Math.max(1, Math.round(requests / perBatch)) * perBatch
  const enough = Math.min(seconds, 1) * FIRST_TRY_SECONDS * 2
  for (let requests = wholeBatches(20 * perBatch); ; ) {
    const { opsPerSecond } = await runRedisBenchmark(program, load, endpoint, requests)
    const took = requests / opsPerSecond
    if (took >= enough) return wholeBatches(opsPerSecond * seconds)
    requests = wholeBatches(Math.min(requests * MOST_GROWTH, opsPerSecond * enough * 1.5))
  }
}
