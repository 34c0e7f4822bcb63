/* The server: what a Session needs of its surroundings, and the life of the process around it: listening, the cron,
 * shutting down. Main thread. Everything it does per command is a call into src/io. */
import type { Server as NetServer } from 'node:net'
import type { Args } from '../base/args.ts'
import type { CommandTable, Command } from '../base/command-table.ts'
import { encodeSettingChange, decodeControlFrame } from '../shm/schema/control.ts'
import * as errors from '../base/error-texts.ts'
import { type Clock, SeededRandom, systemClock } from '../base/ports.ts'
import { Reply } from '../base/reply.ts'
import { Batch } from '../io/framing/batch.ts'
import { Frame, Limits } from '../io/framing/frame.ts'
import { ReplyPoller } from '../io/reply/poller.ts'
import { Dispatcher } from '../io/routing/dispatcher.ts'
import { Pause } from '../io/routing/pause.ts'
import type { InlineExecution } from '../io/routing/sequencer.ts'
import type { Host } from '../io/session/host.ts'
import { Session } from '../io/session/session.ts'
import { Traffic } from '../io/session/traffic.ts'
import { type Accepted, listenTcp, listenUnix } from '../io/socket/listener.ts'
import type { Log } from '../observability/log.ts'
import { EngineSettings } from '../shard-worker/settings.ts'
import { engineTable, wholeTable } from './command-table.ts'
import type { Configuration } from './configuration/configuration.ts'
import type { DirectiveName } from './configuration/directives/table.ts'
import { DefaultUser } from './default-user.ts'
import { ioFamilies } from './server-commands.ts'
import { createShards, type ShardSet } from './shards.ts'
import { Shutdown } from './shutdown.ts'

/** Frames kept for sessions that are in the midst of a command. */
const SPARE_FRAMES = 64

export class Server implements Host {
  readonly configuration: Configuration
  readonly log: Log
  readonly clock: Clock
  readonly reply: Reply
  readonly limits: Limits
  readonly traffic = new Traffic()
  readonly batch = new Batch()
  readonly shards: ShardSet
  readonly commands: CommandTable<never>
  readonly dispatcher: Dispatcher
  readonly pause: Pause
  readonly sessions = new Map<number, Session>()
  readonly poller: ReplyPoller
  readonly defaultUser = new DefaultUser()
  readonly shutdown: Shutdown
  current: Session | null = null
  queryBufferLimit = 0
  private nextSessionId = 1
  private readonly frames: Frame[] = []
  private readonly listeners: NetServer[] = []
  private batchStartUs = 0
  private maxmemory = 0
  private cronTimer: NodeJS.Timeout | null = null

  constructor(configuration: Configuration, log: Log, clock: Clock = systemClock) {
    this.configuration = configuration
    this.log = log
    this.clock = clock
    this.reply = new Reply()
    this.limits = new Limits()
    const { values } = configuration
    const settings = engineSettings(configuration)
    const random = new SeededRandom(Math.trunc(clock.monotonicUs() * 1000) ^ process.pid)
    this.shards = createShards(
      {
        workers: values['shard-workers'],
        shards: values.shards,
        maxmemory: values.maxmemory,
        databases: values.databases,
        settings,
      },
      engineTable(),
      this.reply,
      clock,
      random,
      (error) => this.fail(error),
    )
    this.pause = new Pause(() => clock.nowMs())
    this.shutdown = new Shutdown(this)
    this.commands = wholeTable(ioFamilies(() => this))
    this.dispatcher = new Dispatcher(this.commands, this.shards.sequencer, this.reply, this.pause, this)
    this.poller = new ReplyPoller(this.shards.sequencer, this.shards.doorbell)
    this.poller.onRound = () => {
      this.engine.begin(clock.nowMs())
      this.batchStartUs = clock.monotonicUs()
    }
    this.poller.afterRound = () => this.endTiming()
    this.shards.sequencer.onPending = () => this.poller.schedule()
    this.shards.sequencer.onControl = (_worker, frame) => this.control(frame)
    this.followConfiguration()
  }

  get engine() {
    return this.shards.engine
  }

  private followConfiguration(): void {
    const { configuration } = this
    const { values } = configuration
    const follow = (names: Parameters<Configuration['onChange']>[0], apply: () => void) => {
      apply()
      configuration.onChange(names, () => {
        apply()
        return null
      })
    }
    for (const [name] of engineSettings(configuration)) {
      configuration.onChange(name as DirectiveName, () => {
        this.broadcastSetting(name, configuration.shown(name))
        return null
      })
    }
    follow('inline-execution', () => {
      this.shards.sequencer.inlineExecution = values['inline-execution'] as InlineExecution
    })
    follow('proto-max-bulk-len', () => {
      this.limits.maxBulkBytes = values['proto-max-bulk-len']
    })
    follow('client-query-buffer-limit', () => {
      this.queryBufferLimit = values['client-query-buffer-limit']
    })
    follow('requirepass', () => this.defaultUser.setPassword(values.requirepass))
    follow('maxmemory', () => {
      this.maxmemory = values.maxmemory
    })
  }

  /* Host. */

  nowMs(): number {
    return this.clock.nowMs()
  }

  beginBatch(session: Session): void {
    this.current = session
    const now = this.clock.nowMs()
    session.lastInteractionMs = now
    this.engine.begin(now)
    this.reply.resp3 = session.resp3
    this.dispatcher.observe()
    this.batchStartUs = this.clock.monotonicUs()
  }

