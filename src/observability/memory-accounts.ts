/* The memory that the data set and the clients take, as INFO memory, MEMORY STATS and maxmemory count it. I/O thread.
 *
 *   used = blocks of all arenas + what the arenas need for themselves + what clients hold
 *
 * Rings, code and the JavaScript heap are not in it: they do not grow with what clients store, and show in the resident
 * set. Arenas tell their figures to any thread at any time. Clients are walked a tenth of them at each tick, so that
 * ten thousand cost nothing to speak of; a report measures them all. */
import { totalmem } from 'node:os'
import type { Session } from '../io/session/session.ts'
import type { Shard } from '../shard-worker/keyspace/shard.ts'
import { BUCKET_BYTES } from '../shard-worker/keyspace/table/table-layout.ts'

/** Ticks in which all clients are visited once. */
const WALK_TICKS = 10
/** Seconds for which the largest client buffers are remembered. */
const RECENT_SECONDS = 8

/** What a client holds, in bytes. */
export interface ClientMemory {
  total(session: Session): number
  input(session: Session): number
  output(session: Session): number
}

/** One database's tables over all shards. */
export interface DatabaseTables {
  readonly index: number
  readonly keys: number
  readonly mainBytes: number
  readonly expiresBytes: number
}

export class MemoryAccounts {
  private readonly shards: readonly Shard[]
  private readonly sessions: ReadonlyMap<number, Session>
  private readonly of: ClientMemory
  /** `used` when the server had just started. */
  readonly startupBytes: number
  /** The resident set then. */
  readonly startupResidentBytes: number
  peakBytes: number
  /** What clients hold, as last walked. */
  clientBytes = 0
  private walk: Iterator<Session> | null = null
  private walkedBytes = 0
  /** The largest buffers of each of the last seconds. */
  private readonly recentInput = new Float64Array(RECENT_SECONDS)
  private readonly recentOutput = new Float64Array(RECENT_SECONDS)
  private second = 0

  constructor(shards: readonly Shard[], sessions: ReadonlyMap<number, Session>, of: ClientMemory) {
    this.shards = shards
    this.sessions = sessions
    this.of = of
    this.startupBytes = this.used
    this.startupResidentBytes = this.residentBytes
    this.peakBytes = this.startupBytes
  }

  /** Bytes in blocks of the arenas. */
  get allocatedBytes(): number {
    let bytes = 0
    for (const { arena } of this.shards) bytes += arena.usedBytes
    return bytes
  }

  /** Bytes that the arenas have ever had in use: what may be resident of them. */
  get touchedBytes(): number {
    let bytes = 0
    for (const { arena } of this.shards) bytes += arena.touchedBytes
    return bytes
  }

  /** used_memory. */
  get used(): number {
    let bytes = this.clientBytes
    for (const { arena } of this.shards) bytes += arena.usedBytes + arena.overheadBytes
    return bytes
  }

  get residentBytes(): number {
    return process.memoryUsage.rss()
  }

  get systemBytes(): number {
    return totalmem()
  }

  /** Visits a part of the clients and notes the peak; to be called ten times a second. */
  tick(nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    if (second !== this.second) {
      this.second = second
      this.recentInput[second % RECENT_SECONDS] = 0
      this.recentOutput[second % RECENT_SECONDS] = 0
    }
    this.walkOn(Math.ceil(this.sessions.size / WALK_TICKS))
    this.peakBytes = Math.max(this.peakBytes, this.used)
  }

  private walkOn(count: number): void {
    this.walk ??= this.sessions.values()
    for (let i = 0; i <= count; i++) {
      const { value, done } = this.walk.next()
      if (done) {
        this.clientBytes = this.walkedBytes
        this.walkedBytes = 0
        this.walk = null
        return
      }
      this.visit(value)
      this.walkedBytes += this.of.total(value)
    }
  }

  private visit(session: Session): void {
    const slot = this.second % RECENT_SECONDS
    this.recentInput[slot] = Math.max(this.recentInput[slot], this.of.input(session))
    this.recentOutput[slot] = Math.max(this.recentOutput[slot], this.of.output(session))
  }

  /** Visits all clients now: for a report. */
  measure(): void {
    let bytes = 0
    for (const session of this.sessions.values()) bytes += this.of.total(session)
    this.clientBytes = bytes
    this.peakBytes = Math.max(this.peakBytes, this.used)
  }

  /** The largest input and output buffers of the last seconds. */
  get recentMaxInput(): number {
    return Math.max(...this.recentInput)
  }

  get recentMaxOutput(): number {
    return Math.max(...this.recentOutput)
  }

  /** The tables of each database that has keys. */
  databases(): DatabaseTables[] {
    const found: DatabaseTables[] = []
    for (let index = 0; index < this.shards[0].keyspaces.length; index++) {
      let keys = 0
      let mainBytes = 0
      let expiresBytes = 0
      for (const shard of this.shards) {
        const keyspace = shard.keyspaces[index]
        keys += keyspace.keys.used
        mainBytes += tableBytes(keyspace.keys.bucketCounts)
        expiresBytes += tableBytes(keyspace.expires.bucketCounts)
      }
      if (keys > 0) found.push({ index, keys, mainBytes, expiresBytes })
    }
    return found
  }

  /** The figures of a report, consistent with one another. */
  report(): MemoryReport {
    this.measure()
    return new MemoryReport(this)
  }
}

function tableBytes([first, second]: readonly [number, number]): number {
  return (first + second) * BUCKET_BYTES
}

const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b)

/** What is derived from the accounts at one moment. */
export class MemoryReport {
  readonly used: number
  readonly peak: number
  readonly startup: number
  readonly clients: number
  readonly databases: readonly DatabaseTables[]
  readonly keys: number
  readonly overhead: number
  readonly allocated: number
  readonly touched: number
  readonly resident: number

  constructor(accounts: MemoryAccounts) {
    this.used = accounts.used
    this.peak = accounts.peakBytes
    this.startup = accounts.startupBytes
    this.clients = accounts.clientBytes
    this.databases = accounts.databases()
    let keys = 0
    let tables = 0
    for (const database of this.databases) {
      keys += database.keys
      tables += database.mainBytes + database.expiresBytes
    }
    this.keys = keys
    this.overhead = Math.min(this.used, this.startup + this.clients + tables)
    this.allocated = accounts.allocatedBytes
    this.touched = accounts.touchedBytes
    this.resident = accounts.residentBytes
  }

  get dataset(): number {
    return this.used - this.overhead
  }

  /** What has come to be used since the start, at least 1. */
  private get net(): number {
    return Math.max(1, this.used - this.startup)
  }

  get datasetPercent(): number {
    return (this.dataset * 100) / this.net
  }

  get peakPercent(): number {
    return ratio(this.used * 100, this.peak)
  }

  get bytesPerKey(): number {
    return this.keys === 0 ? 0 : Math.trunc(this.net / this.keys)
  }

  /** Arena memory in use against the blocks in it. */
  get fragmentation(): number {
    return ratio(this.touched, this.allocated)
  }

  /** The resident set against what the arenas may have of it. */
  get residentOverhead(): number {
    return ratio(this.resident, this.touched)
  }

  /** The resident set against used memory: mem_fragmentation_ratio. */
  get totalFragmentation(): number {
    return ratio(this.resident, this.used)
  }
}
