/* The sequencer: decides where each command runs, and by deciding in one thread gives all commands one order. I/O
 * thread. Hot: route().
 *
 * A shard's baton is with the I/O thread exactly while inFlight[shard] = 0: then a command may run on the spot.
 * Otherwise, or when it is heavy or its handler finds that it is long work (Engine.defers), it goes to the shard's
 * worker through the ring, behind everything that was sequenced before it. The commands that a connection sends in one
 * batch to one worker make one record, a run.
 *
 *   keys of ...           batons home            some away
 *   one worker            inline                 run in the worker's ring
 *   several workers       inline                 barrier: the last worker to arrive runs it
 *   EXEC, WATCH, ...      inline                 hold: the workers park, the I/O thread runs it (see exclusively)
 *
 * I1  inFlight[s] counts the commands for shard s that are in a ring, or in the open run, or held.
 * I2  the open run belongs to the session whose batch runs, and is pushed before the batch ends or any other record is.
 * Bound: the rings; see WorkerLink. */
import type { Args } from '../../base/args.ts'
import { assert } from '../../base/assert.ts'
import { HEAVY } from '../../base/command-spec.ts'
import { type Command, lastKeyOf } from '../../base/command-table.ts'
import type { Reply } from '../../base/reply.ts'
import type { Engine } from '../../shard-worker/engine.ts'
import * as record from '../../shard-worker/record.ts'
import type { BarrierCells, BarrierPool } from '../../shm/sync/barrier.ts'
import { type Baton, IO_THREAD, workerThread } from '../../shm/sync/baton.ts'
import type { Session } from '../session/session.ts'
import { type Hold, type LinkOwner, Run, type WorkerLink } from './worker-link.ts'

/** inline-execution. auto: cheap commands run inline while their shards are idle. */
export type InlineExecution = 'auto' | 'never' | 'always'

/** More arguments than this make any command heavy: about as long as a ring's round trip. */
export const INLINE_MAX_ARGUMENTS = 256
/** A run is closed at this size, so that its replies begin to flow and rings stay fair. */
const RUN_MAX_BYTES = 48 * 1024
const RUN_MAX_COMMANDS = 256

/** What of a snapshot waits on this thread for room (see SaveOutput). */
export interface Spill {
  readonly isStuck: boolean
  /** Whether drain() would do anything. */
  readonly canDrain: boolean
  drain(): void
}

export class Sequencer implements LinkOwner {
  readonly engine: Engine
  readonly inFlight: Int32Array
  /** 1 for shards whose turn of the cron is not over. */
  private readonly inCron: Uint8Array
  inlineExecution: InlineExecution = 'auto'
  /** Commands that went to workers by their rings, and those among them that took a barrier. */
  handedOver = 0
  barriers = 0
  /** Times that workers parked for this thread to run over their shards. */
  holds = 0
  /** Called when there are runs to poll for. */
  onPending: () => void = () => {}
  onControl: (worker: number, frame: Uint8Array) => void = () => {}
  /** A slice that save() asked for is over. */
  onSaved: (shard: number) => void = () => {}
  /** The same of a slice that free() asked for. */
  onFreed: (shard: number) => void = () => {}
  /** What commands that ran here had to save and that had no room: sessions wait for it. */
  spill: Spill | null = null
  private links: readonly WorkerLink[] = []
  private readonly batons: readonly Baton[]
  private readonly cells: BarrierCells
  private readonly pool: BarrierPool
  private readonly reply: Reply
  private readonly builder = new record.RecordBuilder()
  private openRun: Run | null = null
  private openLink: WorkerLink | null = null
  private openDb = 0
  private openFlags = 0
  private readonly freeRuns: Run[] = []
  /** Shards of the command at hand, without repeats, and a mark per shard. */
  private readonly involved: Int32Array
  private involvedCount = 0
  private readonly marks: Int32Array
  private mark = 0
  private readonly congested = new Set<Session>()
  /** Actions that wait for a barrier cell to hold shards at. */
  private readonly leftActions: { shards: Iterable<number>; action: () => void }[] = []

  constructor(engine: Engine, reply: Reply, batons: readonly Baton[], cells: BarrierCells, pool: BarrierPool) {
    this.engine = engine
    this.reply = reply
    this.batons = batons
    this.cells = cells
    this.pool = pool
    this.inFlight = new Int32Array(engine.shards.length)
    this.inCron = new Uint8Array(engine.shards.length)
    this.involved = new Int32Array(engine.shards.length)
    this.marks = new Int32Array(engine.shards.length)
  }

