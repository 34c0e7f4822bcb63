/* One client: its connection, its place in the protocol (database, RESP version, authentication, transaction), the
 * bytes of a command still arriving, and its replies in order. I/O thread.
 *
 * The replies of commands run at once gather in the host's one Reply and leave with the batch; those of a worker's runs
 * and of deferred commands hold a slot in its ReplyQueue. Reading stops while the client owes too much: see isBackedUp.
 *
 * I1  `query` holds exactly the received bytes that belong to no finished command, and is empty between commands.
 * I2  a session with a Frame of its own is in the midst of a command; otherwise it uses the host's.
 * I3  replies leave in the order of the commands.
 * Bound: query by client-query-buffer-limit, output by client-output-buffer-limit and OUTPUT_PAUSE_BYTES, and by how
 * many commands may be with workers (see ReplyQueue). */
import { assert } from '../../base/assert.ts'
import { textOf } from '../../base/bytes.ts'
import { Reply } from '../../base/reply.ts'
import { BATCH_COMMANDS, type Batch } from '../framing/batch.ts'
import { BROKEN, COMPLETE, type Frame, INCOMPLETE } from '../framing/frame.ts'
import type { ReplySlot } from '../reply/slot.ts'
import { Connection, type ConnectionOwner, READ_BUFFER_BYTES } from '../socket/connection.ts'
import type { Accepted } from '../socket/listener.ts'
import type { BlockingWait } from './blocking-wait.ts'
import type { ClientType } from './client-type.ts'
import type { Host } from './host.ts'
import { QueryBuffer } from './query-buffer.ts'
import { ReplyQueue } from './reply-queue.ts'
import { Transaction } from './transaction.ts'

/* What Host.dispatch says. */
export const HANDLED = 0
/** Not now (the client is paused, or a ring is full): offer the same command again after resumeReading(). */
export const POSTPONED = 1

/** Replies gathered before they are written in the middle of a batch. */
const FLUSH_BYTES = 64 * 1024
/** The same with a limit. */
const MOST_GATHERED_BYTES = 1024 * 1024 * 1024
/** A client that has not read this much of its replies is not read either, unless its limits say to close it first. */
export const OUTPUT_PAUSE_BYTES = 32 * 1024 * 1024
/** What the replies of the commands that are with workers may be expected to take. */
const AHEAD_BYTES = OUTPUT_PAUSE_BYTES / 2
/** A query with one more read is not longer than an offset can say. */
const MOST_QUERY_BYTES = 2 ** 31 - 1 - READ_BUFFER_BYTES
/** While a session waits it still reads this much, so that a disconnect is noticed. */
const SUSPENDED_QUERY_BYTES = 1024 * 1024

export class Session implements ConnectionOwner {
  readonly id: number
  readonly connection: Connection
  readonly host: Host<Session>
  readonly remote: string
  readonly local: string
  readonly isUnix: boolean
  readonly createdMs: number
  lastInteractionMs: number

  db: number
  resp3: boolean
  authenticated: boolean
  user: string
  name: string
  libName: string
  libVersion: string
  /** CLIENT NO-EVICT, CLIENT NO-TOUCH. */
  noEvict: boolean
  noTouch: boolean
  /** CLIENT REPLY OFF; and SKIP: for the command that runs, and for the one after it. */
  replyOff: boolean
  skipReply: boolean
  skipNextReply: boolean
  readonly transaction: Transaction
  /** Its class for CLIENT LIST, CLIENT KILL and client-output-buffer-limit. */
  type: ClientType
  /** Full name of the newest command, for CLIENT LIST. */
  lastCommand: string
  commandCount: number
  bytesIn: number
  bytesOut: number

