/* Brings the cache lines of several keys in at once. A look-up misses the cache twice, in the bucket and in the entry,
 * and memory answers a miss in 100 to 300 ns: longer than all the rest of a GET. Commands one after the other wait for
 * each miss; loads in a short loop overlap. So, before a batch runs, its keys' buckets are touched in one loop and the
 * entries that they name in another. The loops that load do nothing else, and branch on nothing that they load: a
 * processor looks a few hundred instructions ahead, and the shorter the loop, the more loads those are. Baton holder.
 * Hot.
 *
 * It only reads, and what it reads decides nothing: a hash is right in every database, and a key that moves before its
 * command runs costs a miss again, nothing more.
 *
 * Bound: PREFETCH_KEYS at a time; more bring nothing, for the processor holds a few tens of misses. */
import type { Table } from './keyspace/table/table.ts'

/** Keys in one round. */
export const PREFETCH_KEYS = 32

/** An entry longer than this lies in the next cache line as well, or half of such entries do. */
const FARTHER_WORDS = 8

const NOTHING = new Int32Array(1)

export class Prefetcher {
  private readonly tables: (Table | null)[] = new Array<Table | null>(PREFETCH_KEYS).fill(null)
  /** The words of each key's arena. */
  private readonly words: Int32Array[] = new Array<Int32Array>(PREFETCH_KEYS).fill(NOTHING)
  private readonly hashes = new Int32Array(PREFETCH_KEYS)
  /** Index of the word to load: first in the key's bucket, then in its entry. */
  private readonly at = new Int32Array(PREFETCH_KEYS)
  private count = 0
  /** What the loads add up to: it keeps them from being optimized away. */
  sink = 0

  /** Adds a key by its table and hash; what exceeds the bound is left out. */
  add(table: Table, hash: number): void {
    const { count } = this
    if (count === PREFETCH_KEYS) return
    this.tables[count] = table
    this.words[count] = table.words
    this.hashes[count] = hash
    this.at[count] = table.chain(hash) >> 2
    this.count = count + 1
  }

  get isFull(): boolean {
    return this.count === PREFETCH_KEYS
  }

  /** Touches the added keys and forgets them. */
  run(): void {
    const { tables, words, hashes, at, count } = this
    let sum = 0
    for (let i = 0; i < count; i++) sum += words[i][at[i]] & 1
    for (let i = 0; i < count; i++) at[i] = (tables[i] as Table).likelyEntry(at[i], hashes[i]) >> 2
    for (let i = 0; i < count; i++) {
      const last = words[i].length - 1
      sum += (words[i][at[i]] ^ words[i][Math.min(at[i] + FARTHER_WORDS, last)]) & 1
    }
    this.sink = sum
    this.count = 0
  }
}
