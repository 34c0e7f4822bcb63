/* The keyspace table: a hash table of entry offsets in cache-line buckets, rehashed a bucket at a time. Held by whoever
 * holds the shard's baton. Hot. It stores offsets of entries (see entry.ts) and compares keys through them; a Table
 * object is a view without state of its own but for the place of the last find. table-layout.ts draws it and names its
 * invariants.
 *
 * Rehashing differs from Redis's dict: buckets of the small table map to a fixed set of buckets of the large one (their
 * masks nest), so "small index < rehash" says alone which table holds a key. Any lookup touches one chain, inserts go
 * where the key belongs, and the target buckets are zeroed when they are reached: starting a rehash of a table of any
 * size costs no clearing. */
import { assert } from '../../../base/assert.ts'
import { viewOf } from '../../../base/bytes.ts'
import { keyHash, keyHashIn } from '../../../base/key-hash.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import { headerBytes, keyLength, keyOffset, LONG_KEY_MARK } from '../entry.ts'
import { isAhead, isMarked, mark } from '../save/save-marks.ts'
import {
  BUCKET_BYTES,
  BUCKET_SHIFT,
  BUCKET_WAYS,
  BUCKETS0,
  BUCKETS1,
  ENTRIES_WORD,
  INITIAL_BUCKETS,
  isBucketEmpty,
  MASK0,
  MASK1,
  NEXT_WORD,
  PAUSES,
  REHASH,
  SAVING,
  TABLE_BYTES,
  tagOf,
  USED,
} from './table-layout.ts'

/** Grows when there are more than this many entries per bucket: 9 of 12 ways, 11% of buckets overflow just before. */
const GROW_ENTRIES_PER_BUCKET = 9
/** Shrinks below one entry per bucket (8% of the ways, Redis: 10%). */
const SHRINK_ENTRIES_PER_BUCKET = 1
const MAX_BUCKETS = 1 << 24
export class Table {
  readonly arena: Arena
  private readonly u8: Uint8Array
  private readonly u32: Uint32Array
  private readonly i32: Int32Array
  /** Word index of the descriptor. */
  base: number
  readonly seed: number
  /** Where the last successful find stood. */
  private foundHead: number
  private foundBucket: number
  private foundWay: number
  /** Entries that the last scanStep visited, valid until the next call. */
  scanned: Int32Array
  scannedCount: number

  /** A view of the table whose descriptor lies at `offset`. */
  constructor(arena: Arena, offset: number, seed: number) {
    this.arena = arena
    this.u8 = arena.u8
    this.u32 = arena.u32
    this.i32 = arena.i32
    this.base = offset >> 2
    this.seed = seed
    this.foundHead = 0
    this.foundBucket = 0
    this.foundWay = 0
    this.scanned = new Int32Array(64)
    this.scannedCount = 0
  }

  /** Makes this a view of another table of its arena, one with the same seed. */
  rebase(offset: number): void {
    this.base = offset >> 2
  }

  /** Makes zeroed memory at `offset` an empty table. */
  static initialize(arena: Arena, offset: number): void {
    arena.u8.fill(0, offset, offset + TABLE_BYTES)
    arena.i32[(offset >> 2) + REHASH] = -1
  }

  get used(): number {
    return this.u32[this.base + USED]
  }

  /** Bytes of the first array of buckets. */
  get bucketBytes(): number {
    return (this.i32[this.base + MASK0] + 1) * BUCKET_BYTES
  }

  get isRehashing(): boolean {
    return this.i32[this.base + REHASH] >= 0
  }

  /** Whether a snapshot walks it. */
  get isWalked(): boolean {
    return this.i32[this.base + SAVING] !== 0
  }

  /** The next small index that a running rehash moves, -1 without one. */
  get rehashIndex(): number {
    return this.i32[this.base + REHASH]
  }

  /** Whether fewer than one way in a hundred is in use, so that looking for entries bucket by bucket is vain. */
  get isNearlyEmpty(): boolean {
    const { i32, base } = this
    const buckets = i32[base + MASK0] + 1 + (i32[base + REHASH] < 0 ? 0 : i32[base + MASK1] + 1)
    return buckets > INITIAL_BUCKETS && i32[base + USED] * 100 < buckets * BUCKET_WAYS
  }

  /** Buckets of the first and second array, without overflow buckets. */
  get bucketCounts(): [number, number] {
    const { i32, base } = this
    return [i32[base + BUCKETS0] ? i32[base + MASK0] + 1 : 0, i32[base + BUCKETS1] ? i32[base + MASK1] + 1 : 0]
  }