  /** Waiting for something other than input: a deferred command. */
  isSuspended: boolean
  /** Its next command waits: CLIENT PAUSE or a full ring. */
  isPostponed: boolean
  /** It waits for others: in a blocking command, or for CLIENT PAUSE to end. Shown as blocked, and never idle. */
  isBlocked: boolean
  /** Its wait in a blocking command, null without one. */
  wait: BlockingWait | null
  /** No more commands are read; the connection closes when the replies are out. */
  isClosing: boolean
  isClosed: boolean
  inputEnded: boolean
  /** What it is known to cost, for maxmemory-clients. */
  accountedBytes: number
  /** The hard limit of what it may owe, bytes; 0: none. It counts replies that have yet to be sent as well. */
  outputLimit: number
  /** When its output first exceeded the soft limit, Unix ms; 0: it does not. */
  softLimitSinceMs: number

  private readonly query: QueryBuffer
  private frame: Frame | null
  /** What is owed behind commands that have yet to be answered. */
  readonly replies: ReplyQueue
  /** It is postponed until the client has read more of its replies, or workers have sent more of them. */
  private waitsForReplies: boolean
  /** Bytes of the newest read. */
  private readBytes: number

  constructor(id: number, accepted: Accepted, host: Host<Session>) {
    this.id = id
    this.host = host
    this.remote = accepted.remote
    this.local = accepted.local
    this.isUnix = accepted.isUnix
    this.createdMs = host.nowMs()
    this.lastInteractionMs = this.createdMs
    this.db = 0
    this.resp3 = false
    this.authenticated = false
    this.user = 'default'
    this.name = ''
    this.libName = ''
    this.libVersion = ''
    this.noEvict = false
    this.noTouch = false
    this.replyOff = false
    this.skipReply = false
    this.skipNextReply = false
    this.transaction = new Transaction()
    this.type = 'normal'
    this.lastCommand = 'NULL'
    this.commandCount = 0
    this.bytesIn = 0
    this.bytesOut = 0
    this.isSuspended = false
    this.isPostponed = false
    this.isBlocked = false
    this.wait = null
    this.isClosing = false
    this.isClosed = false
    this.inputEnded = false
    this.accountedBytes = 0
    this.outputLimit = 0
    this.softLimitSinceMs = 0
    this.query = new QueryBuffer()
    this.frame = null
    this.replies = new ReplyQueue(AHEAD_BYTES)
    this.waitsForReplies = false
    this.readBytes = 0
    this.connection = new Connection(accepted.handle, this)
  }

  /** Whether it may run commands: it has authenticated, or needs not. */
  get isTrusted(): boolean {
    return this.authenticated || !this.host.passwordRequired
  }

  /** Whether the client sits on this machine: a Unix socket or the loopback interface. */
  get isLocal(): boolean {
    return this.isUnix || this.remote.startsWith('127.') || this.remote.startsWith('[::1]')
  }

  /** Forgets what the client has said, but of its library and the reply at hand; its transaction is the caller's. */
  reset(authenticated: boolean): void {
    this.db = 0
    this.resp3 = false
    this.authenticated = authenticated
    this.user = 'default'
    this.name = ''
    this.noEvict = false
    this.noTouch = false
    this.replyOff = false
    this.skipNextReply = false
  }

  /* Input. */

  received(bytes: Uint8Array, length: number): void {
    if (this.isClosing) return
    const host = this.host
    host.beginBatch(this)
    this.bytesIn += length
    host.traffic.bytesIn += length
    host.traffic.reads++
    this.readBytes = length
    if (this.query.length === 0 && !this.isSuspended && !this.isPostponed) {
      const consumed = this.consume(bytes, length)
      if (consumed < length && !this.isClosing) this.keep(bytes, consumed, length)
    } else {
      this.query.append(bytes, 0, length, this.frame === null ? 0 : this.frame.neededBytes)
      if (!this.isSuspended && !this.isPostponed) this.consumeQuery()
    }
    if (this.hasTooLongQuery) host.queryBufferExceeded(this)
    else if (this.query.length > SUSPENDED_QUERY_BYTES && (this.isSuspended || this.isPostponed))
      this.connection.pause()
    host.endBatch(this)
  }

