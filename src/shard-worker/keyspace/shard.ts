/* One shard: an arena and everything in it, laid out as shard-layout.ts draws it. All of a shard's state lives in the
 * arena, so whoever holds its baton can run any command on it; this object and the ones it leads to are views. */
import { assert } from '../../base/assert.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import type { Access } from './access.ts'
import { Keyspace } from './keyspace.ts'
import { checkKeyspace } from './keyspace-check.ts'
import { checkDead } from './lazyfree.ts'
import { SaveHook } from './save/save-hook.ts'
import {
  COUNTERS,
  DATABASE_BYTES,
  DATABASE_DETACHED,
  DATABASE_EXPIRES,
  LAZY_FREE_PENDING,
  LAZY_FREED_OBJECTS,
  ROOT_COUNTERS,
  ROOT_DATABASES,
  ROOT_DEAD_ENTRIES,
  ROOT_DEAD_TABLES,
  ROOT_DIRECTORY,
  ROOT_SAVE,
  ROOT_SEED,
  SAVE_NONE,
} from './shard-layout.ts'
import type { ShardParts } from './shard-parts.ts'
import { Table } from './table/table.ts'
import { WatchTable } from './watch.ts'

export class Shard implements ShardParts<Keyspace> {
  readonly index: number
  readonly arena: Arena
  readonly access: Access
  readonly saveHook: SaveHook<Keyspace>
  /** Of the key hash. */
  readonly seed: number
  readonly counters: Float64Array
  readonly keyspaces: readonly Keyspace[]
  readonly watches: WatchTable

  /** A view of a shard whose arena was initialized. */
  constructor(index: number, arena: Arena, access: Access, saveHook = new SaveHook<Keyspace>()) {
    this.index = index
    this.arena = arena
    this.access = access
    this.saveHook = saveHook
    const counters = (arena.root + ROOT_COUNTERS) >> 3
    this.counters = arena.f64.subarray(counters, counters + COUNTERS)
    const word = arena.root >> 2
    const directory = arena.u32[word + (ROOT_DIRECTORY >> 2)]
    assert(directory !== 0, 'a shard is initialized before it is viewed')
    const seed = arena.u32[word + (ROOT_SEED >> 2)]
    this.seed = seed
    this.watches = new WatchTable(arena)
    const keyspaces: Keyspace[] = []
    for (let db = 0; db < arena.u32[word + (ROOT_DATABASES >> 2)]; db++) {
      keyspaces.push(new Keyspace(this, db, directory + db * DATABASE_BYTES, seed))
    }
    this.keyspaces = keyspaces
  }

  /** Lays out an empty shard in a fresh arena. */
  static initialize(arena: Arena, databases: number, seed: number): void {
    const directory = arena.allocate(databases * DATABASE_BYTES)
    assert(directory !== 0, 'a fresh arena holds the database records')
    arena.u8.fill(0, directory, directory + databases * DATABASE_BYTES)
    for (let db = 0; db < databases; db++) {
      Table.initialize(arena, directory + db * DATABASE_BYTES)
      Table.initialize(arena, directory + db * DATABASE_BYTES + DATABASE_EXPIRES)
      Table.initialize(arena, directory + db * DATABASE_BYTES + DATABASE_DETACHED)
    }
    const word = arena.root >> 2
    arena.u32[word + (ROOT_DATABASES >> 2)] = databases
    arena.u32[word + (ROOT_SEED >> 2)] = seed
    arena.u32[word + (ROOT_DIRECTORY >> 2)] = directory
  }

  /** Whether a turn of the cron has work here: keys that may expire, or a table that is on its way to another size. */
  needsTurn(): boolean {
    for (const { keys, expires, volatileHashes } of this.keyspaces) {
      if (expires.used > 0 || volatileHashes.count > 0 || keys.isRehashing || expires.isRehashing) return true
    }
    return false
  }

  /** Whether nothing lies in the shard but keys and what is dead: no watch, and nothing that a snapshot has to save. */
  get holdsOnlyKeys(): boolean {
    return this.watches.count === 0 && this.arena.u32[(this.arena.root + ROOT_SAVE) >> 2] === SAVE_NONE
  }

  /**
   * Frees all keys, which must be all that it holds, in O(pages), and what is dead with them; returns how many they
   * were, which count as deleted `lazily` or do not.
   */
  clear(lazily: boolean): number {
    const { arena, counters, keyspaces, seed } = this
    assert(this.holdsOnlyKeys, 'what else lies here stays')
    const count = keyspaces.reduce((sum, { keys }) => sum + keys.used, 0)
    const directory = arena.u32[(arena.root + ROOT_DIRECTORY) >> 2]
    arena.releaseAll()
    Shard.initialize(arena, keyspaces.length, seed)
    assert(arena.u32[(arena.root + ROOT_DIRECTORY) >> 2] === directory, 'the views stay where they are')
    arena.u32[(arena.root + ROOT_DEAD_ENTRIES) >> 2] = 0
    arena.u32[(arena.root + ROOT_DEAD_TABLES) >> 2] = 0
    counters[LAZY_FREED_OBJECTS] += counters[LAZY_FREE_PENDING] + (lazily ? count : 0)
    counters[LAZY_FREE_PENDING] = 0
    return count
  }

  /** Exchanges the contents of two databases; watches stay with the numbers. O(1): the records change places. */
  swapDatabases(first: number, second: number): void {
    const { u32 } = this.arena
    const a = this.keyspaces[first].record >> 2
    const b = this.keyspaces[second].record >> 2
    for (let i = 0; i < DATABASE_BYTES >> 2; i++) {
      const word = u32[a + i]
      u32[a + i] = u32[b + i]
      u32[b + i] = word
    }
  }

  /** Asserts every invariant of the shard: arena, tables, entries, watches, and that no block leaked. O(everything). */
  check(): void {
    const owned = new Set<number>([this.arena.u32[(this.arena.root + ROOT_DIRECTORY) >> 2]])
    const own = (block: number) => {
      assert(!owned.has(block), 'a block has one owner')
      owned.add(block)
    }
    for (const keyspace of this.keyspaces) checkKeyspace(keyspace, own)
    checkDead(this, own)
    this.watches.check(own)
    let live = 0
    this.arena.check((offset) => {
      live++
      assert(owned.has(offset), 'a live block has an owner')
    })
    assert(live === owned.size, 'an owned block is live')
  }
}
