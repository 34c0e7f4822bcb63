/* What happens to a command between framing and execution: look-up, arity, authentication, memory, pause, transaction,
 * then the sequencer or, for a command that needs no shard, its handler. The order of the checks is Redis's, so that a
 * command wrong in two ways gets the same error. I/O thread. Hot: dispatch().
 *
 * The quick path is for what load is made of: a cheap command with one key at argument 1, from a session in its
 * ordinary state, on a shard whose baton is home. Everything else goes the long way, with the same outcome. */
import { type Args, NOT_LOOKED_UP } from '../../base/args.ts'
import { bytesOf } from '../../base/bytes.ts'
import type { Handler } from '../../base/command-spec.ts'
import { BLOCKING, DENYOOM, HEAVY, LOADING, MAY_REPLICATE, NO_AUTH, NO_MULTI, WRITE } from '../../base/command-spec.ts'
import type { Command, CommandTable } from '../../base/command-table.ts'
import * as errors from '../../base/error-texts.ts'
import { LimitExceeded } from '../../base/limit-exceeded.ts'
import type { Reply } from '../../base/reply.ts'
import type { Engine } from '../../shard-worker/engine.ts'
import type { Batch } from '../framing/batch.ts'
import { HANDLED, POSTPONED, type Session } from '../session/session.ts'
import { Blocking } from './blocking.ts'
import type { Pause } from './pause.ts'
import { INLINE_MAX_ARGUMENTS, type Sequencer } from './sequencer.ts'

/** What the dispatcher asks of the server around it. */
export interface Gate {
  /** Whether used memory is above maxmemory and nothing can be evicted; evicts what it can. */
  lacksMemory(): boolean
  /** Whether fewer replicas are in reach than a write needs. */
  lacksReplicas(): boolean
  /** Whether writes are refused because the last save has failed. */
  hasDiskError(): boolean
  /** Whether the data set is being loaded. */
  readonly isLoading: boolean
  /** FLUSHALL is on its way or, in a transaction, has just run over `held` shards: the snapshot file is out of date. */
  flushed(held: boolean): void
  /** Why a protected command may not run, or null. */
  protection(session: Session, command: Command<never>): string | null
  /** A command took at least the slow threshold: engine.slow holds it. */
  reportSlow(session: Session): void
  /** A browser was made to speak HTTP to the server: the connection closes without a word. */
  closeHttp(session: Session): void
}

/** How much of an unknown subcommand's name errors show, at most. */
const SHOWN_WORD_BYTES = 128
/** What CLIENT LIST shows of a client that has run none. */
const NO_COMMAND = 'NULL'
/** First words of lines of an HTTP request that some web page may have had a browser send. */
const POST = bytesOf('POST')
const HOST = bytesOf('HOST:')
const isHttp = (args: Args) => args.is(0, POST) || args.is(0, HOST)

/** Commands that run in an open transaction instead of being queued. */
const NEVER_QUEUED = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset'])
const SAVING = ['save', 'bgsave', 'shutdown', 'debug|reload']
/**
 * Commands that may make all workers park, or send each a control frame: they wait for a free barrier cell, and room.
 */
const MAY_HOLD = new Set(['exec', 'discard', 'watch', 'unwatch', 'reset', 'config|set', 'config|resetstat', ...SAVING])
/** Commands that run in an open transaction however short memory is: they end it. */
const MAY_END_TRANSACTION = new Set(['exec', 'discard', 'quit', 'reset'])

export class Dispatcher {
  readonly commands: CommandTable<never>
  readonly sequencer: Sequencer
  readonly engine: Engine
  readonly reply: Reply
  readonly pause: Pause
  readonly blocking: Blocking
  private readonly gate: Gate
  /** Exact arity of commands fit for the quick path, 0 for all others; negative: at least. */
  private readonly quickArity: Int32Array
  /** Whether nothing is paused, short of memory or replicas, or the like; set with each batch. */
  private isQuiet: boolean
  /** Whether there is a maxmemory, which the commands of a batch may exceed one by one. */
  private isLimited: boolean
  private readonly neverQueued: Uint8Array
  private readonly mayHold: Uint8Array

