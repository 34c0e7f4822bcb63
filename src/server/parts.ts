/* The parts of a server, as the files see them that tie some of them together. Main thread. */
import type { CommandTable } from '../base/command-table.ts'
import type { Clock, Disk } from '../base/ports.ts'
import type { Reply } from '../base/reply.ts'
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
import type { Loading } from './loading.ts'
import type { Persistence } from './persistence.ts'
import type { ShardSet } from './shards.ts'
import type { Shutdown } from './shutdown.ts'

export interface ServerParts extends ConnectionContext, ConfigContext {
  readonly configuration: Configuration
  readonly log: Log
  readonly clock: Clock
  readonly disk: Disk
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
  readonly persistence: Persistence
  readonly loading: Loading
  readonly observatory: Observatory
  readonly keyEviction: KeyEviction
  /** The commands counted so far share the time since the batch began. */
  endTiming(): void
  /** Tells all threads of a changed directive. */
  broadcastSetting(name: string, value: string): void
  /** Has `action` answer while nothing else touches any shard: at once, or in its place in the order. */
  holding(session: Session, reply: Reply, action: (target: Reply) => void): void
  /** Runs `action` while nothing else touches any shard, now or soon; false when it can't be asked for now. */
  exclusively(action: () => void): boolean
  /** Takes back what other processes see. */
  withdraw(): void
  /** Ends the process for a bug that has shown itself in the thread that `where` names. */
  crash(error: unknown, where: string): never
}
