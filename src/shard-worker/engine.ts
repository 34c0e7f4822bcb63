/* The engine of one thread: views of every shard, the settings, and execute(), the one way a command runs, whoever
 * asks: the I/O thread inline, a worker from its ring, EXEC, a script, a replay. It holds no state that another thread
 * would need: all of that lies in the arenas. Only a thread that holds the batons of the shards a command touches may
 * execute it. Hot.
 *
 * The caller sets the scene once for a batch (begin) and for each command (db, shard, client), then executes. */
import type { Args } from '../base/args.ts'
import { HEAVY } from '../base/command-spec.ts'
import { type Command, type CommandTable, type KeyRange, lastKeyOf } from '../base/command-table.ts'
import { keySlot, SLOT_COUNT } from '../base/crc16.ts'
import * as errors from '../base/error-texts.ts'
import { DIGEST_HASH, DIGEST_SLOT, digest, digestKey } from '../base/key-digest.ts'
import { LimitExceeded } from '../base/limit-exceeded.ts'
import type { Clock, Random } from '../base/ports.ts'
import type { Reply } from '../base/reply.ts'
import type { Arena } from '../shm/arena/arena.ts'
import { Access } from './keyspace/access.ts'
import { typeOf } from './keyspace/entry.ts'
import { Evictor, evictionTimeLimitUs } from './keyspace/eviction.ts'
import { ARENA_FULL, type Keyspace } from './keyspace/keyspace.ts'
import { AT_ONCE, hasDead, IN_SLICES, LAZILY } from './keyspace/lazyfree.ts'
import { SaveHook } from './keyspace/save/save-hook.ts'
import { Shard } from './keyspace/shard.ts'
import { MemoryBudget } from './memory-budget.ts'
import { Prefetcher } from './prefetch.ts'
import { EngineSettings } from './settings.ts'
import { SlowCommandCapture } from './slow-command.ts'
import { Statistics } from './statistics.ts'

/** Commands and subcommands that the statistics have room for: the I/O thread counts its own commands there too. */
export const MAX_COMMANDS = 512
/** An argument longer than this can make any command slow: it is timed by itself. */
const LARGE_ARGUMENT_BYTES = 16 * 1024
/** A threshold below this asks for every command to be timed by itself. */
const PRECISE_BELOW_US = 2000
/** More elements or bytes than these in one reply are long work (see defers): some ring round trips. */
const LONG_ELEMENTS = 1024
const LONG_BYTES = 64 * 1024
const NOT_TIMED = -1

/* What became of a blocking command: see Engine.runOrWait(). */
export const RAN = 0
export const WAITS = 1
export const DEFERRED = 2

const SLOT_BITS = Math.log2(SLOT_COUNT)

export class Engine {
  readonly commands: CommandTable<Engine>
  readonly shards: readonly Shard[]
  readonly settings: EngineSettings
  readonly access: Access
  /** Where a snapshot meets the commands that this engine runs. */
  readonly saveHook: SaveHook<Keyspace>
  readonly clock: Clock
  readonly random: Random
  /** Of the key hash, the same in all shards. */
  readonly seed: number
  readonly prefetcher: Prefetcher
  readonly evictor: Evictor
  readonly budget: MemoryBudget
  /** Index of the selected database. */
  db: number
  /** The keyspace of a command whose keys lie in one shard: the selected database of that shard. */
  keyspace: Keyspace
  /** Id of the client that runs, 0 for none. */
  client: number
  readonly statistics: Statistics
  /** The newest command that took long; the caller reports it and clears `pending`. */
  readonly slow: SlowCommandCapture
  /** What the blocking command that ran last waits for: a key with a value of this type; how long, 0: for ever. */
  awaitedType: number
  awaitedMs: number
  /** Whether the command that runs may wait, and whether it does. */
  private mayWait: boolean
  private waits: boolean
  /** Writes a line into the log, at level verbose; whoever runs the engine says how. */
  logVerbose: (text: string) => void
  /** 1 for commands that are timed one by one. */
  private readonly timedAlone: Uint8Array
  /** Whether the command that runs may be left to its worker, and whether its handler has done so. */
  private mayDefer: boolean
  private isDeferred: boolean
  /** When the command that runs began, if it is timed by itself. */
  private startUs: number