  constructor(commands: CommandTable<never>, sequencer: Sequencer, reply: Reply, pause: Pause, gate: Gate) {
    this.commands = commands
    this.sequencer = sequencer
    this.engine = sequencer.engine
    this.reply = reply
    this.pause = pause
    this.gate = gate
    this.blocking = new Blocking(this)
    this.isQuiet = true
    this.isLimited = false
    this.quickArity = new Int32Array(commands.commands.length)
    this.neverQueued = new Uint8Array(commands.commands.length)
    this.mayHold = new Uint8Array(commands.commands.length)
    for (const command of commands.commands) {
      const isQuick =
        command.runs === 'shard' && command.firstKey === 1 && !(command.flags & HEAVY) && command.parent < 0
      this.quickArity[command.id] = isQuick ? command.arity : 0
      this.neverQueued[command.id] = NEVER_QUEUED.has(command.fullName) ? 1 : 0
      this.mayHold[command.id] = command.runs !== 'io' || MAY_HOLD.has(command.fullName) ? 1 : 0
    }
  }

  /** To be called at the start of each batch. */
  observe(): void {
    const isPaused = this.pause.isActive
    this.isQuiet = !isPaused && !this.isTroubled
    this.isLimited = this.engine.budget.isLimited
    this.engine.access.expirePaused = isPaused
  }

  /** Whether commands may be refused, or have to wait, for what no quick look at them tells. */
  private get isTroubled(): boolean {
    const { gate } = this
    if (gate.lacksMemory() || gate.lacksReplicas() || gate.hasDiskError()) return true
    return gate.isLoading || this.sequencer.isHeldBack
  }

  /** Looks the commands of a batch up and brings the keys of the quick ones into the cache. */
  prepare(session: Session, batch: Batch): void {
    const { engine, commands } = this
    const { prefetcher } = engine
    let first: Args | null = null
    for (let i = 0; i < batch.count; i++) {
      const args = batch.args[i]
      const id = commands.lookup(args.bytes, args.offset[0], args.length[0])
      args.command = id
      if (id < 0 || args.count < 2 || this.quickArity[id] === 0) continue
      args.located = true
      // Whoever fills a list or a hash names one key again and again. Once another comes, nobody asks any more: with
      // keys at random the comparison costs a fifteenth of a GET.
      if (first !== null && args.hasKeyOf(first)) {
        args.keyShard[1] = first.keyShard[1]
        args.keyHash[1] = first.keyHash[1]
        continue
      }
      first = i === 0 ? args : null
      engine.locate(args, 1)
      const shard = args.keyShard[1]
      if (this.sequencer.inFlight[shard] === 0) {
        prefetcher.add(engine.shards[shard].keyspaces[session.db].keys, args.keyHash[1])
      }
    }
    prefetcher.run()
  }

  dispatch(session: Session, args: Args): number {
    const id =
      args.command === NOT_LOOKED_UP ? this.commands.lookup(args.bytes, args.offset[0], args.length[0]) : args.command
    if (id >= 0 && this.isQuiet && session.isOrdinary) {
      const arity = this.quickArity[id]
      const fits = arity === args.count || (arity < 0 && args.count >= -arity && args.count <= INLINE_MAX_ARGUMENTS)
      if (arity !== 0 && fits) {
        const { engine, sequencer } = this
        if (!args.located) {
          engine.locate(args, 1)
          args.located = true
        }
        const shard = args.keyShard[1]
        const isHome = sequencer.inFlight[shard] === 0 && sequencer.inlineExecution !== 'never'
        const isOrdinary = isHome && this.blocking.clients.isFree(args.keyHash[1])
        if (isOrdinary && (!this.isLimited || engine.budget.isBelowCeiling(shard) || !this.gate.lacksMemory())) {
          engine.select(shard, session.db)
          engine.client = session.id
          engine.access.noTouch = session.noTouch
          engine.keyspace.expect(args.offset[1], args.keyHash[1])
          if (sequencer.runHere(id, args)) {
            session.lastCommand = this.commands.commands[id].fullName
            session.commandCount++
            if (engine.slow.pending) this.gate.reportSlow(session)
            return HANDLED
          }
        }
      }
    }
    return this.dispatchWithCare(session, id, args)
  }

