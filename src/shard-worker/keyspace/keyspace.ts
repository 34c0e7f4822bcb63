/* One database of one shard: its keys, their expiries, and the few operations through which everything reads or changes
 * them. What is particular to a type of value stands beside it: string.ts, hash.ts, list.ts. Held by whoever holds the
 * shard's baton. Hot.
 *
 * Lookups leave `hash` behind (and the tables the place they found), so that the change that follows a lookup of the
 * same key hashes nothing again: insert(), removeFound() and assignString() speak of the key looked up last.
 *
 * I1  an entry is in `expires` exactly when it has HAS_EXPIRE, under the same hash.
 * I2  a key that has expired is never returned by a lookup: it is deleted by the lookup that meets it.
 * I3  the heap of volatile hashes has none but entries of this database (and I6 of hash.ts). */
import { assert } from '../../base/assert.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import type { Access } from './access.ts'
import {
  accessOf,
  cutExpire,
  ENTRY_FLAGS,
  EXPIRE_BYTES,
  entryBytes,
  expireOf,
  flagsOf,
  HAS_EXPIRE,
  headerBytes,
  insertExpire,
  isVolatileHash,
  keyFlags,
  keyLength,
  keyOffset,
  OUT_OF_LINE,
  setAccess,
  usedBytesOf,
  writeBytes,
  writeExpire,
  writeHeader,
} from './entry.ts'
import { HashHeap } from './expiry/expiry-heap.ts'
import { freeEntry } from './lazyfree.ts'
import { assertSaved, saveFirst } from './save/save-hook.ts'
import {
  DATABASE_DETACHED,
  DATABASE_EXPIRES,
  DATABASE_VOLATILE_HASHES,
  DIRTY,
  EXPIRED_KEYS,
  KEYSPACE_HITS,
  KEYSPACE_MISSES,
} from './shard-layout.ts'
import type { ShardParts } from './shard-parts.ts'
import { Table } from './table/table.ts'

/** Thrown when the shard's arena is full, before anything was changed; execute() answers with the OOM error. */
export const ARENA_FULL = new Error('the arena is full')

export class Keyspace {
  readonly shard: ShardParts<Keyspace>
  readonly index: number
  readonly keys: Table
  readonly expires: Table
  /** Flushed keys that a snapshot has yet to save. */
  readonly detached: Table
  /** The hashes of which some field expires. */
  readonly volatileHashes: HashHeap
  /** Arena offset of the database record. */
  readonly record: number
  readonly arena: Arena
  readonly access: Access
  /** Hash of the key looked up last. */
  hash: number
  /** Where in the arguments of the command that runs a key stands whose hash is known already. */
  private expectedOffset: number
  private expectedIn: number
  private expectedHash: number

  constructor(shard: ShardParts<Keyspace>, index: number, record: number, seed: number) {
    this.shard = shard
    this.index = index
    this.record = record
    this.arena = shard.arena
    this.access = shard.access
    this.keys = new Table(shard.arena, record, seed)
    this.expires = new Table(shard.arena, record + DATABASE_EXPIRES, seed)
    this.detached = new Table(shard.arena, record + DATABASE_DETACHED, seed)
    this.volatileHashes = new HashHeap(shard.arena, record + DATABASE_VOLATILE_HASHES)
    this.hash = 0
    this.expectedOffset = -1
    this.expectedIn = 0
    this.expectedHash = 0
  }

  /**
   * The command that Engine.select() has just begun has a key with this hash at this offset of its bytes. The empty key
   * is not meant: it may stand where the next argument does.
   */
  expect(offset: number, hash: number): void {
    this.expectedOffset = offset
    this.expectedIn = this.access.generation
    this.expectedHash = hash
  }

  /* Lookups: entry offset, or 0. */

  /** For commands that read: counts a hit or miss and touches the key's LRU or LFU field. */
  findForRead(bytes: Uint8Array, offset: number, length: number): number {
    const entry = this.find(bytes, offset, length)
    this.noteRead(entry)
    return entry
  }

  /** What findForRead() does after find(), for a reader that may leave the work to another thread in between. */
  noteRead(entry: number): void {
    this.shard.counters[entry === 0 ? KEYSPACE_MISSES : KEYSPACE_HITS]++
    if (entry !== 0 && !this.access.noTouch) this.touch(entry)
  }

  /** The same without the touch: TYPE, TTL, EXISTS, OBJECT. */
  findWithoutTouch(bytes: Uint8Array, offset: number, length: number): number {
    const entry = this.find(bytes, offset, length)
    this.shard.counters[entry === 0 ? KEYSPACE_MISSES : KEYSPACE_HITS]++
    return entry
  }

