/* One connection of the load: a raw socket, the batches it owes, and the scanner that sees them answered. Load threads
 * only. All sockets of a thread read into one shared buffer: a chunk is scanned before the next read begins. */

import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { PendingBatches } from './pending-batches.ts'
import { FramingError, ReplyScanner } from './reply-scanner.ts'
import type { Endpoint } from './settings.ts'

export interface ConnectionEvents {
  /** All commands of the oldest batch are answered; `sentMs` is what send() was given. */
  batchAnswered(connection: LoadConnection, sentMs: number): void
  /** Some commands are answered (whether or not a batch ended with them). */
  answered(commands: number): void
  /** The connection is of no use any more. */
  failed(reason: string): void
}

const READ_BYTES = 256 << 10
const sharedReadBuffer = Buffer.allocUnsafe(READ_BYTES)

export class LoadConnection {
  readonly pending = new PendingBatches()
  readonly scanner = new ReplyScanner()
  private readonly pipeline: number
  private readonly events: ConnectionEvents
  private readonly socket: Socket
  private commandsLeft: number
  private closing = false

  constructor(endpoint: Endpoint, pipeline: number, events: ConnectionEvents, connected: () => void) {
    this.pipeline = pipeline
    this.commandsLeft = pipeline
    this.events = events
    this.socket = connect({
      ...endpoint,
      noDelay: true,
      onread: { buffer: sharedReadBuffer, callback: (length, buffer) => this.received(buffer, length) },
    })
    this.socket.once('connect', connected)
    this.socket.on('error', (error) => this.fail(error.message))
    this.socket.on('close', () => this.fail('the server closed the connection'))
  }

  /** Sends one batch. `sentMs` is the time its latency counts from. */
  send(batch: Buffer, sentMs: number): void {
    this.pending.push(sentMs)
    this.socket.write(batch)
  }

  close(): void {
    this.closing = true
    this.socket.destroy()
  }

  private received(bytes: Uint8Array, length: number): boolean {
    if (this.closing) return false
    let answered: number
    try {
      answered = this.scanner.scan(bytes, length)
    } catch (error) {
      if (!(error instanceof FramingError)) throw error
      this.fail(error.message)
      return false
    }
    if (answered > 0) this.settle(answered)
    return true
  }

  private settle(answered: number): void {
    this.events.answered(answered)
    let left = answered
    while (left > 0) {
      if (this.pending.size === 0) {
        this.fail('more replies than commands')
        return
      }
      const step = Math.min(left, this.commandsLeft)
      this.commandsLeft -= step
      left -= step
      if (this.commandsLeft > 0) return
      this.commandsLeft = this.pipeline
      this.events.batchAnswered(this, this.pending.shift())
    }
  }

  private fail(reason: string): void {
    if (this.closing) return
    this.close()
    this.events.failed(reason)
  }
}