  /** Arguments that are whole do not count, but their offsets must be 32-bit integers. */
  private get hasTooLongQuery(): boolean {
    const { length } = this.query
    const limit = this.host.queryBufferLimit
    if (length > limit && length - this.argumentBytes > limit) return true
    return length > MOST_QUERY_BYTES
  }

  /** Keeps bytes[from .. to), which hold the beginning of a command. */
  private keep(bytes: Uint8Array, from: number, to: number): void {
    const needed = this.frame === null ? 0 : this.frame.neededBytes
    this.query.append(bytes, from, to - from, needed)
    this.frame?.rebase()
  }

  private consumeQuery(): void {
    const { query } = this
    const consumed = this.consume(query.bytes, query.length)
    query.discard(consumed)
    if (query.length > 0) this.frame?.rebase()
  }

  /** Runs the commands in bytes[0 .. end) until input or patience ends; returns where the unfinished rest begins. */
  private consume(bytes: Uint8Array, end: number): number {
    const { host } = this
    let frame = this.frame
    if (frame === null) {
      frame = host.borrowFrame()
      frame.begin(0)
    }
    const { batch } = host
    // A client that has yet to authenticate is read a command at a time: AUTH lifts limits for what follows.
    let most = this.isTrusted ? BATCH_COMMANDS : 1
    for (;;) {
      batch.count = 0
      let status = COMPLETE
      while (batch.count < most && status >= COMPLETE) {
        status = frame.next(bytes, end, host.limits, this.isTrusted)
        if (status === COMPLETE) batch.take(frame)
        if (status >= COMPLETE) frame.begin(frame.at)
      }
      const stopped = this.runBatch(batch)
      if (stopped >= 0) {
        frame.begin(stopped)
        if (this.isTrusted || this.isSuspended || this.isPostponed || this.isClosing) break
        // RESET took the client's trust away: what follows is framed anew, under the limits for strangers.
        most = 1
        continue
      }
      if (status === BROKEN) {
        host.protocolError(this, frame.error)
        break
      }
      if (status === INCOMPLETE) break
    }
    const rest = frame.start
    // A command half read keeps its frame; one that is not begun, or that is offered again, needs none.
    if (rest < end && frame.at > rest && !this.isClosing) this.frame = frame
    else {
      this.frame = null
      host.returnFrame(frame)
    }
    // Arguments must not keep a large query buffer alive.
    if (bytes.length > READ_BUFFER_BYTES) batch.forget()
    return rest
  }

  /** Runs the framed commands; -1 when all have run, else the offset where the session has to stop. */
  private runBatch(batch: Batch): number {
    const { host } = this
    if (batch.count > 1) host.prepare(this, batch)
    for (let i = 0; i < batch.count; i++) {
      if (host.dispatch(this, batch.args[i]) === POSTPONED) return batch.starts[i]
      if (host.reply.length > FLUSH_BYTES && this.mayFlush(host.reply.length)) this.flush()
      if (this.isSuspended || this.isPostponed || this.isClosing) return batch.ends[i]
      if (!this.authenticated && !this.isTrusted) return batch.ends[i]
      if (this.isBackedUp) {
        this.waitForReplies()
        this.connection.pause()
        return batch.ends[i]
      }
    }
    return -1
  }

  /** Whether so much output waits that the client must read before it may ask on. */
  private get isBackedUp(): boolean {
    return this.outputBytes > OUTPUT_PAUSE_BYTES
  }

  /** The next command waits until the client has read, or the workers have sent, more of the replies. */
  waitForReplies(): void {
    this.isPostponed = true
    this.waitsForReplies = true
  }

  /** The next command waits until resumeReading(). */
  postpone(): void {
    this.isPostponed = true
  }

  /** Goes on with what was received meanwhile, and reads again. */
  resumeReading(): void {
    if (this.isClosed || this.isSuspended) return
    this.isPostponed = false
    this.waitsForReplies = false
    this.isBlocked = false
    this.host.beginBatch(this)
    if (this.query.length > 0) this.consumeQuery()
    this.host.endBatch(this)
    if (!this.isSuspended && !this.isPostponed && !this.isClosing) this.connection.resume()
    if (this.inputEnded) this.ended()
  }

