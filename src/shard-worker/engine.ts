/* The engine of one thread: views of every shard, the settings, and execute(), the one way a command runs, whoever asks:
 * the I/O thread inline, a worker from its ring, EXEC, a script, a replay. It holds no state that another thread would
 * need: all of that lies in the arenas. Only a thread that holds the batons of the shards a command touches may execute
 * it. Hot.
 *
 * The caller sets the scene once for a batch (begin) and for each command (db, shard, client), then executes. */
import type { Args } from '../base/args.ts'
import type { CommandTable } from '../base/command-table.ts'
import { keySlot, SLOT_COUNT } from '../base/crc16.ts'
import * as errors from '../base/error-texts.ts'
import type { Clock, Random } from '../base/ports.ts'
import type { Reply } from '../base/reply.ts'
import type { Arena } from '../shm/arena/arena.ts'
import { Access } from './keyspace/access.ts'
import { ARENA_FULL, type Keyspace } from './keyspace/keyspace.ts'
import { Shard } from './keyspace/shard.ts'
import { EngineSettings } from './settings.ts'

const SLOT_BITS = Math.log2(SLOT_COUNT)

export class Engine {
  readonly commands: CommandTable<Engine>
  readonly shards: readonly Shard[]
  readonly settings: EngineSettings
  readonly access: Access
  readonly clock: Clock
  readonly random: Random
  /** Index of the selected database. */
  db: number
  /** The keyspace of a command whose keys lie in one shard: the selected database of that shard. */
  keyspace: Keyspace
  /** Id of the client that runs, 0 for none. */
  client: number

  constructor(commands: CommandTable<Engine>, arenas: readonly Arena[], clock: Clock, random: Random) {
    this.commands = commands
    this.settings = new EngineSettings()
    this.access = new Access(random)
    this.shards = arenas.map((arena, index) => new Shard(index, arena, this.access))
    this.clock = clock
    this.random = random
    this.db = 0
    this.keyspace = this.shards[0].keyspaces[0]
    this.client = 0
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
    access.lfuLogFactor = settings.lfuLogFactor
    access.lfuDecayMinutes = settings.lfuDecayTime
  }

  /** The shard that owns a key. */
  shardOf(bytes: Uint8Array, offset: number, length: number): number {
    const count = this.shards.length
    return count === 1 ? 0 : (keySlot(bytes, offset, length) * count) >>> SLOT_BITS
  }

  /** The keyspace, in the selected database, that owns key argument `index`. */
  keyspaceOf(args: Args, index: number): Keyspace {
    return this.shards[this.shardOf(args.bytes, args.offset[index], args.length[index])].keyspaces[this.db]
  }

  /** Selects the database and, for a command in one shard, the shard. */
  select(shard: number, db: number): void {
    this.db = db
    this.keyspace = this.shards[shard].keyspaces[db]
  }

  /** Runs a command of the table and appends its reply. A full arena is answered, everything else is a bug and throws. */
  execute(command: number, args: Args, reply: Reply): void {
    const mark = reply.length
    try {
      // biome-ignore lint/style/noNonNullAssertion: the router sends only commands that have a handler.
      this.commands.commands[command].handler!(this, args, reply)
    } catch (error) {
      if (error !== ARENA_FULL) throw error
      reply.truncate(mark)
      reply.error(errors.SHARD_FULL)
    }
  }
}
