/* The server: what a Session needs of its surroundings, and the life of the process around it: listening, the cron,
 * shutting down. Main thread. Everything it does per command is a call into src/io. */
import type { Args } from '../base/args.ts'
import { PROTECTED } from '../base/command-spec.ts'
import type { Command, CommandTable } from '../base/command-table.ts'
import * as errors from '../base/error-texts.ts'
import { type Clock, type Disk, SeededRandom, systemClock, systemDisk } from '../base/ports.ts'
import { Reply } from '../base/reply.ts'
import { Batch } from '../io/framing/batch.ts'
import { Frame, Limits } from '../io/framing/frame.ts'
import { ReplyPoller } from '../io/reply/poller.ts'
import { Dispatcher } from '../io/routing/dispatcher.ts'
import { runHolding } from '../io/routing/hold.ts'
import { Pause } from '../io/routing/pause.ts'
import type { InlineExecution } from '../io/routing/sequencer.ts'
import type { Host } from '../io/session/host.ts'
import type { Session } from '../io/session/session.ts'
import { Traffic } from '../io/session/traffic.ts'
import { outbox } from '../io/socket/outbox.ts'
import { type CrashSection, crashReport } from '../observability/crash-report.ts'
import type { Log } from '../observability/log.ts'
import { Observatory } from '../observability/observatory.ts'
import { TurnMaxima } from '../observability/turn-maxima.ts'
import { expireGlance } from '../shard-worker/keyspace/expiry/expire-cycle.ts'
import { EngineSettings } from '../shard-worker/settings.ts'
import { decodeControlFrame, encodeSettingChange } from '../shm/schema/control.ts'
import { Clients } from './clients.ts'
import { engineTable, wholeTable } from './command-table.ts'
import type { Configuration } from './configuration/configuration.ts'
import type { DirectiveName } from './configuration/directives/table.ts'
import { Cron } from './cron.ts'
import { DefaultUser } from './default-user.ts'
import { IdleCollection } from './idle-collection.ts'
import { KeyEviction } from './key-eviction.ts'
import { LazyFreeing } from './lazy-freeing.ts'
import { Listeners } from './listeners.ts'
import { Loading } from './loading.ts'
import { observe } from './observed.ts'
import { followOomScore } from './oom-score.ts'
import { fitMaxClients, refuseMaxClients } from './open-files.ts'
import { Persistence } from './persistence.ts'
import { followTitle, removePidFile, writePidFile } from './process-identity.ts'
import { renameCommands } from './rename-command.ts'
import { ioFamilies } from './server-commands.ts'
import { createShards, type ShardSet } from './shards.ts'
import { Shutdown } from './shutdown.ts'

/** Frames kept for sessions that are in the midst of a command. */
const SPARE_FRAMES = 64
/** How often the instruments take their samples. */
const TICK_MS = 100
/** How often garbage is looked for. */
const IDLE_TICK_MS = 1000

export class Server implements Host<Session> {
  readonly configuration: Configuration
  readonly log: Log
  readonly clock: Clock
  readonly disk: Disk
  readonly reply: Reply
  readonly limits: Limits
  readonly traffic = new Traffic()
  readonly batch = new Batch()
  readonly shards: ShardSet
  readonly commands: CommandTable<never>
  readonly dispatcher: Dispatcher
  readonly pause: Pause
  readonly clients: Clients
  readonly listeners: Listeners
  readonly cron: Cron
  readonly poller: ReplyPoller
  readonly defaultUser = new DefaultUser()
  readonly shutdown: Shutdown
  readonly observatory: Observatory
  readonly keyEviction: KeyEviction
  readonly turns = new TurnMaxima()
  readonly lazyFreeing: LazyFreeing
  readonly persistence: Persistence
  readonly loading: Loading
  current: Session | null = null
  queryBufferLimit = 0
  private readonly frames: Frame[] = []
  private batchStartUs = 0
  private replicasNeeded = 0
  private pidFile = ''