  /** The hash of a key in this process. */
  hash(bytes: Uint8Array, offset: number, length: number): number {
    return keyHash(bytes, offset, length, this.seed)
  }

  hashOf(entry: number): number {
    return keyHashIn(this.arena.view, keyOffset(this.arena, entry), keyLength(this.arena, entry), this.seed)
  }

  /** First bucket of the chain that a hash names, 0 in an empty table. */
  chain(hash: number): number {
    const i32 = this.i32
    const base = this.base
    const buckets0 = i32[base + BUCKETS0]
    if (buckets0 === 0) return 0
    const mask0 = i32[base + MASK0]
    const rehash = i32[base + REHASH]
    if (rehash < 0) return buckets0 + ((hash & mask0) << BUCKET_SHIFT)
    const mask1 = i32[base + MASK1]
    return (hash & (mask0 < mask1 ? mask0 : mask1)) < rehash
      ? i32[base + BUCKETS1] + ((hash & mask1) << BUCKET_SHIFT)
      : buckets0 + ((hash & mask0) << BUCKET_SHIFT)
  }

  /** The arena's words, for prefetching. */
  get words(): Int32Array {
    return this.i32
  }

  /**
   * The first entry in the bucket at word index `word` that may have this hash. Without a match some way or other: a
   * load that may not help costs less than a branch that guesses wrong.
   */
  likelyEntry(word: number, hash: number): number {
    const { i32 } = this
    return i32[word + ENTRIES_WORD + lowestWay(matchingWays(i32, word, Math.imul(tagOf(hash), 0x01010101)))]
  }

  /** The entry of a key, 0 when there is none. O(1). */
  find(hash: number, bytes: Uint8Array, offset: number, length: number): number {
    const head = this.chain(hash)
    if (head === 0) return 0
    const i32 = this.i32
    const tags = Math.imul(tagOf(hash), 0x01010101)
    let bucket = head
    do {
      const word = bucket >> 2
      let matches = matchingWays(i32, word, tags)
      while (matches !== 0) {
        const way = lowestWay(matches)
        const entry = i32[word + ENTRIES_WORD + way]
        if (entry !== 0 && this.hasKey(entry, bytes, offset, length)) {
          this.foundHead = head
          this.foundBucket = bucket
          this.foundWay = way
          return entry
        }
        matches &= matches - 1
      }
      bucket = i32[word + NEXT_WORD]
    } while (bucket !== 0)
    return 0
  }

  /** Whether an entry's key is this one. Keys are 4-aligned in the arena: compared by words, then by bytes. */
  private hasKey(entry: number, bytes: Uint8Array, offset: number, length: number): boolean {
    const i32 = this.i32
    const header = i32[entry >> 2]
    if (header >>> 16 !== (length < LONG_KEY_MARK ? length : LONG_KEY_MARK)) return false
    if (length >= LONG_KEY_MARK && keyLength(this.arena, entry) !== length) return false
    const key = entry + headerBytes((header >> 8) & 0xff)
    const words = length >> 2
    const view = viewOf(bytes)
    for (let i = 0; i < words; i++) if (i32[(key >> 2) + i] !== view.getInt32(offset + (i << 2), true)) return false
    const u8 = this.u8
    for (let i = length & ~3; i < length; i++) if (u8[key + i] !== bytes[offset + i]) return false
    return true
  }

  /** Finds an entry by its offset rather than its key. */
  findEntry(hash: number, entry: number): boolean {
    const head = this.chain(hash)
    let bucket = head
    while (bucket !== 0) {
      const word = bucket >> 2
      for (let way = 0; way < BUCKET_WAYS; way++) {
        if (this.u32[word + ENTRIES_WORD + way] !== entry) continue
        this.foundHead = head
        this.foundBucket = bucket
        this.foundWay = way
        return true
      }
      bucket = this.u32[word + NEXT_WORD]
    }
    return false
  }

  /** Puts another entry of the same key in the place of the one last found. */
  replaceFound(entry: number): void {
    const at = (this.foundBucket >> 2) + ENTRIES_WORD + this.foundWay
    if (this.i32[this.base + SAVING] !== 0 && isAhead(this.i32, this.base, this.hashOf(entry))) {
      assert(isMarked(this.u8, this.u32[at]), 'S2 what a snapshot has yet to save is not replaced')
      mark(this.u8, entry)
    }
    this.u32[at] = entry
  }

