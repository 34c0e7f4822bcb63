/* maxmemory-clients: when all clients together cost more, the costliest are closed
 * (https://redis.io/docs/reference/clients/#client-eviction). Main thread.
 *
 * While there is a limit, or maxmemory, of which clients take their part, a client is measured after each of its
 * batches, when it is owed something, and by the cron.
 * What it has given back since still counts, so all are measured again before anybody has to go. Those to close are
 * looked for by size classes, as in Redis: the class of the largest first, within it the oldest, so that two clients of
 * about the same size are not told apart by a few bytes. CLIENT NO-EVICT keeps a client open; what it costs counts all
 * the same.
 *
 * I1  `total` is the sum of the sessions' `accountedBytes`.
 * Bound: the limit, passed by what one batch of one client may add. An attempt that leaves too much is repeated when a
 * client that may go has grown, or at the next turn of the cron: clients that must stay do not make each batch walk all
 * of them. */

import { memoryOf } from '../io/session/describe.ts'
import type { Session } from '../io/session/session.ts'
import type { Log } from '../observability/log.ts'
import type { Configuration } from './configuration/configuration.ts'

/** What eviction asks of the clients. */
export interface EvictionTarget {
  readonly configuration: Configuration
  readonly log: Log
  readonly sessions: ReadonlyMap<number, Session>
  describeClient(session: Session): string
}

/** Binary logarithms of the smallest and largest size classes. */
const SMALLEST_CLASS = 15
const LARGEST_CLASS = 33

/** No limit is lower: with less nobody could talk to the server to raise it. */
const LEAST_LIMIT = 128 * 1024

const classOf = (bytes: number) => Math.min(Math.max(Math.floor(Math.log2(bytes)), SMALLEST_CLASS), LARGEST_CLASS)

export class ClientEviction {
  /** Bytes; 0: no limit. */
  limit = 0
  /** Whether clients are measured. */
  isMeasuring = false
  /** What they hold, as last measured. */
  total = 0
  /** Clients closed since the start. */
  evicted = 0
  /** The last attempt has left too much. */
  private isFutile = false
  private readonly target: EvictionTarget

  constructor(target: EvictionTarget) {
    this.target = target
    for (const name of ['maxmemory-clients', 'maxmemory'] as const)
      target.configuration.onChange(name, () => this.follow())
    this.follow()
  }

  /** The directives have changed: measures everybody anew. */
  private follow(): null {
    const { values } = this.target.configuration
    const directive = values['maxmemory-clients']
    const wanted = directive >= 0 ? directive : Math.floor((-directive * values.maxmemory) / 100)
    this.limit = wanted === 0 ? 0 : Math.max(wanted, LEAST_LIMIT)
    this.isMeasuring = this.limit !== 0 || values.maxmemory !== 0
    this.isFutile = false
    this.accountAll()
    return null
  }

  private accountAll(): void {
    this.total = 0
    for (const session of this.target.sessions.values()) {
      session.accountedBytes = this.isMeasuring ? memoryOf(session) : 0
      this.total += session.accountedBytes
    }
  }

  /** Measures a session again. */
  account(session: Session): void {
    if (!this.isMeasuring || session.isClosed) return
    const bytes = memoryOf(session)
    if (bytes > session.accountedBytes && mayGo(session)) this.isFutile = false
    this.total += bytes - session.accountedBytes
    session.accountedBytes = bytes
  }

  /** A session is gone. */
  forget(session: Session): void {
    this.total -= session.accountedBytes
    session.accountedBytes = 0
  }

  get isOver(): boolean {
    return this.limit !== 0 && this.total > this.limit
  }

  /** Closes clients until the rest is within the limit. Between batches only. */
  evict(): void {
    if (!this.isOver || this.isFutile) return
    this.accountAll()
    for (const session of this.candidates()) {
      if (!this.isOver) return
      this.target.log.notice(`Evicting client: ${this.target.describeClient(session)}`)
      this.evicted++
      session.destroy()
    }
    this.isFutile = this.isOver
    if (this.isOver) this.target.log.warning('Over client maxmemory after evicting all evictable clients')
  }

  /** A turn of the cron. */
  turn(): void {
    this.isFutile = false
    this.evict()
  }

  private candidates(): Session[] {
    const sessions = [...this.target.sessions.values()].filter(mayGo)
    return sessions.sort((a, b) => classOf(b.accountedBytes) - classOf(a.accountedBytes) || a.id - b.id)
  }
}

function mayGo({ type, noEvict }: Session): boolean {
  return !noEvict && (type === 'normal' || type === 'pubsub')
}
