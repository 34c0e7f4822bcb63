/* The same configuration given to redis-server and to this one: CONFIG GET, SET and REWRITE must agree. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { bytesOf, textOf } from '../../base/bytes.ts'
import { randomBelow, SeededRandom } from '../../base/ports.ts'
import type { Configuration } from './configuration.ts'
import { directivesByName } from './directives/table.ts'
import { DirectoryHost } from './host.ts'
import { startConfiguration } from './start.ts'

/** What the oracle, Redis 7.0, does otherwise than 7.2, and why ours may differ from both. */
const DIFFERENCES = {
  /** Names that one side lacks. */
  names: new Map([
    ['aof-disable-auto-gc', 'hidden since 7.2'],
    ['cluster-announce-human-nodename', 'new in 7.2'],
    ['cluster-ping-interval', 'new in 7.2'],
    ['locale-collate', 'new in 7.2'],
    ['set-max-listpack-entries', 'new in 7.2'],
    ['set-max-listpack-value', 'new in 7.2'],
    ['shard-workers', 'ours'],
    ['shards', 'ours'],
    ['inline-execution', 'ours'],
    ['rdb-version', 'ours'],
  ]),
  /** Directives that have another value when nothing sets them. */
  presets: new Map([['bind', 'loopback only: a data store opens itself to a network when it is told to']]),
  /** Directives that take other values. */
  values: new Map([['loglevel', 'knows "nothing" since 7.2']]),
  /** Directives that a CONFIG SET applies to the machine, or to what other tests here rely on. */
  applied: new Set([
    'port',
    'bind',
    'tls-port',
    'tls-cluster',
    'tls-replication',
    'oom-score-adj',
    'oom-score-adj-values',
    'maxclients',
    'maxmemory',
    'maxmemory-clients',
    'requirepass',
    'jemalloc-bg-thread',
    'activedefrag',
    'watchdog-period',
    'appendonly',
    'bind-source-addr',
    'proto-max-bulk-len',
    'client-query-buffer-limit',
  ]),
}

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let directory = ''
let file = ''
let client: Redis
let ours: Configuration
let stopOracle: () => Promise<void>

/** redis-server, listening on a Unix socket only. */
async function startOracle(words: readonly string[]): Promise<{ client: Redis; stop: () => Promise<void> }> {
  const server = spawn('redis-server', words, { stdio: 'ignore' })
  const gone = new Promise((resolve) => void server.once('exit', resolve))
  const oracle = new Redis({ path: words[words.indexOf('--unixsocket') + 1], retryStrategy: () => 20 })
  oracle.on('error', () => {}) // until it listens
  await oracle.ping()
  const stop = async () => {
    oracle.disconnect()
    server.kill('SIGKILL')
    await gone
  }
  return { client: oracle, stop }
}

function startOurs(words: readonly string[]): Configuration {
  const start = startConfiguration(words, { host: new DirectoryHost(directory) })
  if ('answer' in start) throw new Error(start.answer.errorText)
  return start.configuration
}

const CONFIG_FILE = `# A comment of the user's.
loglevel   verbose

slave-read-only  no
hash-max-ziplist-entries 20
hash-max-listpack-entries 21


  timeout 5
client-output-buffer-limit slave 1mb 2mb 60
client-output-buffer-limit pubsub 1mb 2mb 60
maxmemory-policy "allkeys-lru"
appendfilename 'own.aof'
requirepass ""
save 900 1
save 300 10
# Another.
lua-time-limit 100
`

beforeAll(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'configuration-')))
  file = join(directory, 'redis.conf')
  writeFileSync(file, CONFIG_FILE)
  const listen = ['--port', '0', '--bind', '127.0.0.1', '--unixsocket', join(directory, 'socket')]
  const words = [file, ...listen, '--dir', directory]
  const oracle = await startOracle(words)
  client = oracle.client
  stopOracle = oracle.stop
  ours = startOurs(words)
})

afterAll(async () => {
  await stopOracle()
  rmSync(directory, { recursive: true })
})

const bytes = (text: string) => Buffer.from(bytesOf(text))

type Pair = readonly [name: string, value: string]

const configSet = (pairs: readonly Pair[]) => ['SET', ...pairs.flat()]
const configGet = (names: readonly string[]) => ['GET', ...names]

/** The replies to CONFIG commands, sent in one go: text of errors, null for OK, pairs. */
async function oracleReplies(
  commands: readonly (readonly string[])[],
  oracle = client,
): Promise<(string | null | Pair[])[]> {
  const pipeline = oracle.pipeline()
  for (const words of commands) pipeline.callBuffer('CONFIG', ...words.map(bytes))
  const replies = (await pipeline.exec()) ?? []
  return replies.map(([error, reply]) => {
    if (error !== null) return error.message
    if (!Array.isArray(reply)) return null
    const words = (reply as Buffer[]).map((word) => textOf(word))
    return words.flatMap((word, index): Pair[] => (index % 2 === 0 ? [[word, words[index + 1]]] : []))
  })
}

