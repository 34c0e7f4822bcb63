/* The connected clients: who is let in, and who has to go for asking too much, owing too much or keeping silent. Main
 * thread.
 *
 * I1  `sessions` holds the sessions that are not closed, in the order of their ids.
 * Bound: maxclients. */

import { bytesOf } from '../base/bytes.ts'
import * as errors from '../base/error-texts.ts'
import { quoteArgument } from '../base/split-arguments.ts'
import type { ClientContext } from '../io/command/client-context.ts'
import type { Pause } from '../io/routing/pause.ts'
import type { Sequencer } from '../io/routing/sequencer.ts'
import { describeSession } from '../io/session/describe.ts'
import type { Host } from '../io/session/host.ts'
import { Session } from '../io/session/session.ts'
import { type Accepted, refuse } from '../io/socket/listener.ts'
import type { Log } from '../observability/log.ts'
import { ClientEviction } from './client-eviction.ts'
import type { Configuration } from './configuration/configuration.ts'
import type { DefaultUser } from './default-user.ts'

/** The server as its clients see it. */
export interface ClientsHost extends Host<Session> {
  readonly configuration: Configuration
  readonly log: Log
  readonly defaultUser: DefaultUser
  readonly pause: Pause
  readonly sequencer: Sequencer
}

/** Each client is looked after about once in this time. */
const ROUND_MS = 1000
/** Clients looked after in a turn, at least. */
const TURN_MIN = 5
/** A client silent for this long gives back what its query buffer has to spare. */
const SPARE_ROOM_MS = 2000
/** Spare room that is not worth giving back. */
const SPARE_ROOM_BYTES = 4096
/**
 * A client that has yet to authenticate may owe so much, whatever the limits say: else whoever reaches the port could
 * fill the memory with errors that he does not read (CVE-2025-21605; Redis 7.2.8 bounds it by its first reply buffer).
 */
const MOST_FOR_STRANGERS_BYTES = 16 * 1024
/** How often the log tells of HTTP. */
const TELL_OF_HTTP_MS = 60_000
/** How much of the list of clients a crash report shows, at least, where it is longer. */
const MOST_TOLD_CHARS = 4 * 1024 * 1024
/** How much of a query buffer is shown when it is too long. */
const SHOWN_BYTES = 64

export class Clients implements ClientContext {
  readonly sessions = new Map<number, Session>()
  /** Connections that were let in, and that were turned away, since the start. */
  received = 0
  rejected = 0
  readonly eviction: ClientEviction
  private toldOfHttpMs = Number.NEGATIVE_INFINITY
  private readonly host: ClientsHost
  private nextId = 1
  private round: Iterator<Session>

  constructor(host: ClientsHost) {
    this.host = host
    this.round = this.sessions.values()
    const { configuration, log } = host
    const describeClient = (session: Session) => this.describeClient(session)
    this.eviction = new ClientEviction({ configuration, log, sessions: this.sessions, describeClient })
  }

  nowMs(): number {
    return this.host.nowMs()
  }

  /* Coming and going. */

  /** Lets a connection in, or says why not and closes it. */
  accept(accepted: Accepted): void {
    const { configuration, defaultUser } = this.host
    const { values } = configuration
    if (this.sessions.size >= values.maxclients) return this.reject(accepted, errors.MAX_CLIENTS)
    const isOpen = !defaultUser.passwordRequired
    if (values['protected-mode'] && isOpen && !accepted.isUnix && !isLoopback(accepted.remoteAddress)) {
      return this.reject(accepted, errors.PROTECTED_MODE)
    }
    this.received++
    const session = new Session(this.nextId++, accepted, this.host)
    session.authenticated = isOpen
    session.outputLimit = this.outputLimits(session).hard
    if (!accepted.isUnix) session.connection.setKeepAlive(values['tcp-keepalive'])
    this.sessions.set(session.id, session)
    this.eviction.account(session)
  }

  private reject(accepted: Accepted, text: string): void {
    this.rejected++
    refuse(accepted, bytesOf(`-${text}\r\n`))
  }

  closed(session: Session): void {
    this.sessions.delete(session.id)
    this.eviction.forget(session)
    this.host.pause.forget(session)
    this.host.sequencer.abandonTransaction(session)
    const { log } = this.host
    if (log.writes('verbose')) log.verbose(`Client closed connection ${this.describeClient(session)}`)
  }

  /* ClientContext. */

  describeClient(session: Session, argumentBytes = 0): string {
    return describeSession(session, { nowMs: this.nowMs(), argumentBytes, isDirty: this.isDirty(session) })
  }

  /** All clients, a line each; not all of them when that would be too long for anybody to read. */
  listText(): string {
    let text = ''
    for (const session of this.sessions.values()) {
      text += `${this.describeClient(session)}\n`
      if (text.length > MOST_TOLD_CHARS) break
    }
    return text
  }

