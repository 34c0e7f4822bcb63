/* Beside redis-server: which deletions are lazy, under which setting, as INFO counts them; and that what was deleted
 * lazily is freed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { INLINE_EXECUTION_MODES, type Server, startOracle, startSpinel } from '../support/server.ts'

const SETTINGS = ['user-del', 'server-del', 'expire', 'eviction', 'user-flush'].map((name) => `lazyfree-lazy-${name}`)

/** A field of INFO as a number. */
async function info(client: RawClient, field: string): Promise<number> {
  const text = String(await client.call('INFO', 'memory'))
  return Number(new RegExp(`${field}:(\\d+)`).exec(text)?.[1])
}

/** How many values have been freed lazily, once all are. */
async function freed(client: RawClient): Promise<number> {
  while ((await info(client, 'lazyfree_pending_objects')) > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  return info(client, 'lazyfreed_objects')
}

/** A hash or list of so many fields or nodes. */
async function add(client: RawClient, key: string, type: string, parts: number): Promise<void> {
  const texts = Array.from({ length: parts }, (_, i) => `${i}`.padStart(20, 'x'))
  if (type === 'hash') await client.call('HSET', key, ...texts.flatMap((text) => [text, 'value']))
  else await client.call('RPUSH', key, ...texts)
}

/** What deletes the key `h`, or all keys. */
const ACTS: readonly (readonly string[])[] = [
  ['DEL', 'h'],
  ['UNLINK', 'h', 'none'],
  ['SET', 'h', 'x'],
  ['MSET', 'h', 'x', 'other', 'y'],
  ['RENAME', 'other', 'h'],
  ['RENAME', 'h', 'other'],
  ['COPY', 'other', 'h', 'REPLACE'],
  ['SORT', 'none', 'STORE', 'h'],
  ['BITOP', 'NOT', 'h', 'none'],
  ['EXPIRE', 'h', '-1'],
  ['PEXPIRE', 'h', '1'],
]

describe.each(INLINE_EXECUTION_MODES)('inline-execution %s', (mode) => {
  let servers: Server[]
  let clients: RawClient[]

  beforeAll(async () => {
    const directives = { 'hash-max-listpack-entries': 16, 'list-max-listpack-size': 1, 'enable-debug-command': 'yes' }
    const spinelDirectives = { 'shard-workers': 2, shards: 4, 'inline-execution': mode }
    servers = await Promise.all([startOracle({ directives }), startSpinel({ directives, spinelDirectives })])
    clients = await Promise.all(servers.map((server) => server.connect()))
  })

  afterAll(async () => {
    for (const client of clients) client.close()
    await Promise.all(servers.map((server) => server.stop()))
  })

  const eachClient = <Result>(act: (client: RawClient) => Promise<Result>) => Promise.all(clients.map(act))

  async function countFreed(settings: string[], type: string, parts: number, act: readonly string[]): Promise<number> {
    const [oracle, spinel] = await eachClient(async (client) => {
      await client.call('FLUSHALL', 'SYNC')
      for (const setting of SETTINGS) {
        await client.call('CONFIG', 'SET', setting, settings.includes(setting) ? 'yes' : 'no')
      }
      await client.call('CONFIG', 'RESETSTAT')
      await add(client, 'h', type, parts)
      await client.call('SET', 'other', 'z')
      await client.call(...act)
      if (act[0] === 'PEXPIRE') while ((await client.call('EXISTS', 'h')) === 1);
      return freed(client)
    })
    expect([settings, type, parts, act, spinel]).toEqual([settings, type, parts, act, oracle])
    return spinel
  }

  test('large values are freed lazily where Redis does it', async () => {
    let lazy = 0
    for (const setting of ['none', ...SETTINGS]) {
      for (const act of ACTS) lazy += await countFreed([setting], 'hash', 200, act)
    }
    for (const type of ['hash', 'list']) {
      for (const parts of [64, 65]) lazy += await countFreed(SETTINGS, type, parts, ['DEL', 'h'])
    }
    expect(lazy).toBeGreaterThan(15)
  })

  test('a large hash is gone at once, and its memory soon', async () => {
    const [, client] = clients
    await client.call('FLUSHALL', 'SYNC')
    await client.call('CONFIG', 'RESETSTAT')
    const before = await info(client, 'used_memory')
    for (let i = 0; i < 100; i++) {
      await client.call('HSET', 'h', ...Array.from({ length: 1000 }, (_, j) => [`field:${i}:${j}`, 'v']).flat())
    }
    expect(await info(client, 'used_memory')).toBeGreaterThan(before + 2_500_000)
    expect(await client.call('UNLINK', 'h')).toBe(1)
    expect(await client.call('EXISTS', 'h')).toBe(0)
    expect(await freed(client)).toBe(1)
    expect(await info(client, 'used_memory')).toBeLessThan(before + 1_000_000)
    expect(await client.call('DEBUG', 'CHECK')).toBe('OK')
  })
})
