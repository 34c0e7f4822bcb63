/* Which key goes when memory is short: Redis's approximation of LRU, LFU and soonest-to-expire by a few keys drawn at
 * random and a pool of the best candidates seen (https://redis.io/docs/reference/eviction/). Whoever holds the batons
 * of the shards it may evict from.
 *
 * For each key to go, some keys of each database are drawn, `samples` of them, from a shard chosen by how many keys it
 * holds: as if the shards were one table. What scores higher than a candidate of the pool takes its place; then the
 * best candidate that is still there goes. With random policies a drawn key goes at once, from each database in turn.
 *
 *   pool    lowest score                                            highest score
 *           | score, hash, entry, shard, database | ... up to 16 ... |   <- goes first
 *
 * The pool is no state of a shard, only hints of one thread: a candidate may have been deleted or moved since, and its
 * block may hold anything now. It is looked up under its hash before it goes, and the key that is there must have that
 * very hash: then it is the same key, perhaps made anew.
 *
 * I1  scores ascend.   I2  no two candidates are the same entry.
 * Bound: `samples` keys of each database for a key that goes. */
import { type Random, randomBelow } from '../../base/ports.ts'
import type { Access } from './access.ts'
import { accessOf, expireOf, flagsOf, HAS_EXPIRE } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { Shard } from './shard.ts'
import { EVICTED_KEYS } from './shard-layout.ts'
import type { Table } from './table/table.ts'
import { randomEntry, sampleEntries } from './table/table-sample.ts'

/** What a policy goes by. */
const BY_NOTHING = 0
const BY_CHANCE = 1
const BY_IDLE_TIME = 2
const BY_FREQUENCY = 3
const BY_EXPIRY = 4

const POOL_CANDIDATES = 16
const FREQUENCY_MAX = 255

/** Candidates for eviction, the best at the end. */
export class EvictionPool {
  count = 0
  private readonly scores = new Float64Array(POOL_CANDIDATES)
  readonly hashes = new Int32Array(POOL_CANDIDATES)
  readonly entries = new Int32Array(POOL_CANDIDATES)
  readonly shards = new Int32Array(POOL_CANDIDATES)
  readonly databases = new Int32Array(POOL_CANDIDATES)

  clear(): void {
    this.count = 0
  }

  /** Whether a candidate with this score would be taken. */
  takes(score: number): boolean {
    return this.count < POOL_CANDIDATES || score > this.scores[0]
  }

  has(shard: number, entry: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.entries[i] === entry && this.shards[i] === shard) return true
    return false
  }

  /** Adds a candidate that the pool takes; the worst one makes room when there is none. */
  add(score: number, hash: number, entry: number, shard: number, database: number): void {
    const { scores } = this
    let at = 0
    while (at < this.count && scores[at] < score) at++
    if (this.count < POOL_CANDIDATES) {
      for (let i = this.count++; i > at; i--) this.move(i - 1, i)
    } else {
      at--
      for (let i = 0; i < at; i++) this.move(i + 1, i)
    }
    scores[at] = score
    this.hashes[at] = hash
    this.entries[at] = entry
    this.shards[at] = shard
    this.databases[at] = database
  }

  private move(from: number, to: number): void {
    this.scores[to] = this.scores[from]
    this.hashes[to] = this.hashes[from]
    this.entries[to] = this.entries[from]
    this.shards[to] = this.shards[from]
    this.databases[to] = this.databases[from]
  }

  /** The scores, ascending: for tests. */
  get ranking(): number[] {
    return [...this.scores.subarray(0, this.count)]
  }
}

export class Evictor {
  /** Keys drawn of each database for each key that goes: maxmemory-samples. */
  samples = 5
  private policy = 'noeviction'
  private by = BY_NOTHING
  private onlyVolatile = false
  private readonly pool = new EvictionPool()
  private readonly shards: readonly Shard[]
  private readonly access: Access
  private readonly random: Random
  /** The database from which the last key went that chance chose. */
  private lastDatabase = 0

  constructor(shards: readonly Shard[], access: Access, random: Random) {
    this.shards = shards
    this.access = access
    this.random = random
  }

  /** Goes by another policy: maxmemory-policy. What was a good candidate under the old one is forgotten. */
  follow(policy: string): void {
    if (policy === this.policy) return
    this.policy = policy
    this.by = ruleOf(policy)
    this.onlyVolatile = policy.startsWith('volatile')
    this.pool.clear()
  }

  /** Whether the policy lets keys go at all. */
  get mayEvict(): boolean {
    return this.by !== BY_NOTHING
  }

  private tableOf(keyspace: Keyspace): Table {
    return this.onlyVolatile ? keyspace.expires : keyspace.keys
  }

