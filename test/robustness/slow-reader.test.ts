/* A client that asks for much and reads nothing: the server holds a bounded part of it, and serves everybody else. */

import { afterEach, describe, expect, test } from 'vitest'
import { encodeCommand } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES } from '../support/server.ts'
import { admit, discharge, expectForgotten, expectSound, type Patient } from './soundness.ts'

const VALUE_BYTES = 256 * 1024
const REQUESTS = 600
/** What the session may have in its queue (32 MB), what may be on the way to it (16 MB), and half as much to spare. */
const MOST_BYTES = 72 * 1024 * 1024
const MOST_TURNS = 500

let patient: Patient | null = null

afterEach(async () => {
  if (patient !== null) await discharge(patient)
  patient = null
})

/** Bytes that wait for clients to read them. */
async function owed({ control }: Patient): Promise<number> {
  const list = String(await control.call('CLIENT', 'LIST'))
  return [...list.matchAll(/ omem=(\d+)/g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0)
}

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  test('what a client does not read is bounded, others are served, and it gets it all in the end', async () => {
    patient = await admit({ spinelDirectives: { 'inline-execution': mode } })
    const { server, control } = patient
    await control.call('SET', 'value', 'v'.repeat(VALUE_BYTES))
    const client = await server.connect({ replyTimeoutMs: 60_000 })
    client.socket.pause()
    const request = encodeCommand(['GET', 'value'])
    client.send(Buffer.concat(Array.from({ length: REQUESTS }, () => request)))
    let most = 0
    let before = -1
    // Until what is owed grows no more.
    for (let turn = 0, same = 0; turn < MOST_TURNS && same < 20; turn++) {
      const now = await owed(patient)
      most = Math.max(most, now)
      same = now === before && now > 0 ? same + 1 : 0
      before = now
    }
    expect(before).toBeGreaterThan(8 * 1024 * 1024)
    expect(most).toBeLessThan(MOST_BYTES)
    client.socket.resume()
    for (let left = REQUESTS; left > 0; left--) expect((await client.read()).length).toBe(VALUE_BYTES + 11)
    client.close()
    await expectSound(patient)
  })

  test('client-output-buffer-limit closes it', async () => {
    patient = await admit({
      directives: { 'client-output-buffer-limit': 'normal 4mb 0 0' },
      spinelDirectives: { 'inline-execution': mode },
    })
    const { server, control } = patient
    await control.call('SET', 'value', 'v'.repeat(VALUE_BYTES))
    const client = await server.connect()
    client.socket.pause()
    client.send(Buffer.concat(Array.from({ length: REQUESTS }, () => encodeCommand(['GET', 'value']))))
    await expect
      .poll(() => server.log(), { timeout: 20_000 })
      .toContain('scheduled to be closed ASAP for overcoming of output buffer limits.')
    await expectForgotten(patient)
    client.close()
    await expectSound(patient)
  })
})

test('replies held back by a slow command of another worker are bounded, too', async () => {
  patient = await admit()
  const { server, control } = patient
  await control.call('SET', 'value', 'v'.repeat(VALUE_BYTES))
  await control.call('DEBUG', 'POPULATE', 200_000)
  const client = await server.connect({ replyTimeoutMs: 60_000 })
  const requests = Array.from({ length: 20 }, () => [
    encodeCommand(['KEYS', 'nothing*like:this?']),
    ...Array.from({ length: 100 }, () => encodeCommand(['GET', 'value'])),
  ])
  client.send(Buffer.concat(requests.flat()))
  let most = 0
  const reading = (async () => {
    for (let i = 0; i < 20; i++) {
      expect((await client.read()).toString('latin1')).toBe('*0\r\n')
      for (let left = 100; left > 0; left--) expect((await client.read()).length).toBe(VALUE_BYTES + 11)
    }
    return true
  })()
  let isDone = false
  reading.finally(() => (isDone = true))
  while (!isDone) most = Math.max(most, await owed(patient))
  expect(await reading).toBe(true)
  expect(most).toBeLessThan(MOST_BYTES)
  client.close()
  await expectSound(patient)
})
