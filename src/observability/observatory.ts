/* The instruments of one server: what INFO, LATENCY, SLOWLOG and MEMORY show, kept up to date by the cron. I/O thread.
 *
 * Counters only ever grow where they are counted; CONFIG RESETSTAT notes their values here, and reports show the
 * difference. Only Statistics are reset themselves, in every thread. */
import { randomBytes } from 'node:crypto'
import { FAST } from '../base/command-spec.ts'
import type { CommandTable } from '../base/command-table.ts'
import type { Clock } from '../base/ports.ts'
import type { Session } from '../io/session/session.ts'
import { Traffic } from '../io/session/traffic.ts'
import type { Values } from '../server/configuration/directives/table.ts'
import type { Engine } from '../shard-worker/engine.ts'
import {
  DIRTY,
  EVICTED_KEYS,
  EXPIRE_CYCLE_US,
  EXPIRED_FIELDS,
  EXPIRED_KEYS,
  EXPIRED_STALE_PERCENT,
  EXPIRED_TIME_CAP_REACHED,
  KEYSPACE_HITS,
  KEYSPACE_MISSES,
  LAZY_FREE_PENDING,
  LAZY_FREED_OBJECTS,
} from '../shard-worker/keyspace/shard-layout.ts'
import type { Statistics } from '../shard-worker/statistics.ts'
import type {
  ClientCounts,
  ExceededTime,
  InfoContext,
  LoadFigures,
  LoopFigures,
  SaveFigures,
  ShardFigures,
  WorkShares,
} from './info/context.ts'
import { LatencyMonitor } from './latency/monitor.ts'
import { type ClientMemory, MemoryAccounts } from './memory-accounts.ts'
import { Rates } from './rates.ts'
import { ReplicationId } from './replication-id.ts'
import { type SlowCommand, SlowLog, type SlowLogContext } from './slow-log/slow-log.ts'
import type { TurnMaxima } from './turn-maxima.ts'
import { type Fleet, WorkerStatistics } from './worker-statistics.ts'

/** The server as its instruments see it. */
export interface Observed extends SlowLogContext {
  readonly values: Values
  readonly configFile: string | null
  readonly clock: Clock
  readonly engine: Engine
  readonly commands: CommandTable<never>
  readonly sessions: ReadonlyMap<number, Session>
  readonly clientMemory: ClientMemory
  readonly traffic: Traffic
  /** The workers and the sequencer's counts. */
  readonly fleet: Fleet & Omit<WorkShares, 'workers' | 'handedOver'>
  readonly turns: TurnMaxima
  /** Time that the cron has taken. */
  cronUs(): number
  /** Accounts for the commands of the batch that runs. */
  endTiming(): void
  clients(): ClientCounts
  memoryExceeded(): ExceededTime
  saves(): SaveFigures
  loads(): LoadFigures
  listeners(): ReadonlyMap<number, string>
}

/** Counters with the values they had at the last reset. */
interface Baseline {
  traffic: Traffic
  clients: ClientCounts
  shards: ShardFigures
  work: WorkShares
  loop: LoopFigures
}

export class Observatory implements InfoContext {
  readonly startMs: number
  readonly runId = randomBytes(20).toString('hex')
  readonly replication = new ReplicationId()
  readonly memory: MemoryAccounts
  readonly rates = new Rates()
  readonly workerStatistics: WorkerStatistics
  readonly slowLog: SlowLog
  readonly latency: LatencyMonitor
  private readonly observed: Observed
  private baseline: Baseline | null = null

  constructor(observed: Observed) {
    this.observed = observed
    this.startMs = observed.clock.nowMs()
    this.memory = new MemoryAccounts(observed.engine.shards, observed.sessions, observed.clientMemory)
    this.workerStatistics = new WorkerStatistics(observed.fleet)
    this.slowLog = new SlowLog(observed)
    this.latency = new LatencyMonitor(() => observed.values['latency-monitor-threshold'])
  }

  /** To be called ten times a second. */
  tick(nowMs: number): void {
    const { traffic, fleet, engine } = this.observed
    const loop = this.loopNow()
    this.memory.tick(nowMs)
    const commands = engine.statistics.totalCalls + fleet.handedOver
    this.rates.sample(
      {
        commands,
        bytesIn: traffic.bytesIn,
        bytesOut: traffic.bytesOut,
        loopTurns: loop.turns,
        loopActiveUs: loop.activeUs,
      },
      nowMs,
    )
  }

