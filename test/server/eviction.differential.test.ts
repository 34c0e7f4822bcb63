/* Beside redis-server: which commands are refused when memory is short, in and out of transactions, and which of them
 * count as a use of their keys. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { type Server, startOracle, startSpinel } from '../support/server.ts'

const OOM = "OOM command not allowed when used memory > 'maxmemory'."

let servers: Server[]
let clients: RawClient[]

beforeAll(async () => {
  servers = await Promise.all([startOracle(), startSpinel({ spinelDirectives: { 'shard-workers': 1, shards: 2 } })])
  clients = await Promise.all(servers.map((server) => server.connect()))
})

afterAll(async () => {
  for (const client of clients) client.close()
  await Promise.all(servers.map((server) => server.stop()))
})

/** What both say, the oracle first. */
const ask = (...words: (string | number | Uint8Array)[]) => Promise.all(clients.map((client) => client.call(...words)))

async function both(...words: (string | number)[]): Promise<unknown> {
  const [oracle, spinel] = await ask(...words)
  expect(spinel, words.join(' ')).toEqual(oracle)
  return spinel
}

/** Commands that end, block or empty the server, or change what the next one meets. */
const LEFT_OUT = new Set([
  ...['shutdown', 'quit', 'reset', 'auth', 'hello', 'client', 'config', 'debug', 'multi', 'exec', 'discard', 'select'],
  ...['flushall', 'flushdb', 'swapdb', 'save', 'bgsave', 'replicaof', 'slaveof', 'failover', 'wait', 'waitaof', 'sync'],
  ...['psync', 'replconf', 'monitor', 'subscribe', 'psubscribe', 'ssubscribe', 'latency', 'lolwut', 'bgrewriteaof'],
])

/** Commands of both servers, with as many arguments as they take at least. */
async function commonCommands(): Promise<string[][]> {
  const [oracle, spinel] = (await ask('COMMAND')) as unknown[][][]
  const known = new Set(oracle.map(([name]) => name))
  return spinel
    .filter(([name]) => known.has(name) && !LEFT_OUT.has(String(name)))
    .map(([name, arity]) => [String(name), ...Array.from({ length: Math.abs(Number(arity)) - 1 }, () => '1')])
}

const isRefused = (reply: unknown) => reply instanceof Error && reply.message === OOM

test.each(['noeviction', 'volatile-lru', 'volatile-ttl', 'volatile-random', 'volatile-lfu'])(
  '%s with nothing to evict: the same commands are refused',
  async (policy) => {
    await both('CONFIG', 'SET', 'maxmemory', 0)
    await both('FLUSHALL')
    await both('SET', '1', 'lasting')
    await both('CONFIG', 'SET', 'maxmemory', 1, 'maxmemory-policy', policy)
    const commands = await commonCommands()
    expect(commands.length).toBeGreaterThan(80)
    let refused = 0
    for (const words of commands) {
      const [oracle, spinel] = await ask(...words)
      expect([words[0], isRefused(spinel)]).toEqual([words[0], isRefused(oracle)])
      if (isRefused(spinel)) refused++
      await both('MULTI')
      await both(...words)
      await both('DISCARD')
    }
    expect(refused).toBeGreaterThan(20)
    await both('MULTI')
    await both('EXEC')
    await both('GET', '1')
  },
)

