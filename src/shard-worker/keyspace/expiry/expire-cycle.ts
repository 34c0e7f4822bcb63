/* What a shard does for itself, a little at each cron: it deletes expired keys that nobody looks up, and moves buckets
 * of tables that grow or shrink (https://redis.io/docs/reference/expire/, active-expire-effort, activerehashing). Baton
 * holder.
 *
 * Fields of hashes go first, for the heap of the volatile hashes tells at once which have expired. A quarter of the
 * budget is theirs, or more at Redis's pace of 10,000 fields a second, so that keys do not wait for them.
 *
 * The expire cycle walks each database's `expires` with a cursor kept in its record, twenty keys or a few more at a
 * time, and goes on with a database for as long as more of them than are tolerable had expired. So it costs next to
 * nothing while keys expire at the pace at which they are found, and up to a quarter of the CPU when they do not.
 *
 * Bound: the budget, looked at after every 16 batches and after every 100 indexes of a rehash. */
import type { Clock } from '../../../base/ports.ts'
import { expireOf } from '../entry.ts'
import { hashOf } from '../hash/hash.ts'
import { expireFields } from '../hash/hash-expiry.ts'
import type { Keyspace } from '../keyspace.ts'
import type { Shard } from '../shard.ts'
import {
  DATABASE_AVERAGE_TTL,
  DATABASE_EXPIRE_CURSOR,
  EXPIRE_CYCLE_US,
  EXPIRED_STALE_PERCENT,
  EXPIRED_TIME_CAP_REACHED,
  ROOT_EXPIRE_DATABASE,
  ROOT_EXPIRE_MORE,
} from '../shard-layout.ts'
import type { Table } from '../table/table.ts'

/** What the cycles need of an engine. */
export interface CycleHost {
  readonly clock: Clock
  readonly shards: readonly Shard[]
  readonly settings: {
    readonly activeExpire: boolean
    readonly activeExpireEffort: number
    readonly activerehashing: boolean
    readonly hz: number
  }
}

/* Redis's figures at effort 1, and what each further effort adds. */
const KEYS_PER_BATCH = 20
const KEYS_PER_BATCH_STEP = 5
const CPU_PERCENT = 25
const CPU_PERCENT_STEP = 2
const TOLERABLE_STALE_PERCENT = 10
const TOLERABLE_STALE_PERCENT_STEP = 1

/** Fields of hashes get this part of the time. */
const FIELDS_PART = 4
const FIELDS_PER_LOOK_AT_CLOCK = 100
const LEAST_FIELDS_PER_SECOND = 10_000

const DATABASES_PER_CYCLE = 16
const BUCKETS_PER_KEY = 20
const BATCHES_PER_LOOK_AT_CLOCK = 16
/** Weight of the newest batch in the average TTL: one in 50. */
const TTL_MEMORY = 50
/** Weight of the newest cycle in the stale percentage. */
const STALE_WEIGHT = 0.05

const REHASH_BUDGET_US = 1000
const REHASH_INDEXES_PER_LOOK_AT_CLOCK = 100

/* What the last batch found. */
let sampled = 0
let expired = 0

/**
 * One turn of the expire cycle over a shard, of at most `budgetUs` microseconds (default: the shard's part of the share
 * of CPU that active-expire-effort allows). True when it stopped for the time, with work left.
 */
export function expireCycle(host: CycleHost, shard: Shard, budgetUs = expireBudgetUs(host)): boolean {
  const { settings, clock } = host
  if (!settings.activeExpire) return false
  const effort = settings.activeExpireEffort - 1
  const tolerable = TOLERABLE_STALE_PERCENT - TOLERABLE_STALE_PERCENT_STEP * effort
  const { u32 } = shard.arena
  const next = (shard.arena.root + ROOT_EXPIRE_DATABASE) >> 2
  const more = (shard.arena.root + ROOT_EXPIRE_MORE) >> 2
  const startUs = clock.monotonicUs()
  const databases = shard.keyspaces.length
  const fieldsAreLeft = expireAllFields(host, shard, startUs + budgetUs / FIELDS_PART)
  let left = u32[more] !== 0 ? databases : Math.min(databases, DATABASES_PER_CYCLE)
  let timedOut = false
  let batches = 0
  let totalSampled = 0
  let totalExpired = 0
  for (; left > 0 && !timedOut; left--) {
    const keyspace = shard.keyspaces[u32[next] % databases]
    // Counted now, so that a database that uses up the time is not the first again.
    u32[next] = (u32[next] + 1) % databases
    do {
      if (!expireBatch(keyspace, keysPerBatch(settings.activeExpireEffort))) break
      totalSampled += sampled
      totalExpired += expired
      batches++
      timedOut = batches % BATCHES_PER_LOOK_AT_CLOCK === 0 && clock.monotonicUs() - startUs > budgetUs
    } while (!timedOut && (sampled === 0 || Math.floor((expired * 100) / sampled) > tolerable))
  }
  u32[more] = timedOut ? 1 : 0
  const { counters } = shard
  if (timedOut) counters[EXPIRED_TIME_CAP_REACHED]++
  counters[EXPIRE_CYCLE_US] += clock.monotonicUs() - startUs
  const percent = totalSampled === 0 ? 0 : (totalExpired * 100) / totalSampled
  counters[EXPIRED_STALE_PERCENT] = percent * STALE_WEIGHT + counters[EXPIRED_STALE_PERCENT] * (1 - STALE_WEIGHT)
  return timedOut || fieldsAreLeft
}

