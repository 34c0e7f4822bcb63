/* CLIENT PAUSE: who waits, for how long, and what stands still meanwhile. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { encodeCommand } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES, type Server, startSpinel } from '../support/server.ts'

const LONG_MS = 1_000_000

describe.each(INLINE_EXECUTION_MODES)('inline-execution %s', (mode) => {
  let server: Server
  let client: RawClient

  beforeAll(async () => {
    server = await startSpinel({ spinelDirectives: { 'inline-execution': mode, 'shard-workers': 2, shards: 2 } })
  })

  afterAll(() => server.stop())

  beforeEach(async () => {
    client = await server.connect()
    await client.call('FLUSHALL')
  })

  afterEach(() => server.disconnectAll())

  const blocked = async () => Number(/blocked_clients:(\d+)/.exec(String(await client.call('INFO', 'clients')))?.[1])

  async function untilBlocked(count: number): Promise<void> {
    while ((await blocked()) !== count) await new Promise((resolve) => setImmediate(resolve))
  }

  test('WRITE lets readers go on and writers wait', async () => {
    await client.call('SET', 'k', '1')
    expect(await client.call('CLIENT', 'PAUSE', LONG_MS, 'WRITE')).toBe('OK')
    const [writer, second, reader] = [await server.connect(), await server.connect(), await server.connect()]
    writer.send(Buffer.concat([encodeCommand(['INCR', 'k']), encodeCommand(['GET', 'k'])]))
    second.send(encodeCommand(['MSET', 'a', '1', 'b', '2', 'c', '3']))
    await untilBlocked(2)
    expect(await reader.pipeline([['GET', 'k'], ['PING'], ['MGET', 'a', 'b', 'c']])).toEqual([
      '1',
      'PONG',
      [null, null, null],
    ])
    expect(await client.call('CLIENT', 'UNPAUSE')).toBe('OK')
    expect([await writer.read(), await writer.read()].map(String)).toEqual([':2\r\n', '$1\r\n2\r\n'])
    expect(String(await second.read())).toBe('+OK\r\n')
    expect(await blocked()).toBe(0)
  })

  test('wrong commands are answered at once', async () => {
    await client.call('CLIENT', 'PAUSE', LONG_MS, 'WRITE')
    expect(String(await client.call('SET', 'k'))).toContain('wrong number of arguments')
    await client.call('CLIENT', 'UNPAUSE')
  })

  test('ALL lets everybody wait until the time is over', async () => {
    const other = await server.connect()
    const began = performance.now()
    await client.call('CLIENT', 'PAUSE', 100, 'ALL')
    expect(await other.call('PING')).toBe('PONG')
    expect(performance.now() - began).toBeGreaterThanOrEqual(99)
    await client.call('CLIENT', 'PAUSE', 100)
    expect(await client.call('GET', 'k')).toBeNull()
    expect(performance.now() - began).toBeGreaterThanOrEqual(198)
  })

  test('takes effect within a pipeline', async () => {
    const began = performance.now()
    const replies = await client.pipeline([
      ['CLIENT', 'PAUSE', 80, 'WRITE'],
      ['GET', 'k'],
      ['SET', 'k', 'v'],
      ['GET', 'k'],
    ])
    expect(replies).toEqual(['OK', null, 'OK', 'v'])
    expect(performance.now() - began).toBeGreaterThanOrEqual(79)
  })

  test('the later end and the stricter kind win', async () => {
    const began = performance.now()
    const other = await server.connect()
    await client.pipeline([['CLIENT', 'PAUSE', 150, 'ALL']])
    // Everybody waits, who would shorten it too: the two come together when it is over.
    other.send(encodeCommand(['CLIENT', 'PAUSE', 1, 'WRITE']))
    expect(await client.call('PING')).toBe('PONG')
    expect(performance.now() - began).toBeGreaterThanOrEqual(149)
    await other.read()
    await client.call('CLIENT', 'PAUSE', LONG_MS, 'WRITE')
    await client.call('CLIENT', 'PAUSE', 1, 'WRITE')
    await new Promise((resolve) => setTimeout(resolve, 30))
    other.send(encodeCommand(['SET', 'k', 'v']))
    await untilBlocked(1)
    await client.call('CLIENT', 'UNPAUSE')
    expect(String(await other.read())).toBe('+OK\r\n')
  })

  test('EXEC waits if it would write; a pause begins when the transaction around it ends', async () => {
    const writer = await server.connect()
    const reader = await server.connect()
    await writer.pipeline([['MULTI'], ['SET', 'k', 'v']])
    await reader.pipeline([['MULTI'], ['GET', 'k']])
    expect(
      await client.pipeline([
        ['MULTI'],
        ['SET', 'a', '1'],
        ['CLIENT', 'PAUSE', LONG_MS, 'WRITE'],
        ['SET', 'b', '2'],
        ['EXEC'],
      ]),
    ).toEqual(['OK', 'QUEUED', 'QUEUED', 'QUEUED', ['OK', 'OK', 'OK']])
    writer.send(encodeCommand(['EXEC']))
    await untilBlocked(1)
    expect(await reader.call('EXEC')).toEqual([null])
    expect(await reader.call('MGET', 'a', 'b')).toEqual(['1', '2'])
    await client.call('CLIENT', 'UNPAUSE')
    expect(String(await writer.read())).toBe('*1\r\n+OK\r\n')
  })

  test('nothing expires meanwhile, and nobody sees what should have', async () => {
    const figure = async (name: string) =>
      Number(new RegExp(`${name}:(\\d+)`).exec(String(await client.call('INFO', 'stats')))?.[1])
    const before = await figure('expired_keys')
    await client.pipeline([
      ['MULTI'],
      ['SET', 'a', '1', 'PX', 10],
      ['SET', 'b', '1', 'PX', 10],
      ['CLIENT', 'PAUSE', LONG_MS, 'WRITE'],
      ['EXEC'],
    ])
    while ((await client.call('EXISTS', 'a', 'b')) !== 0) await new Promise((resolve) => setImmediate(resolve))
    // Longer than a turn of the expire cycle.
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(await client.call('GET', 'a')).toBeNull()
    expect(await client.call('KEYS', '*')).toEqual([])
    expect(await client.call('DBSIZE')).toBe(2)
    expect(String(await client.call('RANDOMKEY'))).toMatch(/^[ab]$/)
    expect(await figure('expired_keys')).toBe(before)
    await client.call('CLIENT', 'UNPAUSE')
    expect(await client.call('MGET', 'a', 'b')).toEqual([null, null])
    expect(await client.call('DBSIZE')).toBe(0)
    expect(await figure('expired_keys')).toBe(before + 2)
  })

  test('a writer within a paused transaction finds the place of an expired key empty', async () => {
    await client.call('SET', 'a', 'old', 'PX', 5)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const queue = [
      ['MULTI'],
      ['CLIENT', 'PAUSE', LONG_MS, 'WRITE'],
      ['GET', 'a'],
      ['APPEND', 'a', 'new'],
      ['GET', 'a'],
      ['EXEC'],
    ]
    const replies = await client.pipeline([['DEBUG', 'SET-ACTIVE-EXPIRE', '0'], ...queue, ['CLIENT', 'UNPAUSE']])
    expect(replies[6]).toEqual(['OK', null, 3, 'new'])
    expect(await client.pipeline([['GET', 'a'], ['DBSIZE']])).toEqual(['new', 1])
  })

  test('a client that waits may go', async () => {
    await client.call('CLIENT', 'PAUSE', LONG_MS, 'WRITE')
    const [a, b] = [await server.connect(), await server.connect()]
    a.send(encodeCommand(['SET', 'k', 'a']))
    b.send(encodeCommand(['SET', 'k', 'b']))
    await untilBlocked(2)
    a.halfClose()
    b.close()
    await untilBlocked(0)
    await client.call('CLIENT', 'UNPAUSE')
    expect(await client.call('GET', 'k')).toBeNull()
  })

  test.each([
    [['x'], 'ERR timeout is not an integer or out of range'],
    [['-1'], 'ERR timeout is negative'],
    [['9223372036854775807'], 'ERR timeout is out of range'],
    [['1', 'x'], 'ERR CLIENT PAUSE mode must be WRITE or ALL'],
    [['1', 'ALL', 'x'], "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP."],
    [[], "ERR wrong number of arguments for 'client|pause' command"],
  ])('PAUSE %j answers %j', async (words, answer) => {
    expect(String(await client.call('CLIENT', 'PAUSE', ...words))).toBe(`Error: ${answer}`)
    expect(await client.call('SET', 'k', 'v')).toBe('OK')
  })

  test('a pause of no time is over', async () => {
    expect(
      await client.pipeline([
        ['CLIENT', 'PAUSE', '0'],
        ['SET', 'k', 'v'],
      ]),
    ).toEqual(['OK', 'OK'])
  })
})