test('a transaction is refused as a whole, if any of it needs memory', async () => {
  await both('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  const others = await Promise.all(servers.map((server) => server.connect()))
  const limit = (bytes: number) => Promise.all(others.map((other) => other.call('CONFIG', 'SET', 'maxmemory', bytes)))
  const queues = ['SET a b,GET a', 'GET a', 'DEL a,EXISTS b', 'PING,APPEND a b', 'CONFIG SET maxmemory 0,SET a b']
  for (const queue of queues) {
    await limit(0)
    await both('MULTI')
    for (const command of queue.split(',')) expect(await both(...command.split(' '))).toBe('QUEUED')
    expect(await limit(1)).toEqual(['OK', 'OK'])
    await both('EXEC')
    await both('DISCARD')
  }
  await limit(0)
  for (const other of others) other.close()
})

/** Commands on a string at s, a hash at h and a list at l, each of them on fresh keys. */
const USES = [
  'GET s, STRLEN s, GETRANGE s 0 1, MGET s h, EXISTS s, TYPE s, TTL s, PTTL s, EXPIRETIME s, TOUCH s, APPEND s x',
  'SETRANGE s 1 x, GETSET s x, GETDEL s, GETEX s, GETEX s EX 100, SET s x, SET s x KEEPTTL, SET s x NX, SET s x XX',
  'SET s x GET, SETNX s x, SETEX s 100 x, MSET s x h y, MSETNX s x, INCR s, EXPIRE s 100, PERSIST s, GETBIT s 1',
  'SETBIT s 1 1, BITCOUNT s, BITPOS s 1, BITFIELD s GET u8 0, BITFIELD s SET u8 0 1, BITOP NOT s h, BITOP NOT n s',
  'COPY s n, RENAME s h, RENAMENX s n, MOVE s 1, OBJECT ENCODING s, OBJECT REFCOUNT s, DUMP s, MEMORY USAGE s',
  'HGET h f, HSET h f v, HLEN h, HEXISTS h f, HGETALL h, HSCAN h 0, HDEL h nothing, HINCRBY h n 1, HRANDFIELD h',
  'HSTRLEN h f, LLEN l, LINDEX l 0, LRANGE l 0 -1, LPUSH l x, RPUSHX l x, LPOP l, LMOVE l l LEFT RIGHT, LPUSH s x',
  'RPOPLPUSH l n, HGET s f, GET h, SCAN 0, KEYS *, RANDOMKEY, WATCH s, LCS s s, SUBSTR s 0 1, DBSIZE, BLPOP l 1',
]
  .flatMap((line) => line.split(', '))
  .map((command) => command.split(' '))

/** Puts values at s, h and l whose last use is long ago, as RESTORE is told. */
async function restoreUnused(option: string, value: number): Promise<void> {
  await both('FLUSHALL')
  await both('SET', 's', '12345')
  await both('HSET', 'h', 'f', 'v', 'g', 'w')
  await both('RPUSH', 'l', 'a', 'b', 'c')
  for (const client of clients) {
    for (const key of ['s', 'h', 'l']) {
      const dumped = payloadOf(await client.command('DUMP', key))
      expect(await client.call('RESTORE', key, 0, dumped, 'REPLACE', option, value)).toBe('OK')
    }
  }
}

/** The bytes of a bulk reply. */
const payloadOf = (reply: Buffer) => reply.subarray(reply.indexOf('\n') + 1, -2)

test('the same commands are uses of a key: OBJECT IDLETIME', async () => {
  await both('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  for (const words of USES) {
    await restoreUnused('IDLETIME', 1000)
    await ask(...words)
    for (const key of ['s', 'h', 'l', 'n']) {
      const [oracle, spinel] = await ask('OBJECT', 'IDLETIME', key)
      const shown = (idle: unknown) => (idle === null ? 'none' : Number(idle) < 500 ? 'used' : 'unused')
      expect(`${words.join(' ')}: ${key} ${shown(spinel)}`).toBe(`${words.join(' ')}: ${key} ${shown(oracle)}`)
    }
  }
  await both('SET', 's', 'x')
  await both('OBJECT', 'FREQ', 's')
  await both('OBJECT', 'FREQ', 'none')
})

test('and count once, or not at all: OBJECT FREQ', async () => {
  await both('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu', 'lfu-log-factor', 0, 'lfu-decay-time', 0)
  for (const words of USES) {
    await restoreUnused('FREQ', 100)
    await ask(...words)
    for (const key of ['s', 'h', 'l', 'n']) {
      const [oracle, spinel] = await ask('OBJECT', 'FREQ', key)
      expect(`${words.join(' ')}: ${key} ${spinel}`).toBe(`${words.join(' ')}: ${key} ${oracle}`)
    }
  }
  await both('OBJECT', 'IDLETIME', 's')
})