  connect(links: readonly WorkerLink[]): void {
    this.links = links
  }

  /** Whether a snapshot is behind with what commands have made it save: nothing runs here until it has caught up. */
  get isHeldBack(): boolean {
    return this.spill?.isStuck === true
  }

  /** Whether some ring is full: sessions stop until it has room. */
  get isCongested(): boolean {
    if (this.isHeldBack) return true
    for (const link of this.links) if (link.isCongested) return true
    return false
  }

  /** The session's next command waits until the rings have room. */
  waitForRoom(session: Session): void {
    this.congested.add(session)
    session.postpone()
  }

  /** How many workers there are. */
  get workers(): number {
    return this.links.length
  }

  get pendingRuns(): number {
    let runs = 0
    for (const link of this.links) runs += link.pendingRuns
    return runs
  }

  private linkOf(shard: number): WorkerLink {
    return this.links[shard % this.links.length]
  }

  private mayInline(command: Command<never>, args: Args): boolean {
    if (this.inlineExecution === 'always') return true
    return this.inlineExecution === 'auto' && (command.flags & HEAVY) === 0 && args.count <= INLINE_MAX_ARGUMENTS
  }

  /** Runs or hands over a command on shards: its reply comes in the session's order. */
  route(session: Session, command: Command<never>, args: Args): void {
    if (command.runs === 'shard') {
      const key = command.firstKey
      if (!args.located) this.engine.locateKeys(command, args)
      const shard = args.keyShard[key]
      const isHome = this.inFlight[shard] === 0 && this.mayInline(command, args)
      if (isHome && this.runInline(session, command, args, shard)) return
      this.handOver(session, command, args, shard)
      return
    }
    this.collectShards(command, args)
    const areHome = this.involvedAreHome() && this.mayInline(command, args)
    if (areHome && this.runInline(session, command, args, 0)) return
    if (this.involvedWorkers() === 1) this.handOver(session, command, args, record.NO_SHARD)
    else this.meetAtBarrier(session, command, args)
  }

  /** Runs a command here and now, on shards whose batons are home; false when it turned out to be long work. */
  private runInline(session: Session, command: Command<never>, args: Args, shard: number): boolean {
    const { engine } = this
    engine.select(shard, session.db)
    if (command.runs === 'shards') engine.fetchKeys(command, args)
    else if (command.runs === 'shard') {
      engine.keyspace.expect(args.offset[command.firstKey], args.keyHash[command.firstKey])
    }
    engine.client = session.id
    engine.access.noTouch = session.noTouch
    return this.runHere(command.id, args)
  }

  /** Runs a command for which the scene is set; false when it turned out to be long work, and is to be handed over. */
  runHere(command: number, args: Args): boolean {
    const { engine } = this
    if (this.inlineExecution !== 'always') return engine.runShort(command, args, this.reply)
    engine.run(command, args, this.reply)
    return true
  }

  /* Which shards a command needs. */

  /** Fills `involved` with the shards of a command over several. */
  private collectShards(command: Command<never>, args: Args): void {
    this.beginInvolved()
    if (command.runs === 'all') {
      for (let shard = 0; shard < this.inFlight.length; shard++) this.involve(shard)
      return
    }
    if (!args.located) this.engine.locateKeys(command, args)
    const last = lastKeyOf(command, args)
    for (let key = command.firstKey; key <= last; key += command.keyStep) {
      this.involve(args.keyShard[key])
    }
  }

  private beginInvolved(): void {
    this.involvedCount = 0
    this.mark = (this.mark + 1) | 0
  }

  private involve(shard: number): void {
    if (this.marks[shard] === this.mark) return
    this.marks[shard] = this.mark
    this.involved[this.involvedCount++] = shard
  }

  private involvedAreHome(): boolean {
    for (let i = 0; i < this.involvedCount; i++) if (this.inFlight[this.involved[i]] !== 0) return false
    return true
  }

  private involvedWorkers(): number {
    const workers = this.links.length
    if (workers === 1) return 1
    const first = this.involved[0] % workers
    for (let i = 1; i < this.involvedCount; i++) if (this.involved[i] % workers !== first) return 2
    return 1
  }

