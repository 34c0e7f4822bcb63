/* The command line of `npm run bench`. Pure. */

import { parseArgs } from 'node:util'
import type { Distribution } from './load/key-distribution.ts'
import { parseDistribution } from './load/key-distribution.ts'
import type { MixEntry } from './load/mix.ts'
import { COMMANDS, parseMix } from './load/mix.ts'
import type { Endpoint } from './load/settings.ts'
import type { Role } from './role.ts'
import type { Scenario } from './scenarios.ts'
import { SCENARIOS } from './scenarios.ts'

export interface Options {
  help: boolean
  scenarios: Scenario[]
  rounds: number
  seconds: number
  /** Which servers take part; null: Redis, Spinel, and Valkey if it is installed. */
  servers: Role[] | null
  /** An external server in Spinel's place. */
  external: Endpoint | null
  inlineExecution: string | null
  redisCommand: string[]
  valkeyCommand: string[]
  /** null: bin/spinel-server of this checkout. */
  spinelCommand: string[] | null
  tests: string[] | null
  connections: number
  keys: number
  valueSize: number | null
  mix: MixEntry[]
  distribution: Distribution
  pipeline: number | null
  threads: number
  rate: number
  memoryKeys: number
  json: string | null
  html: string | null
}

const ROLES: readonly Role[] = ['redis', 'valkey', 'spinel']
const INLINE_EXECUTION = ['auto', 'never', 'always']

export const HELP = `npm run bench -- [options]

Starts Redis, Spinel (and Valkey if it is installed) side by side, runs the same load on each in turn, round by round,
and compares. Prints a table, writes JSON and an HTML page with charts into bench-results/.

What to measure
  --scenario LIST           of ${SCENARIOS.join(', ')} (default: all)
  --quick                   3 short rounds: a first impression, not a result
  --rounds N                rounds of each case on each server (default 5)
  --seconds S               length of a round (default 1.5)
  --servers LIST            of ${ROLES.join(', ')} (default: those that are installed)
  --inline-execution MODE   start Spinel with ${INLINE_EXECUTION.join(', ')}
  --server HOST:PORT        take this running server in Spinel's place; it is written to, not flushed

redis-benchmark (pipeline, unpipelined, never, collections)
  --tests LIST              its tests, for instance set,get,lpush (default set,get,incr and, at 64, mset; all those
                            of collections)

Own load generator (mix, open-loop, snapshot)
  --mix LIST                commands and weights (default get=80,set=20), of
                            ${Object.keys(COMMANDS).join(' ')}
  --distribution KIND       uniform, zipf or zipf:THETA (default zipf:0.99)
  --pipeline N              commands in one write (default: mix at 1 and at 16, open loop at 1)
  --threads N               threads (default 1 on up to 2 cores, otherwise a quarter of the cores)
  --rate N                  open loop: commands a second (default 20000)

Both
  --connections N           (default 50)
  --keys N                  keys in the key space (default 100000)
  --value-size BYTES        (default 3 for redis-benchmark, 64 for the own generator)
  --memory-keys N           memory, snapshot: keys in each server (default 1000000)

Commands and files
  --redis-command CMD       (default redis-server)
  --valkey-command CMD      (default valkey-server)
  --spinel-command CMD      (default bin/spinel-server of this checkout)
  --json PATH               where the JSON goes (default bench-results/TIME.json)
  --html PATH               where the page goes (default: beside the JSON)
  --help
`

/** Reads the arguments. Throws an Error whose message is for the user. `cores` sets the default number of threads. */
export function parseOptions(args: readonly string[], cores: number): Options {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: flag,
      quick: flag,
      scenario: text,
      rounds: text,
      seconds: text,
      servers: text,
      'inline-execution': text,
      server: text,
      tests: text,
      mix: text,
      distribution: text,
      pipeline: text,
      threads: text,
      rate: text,
      connections: text,
      keys: text,
      'value-size': text,
      'memory-keys': text,
      'redis-command': text,
      'valkey-command': text,
      'spinel-command': text,
      json: text,
      html: text,
    },
  })
  const whole = (name: keyof typeof values, fallback: number): number => positive(name, values[name], fallback, true)
  const optional = (name: keyof typeof values): number | null => (values[name] === undefined ? null : whole(name, 0))
  return {
    help: values.help,
    scenarios: oneOf('scenario', values.scenario, SCENARIOS) ?? [...SCENARIOS],
    rounds: whole('rounds', values.quick ? 3 : 5),
    seconds: positive('seconds', values.seconds, values.quick ? 0.4 : 1.5, false),
    servers: oneOf('servers', values.servers, ROLES),
    external: values.server === undefined ? null : parseEndpoint(values.server),
    inlineExecution: oneOf('inline-execution', values['inline-execution'], INLINE_EXECUTION)?.[0] ?? null,
    redisCommand: words(values['redis-command'] ?? 'redis-server'),
    valkeyCommand: words(values['valkey-command'] ?? 'valkey-server'),
    spinelCommand: values['spinel-command'] === undefined ? null : words(values['spinel-command']),
    tests: values.tests === undefined ? null : values.tests.toLowerCase().split(','),
    connections: whole('connections', 50),
    keys: whole('keys', 100_000),
    valueSize: optional('value-size'),
    mix: parseMix(values.mix ?? 'get=80,set=20'),
    distribution: parseDistribution(values.distribution ?? 'zipf'),
    pipeline: optional('pipeline'),
    threads: whole('threads', cores <= 2 ? 1 : Math.max(1, cores >> 2)),
    rate: whole('rate', 20_000),
    memoryKeys: whole('memory-keys', 1_000_000),
    json: values.json ?? null,
    html: values.html ?? null,
  }
}

function positive(name: string, value: string | boolean | undefined, fallback: number, isWhole: boolean): number {
  if (value === undefined) return fallback
  const number = Number(value)
  if (!(number > 0) || !Number.isFinite(number) || (isWhole && !Number.isInteger(number))) {
    throw new Error(`--${name} takes a ${isWhole ? 'whole ' : ''}number above 0, not '${value}'`)
  }
  return number
}

function oneOf<T extends string>(name: string, value: string | undefined, known: readonly T[]): T[] | null {
  if (value === undefined) return null
  const chosen = value.split(',').map((part) => part.trim())
  const stranger = chosen.find((part) => !known.includes(part as T))
  if (stranger !== undefined) throw new Error(`--${name} takes ${known.join(', ')}, not '${stranger}'`)
  return known.filter((item) => chosen.includes(item))
}

function words(command: string): string[] {
  return command.trim().split(/\s+/)
}

function parseEndpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  if (colon <= 0 || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`--server takes HOST:PORT, not '${text}'`)
  }
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port }
}
