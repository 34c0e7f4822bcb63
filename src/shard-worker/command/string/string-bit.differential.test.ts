/* Random bitmap commands, sound and broken, to redis-server and to an engine in this process: every reply must be the
 * same bytes, and every key have the same value and encoding afterwards. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import type { RawClient } from '../../../../test/support/raw-client.ts'
import { quoted } from '../../../../test/support/resp.ts'
import { type Server, startOracle } from '../../../../test/support/server.ts'
import { TestEngine } from '../../testing.ts'
import { stringBitCommands } from './string-bit.ts'
import { stringBitFieldCommands } from './string-bit-field.ts'
import { stringBitOperationCommands } from './string-bit-operation.ts'

const KEYS = ['a', 'b', 'c', 'd', 'hash']
const LIMIT_BYTES = 1024 * 1024
const WORDS = ['', 'BIT', 'BYTE', 'bit', 'byte', 'BITS', 'bit\0x', 'GET', 'OVERFLOW']
const ODD = [
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '4294967295',
  '8388607',
  '8388608',
  '-1',
  'x',
  '',
  '1.0',
]
const FIELDS = ['u1', 'i1', 'i2', 'u5', 'i8', 'u8', 'u13', 'i16', 'u32', 'i33', 'u63', 'i63', 'i64']
const ODD_FIELDS = ['u0', 'u64', 'i65', 'i', '', 'x8', 'u8\0x', 'u08', 'i-1', 'U8']
const BATCHES = 6
const BATCH_COMMANDS = 300
let oracle: Server
let client: RawClient

beforeAll(async () => {
  oracle = await startOracle({ directives: { 'proto-max-bulk-len': LIMIT_BYTES } })
  client = await oracle.connect()
})

afterAll(async () => {
  client.close()
  await oracle.stop()
})

function command(random: Random): string[] {
  const key = random.pick(KEYS)
  const number = (odd: number) => (random.chance(odd) ? random.pick(ODD) : String(random.between(-30, 130)))
  const offset = () => {
    if (random.chance(0.1)) return random.pick(ODD)
    return String(random.below(random.pick([8, 100, 4000])))
  }
  const place = () => (random.chance(0.3) ? `#${random.chance(0.9) ? random.below(12) : 'x'}` : offset())
  const unit = () => (random.chance(0.7) ? random.pick(['BIT', 'BYTE', 'bit']) : random.pick(WORDS))
  const field = () => random.pick(random.chance(0.95) ? FIELDS : ODD_FIELDS)
  const operation = (): string[] => {
    const forms = [
      () => ['GET', field(), place()],
      () => ['SET', field(), place(), number(0.2)],
      () => ['incrby', field(), place(), number(0.2)],
      () => ['OVERFLOW', random.pick(['WRAP', 'SAT', 'FAIL', 'sat', 'fail', random.chance(0.1) ? 'none' : 'WRAP'])],
    ]
    return random.pick(forms)()
  }
  const operations = () => Array.from({ length: random.below(6) }, operation).flat()
  const forms: (() => string[])[] = [
    () => [
      'SETBIT',
      key,
      offset(),
      random.chance(0.9) ? random.pick(['0', '1']) : random.pick(['2', '-1', 'x', ...ODD]),
    ],
    () => ['SETBIT', key, offset(), '1'],
    () => ['GETBIT', key, offset()],
    () => ['BITCOUNT', key],
    () => ['BITCOUNT', key, number(0.1), number(0.1)],
    () => ['BITCOUNT', key, number(0.1), number(0.1), unit()],
    () => ['BITCOUNT', key, number(0.1)],
    () => ['BITPOS', key, random.pick(['0', '1', '0', '1', '2', 'x', '-1', '9223372036854775807'])],
    () => ['BITPOS', key, random.pick(['0', '1']), number(0.1)],
    () => ['BITPOS', key, random.pick(['0', '1']), number(0.1), number(0.1)],
    () => ['BITPOS', key, random.pick(['0', '1']), number(0.1), number(0.1), unit()],
    () => ['BITPOS', key, '0', '1', '2', 'BIT', 'more'],
    () => ['BITOP', random.pick(['AND', 'or', 'Xor', 'XOR']), key, ...KEYS.filter(() => random.chance(0.3)), 'a'],
    () => ['BITOP', random.pick(['NOT', 'not']), key, random.pick(KEYS)],
    () => ['BITOP', random.pick(['NOT', 'NAND', '', 'AND\0']), key, random.pick(KEYS), random.pick(KEYS)],
    () => ['BITFIELD', key, ...operations()],
    () => ['BITFIELD', key, ...operations(), ...operations()],
    () => ['BITFIELD_RO', key, ...operations()],
    () => ['BITFIELD_RO', key, 'GET', field(), place()],
    () => ['SET', key, random.pick(['', '1', '-12345', '\xff'.repeat(40), '\0'.repeat(33), '\xf0\x0f'.repeat(20)])],
    () => ['PEXPIRE', key, '100000000'],
    () => ['DEL', key],
    () => ['HSET', 'hash', 'f', 'v'],
  ]
  const words = random.pick(forms)()
  if (random.chance(0.01)) words.pop()
  return words
}

test('every command of the families is asked', () => {
  const random = new Random(9)
  const asked = new Set(Array.from({ length: 2000 }, () => command(random)[0]))
  for (const { commands } of [stringBitCommands, stringBitOperationCommands, stringBitFieldCommands])
    for (const { name } of commands) expect(asked).toContain(name)
})

test.each([1, 2, 3, 4])('bitmap commands are answered as redis-server answers them (seed %i)', async (seed) => {
  const random = new Random(seed)
  const engine = new TestEngine({ shards: seed % 2 === 0 ? 3 : 1, arenaBytes: 64 * 1024 * 1024, nowMs: Date.now() })
  engine.reply.resp3 = seed % 2 === 0
  engine.engine.configure('proto-max-bulk-len', String(LIMIT_BYTES))
  await client.rawPipeline([['HELLO', engine.reply.resp3 ? '3' : '2'], ['FLUSHALL']])
  for (let batch = 0; batch < BATCHES; batch++) {
    const commands = Array.from({ length: BATCH_COMMANDS }, () => command(random))
    for (const key of KEYS) commands.push(['GET', key], ['OBJECT', 'ENCODING', key], ['PERSIST', key])
    const replies = await client.rawPipeline(commands)
    for (const [i, words] of commands.entries()) {
      const about = `reply to ${words.map((word) => quoted(word, 60)).join(' ')}`
      expect(quoted(engine.raw(...words), 3000), about).toBe(quoted(replies[i], 3000))
    }
    engine.check()
  }
})
