/* Blocking commands: how a client comes to wait for keys, and how it is served (https://redis.io/commands/blpop/). I/O
 * thread.
 *
 * A blocking command is tried once, while nothing else touches the shards of its keys. If they hold nothing for it, its
 * client waits in the queue of each of its keys, and from then on commands that could bring something run here, too, as
 * EXEC does: over shards that are held, together with those that serving would need. Right after such a command, or the
 * whole transaction, and before anybody else's next command, the keys that have come into being are looked after in
 * that order, and of each key the clients in the order in which they came. A client is served by running its command
 * anew, with every check that a command undergoes: what it finds then is what it gets, errors included. BLMOVE may
 * bring another key into being, so that goes on until there is none.
 *
 *   BLPOP k     tried, waits                        ┌─ BLPOP k anew: answered
 *   LPUSH k x               runs, holding shards ───┘                        everybody else's next command
 *
 * Which keys a command waits for, its declaration says: those that it accesses (ACCESS), not those that it only adds
 * to.
 *
 * I1  from the moment its command is sequenced a client is in the queues, so that whoever is sequenced after it runs
 *     here; until its command has been tried it is not served (`wait` is null).
 * I2  `addedKeys` is set exactly between begin() and serve(), while every shard is held that these may touch. */
import type { Args } from '../../base/args.ts'
import { type KeyArgument, keyArguments } from '../../base/command-keys.ts'
import { MOVABLE_KEYS, WRITE } from '../../base/command-spec.ts'
import { type Command, type CommandTable, lastKeyOf } from '../../base/command-table.ts'
import * as errors from '../../base/error-texts.ts'
import { Reply } from '../../base/reply.ts'
import { DEFERRED, type Engine, WAITS } from '../../shard-worker/engine.ts'
import type { ReplySlot } from '../reply/slot.ts'
import type { Session } from '../session/session.ts'
import { answerSuspended, suspend, Wait } from '../session/wait.ts'
import { BlockedClients, type KeyName, type WaitedKey, type WaitingClient } from './blocked-clients.ts'
import { type Holder, runHolding } from './hold.ts'
import type { Pause } from './pause.ts'

/** What runs commands: the dispatcher. */
export interface Runner extends Holder {
  readonly commands: CommandTable<never>
  readonly engine: Engine
  readonly reply: Reply
  readonly pause: Pause
  /** Why a well-formed command may not run now, or null. */
  refusal(session: Session, command: Command<never>, args: Args): string | null
  /** Whether CLIENT PAUSE holds it. */
  isPaused(session: Session, command: Command<never>): boolean
  /** Runs a command whose shards are held. */
  runQueued(session: Session, id: number, args: Args, reply: Reply): void
  nowMs(): number
  /** engine.slow holds a command that took long. */
  reportSlow(session: Session): void
}

/** Commands over all shards that bring keys into being. */
const BRINGS_DATABASES = new Set(['swapdb'])
/** With more clients or keys than these to look at, a command holds all shards instead of those that it may need. */
const FEW = 16
const ACCESS = 'ACCESS'
/** What a key that is waited for costs beside the argument that names it: its name and its place in the queues. */
const KEY_BYTES = 300

/** A client in a blocking command. */
class BlockedCommand implements WaitingClient<BlockedCommand> {
  waitsFor: WaitedKey<BlockedCommand>[] = []
  readonly session: Session
  readonly command: Command<never>
  readonly args: Args
  readonly slot: ReplySlot
  /** What it waits for, and what it adds to. */
  readonly keys: readonly KeyName[]
  readonly targets: readonly KeyName[]
  /** Of all of them. */
  readonly shards: ReadonlySet<number>
  readonly sinceMs: number
  type = 0
  /** When it stops waiting, Unix ms; 0: never. */
  endMs = 0
  /** Null before it has been tried, and after it has ended. */
  wait: Wait | null = null

  constructor(session: Session, command: Command<never>, args: Args, found: readonly KeyArgument[]) {
    this.session = session
    this.command = command
    this.args = args.clone()
    const name = ({ index }: KeyArgument) => ({
      db: session.db,
      hash: args.keyHash[index],
      name: args.text(index),
    })
    this.keys = found.filter(({ flags }) => flags.includes(ACCESS)).map(name)
    this.targets = found.filter(({ flags }) => !flags.includes(ACCESS)).map(name)
    this.shards = new Set(found.map(({ index }) => args.keyShard[index]))
    this.sinceMs = session.host.nowMs()
    this.slot = suspend(session)
  }
}

export class Blocking {
  readonly clients = new BlockedClients<BlockedCommand>()
  private readonly runner: Runner
  private readonly scratchReply = new Reply()

  constructor(runner: Runner) {
    this.runner = runner
  }

  /* Commands that wait. */

