/* maxmemory-clients: the costliest clients go when all together cost too much. */

import { afterEach, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { encodeCommand } from '../support/resp.ts'
import { type Directives, type Server, startSpinel } from '../support/server.ts'

const MB = 1024 * 1024

let server: Server

afterEach(() => server.stop())

async function start(directives: Directives): Promise<RawClient> {
  server = await startSpinel({ directives })
  const client = await connect('witness')
  await client.call('CLIENT', 'NO-EVICT', 'on')
  return client
}

async function connect(name: string): Promise<RawClient> {
  const each = await server.connect()
  await each.call('CLIENT', 'SETNAME', name)
  return each
}

const names = async (client: RawClient) => String(await client.call('CLIENT', 'LIST')).match(/(?<=name=)\S+/g) ?? []

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Begins a command with an argument of so many bytes, the last of which does not come. */
const beginLarge = (client: RawClient, bytes: number) =>
  client.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${bytes}\r\n${'v'.repeat(bytes - 1)}`)

test('a command, a queue, watches and replies that are too much', async () => {
  const client = await start({ 'maxmemory-clients': 3 * MB })
  const [sender, queuer, watcher, reader] = [
    await connect('sender'),
    await connect('queuer'),
    await connect('watcher'),
    await connect('reader'),
  ]
  beginLarge(sender, 2 * MB)
  await client.call('PING')
  expect(await names(client)).toEqual(['witness', 'sender', 'queuer', 'watcher', 'reader'])
  sender.send('v\r\n')
  await sender.read()
  beginLarge(sender, 4 * MB)
  await sender.readToEnd()
  await queuer.call('MULTI')
  queuer.send(Buffer.concat(Array.from({ length: 4 }, () => encodeCommand(['SET', 'k', 'v'.repeat(MB)]))))
  await queuer.readToEnd()
  watcher.send(
    Buffer.concat(Array.from({ length: 4000 }, (_, i) => encodeCommand(['WATCH', `${'k'.repeat(1000)}${i}`]))),
  )
  await watcher.readToEnd()
  await client.call('SET', 'large', 'x'.repeat(MB))
  reader.socket.pause()
  reader.send(Buffer.concat(Array.from({ length: 20 }, () => encodeCommand(['GET', 'large']))))
  await until(async () => (await names(client)).length === 1)
  const info = String(await client.call('INFO', 'stats'))
  expect(info).toContain('evicted_clients:4\r\n')
  const evictions = () => server.log().match(/\* Evicting client: id=\d+ /g)
  await expect.poll(evictions, { timeout: 10_000 }).toHaveLength(4)
})

test('the largest first, and no more than must', async () => {
  const client = await start({})
  const sizes = [1, 4, 2, 4, 8, 0.125]
  for (const [i, size] of sizes.entries()) beginLarge(await connect(`c${i}-${size}`), size * MB)
  await until(async () => {
    const costs = String(await client.call('CLIENT', 'LIST')).matchAll(/name=c\d-(\S+) .* tot-mem=(\d+) /g)
    return costs.reduce((arrived, [, size, cost]) => arrived + (Number(cost) >= Number(size) * MB ? 1 : 0), 0) === 6
  })
  expect(await client.call('CONFIG', 'SET', 'maxmemory-clients', 8 * MB)).toBe('OK')
  await until(async () => (await names(client)).length === 5)
  expect(await names(client)).toEqual(['witness', 'c0-1', 'c2-2', 'c3-4', 'c5-0.125'])
  // A percentage of maxmemory, and of nothing when there is none.
  expect(await client.call('CONFIG', 'SET', 'maxmemory-clients', '1%')).toBe('OK')
  expect(await names(client)).toHaveLength(5)
  expect(await client.call('CONFIG', 'SET', 'maxmemory', 150 * MB)).toBe('OK')
  await until(async () => (await names(client)).length === 3)
  expect(await names(client)).toEqual(['witness', 'c0-1', 'c5-0.125'])
})

test('who must not be evicted stays, and says so in the log', async () => {
  const client = await start({ 'maxmemory-clients': MB })
  const kept = await connect('kept')
  await kept.call('CLIENT', 'NO-EVICT', 'on')
  beginLarge(kept, 4 * MB)
  const other = await connect('other').catch(() => null)
  await until(async () => server.log().includes('Over client maxmemory after evicting all evictable clients'))
  expect(await names(client)).toEqual(['witness', 'kept'])
  expect(other === null || (await other.readToEnd()).length === 0).toBe(true)
})