  /** The shards that own the keys of a command, added to a set: for EXEC. */
  addShards(command: Command<never>, args: Args, shards: Set<number>): void {
    if (command.runs === 'io') return
    if (command.runs === 'shard') {
      const key = command.firstKey
      shards.add(this.engine.shardOf(args.bytes, args.offset[key], args.length[key]))
      return
    }
    this.collectShards(command, args)
    for (let i = 0; i < this.involvedCount; i++) shards.add(this.involved[i])
  }

  /* Hand-over through a ring. */

  private handOver(session: Session, command: Command<never>, args: Args, shard: number): void {
    const link = this.linkOf(shard === record.NO_SHARD ? this.involved[0] : shard)
    const run = this.runFor(session, link)
    this.builder.append(command.id, shard, shard === record.NO_SHARD ? 0 : args.keyHash[command.firstKey], args)
    if (run.slot !== null) session.replies.goAhead(run.slot)
    if (shard === record.NO_SHARD) for (let i = 0; i < this.involvedCount; i++) this.take(run, this.involved[i])
    else this.take(run, shard)
    if (this.builder.length >= RUN_MAX_BYTES || this.builder.count >= RUN_MAX_COMMANDS) this.pushRun()
  }

  private take(run: Run, shard: number): void {
    if (this.inFlight[shard]++ === 0) this.passToWorker(shard)
    run.addShard(shard)
  }

  private runFlags(session: Session): number {
    return (
      (session.resp3 ? record.RUN_RESP3 : 0) |
      (session.noTouch ? record.RUN_NO_TOUCH : 0) |
      (this.engine.access.expirePaused ? record.RUN_EXPIRE_PAUSED : 0)
    )
  }

  /** The open run, if it fits the session, database and worker, and no reply stands behind it; a new one otherwise. */
  private runFor(session: Session, link: WorkerLink): Run {
    const flags = this.runFlags(session)
    const open = this.openRun
    if (
      open !== null &&
      open.session === session &&
      this.openLink === link &&
      this.openDb === session.db &&
      this.openFlags === flags &&
      this.reply.length === 0 &&
      open.slot === session.replies.last &&
      open.slot?.muted === session.isMuted
    ) {
      return open
    }
    this.pushRun()
    const run = this.freeRuns.pop() ?? new Run()
    run.session = session
    run.slot = session.openSlot()
    this.openRun = run
    this.openLink = link
    this.openDb = session.db
    this.openFlags = flags
    this.builder.begin(record.RECORD_RUN, 0, session.db, flags, this.engine.nowMs, session.id)
    return run
  }

  /** Pushes the open run, if any. */
  pushRun(): void {
    const { openRun, openLink } = this
    if (openRun === null || openLink === null) return
    this.openRun = null
    this.openLink = null
    openLink.push(this.builder, openRun)
    this.handedOver += this.builder.count
    this.builder.reset()
    this.onPending()
  }

  /** One command over the shards of several workers: a record in each of their rings, in one go. */
  private meetAtBarrier(session: Session, command: Command<never>, args: Args): void {
    this.pushRun()
    const cell = this.pool.allocate()
    assert(cell >= 0, 'dispatch() postpones commands while no barrier cell is free')
    const slot = session.openSlot()
    const flags = this.runFlags(session)
    this.builder.begin(record.RECORD_BARRIER, cell, session.db, flags, this.engine.nowMs, session.id)
    this.builder.append(command.id, record.NO_SHARD, 0, args)
    const runs = this.runsByWorker()
    this.handedOver++
    this.barriers++
    this.cells.arm(cell, runs.size)
    slot.pending = runs.size
    session.replies.goAhead(slot)
    for (const [worker, run] of runs) {
      run.session = session
      run.slot = slot
      run.cell = cell
      this.links[worker].push(this.builder, run)
    }
    this.builder.reset()
    this.onPending()
  }

  /** A run for each worker with involved shards, which it takes. */
  private runsByWorker(): Map<number, Run> {
    const runs = new Map<number, Run>()
    for (let i = 0; i < this.involvedCount; i++) {
      const worker = this.involved[i] % this.links.length
      let run = runs.get(worker)
      if (run === undefined) {
        run = this.freeRuns.pop() ?? new Run()
        runs.set(worker, run)
      }
      this.take(run, this.involved[i])
    }
    return runs
  }

  /** Whether a command that needs a barrier or hold can have a cell. */
  get hasFreeCell(): boolean {
    return this.pool.available > 0
  }

