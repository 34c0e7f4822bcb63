/* `npm run bench`: compares Spinel with real Redis (and Valkey) side by side. See options.ts for what it takes and
 * scenarios.ts for what it measures. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { casesOf } from './cases.ts'
import { contendersOf } from './fleet.ts'
import { readMachine } from './machine.ts'
import type { Options } from './options.ts'
import { HELP, parseOptions } from './options.ts'
import { findProgram, killChildren, reasonOf } from './process.ts'
import { renderHtml } from './report/html.ts'
import { renderJson } from './report/json.ts'
import { createProgress } from './report/progress.ts'
import { COLOURED, PLAIN, renderTable } from './report/table.ts'
import type { BenchResult } from './result.ts'
import { roundsOf, runCases } from './run.ts'

const RESULTS_DIRECTORY = join(import.meta.dirname, '..', 'bench-results')
const INTERRUPTED = 130

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, availableParallelism())
  if (options.help) {
    process.stdout.write(HELP)
    return 0
  }
  const startedAt = new Date()
  const contenders = contendersOf(options)
  const cases = casesOf(options)
  if (cases.length === 0) throw new Error('nothing to measure: an external server has no never and no memory scenario')
  const program = findProgram('redis-benchmark')
  if (program === null && cases.some(({ driver }) => driver === 'redis-benchmark')) {
    throw new Error('there is no redis-benchmark on PATH (Debian: apt install redis-tools)')
  }
  const paint = process.stdout.isTTY && process.env.NO_COLOR === undefined ? COLOURED : PLAIN
  const rounds = cases.reduce((sum, benchCase) => sum + roundsOf(benchCase, options) * contenders.length, 0)
  const progress = createProgress(process.stdout, paint, rounds)
  const outcome = await runCases(cases, contenders, options, program ?? '', progress)
  const result: BenchResult = {
    format: 'spinel-bench-1',
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    commandLine: [...args],
    machine: readMachine(program),
    ...outcome,
  }
  process.stdout.write(`\n${renderTable(result, paint)}\n\n`)
  for (const path of writeFiles(result, options, startedAt)) process.stdout.write(`${relative(process.cwd(), path)}\n`)
  return result.cases.some(({ failure }) => failure !== null) ? 1 : 0
}

/** Writes JSON and page; returns their paths. */
function writeFiles(result: BenchResult, options: Options, startedAt: Date): string[] {
  const stamp = startedAt.toISOString().slice(0, 19).replaceAll(':', '-')
  const json = options.json ?? join(RESULTS_DIRECTORY, `${stamp}.json`)
  const html = options.html ?? json.replace(/(\.json)?$/, '.html')
  for (const [path, text] of [
    [json, renderJson(result)],
    [html, renderHtml(result)],
  ]) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return [json, html]
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killChildren()
    process.exit(INTERRUPTED)
  })
}
process.on('exit', killChildren)

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`)
  process.exitCode = 1
}