/** Deletes expired fields of every database, so many at least, until the time is up; true when some are left. */
function expireAllFields({ clock, settings }: CycleHost, shard: Shard, endUs: number): boolean {
  let owed = LEAST_FIELDS_PER_SECOND / settings.hz
  const { nowMs, expirePaused } = shard.access
  if (expirePaused) return false
  for (const keyspace of shard.keyspaces) {
    const { volatileHashes } = keyspace
    for (let entry = volatileHashes.soonest; entry !== 0; entry = volatileHashes.soonest) {
      if (volatileHashes.timeOf(entry) >= nowMs) break
      const hash = hashOf(keyspace)
      hash.open(entry)
      owed -= expireFields(hash, FIELDS_PER_LOOK_AT_CLOCK)
      if (owed <= 0 && clock.monotonicUs() >= endUs) return true
    }
  }
  return false
}

function hasExpiredFields({ keyspaces, access }: Shard): boolean {
  for (const { volatileHashes } of keyspaces) {
    const entry = volatileHashes.soonest
    if (entry !== 0 && volatileHashes.timeOf(entry) < access.nowMs) return true
  }
  return false
}

function keysPerBatch(effort: number): number {
  return KEYS_PER_BATCH + KEYS_PER_BATCH_STEP * (effort - 1)
}

/** Microseconds of one turn over one shard, so that all shards together stay within the share of one CPU. */
function expireBudgetUs(host: CycleHost): number {
  const percent = CPU_PERCENT + CPU_PERCENT_STEP * (host.settings.activeExpireEffort - 1)
  return Math.max(1, (percent * 10000) / host.settings.hz / host.shards.length)
}

/** Looks at up to `keys` volatile keys and the rest of the last one's bucket; false when looking is vain. */
function expireBatch(keyspace: Keyspace, keys: number): boolean {
  const { arena, record, expires } = keyspace
  const { nowMs } = keyspace.shard.access
  sampled = 0
  expired = 0
  const averageAt = (record + DATABASE_AVERAGE_TTL) >> 3
  if (expires.used === 0) {
    arena.f64[averageAt] = 0
    return false
  }
  if (expires.isNearlyEmpty) return false
  const cursorAt = (record + DATABASE_EXPIRE_CURSOR) >> 2
  const wanted = Math.min(keys, expires.used)
  let ttlSum = 0
  for (let buckets = wanted * BUCKETS_PER_KEY; buckets > 0 && sampled < wanted; buckets--) {
    arena.u32[cursorAt] = expires.scanStep(arena.u32[cursorAt])
    for (let i = 0; i < expires.scannedCount; i++) {
      const entry = expires.scanned[i]
      const ttl = expireOf(arena, entry) - nowMs
      if (ttl < 0) {
        keyspace.expireEntry(entry)
        expired++
      } else {
        ttlSum += ttl
      }
      sampled++
    }
  }
  noteTtl(keyspace, ttlSum, sampled - expired)
  return true
}

/** Makes what a batch found of keys that live on part of the database's average TTL. */
function noteTtl({ arena, record }: Keyspace, ttlSum: number, alive: number): void {
  if (alive === 0) return
  const averageAt = (record + DATABASE_AVERAGE_TTL) >> 3
  const ttl = Math.floor(ttlSum / alive)
  const before = arena.f64[averageAt] === 0 ? ttl : arena.f64[averageAt]
  arena.f64[averageAt] = Math.floor(before / TTL_MEMORY) * (TTL_MEMORY - 1) + Math.floor(ttl / TTL_MEMORY)
}