  /** Whether a watched key has changed, as far as can be seen without waiting for a worker. */
  private isDirty(session: Session): boolean {
    const { sequencer } = this.host
    for (const shard of session.transaction.watchedShards) {
      if (sequencer.inFlight[shard] !== 0) continue
      if (sequencer.engine.shards[shard].watches.isDirty(session.id, () => false)) return true
    }
    return false
  }

  hasUser(name: string): boolean {
    return name === 'default'
  }

  pauseClients(endMs: number, all: boolean): void {
    this.host.pause.begin(endMs, all)
  }

  unpauseClients(): void {
    this.host.pause.finish()
  }

  /* Limits. */

  /** A client's batch is over. */
  batchEnded(session: Session): void {
    if (!this.eviction.isMeasuring) return
    this.eviction.account(session)
    this.eviction.evict()
  }

  /** Output waits for a client to read it: closes it if that is too much. */
  outputGrew(session: Session, unsent: number): void {
    this.eviction.account(session)
    if (session.isClosed || session.connection.isClosed || !this.owesTooMuch(session, unsent)) return
    this.host.log.warning(
      `Client ${this.describeClient(session)} scheduled to be closed ASAP for overcoming of output buffer limits.`,
    )
    session.destroy()
  }

  private owesTooMuch(session: Session, unsent: number): boolean {
    const { hard, soft, softSeconds } = this.outputLimits(session)
    const bytes = session.outputBytes + unsent
    if (bytes > MOST_FOR_STRANGERS_BYTES && !session.isTrusted) return true
    if (hard > 0 && bytes >= hard) return true
    if (soft === 0 || bytes < soft) {
      session.softLimitSinceMs = 0
      return false
    }
    if (session.softLimitSinceMs === 0) session.softLimitSinceMs = this.nowMs()
    const elapsed = Math.floor(this.nowMs() / 1000) - Math.floor(session.softLimitSinceMs / 1000)
    return elapsed > softSeconds
  }

  private outputLimits(session: Session) {
    const limits = this.host.configuration.values['client-output-buffer-limit']
    // A primary is no special client here.
    return limits[session.type === 'master' ? 'normal' : session.type]
  }

  /** The limits have changed. */
  followOutputLimits(): void {
    for (const session of this.sessions.values()) session.outputLimit = this.outputLimits(session).hard
  }

  /** A client's unfinished command is longer than client-query-buffer-limit. */
  queryBufferExceeded(session: Session): void {
    this.host.log.warning(
      `Closing client that reached max query buffer length: ${this.describeClient(session)} ` +
        `(qbuf initial bytes: ${quoteArgument(session.queryStart(SHOWN_BYTES))})`,
    )
    session.destroy()
  }

  /** A command that only HTTP has: a page in somebody's browser may be behind it. Told once a minute. */
  closeHttp(session: Session): void {
    const now = this.nowMs()
    if (now - this.toldOfHttpMs > TELL_OF_HTTP_MS) {
      this.toldOfHttpMs = now
      this.host.log.warning(
        'Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This ' +
          'is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis ' +
          `instance. Connection from ${session.remote} aborted.`,
      )
    }
    session.destroy()
  }

  /** Looks after some clients: all of them in a second of turns that come `hz` times a second. */
  cron(hz: number): void {
    this.eviction.turn()
    const turnMs = 1000 / hz
    let left = Math.min(this.sessions.size, Math.max(TURN_MIN, Math.ceil((this.sessions.size * turnMs) / ROUND_MS)))
    const now = this.nowMs()
    for (; left > 0; left--) {
      let next = this.round.next()
      if (next.done) {
        this.round = this.sessions.values()
        next = this.round.next()
      }
      if (next.done) return
      this.lookAfter(next.value, now)
    }
  }

  private lookAfter(session: Session, now: number): void {
    const { timeout } = this.host.configuration.values
    const idleMs = now - session.lastInteractionMs
    const idleSeconds = Math.floor(now / 1000) - Math.floor(session.lastInteractionMs / 1000)
    if (
      timeout > 0 &&
      idleSeconds > timeout &&
      !session.isBlocked &&
      !session.isSuspended &&
      session.type === 'normal'
    ) {
      this.host.log.verbose('Closing idle client')
      session.destroy()
      return
    }
    this.eviction.account(session)
    if (idleMs > SPARE_ROOM_MS && session.queryFreeBytes > SPARE_ROOM_BYTES) session.shrinkQuery()
    if (session.outputBytes > 0 && this.owesTooMuch(session, 0)) {
      this.host.log.warning(`Client ${this.describeClient(session)} closed for overcoming of output buffer limits.`)
      session.destroy()
    }
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}
