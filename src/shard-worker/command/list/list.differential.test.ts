/* Random list commands, sound and broken, to redis-server and to an engine in this process: every reply must be the
 * same, and every list hold the same afterwards. Beside a Redis 7.2 (ORACLE_COMMAND), encodings and nodes too. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import type { RawClient } from '../../../../test/support/raw-client.ts'
import { quoted } from '../../../../test/support/resp.ts'
import { type Server, startOracle } from '../../../../test/support/server.ts'
import { TestEngine } from '../../testing.ts'
import { sortCommands } from '../key/sort.ts'
import { listCommands } from './list.ts'
import { listEditCommands } from './list-edit.ts'
import { listMoveCommands } from './list-move.ts'
import { listMpopCommands } from './list-mpop.ts'

const KEYS = ['a', 'b', 'c', 'string']
const VALUES = ['', '0', '1', '-5', '4096', '9223372036854775807', '-9223372036854775808', '1.5', 'abc', '\0\xff', 'b']
const LONG = ['x'.repeat(60), 'x'.repeat(130), 'y'.repeat(900), 'z'.repeat(5000)]
const NUMBERS = ['0', '1', '-1', '2', '3', '7', '-4', '100', '2147483647', '-2147483648']
/** What Redis 7.0 takes otherwise: see redis-7.2-differences.ts. */
const LONG_NUMBERS = ['4294967297', '9223372036854775807', '-9223372036854775808']
const BATCHES = 6
const BATCH_COMMANDS = 250
let oracle: Server
let client: RawClient
let tellsNodes = false

beforeAll(async () => {
  oracle = await startOracle({ directives: { 'enable-debug-command': 'yes' } })
  client = await oracle.connect()
  const [info] = await client.rawPipeline([['INFO', 'server']])
  tellsNodes = !/redis_version:[67]\.[01]/.test(info)
})

afterAll(async () => {
  client.close()
  await oracle.stop()
})

test('every command of the families is asked', () => {
  const random = new Random(9)
  const asked = new Set(Array.from({ length: 4000 }, () => command(random)[0]))
  for (const { commands } of [listCommands, listEditCommands, listMoveCommands, listMpopCommands, sortCommands]) {
    for (const { name } of commands) expect(asked).toContain(name)
  }
})

function command(random: Random): string[] {
  const numbers = tellsNodes ? [...NUMBERS, ...LONG_NUMBERS] : NUMBERS
  const key = random.pick(KEYS)
  const other = random.pick(KEYS)
  const value = () => (random.chance(0.85) ? random.pick(VALUES) : random.pick(LONG))
  const values = () => Array.from({ length: random.between(1, 6) }, value)
  const number = () => (random.chance(0.95) ? random.pick(numbers) : random.pick(['x', '', '1.5']))
  const end = () => (random.chance(0.97) ? random.pick(['LEFT', 'RIGHT', 'left']) : 'UP')
  const forms: (() => string[])[] = [
    () => ['LPUSH', key, ...values()],
    () => ['RPUSH', key, ...values()],
    () => [random.pick(['LPUSHX', 'RPUSHX']), key, ...values()],
    () => [random.pick(['LPOP', 'RPOP']), key],
    () => [random.pick(['LPOP', 'RPOP']), key, random.pick(['0', '1', '2', '5', '-1', 'x'])],
    () => ['LLEN', key],
    () => ['LINDEX', key, number()],
    () => ['LRANGE', key, number(), number()],
    () => ['LRANGE', key, '0', '-1'],
    () => ['LMOVE', key, other, end(), end()],
    () => ['RPOPLPUSH', key, other],
    () => ['LSET', key, number(), value()],
    () => ['LINSERT', key, random.pick(['BEFORE', 'AFTER', 'after', 'IN']), value(), value()],
    () => ['LREM', key, random.pick(['0', '1', '-1', '2', '-2', 'x']), value()],
    () => (random.chance(0.3) ? ['LTRIM', key, number(), number()] : ['LTRIM', key, '1', '-2']),
    () => ['LPOS', key, value(), ...(random.chance(0.5) ? ['RANK', number()] : ['COUNT', number()])],
    () => ['LPOS', key, value(), 'COUNT', '0', 'MAXLEN', number(), 'RANK', random.pick(['1', '-1', '2', '-3'])],
    () => ['LMPOP', '2', key, other, end(), ...(random.chance(0.5) ? ['COUNT', number()] : [])],
    () => ['SORT', key, 'ALPHA', 'LIMIT', number(), number()],
    () => [random.pick(['SORT', 'SORT_RO']), key, 'DESC', 'GET', '#', 'GET', 'str*'],
    () => ['SORT', key, 'BY', 'nosort', random.pick(['ASC', 'DESC']), 'STORE', other],
    () => ['COPY', key, other, 'REPLACE'],
    () => ['RENAME', key, other],
    () => ['TYPE', key],
    () => (random.chance(0.1) ? ['DEL', key] : ['EXISTS', key]),
    () => ['SET', 'string', 'text'],
  ]
  return random.pick(forms)()
}

test.each([
  [1, '-2', '0', '0'],
  [2, '4', '0', '0'],
  [3, '-1', '1', '0'],
  [4, '5', '1', '0'],
  [5, '3', '2', '100'],
  [6, '-1', '0', '100'],
])(
  'the list family answers as redis-server does (seed %i, size %s, depth %s, packed threshold %s)',
  async (seed, size, depth, threshold) => {
    const random = new Random(seed)
    const engine = new TestEngine({ shards: seed % 2 === 0 ? 3 : 1, arenaBytes: 64 * 1024 * 1024 })
    engine.reply.resp3 = seed % 2 === 0
    engine.engine.configure('list-max-listpack-size', size)
    engine.engine.configure('list-compress-depth', depth)
    if (threshold !== '0') engine.engine.configure('quicklist-packed-threshold', threshold)
    await client.rawPipeline([
      ['HELLO', engine.reply.resp3 ? '3' : '2'],
      ['FLUSHALL'],
      ['CONFIG', 'SET', 'list-max-listpack-size', size],
      ['CONFIG', 'SET', 'list-compress-depth', depth],
      ['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', threshold],
    ])
    for (let batch = 0; batch < BATCHES; batch++) {
      const commands: string[][] = []
      for (let i = 0; i < BATCH_COMMANDS; i++) {
        commands.push(command(random))
        if (tellsNodes) commands.push(['OBJECT', 'ENCODING', commands.at(-1)?.[1] ?? ''])
      }
      for (const key of KEYS) commands.push(['DEBUG', 'DIGEST-VALUE', key])
      const replies = await client.rawPipeline(commands)
      for (const [i, words] of commands.entries()) {
        const about = `reply ${i} to ${words.map((word) => quoted(word, 60)).join(' ')}`
        expect(engine.raw(...words), about).toBe(replies[i])
      }
      engine.check()
      if (!tellsNodes) continue
      for (const key of KEYS) {
        const [theirs] = await client.rawPipeline([['DEBUG', 'OBJECT', key]])
        expect(nodesIn(engine.raw('DEBUG', 'OBJECT', key)), key).toBe(nodesIn(theirs))
      }
    }
  },
)

function nodesIn(reply: string): string {
  return / ql_nodes.*? ql_compressed:\d/.exec(reply)?.[0] ?? ''
}