async function oracleGet(...names: string[]): Promise<Pair[]> {
  const [reply] = await oracleReplies([configGet(names)])
  if (!Array.isArray(reply)) throw new Error(`CONFIG GET: ${reply}`)
  return reply
}

const isKnown = (name: string) => !DIFFERENCES.names.has(name.toLowerCase())
const known = (pairs: readonly Pair[]) => pairs.filter(([name]) => isKnown(name)).sort(([a], [b]) => (a < b ? -1 : 1))

const setter = { local: true, loading: false }

test('the same names have the same presets', async () => {
  const words = ['--port', '0', '--unixsocket', join(directory, 'presets.socket'), '--dir', directory]
  const oracle = await startOracle(words)
  const [theirs] = await oracleReplies([configGet(['*'])], oracle.client)
  await oracle.stop()
  if (!Array.isArray(theirs)) throw new Error(`CONFIG GET: ${theirs}`)
  const same = ([name]: Pair) => !DIFFERENCES.presets.has(name)
  expect(known(startOurs(words).get(['*'])).filter(same)).toEqual(known(theirs).filter(same))
  const named = theirs.map(([name]) => name)
  for (const name of DIFFERENCES.presets.keys()) expect(named).toContain(name)
})

test('file and command line give the same values', async () => {
  expect(known(ours.get(['*']))).toEqual(known(await oracleGet('*')))
})

test('hidden directives have the same presets', async () => {
  const visible = new Set(ours.get(['*']).map(([name]) => name))
  for (const name of directivesByName.keys()) {
    if (!visible.has(name) && isKnown(name)) expect(ours.get([name])).toEqual(await oracleGet(name))
  }
})

test.each([
  [['maxmemory', 'maxmemory*', 'dir', '*of']],
  [['MaxMemory', 'maxmemory']],
  [['slave-read-only', 'replica-read-only', 'SLAVE-*']],
  [['nothing', 'no*thing', '[', '[p']],
  [['key-load-delay', 'key-load*']],
  [['*-[a-c]*', 'h?', '\\*']],
])('CONFIG GET %j', async (patterns) => {
  expect(known(ours.get(patterns))).toEqual(known(await oracleGet(...patterns)))
})

const WORDS = [
  '',
  '0',
  '1',
  '-1',
  '100',
  '07',
  '+5',
  ' 5',
  '65536',
  '2147483648',
  '-2147483649',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551616',
  '1k',
  '5MB',
  '1gb',
  'kb',
  '10%',
  'yes',
  'NO',
  'maybe',
  'save nosave',
  'now  force',
  'force now',
  'Swapdb',
  'replica 1 2 3',
  'slave 1mb 2mb 60 normal 0 0 0',
  'pubsub 1 2',
  'master 1 2 3',
  '3600 1 60 100',
  '0 1',
  '1  2',
  'path/x',
  'x.rdb',
  'KEA',
  'q',
  '0.5 99.9',
  '50 100.1',
  '1e1',
  '{title}',
  '{title} {port}',
  '{bad}',
  'a{{b',
  '{open',
  'allkeys-lru',
  'local',
  'host.name',
  'host_name',
  '"quoted \\x41"',
  '\xe9\xff\n',
]

/** Sets each of `sets` on both sides and reads it back: all replies of each side. */
async function setBoth(sets: readonly (readonly Pair[])[]): Promise<{ theirs: unknown[]; mine: unknown[] }> {
  const namesOf = (pairs: readonly Pair[]) => [...new Set(pairs.map(([name]) => name))]
  const replies = await oracleReplies(sets.flatMap((pairs) => [configSet(pairs), configGet(namesOf(pairs))]))
  const theirs: unknown[] = []
  const mine: unknown[] = []
  for (const [index, pairs] of sets.entries()) {
    const values = replies[2 * index + 1]
    theirs.push([pairs, replies[2 * index], Array.isArray(values) ? known(values) : values])
    mine.push([pairs, ours.set(pairs, setter), known(ours.get(namesOf(pairs)))])
  }
  return { theirs, mine }
}

async function compareSets(sets: readonly (readonly Pair[])[]): Promise<void> {
  const { theirs, mine } = await setBoth(sets)
  for (const [index, reply] of mine.entries()) expect.soft(reply).toEqual(theirs[index])
}

