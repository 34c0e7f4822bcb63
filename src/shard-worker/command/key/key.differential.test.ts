/* Random commands over keys, databases and expiry, sound and broken, to redis-server and to an engine in this process:
 * every reply must be the same bytes but for the order of keys and the passing of time; afterwards the digest of all
 * data, what watchers saw, and the counters of changes, hits, misses and expired keys. Redis 7.0 and 7.2 agree on all
 * of it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import type { RawClient } from '../../../../test/support/raw-client.ts'
import { encodeCommand, quoted } from '../../../../test/support/resp.ts'
import { type Server, startOracle } from '../../../../test/support/server.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { DIRTY, EXPIRED_KEYS, KEYSPACE_HITS, KEYSPACE_MISSES } from '../../keyspace/shard-layout.ts'
import { type Decoded, decodeReply, TestEngine } from '../../testing.ts'
import { databaseCommands } from './database.ts'
import { expireCommands } from './expire.ts'
import { keyCommands } from './key.ts'
import { keyMoveCommands } from './key-move.ts'
import { objectCommands } from './object.ts'
import { scanCommands } from './scan.ts'

const SEEDS = (process.env['KEYSPACE_SEEDS'] ?? '1,2,3').split(',').map(Number)
const BATCHES = 12
const BATCH_COMMANDS = 120
const DATABASES = 3
/** How far the two clocks may be apart when a command runs. */
const CLOCK_TOLERANCE_MS = 20_000n

/** Long enough that a busy oracle does not find it over while it sets it. */
const SHORT_LIFE_MS = 30

const KEYS = ['a', 'b', 'c', 'd', 'e', 'key:000000000042', '', 'bin\0\r\n\xff', 'k'.repeat(70), 'l'.repeat(2000)]
/**
 * Keys that are watched, and not let expire: to look whether a watched key has expired deletes it here, which Redis
 * leaves to the next lookup.
 */
const WATCHED = ['a', 'b', 'c']
const VALUES = ['', '0', '1', '9999', '10000', '-1', '9223372036854775807', 'text', 'x'.repeat(44), 'y'.repeat(1100)]
const SECONDS = [
  '1000',
  '5000',
  '100000',
  '9007199254740',
  '9223372036854775',
  '9223372036854776',
  '0',
  '-1',
  '-100000',
]
const MILLISECONDS = ['1000000', '9007199254740993', '9223372036854775807', '-9223372036854775808', '0', '-5']
const NO_INTEGER = ['', 'x', '1.5', ' 1', '9223372036854775808', '-0', '1\0']
const DATABASE_WORDS = [
  '0',
  '1',
  '2',
  '0',
  '1',
  '2',
  '3',
  '-1',
  'x',
  '2147483648',
  '-2147483649',
  '99999999999999999999',
]
const PATTERNS = ['*', '*', 'k*', '?', '[a-c]', '', 'bin\0*', '[^a]', 'nosuch', '\\a', 'l*l']
const CONDITIONS = ['NX', 'XX', 'GT', 'LT', 'nx', 'gt', 'FOO', 'XX\0y']

let oracle: Server
let client: RawClient
let watcher: RawClient

