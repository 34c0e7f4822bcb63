/* maxmemory: who goes when memory is short, and who is told so, in each way of running commands. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { RawClient } from '../support/raw-client.ts'
import type { PlainReply } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES, type Server, startSpinel } from '../support/server.ts'

const OOM = "OOM command not allowed when used memory > 'maxmemory'."
const KB = 1024
const POLICIES = [
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
]

describe.each(INLINE_EXECUTION_MODES)('inline-execution %s', (mode) => {
  let server: Server
  let client: RawClient

  beforeAll(async () => {
    server = await startSpinel({
      directives: { 'enable-debug-command': 'yes' },
      spinelDirectives: { 'inline-execution': mode, 'shard-workers': 2, shards: 4 },
    })
    client = await server.connect()
  })

  afterAll(async () => {
    await client.call('DEBUG', 'CHECK')
    client.close()
    await server.stop()
  })

  beforeEach(async () => {
    await config('maxmemory', 0, 'maxmemory-policy', 'noeviction', 'maxmemory-samples', 5)
    await client.call('FLUSHALL')
    await client.call('CONFIG', 'RESETSTAT')
  })

  const config = async (...words: (string | number)[]) => {
    expect(await client.call('CONFIG', 'SET', ...words)).toBe('OK')
  }

  async function field(name: string): Promise<number> {
    const info = String(await client.call('INFO', 'everything'))
    return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])
  }

  const used = () => field('used_memory')

  /** A limit so many bytes above what is used now. */
  async function limit(bytes: number, policy: string): Promise<number> {
    const maxmemory = (await used()) + bytes
    await config('maxmemory', maxmemory, 'maxmemory-policy', policy)
    return maxmemory
  }

  async function until(isTrue: () => Promise<boolean>): Promise<void> {
    while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  const errors = (replies: PlainReply[]) => replies.filter((each) => each instanceof Error).map((each) => each.message)

  test.each(POLICIES)('%s keeps the budget under a storm of writes', async (policy) => {
    const maxmemory = await limit(400 * KB, policy)
    const random = new Random(7)
    for (let round = 0; round < 10; round++) {
      const storm = Array.from({ length: 1000 }, () => {
        const key = `key:${random.next()}`
        return ['SETEX', key, 10_000, 'x'.repeat(random.next() % 200)]
      })
      expect(errors(await client.pipeline(storm))).toEqual([])
      // What other connections and the command at hand hold is counted, too.
      expect(await used()).toBeLessThan(maxmemory + 48 * KB)
    }
    expect(await field('evicted_keys')).toBeGreaterThan(3000)
    expect(await client.call('DBSIZE')).toBeGreaterThan(500)
    expect(await field('evicted_keys')).toBe(10_000 - Number(await client.call('DBSIZE')))
    expect(await client.call('DEBUG', 'CHECK')).toBe('OK')
  })

  test('values far larger than the commands that make them pass the budget by one of them at most', async () => {
    const maxmemory = await limit(4096 * KB, 'allkeys-lru')
    const large = Array.from({ length: 400 }, (_, i) => ['SETRANGE', `large:${i}`, 200 * KB, 'x'])
    expect(errors(await client.pipeline(large))).toEqual([])
    expect(await used()).toBeLessThan(maxmemory + 600 * KB)
    expect(await field('used_memory_peak')).toBeLessThan(maxmemory + 1200 * KB)
    await config('maxmemory-policy', 'noeviction')
    const replies = await client.pipeline(large.map(([name, key, ...words]) => [name, `more:${key}`, ...words]))
    expect(errors(replies).length).toBeGreaterThan(390)
    expect(new Set(errors(replies))).toEqual(new Set([OOM]))
  })

  test.each(POLICIES)('%s touches no key that it may not', async (policy) => {
    await limit(300 * KB, policy)
    const lasting = Array.from({ length: 700 }, (_, i) => ['SET', `lasting:${i}`, 'x'.repeat(100)])
    await client.pipeline(lasting)
    const volatile = Array.from({ length: 4000 }, (_, i) => ['SET', `volatile:${i}`, 'x'.repeat(100), 'EX', 10_000])
    expect(errors(await client.pipeline(volatile))).toEqual([])
    const left = (await client.call('EXISTS', ...lasting.map(([, key]) => key))) as number
    if (policy.startsWith('volatile')) expect(left).toBe(700)
    else expect(left).toBeLessThan(600)
    if (!policy.startsWith('volatile')) return
    // Nothing but what must stay: no more of it.
    const more = Array.from({ length: 8000 }, (_, i) => ['SET', `more:${i}`, 'x'.repeat(100)])
    const refused = errors(await client.pipeline(more))
    expect(refused.length).toBeGreaterThan(1000)
    expect(new Set(refused)).toEqual(new Set([OOM]))
    expect(await client.call('EXISTS', ...lasting.map(([, key]) => key))).toBe(700)
    expect(await field('current_eviction_exceeded_time')).toBeGreaterThanOrEqual(0)
  })

  test('volatile-ttl: the sooner a key expires, the sooner it goes', async () => {
    const keys = Array.from({ length: 2000 }, (_, i) => `key:${i}`)
    await client.pipeline(keys.map((key, i) => ['SET', key, 'x'.repeat(100), 'EX', 10_000 + i * 10]))
    await config('maxmemory-samples', 10)
    await config('maxmemory', (await used()) - 150 * KB, 'maxmemory-policy', 'volatile-ttl')
    await until(async () => (await field('current_eviction_exceeded_time')) === 0)
    expect(await field('evicted_keys')).toBeGreaterThan(500)
    const exists = await client.pipeline(keys.map((key) => ['EXISTS', key]))
    const share = (from: number, to: number) =>
      exists.slice(from, to).reduce((sum: number, each) => sum + Number(each), 0) / (to - from)
    expect(share(0, 400)).toBeLessThan(0.2)
    expect(share(1600, 2000)).toBeGreaterThan(0.9)
  })

  test('allkeys-lfu: what is used often stays', async () => {
    await config('maxmemory-policy', 'allkeys-lfu', 'maxmemory-samples', 10, 'lfu-log-factor', 0)
    const keys = Array.from({ length: 2000 }, (_, i) => `key:${i}`)
    await client.pipeline(keys.map((key) => ['SET', key, 'x'.repeat(100)]))
    for (let round = 0; round < 5; round++) await client.pipeline(keys.slice(1000).map((key) => ['GET', key]))
    await config('maxmemory', (await used()) - 100 * KB)
    await until(async () => (await field('evicted_keys')) > 0 && (await field('current_eviction_exceeded_time')) === 0)
    expect(await client.call('EXISTS', ...keys.slice(1000))).toBeGreaterThan(950)
    expect(await client.call('EXISTS', ...keys.slice(0, 1000))).toBeLessThan(500)
  })

  test('CONFIG SET maxmemory evicts at once, with nobody asking, and says so in the log', async () => {
    await client.pipeline(Array.from({ length: 20_000 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(100)]))
    const before = await used()
    await config('maxmemory-policy', 'allkeys-random')
    const maxmemory = before - 1500 * KB
    await config('maxmemory', maxmemory)
    await until(async () => (await used()) <= maxmemory)
    expect(await used()).toBeGreaterThan(maxmemory - 100 * KB)
    expect(await field('evicted_keys')).toBeGreaterThan(1000)
    expect(server.log()).toContain(`WARNING: the new maxmemory value set via CONFIG SET (${maxmemory}) is smaller than`)
  })

  test('a transaction is refused when it is queued or run, and an evicted key breaks a watch', async () => {
    await client.pipeline([['SET', 'a', 'x'.repeat(10_000)], ['MULTI'], ['SET', 'b', 1]])
    await client.call('CONFIG', 'GET', 'maxmemory')
    const other = await server.connect()
    const lower = async () => {
      expect(await other.call('CONFIG', 'SET', 'maxmemory', '1mb')).toBe('OK')
      expect(await other.call('SETRANGE', 'large', 4096 * KB, 'x')).toBe(4096 * KB + 1)
    }
    await lower()
    const aborted = `EXECABORT Transaction discarded because of: ${OOM.replace(/^ERR /, '')}`
    expect(await client.call('EXEC')).toEqual(new Error(aborted))
    expect(await client.pipeline([['MULTI'], ['GET', 'a'], ['EXEC']])).toEqual([
      'OK',
      new Error(OOM),
      new Error('EXECABORT Transaction discarded because of previous errors.'),
    ])
    await other.call('CONFIG', 'SET', 'maxmemory', 0)
    await client.pipeline([['WATCH', 'a'], ['MULTI'], ['GET', 'a']])
    await other.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
    await other.call('CONFIG', 'SET', 'maxmemory', '1000')
    while ((await other.call('DBSIZE')) !== 0);
    await other.call('CONFIG', 'SET', 'maxmemory', 0)
    expect(await client.call('EXEC')).toBe(null)
    other.close()
  })

  test('what a client holds is counted while it does, and no longer', async () => {
    await limit(3000 * KB, 'allkeys-lru')
    await client.pipeline(Array.from({ length: 1000 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(1000)]))
    expect(await field('evicted_keys')).toBe(0)
    const hoarder = await server.connect()
    hoarder.send(`*2\r\n$4\r\nECHO\r\n$${2500 * KB}\r\n${'x'.repeat(2400 * KB)}`)
    await until(async () => (await field('evicted_keys')) > 0)
    hoarder.close()
    await until(async () => (await field('connected_clients')) === 1)
    await client.call('CONFIG', 'RESETSTAT')
    await client.pipeline(Array.from({ length: 1000 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(1000)]))
    expect(await field('evicted_keys')).toBe(0)
  })

  test('a large value that was deleted is freed before any key goes', async () => {
    await client.pipeline(Array.from({ length: 500 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(100)]))
    for (let i = 0; i < 20; i++) {
      await client.call(
        'HSET',
        'h',
        ...Array.from({ length: 2000 }, (_, j) => String(j % 2 === 0 ? i * 2000 + j : 'v')),
      )
    }
    const before = await used()
    await config('maxmemory-policy', 'allkeys-random')
    expect(await client.call('UNLINK', 'h')).toBe(1)
    await client.pipeline([
      ['CONFIG', 'SET', 'maxmemory', before - 400 * KB],
      ...Array.from({ length: 100 }, (_, i) => ['SET', `key:${i}`, 'y'.repeat(100)]),
    ])
    await until(async () => (await used()) <= before - 400 * KB)
    expect(await field('evicted_keys')).toBe(0)
    expect(await client.call('DBSIZE')).toBe(500)
  })

  test('a pause keeps everybody', async () => {
    await client.pipeline(Array.from({ length: 2000 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(100)]))
    await config('maxmemory-policy', 'allkeys-lru')
    await client.call('CLIENT', 'PAUSE', 100_000, 'WRITE')
    await config('maxmemory', (await used()) - 100 * KB)
    for (let i = 0; i < 10; i++) expect(await client.call('DBSIZE')).toBe(2000)
    await client.call('CLIENT', 'UNPAUSE')
    await until(async () => (await client.call('DBSIZE')) !== 2000)
    await until(async () => (await field('current_eviction_exceeded_time')) === 0)
  })

  test('many clients at once are refused nothing, and the limit is come back to', async () => {
    const maxmemory = await limit(1024 * KB, 'allkeys-lru')
    const clients = await Promise.all(Array.from({ length: 12 }, () => server.connect()))
    await Promise.all(
      clients.map(async (each, n) => {
        const random = new Random(n)
        for (let round = 0; round < 6; round++) {
          const storm = Array.from({ length: 400 }, (_, i) => {
            const key = `key:${random.next() % 20_000}`
            if (i % 20 === 0) return ['MSET', key, 'x'.repeat(300), `${key}:1`, 'y', `${key}:2`, 'z']
            if (i % 21 === 0) return ['COPY', key, `${key}:copy`, 'REPLACE']
            return i % 3 === 0 ? ['GET', key] : ['APPEND', key, 'x'.repeat(random.next() % 300)]
          })
          expect(errors(await each.pipeline(storm))).toEqual([])
        }
      }),
    )
    for (const each of clients) each.close()
    await until(async () => (await used()) <= maxmemory + 32 * KB)
    expect(await field('evicted_keys')).toBeGreaterThan(1000)
    expect(await client.call('DEBUG', 'CHECK')).toBe('OK')
  })
})
