/* maxmemory as the I/O thread keeps it (https://redis.io/docs/reference/eviction/). Main thread.
 *
 * Before a command runs here, keys go from all shards whose batons are home until the budget is kept again, for no
 * longer than maxmemory-eviction-tenacity allows. Shards that are away are their workers' to keep small: a worker makes
 * room before each command that may need memory. What both leave, because the time was up, the limit was lowered or the
 * keys to go lie where nothing is written, is evicted between batches, a slice at a time, if need be with the workers
 * parked.
 *
 * Bound: a slice before a command and one in each turn of the event loop. */
import type { Clock } from '../base/ports.ts'
import type { Pause } from '../io/routing/pause.ts'
import type { Sequencer } from '../io/routing/sequencer.ts'
import type { Log } from '../observability/log.ts'
import type { Observatory } from '../observability/observatory.ts'
import type { Engine } from '../shard-worker/engine.ts'
import { EVICTED_KEYS } from '../shard-worker/keyspace/shard-layout.ts'
import { ENOUGH, NONE_LEFT, WORKING } from '../shard-worker/memory-budget.ts'

/** The server as eviction sees it. */
export interface KeyEvictionHost {
  readonly clock: Clock
  readonly log: Log
  readonly engine: Engine
  readonly sequencer: Sequencer
  readonly pause: Pause
  /** Whether the data of a file is being loaded. */
  readonly isLoading: boolean
  readonly clients: { readonly eviction: { readonly total: number } }
  readonly observatory: Pick<Observatory, 'memory' | 'latency'>
}

/** How long the workers are left to it, as long as they get on. */
const WORKERS_TURN_MS = 1
const SUSPICIOUS_BELOW_BYTES = 1024 * 1024

export class KeyEviction {
  private readonly host: KeyEvictionHost
  private readonly noneAway: Int32Array
  /** Whether room is being made between batches. */
  private isRunning = false
  /** Keys that had gone when that was last looked at. */
  private evictedBefore = 0
  /** When the budget was first found exceeded, monotonic; 0: it is kept. */
  private exceededSinceUs = 0
  /** How long it had been exceeded before that. */
  private exceededUs = 0

  constructor(host: KeyEvictionHost) {
    this.host = host
    this.noneAway = new Int32Array(host.engine.shards.length)
  }

  /** Makes room if there is too little. True: nothing may go, and commands that need memory must be refused. */
  lacksMemory(): boolean {
    const { engine, sequencer } = this.host
    if (!engine.budget.isLimited || this.mustKeepAll) return false
    const outcome = this.makeRoom(sequencer.inFlight)
    if (outcome === WORKING) this.start()
    return outcome === NONE_LEFT
  }

  /** Whether no key may go now. Commands run as if there were room. */
  private get mustKeepAll(): boolean {
    return this.host.pause.isActive || this.host.isLoading
  }

  private makeRoom(away: Int32Array): number {
    const { engine, clients, observatory, clock } = this.host
    const { budget } = engine
    budget.otherBytes = clients.eviction.total
    const outcome = budget.makeRoom(away)
    if (outcome !== ENOUGH) this.exceededSinceUs ||= clock.monotonicUs()
    else if (this.exceededSinceUs !== 0) {
      this.exceededUs += clock.monotonicUs() - this.exceededSinceUs
      this.exceededSinceUs = 0
    }
    if (budget.cycleUs > 0) {
      observatory.latency.record('eviction-del', engine.nowMs, budget.longestDeletionUs / 1000)
      observatory.latency.record('eviction-cycle', engine.nowMs, budget.cycleUs / 1000)
    }
    return outcome
  }

  /** Tells of a limit in the configuration that looks like a slip. */
  warnOfSmallLimit(): void {
    const { engine, log } = this.host
    const { limitBytes } = engine.budget
    if (limitBytes === 0 || limitBytes >= SUSPICIOUS_BELOW_BYTES) return
    log.warning(
      `WARNING: You specified a maxmemory value that is less than 1MB (current value is ${limitBytes} bytes). ` +
        'Are you sure this is what you really want?',
    )
  }

  /** CONFIG SET maxmemory. */
  limitChanged(): null {
    const { engine, log, observatory } = this.host
    const { limitBytes } = engine.budget
    if (limitBytes === 0) return null
    const { used } = observatory.memory
    if (limitBytes < used) {
      log.warning(
        `WARNING: the new maxmemory value set via CONFIG SET (${limitBytes}) is smaller than the current memory ` +
          `usage (${used}). This will result in key eviction and/or the inability to accept new write commands ` +
          'depending on the maxmemory-policy.',
      )
    }
    this.start()
    return null
  }

  private start(): void {
    if (this.isRunning) return
    this.isRunning = true
    this.evictedBefore = this.evicted
    setImmediate(() => this.turn())
  }

  /** Keys that have gone from all shards. */
  private get evicted(): number {
    return this.host.engine.shards.reduce((sum, { counters }) => sum + counters[EVICTED_KEYS], 0)
  }

  private turn(): void {
    const { clock, engine, sequencer } = this.host
    engine.begin(clock.nowMs())
    if (this.mustKeepAll || !engine.budget.isLimited || this.makeRoom(sequencer.inFlight) !== WORKING) {
      this.isRunning = false
      return
    }
    const { evicted } = this
    const isGettingOn = evicted !== this.evictedBefore || engine.budget.hasDead
    this.evictedBefore = evicted
    if (sequencer.pendingRuns === 0) setImmediate(() => this.turn())
    else if (isGettingOn || sequencer.isCongested || !sequencer.hasFreeCell) {
      setTimeout(() => this.turn(), WORKERS_TURN_MS)
    } else sequencer.exclusively(this.noneAway.keys(), () => this.holdingAll())
  }

  private holdingAll(): void {
    if (!this.mustKeepAll) this.makeRoom(this.noneAway)
    setImmediate(() => this.turn())
  }

  /** For how long the budget has been exceeded, in milliseconds: now, and since the start or reset. */
  get exceeded(): { currentMs: number; totalMs: number } {
    const { exceededSinceUs, exceededUs } = this
    const currentUs = exceededSinceUs === 0 ? 0 : this.host.clock.monotonicUs() - exceededSinceUs
    return { currentMs: Math.trunc(currentUs / 1000), totalMs: Math.trunc((exceededUs + currentUs) / 1000) }
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.exceededSinceUs = 0
    this.exceededUs = 0
  }
}