beforeAll(async () => {
  oracle = await startOracle({ directives: { databases: DATABASES, 'enable-debug-command': 'yes', save: '' } })
  client = await oracle.connect()
  watcher = await oracle.connect()
  await client.command('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
})

afterAll(async () => {
  client.close()
  watcher.close()
  await oracle.stop()
})

async function ask(from: RawClient, commands: readonly string[][]): Promise<string[]> {
  from.send(Buffer.concat(commands.map(encodeCommand)))
  const replies: string[] = []
  for (let i = 0; i < commands.length; i++) replies.push((await from.read()).toString('latin1'))
  return replies
}

class Commands {
  private readonly random: Random

  constructor(random: Random) {
    this.random = random
  }

  next(): string[] {
    const { random } = this
    const words = random.pick(FORMS)(this)
    if (random.chance(0.2)) words[0] = words[0].toLowerCase()
    if (random.chance(0.02)) words.push(random.pick(VALUES))
    if (random.chance(0.02) && words.length > 1) words.pop()
    return words
  }

  pick<T>(items: readonly T[]): T {
    return this.random.pick(items)
  }

  key = (): string => this.random.pick(KEYS)
  keys = (): string[] => Array.from({ length: this.random.between(1, 5) }, this.key)
  db = (): string => this.random.pick(DATABASE_WORDS)

  some(words: readonly string[], chance = 0.5): string[] {
    return words.filter(() => this.random.chance(chance))
  }

  /** `good` values, seldom none. */
  integer(good: readonly string[]): string {
    return this.random.pick(this.random.chance(0.1) ? NO_INTEGER : good)
  }

  conditions(): string[] {
    return this.some(CONDITIONS, 0.15)
  }

  /** No two alike: whether a time is greater than another must not depend on when they were set. */
  lifetime(unit: number): string {
    return this.random.chance(0.1) ? '-1' : String((1000 + this.random.below(10_000_000)) * unit)
  }

  /** A time around now. */
  instant(unitMs: number): string {
    const offsetMs = this.random.pick([-1_000_000, 2_000_000, 3_000_000, 2_000_000_000])
    return String(Math.floor((Date.now() + offsetMs) / unitMs))
  }
}

const FORMS: ((make: Commands) => string[])[] = [
  (make) => ['SET', make.key(), make.pick(VALUES)],
  (make) => ['SET', make.key(), make.pick(VALUES), 'PX', '5000000'],
  (make) => ['MSET', ...make.keys().flatMap((key) => [key, make.pick(VALUES)])],
  (make) => ['APPEND', make.key(), make.pick(VALUES)],
  (make) => ['GET', make.key()],
  (make) => [make.pick(['DEL', 'UNLINK']), ...make.keys().slice(0, 2)],
  (make) => ['EXISTS', ...make.keys()],
  (make) => ['TOUCH', ...make.keys()],
  (make) => ['TYPE', make.key()],
  (make) => [make.pick(['RENAME', 'RENAMENX']), make.key(), make.key()],
  (make) => [make.pick(['RENAME', 'RENAMENX']), make.key(), make.key()],
  (make) => ['MOVE', make.key(), make.db()],
  (make) => ['COPY', make.key(), make.key(), ...make.some(['REPLACE'])],
  (make) => ['COPY', make.key(), make.key(), ...make.some(['replace']), 'DB', make.db(), ...make.some(['FOO'], 0.05)],
  (make) => [make.pick(['EXPIRE', 'EXPIREAT']), make.key(), make.integer(SECONDS)],
  (make) => [make.pick(['PEXPIRE', 'PEXPIREAT']), make.key(), make.integer(MILLISECONDS)],
  (make) => ['EXPIRE', make.key(), make.lifetime(1), ...make.conditions()],
  (make) => ['PEXPIRE', make.key(), make.lifetime(1000), ...make.conditions()],
  (make) => ['EXPIREAT', make.key(), make.instant(1000), ...make.conditions()],
  (make) => ['PEXPIREAT', make.key(), make.instant(1), ...make.conditions()],
  (make) => [make.pick(['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME']), make.key()],
  (make) => ['PERSIST', make.key()],
  (make) => ['OBJECT', make.pick(['ENCODING', 'encoding', 'FREQ', 'IDLETIME', 'nosuch']), make.key()],
  (make) => ['KEYS', make.pick(PATTERNS)],
  (make) => ['SCAN', '0', 'COUNT', make.integer(['1000', '1000', '1000', '0', '-1'])],
  (make) => ['SCAN', '0', 'COUNT', '1000', 'MATCH', make.pick(PATTERNS), ...make.some(['TYPE', 'string'], 0.3)],
  (make) => ['SCAN', make.pick(['x', '18446744073709551616', ' 0', '+'])],
  (make) => ['SCAN', '0', 'TYPE', make.pick(['string', 'STRING', 'list', 'nosuch']), 'COUNT', '1000'],
  () => ['DBSIZE'],
  (make) => ['SELECT', make.pick(['0', '1', '2'])],
  (make) => ['SELECT', make.pick(['0', '1', '2'])],
  (make) => ['SWAPDB', make.db(), make.db()],
  (make) => [make.pick(['FLUSHDB', 'FLUSHALL']), ...make.some(['FOO', 'SYNC', 'ASYNC'], 0.6)],
  (make) => ['MEMORY', 'USAGE', make.key(), ...make.some(['SAMPLES', '5', '-1', 'x'], 0.3)],
  (make) => ['DEBUG', 'DIGEST-VALUE', ...make.keys()],
]

const OF_TIME = new Set(['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME'])
const OF_THE_PROCESS = new Set(['IDLETIME', 'USAGE'])

/** Whether two replies say the same. */
function same(words: readonly string[], ours: string, theirs: string): boolean {
  if (ours === theirs) return true
  if (ours[0] !== theirs[0]) return false
  const name = words[0].toUpperCase()
  if (OF_TIME.has(name) && ours[0] === ':') {
    const [one, other] = [BigInt(ours.slice(1).trim()), BigInt(theirs.slice(1).trim())]
    return one >= 0n && other >= 0n && one - other < CLOCK_TOLERANCE_MS && other - one < CLOCK_TOLERANCE_MS
  }
  if (ours[0] === ':' && OF_THE_PROCESS.has(words[1]?.toUpperCase())) return true
  if (name === 'KEYS' && ours[0] === '*') return sameSet(decodeReply(ours), decodeReply(theirs))
  if (name !== 'SCAN' || ours[0] !== '*') return false
  const [one, other] = [decodeReply(ours) as Decoded[], decodeReply(theirs) as Decoded[]]
  return one[0] === '0' && other[0] === '0' && sameSet(one[1], other[1])
}

function sameSet(one: Decoded, other: Decoded): boolean {
  return JSON.stringify([...(one as string[])].sort()) === JSON.stringify([...(other as string[])].sort())
}

function run(engine: TestEngine, words: string[]): string {
  if (words[0].toUpperCase() !== 'SELECT') return engine.raw(...words)
  if (words.length !== 2) return "-ERR wrong number of arguments for 'select' command\r\n"
  engine.select(Number(words[1]))
  return '+OK\r\n'
}

/** Client 1 watches a key, here and there; the returned function tells whether either saw it change. */
async function watch(engine: TestEngine, db: number, key: string): Promise<() => Promise<[boolean, boolean]>> {
  const bytes = bytesOf(key)
  const shard = engine.engine.shards[engine.engine.shardOf(bytes, 0, bytes.length)]
  engine.engine.begin(engine.nowMs)
  shard.watches.watch(1, db, bytes, 0, bytes.length)
  await ask(watcher, [
    ['SELECT', String(db)],
    ['WATCH', key],
  ])
  return async () => {
    engine.engine.begin(engine.nowMs)
    const dirty = shard.watches.isDirty(1, ({ db: at, offset, length }) =>
      shard.keyspaces[at].hasExpired(shard.arena.u8, offset, length),
    )
    shard.watches.unwatch(1)
    const [, executed] = await ask(watcher, [['MULTI'], ['EXEC']])
    return [dirty, executed === '*-1\r\n']
  }
}

async function theirCounters(): Promise<number[]> {
  const [info] = await ask(client, [['INFO', 'everything']])
  const field = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1])
  return ['rdb_changes_since_last_save', 'keyspace_hits', 'keyspace_misses', 'expired_keys'].map(field)
}

