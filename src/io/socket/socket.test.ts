import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Connection, type ConnectionOwner } from './connection.ts'
import { type Accepted, listenTcp, listenUnix, refuse } from './listener.ts'

let directory = ''
const servers: Server[] = []
const sockets: Socket[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'socket-'))
})

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) server.close()
  rmSync(directory, { recursive: true })
})

const portOf = (server: Server) => (server.address() as { port: number }).port

/** Listens and hands out what it accepts. */
function listening(start: (accept: (accepted: Accepted) => void) => Server): {
  server: Server
  next: Promise<Accepted>
} {
  let resolve: (accepted: Accepted) => void = () => {}
  const next = new Promise<Accepted>((done) => {
    resolve = done
  })
  const server = start((accepted) => resolve(accepted))
  servers.push(server)
  return { server, next }
}

function dial(target: { port: number; host: string } | { path: string }): Socket {
  const socket = connect({ ...target, allowHalfOpen: true })
  socket.on('error', () => {})
  sockets.push(socket)
  return socket
}

/** Everything that comes until the other side ends. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += (chunk as Buffer).toString('latin1')
  return text
}

/** Remembers what its connection tells. */
class Owner implements ConnectionOwner {
  text = ''
  events: string[] = []
  /** Called after each event. */
  onEvent: () => void = () => {}

  received(bytes: Uint8Array, length: number): void {
    this.text += Buffer.from(bytes.subarray(0, length)).toString('latin1')
    this.onEvent()
  }

  ended(): void {
    this.note('ended')
  }

  backedUp(): void {
    this.note('backed up')
  }

  drained(): void {
    this.note('drained')
  }

  closed(): void {
    this.note('closed')
  }

  private note(event: string): void {
    this.events.push(event)
    this.onEvent()
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>((resolve) => {
        this.onEvent = resolve
      })
    }
  }
}

async function connected(): Promise<{ owner: Owner; connection: Connection; client: Socket }> {
  const path = join(directory, 'socket')
  const { next } = listening((accept) => listenUnix(path, 0, 16, accept))
  const client = dial({ path })
  const owner = new Owner()
  return { owner, connection: new Connection((await next).handle, owner), client }
}

test('a TCP listener tells both addresses', async () => {
  for (const [host, shown] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ] as const) {
    const { server, next } = listening((accept) => listenTcp(host, 0, 16, accept))
    const client = dial({ host, port: portOf(server) })
    const accepted = await next
    expect(accepted).toMatchObject({
      remote: `${shown}:${client.localPort}`,
      local: `${shown}:${portOf(server)}`,
      remoteAddress: host,
      isUnix: false,
    })
    accepted.handle.close()
  }
})

test('a taken port and an absent address throw at once', () => {
  const { server } = listening((accept) => listenTcp('127.0.0.1', 0, 16, accept))
  const listen = (address: string) => listenTcp(address, portOf(server), 16, () => {})
  expect(() => listen('127.0.0.1')).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
  expect(() => listen('192.0.2.1')).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }))
})

test('a closed listener has freed its port', () => {
  const { server } = listening((accept) => listenTcp('127.0.0.1', 0, 16, accept))
  const port = portOf(server)
  server.close()
  const again = listening((accept) => listenTcp('127.0.0.1', port, 16, accept))
  expect(portOf(again.server)).toBe(port)
})

test('a Unix socket replaces what is in its place, with the permissions asked for', async () => {
  const path = join(directory, 'socket')
  writeFileSync(path, '')
  const { next } = listening((accept) => listenUnix(path, 0o600, 16, accept))
  expect(statSync(path).mode & 0o777).toBe(0o600)
  dial({ path })
  const accepted = await next
  expect(accepted).toMatchObject({ remote: `${path}:0`, local: `${path}:0`, isUnix: true })
  accepted.handle.close()
  expect(() => listenUnix(join(directory, 'missing', 'socket'), 0, 16, () => {})).toThrow()
})

test('who is turned away hears why', async () => {
  const path = join(directory, 'socket')
  const { next } = listening((accept) => listenUnix(path, 0, 16, accept))
  const client = dial({ path })
  refuse(await next, Buffer.from('-ERR no\r\n'))
  expect(await readAll(client)).toBe('-ERR no\r\n')
})

