/* Random hash commands, sound and broken, to redis-server and to an engine in this process: every reply must be the
 * same, whatever the order of fields, and every hash have the same encoding afterwards. Fields expire where the oracle
 * is one that knows of it (ORACLE_COMMAND=a redis-server of 7.4): in the past, or in a far future. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import type { RawClient } from '../../../../test/support/raw-client.ts'
import { quoted } from '../../../../test/support/resp.ts'
import { type Server, startOracle } from '../../../../test/support/server.ts'
import { type Decoded, decodeReply, TestEngine } from '../../testing.ts'
import { hashCommands } from './hash.ts'

const DIRECTIVES = { 'hash-max-listpack-entries': 12, 'hash-max-listpack-value': 30 }
const KEYS = ['a', 'b', 'c', 'string']
const VALUES = [
  '',
  '0',
  '1',
  '-5',
  '4096',
  '9223372036854775807',
  '-9223372036854775808',
  '1.5',
  'inf',
  'abc',
  '\0\xff',
]
const LONG = ['x'.repeat(30), 'x'.repeat(31), 'y'.repeat(200), 'z'.repeat(2000)]
const BATCHES = 8
const BATCH_COMMANDS = 250
let oracle: Server
let client: RawClient
let fieldsExpire = false

beforeAll(async () => {
  oracle = await startOracle({ directives: { ...DIRECTIVES, 'enable-debug-command': 'yes' } })
  client = await oracle.connect()
  fieldsExpire = !(await client.rawPipeline([['COMMAND', 'INFO', 'HEXPIRE']]))[0].includes('-1')
})

afterAll(async () => {
  client.close()
  await oracle.stop()
})

test('every command of the family is asked', () => {
  const random = new Random(9)
  const asked = new Set(Array.from({ length: 2000 }, () => command(random)[0]))
  for (const { name } of hashCommands.commands) expect(asked).toContain(name)
})

function command(random: Random): string[] {
  const key = random.pick(KEYS)
  const field = () => (random.chance(0.9) ? `f${random.below(25)}` : random.pick([...VALUES, ...LONG]))
  const value = () => (random.chance(0.9) ? random.pick(VALUES) : random.pick(LONG))
  const pairs = () => Array.from({ length: random.between(1, 5) }, () => [field(), value()]).flat()
  const fields = () => Array.from({ length: random.between(1, 5) }, field)
  const forms: (() => string[])[] = [
    () => ['HSET', key, ...pairs()],
    () => ['HSET', key, ...pairs(), ...pairs()],
    () => ['HMSET', key, ...pairs()],
    () => ['HSET', key, field(), value(), field()],
    () => ['HSETNX', key, field(), value()],
    () => ['HGET', key, field()],
    () => ['HMGET', key, ...fields()],
    () => ['HDEL', key, ...fields()],
    () => ['HDEL', key, ...fields(), ...fields()],
    () => ['HLEN', key],
    () => ['HSTRLEN', key, field()],
    () => ['HEXISTS', key, field()],
    () => ['HKEYS', key],
    () => ['HVALS', key],
    () => ['HGETALL', key],
    () => ['HINCRBY', key, field(), random.pick(VALUES)],
    () => ['HINCRBYFLOAT', key, field(), random.pick(VALUES.filter((text) => text !== 'inf'))],
    () => ['HSCAN', key, random.pick(['0', '0', 'x']), 'COUNT', random.pick(['1000', '1000', '0', 'x'])],
    () => ['HSCAN', key, '0', 'MATCH', 'f1*', 'COUNT', '1000'],
    () => ['HRANDFIELD', key, random.pick(['100', '0', '9223372036854775807', '-9223372036854775808', 'x'])],
    () => ['HRANDFIELD', key, '100', random.pick(['WITHVALUES', 'bogus'])],
    () => ['COPY', key, random.pick(KEYS), 'REPLACE'],
    () => ['RENAME', key, random.pick(KEYS)],
    () => ['OBJECT', 'ENCODING', key],
    () => ['TYPE', key],
    () => (random.chance(0.1) ? ['DEL', key] : ['EXISTS', key]),
    () => ['SET', 'string', 'text'],
  ]
  if (fieldsExpire && random.chance(0.3)) return random.pick(expiryForms(random, key, fields))()
  return random.pick(forms)()
}

function expiryForms(random: Random, key: string, fields: () => string[]): (() => string[])[] {
  const seconds = () => random.pick(['0', '1', '-1', 'x', '4000000000', '5000000000', '70368744177', '70368744178'])
  const condition = () => (random.chance(0.5) ? [random.pick(['NX', 'xx', 'GT', 'LT', 'FIELDS'])] : [])
  const some = () => {
    const names = fields()
    return [random.chance(0.95) ? 'FIELDS' : 'fields!', String(names.length + (random.chance(0.05) ? 1 : 0)), ...names]
  }
  return [
    () => ['HEXPIREAT', key, seconds(), ...condition(), ...some()],
    () => ['HEXPIREAT', key, random.pick(['4000000000', '5000000000', '6000000000']), ...condition(), ...some()],
    () => ['HPEXPIREAT', key, `${seconds()}${random.pick(['000', '123', '999'])}`, ...condition(), ...some()],
    () => ['HEXPIRE', key, random.pick(['0', '70368744177', 'x']), ...condition(), ...some()],
    () => ['HEXPIRETIME', key, ...some()],
    () => ['HPEXPIRETIME', key, ...some()],
    () => ['HPERSIST', key, ...some()],
  ]
}

/** A reply in an order of its own: of fields with their values, or of single ones. */
function canonical(words: readonly string[], resp: string): unknown {
  const value = decodeReply(resp)
  if (words[0] === 'HSCAN' && Array.isArray(value)) return [value[0], sorted(value[1] as Decoded[], 2)]
  if (['HKEYS', 'HVALS', 'HGETALL', 'HRANDFIELD'].includes(words[0]) && Array.isArray(value)) {
    return sorted(value, words[0] === 'HGETALL' || words[3] === 'WITHVALUES' ? 2 : 1)
  }
  if (value instanceof Map) return sorted([...value].flat(), 2)
  return value
}

function sorted(items: Decoded[], width: number): string[] {
  if (items.every((item) => Array.isArray(item))) return items.map((item) => JSON.stringify(item)).sort()
  const rows: string[] = []
  for (let i = 0; i < items.length; i += width) rows.push(JSON.stringify(items.slice(i, i + width)))
  return rows.sort()
}

test.each([1, 2, 3, 4])('the hash family answers as redis-server does (seed %i)', async (seed) => {
  const random = new Random(seed)
  const engine = new TestEngine({ shards: seed % 2 === 0 ? 3 : 1, arenaBytes: 64 * 1024 * 1024 })
  engine.reply.resp3 = seed % 2 === 0
  for (const [name, value] of Object.entries(DIRECTIVES)) engine.engine.configure(name, String(value))
  await client.rawPipeline([['HELLO', engine.reply.resp3 ? '3' : '2'], ['FLUSHALL']])
  for (let batch = 0; batch < BATCHES; batch++) {
    const commands = Array.from({ length: BATCH_COMMANDS }, () => command(random))
    for (const key of KEYS) commands.push(['DEBUG', 'DIGEST-VALUE', key])
    const replies = await client.rawPipeline(commands)
    for (const [i, words] of commands.entries()) {
      const about = `reply to ${words.map((word) => quoted(word, 60)).join(' ')}`
      expect(canonical(words, engine.raw(...words)), about).toEqual(canonical(words, replies[i]))
    }
    engine.check()
  }
  for (const key of KEYS) engine.must('DEL', key)
  engine.check()
})
