/* DUMP and RESTORE beside redis-server: the bytes that DUMP gives for equal data are equal where nothing is left to
 * chance, each side restores what the other dumped, and both refuse the same arguments in the same words. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import type { RawClient } from '../../../../test/support/raw-client.ts'
import { encodeCommand } from '../../../../test/support/resp.ts'
import { type Server, startOracle } from '../../../../test/support/server.ts'
import { decodeReply, TestEngine } from '../../testing.ts'
import { dumpCommands } from './dump.ts'

let oracle: Server
let client: RawClient

beforeAll(async () => {
  oracle = await startOracle({ directives: { 'sanitize-dump-payload': 'yes', 'enable-debug-command': 'yes' } })
  client = await oracle.connect()
})

afterAll(async () => {
  client.close()
  await oracle.stop()
})

test('the family is what is compared here', () => {
  expect(dumpCommands.commands.map(({ name }) => name)).toEqual(['DUMP', 'RESTORE'])
})

async function raw(...words: string[]): Promise<string> {
  client.send(encodeCommand(words))
  return (await client.read()).toString('latin1')
}

const ask = async (...words: string[]) => decodeReply(await raw(...words))

function engineOf(compression: 'yes' | 'no', arenaBytes = 64 * 1024 * 1024): TestEngine {
  const engine = new TestEngine({ arenaBytes, nowMs: Date.now() })
  engine.engine.configure('rdb-version', '10')
  engine.engine.configure('rdbcompression', compression)
  return engine
}

/* Integers of all sizes and their neighbours, texts that compress and that do not, lengths around every limit. */
const INTEGERS = [7, 8, 15, 16, 31, 32, 53, 62, 63].flatMap((bits) =>
  [-1n, 1n].flatMap((sign) => [-1n, 0n, 1n].map((d) => String(BigInt.asIntN(64, sign * 2n ** BigInt(bits) + d)))),
)
const LENGTHS = [0, 1, 4, 11, 12, 19, 20, 21, 22, 44, 45, 63, 64, 65, 300, 1000, 4095, 4096, 16383, 16384, 70000]

function letters(random: Random, length: number, alphabet: number): string {
  return Array.from({ length }, () => String.fromCharCode(random.below(alphabet))).join('')
}

function text(random: Random): string {
  const length = random.pick(LENGTHS)
  switch (random.below(5)) {
    case 0:
      return random.pick([...INTEGERS, '0', '-0', '01', ' 1', '12345678901', '123456789012', '1.5', '-'])
    case 1:
      return letters(random, length, 256)
    case 2:
      return 'a'.repeat(length)
    case 3:
      return letters(random, length, 3)
    default: {
      const word = letters(random, random.between(1, 40), 128)
      return word.repeat(Math.ceil(length / word.length)).slice(0, length)
    }
  }
}

function short(random: Random): string {
  return random.chance(0.3) ? random.pick(INTEGERS) : letters(random, random.below(64), random.pick([3, 256]))
}

function fields(random: Random, count: number): string[] {
  return Array.from({ length: count }, (_, i) => [`${short(random).slice(0, 50)}:${i}`, short(random)]).flat()
}

/** A list of both servers, at key, of a few elements or of several nodes. */
async function fillList(engine: TestEngine, random: Random): Promise<void> {
  for (let pushes = random.pick([1, 1, 3, 40]); pushes > 0; pushes--) {
    const elements = Array.from({ length: random.between(1, 20) }, () => (random.chance(0.1) ? text : short)(random))
    await both(engine, [random.pick(['RPUSH', 'RPUSH', 'LPUSH']), 'key', ...elements])
  }
}

async function both(engine: TestEngine, words: string[]): Promise<string> {
  const reply = await raw(...words)
  expect(engine.raw(...words), words.map((word) => word.slice(0, 60)).join(' ')).toBe(reply)
  return reply
}

test.each(['no', 'yes'] as const)('DUMP gives the bytes that Redis gives (rdbcompression %s)', async (compression) => {
  const engine = engineOf(compression)
  await ask('FLUSHALL')
  await ask('CONFIG', 'SET', 'rdbcompression', compression)
  const random = new Random(1)
  for (let i = 0; i < 400; i++) {
    await both(engine, ['DEL', 'key'])
    if (random.chance(0.4)) await both(engine, ['SET', 'key', text(random)])
    else if (random.chance(0.5)) await fillList(engine, random)
    else await both(engine, ['HSET', 'key', ...fields(random, random.pick([1, 1, 2, 5, 20, 100, 400]))])
    await both(engine, ['DUMP', 'key'])
  }
  await ask('CONFIG', 'SET', 'rdbcompression', 'yes')
})