test('bytes leave in order, whether the kernel takes them or not', async () => {
  const { owner, connection, client } = await connected()
  client.pause()
  let wanted = ''
  for (let i = 0; i < 200; i++) {
    const text = `${i}:`.padEnd(20_000, String.fromCharCode(97 + (i % 26)))
    wanted += text
    const bytes = Buffer.from(text, 'latin1')
    if (i % 3 === 0) connection.sendOwned(bytes, bytes.length)
    else if (i % 3 === 1) {
      connection.post(bytes, 0, 10)
      connection.post(bytes, 10, 10_000)
      connection.post(bytes, 10_010, 9990)
      bytes.fill(0)
    } else {
      connection.send(bytes, 0, bytes.length)
      // send() has copied what it could not write.
      bytes.fill(0)
    }
  }
  expect(connection.queuedBytes).toBeGreaterThan(0)
  expect(connection.queuedPieces).toBeGreaterThan(0)
  connection.end()
  client.resume()
  expect(await readAll(client)).toBe(wanted)
  client.end()
  await owner.until(() => owner.events.includes('closed'))
  expect(owner.events).toContain('drained')
  expect(connection.queuedBytes).toBe(0)
  expect(connection.queuedPieces).toBe(0)
})

test('what is posted leaves with the turn, and the owner hears when the kernel does not take it', async () => {
  const { owner, connection, client } = await connected()
  client.pause()
  const bytes = Buffer.alloc(10_000, 'x')
  let posted = 0
  while (!owner.events.includes('backed up')) {
    connection.post(bytes, 0, bytes.length)
    posted += bytes.length
    expect(connection.queuedBytes).toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(connection.queuedBytes).toBeGreaterThan(0)
  connection.end()
  client.resume()
  expect((await readAll(client)).length).toBe(posted)
})

test('what is posted when that makes the outbox write is not overtaken, nor lost with the end', async () => {
  for (const finish of ['send', 'end'] as const) {
    const { connection, client } = await connected()
    let wanted = ''
    // Until more is posted than the outbox holds, all of this connection.
    for (let i = 0; i < 7; i++) {
      const text = `${i}:`.padEnd(10_000, 'x')
      wanted += text
      connection.post(Buffer.from(text, 'latin1'), 0, text.length)
    }
    if (finish === 'send') connection.send(Buffer.from('last'), 0, 4)
    connection.end()
    expect((await readAll(client)) === (finish === 'send' ? `${wanted}last` : wanted)).toBe(true)
  }
})

test('a connection that ends or is destroyed has written what was posted', async () => {
  for (const finish of ['end', 'destroy'] as const) {
    const { connection, client } = await connected()
    connection.post(Buffer.from('last'), 0, 4)
    connection[finish]()
    expect(await readAll(client)).toBe('last')
  }
})

test('what is posted when the socket fails goes nowhere, whoever gets its descriptor next', async () => {
  const { owner, connection } = await connected()
  const { fd } = connection
  connection.post(Buffer.from('private'), 0, 7)
  ;(Reflect.get(connection, 'socket') as Socket).destroy(new Error('as if it had been reset'))
  const path = join(directory, 'file')
  const file = openSync(path, 'w')
  expect(file).toBe(fd)
  await owner.until(() => owner.events.includes('closed'))
  closeSync(file)
  expect(readFileSync(path, 'latin1')).toBe('')
})

test('nothing is received while it is paused', async () => {
  const { owner, connection, client } = await connected()
  client.write('a')
  await owner.until(() => owner.text === 'a')
  connection.pause()
  client.write('b')
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(owner.text).toBe('a')
  connection.resume()
  await owner.until(() => owner.text === 'ab')
  client.end()
  await owner.until(() => owner.events.includes('ended'))
  // The other half is open: what is owed can still be sent.
  connection.send(Buffer.from('late'), 0, 4)
  connection.end()
  expect(await readAll(client)).toBe('late')
})

test('a client that is gone closes the connection, whoever finds out', async () => {
  const { owner, connection, client } = await connected()
  client.destroy()
  await owner.until(() => owner.events.includes('ended'))
  connection.send(Buffer.from('x'), 0, 1)
  connection.send(Buffer.from('x'), 0, 1)
  await owner.until(() => owner.events.includes('closed'))
  expect(connection.isClosed).toBe(true)
})
