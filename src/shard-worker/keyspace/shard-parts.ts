/* What the keyspaces of one shard share. Baton holder. A Shard has these parts; its keyspaces know it by no more, so
 * that neither file needs the other's. */
import type { Arena } from '../../shm/arena/arena.ts'
import type { Access } from './access.ts'
import type { SaveHook } from './save/save-hook.ts'
import type { WatchTable } from './watch.ts'

export interface ShardParts<Keyspace> {
  readonly index: number
  readonly arena: Arena
  readonly access: Access
  readonly saveHook: SaveHook<Keyspace>
  /** By the numbers of shard-layout.ts. */
  readonly counters: Float64Array
  readonly watches: WatchTable
  /** By their database. */
  readonly keyspaces: readonly Keyspace[]
}