const settable = () =>
  [...directivesByName.values()].filter(({ name, primary }) => {
    return isKnown(name) && !DIFFERENCES.values.has(name) && !DIFFERENCES.applied.has(primary)
  })

test.each(WORDS)('CONFIG SET of every directive to %j', async (word) => {
  await compareSets(settable().map(({ name }) => [[name, word]]))
})

test('CONFIG SET of several at once is all or nothing', async () => {
  const random = new SeededRandom(7)
  const pick = <T>(list: readonly T[]) => list[randomBelow(random, list.length)]
  const targets = settable()
  const good = (): Pair =>
    pick<Pair>([
      ['timeout', String(randomBelow(random, 100))],
      ['TCP-keepalive', String(randomBelow(random, 100))],
      ['lua-time-limit', String(randomBelow(random, 100))],
      ['busy-reply-threshold', String(randomBelow(random, 100))],
      ['dynamic-hz', pick(['yes', 'no'])],
      ['save', pick(['', '10 20', '1 2 3 4'])],
      ['zset-max-ziplist-value', pick(['1kb', '64'])],
    ])
  const several = () => {
    const pairs = Array.from({ length: 1 + randomBelow(random, 3) }, good)
    if (randomBelow(random, 2) === 0) pairs.splice(randomBelow(random, 3), 0, [pick(targets).name, pick(WORDS)])
    if (randomBelow(random, 8) === 0) pairs.push([pick(['nothing', 'daemonize', 'dir\r\nx']), 'yes'])
    return pairs
  }
  await compareSets(Array.from({ length: 300 }, several))
})

test('protected and immutable directives, in the order in which they are given', async () => {
  await compareSets([
    [['dir', directory]],
    [['DBFILENAME', 'x']],
    [
      ['databases', '16'],
      ['nothing', '1'],
    ],
    [
      ['nothing', '1'],
      ['databases', '16'],
    ],
    [
      ['timeout', '1'],
      ['Timeout', '2'],
    ],
  ])
})

/** A file's comments and its lines up to the signature, in order; the lines after it sorted: their order is free. */
function rewrittenParts(text: string): { kept: string[]; appended: string[] } {
  const lines = text.split('\n').filter((line) => isKnown(line.split(' ')[0]))
  const signature = lines.indexOf('# Generated by CONFIG REWRITE')
  if (signature < 0) return { kept: lines, appended: [] }
  return { kept: lines.slice(0, signature + 1), appended: lines.slice(signature + 1).sort() }
}

/** Has one side rewrite the same content. */
async function rewriteBoth(content: string): Promise<{ theirs: string; mine: string }> {
  writeFileSync(file, content)
  await client.callBuffer('CONFIG', 'REWRITE')
  const theirs = readFileSync(file, 'utf8')
  writeFileSync(file, content)
  expect(ours.rewrite()).toBeNull()
  return { theirs, mine: readFileSync(file, 'utf8') }
}

test('CONFIG REWRITE writes the same file, and then the same again', async () => {
  await compareSets([
    [['timeout', '7']],
    [['save', '']],
    [['loglevel', 'warning']],
    [['masterauth', 'a "b" \xff\n']],
    [['masteruser', '']],
    [['client-output-buffer-limit', 'pubsub 1gb 3 4 normal 1000 2000 3']],
    [['oom-score-adj-values', '0 200 800']],
    [['notify-keyspace-events', 'KEA']],
    [['latency-tracking-info-percentiles', '']],
    [['shutdown-on-sigterm', 'force nosave']],
    [['hash-max-listpack-entries', '512']],
    [['list-compress-depth', '3']],
    [['maxmemory-clients', '5%']],
    [['repl-backlog-size', '20000']],
    [['dbfilename', 'dump.rdb']],
    [['replica-announce-ip', '']],
    [['proc-title-template', '{title} {listen-addr} {server-mode}']],
    [['cluster-node-timeout', '9223372036854775807']],
    [['slowlog-log-slower-than', '-1']],
  ])
  ours.onRewrite('user', () => ['user default on nopass ~* &* +@all']) // whom the oracle writes
  const names = ours.get(['*']).filter(([name]) => isKnown(name))
  expect(known(names)).toEqual(known(await oracleGet('*')))
  for (const content of [CONFIG_FILE, '', '\n', '\n\n# only\n\n\nunknown 1\nsave 1 1\n"open\ninclude /x\nport 1']) {
    const first = await rewriteBoth(content)
    expect(rewrittenParts(first.mine)).toEqual(rewrittenParts(first.theirs))
    const second = await rewriteBoth(first.theirs)
    expect(rewrittenParts(second.mine)).toEqual(rewrittenParts(second.theirs))
  }
})