function ourCounters(engine: TestEngine): number[] {
  return [DIRTY, KEYSPACE_HITS, KEYSPACE_MISSES, EXPIRED_KEYS].map((counter) =>
    engine.engine.shards.reduce((sum, shard) => sum + shard.counters[counter], 0),
  )
}

/** Lets some keys expire between batches, on both sides. */
async function letExpire(engine: TestEngine, random: Random): Promise<void> {
  const commands = KEYS.filter((key) => !WATCHED.includes(key) && random.chance(0.3)).map((key) => [
    'PEXPIRE',
    key,
    String(SHORT_LIFE_MS),
  ])
  engine.nowMs = Date.now()
  for (const [i, reply] of (await ask(client, commands)).entries()) expect(engine.raw(...commands[i])).toBe(reply)
  await new Promise((resolve) => setTimeout(resolve, SHORT_LIFE_MS + 10))
}

test('every command of these families is compared', () => {
  const random = new Random(1)
  const made = new Set<string>()
  for (let i = 0; i < 50; i++) for (const form of FORMS) made.add(form(new Commands(random))[0])
  const families = [keyCommands, keyMoveCommands, expireCommands, scanCommands, objectCommands, databaseCommands]
  // RANDOMKEY is drawn: it would let other keys expire here than there.
  const declared = families.flatMap(({ commands }) => commands.map(({ name }) => name))
  expect(declared.filter((name) => !made.has(name))).toEqual(['RANDOMKEY'])
})

test.each(SEEDS)('keys, databases and expiry answer as in redis-server (seed %i)', async (seed) => {
  const random = new Random(seed)
  const engine = new TestEngine({ shards: seed % 3 === 0 ? 1 : 4, arenaBytes: 2 * 1024 * 1024, databases: DATABASES })
  engine.reply.resp3 = false
  await ask(client, [['HELLO', '2'], ['SELECT', '0'], ['FLUSHALL']])
  const make = new Commands(random)
  for (let batch = 0; batch < BATCHES; batch++) {
    engine.nowMs = Date.now()
    const asked = await watch(engine, random.below(DATABASES), make.pick(WATCHED))
    const [theirs, ours] = [await theirCounters(), ourCounters(engine)]
    const commands = Array.from({ length: BATCH_COMMANDS }, () => make.next())
    const replies = await ask(client, commands)
    for (const [i, command] of commands.entries()) {
      const reply = run(engine, command)
      if (same(command, reply, replies[i])) continue
      const words = command.map((word) => quoted(word, 60)).join(' ')
      expect(quoted(reply, 3000), `reply ${i} of batch ${batch}, to ${words}`).toBe(quoted(replies[i], 3000))
    }
    const [ourWatch, theirWatch] = await asked()
    expect(ourWatch).toBe(theirWatch)
    const since = (now: number[], then: number[]) => now.map((value, i) => value - then[i])
    expect(since(ourCounters(engine), ours)).toEqual(since(await theirCounters(), theirs))
    expect(engine.raw('DEBUG', 'DIGEST')).toBe((await ask(client, [['DEBUG', 'DIGEST']]))[0])
    engine.check()
    if (batch % 3 === 0) await letExpire(engine, random)
  }
})