  private dispatchWithCare(session: Session, id: number, args: Args): number {
    const mark = this.reply.length
    const hadMuted = session.isMuted
    const command = this.resolve(session, id, args)
    if (command !== null) {
      const refusal = this.refusal(session, command, args)
      if (refusal !== null) this.reject(session, command, refusal)
      else if (this.mustWait(session, command)) return POSTPONED
      else this.accept(session, command, args)
    }
    if (hadMuted && session.isMuted) this.reply.truncate(Math.min(mark, this.reply.length))
    // A deferred command ends later: see Session.defer().
    if (!session.isSuspended) session.advanceSkip()
    return HANDLED
  }

  /** The command, or its subcommand; null after the error was written. */
  private resolve(session: Session, id: number, args: Args): Command<never> | null {
    let command = id < 0 ? undefined : this.commands.commands[id]
    session.lastCommand = NO_COMMAND
    if (command === undefined) {
      if (isHttp(args)) this.gate.closeHttp(session)
      else this.reject(session, null, errors.unknownCommand(args))
      return null
    }
    if (command.children.length > 0 && args.count > 1) {
      const sub = this.commands.subcommand(command, args)
      const { name, opaque } = command.spec
      if (sub === undefined || (opaque && !fitsArity(sub, args))) {
        const word = args.beginning(1, SHOWN_WORD_BYTES)
        const text = opaque ? errors.subcommandSyntax(word, name) : errors.unknownSubcommand(word, name)
        this.reject(session, command, text)
        return null
      }
      command = sub
    }
    session.lastCommand = command.fullName
    if (!fitsArity(command, args)) {
      this.reject(session, command, errors.wrongArity(command.fullName))
      return null
    }
    return command
  }

  /** Why a well-formed command may not run now, or null. */
  refusal(session: Session, command: Command<never>, _args: Args): string | null {
    const protection = this.gate.protection(session, command)
    if (protection !== null) return protection
    if (!session.isTrusted && (command.flags & NO_AUTH) === 0) return errors.NO_AUTH
    if (session.transaction.isOpen && command.flags & NO_MULTI) return errors.NOT_IN_TRANSACTION
    if (this.needsMemory(session, command) && this.gate.lacksMemory()) return errors.OUT_OF_MEMORY
    const writes = this.includes(session, command, WRITE)
    if ((writes || command.fullName === 'ping') && this.gate.hasDiskError()) return errors.DISK_ERROR
    if (writes && this.gate.lacksReplicas()) return errors.NO_REPLICAS
    if (this.gate.isLoading && (command.flags & LOADING) === 0) return errors.LOADING
    return null
  }

  /** Whether the command, what it queues, or for EXEC anything queued, may use more memory. */
  private needsMemory(session: Session, command: Command<never>): boolean {
    if (command.flags & DENYOOM) return true
    if (!session.transaction.isOpen) return false
    if (!MAY_END_TRANSACTION.has(command.fullName)) return true
    return command.fullName === 'exec' && this.isAnyQueued(session, DENYOOM)
  }

  private isAnyQueued(session: Session, flags: number): boolean {
    return session.transaction.queue.some(({ command }) => (this.commands.commands[command].flags & flags) !== 0)
  }

  private reject(session: Session, command: Command<never> | null, text: string): void {
    if (command?.fullName === 'exec') {
      this.sequencer.abandonTransaction(session)
      text = errors.execAborted(text)
    } else if (session.transaction.isOpen) session.transaction.isBroken = true
    this.reply.error(text)
    this.engine.statistics.reject(command === null ? -1 : command.id, text)
  }

  /** Whether the command waits, with nothing done: paused clients, rings without room. */
  private mustWait(session: Session, command: Command<never>): boolean {
    if (this.isPaused(session, command)) {
      this.pause.postpone(session)
      return true
    }
    if (this.mayHold[command.id]) {
      if (session.replies.isFarAhead) {
        session.waitForReplies()
        return true
      }
      if (this.sequencer.isCongested || !this.sequencer.hasFreeCell) {
        this.sequencer.waitForRoom(session)
        return true
      }
    }
    return false
  }

  /** Whether CLIENT PAUSE holds the command. */
  isPaused(session: Session, command: Command<never>): boolean {
    return this.pause.isActive && this.pause.holds(session, this.includes(session, command, WRITE | MAY_REPLICATE))
  }