  ended(): void {
    this.inputEnded = true
    // What waits for other clients is given up, as it would be if the connection were reset.
    if (this.isBlocked) return this.destroy()
    // What it sent is still answered, as a server that had run it at once would have done.
    if (this.replies.isEmpty && !this.isPostponed) this.closeAfterReplies()
  }

  backedUp(): void {
    this.host.outputGrew(this, 0)
  }

  drained(): void {
    this.lastInteractionMs = this.host.nowMs()
    this.goOnWithReplies()
  }

  /** Reads on if that has waited for replies to go, and enough of them have. */
  private goOnWithReplies(): void {
    if (!this.waitsForReplies || this.isBackedUp || this.isSuspended || this.host.current !== null) return
    if (this.replies.isNear) this.resumeReading()
  }

  closed(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.isClosing = true
    this.wait?.cancel()
    this.query.clear()
    if (this.frame !== null) this.host.returnFrame(this.frame)
    this.frame = null
    this.replies.clear()
    this.host.sessionClosed(this)
  }

  /* Output. */

  /** Writes the replies that have gathered in the host's Reply: at once, or with those of other clients. */
  flush(together = false): void {
    const reply = this.host.reply
    if (reply.length === 0) return
    if (this.outputLimit !== 0 && !this.mayOwe(reply.length)) {
      reply.reset()
      return
    }
    this.countOutput(reply.length)
    if (!this.replies.isEmpty) {
      const slot = this.openSlot(false)
      this.hold(slot, reply.bytes.slice(0, reply.length))
      this.finishSlot(slot)
    } else if (reply.isOutsized) {
      this.connection.sendOwned(reply.bytes, reply.length)
      reply.release()
    } else if (together) this.connection.post(reply.bytes, 0, reply.length)
    else this.connection.send(reply.bytes, 0, reply.length)
    reply.reset()
    if (this.connection.queuedBytes > 0) this.host.outputGrew(this, 0)
  }

  /** Whether replies may leave in the midst of a batch: with a limit only once they reach it and end the client. */
  private mayFlush(bytes: number): boolean {
    return this.outputLimit === 0 || bytes >= this.outputLimit || bytes > MOST_GATHERED_BYTES
  }

  /** Whether so many more bytes may be owed; if not, the host has closed the session. */
  private mayOwe(bytes: number): boolean {
    if (this.outputBytes + bytes >= this.outputLimit) this.host.outputGrew(this, bytes)
    return !this.isClosed && !this.connection.isClosed
  }

  private countOutput(length: number): void {
    const { traffic } = this.host
    this.bytesOut += length
    traffic.bytesOut += length
    traffic.writes++
  }

  /** Holds the next place in the order of replies; replies gathered so far go first. */
  openSlot(flushFirst = true): ReplySlot {
    if (flushFirst) this.flush()
    return this.replies.open(this.isMuted)
  }

  get isMuted(): boolean {
    return this.replyOff || this.skipReply
  }

  /** Whether the quick path is open: nothing about the session changes what a command does or where it replies. */
  get isOrdinary(): boolean {
    return this.authenticated && !this.transaction.isOpen && !this.replyOff && !this.skipReply && !this.skipNextReply
  }

  /** A command has ended: CLIENT REPLY SKIP moves on. */
  advanceSkip(): void {
    this.skipReply = this.skipNextReply
    this.skipNextReply = false
  }

  /** Writes a part of a slot's replies. */
  writeSlot(slot: ReplySlot, bytes: Uint8Array, offset: number, length: number): void {
    slot.bytes += length
    if (slot.muted || this.isClosed || length === 0) return
    this.countOutput(length)
    // With a limit, nothing of a reply leaves before all of it is known to be within.
    if (!this.replies.isFirst(slot) || this.outputLimit !== 0) {
      this.hold(slot, bytes.slice(offset, offset + length))
      return
    }
    this.connection.post(bytes, offset, length)
    if (this.connection.queuedBytes > 0) this.host.outputGrew(this, 0)
  }