  private assertFoundIsSaved(): void {
    const entry = this.u32[(this.foundBucket >> 2) + ENTRIES_WORD + this.foundWay]
    const isSafe = isMarked(this.u8, entry) || !isAhead(this.i32, this.base, this.hashOf(entry))
    assert(isSafe, 'S2 what a snapshot has yet to save is not removed')
  }

  /** Takes the entry last found out of the table; the entry itself is the caller's. */
  removeFound(): void {
    const { u32, u8, i32, base, foundHead } = this
    let last = this.foundBucket
    if (i32[base + SAVING] !== 0) this.assertFoundIsSaved()
    let before = 0
    // I4: the hole is filled from the end of the chain.
    if (u32[(foundHead >> 2) + NEXT_WORD] !== 0) {
      last = foundHead
      while (u32[(last >> 2) + NEXT_WORD] !== 0) {
        before = last
        last = u32[(last >> 2) + NEXT_WORD]
      }
    }
    let way = this.foundWay
    if (last !== foundHead) {
      way = BUCKET_WAYS - 1
      while (u8[last + way] === 0) way--
      u8[this.foundBucket + this.foundWay] = u8[last + way]
      u32[(this.foundBucket >> 2) + ENTRIES_WORD + this.foundWay] = u32[(last >> 2) + ENTRIES_WORD + way]
    }
    u8[last + way] = 0
    u32[(last >> 2) + ENTRIES_WORD + way] = 0
    i32[base + USED]--
    if (before !== 0 && isBucketEmpty(u32, last)) {
      u32[(before >> 2) + NEXT_WORD] = 0
      this.arena.release(last)
    }
  }

  /**
   * Adds an entry whose key is not there yet. False when the arena has no room for a bucket: nothing has changed then.
   * O(1), and one step of a running rehash.
   */
  insert(hash: number, entry: number): boolean {
    const { i32, base } = this
    if (i32[base + BUCKETS0] === 0 && !this.allocateFirst()) return false
    if (i32[base + REHASH] >= 0) this.rehashStep(1)
    else if (i32[base + USED] >= (i32[base + MASK0] + 1) * GROW_ENTRIES_PER_BUCKET)
      this.resize((i32[base + MASK0] + 1) * 2)
    if (!this.place(this.chain(hash), tagOf(hash), entry)) return false
    i32[base + USED]++
    if (i32[base + SAVING] !== 0 && isAhead(i32, base, hash)) mark(this.u8, entry)
    return true
  }

  /** Makes sure that an insert needs at most one more bucket, while rehashing is paused. False: there is no room. */
  begin(): boolean {
    return this.i32[this.base + BUCKETS0] !== 0 || this.allocateFirst()
  }

  /**
   * Gives a table that has not begun the buckets that so many entries will want, so that it does not grow while they
   * come. Where these have no room it begins small.
   */
  prepare(entries: number): void {
    if (this.i32[this.base + BUCKETS0] !== 0) return
    let count = INITIAL_BUCKETS
    while (count * GROW_ENTRIES_PER_BUCKET < entries && count < MAX_BUCKETS) count *= 2
    if (this.arena.fits(count * BUCKET_BYTES)) this.allocateFirst(count)
  }

  private allocateFirst(count = INITIAL_BUCKETS): boolean {
    const buckets = this.arena.allocate(count * BUCKET_BYTES)
    if (buckets === 0) return false
    this.u8.fill(0, buckets, buckets + count * BUCKET_BYTES)
    this.i32[this.base + BUCKETS0] = buckets
    this.i32[this.base + MASK0] = count - 1
    this.i32[this.base + REHASH] = -1
    return true
  }

  /** Puts an entry into a chain, with a new overflow bucket when it is full. */
  private place(head: number, tag: number, entry: number): boolean {
    const { u8, u32 } = this
    let bucket = head
    while (u32[(bucket >> 2) + NEXT_WORD] !== 0) bucket = u32[(bucket >> 2) + NEXT_WORD]
    for (let way = 0; way < BUCKET_WAYS; way++) {
      if (u8[bucket + way] !== 0) continue
      u8[bucket + way] = tag
      u32[(bucket >> 2) + ENTRIES_WORD + way] = entry
      return true
    }
    const overflow = this.arena.allocate(BUCKET_BYTES)
    if (overflow === 0) return false
    u8.fill(0, overflow, overflow + BUCKET_BYTES)
    u8[overflow] = tag
    u32[(overflow >> 2) + ENTRIES_WORD] = entry
    u32[(bucket >> 2) + NEXT_WORD] = overflow
    return true
  }

