/* The net must hold: servers that are wrong in one small thing are caught, and the script that shows it is short.
 * Should one of these pass unnoticed, the differential tests prove nothing. */

import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { startOracle } from '../support/server.ts'
import type { Failure } from './fuzz.ts'
import { fuzzSeed } from './fuzz.ts'
import type { Lie } from './lying-proxy.ts'
import { startLyingProxy } from './lying-proxy.ts'
import type { Match } from './match.ts'
import { report } from './report.ts'
import { sendsOf } from './script.ts'
import { type Declaration, shapesOf } from './shapes.ts'
import { DIRECTIVES, startMatch } from './start-match.ts'

const MAX_SEEDS = 15

/** A few commands are enough here, and the canary must not depend on what Spinel declares. `all` keeps broken protocol
 * out, which the proxy would have to break in the same way. */
const SHAPES = shapesOf(
  [
    { name: 'SET', arity: -3, syntax: 'key value [NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]' },
    { name: 'GET', arity: 2, syntax: 'key' },
    { name: 'APPEND', arity: 3, syntax: 'key value' },
    { name: 'STRLEN', arity: 2, syntax: 'key' },
    { name: 'DEL', arity: -2, syntax: 'key...' },
    { name: 'MSET', arity: -3, syntax: '(key value)...' },
    { name: 'INCR', arity: 2, syntax: 'key' },
    { name: 'PERSIST', arity: 2, syntax: 'key' },
    { name: 'PTTL', arity: 2, syntax: 'key' },
  ].map((declaration): Declaration => ({ ...declaration, runs: 'all' })),
)

let match: Match | undefined

afterEach(async () => {
  await match?.stop()
  match = undefined
})

/** Plays seeds against a proxy that tells `lie` until it is caught. */
async function catchLiar(lie: Lie): Promise<Failure> {
  match = await startMatch({
    spinel: async () => {
      const server = await startOracle({ directives: DIRECTIVES })
      const proxy = await startLyingProxy(server.tcp, join(server.directory, 'proxy'), lie)
      return {
        name: 'liar',
        tcp: { port: proxy.port },
        unix: { path: proxy.unixSocket },
        exit: null,
        isAlive: () => server.isAlive(),
        log: () => server.log(),
        stop: async (options) => {
          await proxy.close()
          await server.stop(options)
        },
      }
    },
  })
  for (let seed = 1; seed <= MAX_SEEDS; seed++) {
    const failure = await fuzzSeed(match, seed, SHAPES)
    if (failure !== null) return failure
  }
  throw new Error('the liar was not caught')
}

function namesIn({ script }: Failure): string[] {
  return script.steps.flatMap(sendsOf).flatMap(({ commands }) => commands.map(([name]) => String(name).toUpperCase()))
}

test('an honest proxy is not accused', async () => {
  await expect(catchLiar({})).rejects.toThrow('the liar was not caught')
})

test('a length that is one too long is caught, and its script is the write and the read', async () => {
  const failure = await catchLiar({
    reply: ([name], reply) =>
      name.toUpperCase() === 'STRLEN' && /^:\d\d/.test(reply) ? `:${Number(reply.slice(1)) + 1}\r\n` : reply,
  })
  expect(failure.script.steps.length).toBeLessThanOrEqual(2)
  expect(namesIn(failure).at(-1)).toBe('STRLEN')
  expect(report(failure.script, failure.mismatch, 'npm run fuzz')).toMatch(/differs at {2}"strlen"/i)
})

test('a write that is answered and lost is caught, though every reply of its own is right', async () => {
  const failure = await catchLiar({
    request: (words) => (words[0].toUpperCase() === 'PERSIST' ? ['PERSIST', 'no such key'] : words),
    reply: ([name], reply) => (name.toUpperCase() === 'PERSIST' && reply === ':0\r\n' ? ':1\r\n' : reply),
  })
  expect(failure.script.steps.length).toBeLessThanOrEqual(3)
  expect(namesIn(failure)).toContain('PERSIST')
})

test('a value that is stored wrongly is caught by the final digest', async () => {
  const failure = await catchLiar({
    request: (words) => (words[0].toUpperCase() === 'MSET' ? words.with(-1, `${words.at(-1)}!`) : words),
  })
  expect(namesIn(failure)).toContain('MSET')
  expect(failure.script.steps.length).toBeLessThanOrEqual(2)
})

test('a missing byte at the end of a reply counts', async () => {
  const failure = await catchLiar({
    reply: ([name], reply) => (name.toUpperCase() === 'APPEND' ? reply.replace(/^-ERR/, '-Err') : reply),
  })
  expect(namesIn(failure).at(-1)).toMatch(/^APPEND/)
})