/**
 * What a turn of both cycles comes to while nothing has expired and no table is moved: the walk goes on by one batch in
 * each database, on whichever thread; waking a worker for no more than that costs a hundred times as much. True: there
 * is something to do, and the shard is to get its turn. Changes no key. Bound: a batch in each of 16 databases.
 */
export function expireGlance(host: CycleHost, shard: Shard): boolean {
  const { settings, clock } = host
  for (const { keys, expires } of shard.keyspaces) if (wantsMoving(keys) || wantsMoving(expires)) return true
  if (!settings.activeExpire) return false
  if (areFieldsDue(shard)) return true
  const { u32 } = shard.arena
  const next = (shard.arena.root + ROOT_EXPIRE_DATABASE) >> 2
  if (u32[(shard.arena.root + ROOT_EXPIRE_MORE) >> 2] !== 0 || hasExpiredFields(shard)) return true
  const startUs = clock.monotonicUs()
  const databases = shard.keyspaces.length
  for (let left = Math.min(databases, DATABASES_PER_CYCLE); left > 0; left--) {
    // The database with expired keys is the one that the cycle begins with.
    if (meetsExpired(shard.keyspaces[u32[next] % databases], keysPerBatch(settings.activeExpireEffort))) return true
    u32[next] = (u32[next] + 1) % databases
  }
  const { counters } = shard
  counters[EXPIRE_CYCLE_US] += clock.monotonicUs() - startUs
  counters[EXPIRED_STALE_PERCENT] *= 1 - STALE_WEIGHT
  return false
}

function areFieldsDue({ keyspaces, access }: Shard): boolean {
  for (const { volatileHashes } of keyspaces) {
    const entry = volatileHashes.soonest
    if (entry !== 0 && volatileHashes.timeOf(entry) < access.nowMs) return true
  }
  return false
}

function wantsMoving(table: Table): boolean {
  return table.isRehashing || table.isNearlyEmpty
}

/** Goes on with the walk by up to `keys` volatile keys, unless one of them has expired: then the walk stays there. */
function meetsExpired(keyspace: Keyspace, keys: number): boolean {
  const { arena, record, expires } = keyspace
  const { nowMs } = keyspace.shard.access
  if (expires.used === 0) {
    arena.f64[(record + DATABASE_AVERAGE_TTL) >> 3] = 0
    return false
  }
  const cursorAt = (record + DATABASE_EXPIRE_CURSOR) >> 2
  const wanted = Math.min(keys, expires.used)
  let cursor = arena.u32[cursorAt]
  let seen = 0
  let ttlSum = 0
  for (let buckets = wanted * BUCKETS_PER_KEY; buckets > 0 && seen < wanted; buckets--) {
    cursor = expires.scanStep(cursor)
    for (let i = 0; i < expires.scannedCount; i++) {
      const ttl = expireOf(arena, expires.scanned[i]) - nowMs
      if (ttl < 0) return true
      ttlSum += ttl
      seen++
    }
  }
  arena.u32[cursorAt] = cursor
  noteTtl(keyspace, ttlSum, seen)
  return false
}

/**
 * Moves buckets of the shard's tables for at most `budgetUs` microseconds (default 1 ms); where nothing needs moving,
 * begins to shrink what has become sparse. True while a table has more to move.
 */
export function rehashCycle(host: CycleHost, shard: Shard, budgetUs = REHASH_BUDGET_US): boolean {
  if (!host.settings.activerehashing) return false
  const endUs = host.clock.monotonicUs() + budgetUs
  for (const keyspace of shard.keyspaces) {
    if (rehashTable(host.clock, keyspace.keys, endUs) || rehashTable(host.clock, keyspace.expires, endUs)) return true
  }
  return false
}

/** True when the time is up. */
function rehashTable(clock: Clock, table: Table, endUs: number): boolean {
  if (!table.isRehashing) table.shrinkIfSparse()
  let before = -1
  // A rehash that is paused, or that waits for memory, stands still: the next cycle tries again.
  while (table.isRehashing && table.rehashIndex !== before) {
    before = table.rehashIndex
    table.rehashStep(REHASH_INDEXES_PER_LOOK_AT_CLOCK)
    if (clock.monotonicUs() >= endUs) return table.isRehashing
  }
  return false
}