  /** Starts moving to `buckets` buckets; stays as it is when there is no memory for them (chains just grow longer). */
  private resize(buckets: number): void {
    const { i32, base } = this
    if (i32[base + PAUSES] > 0 || buckets > MAX_BUCKETS || buckets < INITIAL_BUCKETS) return
    if (!this.arena.fits(buckets * BUCKET_BYTES)) return
    const array = this.arena.allocate(buckets * BUCKET_BYTES)
    if (array === 0) return
    i32[base + BUCKETS1] = array
    i32[base + MASK1] = buckets - 1
    i32[base + REHASH] = 0
  }

  /** Shrinks a table that has become nearly empty, or takes a running rehash a step on; called after removals. */
  shrinkIfSparse(): void {
    const { i32, base } = this
    const buckets = i32[base + MASK0] + 1
    if (i32[base + REHASH] >= 0) {
      this.rehashStep(1)
      return
    }
    if (buckets <= INITIAL_BUCKETS) return
    const used = i32[base + USED]
    if (used >= buckets * SHRINK_ENTRIES_PER_BUCKET) return
    let target = INITIAL_BUCKETS
    while (target * GROW_ENTRIES_PER_BUCKET < used * 2) target *= 2
    if (target < buckets) this.resize(target)
  }

  /** Moves up to `steps` small indexes; true while more remain. Bound: `steps` times the few buckets of an index. */
  rehashStep(steps: number): boolean {
    const { i32, base } = this
    if (i32[base + REHASH] < 0) return false
    if (i32[base + PAUSES] > 0) return true
    const mask0 = i32[base + MASK0]
    const mask1 = i32[base + MASK1]
    const smallCount = Math.min(mask0, mask1) + 1
    for (let step = 0; step < steps; step++) {
      const index = i32[base + REHASH]
      if (!this.moveIndex(index, smallCount, mask0, mask1)) return true
      i32[base + REHASH] = index + 1
      if (index + 1 < smallCount) continue
      this.arena.release(i32[base + BUCKETS0])
      i32[base + BUCKETS0] = i32[base + BUCKETS1]
      i32[base + MASK0] = mask1
      i32[base + BUCKETS1] = 0
      i32[base + MASK1] = 0
      i32[base + REHASH] = -1
      return false
    }
    return true
  }

  /**
   * Moves every key of one small index from table 0 to table 1. False, with nothing changed, when memory does not do.
   */
  private moveIndex(index: number, smallCount: number, mask0: number, mask1: number): boolean {
    const { u8, u32, i32, base } = this
    const buckets0 = i32[base + BUCKETS0]
    const buckets1 = i32[base + BUCKETS1]
    for (let target = index; target <= mask1; target += smallCount) {
      const bucket = buckets1 + (target << BUCKET_SHIFT)
      u8.fill(0, bucket, bucket + BUCKET_BYTES)
    }
    for (let source = index; source <= mask0; source += smallCount) {
      for (let bucket = buckets0 + (source << BUCKET_SHIFT); bucket !== 0; bucket = u32[(bucket >> 2) + NEXT_WORD]) {
        for (let way = 0; way < BUCKET_WAYS; way++) {
          const entry = u32[(bucket >> 2) + ENTRIES_WORD + way]
          if (entry === 0) continue
          const target = buckets1 + ((this.hashOf(entry) & mask1) << BUCKET_SHIFT)
          if (this.place(target, u8[bucket + way], entry)) continue
          // The source is untouched as yet: forgetting the copies undoes the move.
          this.releaseOverflow(buckets1, index, mask1, smallCount)
          return false
        }
      }
    }
    this.releaseOverflow(buckets0, index, mask0, smallCount)
    return true
  }

  /** Frees the overflow buckets of every `step`-th chain from `index` to `mask`; their heads go with the array. */
  private releaseOverflow(buckets: number, index: number, mask: number, step: number): void {
    const u32 = this.u32
    for (let chain = index; chain <= mask; chain += step) {
      let bucket = u32[((buckets + (chain << BUCKET_SHIFT)) >> 2) + NEXT_WORD]
      while (bucket !== 0) {
        const next = u32[(bucket >> 2) + NEXT_WORD]
        this.arena.release(bucket)
        bucket = next
      }
    }
  }

  /** While paused (calls nest) a running rehash waits and none begins. */
  pauseRehash(): void {
    this.i32[this.base + PAUSES]++
  }

  resumeRehash(): void {
    assert(this.i32[this.base + PAUSES] > 0, 'a resume follows a pause')
    this.i32[this.base + PAUSES]--
  }

