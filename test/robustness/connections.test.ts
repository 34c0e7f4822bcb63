/* Many connections at once: all are served, and all are forgotten. 500 in the ordinary run, 10,000 by hand (they take
 * twice as many descriptors, half of them here: see ulimit -n). */

import net from 'node:net'
import { expect, test } from 'vitest'
import { encodeCommand } from '../support/resp.ts'
import { admit, discharge, expectSound, figure, SCALE } from './soundness.ts'

const CONNECTIONS = SCALE > 1 ? 9900 : 500
const PATIENCE_MS = 300_000

/** A connection that costs this process as little as can be. */
class Client {
  readonly socket: net.Socket
  private text = ''
  private wake: () => void = () => {}

  private constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
      this.wake()
    })
    socket.on('close', () => this.wake())
  }

  static connect(port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Client(socket)))
    })
  }

  /** Sends bytes and waits for an answer of this length. */
  async ask(bytes: Uint8Array, length: number): Promise<string> {
    this.socket.write(bytes)
    while (this.text.length < length && !this.socket.destroyed)
      await new Promise<void>((resolve) => (this.wake = resolve))
    const answer = this.text
    this.text = ''
    return answer
  }
}

test(
  'many connections at once are served, and leave nothing behind',
  async () => {
    const patient = await admit({ directives: { maxclients: 10_000 } })
    const { server, control } = patient
    const before = await figure(control, 'used_memory_rss')
    for (let round = 0; round < 2; round++) {
      const clients: Client[] = []
      while (clients.length < CONNECTIONS) {
        const wave = Array.from({ length: Math.min(250, CONNECTIONS - clients.length) }, () =>
          Client.connect(server.port),
        )
        clients.push(...(await Promise.all(wave)))
      }
      const answers = await Promise.all(
        clients.map((client, i) => {
          const value = String(i).padStart(5, '0')
          const commands = [['PING'], ['SET', `client:${i}`, value], ['GET', `client:${i}`]]
          return client.ask(Buffer.concat(commands.map(encodeCommand)), '+PONG\r\n+OK\r\n$5\r\n00000\r\n'.length)
        }),
      )
      for (const [i, answer] of answers.entries()) {
        expect(answer).toBe(`+PONG\r\n+OK\r\n$5\r\n${String(i).padStart(5, '0')}\r\n`)
      }
      expect(await figure(control, 'connected_clients')).toBe(CONNECTIONS + 1)
      if (SCALE > 1) {
        const each = ((await figure(control, 'used_memory_rss')) - before) / CONNECTIONS
        process.stdout.write(
          `round ${round}: ${Math.round(each)} resident bytes for each of ${CONNECTIONS} connections\n`,
        )
      }
      for (const client of clients) client.socket.destroy()
      await expectSound(patient)
    }
    if (SCALE > 1) {
      const left = (await figure(control, 'used_memory_rss')) - before
      process.stdout.write(`${Math.round(left / 1024)} resident kB more than before\n`)
    }
    await discharge(patient)
  },
  PATIENCE_MS,
)

test('one client more than maxclients is told so', async () => {
  const patient = await admit({ directives: { maxclients: 20 } })
  const clients = await Promise.all(Array.from({ length: 19 }, () => Client.connect(patient.server.port)))
  for (const client of clients) expect(await client.ask(encodeCommand(['PING']), 7)).toBe('+PONG\r\n')
  const refused = await patient.server.connect()
  expect((await refused.readToEnd()).toString()).toBe('-ERR max number of clients reached\r\n')
  refused.close()
  for (const client of clients) client.socket.destroy()
  await expectSound(patient)
  await discharge(patient)
})