test('lists with compressed nodes give the same bytes, and again when they have been restored', async () => {
  const engine = engineOf('yes')
  await ask('FLUSHALL')
  const directives = { 'list-compress-depth': '1', 'list-max-listpack-size': '20' }
  for (const [name, value] of Object.entries(directives)) {
    await ask('CONFIG', 'SET', name, value)
    engine.engine.configure(name, value)
  }
  const random = new Random(4)
  for (let i = 0; i < 40; i++) {
    await both(engine, ['DEL', 'key', 'copy'])
    for (let pushes = random.between(1, 12); pushes > 0; pushes--) {
      const elements = Array.from({ length: random.between(1, 20) }, () => `element ${random.below(1000)}`)
      await both(engine, [random.pick(['RPUSH', 'LPUSH']), 'key', ...elements])
    }
    const payload = decodeReply(await both(engine, ['DUMP', 'key'])) as string
    await both(engine, ['RESTORE', 'copy', '0', payload])
    await both(engine, ['DUMP', 'copy'])
    await both(engine, ['LRANGE', 'copy', '0', '-1'])
    engine.check()
  }
  await ask('CONFIG', 'SET', 'list-compress-depth', '0', 'list-max-listpack-size', '-2')
})

test.each([1, 2])('each restores what the other dumped (seed %i)', async (seed) => {
  const engine = engineOf('yes')
  await ask('FLUSHALL')
  const random = new Random(seed)
  for (let i = 0; i < 250; i++) {
    await both(engine, ['DEL', 'key', 'copy'])
    if (random.chance(0.3)) await both(engine, ['SET', 'key', text(random)])
    else if (random.chance(0.5)) await fillList(engine, random)
    else {
      const words = fields(random, random.pick([1, 2, 30, 512, 513, 700]))
      if (random.chance(0.3)) words.push('long', text(random))
      await both(engine, ['HSET', 'key', ...words])
    }
    // Redis 7.0 has no list that is one listpack.
    const isList = engine.run('TYPE', 'key') === 'list'
    const encoding = isList ? '' : await both(engine, ['OBJECT', 'ENCODING', 'key'])
    const digest = await both(engine, ['DEBUG', 'DIGEST-VALUE', 'key'])
    const ours = engine.must('DUMP', 'key') as string
    const theirs = (await ask('DUMP', 'key')) as string
    expect(await ask('RESTORE', 'copy', '0', ours)).toBe('OK')
    expect(engine.run('RESTORE', 'copy', '0', theirs)).toBe('OK')
    expect(await both(engine, ['DEBUG', 'DIGEST-VALUE', 'copy'])).toBe(digest)
    if (!isList) expect(await both(engine, ['OBJECT', 'ENCODING', 'copy'])).toBe(encoding)
    engine.check()
  }
})

test('the same arguments are refused in the same words', async () => {
  const engine = engineOf('yes')
  await ask('FLUSHALL')
  await both(engine, ['SET', 'other', 'x'])
  await both(engine, ['HSET', 'key', 'a', '1', 'b', 'two'])
  await both(engine, ['DUMP', 'nothing'])
  const payload = engine.must('DUMP', 'key') as string
  const later = String(Date.now() + 100_000)
  for (const words of [
    ['key', '0', payload],
    ['other', '0', payload],
    ['new', '-1', payload],
    ['new', 'x', payload],
    ['new', '9223372036854775808', payload],
    ['new', '0', ''],
    ['new', '0', 'x'],
    ['new', '0', payload.slice(1)],
    ['new', '0', `${payload.slice(0, -1)}\0`],
    ['new', '0', payload, 'BOGUS'],
    ['new', '0', payload, 'IDLETIME'],
    ['new', '0', payload, 'IDLETIME', 'x'],
    ['new', '0', payload, 'IDLETIME', '-1'],
    ['new', '0', payload, 'FREQ', '-1'],
    ['new', '0', payload, 'FREQ', '256'],
    ['new', '0', payload, 'FREQ', 'x'],
    ['new', '0', payload, 'FREQ', '1', 'IDLETIME', '1'],
    ['new', '0', payload, 'IDLETIME', '1', 'FREQ', '1'],
    ['new', '0', payload, 'REPLACE', 'ABSTTL', 'REPLACE'],
    ['new', '1000', payload],
    ['new', '1000', payload, 'REPLACE', 'ABSTTL'],
    ['new', later, payload, 'REPLACE', 'ABSTTL'],
    ['new', '9223372036854775807', payload, 'REPLACE', 'ABSTTL'],
    ['new', '0', payload, 'replace', 'freq', '5'],
    ['new', '0', payload, 'replace', 'idletime', '50'],
  ]) {
    await both(engine, ['RESTORE', ...words])
    await both(engine, ['EXISTS', 'new', 'key', 'other'])
    // A time from now on is counted from a now of each one's own.
    if (words[1] !== '1000') await both(engine, ['PEXPIRETIME', 'new'])
    await both(engine, ['OBJECT', 'ENCODING', 'new'])
    engine.check()
  }
  expect(await ask('OBJECT', 'IDLETIME', 'new')).toBe(50)
  expect(engine.run('OBJECT', 'IDLETIME', 'new')).toBe(50)
})