  /** For commands that write: touches, counts nothing. A snapshot that has yet to save the entry does so now. */
  findForWrite(bytes: Uint8Array, offset: number, length: number): number {
    const entry = this.find(bytes, offset, length)
    if (entry !== 0) {
      if (this.keys.isWalked) saveFirst(this, entry)
      if (!this.access.noTouch) this.touch(entry)
    }
    return entry
  }

  /** Neither counts nor touches, but deletes an expired key (unless a pause keeps it). */
  find(bytes: Uint8Array, offset: number, length: number): number {
    const keys = this.keys
    this.hash =
      offset === this.expectedOffset && this.expectedIn === this.access.generation && length !== 0
        ? this.expectedHash
        : keys.hash(bytes, offset, length)
    const entry = keys.find(this.hash, bytes, offset, length)
    if (entry !== 0 && this.arena.u8[entry + ENTRY_FLAGS] & HAS_EXPIRE && this.isExpired(entry)) {
      if (!this.access.expirePaused) this.vanishFound(entry, EXPIRED_KEYS, this.access.freesExpired)
      return 0
    }
    return entry
  }

  /** Whether a key is there whose time has come; it stays there. */
  hasExpired(bytes: Uint8Array, offset: number, length: number): boolean {
    const entry = this.peek(bytes, offset, length)
    return entry !== 0 && (this.arena.u8[entry + ENTRY_FLAGS] & HAS_EXPIRE) !== 0 && this.isExpired(entry)
  }

  /** What is there, expired or not, and stays there: DEBUG and MEMORY. */
  peek(bytes: Uint8Array, offset: number, length: number): number {
    return this.keys.find(this.keys.hash(bytes, offset, length), bytes, offset, length)
  }

  isExpired(entry: number): boolean {
    return (flagsOf(this.arena, entry) & HAS_EXPIRE) !== 0 && this.access.nowMs > expireOf(this.arena, entry)
  }

  private touch(entry: number): void {
    const access = this.access
    if (access.lfu) setAccess(this.arena, entry, access.touched(accessOf(this.arena, entry)))
    else setAccess(this.arena, entry, access.lruClock)
  }

  /** Deletes the entry found last though no command asked for it; `counter` counts why. It is freed as `how` says. */
  vanishFound(entry: number, counter: number, how: number): void {
    this.shard.counters[counter]++
    this.wakeWatchers(this.arena.u8, keyOffset(this.arena, entry), keyLength(this.arena, entry))
    this.removeFound(entry, how)
  }

  /* Changes. */

  /** To be called before an entry changes that findForWrite() did not find. */
  beforeChange(entry: number): void {
    if (this.keys.isWalked) saveFirst(this, entry)
  }

  /** Tells watchers that a key changed, and counts it as Redis does where it calls signalModifiedKey. */
  changed(bytes: Uint8Array, offset: number, length: number, changes = 1): void {
    this.shard.counters[DIRTY] += changes
    if (this.arena.poisoned && this.keys.isWalked) assertSaved(this, this.peek(bytes, offset, length))
    this.wakeWatchers(bytes, offset, length)
  }

  /** Tells watchers alone: for the further keys of a change already counted, and for expiry, which is none. */
  wakeWatchers(bytes: Uint8Array, offset: number, length: number): void {
    if (this.shard.watches.count !== 0) this.shard.watches.touch(this.index, bytes, offset, length)
  }

  /**
   * Adds the key looked up last, which was not there, with a value that has a block of its own; returns the entry.
   * Throws ARENA_FULL with nothing changed; the block is then still the caller's. `spare` bytes await an expiry.
   */
  insert(kind: number, bytes: Uint8Array, offset: number, length: number, block: number, spare = 0): number {
    const arena = this.arena
    const flags = keyFlags(length) | OUT_OF_LINE
    const entry = arena.allocate(entryBytes(flags, length, 0) + spare)
    if (entry === 0) throw ARENA_FULL
    writeHeader(arena, entry, kind, flags, length, this.access.initial(), block)
    writeBytes(arena, entry + headerBytes(flags), bytes, offset, length)
    if (!this.keys.insert(this.hash, entry)) {
      arena.release(entry)
      throw ARENA_FULL
    }
    this.access.addedKeys?.added(this.index, this.hash, bytes, offset, length)
    return entry
  }

  /** Moves an entry into a block of `bytes`; its tables follow. Throws ARENA_FULL with nothing changed. */
  relocate(entry: number, bytes: number): number {
    const arena = this.arena
    const moved = arena.allocate(bytes)
    if (moved === 0) throw ARENA_FULL
    arena.u8.copyWithin(moved, entry, entry + Math.min(bytes, usedBytesOf(arena, entry)))
    this.replaceEntry(entry, moved)
    return moved
  }

