/* What the state of the server forbids: commands that are refused however well formed they are. */

import { afterEach, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { type Directives, type Server, startSpinel } from '../support/server.ts'

const REFUSED = 'NOREPLICAS Not enough good replicas to write.'

let server: Server

afterEach(() => server.stop())

async function start(directives: Directives): Promise<RawClient> {
  server = await startSpinel({ directives })
  const client = await server.connect()
  return client
}

/** The text of the error that the command is answered with; '' if it is none. */
async function errorOf(client: RawClient, ...command: (string | number)[]): Promise<string> {
  const reply = await client.call(...command)
  return reply instanceof Error ? reply.message : ''
}

test('min-replicas-to-write refuses writes for as long as there are not that many replicas', async () => {
  const client = await start({ 'min-replicas-to-write': 1 })
  expect(await errorOf(client, 'SET', 'k', 'v')).toBe(REFUSED)
  expect(await errorOf(client, 'FLUSHALL')).toBe(REFUSED)
  // What is wrong with the command itself comes first.
  expect(await errorOf(client, 'SET', 'k')).toContain('wrong number of arguments')
  expect(await client.call('GET', 'k')).toBe(null)
  expect(await client.call('CONFIG', 'SET', 'min-replicas-max-lag', 0)).toBe('OK')
  expect(await client.call('SET', 'k', 'v')).toBe('OK')
  expect(await client.call('CONFIG', 'SET', 'min-replicas-max-lag', 10)).toBe('OK')
  expect(await errorOf(client, 'SET', 'k', 'w')).toBe(REFUSED)
  expect(await client.call('CONFIG', 'SET', 'min-slaves-to-write', 0)).toBe('OK')
  expect(await client.call('GET', 'k')).toBe('v')
  expect(await client.call('SET', 'k', 'w')).toBe('OK')
})

test('a transaction that writes is refused as a whole, one that reads is not', async () => {
  const client = await start({})
  const other = await server.connect()
  await client.call('SET', 'k', 'v')
  for (const [command, replies] of [
    ['SET', null],
    ['GET', ['v']],
  ] as const) {
    await other.call('CONFIG', 'SET', 'min-replicas-to-write', 0)
    expect(await client.call('MULTI')).toBe('OK')
    expect(await client.call(...(command === 'SET' ? ['SET', 'k', 'w'] : ['GET', 'k']))).toBe('QUEUED')
    await other.call('CONFIG', 'SET', 'min-replicas-to-write', 2)
    if (replies === null)
      expect(await errorOf(client, 'EXEC')).toBe(`EXECABORT Transaction discarded because of: ${REFUSED}`)
    else expect(await client.call('EXEC')).toEqual(replies)
  }
  expect(await client.call('MULTI')).toBe('OK')
  expect(await errorOf(client, 'SET', 'k', 'w')).toBe(REFUSED)
  expect(await errorOf(client, 'EXEC')).toContain('EXECABORT')
})

test('maxmemory bounds used_memory as INFO shows it', async () => {
  const client = await start({})
  const used = async () => Number(/^used_memory:(\d+)/m.exec(String(await client.call('INFO', 'memory')))?.[1])
  const limit = (await used()) + 200_000
  await client.call('CONFIG', 'SET', 'maxmemory', limit)
  let written = 0
  while ((await errorOf(client, 'SET', `k${written}`, 'x'.repeat(1000))) === '') written++
  expect(await errorOf(client, 'APPEND', 'k0', 'x')).toBe("OOM command not allowed when used memory > 'maxmemory'.")
  expect(written).toBeGreaterThan(100)
  expect(await used()).toBeGreaterThan(limit)
  expect((await used()) - limit).toBeLessThan(20_000)
  // What may free memory, and what reads, goes on.
  expect(await client.call('STRLEN', 'k0')).toBe(1000)
  expect(await client.call('DEL', ...Array.from({ length: 50 }, (_, i) => `k${i}`))).toBe(50)
  expect(await client.call('SET', 'k0', 'x')).toBe('OK')
})