  /** Whether any shard has a key that may go. Of shards that others hold this is what was so a moment ago. */
  get hasEvictable(): boolean {
    if (!this.mayEvict) return false
    for (const { keyspaces } of this.shards) {
      for (const keyspace of keyspaces) if (this.tableOf(keyspace).used > 0) return true
    }
    return false
  }

  /** Deletes the key that the policy gives up first, of the shards with 0 in `away`. False: they have none to give. */
  evictOne(away: Int32Array): boolean {
    if (this.by === BY_NOTHING) return false
    return this.by === BY_CHANCE ? this.evictByChance(away) : this.evictBest(away)
  }

  private evictByChance(away: Int32Array): boolean {
    const databases = this.shards[0].keyspaces.length
    for (let tries = 0; tries < databases; tries++) {
      this.lastDatabase = (this.lastDatabase + 1) % databases
      const shard = this.drawShard(this.lastDatabase, away)
      if (shard < 0) continue
      const keyspace = this.shards[shard].keyspaces[this.lastDatabase]
      const entry = randomEntry(this.tableOf(keyspace), this.random)
      return this.evict(keyspace, keyspace.keys.hashOf(entry), entry)
    }
    return false
  }

  private evictBest(away: Int32Array): boolean {
    const { pool } = this
    while (this.populate(away)) {
      while (pool.count > 0) {
        const best = --pool.count
        const shard = pool.shards[best]
        if (away[shard] !== 0) continue
        if (this.evict(this.shards[shard].keyspaces[pool.databases[best]], pool.hashes[best], pool.entries[best])) {
          return true
        }
      }
    }
    return false
  }

  /** Deletes an entry if it is there, and is what it was. */
  private evict(keyspace: Keyspace, hash: number, entry: number): boolean {
    const { keys } = keyspace
    if (!keys.findEntry(hash, entry) || keys.hashOf(entry) !== hash) return false
    if (this.onlyVolatile && (flagsOf(keyspace.arena, entry) & HAS_EXPIRE) === 0) return false
    keyspace.vanishFound(entry, EVICTED_KEYS, this.access.freesEvicted)
    return true
  }

  /** Offers keys of each database to the pool; false when there is none. */
  private populate(away: Int32Array): boolean {
    const databases = this.shards[0].keyspaces.length
    let any = false
    for (let database = 0; database < databases; database++) {
      const shard = this.drawShard(database, away)
      if (shard < 0) continue
      any = true
      this.sample(this.shards[shard].keyspaces[database])
    }
    return any
  }

  /** A shard, drawn by how many keys of a database it has that may go; -1 when none has any. */
  private drawShard(database: number, away: Int32Array): number {
    const { shards } = this
    let total = 0
    let last = -1
    for (let shard = 0; shard < shards.length; shard++) {
      if (away[shard] !== 0) continue
      const { used } = this.tableOf(shards[shard].keyspaces[database])
      if (used === 0) continue
      total += used
      last = shard
    }
    if (last < 0) return -1
    let draw = randomBelow(this.random, total)
    for (let shard = 0; shard < last; shard++) {
      if (away[shard] !== 0) continue
      draw -= this.tableOf(shards[shard].keyspaces[database]).used
      if (draw < 0) return shard
    }
    return last
  }

  private sample(keyspace: Keyspace): void {
    const { pool } = this
    const table = this.tableOf(keyspace)
    const { index } = keyspace.shard
    sampleEntries(table, this.random, this.samples)
    for (let i = 0; i < table.scannedCount; i++) {
      const entry = table.scanned[i]
      const score = this.scoreOf(keyspace, entry)
      if (pool.takes(score) && !pool.has(index, entry)) {
        pool.add(score, table.hashOf(entry), entry, index, keyspace.index)
      }
    }
  }

  /** The higher, the sooner it goes. */
  private scoreOf({ arena }: Keyspace, entry: number): number {
    if (this.by === BY_EXPIRY) return -expireOf(arena, entry)
    const access = accessOf(arena, entry)
    return this.by === BY_FREQUENCY ? FREQUENCY_MAX - this.access.frequency(access) : this.access.idleSeconds(access)
  }
}

function ruleOf(policy: string): number {
  if (policy.endsWith('-lru')) return BY_IDLE_TIME
  if (policy.endsWith('-lfu')) return BY_FREQUENCY
  if (policy.endsWith('-random')) return BY_CHANCE
  return policy.endsWith('-ttl') ? BY_EXPIRY : BY_NOTHING
}

/** How long evicting may go on before commands get their turn again, microseconds: maxmemory-eviction-tenacity. */
export function evictionTimeLimitUs(tenacity: number): number {
  if (tenacity <= 10) return 50 * tenacity
  return tenacity < 100 ? Math.trunc(500 * 1.15 ** (tenacity - 10)) : Number.POSITIVE_INFINITY
}