  /** Runs a blocking command, now or in its place in the order; its client may come to wait. */
  run(session: Session, command: Command<never>, args: Args): void {
    const { sequencer, reply } = this.runner
    const found = this.locate(command, args)
    const shards = new Set<number>()
    for (const { index } of found) shards.add(args.keyShard[index])
    this.addReach(command, args, shards)
    if (sequencer.areHome(shards)) {
      this.begin()
      const outcome = this.attempt(session, command, args, reply, sequencer.inlineExecution !== 'always')
      if (outcome === WAITS) this.block(new BlockedCommand(session, command, args, found))
      this.serve()
      // What it has found is still there when its worker comes to it: it does not wait.
      if (outcome === DEFERRED) sequencer.route(session, command, args)
      return
    }
    const blocked = new BlockedCommand(session, command, args, found)
    this.clients.add(blocked, blocked.keys)
    sequencer.exclusively(shards, () => this.arrive(blocked))
  }

  /** The key arguments, their shards and hashes noted in `args`; none if the arguments are wrong. */
  private locate(command: Command<never>, args: Args): readonly KeyArgument[] {
    const found = keyArguments(command.spec.keys, args) ?? []
    for (const { index } of found) this.runner.engine.locate(args, index)
    args.located = true
    return found
  }

  /** What became of it: see Engine.runOrWait(). */
  private attempt(session: Session, command: Command<never>, args: Args, reply: Reply, mayDefer: boolean): number {
    const { engine, pause } = this.runner
    engine.access.expirePaused = pause.isActive && (command.flags & WRITE) === 0
    engine.select(0, session.db)
    engine.client = session.id
    engine.access.noTouch = session.noTouch
    reply.resp3 = session.resp3
    const outcome = engine.runOrWait(command.id, args, reply, mayDefer)
    if (engine.slow.pending) this.runner.reportSlow(session)
    return outcome
  }

  /** The shards of a command that waits for them are held. */
  private arrive(blocked: BlockedCommand): void {
    if (blocked.session.isClosed) return this.clients.remove(blocked)
    this.runner.observe()
    this.runner.engine.begin(this.runner.nowMs())
    this.begin()
    this.proceed(blocked)
    this.serve()
  }

  /** Answers a suspended command, or lets its client wait. */
  private proceed(blocked: BlockedCommand): void {
    const { session, command, args, slot } = blocked
    this.scratchReply.reset()
    if (this.attempt(session, command, args, this.scratchReply, false) === WAITS) return this.block(blocked)
    this.clients.remove(blocked)
    answerSuspended(session, slot, this.scratchReply)
  }

  /** A suspended command was tried and found nothing: it waits, in its place or behind all others. */
  private block(blocked: BlockedCommand): void {
    const { engine } = this.runner
    const { session, slot, sinceMs } = blocked
    blocked.type = engine.awaitedType
    if (blocked.endMs === 0 && engine.awaitedMs > 0) blocked.endMs = sinceMs + engine.awaitedMs
    if (blocked.waitsFor.length === 0) this.clients.add(blocked, blocked.keys)
    blocked.wait = new Wait(session, slot, blocked.endMs, {
      bytes: blocked.args.totalBytes() + blocked.keys.length * KEY_BYTES,
      timedOut: (reply) => {
        engine.statistics.timed(blocked.command.id, 0)
        reply.nilArray()
      },
      unblocked: (reply) => {
        engine.statistics.timed(blocked.command.id, 0)
        engine.statistics.fail(blocked.command.id, errors.UNBLOCKED)
        reply.error(errors.UNBLOCKED)
      },
      left: () => {
        blocked.wait = null
        this.clients.remove(blocked)
      },
    })
  }

  /* Commands that may bring what clients wait for. */

  /**
   * Whether a command may bring what some client waits for; if so, adds the shards that it and serving clients may
   * need. To be asked when the command is sequenced.
   */
  addReach(command: Command<never>, args: Args, shards: Set<number>): boolean {
    const { clients, runner } = this
    if (clients.count === 0 || command.runs === 'io' || (command.flags & WRITE) === 0) return false
    if (command.runs === 'all') {
      if (!BRINGS_DATABASES.has(command.fullName) && !this.namesWaited(args)) return false
      this.addAllShards(shards)
      return true
    }
    const seen = new Set<WaitedKey<BlockedCommand>>()
    const inRange = command.keyCount > 0 || (command.firstKey > 0 && (command.flags & MOVABLE_KEYS) === 0)
    if (inRange && !args.located) runner.engine.locateKeys(command, args)
    const keys = inRange ? rangeOf(command, args) : this.locate(command, args).map(({ index }) => index)
    for (const index of keys) {
      const { bytes, offset, length } = args
      for (const key of clients.namedBy(args.keyHash[index], bytes, offset[index], length[index])) seen.add(key)
    }
    if (seen.size === 0) return false
    for (const index of keys) shards.add(args.keyShard[index])
    this.addServing(seen, shards)
    return true
  }