  /**
   * Runs `action` here while nothing else touches the given shards: at once when their batons are home (returns true),
   * else in its place in the order, when the workers have parked (returns false).
   */
  exclusively(shards: Iterable<number>, action: () => void): boolean {
    this.beginInvolved()
    for (const shard of shards) this.involve(shard)
    if (this.involvedAreHome()) {
      action()
      return true
    }
    this.pushRun()
    const cell = this.pool.allocate()
    assert(cell >= 0, 'dispatch() postpones commands while no barrier cell is free')
    const runs = this.runsByWorker()
    const hold: Hold = { cell, missing: runs.size, runs: [...runs.values()], action }
    this.holds++
    this.cells.arm(cell, runs.size + 1)
    this.builder.begin(record.RECORD_HOLD, cell, 0, 0, this.engine.nowMs, 0)
    for (const [worker, run] of runs) {
      run.hold = hold
      this.links[worker].push(this.builder, run)
    }
    this.builder.reset()
    this.onPending()
    return false
  }

  /** Whether nothing touches the given shards but this thread. */
  areHome(shards: Iterable<number>): boolean {
    for (const shard of shards) if (this.inFlight[shard] !== 0) return false
    return true
  }

  /** The session watches nothing any more: in order with what it sent before. */
  unwatch(session: Session): void {
    const shards = session.transaction.forgetWatches()
    if (shards.length === 0) return
    const action = () => {
      for (const shard of shards) this.engine.shards[shard].watches.unwatch(session.id)
    }
    this.eventually(shards, action)
  }

  /**
   * The same as exclusively() for what waits for no cell, in that there is no command to postpone: a connection that
   * closes, an EXEC that is refused.
   */
  eventually(shards: Iterable<number>, action: () => void): void {
    if (this.areHome(shards)) action()
    else if (this.hasFreeCell) this.exclusively(shards, action)
    else this.leftActions.push({ shards, action })
  }

  /** Begins the actions that found no free cell. */
  private beginLeftActions(): void {
    while (this.leftActions.length > 0 && this.hasFreeCell) {
      const { shards, action } = this.leftActions[0]
      this.leftActions.shift()
      this.exclusively(shards, action)
    }
  }

  /** Closes a session's transaction and drops its watches. */
  abandonTransaction(session: Session): void {
    session.transaction.close()
    this.unwatch(session)
  }

  /** A turn of the expire and rehash cycle for a shard: on its worker. */
  cron(shard: number, nowMs: number): void {
    assert(this.openRun === null, 'I2 the cron comes between batches')
    // A worker that is behind needs no second turn.
    if (this.inCron[shard] !== 0) return
    this.inCron[shard] = 1
    this.sendTurn(record.RECORD_CRON, shard, nowMs).cronShard = shard
  }

  /** A slice of a snapshot for a shard: on its worker, behind what is in its ring. onSaved tells of its end. */
  save(shard: number, nowMs: number): void {
    assert(this.openRun === null, 'I2 slices come between batches')
    this.sendTurn(record.RECORD_SAVE, shard, nowMs).savedShard = shard
  }

  /** A slice of freeing what is dead in a shard, likewise. onFreed tells of its end. */
  free(shard: number, nowMs: number): void {
    assert(this.openRun === null, 'I2 slices come between batches')
    this.sendTurn(record.RECORD_FREE, shard, nowMs).freedShard = shard
  }

  private sendTurn(kind: number, shard: number, nowMs: number): Run {
    const run = this.freeRuns.pop() ?? new Run()
    this.take(run, shard)
    this.builder.begin(kind, shard, 0, 0, nowMs, 0)
    this.linkOf(shard).push(this.builder, run)
    this.builder.reset()
    this.onPending()
    return run
  }

  /** Whether workers owe something: runs to finish, answers, or room for what they are to be told. */
  get isWaiting(): boolean {
    for (const link of this.links) if (link.pendingRuns > 0 || link.unanswered > 0 || link.isCongested) return true
    return this.isHeldBack
  }

  /** Sends a control frame to every worker, which answers with one. */
  ask(frame: Uint8Array): void {
    for (const link of this.links) link.unanswered++
    this.broadcast(frame)
  }

