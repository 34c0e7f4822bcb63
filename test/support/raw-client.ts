/* A client that hides nothing: bytes out, exactly one reply's bytes in.
 *
 * Client libraries decode, retry and reorder; a compatibility test must see what came over the wire. Every wait has a
 * bound (`replyTimeoutMs`), so that a server that never answers fails the test and does not hang the run. */

import net from 'node:net'
import type { PlainReply } from './resp.ts'
import { decodeReply, encodeCommand, endOfReply, plain } from './resp.ts'

/** A TCP port on the loopback interface, or the path of a Unix socket. */
export type Address = { port: number } | { path: string }

export interface RawClientOptions {
  /** Bound on every wait for a reply or for the connection's end. Default: 20 s. */
  replyTimeoutMs?: number
}

/** The server closed the connection while a reply was awaited. */
export class ConnectionClosed extends Error {}

/** The server sent nothing for `replyTimeoutMs` while a reply was awaited. */
export class NoReply extends Error {}

const DEFAULT_REPLY_TIMEOUT_MS = 20_000
const INITIAL_BUFFER_BYTES = 16 * 1024

export class RawClient {
  /** The server has ended the connection (FIN or reset); bytes that came before may still be read. */
  ended = false
  /** The connection failed under our hands, by a reset or a write to a closed peer: unread bytes may be lost. */
  torn = false
  readonly socket: net.Socket
  private readonly replyTimeoutMs: number
  /** Received and not yet read: buffer[begin, limit). */
  private buffer = Buffer.allocUnsafe(INITIAL_BUFFER_BYTES)
  private begin = 0
  private limit = 0
  /** Least length of buffer[begin, limit) at which the next reply can be whole. */
  private needed = 1
  private wake: (() => void) | null = null

  static connect(address: Address, options: RawClientOptions = {}): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const target = 'port' in address ? { host: '127.0.0.1', port: address.port } : address
      const socket = net.connect({ ...target, noDelay: true, allowHalfOpen: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket, options.replyTimeoutMs ?? DEFAULT_REPLY_TIMEOUT_MS))
      })
    })
  }

  private constructor(socket: net.Socket, replyTimeoutMs: number) {
    this.socket = socket
    this.replyTimeoutMs = replyTimeoutMs
    socket.on('data', (chunk: Buffer) => this.receive(chunk))
    // A reset is an end: the kernel turns a close with unread input into one (protocol errors do that).
    socket.on('error', () => {
      this.torn = true
      this.finish()
    })
    socket.on('end', () => this.finish())
    socket.on('close', () => this.finish())
  }

  /** Writes the bytes as they are. */
  send(bytes: Uint8Array | string): void {
    if (!this.socket.destroyed && this.socket.writable) {
      this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    }
  }

  /** Sends one command and returns its reply's bytes. */
  async command(...args: (string | number | Uint8Array)[]): Promise<Buffer> {
    this.send(encodeCommand(args))
    return this.read()
  }

  /** Sends one command and returns its reply decoded: null, number, string, Error or an array of these. */
  async call(...args: (string | number | Uint8Array)[]): Promise<PlainReply> {
    return plain(decodeReply(await this.command(...args)))
  }

  /** Sends all the commands in one write and returns one decoded reply for each. */
  async pipeline(commands: readonly (readonly (string | number | Uint8Array)[])[]): Promise<PlainReply[]> {
    this.send(Buffer.concat(commands.map(encodeCommand)))
    const replies: PlainReply[] = []
    for (let i = 0; i < commands.length; i++) replies.push(plain(decodeReply(await this.read())))
    return replies
  }

  /** The same, with the bytes of each reply as latin1. */
  async rawPipeline(commands: readonly (readonly (string | number | Uint8Array)[])[]): Promise<string[]> {
    this.send(Buffer.concat(commands.map(encodeCommand)))
    const replies: string[] = []
    for (let i = 0; i < commands.length; i++) replies.push((await this.read()).toString('latin1'))
    return replies
  }

  /** The bytes of exactly one reply. Rejects with ConnectionClosed, NoReply or MalformedReply. */
  async read(): Promise<Buffer> {
    for (;;) {
      const reply = this.takeReply()
      if (reply !== null) return reply
      if (this.ended) throw new ConnectionClosed('the server closed the connection before its reply')
      await this.more()
    }
  }

  /** One whole reply if it has already come, else null. Never waits. */
  takeReply(): Buffer | null {
    const available = this.limit - this.begin
    if (available < this.needed) return null
    const end = endOfReply(this.buffer, this.limit, this.begin)
    if (end < 0) {
      this.needed = -end - this.begin
      return null
    }
    const reply = Buffer.from(this.buffer.subarray(this.begin, end))
    this.begin = end
    this.needed = 1
    if (this.begin === this.limit) this.begin = this.limit = 0
    return reply
  }

  /** Everything that comes until the server ends the connection. */
  async readToEnd(): Promise<Buffer> {
    while (!this.ended) await this.more()
    const rest = Buffer.from(this.buffer.subarray(this.begin, this.limit))
    this.begin = this.limit = 0
    return rest
  }

  /** Bytes received and not yet read, left where they are. */
  unread(): Buffer {
    return Buffer.from(this.buffer.subarray(this.begin, this.limit))
  }

  /** Ends our side of the connection; the server's replies may still come. */
  halfClose(): void {
    this.socket.end()
  }

  /** Asserts that the server ends the connection and sends nothing more before that. */
  async expectClosed(): Promise<void> {
    const rest = await this.readToEnd()
    if (rest.length > 0)
      throw new Error(`the server sent more before closing: ${JSON.stringify(rest.toString('latin1'))}`)
  }

  /** Asserts that the connection is open and nothing unread has come: a PING is answered by PONG and nothing else. */
  async expectOpen(): Promise<void> {
    const reply = await this.command('PING')
    if (!reply.toString('latin1').includes('PONG'))
      throw new Error(`PING answered ${JSON.stringify(reply.toString('latin1'))}`)
  }

  /** Drops the connection at once. */
  close(): void {
    this.socket.destroy()
    this.finish()
  }

  private receive(chunk: Buffer): void {
    if (this.limit + chunk.length > this.buffer.length) this.makeRoom(chunk.length)
    chunk.copy(this.buffer, this.limit)
    this.limit += chunk.length
    if (this.limit - this.begin >= this.needed) this.wakeUp()
  }

  private makeRoom(bytes: number): void {
    const held = this.limit - this.begin
    const size = Math.max(this.buffer.length, 2 * (held + bytes))
    const grown = size > this.buffer.length ? Buffer.allocUnsafe(size) : this.buffer
    this.buffer.copy(grown, 0, this.begin, this.limit)
    this.buffer = grown
    this.begin = 0
    this.limit = held
  }

  private finish(): void {
    this.ended = true
    this.wakeUp()
  }

  private wakeUp(): void {
    const wake = this.wake
    this.wake = null
    if (wake !== null) wake()
  }

  /** Waits for bytes or the end. */
  private more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.wake = null
        reject(new NoReply(`no reply within ${this.replyTimeoutMs} ms`))
      }, this.replyTimeoutMs)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