  /** Whether any argument is a key that is waited for, whatever it means: SORT's destination may stand anywhere. */
  private namesWaited(args: Args): boolean {
    const { clients, runner } = this
    for (let i = 1; i < args.count; i++) {
      runner.engine.locate(args, i)
      if (clients.namedBy(args.keyHash[i], args.bytes, args.offset[i], args.length[i]).length > 0) return true
    }
    return false
  }

  /** Adds the shards that serving the clients of these keys may need, and of the keys that those add to. */
  private addServing(seen: Set<WaitedKey<BlockedCommand>>, shards: Set<number>): void {
    // A set goes on with what is added to it meanwhile.
    for (const key of seen) {
      if (key.clients.size > FEW || seen.size > FEW) return this.addAllShards(shards)
      for (const client of key.clients) {
        for (const shard of client.shards) shards.add(shard)
        for (const target of client.targets) for (const next of this.clients.named(target.name)) seen.add(next)
      }
    }
  }

  private addAllShards(shards: Set<number>): void {
    const { length } = this.runner.engine.shards
    for (let shard = 0; shard < length; shard++) shards.add(shard)
  }

  /** Runs a command for which addReach() said yes, and serves clients. */
  runFor(session: Session, command: Command<never>, args: Args, shards: ReadonlySet<number>): void {
    const { runner } = this
    const { sequencer, reply } = runner
    // The session's next bytes come where these arguments are.
    const kept = sequencer.areHome(shards) ? args : args.clone()
    const action = (target: Reply) => {
      this.begin()
      runner.runQueued(session, command.id, kept, target)
      this.serve()
    }
    runHolding(runner, session, shards, reply, action, true)
  }

  /* Serving. */

  /** What runs now may bring what clients wait for: serve() has to follow it. */
  begin(): void {
    const { clients } = this
    this.runner.engine.access.addedKeys = clients.count === 0 ? null : clients
  }

  /** Serves the clients of all keys that have come into being since begin(). */
  serve(): void {
    for (let ready = this.clients.takeReady(); ready.length > 0; ready = this.clients.takeReady()) {
      // A transaction may have taken so long that what it brought has expired.
      this.runner.engine.begin(this.runner.nowMs())
      for (const key of ready) this.serveKey(key)
    }
    this.runner.engine.access.addedKeys = null
  }

  private serveKey(key: WaitedKey<BlockedCommand>): void {
    key.isReady = false
    let type = this.typeOf(key)
    // A client that comes to wait anew stands behind those there are: it is not looked after twice.
    let left = key.clients.size
    for (const blocked of key.clients) {
      // What is gone nobody gets, however many wait.
      if (left-- === 0 || type < 0) return
      if (blocked.wait === null || blocked.type !== type || blocked.session.isClosing) continue
      this.serveClient(blocked)
      type = this.typeOf(key)
    }
  }

  private typeOf({ db, bytes }: WaitedKey<BlockedCommand>): number {
    return this.runner.engine.typeAt(db, bytes, 0, bytes.length)
  }

  /** Runs a client's command anew. */
  private serveClient(blocked: BlockedCommand): void {
    const { runner, scratchReply } = this
    const { session, command, args, slot } = blocked
    blocked.wait?.cancel()
    const refusal = runner.refusal(session, command, args)
    if (refusal !== null) {
      scratchReply.reset()
      scratchReply.error(refusal)
      runner.engine.statistics.reject(command.id, refusal)
      answerSuspended(session, slot, scratchReply)
    } else if (runner.isPaused(session, command)) this.holdBack(blocked)
    else this.proceed(blocked)
  }

  /** A pause keeps a client from being served: it tries again when that is over. */
  private holdBack(blocked: BlockedCommand): void {
    const { pause } = this.runner
    pause.hold(blocked.session, () => this.tryAgain(blocked))
  }

  private tryAgain(blocked: BlockedCommand): void {
    const { sequencer } = this.runner
    const { session, command, args } = blocked
    if (session.isClosed) return
    if (this.runner.isPaused(session, command)) return this.holdBack(blocked)
    session.isBlocked = false
    const shards = new Set(blocked.shards)
    this.addReach(command, args, shards)
    this.clients.add(blocked, blocked.keys)
    sequencer.eventually(shards, () => this.arrive(blocked))
  }
}

/** The key arguments of a command whose keys are a range. */
function rangeOf(command: Command<never>, args: Args): number[] {
  const { firstKey, keyStep } = command
  const last = lastKeyOf(command, args)
  const keys: number[] = []
  for (let index = firstKey; index <= last; index += keyStep) keys.push(index)
  return keys
}
