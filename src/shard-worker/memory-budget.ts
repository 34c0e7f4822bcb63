/* maxmemory: one budget over all shards, and what a thread does when it is exceeded. One for each thread, over the same
 * arenas: any thread may read how much they hold, and evict from the shards whose batons it has.
 *
 * Adding up the arenas before every command might cost more than its look-up. So a look at all of them leaves a
 * ceiling behind for each: what was left of the budget, in equal shares. While a shard is below its ceiling, none of
 * its commands needs another look.
 *
 * I1  while every shard is below its ceiling, all together are within the budget, as far as this thread has seen. What
 *     other threads add meanwhile shows at its next look, which comes with its next batch at the latest.
 * Bound: the budget is passed by what one command adds on each thread, and by what grows beside the arenas until the
 * I/O thread counts that. */
import type { Clock } from '../base/ports.ts'
import type { Evictor } from './keyspace/eviction.ts'
import { freeDead, hasDead, PARTS_PER_LOOK } from './keyspace/lazyfree.ts'
import type { Shard } from './keyspace/shard.ts'

/* What making room has come to. */
/** There is room. */
export const ENOUGH = 0
/** Not yet, but more may go. Commands run meanwhile. */
export const WORKING = 1
/** Nothing may go: commands that need memory are refused. */
export const NONE_LEFT = 2

/** Keys that go between two looks at the clock. */
const KEYS_PER_LOOK_AT_CLOCK = 16
/** What is dead is freed so much at a time in a shard that is full: each time the command is tried again. */
const PARTS_OF_FULL_SHARD = 4096

export class MemoryBudget {
  /** maxmemory in bytes; 0: no limit. Call measure() when it has changed. */
  limitBytes = 0
  /** What counts beside the arenas: what clients hold. */
  otherBytes = 0
  /** How long room is made at a time. */
  timeLimitUs = 500
  /** Whether evictions are timed. */
  isTimed = false
  /** The last time that room was made, if it was timed: how long it took, and the slowest deletion. Microseconds. */
  cycleUs = 0
  longestDeletionUs = 0
  private readonly shards: readonly Shard[]
  private readonly evictor: Evictor
  private readonly clock: Clock
  private readonly ceilings: Float64Array

  constructor(shards: readonly Shard[], evictor: Evictor, clock: Clock) {
    this.shards = shards
    this.evictor = evictor
    this.clock = clock
    this.ceilings = new Float64Array(shards.length).fill(Number.POSITIVE_INFINITY)
  }

  get isLimited(): boolean {
    return this.limitBytes !== 0
  }

  /** Whether a command on this shard needs no look at the others. */
  isBelowCeiling(shard: number): boolean {
    return this.shards[shard].arena.usedBytes <= this.ceilings[shard]
  }

  /** Bytes above the budget, negative: left of it. Sets the ceilings. */
  measure(): number {
    const { shards, ceilings } = this
    if (this.limitBytes === 0) {
      ceilings.fill(Number.POSITIVE_INFINITY)
      return Number.NEGATIVE_INFINITY
    }
    let above = this.otherBytes - this.limitBytes
    for (let i = 0; i < shards.length; i++) above += shards[i].arena.usedBytes + shards[i].arena.overheadBytes
    const share = above / shards.length
    for (let i = 0; i < shards.length; i++) ceilings[i] = above > 0 ? -1 : shards[i].arena.usedBytes - share
    return above
  }

  /**
   * Frees what is dead in the shards with 0 in `away`, and evicts from them once nothing is dead any more, until the
   * budget is kept, the time is up or they have nothing to give: ENOUGH, WORKING or NONE_LEFT. What is dead in other
   * shards is waited for: it counts until it is freed, and others are at it.
   */
  makeRoom(away: Int32Array): number {
    this.cycleUs = 0
    this.longestDeletionUs = 0
    if (this.measure() <= 0) return ENOUGH
    if (!this.evictor.mayEvict && !this.hasDead) return NONE_LEFT
    const startUs = this.clock.monotonicUs()
    const outcome = this.makeRoomUntil(away, startUs + this.timeLimitUs)
    if (this.isTimed) this.cycleUs = this.clock.monotonicUs() - startUs
    return outcome
  }

  private makeRoomUntil(away: Int32Array, endUs: number): number {
    for (let evicted = 0; ; ) {
      const hasFreed = this.freeDead(away, PARTS_PER_LOOK)
      if (!hasFreed && this.hasDead) return WORKING
      if (!hasFreed && !this.evictOne(away)) return this.evictor.hasEvictable ? WORKING : NONE_LEFT
      if (this.measure() <= 0) return ENOUGH
      const isTimeToLook = hasFreed || ++evicted % KEYS_PER_LOOK_AT_CLOCK === 0
      if (isTimeToLook && this.clock.monotonicUs() > endUs) return WORKING
    }
  }

  /** Whether anything in any shard is dead. Of shards that others hold this is what was so a moment ago. */
  get hasDead(): boolean {
    for (const shard of this.shards) if (hasDead(shard)) return true
    return false
  }

  /** Frees some of what is dead in the shards with 0 in `away`; false when nothing is. */
  private freeDead(away: Int32Array, parts: number): boolean {
    for (const shard of this.shards) {
      if (away[shard.index] !== 0 || !hasDead(shard)) continue
      freeDead(shard, parts)
      return true
    }
    return false
  }

  private evictOne(away: Int32Array): boolean {
    if (!this.isTimed) return this.evictor.evictOne(away)
    const startUs = this.clock.monotonicUs()
    const hasEvicted = this.evictor.evictOne(away)
    this.longestDeletionUs = Math.max(this.longestDeletionUs, this.clock.monotonicUs() - startUs)
    return hasEvicted
  }

  /**
   * Frees some of what is dead in one shard or, with nothing dead, evicts some of its keys, however much of the budget
   * is left: its arena is full. False when there is nothing to give.
   */
  makeRoomIn(away: Int32Array, mayEvict: boolean): boolean {
    if (this.freeDead(away, PARTS_OF_FULL_SHARD)) return true
    if (!mayEvict) return false
    let evicted = 0
    while (evicted < KEYS_PER_LOOK_AT_CLOCK && this.evictor.evictOne(away)) evicted++
    return evicted > 0
  }
}
