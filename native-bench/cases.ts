/* The cases of the scenarios: a case is one load at one setting on every server. Pure. */

import type { LoadSettings } from './load/settings.ts'
import type { Options } from './options.ts'
import type { RedisBenchmarkLoad } from './redis-benchmark.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

/** How the servers must have been started: all cases of one set-up in a row share their servers. */
export type Setup = 'shared' | 'never' | 'fresh'

interface CaseHead {
  /** Unique; targets.ts and the JSON name cases by it. */
  id: string
  scenario: Scenario
  title: string
  setup: Setup
}

export interface RedisBenchmarkCase extends CaseHead {
  driver: 'redis-benchmark'
  load: RedisBenchmarkLoad
}

export interface GeneratorCase extends CaseHead {
  driver: 'closed-loop' | 'open-loop'
  load: LoadSettings
}

export interface MemoryCase extends CaseHead {
  driver: 'memory'
  keyCount: number
  valueBytes: number
}

/** The rate of its load is found when the servers run. */
export interface SnapshotCase extends CaseHead {
  driver: 'snapshot'
  load: LoadSettings
}

export type BenchCase = RedisBenchmarkCase | GeneratorCase | MemoryCase | SnapshotCase

const REDIS_BENCHMARK_VALUE_BYTES = 3
const GENERATOR_VALUE_BYTES = 64
const MEMORY_VALUE_BYTES = [3, 32, 100]
const SNAPSHOT_VALUE_BYTES = 100
const SEED = 20_240_229

/** The cases of the chosen scenarios, in the order of SCENARIOS. An external server can be neither restarted with
 * other settings nor taken fresh, so the scenarios that need that fall away. */
export function casesOf(options: Options): BenchCase[] {
  return SCENARIOS.filter((scenario) => options.scenarios.includes(scenario))
    .flatMap((scenario) => CASES_OF[scenario](options))
    .filter((benchCase) => options.external === null || benchCase.setup === 'shared')
}

const CASES_OF: Readonly<Record<Scenario, (options: Options) => BenchCase[]>> = {
  pipeline: (options) => [
    ...redisBenchmarkCases(options, 'pipeline', 'pipeline-64', 64, ['set', 'get', 'incr', 'mset'], 'shared'),
    ...redisBenchmarkCases(options, 'pipeline', 'pipeline-16', 16, ['set', 'get', 'incr'], 'shared'),
  ],
  unpipelined: (options) =>
    redisBenchmarkCases(options, 'unpipelined', 'unpipelined', 1, ['set', 'get', 'incr'], 'shared'),
  never: (options) => redisBenchmarkCases(options, 'never', 'never-64', 64, ['set', 'get', 'incr'], 'never'),
  mix: (options) =>
    (options.pipeline === null ? [1, 16] : [options.pipeline]).map((pipeline) => ({
      id: `mix-${pipeline}`,
      scenario: 'mix',
      title: `mix, P${pipeline}`,
      setup: 'shared',
      driver: 'closed-loop',
      load: generatorLoad(options, pipeline, null),
    })),
  'open-loop': (options) => [
    {
      id: `open-loop-${options.rate}`,
      scenario: 'open-loop',
      title: `${options.rate}/s open loop`,
      setup: 'shared',
      driver: 'open-loop',
      load: generatorLoad(options, options.pipeline ?? 1, options.rate),
    },
  ],
  memory: (options) =>
    MEMORY_VALUE_BYTES.map((valueBytes) => ({
      id: `memory/${valueBytes}`,
      scenario: 'memory',
      title: `${valueBytes}-byte values`,
      setup: 'fresh',
      driver: 'memory',
      keyCount: options.memoryKeys,
      valueBytes,
    })),
  snapshot: (options) => [
    {
      id: 'snapshot',
      scenario: 'snapshot',
      title: `BGSAVE, ${options.memoryKeys} keys`,
      setup: 'fresh',
      driver: 'snapshot',
      load: {
        ...generatorLoad(options, options.pipeline ?? 1, null),
        mix: [{ command: 'set', weight: 1 }],
        distribution: { kind: 'uniform' },
        keyCount: options.memoryKeys,
        valueBytes: options.valueSize ?? SNAPSHOT_VALUE_BYTES,
      },
    },
  ],
}

function redisBenchmarkCases(
  options: Options,
  scenario: Scenario,
  prefix: string,
  pipeline: number,
  tests: readonly string[],
  setup: Setup,
): BenchCase[] {
  return (options.tests ?? tests).map((test) => ({
    id: `${prefix}/${test}`,
    scenario,
    title: `${test.toUpperCase()}${test === 'mset' ? '(10)' : ''}, P${pipeline}${setup === 'never' ? ', never' : ''}`,
    setup,
    driver: 'redis-benchmark',
    load: {
      test,
      pipeline,
      connections: options.connections,
      keyCount: options.keys,
      valueBytes: options.valueSize ?? REDIS_BENCHMARK_VALUE_BYTES,
    },
  }))
}

function generatorLoad(options: Options, pipeline: number, ratePerSecond: number | null): LoadSettings {
  return {
    mix: options.mix,
    distribution: options.distribution,
    keyCount: options.keys,
    valueBytes: options.valueSize ?? GENERATOR_VALUE_BYTES,
    pipeline,
    connections: options.connections,
    threads: options.threads,
    ratePerSecond,
    seed: SEED,
  }
}