  endBatch(session: Session): void {
    this.shards.sequencer.pushRun()
    this.endTiming()
    session.finishBatch()
    this.current = null
  }

  /** The commands counted so far share the time since the batch began. */
  endTiming(): void {
    const { statistics } = this.engine
    statistics.endBatch(statistics.isBatchEmpty ? 0 : this.clock.monotonicUs() - this.batchStartUs)
  }

  prepare(session: Session, batch: Batch): void {
    this.dispatcher.prepare(session, batch)
  }

  dispatch(session: Session, args: Args): number {
    return this.dispatcher.dispatch(session, args)
  }

  borrowFrame(): Frame {
    return this.frames.pop() ?? new Frame()
  }

  returnFrame(frame: Frame): void {
    if (this.frames.length < SPARE_FRAMES) this.frames.push(frame)
  }

  protocolError(session: Session, reason: string): void {
    this.log.verbose(`Protocol error (${reason}) from client: id=${session.id} addr=${session.remote}.`)
    this.reply.error(errors.protocolError(reason))
    this.engine.statistics.error(this.reply.lastError)
    session.closeAfterReplies()
  }

  queryBufferExceeded(session: Session): void {
    this.log.warning(`Closing client that reached max query buffer length: id=${session.id} addr=${session.remote}`)
    session.destroy()
  }

  outputGrew(_session: Session): void {}

  sessionClosed(session: Session): void {
    this.sessions.delete(session.id)
    this.pause.forget(session)
    this.shards.sequencer.abandonTransaction(session)
    this.log.verbose(`Client closed connection id=${session.id} addr=${session.remote}`)
  }

  /* ConnectionContext. */

  get databases(): number {
    return this.engine.databases
  }

  get mode() {
    return 'standalone' as const
  }

  get role() {
    return 'master' as const
  }

  get passwordRequired(): boolean {
    return this.defaultUser.passwordRequired
  }

  mayLogIn(user: string, password: string): boolean {
    return this.defaultUser.mayLogIn(user, password)
  }

  abandonTransaction(session: Session): void {
    this.shards.sequencer.abandonTransaction(session)
  }

  /* Gate. */

  isOverMemory(): boolean {
    if (this.maxmemory === 0) return false
    let used = 0
    for (const shard of this.engine.shards) used += shard.arena.usedBytes
    return used > this.maxmemory
  }

  protection(_session: Session, _command: Command<never>): string | null {
    return null
  }

  reportSlow(_session: Session): void {
    this.engine.slow.pending = false
  }

  private control(frame: Uint8Array): void {
    decodeControlFrame(frame)
  }

  /** CONFIG RESETSTAT. */
  resetStatistics(): void {
    this.engine.statistics.reset()
  }

  /** Tells the workers of a changed directive. */
  broadcastSetting(name: string, value: string): void {
    this.engine.configure(name, value)
    this.shards.sequencer.broadcast(encodeSettingChange({ name, value }))
  }

  /* Life. */

  /** Listens as configured. */
  async listen(): Promise<void> {
    const { values } = this.configuration
    const accept = (accepted: Accepted) => this.accept(accepted)
    if (values.port !== 0) {
      for (const word of values.bind) await this.listenOn(word, values.port, values['tcp-backlog'], accept)
    }
    if (values.unixsocket !== '') {
      this.listeners.push(await listenUnix(values.unixsocket, values.unixsocketperm, values['tcp-backlog'], accept))
    }
  }

  /** One word of `bind`: `-` before it lets the address be missing; `*` is every IPv4 address, `::*` every IPv6 one. */
  private async listenOn(word: string, port: number, backlog: number, accept: (a: Accepted) => void): Promise<void> {
    const isOptional = word.startsWith('-')
    const name = isOptional ? word.slice(1) : word
    const address = name === '*' ? '0.0.0.0' : name === '::*' ? '::' : name
    try {
      this.listeners.push(await listenTcp(address, port, backlog, accept))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const isAbsent = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'ENOTFOUND'
      if (!isOptional || !isAbsent) throw error
    }
  }

  private accept(accepted: Accepted): void {
    this.traffic.connections++
    const session = new Session(this.nextSessionId++, accepted, this)
    session.authenticated = !this.defaultUser.passwordRequired
    this.sessions.set(session.id, session)
  }

  startCron(): void {
    this.cronTimer = setInterval(() => this.cron(), 100)
  }

  private cron(): void {
    const now = this.clock.nowMs()
    this.engine.begin(now)
    for (const shard of this.engine.shards) {
      if (shard.hasVolatileKeys()) this.shards.sequencer.cron(shard.index, now)
    }
  }

  private fail(error: Error): void {
    this.log.warning(`Shard worker failed: ${error.stack ?? error.message}`)
    process.exit(1)
  }

  /* ShutdownTarget. */

  closeListeners(): void {
    for (const listener of this.listeners) listener.close()
  }

  hasData(): boolean {
    return this.engine.shards.some((shard) => shard.keyspaces.some((keyspace) => keyspace.keys.used > 0))
  }

  exit(code: number): void {
    process.exit(code)
  }

  async close(): Promise<void> {
    if (this.cronTimer !== null) clearInterval(this.cronTimer)
    this.closeListeners()
    for (const session of this.sessions.values()) session.destroy()
    await this.shards.terminate()
  }
}

/** The directives that engines read, with their present values. */
function engineSettings(configuration: Configuration): [string, string][] {
  const probe = new EngineSettings()
  const settings: [string, string][] = []
  for (const [name, value] of configuration.get(['*'])) if (probe.apply(name, value)) settings.push([name, value])
  return settings
}
