/* Random string commands, sound and broken, to redis-server and to an engine in this process: every reply must be the
 * same bytes, and every key the same value, encoding and expiry afterwards. Redis 7.0 and 7.2 agree on all of them, so
 * nothing is excepted. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import type { RawClient } from '../../../../test/support/raw-client.ts'
import { quoted } from '../../../../test/support/resp.ts'
import { type Server, startOracle } from '../../../../test/support/server.ts'
import { bigExpireOf, ENCODING_NAMES, encodingOf, flagsOf, HAS_EXPIRE } from '../../keyspace/entry.ts'
import { TestEngine } from '../../testing.ts'
import { KEYS, StringCommands } from './testing.ts'

const SEEDS = (process.env['STRING_SEEDS'] ?? '1,2,3,4').split(',').map(Number)
const BATCHES = 8
const BATCH_COMMANDS = 300
const LIMIT_BYTES = 1024 * 1024
/** How far the two clocks may be apart when a command runs. */
const CLOCK_TOLERANCE_MS = 20_000n
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

/** Encoding and expiry (-1 for none) of each key that is there. */
function stateOf(engine: TestEngine): Map<string, { encoding: string; expire: bigint }> {
  const state = new Map<string, { encoding: string; expire: bigint }>()
  for (const key of KEYS) {
    const { keyspace, entry } = engine.find(key)
    if (entry === 0) continue
    const { arena } = keyspace
    const encoding = ENCODING_NAMES[encodingOf(arena, entry)]
    state.set(key, { encoding, expire: flagsOf(arena, entry) & HAS_EXPIRE ? bigExpireOf(arena, entry) : -1n })
  }
  return state
}

async function expectSameState(engine: TestEngine): Promise<void> {
  const encodings = await client.rawPipeline(KEYS.map((key) => ['OBJECT', 'ENCODING', key]))
  const expiries = await client.rawPipeline(KEYS.map((key) => ['PEXPIRETIME', key]))
  const values = await client.rawPipeline(KEYS.map((key) => ['GET', key]))
  const state = stateOf(engine)
  for (const [i, key] of KEYS.entries()) {
    const ours = state.get(key)
    const encoding =
      encodings[i].startsWith('$-1') || encodings[i].startsWith('_') ? undefined : encodings[i].split('\r\n')[1]
    // Redis names every list a quicklist or listpack by its length and version; ours stands for any.
    if (key !== 'foreign') expect(ours?.encoding, `encoding of ${quoted(key)}`).toBe(encoding)
    const expire = BigInt(expiries[i].slice(1).trim())
    const difference = (ours?.expire ?? -2n) - expire
    expect(difference < CLOCK_TOLERANCE_MS && difference > -CLOCK_TOLERANCE_MS, `expiry of ${quoted(key)}`).toBe(true)
    expect(engine.raw('GET', key), `value of ${quoted(key)}`).toBe(values[i])
  }
}

test.each(SEEDS)('the string family answers as redis-server does (seed %i)', async (seed) => {
  const random = new Random(seed)
  const resp3 = seed % 2 === 0
  const engine = new TestEngine({ shards: seed % 3 === 0 ? 1 : 3, arenaBytes: 64 * 1024 * 1024, nowMs: Date.now() })
  engine.reply.resp3 = resp3
  engine.engine.configure('proto-max-bulk-len', String(LIMIT_BYTES))
  engine.putForeignValue('foreign')
  await client.rawPipeline([['HELLO', resp3 ? '3' : '2'], ['FLUSHALL'], ['RPUSH', 'foreign', 'x']])
  const make = new StringCommands(random, { nowMs: Date.now, limitBytes: LIMIT_BYTES })
  for (let batch = 0; batch < BATCHES; batch++) {
    engine.nowMs = Date.now()
    // What overwrote the foreign value is put back, so that WRONGTYPE stays possible.
    const commands = Array.from({ length: BATCH_COMMANDS }, () => make.next())
    const replies = await client.rawPipeline(commands)
    for (const [i, command] of commands.entries()) {
      const words = command.map((word) => quoted(word, 60)).join(' ')
      expect(quoted(engine.raw(...command), 3000), `reply to ${words}`).toBe(quoted(replies[i], 3000))
    }
    await expectSameState(engine)
    engine.check()
    await client.rawPipeline([
      ['DEL', 'foreign'],
      ['RPUSH', 'foreign', 'x'],
    ])
    const { keyspace, entry } = engine.find('foreign')
    if (entry !== 0) keyspace.removeFound(entry)
    engine.putForeignValue('foreign')
  }
})