  constructor(commands: CommandTable<Engine>, arenas: readonly Arena[], clock: Clock, random: Random) {
    this.commands = commands
    this.settings = new EngineSettings()
    this.access = new Access(random)
    this.saveHook = new SaveHook()
    this.shards = arenas.map((arena, index) => new Shard(index, arena, this.access, this.saveHook))
    this.clock = clock
    this.random = random
    this.seed = this.shards[0].seed
    this.prefetcher = new Prefetcher()
    this.evictor = new Evictor(this.shards, this.access, random)
    this.budget = new MemoryBudget(this.shards, this.evictor, clock)
    this.db = 0
    this.keyspace = this.shards[0].keyspaces[0]
    this.client = 0
    this.statistics = new Statistics(MAX_COMMANDS)
    this.slow = new SlowCommandCapture()
    this.logVerbose = () => {}
    this.awaitedType = 0
    this.awaitedMs = 0
    this.mayWait = false
    this.waits = false
    this.timedAlone = new Uint8Array(MAX_COMMANDS)
    this.mayDefer = false
    this.isDeferred = false
    this.startUs = NOT_TIMED
    for (const command of commands.commands) this.timedAlone[command.id] = command.flags & HEAVY ? 1 : 0
  }

  get databases(): number {
    return this.shards[0].keyspaces.length
  }

  /** Time of the batch in Unix milliseconds. */
  get nowMs(): number {
    return this.access.nowMs
  }

  /** Sets the time for the commands that follow. */
  begin(nowMs: number): void {
    this.access.at(nowMs)
  }

  /** Applies a configuration change. */
  configure(name: string, value: string): void {
    const { settings, access } = this
    if (!settings.apply(name, value)) return
    access.lfu = settings.maxmemoryPolicy.includes('lfu')
    this.configureEviction()
    access.lfuLogFactor = settings.lfuLogFactor
    access.lfuDecayMinutes = settings.lfuDecayTime
    access.freesExpired = settings.lazyfreeLazyExpire ? LAZILY : AT_ONCE
    access.freesEvicted = settings.lazyfreeLazyEviction ? LAZILY : IN_SLICES
    access.freesReplaced = settings.lazyfreeLazyServerDel ? LAZILY : AT_ONCE
    this.statistics.trackLatency = settings.latencyTracking
    this.slow.configure(settings.slowlogLogSlowerThan, settings.latencyMonitorThreshold)
    this.statistics.precise = this.slow.thresholdUs < PRECISE_BELOW_US
  }

  private configureEviction(): void {
    const { settings, evictor, budget } = this
    evictor.follow(settings.maxmemoryPolicy)
    evictor.samples = settings.maxmemorySamples
    budget.limitBytes = settings.maxmemory
    budget.timeLimitUs = evictionTimeLimitUs(settings.maxmemoryEvictionTenacity)
    budget.isTimed = settings.latencyMonitorThreshold > 0
    budget.measure()
  }

  /** The shard that owns a key. */
  shardOf(bytes: Uint8Array, offset: number, length: number): number {
    const count = this.shards.length
    return count === 1 ? 0 : (keySlot(bytes, offset, length) * count) >>> SLOT_BITS
  }

  /** Keys are about to come for a database, about so many, of which so many are volatile. */
  expectKeys(db: number, keys: number, volatile: number): void {
    for (const { keyspaces } of this.shards) {
      keyspaces[db].keys.prepare(keys / this.shards.length)
      if (volatile > 0) keyspaces[db].expires.prepare(volatile / this.shards.length)
    }
  }

