/* Queues between threads that are full, and what is larger than they are: nothing is lost, doubled or out of order, and
 * nobody waits for ever. The request and reply rings of a worker hold 1 MiB each, a record at most a quarter of it. */

import { afterEach, describe, expect, test } from 'vitest'
import { keysOnShards } from '../linearizability/keys.ts'
import { Random } from '../support/random.ts'
import type { RawClient } from '../support/raw-client.ts'
import { decodeReply, encodeCommand, type PlainReply, plain } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES } from '../support/server.ts'
import { admit, discharge, expectSound, type Patient, SCALE } from './soundness.ts'

let patient: Patient | null = null

afterEach(async () => {
  if (patient !== null) await discharge(patient)
  patient = null
})

const KILO = 1024

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  test('records of all sizes, far more than the rings hold, are run in order', async () => {
    patient = await admit({ spinelDirectives: { 'inline-execution': mode } })
    const { server } = patient
    await Promise.all(
      Array.from({ length: 4 }, async (_, index) => {
        const client = await server.connect({ replyTimeoutMs: 60_000 })
        const random = new Random(index)
        const keys = keysOnShards(`order:${index}`, 4)
        const model = new Map(keys.map((key) => [key, '']))
        const requests: Buffer[] = []
        const wanted: PlainReply[] = []
        for (let i = 0; i < 150 * SCALE; i++) {
          const key = random.pick(keys)
          const size = random.pick([1, 30, 3 * KILO, 60 * KILO, 255 * KILO, 257 * KILO, 700 * KILO])
          if (random.chance(0.5)) {
            const value = String.fromCharCode(97 + (i % 26)).repeat(size)
            requests.push(encodeCommand(['SET', key, value]))
            wanted.push('OK')
            model.set(key, value)
          } else if (random.chance(0.8)) {
            requests.push(encodeCommand(['GETRANGE', key, 0, 99]))
            wanted.push((model.get(key) as string).slice(0, 100))
          } else {
            requests.push(encodeCommand(['MGET', ...keys]))
            wanted.push(keys.map((each) => model.get(each) || null))
          }
        }
        client.send(Buffer.concat(requests))
        const replies: PlainReply[] = []
        for (const _ of wanted) replies.push(await next(client))
        expect(replies.map(digest)).toEqual(wanted.map(digest))
        client.close()
      }),
    )
    await expectSound(patient)
  })

  test('thousands of pipelined large SETs from many clients', async () => {
    patient = await admit({ spinelDirectives: { 'inline-execution': mode } })
    const { server, control } = patient
    const value = 'x'.repeat(64 * KILO)
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const client = await server.connect({ replyTimeoutMs: 60_000 })
        for (let i = 0; i < 60 * SCALE; i++) client.send(encodeCommand(['SET', `large:${index}:${i % 7}`, value]))
        for (let i = 0; i < 60 * SCALE; i++) expect(await next(client)).toBe('OK')
        client.close()
      }),
    )
    expect(await control.call('DBSIZE')).toBe(70)
    await expectSound(patient)
  })

  test('storms of barriers, transactions and flushes', async () => {
    patient = await admit({ spinelDirectives: { 'inline-execution': mode } })
    const { server } = patient
    const keys = keysOnShards('storm', 8)
    const torn: PlainReply[] = []
    await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const client = await server.connect({ replyTimeoutMs: 60_000 })
        const random = new Random(index)
        const requests: (string | number)[][] = []
        for (let i = 0; i < 100 * SCALE; i++) requests.push(...stormCommands(random, keys, `${index}:${i}`))
        const replies = await client.pipeline(requests)
        for (const [i, request] of requests.entries()) {
          const reply = replies[i]
          // All of them were written together or flushed together.
          if (request[0] === 'MGET' && Array.isArray(reply) && new Set(reply).size > 1) torn.push(reply)
          if (reply instanceof Error) torn.push(reply)
        }
        client.close()
      }),
    )
    expect(torn).toEqual([])
    await expectSound(patient)
  })
})

function stormCommands(random: Random, keys: string[], value: string): (string | number)[][] {
  const set = ['MSET', ...keys.flatMap((key) => [key, value])]
  switch (random.below(6)) {
    case 0:
    case 1:
      return [set]
    case 2:
      return [['MGET', ...keys]]
    case 3:
      return [['WATCH', random.pick(keys)], ['MULTI'], set, ['PING'], ['EXEC']]
    case 4:
      return [['MULTI'], ['MGET', ...keys], ['EXEC']]
    default:
      return [[random.pick(['FLUSHALL', 'FLUSHDB'])], ['DBSIZE']]
  }
}

test('a busy worker keeps nobody waiting for another one', async () => {
  patient = await admit({ spinelDirectives: { 'inline-execution': 'never' } })
  const { server, control } = patient
  const [busy, other] = keysOnShards('worker', 2)
  const text = (seed: number) => {
    const random = new Random(seed)
    return Array.from({ length: 6 * KILO }, () => String.fromCharCode(97 + random.below(4))).join('')
  }
  await control.call('SET', `{${busy}}a`, text(1))
  await control.call('SET', `{${busy}}b`, text(2))
  const slow = await server.connect({ replyTimeoutMs: 60_000 })
  const quick = await server.connect()
  const order: string[] = []
  const lcs = ['LCS', `{${busy}}a`, `{${busy}}b`, 'LEN']
  const longest = slow.pipeline([lcs, lcs, lcs, lcs]).then((replies) => {
    expect(replies[3]).toBeGreaterThan(KILO)
    order.push('slow')
  })
  // Long enough for the I/O thread to have gone to sleep over it.
  for (let i = 0; i < 6; i++) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    await quick.call('SET', other, i)
  }
  order.push('quick')
  await longest
  expect(order).toEqual(['quick', 'slow'])
  slow.close()
  quick.close()
  await expectSound(patient)
})

/** The next reply, decoded. */
async function next(client: RawClient): Promise<PlainReply> {
  return plain(decodeReply(await client.read()))
}

test('settings that are changed faster than a busy worker takes note of them wait for room', async () => {
  patient = await admit({ spinelDirectives: { 'inline-execution': 'never' } })
  const { server } = patient
  const client = await server.connect({ replyTimeoutMs: 60_000 })
  const count = 20_000
  const requests = Array.from({ length: count }, (_, i) => encodeCommand(['CONFIG', 'SET', 'hz', 10 + (i % 20)]))
  client.send(Buffer.concat(requests))
  for (let left = count; left > 0; left--) expect(await next(client)).toBe('OK')
  expect(await client.call('CONFIG', 'GET', 'hz')).toEqual(['hz', String(10 + ((count - 1) % 20))])
  client.close()
  await expectSound(patient)
})

/** Replies in a form that prints when they differ. */
function digest(reply: PlainReply): string {
  if (Array.isArray(reply)) return `[${reply.map(digest).join(' ')}]`
  const text = String(reply)
  return text.length > 100 ? `${text.slice(0, 1)} x ${text.length}` : text
}
