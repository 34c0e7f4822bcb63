/* What INFO needs to see of the server. I/O thread. */

import type { CommandTable } from '../../base/command-table.ts'
import type { Clock } from '../../base/ports.ts'
import type { Traffic } from '../../io/session/traffic.ts'
import type { Values } from '../../server/configuration/directives/table.ts'
import type { Engine } from '../../shard-worker/engine.ts'
import type { Statistics } from '../../shard-worker/statistics.ts'
import type { MemoryAccounts } from '../memory-accounts.ts'
import type { Rates } from '../rates.ts'
import type { TurnMaxima } from '../turn-maxima.ts'
import type { InfoText } from './info-text.ts'

/** How many clients there are, and what they wait for. */
export interface ClientCounts {
  readonly connected: number
  /** In a blocking command, or held by CLIENT PAUSE. */
  readonly blocked: number
  /** Blocked with a time at which they stop waiting. */
  readonly timed: number
  /** Keys that some of them wait for. */
  readonly blockingKeys: number
  /** Connections let in, turned away at once, and closed for their memory, since the last CONFIG RESETSTAT. */
  readonly received: number
  readonly rejected: number
  readonly evicted: number
}

/** How the work was shared between the I/O thread and the workers since the last CONFIG RESETSTAT. */
export interface WorkShares {
  readonly workers: number
  readonly handedOver: number
  readonly barriers: number
  readonly holds: number
  /** Runs of commands that workers have not finished. */
  readonly pendingRuns: number
}

/** Figures of all shards together; counters since the last CONFIG RESETSTAT. */
export interface ShardFigures {
  readonly hits: number
  readonly misses: number
  readonly expired: number
  readonly expiredFields: number
  readonly expiredStalePercent: number
  readonly expireTimeCapReached: number
  readonly expireCycleUs: number
  readonly evicted: number
  readonly lazyFreed: number
  /** Keys that wait to be freed; never reset. */
  readonly lazyFreePending: number
  /** Changes since the start; never reset. */
  readonly dirty: number
}

/** Turns of the event loop since the last CONFIG RESETSTAT. */
export interface LoopFigures {
  readonly turns: number
  readonly activeUs: number
  readonly cronUs: number
}

/** For how long maxmemory has been exceeded. */
export interface ExceededTime {
  /** Since it was kept last; 0 while it is. */
  readonly currentMs: number
  /** In all since the last CONFIG RESETSTAT. */
  readonly totalMs: number
}

/** What INFO tells of snapshots. */
export interface SaveFigures {
  readonly isSaving: boolean
  /** Changes since the last save. */
  readonly changes: number
  readonly lastSaveMs: number
  readonly isLastGood: boolean
  /** Seconds that the last background save took, -1 before the first. */
  readonly lastSeconds: number
  /** Seconds that the running one has taken so far, -1 without one. */
  readonly seconds: number
  readonly saves: number
  readonly keysSaved: number
  readonly keysToSave: number
  /** Bytes of keys that were saved out of turn because commands were to change them: in this save, in the last one. */
  readonly copiedBytes: number
  readonly lastCopiedBytes: number
  /** Bytes that the running save has in memory beside the data set, and the most that it, or the last one, had. */
  readonly bufferBytes: number
  readonly mostBufferBytes: number
}

/** What INFO tells of loading. */
export interface LoadFigures {
  readonly isLoading: boolean
  readonly startMs: number
  readonly totalBytes: number
  readonly loadedBytes: number
  /** What the file says. */
  readonly usedMemory: number
  readonly keysLoaded: number
  readonly keysExpired: number
}

export interface ReplicationIdentity {
  readonly id: string
  readonly id2: string
  readonly offset: number
  readonly secondOffset: number
}

export interface InfoContext {
  readonly values: Values
  /** Absolute path, null without one. */
  readonly configFile: string | null
  readonly clock: Clock
  readonly startMs: number
  readonly runId: string
  readonly engine: Engine
  readonly commands: CommandTable<never>
  readonly memory: MemoryAccounts
  readonly rates: Rates
  readonly replication: ReplicationIdentity
  clients(): ClientCounts
  work(): WorkShares
  shards(): ShardFigures
  loop(): LoopFigures
  memoryExceeded(): ExceededTime
  readonly turns: TurnMaxima
  saves(): SaveFigures
  loads(): LoadFigures
  /** Since the last CONFIG RESETSTAT. */
  traffic(): Traffic
  /** The listening sockets by number, as `name=tcp,bind=127.0.0.1,port=6379`. */
  listeners(): ReadonlyMap<number, string>
}

/** A section's reader. `statistics` are those of all threads. */
export interface Section {
  /** What INFO's arguments call it. */
  readonly name: string
  readonly title: string
  /** Shown without arguments. */
  readonly isDefault: boolean
  /** Shown only when its name is asked for, not even by `all`. */
  readonly isHidden?: boolean
  /** Tells of what the workers do: they are asked first. */
  readonly readsWorkers: boolean
  write(text: InfoText, context: InfoContext, statistics: Statistics): void
}
