/* What must hold of a server after whatever was done to it: it serves, every invariant of every shard holds, clients
 * that left are forgotten, and an emptied data set takes the memory it took at the start.
 *
 * ROBUSTNESS_SCALE  1, the default, is the ordinary run; with more, these suites run longer and at full size (10,000
 *                   connections, values of 512 MB). */

import { expect } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { type Server, type ServerOptions, startSpinel } from '../support/server.ts'

export const SCALE = Number(process.env['ROBUSTNESS_SCALE'] ?? 1)

const FORGOTTEN_WITHIN_MS = 15_000
const LOOK_AGAIN_MS = 20

/** A server, a connection that stays, and what the server took before anything was done to it. */
export interface Patient {
  server: Server
  control: RawClient
  allocated: number
}

/** Starts a server to be maltreated. Two workers and four shards, unless told otherwise. */
export async function admit(options: ServerOptions = {}): Promise<Patient> {
  const server = await startSpinel({
    ...options,
    directives: { 'enable-debug-command': 'yes', ...options.directives },
    spinelDirectives: { 'shard-workers': 2, shards: 4, ...options.spinelDirectives },
  })
  const control = await server.connect({ replyTimeoutMs: 120_000 })
  expect(await control.call('FLUSHALL')).toBe('OK')
  return { server, control, allocated: await figure(control, 'allocator_allocated') }
}

export async function discharge({ server, control }: Patient): Promise<void> {
  control.close()
  await server.stop()
}

/** A number that INFO shows. */
export async function figure(client: RawClient, name: string): Promise<number> {
  const text = String(await client.call('INFO', 'all'))
  const match = new RegExp(`^${name}:([0-9.]+)\\r?$`, 'm').exec(text)
  if (match === null) throw new Error(`INFO shows no ${name}`)
  return Number(match[1])
}

/** Waits until only the control connection is left. */
export async function expectForgotten({ control }: Patient): Promise<void> {
  const deadline = performance.now() + FORGOTTEN_WITHIN_MS
  let connected = await figure(control, 'connected_clients')
  while (connected > 1 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    connected = await figure(control, 'connected_clients')
  }
  expect(connected === 1 ? '' : String(await control.call('CLIENT', 'LIST'))).toBe('')
}

/** Everything this file is about. The data set is empty afterwards. */
export async function expectSound(patient: Patient): Promise<void> {
  const { server, control } = patient
  await expectForgotten(patient)
  const fresh = await server.connect()
  expect(await fresh.call('SET', 'sound', 'x')).toBe('OK')
  expect(await fresh.call('GET', 'sound')).toBe('x')
  fresh.close()
  expect(await control.call('DEBUG', 'CHECK')).toBe('OK')
  expect(await control.call('FLUSHALL')).toBe('OK')
  expect(await control.call('DEBUG', 'CHECK')).toBe('OK')
  expect(await figure(control, 'allocator_allocated')).toBe(patient.allocated)
  server.assertCleanLog()
}