  /** A command took long, on whichever thread: for the slow log and the latency monitor, as far as they want it. */
  commandWasSlow(slow: SlowCommand): void {
    this.slowLog.record(slow)
    this.latency.record(slow.command.flags & FAST ? 'fast-command' : 'command', slow.timeMs, slow.durationUs / 1000)
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.observed.engine.statistics.reset()
    this.workerStatistics.reset()
    this.rates.reset()
    const { traffic } = this.observed
    this.baseline = {
      traffic: Object.assign(new Traffic(), traffic),
      clients: this.observed.clients(),
      shards: this.shardsNow(),
      work: this.workNow(),
      loop: this.loopNow(),
    }
    this.turns.reset()
  }

  /* InfoContext. */

  get values(): Values {
    return this.observed.values
  }

  get configFile(): string | null {
    return this.observed.configFile
  }

  get clock(): Clock {
    return this.observed.clock
  }

  get engine(): Engine {
    return this.observed.engine
  }

  get turns(): TurnMaxima {
    return this.observed.turns
  }

  get commands(): CommandTable<never> {
    return this.observed.commands
  }

  /** What this thread has executed. */
  ownStatistics(): Statistics {
    this.observed.endTiming()
    return this.observed.engine.statistics
  }

  get info(): InfoContext {
    return this
  }

  clients(): ClientCounts {
    const now = this.observed.clients()
    const { received, rejected, evicted } = difference(now, this.baseline?.clients)
    return { ...now, received, rejected, evicted }
  }

  listeners(): ReadonlyMap<number, string> {
    return this.observed.listeners()
  }

  saves(): SaveFigures {
    return this.observed.saves()
  }

  loads(): LoadFigures {
    return this.observed.loads()
  }

  traffic(): Traffic {
    return difference(this.observed.traffic, this.baseline?.traffic)
  }

  shards(): ShardFigures {
    const now = this.shardsNow()
    const { dirty, expiredStalePercent, lazyFreePending } = now
    return { ...difference(now, this.baseline?.shards), dirty, expiredStalePercent, lazyFreePending }
  }

  memoryExceeded(): ExceededTime {
    return this.observed.memoryExceeded()
  }

  loop(): LoopFigures {
    return difference(this.loopNow(), this.baseline?.loop)
  }

  work(): WorkShares {
    const now = this.workNow()
    const { workers, pendingRuns } = now
    return { ...difference(now, this.baseline?.work), workers, pendingRuns }
  }

  /** Turns of this thread's event loop so far, the time it was not waiting, and the cron's part of it. */
  private loopNow(): LoopFigures {
    const { active } = performance.eventLoopUtilization()
    const turns = performance.nodeTiming.uvMetricsInfo.loopCount
    return { turns, activeUs: active * 1000, cronUs: this.observed.cronUs() }
  }

  private workNow(): WorkShares {
    const { workers, handedOver, barriers, holds, pendingRuns } = this.observed.fleet
    return { workers, handedOver, barriers, holds, pendingRuns }
  }

  private shardsNow(): ShardFigures {
    const { shards } = this.observed.engine
    const sum = (counter: number) => shards.reduce((total, { counters }) => total + counters[counter], 0)
    return {
      hits: sum(KEYSPACE_HITS),
      misses: sum(KEYSPACE_MISSES),
      expired: sum(EXPIRED_KEYS),
      expiredFields: sum(EXPIRED_FIELDS),
      expiredStalePercent: sum(EXPIRED_STALE_PERCENT) / shards.length,
      expireTimeCapReached: sum(EXPIRED_TIME_CAP_REACHED),
      expireCycleUs: sum(EXPIRE_CYCLE_US),
      evicted: sum(EVICTED_KEYS),
      lazyFreed: sum(LAZY_FREED_OBJECTS),
      lazyFreePending: sum(LAZY_FREE_PENDING),
      dirty: sum(DIRTY),
    }
  }
}

/** `now` less `before`, field by field. */
function difference<Figures extends object>(now: Figures, before: Figures | undefined): Figures {
  if (before === undefined) return now
  const entries = Object.entries(now).map(([name, value]) => [name, value - (before as Record<string, number>)[name]])
  return Object.fromEntries(entries) as Figures
}
