/* Many clients, and clients that misbehave: the server serves the others as if nothing had happened. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { RawClient } from '../support/raw-client.ts'
import { encodeCommand, latin1 } from '../support/resp.ts'
import { type Server, startSpinel } from '../support/server.ts'

let server: Server
let witness: RawClient

beforeAll(async () => {
  server = await startSpinel({ directives: { maxclients: 20_000 } })
  witness = await server.connect()
  await witness.call('SET', 'kept', 'value')
})

afterAll(async () => {
  expect(await witness.call('GET', 'kept')).toBe('value')
  witness.close()
  await server.stop()
})

async function connected(): Promise<number> {
  return Number(/connected_clients:(\d+)/.exec(String(await witness.call('INFO', 'clients')))?.[1])
}

async function untilAlone(): Promise<void> {
  while ((await connected()) !== 1) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Descriptors that a process of this test run may have open. */
function openFiles(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 1024)
}

test('ten thousand at once are all served', async () => {
  const count = Math.min(10_000, openFiles() - 200)
  const sockets: net.Socket[] = []
  for (let i = 0; i < count; i++) {
    const socket = net.connect({ port: server.port, host: '127.0.0.1' })
    sockets.push(socket)
    if (i % 250 === 249) await once(socket, 'connect')
  }
  await Promise.all(sockets.map((socket) => (socket.connecting ? once(socket, 'connect') : null)))
  const replies = sockets.map((socket) => once(socket, 'data'))
  for (const [i, socket] of sockets.entries()) socket.write(`ECHO ${i}\r\n`)
  const texts = (await Promise.all(replies)).map(([chunk]) => latin1(chunk))
  expect(texts).toEqual(sockets.map((_, i) => `$${String(i).length}\r\n${i}\r\n`))
  expect(await connected()).toBe(count + 1)
  for (const socket of sockets) socket.destroy()
  await untilAlone()
})

test('a reset in the midst of a command leaves nothing of it', async () => {
  const bytes = latin1(encodeCommand(['SET', 'kept', 'x'.repeat(100_000)]))
  for (const length of [1, 5, 20, 50, 70_000]) {
    const socket = net.connect({ port: server.port, host: '127.0.0.1' })
    await once(socket, 'connect')
    await new Promise((resolve) => socket.write(bytes.slice(0, length), resolve))
    socket.resetAndDestroy()
  }
  await untilAlone()
  expect(await witness.call('GET', 'kept')).toBe('value')
})

test('a reset with replies on their way ends the session', async () => {
  await witness.call('SET', 'large', Buffer.alloc(1024 * 1024, 'x'))
  for (let round = 0; round < 10; round++) {
    const socket = net.connect({ port: server.port, host: '127.0.0.1' })
    await once(socket, 'connect')
    socket.pause()
    socket.write('GET large\r\n'.repeat(round * 4))
    await new Promise((resolve) => setImmediate(resolve))
    socket.resetAndDestroy()
  }
  await untilAlone()
})

test('a half-closed connection gets all its replies', async () => {
  const client = await server.connect()
  client.send(Buffer.concat(Array.from({ length: 1000 }, (_, i) => encodeCommand(['ECHO', i]))))
  client.halfClose()
  const wanted = Array.from({ length: 1000 }, (_, i) => `$${String(i).length}\r\n${i}\r\n`).join('')
  expect(latin1(await client.readToEnd())).toBe(wanted)
  client.close()
})

test('a value of many megabytes comes back as it was sent', async () => {
  const client = await server.connect()
  const value = Buffer.alloc(64 * 1024 * 1024)
  for (let at = 0; at < value.length; at += 4093) value[at] = at & 255
  expect(await client.call('SET', 'huge', value)).toBe('OK')
  const reply = await client.command('GET', 'huge')
  expect(reply.subarray('$67108864\r\n'.length, -2).equals(value)).toBe(true)
  expect(await client.call('DEL', 'huge')).toBe(1)
  client.close()
})

describe('random bytes', () => {
  test.each([1, 2, 3])('leave the server as it was: seed %i', async (seed) => {
    const random = new Random(seed)
    const alphabet = Buffer.from('*$-+0123456789\r\n\r\n "\'PINGSETx\0\xff', 'latin1')
    for (let round = 0; round < 30; round++) {
      const client = await server.connect()
      const bytes = Buffer.alloc(random.pick([10, 100, 5000, 100_000]))
      for (let i = 0; i < bytes.length; i++)
        bytes[i] = random.chance(0.9) ? random.pick([...alphabet]) : random.below(256)
      client.send(bytes)
      client.halfClose()
      if (random.chance(0.7)) await client.readToEnd()
      client.close()
    }
    await untilAlone()
    expect(await witness.call('PING')).toBe('PONG')
  })
})

test('clients that are killed in the midst of what they do leave no session behind', async () => {
  const script = `
    const socket = require('node:net').connect(${server.port}, '127.0.0.1')
    const command = '*3\\r\\n$3\\r\\nSET\\r\\n$4\\r\\nmine\\r\\n$100000\\r\\n' + 'x'.repeat(100000) + '\\r\\n'
    socket.on('connect', () => { process.stdout.write('up'); more() })
    socket.on('error', () => {})
    socket.resume()
    function more() {
      while (socket.write(command.slice(0, Math.random() * command.length) + command));
      socket.once('drain', more)
    }`
  const children: ChildProcess[] = Array.from({ length: 4 }, () => spawn(process.execPath, ['-e', script]))
  const ends = children.map((child) => once(child, 'exit'))
  await Promise.all(children.map((child) => child.stdout && once(child.stdout, 'data')))
  // What it sends may break the protocol and have it closed: one that has ended by itself is as gone as a killed one.
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(ends)
  await untilAlone()
  expect(await witness.call('PING')).toBe('PONG')
})
