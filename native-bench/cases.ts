/* The cases of the scenarios: a case is one load at one setting on every server. Pure. */

import { type Filling, KEY_OF, STORED, type Stored } from './load/collections.ts'
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
  /** What each round finds there, made anew. */
  filling: Filling | null
}

export interface GeneratorCase extends CaseHead {
  driver: 'closed-loop' | 'open-loop'
  load: LoadSettings
}

export interface MemoryCase extends CaseHead {
  driver: 'memory'
  keyCount: number
  /** Strings of so many bytes, or collections. */
  values: number | Stored
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
/** Hashes are measured with a tenth of the keys: they have ten fields each. */
const STORED_HASH_PART = 10
const SEED = 20_240_229

/** Cases of the scenario collections beside redis-benchmark's own tests: the command, and what it needs to be there. */
const COLLECTIONS: readonly { test: string; filling: Filling | null; command?: readonly string[] }[] = [
  { test: 'lpush', filling: null },
  { test: 'rpush', filling: null },
  { test: 'lpop', filling: 'list' },
  { test: 'rpop', filling: 'list' },
  { test: 'hset', filling: null },
  { test: 'hget', filling: 'hash', command: ['HGET', KEY_OF.hash, 'element:__rand_int__'] },
  { test: 'hget_small', filling: 'small-hash', command: ['HGET', KEY_OF['small-hash'], 'field:7'] },
  { test: 'hgetall_20', filling: 'small-hash', command: ['HGETALL', KEY_OF['small-hash']] },
  { test: 'lrange_100', filling: 'short-list', command: ['LRANGE', KEY_OF['short-list'], '0', '99'] },
  { test: 'lrange_600', filling: 'short-list', command: ['LRANGE', KEY_OF['short-list'], '0', '599'] },
]

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
  collections: (options) => [64, 1].flatMap((pipeline) => collectionCases(options, pipeline)),
  memory: (options) =>
    [...MEMORY_VALUE_BYTES, ...STORED].map((values) => ({
      id: `memory/${values}`,
      scenario: 'memory',
      title: memoryTitle(values),
      setup: 'fresh',
      driver: 'memory',
      keyCount: values === 'hash10' ? Math.ceil(options.memoryKeys / STORED_HASH_PART) : options.memoryKeys,
      values,
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
    load: redisBenchmarkLoad(options, pipeline, test),
    filling: null,
  }))
}

function collectionCases(options: Options, pipeline: number): RedisBenchmarkCase[] {
  const chosen = COLLECTIONS.filter(({ test }) => options.tests === null || options.tests.includes(test))
  return chosen.map(({ test, filling, command }) => ({
    id: `collections-${pipeline}/${test}`,
    scenario: 'collections',
    title: `${test.toUpperCase()}, P${pipeline}`,
    setup: 'shared',
    driver: 'redis-benchmark',
    load: { ...redisBenchmarkLoad(options, pipeline, test), ...(command === undefined ? {} : { command }) },
    filling,
  }))
}

function redisBenchmarkLoad(options: Options, pipeline: number, test: string): RedisBenchmarkLoad {
  return {
    test,
    pipeline,
    connections: options.connections,
    keyCount: options.keys,
    valueBytes: options.valueSize ?? REDIS_BENCHMARK_VALUE_BYTES,
  }
}

function memoryTitle(values: number | Stored): string {
  if (values === 'hash10') return 'hashes of 10 fields'
  return values === 'list' ? 'elements of a list' : `${values}-byte values`
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
