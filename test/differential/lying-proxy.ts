/* A server that is almost right: it passes everything on to a real one, and lies about one thing. It stands in for
 * Spinel to prove that the differential tests catch a wrong server and name the command at fault. */

import net from 'node:net'
import type { Address } from '../support/raw-client.ts'
import { encodeCommand, endOfReply, latin1 } from '../support/resp.ts'

/** What the proxy does to a command on its way in, or to its reply on the way back; both latin1. */
export interface Lie {
  request?(words: string[]): string[]
  reply?(words: string[], reply: string): string
}

export interface LyingProxy {
  port: number
  unixSocket: string
  close(): Promise<void>
}

/** Serves on a free port and on `unixSocket`; each connection has one of its own to the server behind. */
export async function startLyingProxy(behind: Address, unixSocket: string, lie: Lie): Promise<LyingProxy> {
  const open = new Set<net.Socket>()
  const accept = (client: net.Socket): void => {
    const server = net.connect('port' in behind ? { host: '127.0.0.1', port: behind.port, ...HALF_OPEN } : behind)
    for (const socket of [client, server]) {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      socket.on('error', () => socket.destroy())
    }
    relay(client, server, lie)
  }
  const tcp = net.createServer(HALF_OPEN, accept)
  const unix = net.createServer(HALF_OPEN, accept)
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  await new Promise<void>((resolve) => unix.listen(unixSocket, resolve))
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy()
    await Promise.all([tcp, unix].map((server) => new Promise((resolve) => server.close(resolve))))
  }
  return { port: (tcp.address() as net.AddressInfo).port, unixSocket, close }
}

const HALF_OPEN = { allowHalfOpen: true, noDelay: true }

function relay(client: net.Socket, server: net.Socket, lie: Lie): void {
  /** Commands passed on whose replies have not come yet. */
  const waiting: string[][] = []
  let requests = Buffer.alloc(0)
  let replies = Buffer.alloc(0)
  /** Not the array form that the proxy understands: from there on it only passes bytes on, and is honest. */
  let honest = false
  client.on('data', (chunk: Buffer) => {
    requests = Buffer.concat([requests, chunk])
    while (!honest && requests.length > 0) {
      const command = takeCommand(requests)
      if (command === 'incomplete') return
      if (command === 'other') honest = true
      else {
        requests = requests.subarray(command.end)
        waiting.push(command.words)
        server.write(encodeCommand(lie.request?.(command.words) ?? command.words))
      }
    }
    server.write(requests)
    requests = Buffer.alloc(0)
  })
  server.on('data', (chunk: Buffer) => {
    replies = Buffer.concat([replies, chunk])
    for (;;) {
      const end = replies.length === 0 ? -1 : endOfReply(replies, replies.length, 0)
      if (end < 0) break
      const reply = latin1(replies.subarray(0, end))
      const words = waiting.shift()
      client.write(Buffer.from(words === undefined ? reply : (lie.reply?.(words, reply) ?? reply), 'latin1'))
      replies = replies.subarray(end)
    }
  })
  client.on('end', () => {
    server.write(requests)
    server.end()
  })
  server.on('end', () => client.end())
  client.on('close', () => server.destroy())
  server.on('close', () => client.destroy())
}

/** The command at the start of `bytes`, if it is a whole array of bulk strings. */
function takeCommand(bytes: Buffer): { words: string[]; end: number } | 'incomplete' | 'other' {
  const header = /^\*([1-9]\d{0,5})\r\n/.exec(latin1(bytes.subarray(0, 16)))
  if (header === null) return bytes.length < 16 && /^\*\d*\r?$/.test(latin1(bytes)) ? 'incomplete' : 'other'
  const words: string[] = []
  let at = header[0].length
  while (words.length < Number(header[1])) {
    const rest = latin1(bytes.subarray(at, at + 16))
    const bulk = /^\$(\d{1,7})\r\n/.exec(rest)
    if (bulk === null) return rest.length < 16 && /^(\$\d*\r?)?$/.test(rest) ? 'incomplete' : 'other'
    const start = at + bulk[0].length
    const end = start + Number(bulk[1])
    if (end + 2 > bytes.length) return 'incomplete'
    words.push(latin1(bytes.subarray(start, end)))
    at = end + 2
  }
  return { words, end: at }
}