  constructor(configuration: Configuration, log: Log, clock: Clock = systemClock, disk: Disk = systemDisk) {
    this.configuration = configuration
    this.log = log
    this.clock = clock
    this.disk = disk
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
      (worker, error) => this.crash(error, `shard worker ${worker}`),
    )
    this.pause = new Pause(() => clock.nowMs())
    this.shutdown = new Shutdown(this)
    this.clients = new Clients(this)
    this.listeners = new Listeners(configuration, log, (accepted) => this.clients.accept(accepted))
    this.cron = new Cron(configuration, clock, () => this.sessions.size)
    this.commands = wholeTable(ioFamilies(() => this))
    renameCommands(this.commands, configuration.additions['rename-command'])
    this.dispatcher = new Dispatcher(this.commands, this.shards.sequencer, this.reply, this.pause, this)
    this.observatory = new Observatory(observe(this))
    this.keyEviction = new KeyEviction(this)
    this.lazyFreeing = new LazyFreeing(this)
    this.persistence = new Persistence(this)
    this.loading = new Loading(this)
    this.pause.onChange = () => this.dispatcher.observe()
    this.poller = new ReplyPoller(this.shards.sequencer, this.shards.doorbell)
    this.poller.onRound = () => {
      this.engine.begin(clock.nowMs())
      this.batchStartUs = clock.monotonicUs()
    }
    this.poller.afterRound = () => {
      this.endTiming()
      outbox.flush()
    }
    this.engine.logVerbose = (text) => log.verbose(text)
    this.shards.sequencer.onPending = () => this.poller.schedule()
    this.shards.sequencer.onControl = (worker, frame) => this.control(worker, frame)
    this.followConfiguration()
    this.cron.every(0, () => this.shutdown.obeySignal())
    this.cron.every(0, () => this.clients.cron(this.cron.hz))
    this.cron.every(TICK_MS, () => this.lazyFreeing.begin())
    this.cron.every(TICK_MS, () => this.persistence.cron())
    this.cron.atConfiguredRate(() => this.shardCron())
    const idleCollection = new IdleCollection(this.traffic)
    this.cron.every(IDLE_TICK_MS, () => idleCollection.tick())
    this.cron.every(TICK_MS, () => this.observatory.tick(clock.nowMs()))
  }

  get engine() {
    return this.shards.engine
  }

  get sequencer() {
    return this.shards.sequencer
  }

  get sessions(): ReadonlyMap<number, Session> {
    return this.clients.sessions
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
    follow('client-output-buffer-limit', () => this.clients.followOutputLimits())
    configuration.onChange('maxclients', () => refuseMaxClients(configuration))
    configuration.onChange('maxmemory', () => this.keyEviction.limitChanged())
    follow(['min-replicas-to-write', 'min-replicas-max-lag'], () => {
      this.replicasNeeded = values['min-replicas-max-lag'] === 0 ? 0 : values['min-replicas-to-write']
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
    if (this.engine.access.hasBuried) this.lazyFreeing.begin()
    this.clients.batchEnded(session)
  }

  /** The commands counted so far share the time since the batch began. */
  endTiming(): void {
    const { statistics } = this.engine
    const nowUs = this.clock.monotonicUs()
    const elapsedUs = nowUs - this.batchStartUs
    statistics.endBatch(elapsedUs)
    this.turns.note(elapsedUs, statistics.totalCalls + this.sequencer.handedOver)
    this.batchStartUs = nowUs
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
    frame.forget()
    if (this.frames.length < SPARE_FRAMES) this.frames.push(frame)
  }

  protocolError(session: Session, reason: string): void {
    if (this.log.writes('verbose')) {
      this.log.verbose(`Protocol error (${reason}) from client: ${this.clients.describeClient(session)}.`)
    }
    const { length } = this.reply
    this.reply.error(errors.protocolError(reason))
    this.engine.statistics.error(this.reply.lastError)
    if (session.isMuted) this.reply.truncate(length)
    session.closeAfterReplies()
  }

  queryBufferExceeded(session: Session): void {
    this.clients.queryBufferExceeded(session)
  }

  outputGrew(session: Session, unsent: number): void {
    this.clients.outputGrew(session, unsent)
  }

  sessionClosed(session: Session): void {
    this.clients.closed(session)
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

  lacksMemory(): boolean {
    return this.keyEviction.lacksMemory()
  }

  /** A server without replicas has none in reach. */
  lacksReplicas(): boolean {
    return this.replicasNeeded > 0
  }

  get isLoading(): boolean {
    return this.loading.isLoading
  }

  flushed(held: boolean): void {
    if (held) this.persistence.flushed()
    else this.exclusively(() => this.persistence.flushed())
  }

  hasDiskError(): boolean {
    return this.persistence.refusesWrites
  }

  protection(session: Session, command: Command<never>): string | null {
    if ((command.flags & PROTECTED) === 0) return null
    if (this.configuration.allows('enable-debug-command', session.isLocal)) return null
    return errors.protectedCommand('DEBUG', 'enable-debug-command')
  }

  reportSlow(session: Session): void {
    const { slow } = this.engine
    slow.pending = false
    this.observatory.commandWasSlow({
      command: this.commands.commands[slow.command],
      timeMs: this.engine.nowMs,
      durationUs: slow.durationUs,
      args: slow.arguments,
      client: session.remote,
      clientName: session.name,
    })
  }

  closeHttp(session: Session): void {
    this.clients.closeHttp(session)
  }

  private control(worker: number, bytes: Uint8Array): void {
    const frame = decodeControlFrame(bytes)
    const { observatory } = this
    if (frame.type === 'Statistics') observatory.workerStatistics.receive(worker, frame)
    else if (frame.type === 'LogLine') this.log.received(frame.level, frame.text)
    else if (frame.type === 'LatencySample') observatory.latency.record(frame.event, frame.timeMs, frame.durationMs)
    else if (frame.type === 'SlowCommand') {
      const session = this.sessions.get(frame.clientId)
      observatory.commandWasSlow({
        command: this.commands.commands[frame.command],
        timeMs: frame.timeMs,
        durationUs: frame.durationUs,
        args: frame.arguments,
        client: session?.remote ?? '',
        clientName: session?.name ?? '',
      })
    }
  }

  get workerStatistics() {
    return this.observatory.workerStatistics
  }

  /** CONFIG RESETSTAT. */
  resetStatistics(): void {
    this.endTiming()
    this.observatory.reset()
    this.keyEviction.reset()
    this.persistence.resetStatistics()
  }

  /** Tells the workers of a changed directive. */
  broadcastSetting(name: string, value: string): void {
    this.engine.configure(name, value)
    this.shards.sequencer.broadcast(encodeSettingChange({ name, value }))
  }

  holding(session: Session, reply: Reply, action: (target: Reply) => void): void {
    runHolding(this.dispatcher, session, new Set(this.engine.shards.keys()), reply, action, true)
  }

  /* Life. */

  /** Makes the server known and reachable; false, with the reason in the log, when that can't be done. */
  async open(inBackground: boolean): Promise<boolean> {
    const { configuration, log } = this
    if (!fitMaxClients(configuration, log)) return false
    followTitle(configuration)
    followOomScore(configuration, log)
    if (!(await this.listeners.open())) return false
    this.pidFile = writePidFile(configuration, log, inBackground)
    this.cron.start()
    this.keyEviction.warnOfSmallLimit()
    log.notice('Server initialized')
    if (!(await this.loading.atStart())) return false
    for (const kind of this.listeners.kinds) log.notice(`Ready to accept connections ${kind}`)
    this.persistence.prepare()
    return true
  }

  private shardCron(): void {
    if (this.pause.isActive || this.isLoading) return
    const now = this.clock.nowMs()
    this.engine.begin(now)
    for (const shard of this.engine.shards) {
      if (!shard.needsTurn()) continue
      const isHome = this.sequencer.inFlight[shard.index] === 0
      if (!isHome || expireGlance(this.engine, shard)) this.sequencer.cron(shard.index, now)
    }
  }

  /** A bug has shown itself in the thread that `where` names: tells all there is to tell, and ends the process. */
  crash(error: unknown, where: string): never {
    const { configuration, log } = this
    const sections: CrashSection[] = [
      { title: 'CURRENT CLIENT', text: () => (this.current === null ? '' : this.clients.describeClient(this.current)) },
      { title: 'CLIENT LIST OUTPUT', text: () => this.clients.listText() },
      { title: 'CONFIG DEBUG OUTPUT', text: () => configuration.debugText() },
    ]
    if (configuration.values['crash-log-enabled']) log.report(crashReport(error, where, sections))
    else log.warning(`Crashed in ${where}: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }

  /* ShutdownTarget. */

  /** Takes back what other processes see: pid file, listening sockets. */
  withdraw(): void {
    const { log } = this
    if (this.pidFile !== '') {
      log.notice('Removing the pid file.')
      removePidFile(this.pidFile)
    }
    if (this.configuration.values.unixsocket !== '') log.notice('Removing the unix socket file.')
    this.listeners.close()
  }

  get isSaving(): boolean {
    return this.persistence.isSaving
  }

  saveNow(): boolean {
    return this.persistence.saveNow()
  }

  dropSave(): void {
    this.persistence.dropForGood()
  }

  exclusively(action: () => void): boolean {
    const { sequencer } = this
    if (!sequencer.hasFreeCell || sequencer.isCongested) return false
    sequencer.exclusively(this.engine.shards.keys(), action)
    return true
  }

  exit(code: number): void {
    outbox.flush()
    process.exit(code)
  }

  async close(): Promise<void> {
    this.cron.stop()
    this.listeners.close()
    for (const session of [...this.sessions.values()]) session.destroy()
    await this.persistence.close()
    await this.shards.terminate()
  }
}

/** The directives that engines read, with their present values. */
function engineSettings(configuration: Configuration): [string, string][] {
  const probe = new EngineSettings()
  const settings: [string, string][] = []
  // A pattern finds no hidden directive.
  const directives = configuration.get(['*', 'rdb-key-save-delay'])
  for (const [name, value] of directives) if (probe.apply(name, value)) settings.push([name, value])
  return settings
}
