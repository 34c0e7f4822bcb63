/* ioredis, unchanged, over RESP2 and RESP3: what its users do with a server of strings and keys. */

import { Redis, type RedisOptions } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Server, startSpinel } from '../support/server.ts'

describe.each([2, 3] as const)('ioredis over RESP%i', (protocol) => {
  let server: Server
  let redis: Redis
  const opened: Redis[] = []

  beforeAll(async () => {
    server = await startSpinel()
  })

  afterAll(async () => {
    await server.stop()
  })

  beforeEach(async () => {
    redis = open()
    await redis.flushall()
  })

  afterEach(() => {
    for (const each of opened.splice(0)) each.disconnect()
  })

  function open(options: Options = {}): Redis {
    const client = new Redis({ port: server.port, host: '127.0.0.1', protocol, ...options })
    opened.push(client)
    return client
  }

  test('speaks the protocol that it was asked for', async () => {
    expect(await redis.client('INFO')).toContain(` resp=${protocol}`)
  })

  test('sets and gets strings, numbers, unicode and buffers', async () => {
    expect(await redis.set('k', 'grüße')).toBe('OK')
    expect(await redis.get('k')).toBe('grüße')
    expect(await redis.get('missing')).toBeNull()
    expect(await redis.set('k', 'x', 'NX')).toBeNull()
    expect(await redis.set('k', 'x', 'EX', 100, 'GET')).toBe('grüße')
    const bytes = Buffer.from([0, 255, 13, 10, 36])
    await redis.set(bytes, bytes)
    expect(await redis.getBuffer(bytes)).toEqual(bytes)
    expect(await redis.incrby('n', 41)).toBe(41)
    expect(await redis.incr('n')).toBe(42)
    expect(await redis.incrbyfloat('f', 0.1)).toBe('0.1')
  })

  test('sets and gets many keys, of any shards, in one command', async () => {
    const pairs = Array.from({ length: 100 }, (_, i) => [`key:${i}`, `value:${i}`])
    await redis.mset(new Map(pairs as [string, string][]))
    expect(await redis.mget(pairs.map(([key]) => key))).toEqual(pairs.map(([, value]) => value))
    expect(await redis.exists(...pairs.map(([key]) => key))).toBe(100)
    expect(await redis.del(...pairs.slice(0, 60).map(([key]) => key))).toBe(60)
    expect(await redis.dbsize()).toBe(40)
  })

  test('pipelines keep order, and an error spoils nothing but its own place', async () => {
    const results = await redis.pipeline().set('k', 'text').incr('k').append('k', '!').get('k').exec()
    expect(results?.map(([error, value]) => error?.message ?? value)).toEqual([
      'OK',
      'ERR value is not an integer or out of range',
      5,
      'text!',
    ])
    const many = redis.pipeline()
    for (let i = 0; i < 1000; i++) many.incr(`counter:${i % 7}`)
    expect((await many.exec())?.at(-1)).toEqual([null, 143])
  })

  test('commands of one tick travel together when auto-pipelining', async () => {
    const auto = open({ enableAutoPipelining: true })
    const replies = await Promise.all(Array.from({ length: 50 }, (_, i) => auto.set(`auto:${i}`, i)))
    expect(replies).toEqual(Array(50).fill('OK'))
    expect(await redis.get('auto:49')).toBe('49')
  })

  test('a transaction gives all replies, a failed one none', async () => {
    expect(await redis.multi().set('a', 1).incr('a').get('a').exec()).toEqual([
      [null, 'OK'],
      [null, 2],
      [null, '2'],
    ])
    const broken = redis.multi().set('a', 9)
    broken.call('nosuchcommand')
    await expect(broken.exec()).rejects.toThrow('EXECABORT')
    expect(await redis.get('a')).toBe('2')
  })

  test('a watched key that changed makes EXEC answer null', async () => {
    const other = open()
    await redis.watch('seen')
    await other.set('seen', 'changed')
    expect(await redis.multi().set('seen', 'mine').exec()).toBeNull()
    await redis.watch('seen')
    expect(await redis.multi().set('seen', 'mine').exec()).toEqual([[null, 'OK']])
    expect(await other.get('seen')).toBe('mine')
  })

  test('keys expire', async () => {
    await redis.set('short', 'x', 'PX', 20)
    await redis.set('long', 'x', 'EX', 1000)
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(await redis.get('short')).toBeNull()
    expect(await redis.ttl('long')).toBeGreaterThan(900)
    expect(await redis.persist('long')).toBe(1)
    expect(await redis.ttl('long')).toBe(-1)
    expect(await redis.expireat('long', 1)).toBe(1)
    expect(await redis.exists('long')).toBe(0)
  })

  test('a queue: workers wait, and each job goes to one of them, in order', async () => {
    const workers = [open(), open(), open()]
    const ids = await Promise.all(workers.map((worker) => worker.client('ID')))
    const jobs: Promise<[string, string] | null>[] = []
    for (const [i, worker] of workers.entries()) {
      jobs.push(worker.blpop('urgent', 'jobs', 0))
      while (!String(await redis.client('LIST', 'ID', ids[i])).includes('flags=b')) {}
    }
    await redis.rpush('jobs', 'one', 'two')
    await redis.multi().rpush('jobs', 'three').rpush('urgent', 'now').exec()
    expect(await Promise.all(jobs)).toEqual([
      ['jobs', 'one'],
      ['jobs', 'two'],
      ['urgent', 'now'],
    ])
    expect(await workers[0].blmove('jobs', 'done', 'LEFT', 'RIGHT', 0)).toBe('three')
    expect(await workers[0].brpoplpush('jobs', 'done', 0.01)).toBeNull()
    expect(await workers[1].blpop('jobs', 0.01)).toBeNull()
  })

  test('a scan stream comes by every key', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `scanned:${i}`)
    await redis.mset(names.flatMap((name) => [name, 'x']))
    await redis.set('other', 'x')
    const seen = new Set<string>()
    for await (const batch of redis.scanStream({ match: 'scanned:*', count: 20 })) {
      for (const key of batch as string[]) seen.add(key)
    }
    expect([...seen].sort()).toEqual(names.sort())
  })

  test('errors reject the command that they answer, and the connection goes on', async () => {
    await redis.set('k', 'text')
    await expect(redis.incr('k')).rejects.toThrow('ERR value is not an integer or out of range')
    await expect(redis.call('get')).rejects.toThrow("ERR wrong number of arguments for 'get' command")
    await expect(redis.call('nosuch', 'a')).rejects.toThrow(
      "ERR unknown command 'nosuch', with args beginning with: 'a'",
    )
    expect(await redis.ping()).toBe('PONG')
    expect(await redis.echo('hello')).toBe('hello')
  })

  test('databases are apart', async () => {
    const second = open({ db: 2 })
    await second.set('k', 'two')
    expect(await redis.get('k')).toBeNull()
    await redis.select(2)
    expect(await redis.get('k')).toBe('two')
    expect(await redis.move('k', 0)).toBe(1)
    await redis.select(0)
    expect(await redis.get('k')).toBe('two')
  })

  test('names its connection', async () => {
    const named = open({ connectionName: 'billing' })
    expect(await named.client('GETNAME')).toBe('billing')
    await named.client('SETNAME', 'shipping')
    expect(await redis.client('LIST')).toContain(' name=shipping ')
  })

  test('reconnects when its connection is killed, and selects its database again', async () => {
    const client = open({ db: 3, retryStrategy: () => 5 })
    await client.set('k', 'before')
    const id = await client.client('ID')
    const ready = new Promise((resolve) => client.once('ready', resolve))
    expect(await redis.client('KILL', 'ID', id)).toBe(1)
    await ready
    expect(await client.get('k')).toBe('before')
    expect(await client.client('ID')).not.toBe(id)
  })

  test('connects over the Unix socket', async () => {
    const client = new Redis({ path: server.unixSocket, protocol })
    opened.push(client)
    expect(await client.set('k', 'by path')).toBe('OK')
    expect(await redis.get('k')).toBe('by path')
  })

  test('a value of several megabytes comes back whole', async () => {
    const value = Buffer.alloc(5_000_000, 'spinel')
    await redis.set('big', value)
    expect((await redis.getBuffer('big'))?.equals(value)).toBe(true)
    expect(await redis.strlen('big')).toBe(value.length)
  })

  test('quits', async () => {
    const client = open()
    expect(await client.quit()).toBe('OK')
  })
})

describe.each([2, 3] as const)('ioredis over RESP%i and a password', (protocol) => {
  let server: Server

  beforeAll(async () => {
    server = await startSpinel({ directives: { requirepass: 'secret' } })
  })

  afterAll(async () => {
    await server.stop()
  })

  test('is let in with the password only', async () => {
    const options = { port: server.port, host: '127.0.0.1', protocol, retryStrategy: () => null }
    const redis = new Redis({ ...options, password: 'secret' })
    expect(await redis.set('k', 'x')).toBe('OK')
    redis.disconnect()
    const stranger = new Redis(options)
    stranger.on('error', () => {})
    await expect(stranger.get('k')).rejects.toThrow()
    stranger.disconnect()
  })
})

/** Without the field whose type clashes with exactOptionalPropertyTypes. */
type Options = Omit<RedisOptions, 'replyMapping'>
