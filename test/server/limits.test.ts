/* What a client may ask for, owe and waste before it has to go. */

import { afterEach, describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { encodeCommand, latin1 } from '../support/resp.ts'
import { type Directives, type Server, startSpinel } from '../support/server.ts'

const MB = 1024 * 1024

let server: Server

afterEach(() => server.stop())

async function start(directives: Directives): Promise<RawClient> {
  server = await startSpinel({ directives })
  return server.connect()
}

async function info(client: RawClient, name: string): Promise<number> {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(String(await client.call('INFO', 'everything')))?.[1])
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const tail = (count: number) => server.log().split('\n').slice(-count).join('\n')

describe('maxclients', () => {
  test('turns away who comes too many, and lets in again when somebody has gone', async () => {
    const client = await start({ maxclients: 3 })
    const [second, third] = [await server.connect(), await server.connect()]
    await third.expectOpen()
    const refused = await server.connect()
    expect(latin1(await refused.readToEnd())).toBe('-ERR max number of clients reached\r\n')
    expect(await info(client, 'rejected_connections')).toBe(1)
    expect(await info(client, 'connected_clients')).toBe(3)
    second.close()
    await until(async () => (await info(client, 'connected_clients')) === 2)
    const fourth = await server.connect()
    await fourth.expectOpen()
    expect(await client.call('CONFIG', 'SET', 'maxclients', 4)).toBe('OK')
    await (await server.connect()).expectOpen()
  })

  test('is what the limit of open files allows', async () => {
    const client = await start({ maxclients: 4_000_000_000 })
    const [, value] = (await client.call('CONFIG', 'GET', 'maxclients')) as string[]
    expect(Number(value)).toBeLessThan(4_000_000_000)
    expect(server.log()).toContain('You requested maxclients of 4000000000 requiring at least')
    expect(server.log()).toContain(`maxclients has been reduced to ${value} to compensate for low ulimit.`)
    expect(String(await client.call('CONFIG', 'SET', 'maxclients', 4_000_000_000))).toContain(
      `The operating system is not able to handle the specified number of clients, try with ${value}`,
    )
    expect(await client.call('CONFIG', 'SET', 'maxclients', value)).toBe('OK')
  })
})

describe('client-output-buffer-limit', () => {
  /** Asks for much and reads nothing. */
  async function glutton(bytes: number, name = 'glutton'): Promise<RawClient> {
    const each = await server.connect()
    each.socket.pause()
    await new Promise((resolve) => setImmediate(resolve))
    each.send(encodeCommand(['CLIENT', 'SETNAME', name]))
    each.send(Buffer.concat(Array.from({ length: Math.ceil(bytes / MB) }, () => encodeCommand(['GET', 'large']))))
    return each
  }

  const owed = async (client: RawClient, name: string) =>
    Number(new RegExp(`name=${name} .* omem=(\\d+)`).exec(String(await client.call('CLIENT', 'LIST')))?.[1] ?? -1)

  test('the hard limit closes at once', async () => {
    const client = await start({ 'client-output-buffer-limit': `normal ${8 * MB} 0 0` })
    await client.call('SET', 'large', Buffer.alloc(MB, 'x'))
    await glutton(40 * MB)
    await until(async () => server.log().includes('output buffer limits'))
    expect(tail(3)).toMatch(
      /# Client id=\d+ .* name=glutton .* omem=\d+ .* to be closed ASAP for overcoming of output buffer limits\./,
    )
    await until(async () => (await info(client, 'connected_clients')) === 1)
    expect(await owed(client, 'glutton')).toBe(-1)
  })

  test('the soft limit closes after its time, and only if it is exceeded all the while', async () => {
    const client = await start({ 'client-output-buffer-limit': `normal 0 ${4 * MB} 1` })
    await client.call('SET', 'large', Buffer.alloc(MB, 'x'))
    const passing = await glutton(12 * MB, 'passing')
    await glutton(12 * MB, 'lasting')
    await until(async () => (await owed(client, 'lasting')) > 4 * MB && (await owed(client, 'passing')) > 4 * MB)
    passing.socket.resume()
    await until(async () => (await owed(client, 'lasting')) === -1)
    expect(tail(3)).toMatch(/# Client id=\d+ .* name=lasting .* closed for overcoming of output buffer limits\./)
    expect(await owed(client, 'passing')).toBe(0)
  })

  test('the hard limit counts what is to be sent, though the client would take it', async () => {
    const client = await start({ 'client-output-buffer-limit': 'normal 100000 0 0' })
    await client.call('SET', 'k', 'x'.repeat(10_000))
    const within = await server.connect()
    expect(await within.pipeline(Array.from({ length: 9 }, () => ['STRLEN', 'k']))).toEqual(Array(9).fill(10_000))
    for (const commands of [Array(15).fill(['GET', 'k']), [['MULTI'], ...Array(15).fill(['GET', 'k']), ['EXEC']]]) {
      const beyond = await server.connect()
      beyond.send(Buffer.concat([...commands, ['SET', 'after', '1']].map(encodeCommand)))
      expect(latin1(await beyond.readToEnd())).toBe('')
    }
    // Its own batch ends before the client does: a transaction is done in whole, and so is what came with it.
    await client.call('MSET', ...Array.from({ length: 2000 }, (_, i) => [`${'long'.repeat(20)}${i}`, 'v']).flat())
    client.send(encodeCommand(['KEYS', '*']))
    expect(latin1(await client.readToEnd())).toBe('')
    await within.expectOpen()
  })

  test('who has not authenticated is not owed more than some errors', async () => {
    const client = await start({ requirepass: 'secret' })
    await client.call('AUTH', 'secret')
    const stranger = await server.connect()
    stranger.socket.pause()
    await new Promise((resolve) => setImmediate(resolve))
    const many = Buffer.concat(Array(10_000).fill(encodeCommand(['PING'])))
    const ended = new Promise((resolve) => stranger.socket.once('close', resolve))
    for (let sent = 0; sent < 40 * MB; sent += many.length) stranger.send(many)
    await until(async () => server.log().includes('output buffer limits'))
    expect(tail(3)).toMatch(/# Client id=\d+ .* to be closed ASAP for overcoming of output buffer limits\./)
    await until(async () => (await info(client, 'connected_clients')) === 1)
    stranger.socket.resume()
    await ended
  })

  test('without a limit a client that never reads is not read either, and costs what was cut out for it', async () => {
    const client = await start({})
    await client.call('SET', 'large', Buffer.alloc(MB, 'x'))
    const each = await glutton(200 * MB)
    await until(async () => (await owed(client, 'glutton')) > 16 * MB)
    const before = await info(client, 'total_commands_processed')
    for (let i = 0; i < 20; i++) expect(await client.call('PING')).toBe('PONG')
    // Where the cron happens to have the shard, 64 commands are with its worker before anybody knows how much they get.
    expect(await owed(client, 'glutton')).toBeLessThan((32 + 64 + 4) * MB)
    expect((await info(client, 'total_commands_processed')) - before).toBeLessThan(60)
    each.socket.resume()
    await each.read()
    for (let i = 0; i < 200; i++) expect((await each.read()).length).toBe(MB + '$1048576\r\n\r\n'.length)
  })
})

test('client-query-buffer-limit closes whose command is too long', async () => {
  const client = await start({ 'client-query-buffer-limit': MB })
  await client.call('CLIENT', 'SETNAME', 'x')
  client.send(`*2\r\n$4\r\nECHO\r\n$${4 * MB}\r\n${'x'.repeat(2 * MB)}`)
  await client.readToEnd()
  await until(async () => server.log().includes('max query buffer length'))
  expect(tail(2)).toMatch(
    /# Closing client that reached max query buffer length: id=\d+ .* name=x .* \(qbuf initial bytes: "\*2\\r\\n\$4/,
  )
  await (await server.connect()).expectOpen()
})

test('timeout closes who is silent, but not who waits', async () => {
  const client = await start({ timeout: 1, loglevel: 'verbose' })
  const [silent, paused] = [await server.connect(), await server.connect()]
  await client.call('CLIENT', 'PAUSE', 1_000_000, 'WRITE')
  paused.send(encodeCommand(['SET', 'k', 'v']))
  let isClosed = false
  void silent.expectClosed().then(() => {
    isClosed = true
  })
  await until(async () => (await client.call('PING')) === 'PONG' && isClosed)
  await expect.poll(() => server.log(), { timeout: 10_000 }).toContain(' - Closing idle client\n')
  expect(await client.call('CLIENT', 'UNPAUSE')).toBe('OK')
  expect(latin1(await paused.read())).toBe('+OK\r\n')
})

test('a query buffer that nobody fills gives its room back', async () => {
  const client = await start({})
  const other = await server.connect()
  const id = Number(await other.call('CLIENT', 'ID'))
  other.send(`*2\r\n$4\r\nECHO\r\n$1000000\r\n${'x'.repeat(300_000)}`)
  const room = async () => Number(/qbuf-free=(\d+)/.exec(String(await client.call('CLIENT', 'LIST', 'ID', id)))?.[1])
  await until(async () => (await room()) > 4096)
  await until(async () => (await room()) === 0)
  other.send(`${'x'.repeat(700_000)}\r\n`)
  expect((await other.read()).length).toBe(1_000_000 + '$1000000\r\n\r\n'.length)
})
