/* When a command runs, and how it marks the keys it touches: the moment handed in for the batch, and the LRU or LFU
 * field of an entry, with Redis's clocks and formulas (https://redis.io/docs/reference/eviction/). What else a keyspace
 * has to know of the thread and the settings it works for is here, too. Baton holder. Hot. */
import { type Random, randomBelow } from '../../base/ports.ts'
import type { AddedKeys } from './added-keys.ts'
import { AT_ONCE, IN_SLICES } from './lazyfree.ts'

const LFU_INITIAL = 5
const MS_PER_MINUTE = 60000
const ACCESS_BITS_MASK = 0xffffff
const LFU_TIME_MASK = 0xffff
const LFU_COUNTER_MAX = 255

export class Access {
  /** Unix milliseconds of the batch that runs: what expiry compares with. */
  nowMs: number
  /** LRU clock: seconds, 24 bits. */
  lruClock: number
  /** Whether maxmemory-policy is an LFU one. */
  lfu: boolean
  lfuLogFactor: number
  lfuDecayMinutes: number
  /** CLIENT NO-TOUCH of the client that runs. */
  noTouch: boolean
  /** CLIENT PAUSE: expired keys stay, though nobody sees them, until a command writes them. */
  expirePaused: boolean
  /** How values are freed of keys that expire, are evicted, or are overwritten (see lazyfree.ts). */
  freesExpired: number
  freesEvicted: number
  freesReplaced: number
  /** Whether this thread frees no very large value at once: others wait for it. */
  leavesLong: boolean
  /** Whether a value was left to be freed since this was last looked at. */
  hasBuried: boolean
  /** Counts commands: what a keyspace was told to expect holds for one of them. */
  generation: number
  /** Told of keys that are added; null while nobody waits for any. */
  addedKeys: AddedKeys | null
  readonly random: Random

  constructor(random: Random) {
    this.nowMs = 0
    this.lruClock = 0
    this.lfu = false
    this.lfuLogFactor = 10
    this.lfuDecayMinutes = 1
    this.noTouch = false
    this.expirePaused = false
    this.freesExpired = AT_ONCE
    this.freesEvicted = IN_SLICES
    this.freesReplaced = AT_ONCE
    this.leavesLong = false
    this.hasBuried = false
    this.generation = 0
    this.addedKeys = null
    this.random = random
  }

  /** Sets the time of the batch. */
  at(nowMs: number): void {
    this.nowMs = nowMs
    this.lruClock = Math.floor(nowMs / 1000) & ACCESS_BITS_MASK
  }

  /** The field of a key just created. */
  initial(): number {
    return this.lfu ? (this.minutes() << 8) | LFU_INITIAL : this.lruClock
  }

  /** The field of a key now touched, given the old one. */
  touched(access: number): number {
    return this.lfu ? this.lfuTouched(access) : this.lruClock
  }

  /** Seconds since a key was touched, from its LRU field. */
  idleSeconds(access: number): number {
    return this.lruClock >= access ? this.lruClock - access : this.lruClock + (ACCESS_BITS_MASK - access)
  }

  /** The LRU field of a key that was used so many seconds ago: RESTORE and loading. */
  ofIdle(seconds: number): number {
    const then = this.lruClock - seconds
    return (then < 0 ? then + ACCESS_BITS_MASK : then) & ACCESS_BITS_MASK
  }

  /** The LFU field of a key with this counter. */
  ofFrequency(counter: number): number {
    return (this.minutes() << 8) | counter
  }

  /** The LFU counter as it stands now, decayed by the minutes that have passed. */
  frequency(access: number): number {
    const counter = access & LFU_COUNTER_MAX
    if (this.lfuDecayMinutes === 0) return counter
    const then = (access >> 8) & LFU_TIME_MASK
    const now = this.minutes()
    const elapsed = now >= then ? now - then : LFU_TIME_MASK - then + now
    const periods = Math.floor(elapsed / this.lfuDecayMinutes)
    return periods > counter ? 0 : counter - periods
  }

  private lfuTouched(access: number): number {
    let counter = this.frequency(access)
    if (counter < LFU_COUNTER_MAX) {
      const base = counter > LFU_INITIAL ? counter - LFU_INITIAL : 0
      if (randomBelow(this.random, 0x7fffffff) / 0x7fffffff < 1 / (base * this.lfuLogFactor + 1)) counter++
    }
    return (this.minutes() << 8) | counter
  }

  private minutes(): number {
    return Math.floor(this.nowMs / MS_PER_MINUTE) & LFU_TIME_MASK
  }
}