  /** Sends a control frame to every worker. */
  broadcast(frame: Uint8Array): void {
    this.pushRun()
    this.builder.begin(record.RECORD_CONTROL, frame.length, 0, 0, 0, 0)
    this.builder.appendBytes(frame)
    for (const link of this.links) link.push(this.builder, null)
    this.builder.reset()
    this.onPending()
  }

  /** Tells the workers of everything pushed so far. */
  ring(): void {
    for (const link of this.links) link.ring()
  }

  /* What comes back. */

  /** Handles all replies there are; returns how many. */
  drain(): number {
    let handled = 0
    for (const link of this.links) handled += link.drain()
    if (this.isHeldBack) this.spill?.drain()
    if (this.leftActions.length > 0) this.beginLeftActions()
    if (this.congested.size > 0) this.resumeCongested()
    return handled
  }

  /** Whether drain() would do anything. */
  get hasWork(): boolean {
    for (const link of this.links) if (link.hasWork) return true
    return this.spill?.canDrain === true
  }

  /** Lets waiting sessions go on, the longest-waiting first, until there is no room again. */
  private resumeCongested(): void {
    for (const session of this.congested) {
      if (this.isCongested || !this.hasFreeCell) return
      this.congested.delete(session)
      session.resumeReading()
    }
  }

  replied(run: Run, bytes: Uint8Array, offset: number, length: number): void {
    if (run.session !== null && run.slot !== null) run.session.writeSlot(run.slot, bytes, offset, length)
  }

  finished(run: Run): void {
    this.giveBack(run)
    const { session, slot, cell, cronShard, savedShard, freedShard } = run
    if (cronShard >= 0) this.inCron[cronShard] = 0
    if (cell >= 0 && slot !== null && slot.pending === 1) this.pool.release(cell)
    run.clear()
    this.freeRuns.push(run)
    if (savedShard >= 0) this.onSaved(savedShard)
    if (freedShard >= 0) this.onFreed(freedShard)
    if (session !== null && slot !== null) session.finishSlot(slot)
  }

  held(run: Run): void {
    const hold = run.hold
    assert(hold !== null, 'a held worker was asked to hold')
    if (--hold.missing > 0) return
    const last = this.cells.arrive(hold.cell)
    assert(last, 'the I/O thread arrives last at a hold')
    for (const each of hold.runs) this.borrow(each)
    hold.action()
    for (const each of hold.runs) this.returnBorrowed(each)
    this.cells.open(hold.cell)
    this.pool.release(hold.cell)
    for (const each of hold.runs) {
      each.clear()
      this.freeRuns.push(each)
    }
  }

  /** Takes the batons of a worker that has parked. */
  private borrow(run: Run): void {
    for (let i = 0; i < run.shardCount; i++) this.passToIo(run.shards[i])
  }

  /** Gives those back whose shards have more in flight. */
  private returnBorrowed(run: Run): void {
    for (let i = 0; i < run.shardCount; i++) {
      const shard = run.shards[i]
      if (--this.inFlight[shard] > 0) this.passToWorker(shard)
    }
  }

  private giveBack(run: Run): void {
    for (let i = 0; i < run.shardCount; i++) {
      const shard = run.shards[i]
      if (--this.inFlight[shard] === 0) this.passToIo(shard)
    }
  }

  private passToWorker(shard: number): void {
    this.batons[shard].pass(IO_THREAD, workerThread(shard % this.links.length))
  }

  private passToIo(shard: number): void {
    this.batons[shard].pass(workerThread(shard % this.links.length), IO_THREAD)
  }

  control(worker: number, frame: Uint8Array): void {
    this.onControl(worker, frame)
  }

  /** Asserts what holds between batches: where the batons are, and that what nobody waits for is free. O(shards). */
  check(): void {
    assert(this.openRun === null && this.builder.isEmpty, 'I2 a run is pushed before its batch ends')
    for (let shard = 0; shard < this.inFlight.length; shard++) {
      const thread = this.inFlight[shard] === 0 ? IO_THREAD : workerThread(shard % this.links.length)
      assert(this.batons[shard].isHeldBy(thread), 'I1 a baton is away exactly while commands for its shard are')
    }
    this.pool.check()
    if (this.pendingRuns > 0) return
    assert(
      this.inFlight.every((count) => count === 0),
      'I1 nothing is in flight when no run waits',
    )
    assert(this.pool.available === this.cells.cells, 'a cell is in use only while runs wait')
    assert(this.leftActions.length === 0, 'an action waits only for a cell')
  }
}
