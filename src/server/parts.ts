/* The parts of a server, as the files see them that tie some of them together. Main thread. */
import type { CommandTable } from '../base/command-table.ts'
import type { Clock } from '../base/ports.ts'
import type { ConnectionContext } from '../io/command/connection.ts'
import type { Dispatcher } from '../io/routing/dispatcher.ts'
import type { Session } from '../io/session/session.ts'
import type { Traffic } from '../io/session/traffic.ts'
import type { Log } from '../observability/log.ts'
import type { Observatory } from '../observability/observatory.ts'
import type { TurnMaxima } from '../observability/turn-maxima.ts'
import type { Engine } from '../shard-worker/engine.ts'
import type { Clients } from './clients.ts'
import type { ConfigContext } from './command/config.ts'
import type { Configuration } from './configuration/configuration.ts'
import type { Cron } from './cron.ts'
import type { KeyEviction } from './key-eviction.ts'
import type { ShardSet } from './shards.ts'
import type { Shutdown } from './shutdown.ts'

export interface ServerParts extends ConnectionContext, ConfigContext {
  readonly configuration: Configuration
  readonly log: Log
  readonly clock: Clock
  readonly traffic: Traffic
  readonly turns: TurnMaxima
  readonly shards: ShardSet
  readonly engine: Engine
  readonly commands: CommandTable<never>
  readonly dispatcher: Dispatcher
  readonly clients: Clients
  readonly sessions: ReadonlyMap<number, Session>
  readonly cron: Cron
  readonly shutdown: Shutdown
  readonly observatory: Observatory
  readonly keyEviction: KeyEviction
  /** The commands counted so far share the time since the batch began. */
  endTiming(): void
  /** Tells all threads of a changed directive. */
  broadcastSetting(name: string, value: string): void
  /** Takes back what other processes see. */
  withdraw(): void
  /** Ends the process for a bug that has shown itself in the thread that `where` names. */
  crash(error: unknown, where: string): never
}
