/* One client's socket: reads into a buffer that all connections share, writes straight to the descriptor, and queues
 * what the kernel does not take. I/O thread. Hot: post(), send().
 *
 * Reading: the `onread` option of net.Socket hands over a slice of the one read buffer, without a Buffer per read; what
 * the owner wants to keep it copies. Writing: fs.writeSync on the non-blocking descriptor is one system call and
 * allocates nothing; only when the kernel's buffer is full does the rest go through the socket's own queue. Replies are
 * posted: they leave with those of other connections (outbox.ts).
 *
 * I1  bytes leave in the order of send() and post(): while the outbox or the queue holds any, nothing is written past
 *     them.
 * Bound: queuedBytes, which the owner watches: it stops reading from a client that does not read, or closes it as
 * client-output-buffer-limit says. */
import { writeSync } from 'node:fs'
import { Socket, type SocketConstructorOpts } from 'node:net'
import { outbox, POST_BYTES, type Poster } from './outbox.ts'

/** Bytes read at a time, for all connections. */
export const READ_BUFFER_BYTES = 64 * 1024
const readBuffer = new Uint8Array(READ_BUFFER_BYTES)

/** What a connection tells its owner. */
export interface ConnectionOwner {
  /** Bytes have arrived: bytes[0 .. length), valid during the call. */
  received(bytes: Uint8Array, length: number): void
  /** The client has sent its last byte; it may still read. */
  ended(): void
  /** The kernel did not take all that was posted. */
  backedUp(): void
  /** Part of the queue has gone. */
  drained(): void
  /** The socket is gone, for whatever reason; the last call. */
  closed(): void
}

/** The descriptor-backed handle below an accepted socket. */
export interface SocketHandle {
  readonly fd: number
  close(): void
}

export class Connection implements Poster {
  private readonly socket: Socket
  private readonly descriptor: number
  private readonly owner: ConnectionOwner
  /** Bytes given to send() that the kernel has not taken yet. */
  queuedBytes: number
  /** In how many pieces. */
  queuedPieces: number
  private reading: boolean
  private ending: boolean
  /** Whether the outbox holds bytes of this connection. */
  private hasPosted: boolean
  isClosed: boolean

  /** Takes over an accepted handle. */
  constructor(handle: SocketHandle, owner: ConnectionOwner) {
    this.owner = owner
    this.descriptor = handle.fd
    this.queuedBytes = 0
    this.queuedPieces = 0
    this.reading = true
    this.ending = false
    this.hasPosted = false
    this.isClosed = false
    const callback = (length: number): boolean => {
      if (!this.isClosed) owner.received(readBuffer, length)
      return this.reading
    }
    const options = {
      handle,
      readable: true,
      writable: true,
      allowHalfOpen: true,
      onread: { buffer: readBuffer, callback },
    }
    // The type of `handle` names a class that is not exported; an accepted handle is one.
    this.socket = new Socket(options as unknown as SocketConstructorOpts)
    this.socket.on('error', () => {
      // Its descriptor is closed already, and may be another file's by now: not even what was posted is written.
      this.isClosed = true
      this.socket.destroy()
    })
    this.socket.on('end', () => owner.ended())
    this.socket.on('close', () => {
      this.isClosed = true
      owner.closed()
    })
    this.socket.resume()
  }

  get fd(): number {
    return this.descriptor
  }

  /** Whether the owner has paused reading. */
  get isPaused(): boolean {
    return !this.reading
  }

  /** Probes a silent peer after `seconds`, thrice at intervals of a third of them, as Redis does; 0: never. */
  setKeepAlive(seconds: number): void {
    if (seconds === 0) return
    const interval = Math.max(1, Math.trunc(seconds / 3))
    this.socket.setKeepAlive(true, seconds * 1000, interval * 1000, 3)
  }

  setNoDelay(): void {
    this.socket.setNoDelay(true)
  }

  /** Writes a range with the end of this turn of the event loop; see outbox.ts. */
  post(bytes: Uint8Array, offset: number, length: number): void {
    if (this.isClosed || this.ending) return
    if (length > POST_BYTES || this.queuedBytes > 0 || (this.hasPosted && !outbox.isNewest(this))) {
      this.send(bytes, offset, length)
      return
    }
    outbox.post(this, bytes, offset, length)
    // Not before: the outbox may have had to write first, what this connection had posted among it.
    this.hasPosted = true
  }

  /** The outbox's call. */
  sendPosted(bytes: Uint8Array, offset: number, length: number): void {
    this.hasPosted = false
    this.send(bytes, offset, length)
    if (this.queuedBytes > 0) this.owner.backedUp()
  }

  /** Writes a range; what the kernel does not take is copied into the queue. */
  send(bytes: Uint8Array, offset: number, length: number): void {
    if (this.hasPosted) outbox.flush()
    if (this.isClosed || this.ending) return
    let written = 0
    if (this.queuedBytes === 0) {
      written = this.writeNow(bytes, offset, length)
      if (written === length || written < 0) return
    }
    const rest = Buffer.allocUnsafeSlow(length - written)
    rest.set(bytes.subarray(offset + written, offset + length))
    this.enqueue(rest)
  }

  /** The same for bytes that nobody will change or reuse: queued without a copy. */
  sendOwned(bytes: Uint8Array, length: number): void {
    if (this.hasPosted) outbox.flush()
    if (this.isClosed || this.ending) return
    let written = 0
    if (this.queuedBytes === 0) {
      written = this.writeNow(bytes, 0, length)
      if (written === length || written < 0) return
    }
    this.enqueue(Buffer.from(bytes.buffer, bytes.byteOffset + written, length - written))
  }

  /** Bytes that the kernel took; -1 when the connection is broken. */
  private writeNow(bytes: Uint8Array, offset: number, length: number): number {
    let written = 0
    try {
      while (written < length) {
        const taken = writeSync(this.descriptor, bytes, offset + written, length - written)
        written += taken
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
        this.destroy()
        return -1
      }
    }
    return written
  }

  private enqueue(rest: Buffer): void {
    this.queuedBytes += rest.length
    this.queuedPieces++
    this.socket.write(rest, () => {
      this.queuedBytes -= rest.length
      this.queuedPieces--
      if (!this.isClosed) this.owner.drained()
    })
  }

  /** Stops reading: the kernel's window closes and the client waits. */
  pause(): void {
    if (!this.reading) return
    this.reading = false
    this.socket.pause()
  }

  resume(): void {
    if (this.reading || this.isClosed) return
    this.reading = true
    this.socket.resume()
  }

  /** Closes once the queue is written; reads and takes nothing more. */
  end(): void {
    if (this.hasPosted) outbox.flush()
    if (this.isClosed || this.ending) return
    this.ending = true
    this.pause()
    this.socket.end(() => this.destroy())
  }

  /** Closes at once. */
  destroy(): void {
    if (this.hasPosted) outbox.flush()
    if (this.isClosed) return
    this.isClosed = true
    this.socket.destroy()
  }
}
