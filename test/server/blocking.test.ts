/* Blocking commands on a whole server: who is served, in which order, with what, and what ends a wait otherwise. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { decodeReply, encodeCommand, type PlainReply, plain } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES, type Server, startSpinel } from '../support/server.ts'

type Words = readonly (string | number)[]

describe.each(INLINE_EXECUTION_MODES)('inline-execution %s', (mode) => {
  let server: Server
  let client: RawClient

  beforeAll(async () => {
    server = await startSpinel({
      directives: { 'enable-debug-command': 'yes' },
      spinelDirectives: { 'inline-execution': mode, 'shard-workers': 2, shards: 4 },
    })
  })

  afterAll(() => server.stop())

  beforeEach(async () => {
    client = await server.connect()
    await client.call('FLUSHALL')
  })

  afterEach(() => server.disconnectAll())

  const info = async (field: string) =>
    Number(new RegExp(`${field}:(\\d+)`).exec(String(await client.call('INFO', 'clients')))?.[1])

  async function untilBlocked(count: number): Promise<void> {
    while ((await info('blocked_clients')) !== count) await new Promise((resolve) => setImmediate(resolve))
  }

  const read = async (each: RawClient): Promise<PlainReply> => plain(decodeReply(await each.read()))

  /** Clients that wait in these commands, in this order. */
  async function waiting(...commands: Words[]): Promise<RawClient[]> {
    const before = await info('blocked_clients')
    const clients: RawClient[] = []
    for (const [i, words] of commands.entries()) {
      const each = await server.connect()
      each.send(encodeCommand(words))
      await untilBlocked(before + i + 1)
      clients.push(each)
    }
    return clients
  }

  /** What has come for a client that is expected to wait on. */
  async function nothing(each: RawClient): Promise<void> {
    await client.call('PING')
    expect(each.unread().toString('latin1')).toBe('')
  }

  /** Fills the rings, so that what follows finds shards busy. */
  const load = (keys = 50): Words[] => Array.from({ length: keys }, (_, i) => ['APPEND', `load:${i}`, 'x'])

  describe('what is there already', () => {
    test('is taken from the first key that has some', async () => {
      await client.pipeline([
        ['RPUSH', 'b', '1', '2', '3'],
        ['RPUSH', 'c', '4'],
      ])
      expect(await client.call('BLPOP', 'a', 'b', 'c', 0)).toEqual(['b', '1'])
      expect(await client.call('BRPOP', 'c', 'a', 'b', 0)).toEqual(['c', '4'])
      expect(await client.call('BRPOP', 'c', 'a', 'b', 1)).toEqual(['b', '3'])
      expect(await client.call('BLMOVE', 'b', 'd', 'LEFT', 'RIGHT', 0)).toBe('2')
      expect(await client.call('EXISTS', 'b', 'c')).toBe(0)
      expect(await client.call('BRPOPLPUSH', 'd', 'd', 0)).toBe('2')
      await client.call('RPUSH', 'd', '5', '6')
      expect(await client.call('BLMPOP', 0, 2, 'c', 'd', 'RIGHT', 'COUNT', 2)).toEqual(['d', ['6', '5']])
    })

    test('is refused with the wrong type, even behind keys that are not there', async () => {
      await client.pipeline([
        ['SET', 's', 'x'],
        ['RPUSH', 'l', '1'],
      ])
      for (const words of [
        ['BLPOP', 's', 0],
        ['BRPOP', 'a', 's', 'l', 0],
        ['BLMOVE', 's', 'd', 'LEFT', 'LEFT', 0],
        ['BLMOVE', 'l', 's', 'LEFT', 'LEFT', 0],
        ['BRPOPLPUSH', 's', 'd', 0],
      ] as const) {
        expect(String(await client.call(...words))).toContain('WRONGTYPE')
      }
      expect(await client.call('BLPOP', 'l', 's', 0)).toEqual(['l', '1'])
    })

    test('is not looked at with arguments that are wrong', async () => {
      const cases: [Words, string][] = [
        [['BLPOP', 'a', 'x'], 'ERR timeout is not a float or out of range'],
        [['BLPOP', 'a', '-1'], 'ERR timeout is negative'],
        [['BLPOP', 'a', 'inf'], 'ERR timeout is out of range'],
        [['BRPOP', 'a', '9223372036854775807'], 'ERR timeout is out of range'],
        [['BLMOVE', 'a', 'b', 'LEFT', 'UP', 0], 'ERR syntax error'],
        [['BLMOVE', 'a', 'b', 'LEFT', 'LEFT', 'x'], 'ERR timeout is not a float or out of range'],
        [['BRPOPLPUSH', 'a', 'b', '-0.002'], 'ERR timeout is negative'],
        [['BLMPOP', 0, 0, 'a', 'LEFT'], 'ERR numkeys should be greater than 0'],
        [['BLMPOP', 'x', 1, 'a', 'LEFT', 'COUNT', 0], 'ERR count should be greater than 0'],
        [['BLMPOP', 'x', 1, 'a', 'LEFT'], 'ERR timeout is not a float or out of range'],
        [['BLPOP', 'a'], "ERR wrong number of arguments for 'blpop' command"],
      ]
      for (const [words, error] of cases) expect(await client.call(...words)).toEqual(new Error(error))
    })
  })

  describe('a client that waits', () => {
    test('is served by a push, and reads on', async () => {
      const [waiter] = await waiting(['BLPOP', 'a', 'b', 0])
      waiter.send(Buffer.concat([encodeCommand(['LLEN', 'b']), encodeCommand(['PING'])]))
      await nothing(waiter)
      expect(await client.call('RPUSH', 'b', '1', '2')).toBe(2)
      expect([await read(waiter), await read(waiter), await read(waiter)]).toEqual([['b', '1'], 1, 'PONG'])
      expect(await info('blocked_clients')).toBe(0)
    })

    test('is served in the order of arrival, each with one element', async () => {
      const waiters = await waiting(['BLPOP', 'a', 0], ['BRPOP', 'a', 0], ['BLPOP', 'b', 'a', 0], ['BLPOP', 'a', 0])
      expect(await client.call('LPUSH', 'a', '1', '2', '3')).toBe(3)
      expect([await read(waiters[0]), await read(waiters[1]), await read(waiters[2])]).toEqual([
        ['a', '3'],
        ['a', '1'],
        ['a', '2'],
      ])
      expect(await client.call('EXISTS', 'a')).toBe(0)
      await nothing(waiters[3])
      expect(await client.call('RPUSH', 'a', '4')).toBe(1)
      expect(await read(waiters[3])).toEqual(['a', '4'])
    })

    test('gets the end of the list that it would have got afterwards', async () => {
      const [waiter] = await waiting(['BLPOP', 'a', 0])
      expect(
        await client.pipeline([
          ['LPUSH', 'a', '1', '2', '3'],
          ['LRANGE', 'a', 0, -1],
        ]),
      ).toEqual([3, ['2', '1']])
      expect(await read(waiter)).toEqual(['a', '3'])
    })

    test('is served before the next command of anybody', async () => {
      const [waiter] = await waiting(['BLPOP', 'a', 0])
      expect(
        await client.pipeline([...load(), ['RPUSH', 'a', '1'], ['LLEN', 'a'], ['LPOP', 'a'], ['RPUSH', 'a', '2']]),
      ).toEqual([...load().map(() => 1), 1, 0, null, 1])
      expect(await read(waiter)).toEqual(['a', '1'])
      expect(await client.call('LPOP', 'a')).toBe('2')
    })

    test('among busy shards is neither overlooked nor served twice', async () => {
      const waiters = await Promise.all([1, 2, 3, 4].map(() => server.connect()))
      for (let round = 0; round < 20; round++) {
        for (const [i, each] of waiters.entries()) {
          each.send(Buffer.concat([...load(20), ['BLPOP', `k${i}`, `k${i + 1}`, 0], ['PING']].map(encodeCommand)))
        }
        const pushes: Words[] = [0, 1, 2, 3, 4].map((i) => ['RPUSH', `k${i}`, 'x'])
        client.send(Buffer.concat([...load(20), ...pushes].map(encodeCommand)))
        for (const each of waiters) {
          for (let i = 0; i < 20; i++) await each.read()
          expect(await read(each)).toContain('x')
          expect(await read(each)).toBe('PONG')
        }
        for (let i = 0; i < 25; i++) await client.read()
        expect(await client.call('EXISTS', 'k0', 'k1', 'k2', 'k3', 'k4')).toBe(1)
        await client.call('DEL', 'k0', 'k1', 'k2', 'k3', 'k4')
        await client.call('FLUSHALL')
      }
      expect(await info('blocked_clients')).toBe(0)
      expect(await info('total_blocking_keys')).toBe(0)
    })

    test('takes as many as it asks for, and leaves the rest to the next', async () => {
      const [many, next] = await waiting(
        ['BLMPOP', 0, 2, 'a', 'b', 'LEFT', 'COUNT', 3],
        ['BLMPOP', 0, 1, 'b', 'RIGHT', 'COUNT', 10],
      )
      await client.call('RPUSH', 'b', '1', '2', '3', '4', '5')
      expect(await read(many)).toEqual(['b', ['1', '2', '3']])
      expect(await read(next)).toEqual(['b', ['5', '4']])
    })

    test('names a key twice and is served once', async () => {
      const [waiter] = await waiting(['BLPOP', 'a', 'b', 'a', 0])
      expect(await info('total_blocking_keys')).toBe(2)
      await client.call('RPUSH', 'a', '1', '2')
      expect(await read(waiter)).toEqual(['a', '1'])
      expect(await client.call('LRANGE', 'a', 0, -1)).toEqual(['2'])
    })

    test('waits in its own database', async () => {
      const waiter = await server.connect()
      await waiter.call('SELECT', 3)
      waiter.send(encodeCommand(['BLPOP', 'a', 0]))
      await untilBlocked(1)
      await client.call('RPUSH', 'a', '1')
      await nothing(waiter)
      await client.pipeline([
        ['SELECT', 3],
        ['RPUSH', 'a', '2'],
      ])
      expect(await read(waiter)).toEqual(['a', '2'])
    })

    test('moves what comes, and wakes who waits for it there', async () => {
      const [mover, rotator, popper] = await waiting(
        ['BLMOVE', 'a', 'b', 'LEFT', 'RIGHT', 0],
        ['BRPOPLPUSH', 'b', 'c', 0],
        ['BLPOP', 'c', 0],
      )
      expect(await client.call('RPUSH', 'a', '1', '2')).toBe(2)
      expect([await read(mover), await read(rotator), await read(popper)]).toEqual(['1', '1', ['c', '1']])
      expect(await client.call('LRANGE', 'a', 0, -1)).toEqual(['2'])
      expect(await client.call('EXISTS', 'b', 'c')).toBe(0)
    })

    test('may move to the key that it waits for', async () => {
      const [mover] = await waiting(['BLMOVE', 'a', 'a', 'LEFT', 'RIGHT', 0])
      await client.call('RPUSH', 'a', '1', '2')
      expect(await read(mover)).toBe('1')
      expect(await client.call('LRANGE', 'a', 0, -1)).toEqual(['2', '1'])
    })

    test('may be served by a client that moves something to it at once', async () => {
      await client.call('RPUSH', 'a', '1')
      const [waiter] = await waiting(['BLPOP', 'b', 0])
      expect(await client.call('BLMOVE', 'a', 'b', 'LEFT', 'LEFT', 0)).toBe('1')
      expect(await read(waiter)).toEqual(['b', '1'])
      const [next] = await waiting(['BRPOP', 'b', 0])
      await client.call('RPUSH', 'a', '2')
      expect(await client.call('RPOPLPUSH', 'a', 'b')).toBe('2')
      expect(await read(next)).toEqual(['b', '2'])
    })

    test('may find a destination of the wrong type; who comes after it is served then', async () => {
      const [mover, popper] = await waiting(['BLMOVE', 'a', 's', 'LEFT', 'LEFT', 0], ['BLPOP', 'a', 0])
      await client.call('SET', 's', 'x')
      await client.call('RPUSH', 'a', '1')
      expect(String(await read(mover))).toContain('WRONGTYPE')
      expect(await read(popper)).toEqual(['a', '1'])
    })

    test('does not see another type, nor what is gone when the command is over', async () => {
      const [waiter] = await waiting(['BLPOP', 'a', 'b', 0])
      await client.pipeline([
        ['SET', 'a', 'x'],
        ['DEL', 'a'],
        ['HSET', 'b', 'f', 'v'],
        ['DEL', 'b'],
        ['MULTI'],
        ['RPUSH', 'a', '1'],
        ['LPOP', 'a'],
        ['RPUSH', 'b', '1'],
        ['DEL', 'b'],
        ['SET', 'b', 'x'],
        ['EXEC'],
      ])
      await nothing(waiter)
      await client.call('RPUSH', 'a', '2')
      expect(await read(waiter)).toEqual(['a', '2'])
    })

    test('runs its command anew: a key of the wrong type that stands before the list is an error', async () => {
      const [waiter] = await waiting(['BLPOP', 'a', 'b', 0])
      await client.call('SET', 'a', 'x')
      await client.call('RPUSH', 'b', '1')
      expect(String(await read(waiter))).toContain('WRONGTYPE')
      expect(await client.call('LLEN', 'b')).toBe(1)
    })
  })

  describe('a list comes into being', () => {
    test('by a transaction, of which nobody sees a part', async () => {
      const [first, second] = await waiting(['BLPOP', 'a', 'b', 0], ['BLPOP', 'b', 'a', 0])
      expect(
        await client.pipeline([
          ...load(10),
          ['MULTI'],
          ['RPUSH', 'b', '1'],
          ['RPUSH', 'a', '2'],
          ['LPUSH', 'b', '3'],
          ['LRANGE', 'b', 0, -1],
          ['EXEC'],
          ['LRANGE', 'b', 0, -1],
        ]),
      ).toEqual([...load(10).map(() => 1), 'OK', ...Array(4).fill('QUEUED'), [1, 1, 2, ['3', '1']], ['1']])
      // The key that came first is looked after first, and its first client takes its own first key.
      expect([await read(first), await read(second)]).toEqual([
        ['a', '2'],
        ['b', '3'],
      ])
    })

    test('by RENAME, COPY, MOVE, SWAPDB, RENAMENX and LMOVE', async () => {
      for (const [words, key] of [
        [['RENAME', 'from', 'to'], 'to'],
        [['RENAMENX', 'from', 'to'], 'to'],
        [['COPY', 'from', 'to'], 'to'],
        [['LMOVE', 'from', 'to', 'LEFT', 'LEFT'], 'to'],
        [['COPY', 'from', 'to', 'DB', 2], 'to'],
        [['MOVE', 'from', 2], 'from'],
        [['SWAPDB', 0, 2], 'from'],
      ] as [Words, string][]) {
        await client.call('RPUSH', 'from', '1')
        const waiter = await server.connect()
        if (words.includes(2)) await waiter.call('SELECT', 2)
        waiter.send(encodeCommand(['BLPOP', key, 0]))
        await untilBlocked(1)
        await client.call(...words)
        expect([words[0], await read(waiter)]).toEqual([words[0], [key, '1']])
        await client.call('FLUSHALL')
      }
    })

    test('by SORT with STORE, wherever that stands', async () => {
      await client.call('RPUSH', 'from', '3', '1', '2')
      const [first, second] = await waiting(['BLPOP', 'to', 0], ['BRPOP', 'to', 0])
      expect(await client.call('SORT', 'from', 'STORE', 'to', 'DESC')).toBe(3)
      expect([await read(first), await read(second)]).toEqual([
        ['to', '3'],
        ['to', '1'],
      ])
      expect(await client.call('LRANGE', 'to', 0, -1)).toEqual(['2'])
    })

    test('not by SORT that stores over a value of another type', async () => {
      await client.call('RPUSH', 'from', '3', '1', '2')
      const [waiter] = await waiting(['BLPOP', 'to', 0])
      await client.call('SET', 'to', 'x')
      expect(await client.call('SORT', 'from', 'STORE', 'to')).toBe(3)
      expect(await client.call('LRANGE', 'to', 0, -1)).toEqual(['1', '2', '3'])
      await client.call('RPUSH', 'to', '4')
      await client.call('DEL', 'to')
      await client.call('RPUSH', 'to', '5')
      expect(await read(waiter)).toEqual(['to', '5'])
    })

    test('by RESTORE', async () => {
      await client.call('RPUSH', 'from', '1')
      const dump = decodeReply(await client.command('DUMP', 'from')).text
      const [waiter] = await waiting(['BLPOP', 'to', 0])
      expect(await client.call('RESTORE', 'to', 0, dump)).toBe('OK')
      expect(await read(waiter)).toEqual(['to', '1'])
    })

    test('but is not there any more when it has expired by the end of the transaction', async () => {
      const [waiter] = await waiting(['BLPOP', 'a', 0])
      await client.pipeline([
        ['MULTI'],
        ['RPUSH', 'a', '1'],
        ['PEXPIRE', 'a', 20],
        ['DEBUG', 'SLEEP', '0.05'],
        ['EXEC'],
      ])
      await nothing(waiter)
      await client.call('RPUSH', 'a', '2')
      expect(await read(waiter)).toEqual(['a', '2'])
    })

    test('in place of a value of another type', async () => {
      const [waiter] = await waiting(['BLPOP', 'a', 0])
      await client.pipeline([
        ['SET', 'a', 'x'],
        ['RPUSH', 'l', '1'],
      ])
      await nothing(waiter)
      await client.call('RENAME', 'l', 'a')
      expect(await read(waiter)).toEqual(['a', '1'])
    })
  })

  describe('a wait ends', () => {
    test('when the time is up, with the null of its protocol', async () => {
      const began = performance.now()
      expect(String(await client.command('BLPOP', 'a', 'b', '0.05'))).toBe('*-1\r\n')
      expect(performance.now() - began).toBeGreaterThanOrEqual(49)
      expect(String(await client.command('BLMOVE', 'a', 'b', 'LEFT', 'LEFT', '0.001'))).toBe('*-1\r\n')
      expect(String(await client.command('BRPOPLPUSH', 'a', 'b', '1e-9'))).toBe('*-1\r\n')
      await client.call('HELLO', 3)
      expect(String(await client.command('BRPOP', 'a', '0.01'))).toBe('_\r\n')
      expect(await info('blocked_clients')).toBe(0)
      expect(await info('total_blocking_keys')).toBe(0)
    })

    test('by CLIENT UNBLOCK, before what its asker sends next', async () => {
      const waiters = await Promise.all([server.connect(), server.connect()])
      const ids = await Promise.all(waiters.map((each) => each.call('CLIENT', 'ID')))
      for (const each of waiters) each.send(encodeCommand(['BLPOP', 'a', 0]))
      await untilBlocked(2)
      expect(
        await client.pipeline([
          ['CLIENT', 'UNBLOCK', String(ids[0])],
          ['CLIENT', 'UNBLOCK', String(ids[0])],
          ['CLIENT', 'UNBLOCK', String(ids[1]), 'ERROR'],
          ['RPUSH', 'a', '1'],
          ['LPOP', 'a'],
        ]),
      ).toEqual([1, 0, 1, 1, '1'])
      expect(await read(waiters[0])).toBeNull()
      expect(await read(waiters[1])).toEqual(new Error('UNBLOCKED client unblocked via CLIENT UNBLOCK'))
      await waiters[0].expectOpen()
    })

    test('when its client is killed or goes: the next in line is served', async () => {
      const [killed, gone, halfClosed, last] = await waiting(...Array(4).fill(['BLPOP', 'a', 0]))
      const ids = [...String(await client.call('CLIENT', 'LIST')).matchAll(/id=(\d+).*cmd=blpop/g)].map(([, id]) => id)
      expect(await client.call('CLIENT', 'KILL', 'ID', ids[0])).toBe(1)
      await killed.expectClosed()
      gone.close()
      halfClosed.halfClose()
      await halfClosed.expectClosed()
      await untilBlocked(1)
      await client.call('RPUSH', 'a', '1')
      expect(await read(last)).toEqual(['a', '1'])
      expect(await client.call('EXISTS', 'a')).toBe(0)
    })

    test('never in a transaction: it does not begin', async () => {
      expect(
        await client.pipeline([
          ['MULTI'],
          ['BLPOP', 'a', 'b', 0],
          ['BRPOP', 'a', 0],
          ['BLMOVE', 'a', 'b', 'LEFT', 'LEFT', 0],
          ['BRPOPLPUSH', 'a', 'b', 0],
          ['BLMPOP', 0, 2, 'a', 'b', 'LEFT', 'COUNT', 2],
          ['RPUSH', 'a', '1', '2'],
          ['BLMOVE', 'a', 'b', 'LEFT', 'LEFT', 0],
          ['BLPOP', 'b', 'a', 0],
        ]),
      ).toEqual(['OK', ...Array(8).fill('QUEUED')])
      expect(String(await client.command('EXEC'))).toBe(
        '*8\r\n*-1\r\n*-1\r\n$-1\r\n$-1\r\n*-1\r\n:2\r\n$1\r\n1\r\n*2\r\n$1\r\nb\r\n$1\r\n1\r\n',
      )
    })
  })

  describe('CLIENT PAUSE', () => {
    test('lets the time of a client that waits go on, and UNBLOCK end its wait', async () => {
      // Time enough for both to be seen waiting, however busy the machine is.
      const [patient, timed] = await waiting(['BLPOP', 'a', 0], ['BLPOP', 'a', 1])
      await client.call('CLIENT', 'PAUSE', 100_000, 'WRITE')
      expect(await read(timed)).toBeNull()
      const id = /^id=(\d+) .* flags=b /m.exec(String(await client.call('CLIENT', 'LIST')))?.[1]
      expect(await client.call('CLIENT', 'UNBLOCK', String(id))).toBe(1)
      expect(await read(patient)).toBeNull()
      await client.call('CLIENT', 'UNPAUSE')
    })

    test('holds a blocking command like any write', async () => {
      await client.call('RPUSH', 'a', '1')
      await client.call('CLIENT', 'PAUSE', 100_000, 'WRITE')
      const popper = await server.connect()
      popper.send(encodeCommand(['BLPOP', 'a', 0]))
      await untilBlocked(1)
      expect(await client.call('LLEN', 'a')).toBe(1)
      await client.call('CLIENT', 'UNPAUSE')
      expect(await read(popper)).toEqual(['a', '1'])
    })

    test('that begins in the transaction that brings a list holds who waits for it back', async () => {
      const [waiter] = await waiting(['BLPOP', 'a', 0])
      await client.pipeline([['MULTI'], ['RPUSH', 'a', '1'], ['CLIENT', 'PAUSE', 100_000, 'WRITE'], ['EXEC']])
      expect(await client.call('LLEN', 'a')).toBe(1)
      await nothing(waiter)
      expect(await info('blocked_clients')).toBe(1)
      await client.call('CLIENT', 'UNPAUSE')
      expect(await read(waiter)).toEqual(['a', '1'])
      expect(await info('blocked_clients')).toBe(0)
    })
  })

  describe('figures', () => {
    test('a command is counted when it has ended, and not before', async () => {
      await client.call('CONFIG', 'RESETSTAT')
      const calls = async () =>
        /cmdstat_blpop:calls=(\d+),.*rejected_calls=(\d+),failed_calls=(\d+)/
          .exec(String(await client.call('INFO', 'commandstats')))
          ?.slice(1)
          .map(Number) ?? [0, 0, 0]
      const waiters = await waiting(...Array(3).fill(['BLPOP', 'a', 0]))
      expect(await calls()).toEqual([0, 0, 0])
      await client.call('RPUSH', 'a', '1')
      expect(await calls()).toEqual([1, 0, 0])
      const line = String(await client.call('CLIENT', 'LIST'))
      const ids = [...line.matchAll(/id=(\d+) .*flags=b .*cmd=blpop/g)].map(([, id]) => id)
      expect(ids).toHaveLength(2)
      await client.call('CLIENT', 'UNBLOCK', ids[0], 'ERROR')
      expect(await calls()).toEqual([2, 0, 1])
      await client.call('CLIENT', 'UNBLOCK', ids[1])
      expect(await calls()).toEqual([3, 0, 1])
      expect(String(await client.call('INFO', 'errorstats'))).toContain('errorstat_UNBLOCKED:count=1')
      for (const each of waiters) await each.read()
    })

    test('tell of clients, timeouts and keys', async () => {
      await waiting(['BLPOP', 'a', 'b', 0], ['BLPOP', 'b', 'c', 100], ['BLMOVE', 'c', 'd', 'LEFT', 'LEFT', 0])
      expect([
        await info('blocked_clients'),
        await info('clients_in_timeout_table'),
        await info('total_blocking_keys'),
        await info('total_blocking_keys_on_nokey'),
      ]).toEqual([3, 1, 3, 0])
    })
  })

  test('CLIENT LIST shows what a command that waits keeps', async () => {
    const key = 'k'.repeat(10_000)
    await waiting(['BLPOP', key, 0])
    const list = String(await client.call('CLIENT', 'LIST'))
    const [, argumentBytes, totalBytes] = /argv-mem=(\d+).*tot-mem=(\d+).*cmd=blpop/.exec(list) ?? []
    expect(Number(argumentBytes)).toBeGreaterThanOrEqual(10_000)
    expect(Number(totalBytes)).toBeGreaterThan(Number(argumentBytes))
  })

  test('CLIENT REPLY OFF keeps what a client is served to itself', async () => {
    const waiter = await server.connect()
    waiter.send(
      Buffer.concat(
        [
          ['CLIENT', 'REPLY', 'OFF'],
          ['BLPOP', 'a', 0],
        ].map((words) => encodeCommand(words)),
      ),
    )
    await untilBlocked(1)
    await client.call('RPUSH', 'a', '1')
    expect(await client.call('EXISTS', 'a')).toBe(0)
    expect(await waiter.call('CLIENT', 'REPLY', 'ON')).toBe('OK')
  })

  test('CLIENT REPLY SKIP skips the reply of a command that waits, and no other', async () => {
    const waiter = await server.connect()
    const commands: Words[] = [
      ['CLIENT', 'REPLY', 'SKIP'],
      ['BLPOP', 'a', 0],
      ['ECHO', 'next'],
    ]
    waiter.send(Buffer.concat(commands.map((words) => encodeCommand(words))))
    await untilBlocked(1)
    await client.call('RPUSH', 'a', '1')
    expect(await read(waiter)).toBe('next')
  })

  test('a server that sleeps serves and times out when it wakes', async () => {
    const [served, timed] = await waiting(['BLPOP', 'a', '0.1'], ['BLPOP', 'b', '0.1'])
    client.send(
      Buffer.concat(
        [
          ['RPUSH', 'a', '1'],
          ['DEBUG', 'SLEEP', '0.2'],
        ].map((words) => encodeCommand(words)),
      ),
    )
    expect(await read(served)).toEqual(['a', '1'])
    expect(await read(timed)).toBeNull()
    expect([await read(client), await read(client)]).toEqual([1, 'OK'])
  })

  test('hundreds of clients are served by one push, each with one element', async () => {
    const waiters: RawClient[] = []
    for (let i = 0; i < 300; i++) waiters.push(await server.connect())
    for (const [i, each] of waiters.entries()) {
      each.send(encodeCommand(['BLPOP', 'a', `own${i % 7}`, 0]))
      if (i % 50 === 49) await untilBlocked(i + 1)
    }
    await untilBlocked(300)
    client.send(encodeCommand(['RPUSH', 'a', ...Array.from({ length: 300 }, (_, i) => i)]))
    const got = new Set<string>()
    for (const each of waiters) got.add(String(((await read(each)) as string[])[1]))
    expect(got.size).toBe(300)
    expect(await client.read()).toEqual(Buffer.from(':300\r\n'))
    expect(await client.call('EXISTS', 'a')).toBe(0)
  })

  test('SHUTDOWN does not wait for who waits', async () => {
    const own = await startSpinel({ spinelDirectives: { 'inline-execution': mode } })
    const waiter = await own.connect()
    waiter.send(encodeCommand(['BLPOP', 'a', 0]))
    const asker = await own.connect()
    while (!String(await asker.call('INFO', 'clients')).includes('blocked_clients:1')) {}
    asker.send(encodeCommand(['SHUTDOWN', 'NOSAVE']))
    await waiter.expectClosed()
    expect(await own.waitForExit()).toBe(true)
    expect(own.exit?.code).toBe(0)
    await own.stop().catch(() => {})
  })
})
