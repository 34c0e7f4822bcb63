/* The same stream of commands gives the same bytes of replies, however the network splits it. */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { RawClient } from '../support/raw-client.ts'
import { encodeCommand, latin1 } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES, type Server, startSpinel } from '../support/server.ts'

/** Commands over a few keys, some of them wrong, in RESP and inline, on their own and in transactions. */
function stream(seed: number, commands: number): Buffer {
  const random = new Random(seed)
  const key = () => `k${random.below(5)}`
  const value = () => '\r\n*$x'.repeat(random.pick([0, 1, 3, 300])) + random.below(100)
  const parts: Uint8Array[] = [encodeCommand(['FLUSHALL'])]
  const makers: (() => (string | number)[])[] = [
    () => ['SET', key(), value()],
    () => ['GET', key()],
    () => ['INCR', key()],
    () => ['APPEND', key(), value()],
    () => ['MSET', key(), value(), key(), value()],
    () => ['MGET', key(), key(), key()],
    () => ['DEL', key(), key()],
    () => ['STRLEN', key()],
    () => ['SET', key()],
    () => ['NOSUCH', value()],
    () => ['MULTI'],
    () => ['EXEC'],
    () => ['WATCH', key()],
    () => ['DISCARD'],
    () => ['ECHO', value()],
    () => ['HELLO', random.pick([2, 3, 4])],
    () => ['SELECT', random.below(20)],
    () => ['CLIENT', 'SETNAME', key()],
    () => ['CLIENT', 'GETNAME'],
    () => ['CLIENT', 'REPLY', random.pick(['ON', 'SKIP', 'OFF', 'NO'])],
    () => ['KEYS', '*7'],
    () => ['RESET'],
  ]
  for (let i = 0; i < commands; i++) {
    const roll = random.below(12)
    if (roll === 0) parts.push(Buffer.from(`GET ${key()}\r\n`))
    else if (roll === 1) parts.push(Buffer.from('\r\n*0\r\n'))
    else parts.push(encodeCommand(random.pick(makers)()))
  }
  // HELLO's reply names the connection: the stream ends in a known state instead of asking for it.
  parts.push(encodeCommand(['RESET']), encodeCommand(['QUIT']))
  return Buffer.concat(parts)
}

/** Replies without the ids of connections. */
const normal = (replies: Buffer) => latin1(replies).replace(/(\$2\r\nid\r\n):\d+/g, '$1:ID')

async function sendSplit(client: RawClient, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  let from = 0
  for (const to of [...cuts, bytes.length]) {
    client.send(bytes.subarray(from, to))
    from = to
    // The kernel hands pieces over together unless each has time to be read.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe.each(INLINE_EXECUTION_MODES)('inline-execution %s', (mode) => {
  let server: Server

  beforeAll(async () => {
    server = await startSpinel({ spinelDirectives: { 'inline-execution': mode, 'shard-workers': 2, shards: 4 } })
  })

  afterAll(() => server.stop())

  async function replies(bytes: Buffer, cuts: readonly number[]): Promise<string> {
    const client = await server.connect()
    await sendSplit(client, bytes, cuts)
    const all = normal(await client.readToEnd())
    client.close()
    return all
  }

  test('replies do not depend on how the stream is split', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), fc.array(fc.nat(100_000), { maxLength: 30 }), async (seed, places) => {
        const bytes = stream(seed, 60)
        const cuts = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b)
        expect(await replies(bytes, cuts)).toBe(await replies(bytes, []))
      }),
      { numRuns: 25 },
    )
  })

  test('byte by byte', async () => {
    const bytes = stream(7, 25)
    const everywhere = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1)
    expect(await replies(bytes, everywhere)).toBe(await replies(bytes, []))
  })
})