  /** Notes shard and hash of key argument `index`; the caller sets `located` when all of the command's keys are. */
  locate(args: Args, index: number): void {
    digestKey(args.bytes, args.offset[index], args.length[index], this.seed)
    args.keyShard[index] = (digest[DIGEST_SLOT] * this.shards.length) >>> SLOT_BITS
    args.keyHash[index] = digest[DIGEST_HASH]
  }

  /** Notes shard and hash of every key of a command with keys. */
  locateKeys(command: KeyRange, args: Args): void {
    const last = lastKeyOf(command, args)
    for (let key = command.firstKey; key <= last; key += command.keyStep) this.locate(args, key)
    args.located = true
  }

  /** Brings the located keys of a command over several shards into the cache. */
  fetchKeys(command: KeyRange, args: Args): void {
    const { prefetcher, shards, db } = this
    const last = lastKeyOf(command, args)
    for (let key = command.firstKey; key <= last && !prefetcher.isFull; key += command.keyStep) {
      prefetcher.add(shards[args.keyShard[key]].keyspaces[db].keys, args.keyHash[key])
    }
    prefetcher.run()
  }

  /** The keyspace, in the selected database, that owns key argument `index`. */
  keyspaceOf(args: Args, index: number): Keyspace {
    if (args.located) {
      const keyspace = this.shards[args.keyShard[index]].keyspaces[this.db]
      keyspace.expect(args.offset[index], args.keyHash[index])
      return keyspace
    }
    return this.shards[this.shardOf(args.bytes, args.offset[index], args.length[index])].keyspaces[this.db]
  }

  /** Selects the database and, for a command in one shard, the shard. */
  select(shard: number, db: number): void {
    this.access.generation = (this.access.generation + 1) | 0
    this.db = db
    this.keyspace = this.shards[shard].keyspaces[db]
  }

  /** Executes a command, counts it, and times it: with its batch, or by itself where its duration can matter. */
  run(command: number, args: Args, reply: Reply): void {
    const { statistics } = this
    const errorsBefore = reply.errorCount
    const isAlone =
      statistics.precise || this.timedAlone[command] !== 0 || args.length[args.count - 1] > LARGE_ARGUMENT_BYTES
    this.startUs = isAlone ? this.clock.monotonicUs() : NOT_TIMED
    this.execute(command, args, reply)
    if (this.isDeferred) return
    if (this.startUs === NOT_TIMED) statistics.count(command)
    else this.countTimed(command, args)
    if (reply.errorCount !== errorsBefore) statistics.fail(command, reply.lastError)
  }

  /**
   * The same inline on the I/O thread, where others wait. False when the command turned out to be long work: nothing
   * has been done then, and it is to be handed over.
   */
  runShort(command: number, args: Args, reply: Reply): boolean {
    this.mayDefer = true
    this.run(command, args, reply)
    this.mayDefer = false
    const hasRun = !this.isDeferred
    this.isDeferred = false
    return hasRun
  }

  /**
   * For a handler that has found how many elements, and bytes of them, it is to walk or to reply with. True: it must
   * return at once, and will run again on the worker; so it asks before it has replied, changed or counted anything
   * (Keyspace.find rather than findForRead, then noteRead).
   */
  defers(elements: number, bytes: number): boolean {
    if (elements <= LONG_ELEMENTS && bytes <= LONG_BYTES) return false
    if (this.mayDefer) this.isDeferred = true
    else if (this.startUs === NOT_TIMED) this.startUs = this.clock.monotonicUs()
    return this.mayDefer
  }

  /** Counts a command that began at `startUs` and was timed by itself. */
  private countTimed(command: number, args: Args): void {
    const elapsedUs = this.clock.monotonicUs() - this.startUs
    this.statistics.timed(command, elapsedUs)
    if (elapsedUs >= this.slow.thresholdUs) this.slow.capture(command, args, elapsedUs)
  }

