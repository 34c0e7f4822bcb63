/* Clients, sessions and real shard workers in one process, with nothing of the server around them: for tests of what
 * happens to commands between framing and reply. I/O thread; tests only. */

import type { Args } from '../../base/args.ts'
import { AssertionError, assert } from '../../base/assert.ts'
import { FAST, type Family, family } from '../../base/command-spec.ts'
import { CommandTable } from '../../base/command-table.ts'
import * as errors from '../../base/error-texts.ts'
import { type Clock, SeededRandom } from '../../base/ports.ts'
import { Reply } from '../../base/reply.ts'
import { createShards, type ShardSet } from '../../server/shards.ts'
import { shardFamilies } from '../../shard-worker/command/table.ts'
import type { Engine } from '../../shard-worker/engine.ts'
import { Batch } from '../framing/batch.ts'
import { Frame, Limits } from '../framing/frame.ts'
import { ReplyPoller } from '../reply/poller.ts'
import type { Host } from '../session/host.ts'
import { HANDLED, type Session } from '../session/session.ts'
import { Traffic } from '../session/traffic.ts'
import { Dispatcher, type Gate } from './dispatcher.ts'
import { Pause } from './pause.ts'
import { transactionFamily } from './transaction.ts'

export interface RigOptions {
  workers: number
  shards: number
}

export class RoutingRig implements Host<Session>, Gate {
  readonly reply = new Reply()
  readonly limits = new Limits()
  readonly traffic = new Traffic()
  readonly batch = new Batch()
  readonly shards: ShardSet
  readonly commands: CommandTable<never>
  readonly dispatcher: Dispatcher
  readonly pause: Pause
  readonly poller: ReplyPoller
  /** Unix ms; the test moves it. */
  now = Date.UTC(2030, 0, 1)
  current: Session | null = null
  passwordRequired = false
  readonly queryBufferLimit = 1024 * 1024 * 1024
  isShortOfMemory = false
  /** Why a command of this name is not allowed. */
  readonly forbidden = new Map<string, string>()
  readonly slowCommands: string[] = []
  /** Called for each command in the order of sequencing, when it has run or has been handed over. */
  onHandled: (session: Session, words: string[]) => void = () => {}
  private readonly frames: Frame[] = []
  private isInRound = false

  constructor({ workers, shards }: RigOptions) {
    const clock: Clock = { nowMs: () => this.now, monotonicUs: () => performance.now() * 1000 }
    const table = new CommandTable<Engine>(shardFamilies)
    this.shards = createShards(
      { workers, shards, maxmemory: 0, databases: 4, settings: [] },
      table,
      this.reply,
      clock,
      new SeededRandom(1),
      (_worker, error) => {
        throw error
      },
    )
    this.commands = new CommandTable<never>([...shardFamilies, transactionFamily(() => this.dispatcher), testFamily])
    this.pause = new Pause(() => this.now)
    this.dispatcher = new Dispatcher(this.commands, this.shards.sequencer, this.reply, this.pause, this)
    this.pause.onChange = () => this.dispatcher.observe()
    this.poller = new ReplyPoller(this.sequencer, this.shards.doorbell)
    this.poller.onRound = () => {
      this.isInRound = true
      this.engine.begin(this.now)
    }
    this.poller.afterRound = () => {
      this.isInRound = false
      this.engine.statistics.endBatch(0)
      this.sequencer.check()
    }
    this.sequencer.onPending = () => this.poller.schedule()
  }

  get engine() {
    return this.shards.engine
  }

  get sequencer() {
    return this.shards.sequencer
  }

  /** Resolves when no worker owes anything. */
  async quiet(): Promise<void> {
    while (this.sequencer.isWaiting) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Asserts every invariant of the sequencer and, when all batons are home, of all shards. */
  check(): void {
    this.sequencer.check()
    if (this.sequencer.isWaiting) return
    for (const shard of this.engine.shards) shard.check()
  }

  close(): Promise<void> {
    return this.shards.terminate()
  }

  /* Host. */

  nowMs(): number {
    return this.now
  }

  beginBatch(session: Session): void {
    assert(this.current === null, 'batches do not nest')
    this.current = session
    this.engine.begin(this.now)
    this.reply.resp3 = session.resp3
    this.dispatcher.observe()
  }

  endBatch(session: Session): void {
    this.sequencer.pushRun()
    this.engine.statistics.endBatch(0)
    session.finishBatch()
    this.current = null
    // A round of replies may be in the midst of a hold.
    if (!this.isInRound) this.sequencer.check()
  }

  prepare(session: Session, batch: Batch): void {
    this.dispatcher.prepare(session, batch)
  }

  dispatch(session: Session, args: Args): number {
    const words = Array.from({ length: args.count }, (_, i) => args.text(i))
    const status = this.dispatcher.dispatch(session, args)
    if (status === HANDLED) this.onHandled(session, words)
    return status
  }

  borrowFrame(): Frame {
    return this.frames.pop() ?? new Frame()
  }

  returnFrame(frame: Frame): void {
    frame.forget()
    this.frames.push(frame)
  }

  protocolError(_session: Session, reason: string): void {
    throw new AssertionError(`tests send no broken protocol: ${reason}`)
  }

  queryBufferExceeded(): void {
    throw new AssertionError('tests stay within the query buffer')
  }

  outputGrew(): void {}

  sessionClosed(session: Session): void {
    this.sequencer.abandonTransaction(session)
    this.pause.forget(session)
  }

  /* Gate. */

  lacksMemory(): boolean {
    return this.isShortOfMemory
  }

  lacksReplicas(): boolean {
    return false
  }

  hasDiskError(): boolean {
    return false
  }

  readonly isLoading = false

  flushed(): void {}

  protection(_session: Session, command: { fullName: string }): string | null {
    return this.forbidden.get(command.fullName) ?? null
  }

  reportSlow(): void {
    const { slow } = this.engine
    slow.pending = false
    this.slowCommands.push(this.commands.commands[slow.command].fullName)
  }

  closeHttp(session: Session): void {
    session.destroy()
  }
}

const declared = { runs: 'io', acl: 0, keys: [], since: '1.0.0', complexity: '', summary: '', syntax: '' } as const

/** What a session needs besides: another database, a long reply, one that is skipped, one that comes later. */
const testFamily: Family<Session> = family<Session>('test', [
  {
    ...declared,
    name: 'SELECT',
    arity: 2,
    flags: FAST,
    handler: (session, args, reply) => {
      const db = Number(args.text(1))
      if (!(db >= 0 && db < 4)) return reply.error(errors.DB_OUT_OF_RANGE)
      session.db = db
      reply.ok()
    },
  },
  {
    ...declared,
    name: 'LONG',
    arity: 2,
    flags: FAST,
    handler: (_session, args, reply) => reply.bulkText('x'.repeat(Number(args.text(1)))),
  },
  {
    ...declared,
    name: 'SKIP',
    arity: 1,
    flags: FAST,
    handler: (session) => {
      session.skipNextReply = true
    },
  },
  {
    ...declared,
    name: 'LATER',
    arity: 2,
    flags: FAST,
    handler: (session, args) => {
      const text = args.text(1)
      const resolve = session.defer()
      setImmediate(() => resolve((reply) => reply.bulkText(text)))
    },
  },
])
