/* node-redis, unchanged, over RESP2 and RESP3: what its users do with a server of strings and keys. */

import { createClient, RESP_TYPES, WatchError } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Server, startSpinel } from '../support/server.ts'

describe.each([2, 3] as const)('node-redis over RESP%i', (RESP) => {
  let server: Server
  let redis: Client
  const opened: Client[] = []

  beforeAll(async () => {
    server = await startSpinel()
  })

  afterAll(async () => {
    await server.stop()
  })

  beforeEach(async () => {
    redis = await open()
    await redis.flushAll()
  })

  afterEach(() => {
    for (const each of opened.splice(0)) if (each.isOpen) each.destroy()
  })

  async function open(options: Options = {}): Promise<Client> {
    const client = clientOf({ socket: { port: server.port, host: '127.0.0.1' }, RESP, ...options })
    opened.push(client)
    client.on('error', () => {})
    await client.connect()
    return client
  }

  test('speaks the protocol that it was asked for', async () => {
    expect(String(await redis.sendCommand(['CLIENT', 'INFO']))).toContain(` resp=${RESP}`)
  })

  test('sets and gets strings, numbers, unicode and buffers', async () => {
    expect(await redis.set('k', 'grüße')).toBe('OK')
    expect(await redis.get('k')).toBe('grüße')
    expect(await redis.get('missing')).toBeNull()
    expect(await redis.set('k', 'x', { condition: 'NX' })).toBeNull()
    expect(await redis.set('k', 'x', { expiration: { type: 'EX', value: 100 }, GET: true })).toBe('grüße')
    const bytes = Buffer.from([0, 255, 13, 10, 36])
    await redis.set(bytes, bytes)
    expect(await redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get(bytes)).toEqual(bytes)
    expect(await redis.incrBy('n', 41)).toBe(41)
    expect(await redis.incr('n')).toBe(42)
    expect(await redis.incrByFloat('f', 0.1)).toBe('0.1')
  })

  test('sets and gets many keys, of any shards, in one command', async () => {
    const pairs = Array.from({ length: 100 }, (_, i): [string, string] => [`key:${i}`, `value:${i}`])
    await redis.mSet(pairs)
    expect(await redis.mGet(pairs.map(([key]) => key))).toEqual(pairs.map(([, value]) => value))
    expect(await redis.exists(pairs.map(([key]) => key))).toBe(100)
    expect(await redis.del(pairs.slice(0, 60).map(([key]) => key))).toBe(60)
    expect(await redis.dbSize()).toBe(40)
  })

  test('commands of one tick are pipelined, and an error spoils nothing but its own place', async () => {
    const results = await Promise.allSettled([redis.set('k', 'text'), redis.incr('k'), redis.append('k', '!')])
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message))).toEqual([
      'OK',
      'ERR value is not an integer or out of range',
      5,
    ])
    const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => redis.incr(`counter:${i % 7}`)))
    expect(replies.at(-1)).toBe(143)
  })

  test('a transaction gives all replies, a failed one none', async () => {
    expect(await redis.multi().set('a', '1').incr('a').get('a').exec()).toEqual(['OK', 2, '2'])
    await expect(redis.multi().set('a', '9').addCommand(['NOSUCHCOMMAND']).exec()).rejects.toThrow()
    expect(await redis.get('a')).toBe('2')
  })

  test('a watched key that changed fails the transaction', async () => {
    const other = await open()
    await redis.watch('seen')
    await other.set('seen', 'changed')
    await expect(redis.multi().set('seen', 'mine').exec()).rejects.toThrow(WatchError)
    await redis.watch('seen')
    expect(await redis.multi().set('seen', 'mine').exec()).toEqual(['OK'])
    expect(await other.get('seen')).toBe('mine')
  })

  test('keys expire', async () => {
    await redis.set('short', 'x', { expiration: { type: 'PX', value: 20 } })
    await redis.set('long', 'x', { expiration: { type: 'EX', value: 1000 } })
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(await redis.get('short')).toBeNull()
    expect(await redis.ttl('long')).toBeGreaterThan(900)
    expect(await redis.persist('long')).toBe(1)
    expect(await redis.ttl('long')).toBe(-1)
    expect(await redis.expireAt('long', 1)).toBe(1)
    expect(await redis.exists('long')).toBe(0)
  })

  test('a queue: workers wait, and each job goes to one of them, in order', async () => {
    const workers = [await open(), await open(), await open()]
    const ids = await Promise.all(workers.map((worker) => worker.sendCommand(['CLIENT', 'ID'])))
    const jobs: Promise<{ key: string; element: string } | null>[] = []
    for (const [i, worker] of workers.entries()) {
      jobs.push(worker.blPop(['urgent', 'jobs'], 0))
      while (!String(await redis.sendCommand(['CLIENT', 'LIST', 'ID', String(ids[i])])).includes('flags=b')) {}
    }
    await redis.rPush('jobs', ['one', 'two'])
    await redis.multi().rPush('jobs', 'three').rPush('urgent', 'now').exec()
    expect(await Promise.all(jobs)).toEqual([
      { key: 'jobs', element: 'one' },
      { key: 'jobs', element: 'two' },
      { key: 'urgent', element: 'now' },
    ])
    expect(await workers[0].blMove('jobs', 'done', 'LEFT', 'RIGHT', 0)).toBe('three')
    expect(await workers[0].brPopLPush('jobs', 'done', 0.01)).toBeNull()
    expect(await workers[1].blPop('jobs', 0.01)).toBeNull()
  })

  test('a scan iterator comes by every key', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `scanned:${i}`)
    await redis.mSet(names.map((name): [string, string] => [name, 'x']))
    await redis.set('other', 'x')
    const seen = new Set<string>()
    for await (const batch of redis.scanIterator({ MATCH: 'scanned:*', COUNT: 20 })) {
      for (const key of batch) seen.add(String(key))
    }
    expect([...seen].sort()).toEqual(names.sort())
  })

  test('errors reject the command that they answer, and the connection goes on', async () => {
    await redis.set('k', 'text')
    await expect(redis.incr('k')).rejects.toThrow('ERR value is not an integer or out of range')
    await expect(redis.sendCommand(['get'])).rejects.toThrow("ERR wrong number of arguments for 'get' command")
    await expect(redis.sendCommand(['nosuch', 'a'])).rejects.toThrow("ERR unknown command 'nosuch'")
    expect(await redis.ping()).toBe('PONG')
    expect(await redis.echo('hello')).toBe('hello')
  })

  test('databases are apart', async () => {
    const second = await open({ database: 2 })
    await second.set('k', 'two')
    expect(await redis.get('k')).toBeNull()
    await redis.select(2)
    expect(await redis.get('k')).toBe('two')
    expect(await redis.move('k', 0)).toBe(1)
    await redis.select(0)
    expect(await redis.get('k')).toBe('two')
  })

  test('names its connection', async () => {
    const named = await open({ name: 'billing' })
    expect(await named.clientGetName()).toBe('billing')
    await named.clientSetName('shipping')
    expect((await redis.clientList()).map(({ name }) => name)).toContain('shipping')
  })

  test('reconnects when its connection is killed, and selects its database again', async () => {
    const client = await open({
      database: 3,
      socket: { port: server.port, host: '127.0.0.1', reconnectStrategy: () => 5 },
    })
    await client.set('k', 'before')
    const id = await client.clientId()
    const ready = new Promise((resolve) => client.once('ready', resolve))
    expect(await redis.sendCommand(['CLIENT', 'KILL', 'ID', String(id)])).toBe(1)
    await ready
    expect(await client.get('k')).toBe('before')
    expect(await client.clientId()).not.toBe(id)
  })

  test('connects over the Unix socket', async () => {
    const client = await open({ socket: { path: server.unixSocket, tls: false } })
    expect(await client.set('k', 'by path')).toBe('OK')
    expect(await redis.get('k')).toBe('by path')
  })

  test('a value of several megabytes comes back whole', async () => {
    const value = 'spinel'.repeat(800_000)
    await redis.set('big', value)
    expect((await redis.get('big')) === value).toBe(true)
    expect(await redis.strLen('big')).toBe(value.length)
  })

  test('closes', async () => {
    const client = await open()
    await client.set('k', 'x')
    await client.close()
    expect(client.isOpen).toBe(false)
  })
})

describe.each([2, 3] as const)('node-redis over RESP%i and a password', (RESP) => {
  let server: Server

  beforeAll(async () => {
    server = await startSpinel({ directives: { requirepass: 'secret' } })
  })

  afterAll(async () => {
    await server.stop()
  })

  test('is let in with the password only', async () => {
    const socket = { port: server.port, host: '127.0.0.1', reconnectStrategy: false as const }
    const redis = clientOf({ socket, RESP, password: 'secret' })
    await redis.connect()
    expect(await redis.set('k', 'x')).toBe('OK')
    redis.destroy()
    for (const password of ['wrong', undefined]) {
      const stranger = clientOf({ socket, RESP, ...(password === undefined ? {} : { password }) })
      stranger.on('error', () => {})
      const attempt = stranger.connect().then(() => stranger.get('k'))
      await expect(attempt).rejects.toThrow()
      if (stranger.isOpen) stranger.destroy()
    }
  })
})

function clientOf(options: Options) {
  return createClient(options)
}

type Options = NonNullable<Parameters<typeof createClient>[0]>
type Client = ReturnType<typeof clientOf>