  /** Whether the command, or for EXEC any that is queued, has one of the flags. */
  private includes(session: Session, command: Command<never>, flags: number): boolean {
    return (command.flags & flags) !== 0 || (command.fullName === 'exec' && this.isAnyQueued(session, flags))
  }

  private accept(session: Session, command: Command<never>, args: Args): void {
    session.commandCount++
    if (session.transaction.isOpen && !this.neverQueued[command.id]) {
      session.transaction.enqueue(command.id, args)
      this.reply.simple('QUEUED')
      return
    }
    if (command.runs === 'io') this.runIo(session, command, args, this.reply)
    else if (command.flags & BLOCKING) this.runBlocking(session, command, args)
    else if (this.blocking.clients.count === 0) this.sequencer.route(session, command, args)
    else this.routeWithCare(session, command, args)
    if (command.fullName === 'flushall') this.gate.flushed(false)
    if (this.engine.slow.pending) this.gate.reportSlow(session)
  }

  private runBlocking(session: Session, command: Command<never>, args: Args): void {
    const mark = this.reply.length
    try {
      this.blocking.run(session, command, args)
    } catch (error) {
      answerLimit(error, this.reply, mark)
    }
  }

  /** Runs or hands over a command while clients wait for keys, which it may bring. */
  private routeWithCare(session: Session, command: Command<never>, args: Args): void {
    const shards = new Set<number>()
    if (this.blocking.addReach(command, args, shards)) this.blocking.runFor(session, command, args, shards)
    else this.sequencer.route(session, command, args)
  }

  nowMs(): number {
    return this.engine.clock.nowMs()
  }

  reportSlow(session: Session): void {
    this.gate.reportSlow(session)
  }

  /** Runs a command that needs no shard, timed by itself. */
  runIo(session: Session, command: Command<never>, args: Args, reply: Reply): void {
    const { engine } = this
    const { statistics } = engine
    const errorsBefore = reply.errorCount
    const countedBefore = statistics.errorsSeen
    const startUs = engine.clock.monotonicUs()
    // The table's I/O commands take a Session: src/server builds it so.
    const handler = command.handler as Handler<Session>
    const mark = reply.length
    try {
      handler(session, args, reply)
    } catch (error) {
      answerLimit(error, reply, mark)
    }
    const elapsedUs = engine.clock.monotonicUs() - startUs
    statistics.timed(command.id, elapsedUs)
    if (elapsedUs >= engine.slow.thresholdUs) engine.slow.capture(command.id, args, elapsedUs)
    // The errors of the commands that EXEC ran are counted as theirs.
    const ownErrors = reply.errorCount - errorsBefore - (statistics.errorsSeen - countedBefore)
    if (ownErrors > 0) statistics.fail(command.id, reply.lastError)
  }

  /** Runs a queued command of a transaction whose shards are held. */
  runQueued(session: Session, id: number, args: Args, reply: Reply): void {
    const command = this.commands.commands[id]
    reply.resp3 = session.resp3
    // What a pause keeps is hidden from readers; a writer must find its key's place empty.
    this.engine.access.expirePaused = this.pause.isActive && (command.flags & WRITE) === 0
    if (command.runs === 'io') this.runIo(session, command, args, reply)
    else {
      const { engine } = this
      const key = command.firstKey
      const shard = command.runs === 'shard' ? engine.shardOf(args.bytes, args.offset[key], args.length[key]) : 0
      engine.select(shard, session.db)
      engine.client = session.id
      engine.access.noTouch = session.noTouch
      engine.run(id, args, reply)
      if (command.fullName === 'flushall') this.gate.flushed(true)
    }
    if (this.engine.slow.pending) this.gate.reportSlow(session)
  }
}

/** Answers for what has asked for more than can be held; anything else that was thrown is a bug. */
function answerLimit(error: unknown, reply: Reply, mark: number): void {
  if (!(error instanceof LimitExceeded)) throw error
  reply.truncate(mark)
  reply.error(error.reply)
}

function fitsArity(command: Command<never>, args: Args): boolean {
  return command.arity > 0 ? args.count === command.arity : args.count >= -command.arity
}
