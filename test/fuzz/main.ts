/* `npm run fuzz`: plays generated scripts to redis-server and Spinel until the time is over or a reply differs; then
 * prints the shortened script, saves it where the test suite replays it, and exits with 1. Each seed is one script, so
 * a seed is all it takes to see it again. */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { declaredShapes } from '../differential/declared-shapes.ts'
import type { Failure } from '../differential/fuzz.ts'
import { fuzzSeed } from '../differential/fuzz.ts'
import type { Match } from '../differential/match.ts'
import { report } from '../differential/report.ts'
import type { Script } from '../differential/script.ts'
import { startMatch } from '../differential/start-match.ts'
import { INLINE_EXECUTION_MODES } from '../support/server.ts'

const REGRESSIONS = fileURLToPath(new URL('../differential/regressions/', import.meta.url))
const PROGRESS_EVERY_MS = 1_000

const HELP = `npm run fuzz -- [options]

Plays random scripts to redis-server and Spinel until the time is up or they answer differently.

  --minutes N               how long (default 1)
  --scripts N               how many scripts at most
  --seed S                  the first one's seed; the next have the numbers after it (default: by the clock)
  --steps N                 steps of a script at most (default 200)
  --commands LIST           only these, for instance set,get
  --inline-execution MODE   auto (default), never, always
  --tally                   tell at the end how often each command was played, and with what success
  --replay FILE             play this script again, instead of all that
  --help

ORACLE_COMMAND names another redis-server to compare with, SPINEL_COMMAND another server to test.
`

const { values } = parseOptions()
if (values.help) {
  process.stdout.write(HELP)
  process.exit()
}

function parseOptions() {
  try {
    return parseArgs({
      options: {
        minutes: { type: 'string', default: '1' },
        seed: { type: 'string' },
        scripts: { type: 'string', default: 'Infinity' },
        commands: { type: 'string' },
        'inline-execution': { type: 'string', default: 'auto' },
        steps: { type: 'string', default: '200' },
        tally: { type: 'boolean', default: false },
        replay: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error} (--help tells the options)`)
  }
}

function numberOf(option: string, text: string): number {
  const number = Number(text)
  if (Number.isNaN(number) || number < 0) fail(`--${option} wants a number, not ${text}`)
  return number
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}

const inlineExecution = INLINE_EXECUTION_MODES.find((mode) => mode === values['inline-execution'])
if (inlineExecution === undefined) fail(`--inline-execution is one of ${INLINE_EXECUTION_MODES.join(', ')}`)
const firstSeed = values.seed === undefined ? Date.now() % 1_000_000_000 : numberOf('seed', values.seed)
const deadline = performance.now() + numberOf('minutes', values.minutes) * 60_000
const maxScripts = numberOf('scripts', values.scripts)
const maxSteps = numberOf('steps', values.steps)
const only = values.commands === undefined ? undefined : new Set(values.commands.toUpperCase().split(','))

let interrupted = false
process.once('SIGINT', () => {
  interrupted = true
})

const match = await startMatch({ inlineExecution })
let failure: Failure | null = null
try {
  failure = values.replay === undefined ? await fuzz(match) : await replay(match, values.replay)
  if (failure !== null) {
    process.exitCode = 1
    console.log(`\n${report(failure.script, failure.mismatch, `npm run fuzz -- --replay ${save(failure)}`)}`)
  }
} catch (error) {
  // What stopped the script is told before what stopping the servers may have to say.
  process.exitCode = 1
  console.error(error)
}
if (values.tally) console.log(match.tally.report(declaredShapes().map(({ words }) => words.join('|'))))
await match.stop(failure === null && process.exitCode !== 1)

async function fuzz(match: Match): Promise<Failure | null> {
  const shapes = declaredShapes()
  const began = performance.now()
  let shownAt = began
  for (let count = 0; count < maxScripts && performance.now() < deadline && !interrupted; count++) {
    const seed = firstSeed + count
    const failure = await fuzzSeed(match, seed, shapes, { maxSteps, only }).catch((error) => {
      throw new Error(`seed ${seed} could not be played`, { cause: error })
    })
    if (failure !== null) return failure
    if (performance.now() - shownAt < PROGRESS_EVERY_MS) continue
    shownAt = performance.now()
    const minutes = ((shownAt - began) / 60_000).toFixed(1)
    progress(`${minutes} min, ${count + 1} scripts, ${match.commands} commands, seed ${seed}, no difference`)
  }
  progress(`${match.commands} commands, seeds from ${firstSeed}, no difference\n`)
  return null
}

async function replay(match: Match, file: string): Promise<Failure | null> {
  const script = JSON.parse(readFileSync(file, 'utf8')) as Script
  const mismatch = await match.play(script)
  if (mismatch === null) progress('no difference\n')
  return mismatch === null ? null : { script, mismatch }
}

/** Writes the script where the suite finds it, and returns the file's name. */
function save({ script, mismatch }: Failure): string {
  if (values.replay !== undefined) return values.replay
  const about =
    mismatch.about
      .toLowerCase()
      .match(/[a-z]+/g)
      ?.slice(0, 2)
      .join('-') ?? 'reply'
  const file = `${REGRESSIONS}${about}-${script.seed}.json`
  writeFileSync(file, `${JSON.stringify(script, null, 1)}\n`)
  return file
}

/** Overwrites the last line on a terminal; a line of its own elsewhere. */
function progress(line: string): void {
  process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}` : `${line.trimEnd()}\n`)
}