  /**
   * One step of SCAN: puts the entries of the cursor's bucket into `scanned` and returns the next cursor, 0 at the end.
   * The cursor counts from its high bits (reverse binary), so that an index of a small table and all the indexes of a
   * larger one that it splits into follow each other: a key that is there from the first call to the last is visited at
   * least once, however often the table is resized between calls; some may be visited twice.
   */
  scanStep(cursor: number): number {
    this.scannedCount = 0
    return this.i32[this.base + BUCKETS0] === 0 ? 0 : this.gather(cursor)
  }

  /** Adds the entries of the cursor's index to `scanned`; the next cursor. The table is not empty. */
  gather(cursor: number): number {
    const { i32, base } = this
    const mask0 = i32[base + MASK0]
    let smallMask = mask0
    let mask = mask0
    let buckets = i32[base + BUCKETS0]
    if (i32[base + REHASH] >= 0) {
      const mask1 = i32[base + MASK1]
      smallMask = Math.min(mask0, mask1)
      if ((cursor & smallMask) < i32[base + REHASH]) {
        mask = mask1
        buckets = i32[base + BUCKETS1]
      }
    }
    for (let index = cursor & smallMask; index <= mask; index += smallMask + 1)
      this.collect(buckets + (index << BUCKET_SHIFT))
    return reverseIncrement(cursor, smallMask)
  }

  /** Adds the entries of a chain to `scanned`. */
  collect(head: number): void {
    const { u32 } = this
    for (let bucket = head; bucket !== 0; bucket = u32[(bucket >> 2) + NEXT_WORD]) {
      for (let way = 0; way < BUCKET_WAYS; way++) {
        const entry = u32[(bucket >> 2) + ENTRIES_WORD + way]
        if (entry === 0) continue
        if (this.scannedCount === this.scanned.length) {
          const larger = new Int32Array(this.scanned.length * 2)
          larger.set(this.scanned)
          this.scanned = larger
        }
        this.scanned[this.scannedCount++] = entry
      }
    }
  }

  /** Frees all buckets, not the entries, and is empty again. O(buckets). */
  clear(): void {
    const { i32, base, arena } = this
    const mask0 = i32[base + MASK0]
    const mask1 = i32[base + MASK1]
    const moved = i32[base + REHASH]
    const smallCount = Math.min(mask0, moved < 0 ? mask0 : mask1) + 1
    for (let index = 0; index < smallCount; index++) {
      if (index < moved) this.releaseOverflow(i32[base + BUCKETS1], index, mask1, smallCount)
      else if (i32[base + BUCKETS0] !== 0) this.releaseOverflow(i32[base + BUCKETS0], index, mask0, smallCount)
    }
    if (i32[base + BUCKETS0] !== 0) arena.release(i32[base + BUCKETS0])
    if (moved >= 0) arena.release(i32[base + BUCKETS1])
    const pauses = i32[base + PAUSES]
    Table.initialize(arena, base << 2)
    i32[base + PAUSES] = pauses
  }
}

/**
 * The ways of the bucket at `word` whose tags are the one that `tags` repeats: bit 8 * i + g stands for byte i of tag
 * word g. All twelve at once, since which of the words matches cannot be predicted. A borrow can flag a wrong way,
 * which the key settles.
 */
function matchingWays(i32: Int32Array, word: number, tags: number): number {
  const tags0 = i32[word] ^ tags
  const tags1 = i32[word + 1] ^ tags
  const tags2 = i32[word + 2] ^ tags
  return (
    (((tags0 - 0x01010101) & ~tags0 & 0x80808080) >>> 7) |
    (((tags1 - 0x01010101) & ~tags1 & 0x80808080) >>> 6) |
    (((tags2 - 0x01010101) & ~tags2 & 0x80808080) >>> 5)
  )
}

/** The way that the lowest bit of `matches` stands for; of none, the last. */
function lowestWay(matches: number): number {
  const bit = (31 - Math.clz32(matches & -matches)) & 31
  return Math.min(((bit & 7) << 2) | (bit >> 3), BUCKET_WAYS - 1)
}

/** The next cursor: one added to the mask's bits read from high to low. */
function reverseIncrement(cursor: number, mask: number): number {
  let next = cursor & mask
  let bit = (mask + 1) >>> 1
  while (bit !== 0 && (next & bit) !== 0) {
    next &= ~bit
    bit >>>= 1
  }
  return bit === 0 ? 0 : next | bit
}