  /**
   * Runs a blocking command for a client that can wait. WAITS when it has to: nothing is counted or answered then, and
   * `awaitedType` and `awaitedMs` tell what for. DEFERRED when it is long work, if it may be left to a worker.
   */
  runOrWait(command: number, args: Args, reply: Reply, mayDefer: boolean): number {
    const errorsBefore = reply.errorCount
    this.startUs = this.clock.monotonicUs()
    this.mayWait = true
    this.mayDefer = mayDefer
    this.waits = false
    this.execute(command, args, reply)
    this.mayWait = false
    this.mayDefer = false
    if (this.waits) return WAITS
    if (this.isDeferred) {
      this.isDeferred = false
      return DEFERRED
    }
    this.countTimed(command, args)
    if (reply.errorCount !== errorsBefore) this.statistics.fail(command, reply.lastError)
    return RAN
  }

  /**
   * For the handler of a blocking command that finds nothing: it waits until one of its keys holds a value of this
   * type, or for `timeoutMs`, 0: for ever, and answers nothing now. False when it may not, as in a transaction: then
   * its handler answers as if the time were up.
   */
  await(type: number, timeoutMs: number): boolean {
    this.awaitedType = type
    this.awaitedMs = timeoutMs
    this.waits = this.mayWait
    return this.waits
  }

  /** The type of a key's value; -1 when it is not there, or has expired. It is neither touched nor deleted. */
  typeAt(db: number, bytes: Uint8Array, offset: number, length: number): number {
    const keyspace = this.shards[this.shardOf(bytes, offset, length)].keyspaces[db]
    const entry = keyspace.peek(bytes, offset, length)
    return entry === 0 || keyspace.isExpired(entry) ? -1 : typeOf(keyspace.arena, entry)
  }

  /** Runs a command of the table and appends its reply. What is full is answered, all else is a bug and throws. */
  execute(command: number, args: Args, reply: Reply): void {
    if (!this.attempt(command, args, reply) && !this.retry(command, args, reply)) reply.error(errors.SHARD_FULL)
  }

  /** False when an arena was full: nothing has changed then, and nothing is replied. */
  private attempt(command: number, args: Args, reply: Reply): boolean {
    const mark = reply.length
    try {
      this.commands.commands[command].handler!(this, args, reply)
      return true
    } catch (error) {
      const isLimit = error instanceof LimitExceeded
      if (error !== ARENA_FULL && !isLimit) throw error
      reply.truncate(mark)
      if (isLimit) reply.error(error.reply)
      return isLimit
    }
  }

  /**
   * Runs a command again whose shard was full, for as long as anything there is dead and not freed, or keys of it may
   * be evicted and the time that room may take is not up. False: it stays full.
   */
  private retry(command: number, args: Args, reply: Reply): boolean {
    const { budget, clock, shards } = this
    const mayEvict = !this.access.expirePaused && this.evictor.mayEvict
    const away = new Int32Array(shards.length).fill(1)
    const startUs = clock.monotonicUs()
    for (;;) {
      const shard = this.shardToEmpty(this.commands.commands[command], args)
      if (shard < 0) return false
      const isLate = clock.monotonicUs() - startUs > budget.timeLimitUs
      away[shard] = 0
      if (!budget.makeRoomIn(away, mayEvict && !isLate)) return false
      away[shard] = 1
      if (this.attempt(command, args, reply)) return true
    }
  }

  /** Of the shards of this command one with something dead, or else that of its keys with the least room left. */
  private shardToEmpty(command: Command<Engine>, args: Args): number {
    if (command.runs === 'shard') return this.keyspace.shard.index
    if (command.runs !== 'shards') return this.shards.findIndex((shard) => hasDead(shard))
    if (!args.located) this.locateKeys(command, args)
    let fullest = -1
    const last = lastKeyOf(command, args)
    for (let key = command.firstKey; key <= last; key += command.keyStep) {
      const shard = args.keyShard[key]
      if (hasDead(this.shards[shard])) return shard
      if (fullest < 0 || this.shards[shard].arena.usedBytes > this.shards[fullest].arena.usedBytes) fullest = shard
    }
    return fullest
  }
}