  /** Keeps replies until the slots before theirs have gone. */
  private hold(slot: ReplySlot, chunk: Uint8Array): void {
    this.replies.hold(slot, chunk)
    if (!this.replies.isFirst(slot) || this.outputLimit !== 0) this.host.outputGrew(this, 0)
  }

  /** A part of a slot has finished; after the last one the slots behind it get their turn. */
  finishSlot(slot: ReplySlot): void {
    this.replies.finish(slot)
    if (this.isClosed) return
    this.sendFinished()
    this.goOnWithReplies()
  }

  /** Sends what need not wait any more; the connection ends after the last of it, if it is to. */
  private sendFinished(): void {
    if (!this.replies.send(this.connection, this.outputLimit !== 0)) return
    // What is left of the query then is the beginning of a command that will never be whole.
    if (this.inputEnded && !this.isSuspended && !this.isPostponed) this.isClosing = true
    if (this.isClosing) this.connection.end()
  }

  /**
   * The command that runs answers later: no further command is read until `resolve` is called with what writes the
   * reply. The returned function may be called once; after the session has closed it does nothing.
   */
  defer(): (write: (reply: Reply) => void) => void {
    assert(!this.isSuspended, 'one command is deferred at a time')
    const slot = this.openSlot()
    this.isSuspended = true
    return (write) => {
      if (this.isClosed) return
      // Between batches the host's reply is empty.
      const reply = this.host.current === null ? this.host.reply : new Reply()
      reply.resp3 = this.resp3
      write(reply)
      this.writeSlot(slot, reply.bytes, 0, reply.length)
      reply.reset()
      this.advanceSkip()
      this.finishSlot(slot)
      this.isSuspended = false
      this.resumeReading()
    }
  }

  /** Closes when everything that is owed has been written. */
  closeAfterReplies(): void {
    this.isClosing = true
    this.query.clear()
    if (this.replies.isEmpty && this.host.current !== this) this.connection.end()
  }

  /** Ends a batch: writes what has gathered, and closes if that was the last. */
  finishBatch(): void {
    this.flush(true)
    if (this.isClosing && this.replies.isEmpty) this.connection.end()
  }

  /** Closes at once, whatever is owed. */
  destroy(): void {
    this.isClosing = true
    this.connection.destroy()
    // In the midst of its own batch it is still needed: the socket's end comes after the batch's.
    if (this.host.current !== this) this.closed()
  }

  /* Figures for CLIENT LIST and the memory accounts. */

  /** Bytes received and not read as arguments; while its commands run, those that came with them. */
  get queryBytes(): number {
    if (this.usesReadBuffer) return this.readBytes
    return this.frame === null ? this.query.length : this.query.length - (this.frame.at - this.frame.start)
  }

  /** Room for more bytes. */
  get queryFreeBytes(): number {
    return this.usesReadBuffer ? READ_BUFFER_BYTES - this.readBytes : this.query.bytes.length - this.query.length
  }

  private get usesReadBuffer(): boolean {
    return this.host.current === this && this.query.bytes.length === 0
  }

  /** The first bytes that no command has consumed, as latin1 text. */
  queryStart(bytes: number): string {
    return textOf(this.query.bytes, 0, Math.min(bytes, this.query.length))
  }

  /** Memory of the session's own query buffer. */
  get queryBufferBytes(): number {
    return this.query.bytes.length
  }

  /** Bytes of the arguments that have arrived of an unfinished command. They are part of the query buffer. */
  get argumentBytes(): number {
    return this.frame === null ? 0 : this.frame.args.totalBytes()
  }

  /** Gives room back that an idle client holds. */
  shrinkQuery(): void {
    this.query.shrink()
  }

  /** Bytes that wait to be written: in the socket's queue and in slots. */
  get outputBytes(): number {
    return this.connection.queuedBytes + this.replies.heldBytes
  }

  /** Pieces that wait to be written. */
  get outputPieces(): number {
    return this.connection.queuedPieces + this.replies.pieces
  }
}