  /** Puts an entry that says the same in another's place. */
  replaceEntry(entry: number, moved: number): void {
    const arena = this.arena
    this.refind(entry)
    this.keys.replaceFound(moved)
    if (flagsOf(arena, entry) & HAS_EXPIRE) this.replaceExpire(entry, moved)
    if (isVolatileHash(arena.u8[entry])) this.volatileHashes.moved(entry, moved)
    arena.release(entry)
  }

  /**
   * Puts an entry with another value in the place of the one found last, which is freed with all it had; `expires` is
   * the caller's.
   */
  replaceFound(entry: number, fresh: number): void {
    this.keys.replaceFound(fresh)
    this.free(entry)
  }

  /** Frees an entry that is in no table any more, with its value, `how` it is to be freed. */
  private free(entry: number, how = this.access.freesReplaced): void {
    if (isVolatileHash(this.arena.u8[entry])) this.volatileHashes.remove(entry)
    freeEntry(this.shard, entry, how)
  }

  /**
   * Sets the expiry of an entry to a 64-bit Unix time in milliseconds given as two halves (see lowHalf) and returns
   * the entry, which may have moved. Throws ARENA_FULL with nothing changed or moved.
   */
  setExpire(entry: number, low: number, high: number): number {
    const arena = this.arena
    this.beforeChange(entry)
    if (flagsOf(arena, entry) & HAS_EXPIRE) {
      writeExpire(arena, entry, low, high)
      return entry
    }
    const hash = this.keys.hashOf(entry)
    const used = usedBytesOf(arena, entry)
    if (!this.expires.insert(hash, entry)) throw ARENA_FULL
    const moved = used + EXPIRE_BYTES <= arena.capacity(entry) ? entry : this.moveForExpire(entry, hash, used)
    insertExpire(arena, moved, low, high)
    return moved
  }

  /** Moves an entry that is in `expires` already to a block with room for the field, or takes it out again. */
  private moveForExpire(entry: number, hash: number, used: number): number {
    let moved = entry
    try {
      moved = this.relocate(entry, used + EXPIRE_BYTES)
      return moved
    } finally {
      assert(this.expires.findEntry(hash, entry), 'it was put there just now')
      if (moved === entry) this.expires.removeFound()
      else this.expires.replaceFound(moved)
    }
  }

  /** Makes an entry persistent; false when it was. The entry stays where it is. */
  removeExpire(entry: number): boolean {
    this.beforeChange(entry)
    if ((flagsOf(this.arena, entry) & HAS_EXPIRE) === 0) return false
    this.forgetExpire(entry)
    cutExpire(this.arena, entry)
    return true
  }

  /** Puts a volatile entry's successor in its place in `expires`. */
  replaceExpire(entry: number, fresh: number): void {
    assert(this.expires.findEntry(this.keys.hashOf(entry), entry), 'I1 a volatile entry is in expires')
    this.expires.replaceFound(fresh)
  }

  /** Takes a volatile entry out of `expires`; its field stays. */
  forgetExpire(entry: number): void {
    assert(this.expires.findEntry(this.keys.hashOf(entry), entry), 'I1 a volatile entry is in expires')
    this.expires.removeFound()
    this.expires.shrinkIfSparse()
  }

  /** Deletes a key, and frees its value in the way of lazyfree.ts; false when it was not there (or had expired). */
  remove(bytes: Uint8Array, offset: number, length: number, how = this.access.freesReplaced): boolean {
    const entry = this.find(bytes, offset, length)
    if (entry === 0) return false
    this.removeFound(entry, how)
    return true
  }

  /** Deletes the entry that the last lookup found. */
  removeFound(entry: number, how = this.access.freesReplaced): void {
    this.beforeChange(entry)
    if (flagsOf(this.arena, entry) & HAS_EXPIRE) this.forgetExpire(entry)
    this.keys.removeFound()
    this.free(entry, how)
    this.keys.shrinkIfSparse()
  }

  /** Deletes an entry met by a walk rather than a lookup. */
  removeEntry(entry: number, how = this.access.freesReplaced): void {
    this.refind(entry)
    this.removeFound(entry, how)
  }

  private refind(entry: number): void {
    assert(this.keys.findEntry(this.keys.hashOf(entry), entry), 'a live entry is in its table')
  }

  /** Deletes an expired entry met by a walk, as the active expire cycle does; a pause keeps it. */
  expireEntry(entry: number): void {
    if (this.access.expirePaused) return
    this.refind(entry)
    this.vanishFound(entry, EXPIRED_KEYS, this.access.freesExpired)
  }
}
