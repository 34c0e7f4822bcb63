/* The run: goes through the cases, keeps the servers each needs, alternates the rounds, collects the figures.
 *
 *   case:  fill | calibrate A, B | A B A B A B ...        one line of progress for each round
 *
 * A case that fails is reported as failed, its servers are replaced, and the run goes on. */

import type { BenchCase, Setup, SnapshotCase } from './cases.ts'
import type { Contender } from './fleet.ts'
import { startFleet, stopFleet } from './fleet.ts'
import { fillCollection } from './load/collections.ts'
import { fillKeys } from './load/fill.ts'
import type { Options } from './options.ts'
import type { RunningServer } from './process.ts'
import { reasonOf } from './process.ts'
import { calibrate } from './redis-benchmark.ts'
import type { CaseResult, Round, ServerFacts } from './result.ts'
import { BASELINE, type Role } from './role.ts'
import type { Live } from './rounds.ts'
import { generatorRound, memoryRound, redisBenchmarkRound } from './rounds.ts'
import { highestRate, snapshotRound } from './snapshot-round.ts'

/** What the run tells while it goes on; report/progress.ts draws it. */
export interface Progress {
  /** A case begins; `servers` take turns in this order. */
  caseStarted(benchCase: BenchCase, servers: readonly ServerFacts[]): void
  /** Something is under way: `what` names it, `done` is the part that is over (0 to 1). */
  live(what: string, done: number, text: string): void
  roundDone(benchCase: BenchCase, server: ServerFacts, index: number, round: Round, baseline: Round | null): void
  caseFailed(benchCase: BenchCase, reason: string): void
}

/** What the rounds of a case run with. */
interface CaseRun {
  options: Options
  program: string
  progress: Progress
}

export interface RunOutcome {
  servers: ServerFacts[]
  cases: CaseResult[]
}

/** Rounds of a case: a fresh server filled with a million keys gives the same figure each time, so memory takes one. */
export function roundsOf(benchCase: BenchCase, options: Options): number {
  return benchCase.driver === 'memory' ? 1 : options.rounds
}

/** Runs all cases. `program` is redis-benchmark. */
export async function runCases(
  cases: readonly BenchCase[],
  contenders: readonly Contender[],
  options: Options,
  program: string,
  progress: Progress,
): Promise<RunOutcome> {
  const run: CaseRun = { options, program, progress }
  const facts = new Map<Role, ServerFacts>()
  const results: CaseResult[] = []
  const starts = new FleetStarts(contenders, options)
  let fleet: RunningServer[] = []
  let fleetSetup: Setup | null = null
  try {
    for (const benchCase of cases) {
      const result: CaseResult = { case: benchCase, rounds: {}, failure: null }
      results.push(result)
      try {
        if (fleetSetup !== benchCase.setup || benchCase.setup === 'fresh') {
          await stopFleet(fleet.splice(0))
          progress.live(benchCase.title, 0, 'starting the servers')
          fleet = await starts.start(benchCase.setup)
          fleetSetup = benchCase.setup
        }
        for (const { facts: found } of fleet) if (!facts.has(found.role)) facts.set(found.role, found)
        progress.caseStarted(
          benchCase,
          fleet.map((server) => server.facts),
        )
        await runCase(run, benchCase, fleet, result)
      } catch (error) {
        result.failure = reasonOf(error)
        progress.caseFailed(benchCase, result.failure)
        fleetSetup = null
      }
    }
  } finally {
    await stopFleet(fleet)
  }
  return { servers: [...facts.values()], cases: results }
}

/** Starts fleets. A set-up that could not be started once is not tried again: each case would wait for it anew. */
class FleetStarts {
  private readonly contenders: readonly Contender[]
  private readonly options: Options
  private readonly failures = new Map<Setup, string>()

  constructor(contenders: readonly Contender[], options: Options) {
    this.contenders = contenders
    this.options = options
  }

  async start(setup: Setup): Promise<RunningServer[]> {
    const failure = this.failures.get(setup)
    if (failure !== undefined) throw new Error(failure)
    try {
      return await startFleet(this.contenders, this.options, setup)
    } catch (error) {
      this.failures.set(setup, reasonOf(error))
      throw error
    }
  }
}

async function runCase(
  run: CaseRun,
  benchCase: BenchCase,
  fleet: readonly RunningServer[],
  result: CaseResult,
): Promise<void> {
  const requests = await prepare(run, benchCase, fleet)
  for (let index = 0; index < roundsOf(benchCase, run.options); index++) {
    for (const server of fleet) {
      const { role, label } = server.facts
      const live: Live = (done, text) => run.progress.live(label, done, text)
      const round = await runRound(run, benchCase, server, requests.get(role) ?? 0, live)
      result.rounds[role] ??= []
      result.rounds[role].push(round)
      const baseline = role === BASELINE ? null : (result.rounds[BASELINE]?.[index] ?? null)
      run.progress.roundDone(benchCase, server.facts, index, round, baseline)
    }
  }
}

/** Fills the key space, so that reads hit, and finds how many requests make a round on each server. */
async function prepare(
  run: CaseRun,
  benchCase: BenchCase,
  fleet: readonly RunningServer[],
): Promise<Map<Role, number>> {
  const requests = new Map<Role, number>()
  if (benchCase.driver === 'memory') return requests
  const { keyCount, valueBytes } = benchCase.load
  if (benchCase.driver === 'snapshot') return prepareSnapshot(run, benchCase, fleet)
  for (const server of fleet) {
    const { role, label } = server.facts
    run.progress.live(label, 0, 'filling')
    if (benchCase.scenario !== 'collections') await fillKeys(server.endpoint, keyCount, valueBytes)
    if (benchCase.driver !== 'redis-benchmark') continue
    const { filling } = benchCase
    if (filling !== null) await fillCollection(server.endpoint, filling, keyCount)
    run.progress.live(label, 0, 'warming up')
    requests.set(role, await calibrate(run.program, benchCase.load, server.endpoint, run.options.seconds))
  }
  return requests
}

/** Fills every server and finds the rate: half of what the slowest can do. */
async function prepareSnapshot(
  run: CaseRun,
  benchCase: SnapshotCase,
  fleet: readonly RunningServer[],
): Promise<Map<Role, number>> {
  let highest = Number.POSITIVE_INFINITY
  for (const server of fleet) {
    const { label } = server.facts
    run.progress.live(label, 0, 'filling')
    await fillKeys(server.endpoint, benchCase.load.keyCount, benchCase.load.valueBytes)
    run.progress.live(label, 0, 'looking for the highest rate')
    highest = Math.min(highest, await highestRate(benchCase, server))
  }
  return new Map(fleet.map((server) => [server.facts.role, Math.round(highest / 2)]))
}

function runRound(
  run: CaseRun,
  benchCase: BenchCase,
  server: RunningServer,
  requests: number,
  live: Live,
): Promise<Round> {
  switch (benchCase.driver) {
    case 'redis-benchmark':
      return redisBenchmarkRound(run.program, benchCase, server, requests, run.options.seconds, live)
    case 'memory':
      return memoryRound(benchCase, server, live)
    case 'snapshot':
      return snapshotRound(benchCase, server, requests, live)
    default:
      return generatorRound(benchCase, server, run.options.seconds, live)
  }
}
