/* A small client for the few commands the harness itself needs (PING, INFO, FLUSHALL, DBSIZE): one at a time, RESP2,
 * replies of one value. Not for load. */

import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { Endpoint } from './load/settings.ts'

const TIMEOUT_MS = 30_000

export class ControlConnection {
  private readonly socket: Socket
  private received = Buffer.alloc(0)
  private waiting: { resolve: (text: string) => void; reject: (error: Error) => void } | null = null

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.take(chunk))
    socket.on('error', (error) => this.waiting?.reject(error))
    socket.on('close', () => this.waiting?.reject(new Error('the server closed the connection')))
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('the server does not answer')))
  }

  static open(endpoint: Endpoint): Promise<ControlConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...endpoint, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new ControlConnection(socket))
      })
    })
  }

  /** Sends one command; resolves with its reply as text (null as the empty string), rejects on an error reply. */
  command(...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject }
      this.socket.write(`*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`)
    })
  }

  close(): void {
    this.waiting = null
    this.socket.destroy()
  }

  private take(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk])
    const lineEnd = this.received.indexOf('\r\n')
    if (lineEnd < 0 || this.waiting === null) return
    const line = this.received.toString('utf8', 1, lineEnd)
    const isBulk = this.received[0] === '$'.charCodeAt(0)
    const bodyBytes = isBulk ? Number(line) : -1
    const end = bodyBytes < 0 ? lineEnd + 2 : lineEnd + 2 + bodyBytes + 2
    if (this.received.length < end) return
    const text = bodyBytes < 0 ? (isBulk ? '' : line) : this.received.toString('utf8', lineEnd + 2, end - 2)
    const isError = this.received[0] === '-'.charCodeAt(0)
    const { resolve, reject } = this.waiting
    this.waiting = null
    this.received = this.received.subarray(end)
    if (isError) reject(new Error(text))
    else resolve(text)
  }
}

/** Runs `use` with a connection of its own. */
export async function withControl<T>(endpoint: Endpoint, use: (control: ControlConnection) => Promise<T>): Promise<T> {
  const control = await ControlConnection.open(endpoint)
  try {
    return await use(control)
  } finally {
    control.close()
  }
}

/** The fields of an INFO reply. */
export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}
