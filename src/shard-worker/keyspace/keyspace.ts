/* One database of one shard: its keys, their expiries, and the few operations through which everything reads or changes
 * them. Held by whoever holds the shard's baton. Hot.
 *
 * Lookups leave `hash` behind (and the tables the place they found), so that the change that follows a lookup of the
 * same key hashes nothing again: insert(), assignString() and removeFound() speak of the key looked up last.
 *
 * I1  an entry is in `expires` exactly when it has HAS_EXPIRE, under the same hash.
 * I2  a key that has expired is never returned by a lookup: it is deleted by the lookup that meets it.
 * I3  the heap of volatile hashes has none but entries of this database (and I6 of hash.ts). */
import { assert } from '../../base/assert.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import type { Access } from './access.ts'
import {
  accessOf,
  blockOf,
  copyExpireField,
  cutExpire,
  EMBEDDED_ENTRY_MAX_BYTES,
  ENTRY_FLAGS,
  EXPIRE_BYTES,
  embeddedLength,
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
  STRING_BLOCK_HEADER_BYTES,
  setAccess,
  setBlock,
  setEmbeddedLength,
  stringLength,
  stringOffset,
  TYPE_STRING,
  typeOf,
  usedBytesOf,
  writeBytes,
  writeExpire,
  writeHeader,
} from './entry.ts'
import { HashHeap } from './expiry-heap.ts'
import { assertSaved, saveFirst } from './save-hook.ts'
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
import { Table } from './table.ts'
import { releaseBlock } from './value-type.ts'

/** Thrown when the shard's arena is full, before anything was changed; execute() answers with the OOM error. */
export const ARENA_FULL = new Error('the arena is full')

/** A growing string's block doubles up to this much spare room (sds's SDS_MAX_PREALLOC). */
const MAX_SPARE_BYTES = 1024 * 1024

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
  private readonly access: Access
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
      if (!this.access.expirePaused) this.vanishFound(entry, EXPIRED_KEYS)
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

  /** Deletes the entry found last though no command asked for it; `counter` counts why. */
  vanishFound(entry: number, counter: number): void {
    this.shard.counters[counter]++
    this.wakeWatchers(this.arena.u8, keyOffset(this.arena, entry), keyLength(this.arena, entry))
    this.removeFound(entry)
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

  /** Adds the key looked up last, which was not there, as a string; see assignString. */
  private insertString(kind: number, bytes: Uint8Array, offset: number, length: number, valueBytes: number): number {
    const entry = this.freshString(kind, keyFlags(length), bytes, offset, length, valueBytes, this.access.initial())
    if (!this.keys.insert(this.hash, entry)) this.refuse(entry)
    return entry
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

  private allocateStringBlock(length: number, room: number): number {
    const block = this.arena.allocate(STRING_BLOCK_HEADER_BYTES + room)
    if (block === 0) throw ARENA_FULL
    this.arena.u32[block >> 2] = length
    return block
  }

  /** Bytes to ask for so that a string of `length` can grow; only what it needs when memory is short. */
  private spareRoom(length: number): number {
    const room = length < MAX_SPARE_BYTES ? length * 2 : length + MAX_SPARE_BYTES
    return this.arena.fits(STRING_BLOCK_HEADER_BYTES + room) ? room : length
  }

  /**
   * Makes a string value `length` bytes long, keeping the bytes it has, and returns the entry, which may have moved;
   * new bytes are not cleared. `greedy` leaves room to grow. Throws ARENA_FULL with nothing changed.
   */
  resizeString(entry: number, length: number, greedy: boolean): number {
    const arena = this.arena
    const flags = flagsOf(arena, entry)
    if (flags & OUT_OF_LINE) {
      this.resizeBlock(entry, length, greedy, Math.min(length, stringLength(arena, entry)))
      return entry
    }
    const keyBytes = keyLength(arena, entry)
    const total = entryBytes(flags, keyBytes, length)
    if (total <= arena.capacity(entry)) {
      setEmbeddedLength(arena, entry, length)
      return entry
    }
    if (total <= EMBEDDED_ENTRY_MAX_BYTES) {
      const moved = this.relocate(entry, total)
      setEmbeddedLength(arena, moved, length)
      return moved
    }
    return this.moveOutOfLine(entry, length, greedy)
  }

  /** `keep`: the bytes that a moved string takes along. */
  private resizeBlock(entry: number, length: number, greedy: boolean, keep: number): void {
    const arena = this.arena
    const block = blockOf(arena, entry)
    const capacity = arena.capacity(block)
    const wanted = STRING_BLOCK_HEADER_BYTES + length
    if (wanted <= capacity && (greedy || wanted * 2 > capacity || !arena.fits(wanted))) {
      arena.u32[block >> 2] = length
      return
    }
    const moved = this.allocateStringBlock(length, greedy ? this.spareRoom(length) : length)
    const value = block + STRING_BLOCK_HEADER_BYTES
    arena.u8.copyWithin(moved + STRING_BLOCK_HEADER_BYTES, value, value + keep)
    setBlock(arena, entry, moved)
    arena.release(block)
  }

  /** Gives an embedded string a block of its own, and its key a new entry. */
  private moveOutOfLine(entry: number, length: number, greedy: boolean): number {
    const arena = this.arena
    const flags = flagsOf(arena, entry) | OUT_OF_LINE
    const keyBytes = keyLength(arena, entry)
    const block = this.allocateStringBlock(length, greedy ? this.spareRoom(length) : length)
    const moved = this.allocateWithBlock(flags, keyBytes, block)
    const value = stringOffset(arena, entry)
    const kept = Math.min(embeddedLength(arena, entry), length)
    arena.u8.copyWithin(block + STRING_BLOCK_HEADER_BYTES, value, value + kept)
    writeHeader(arena, moved, arena.u8[entry], flags, keyBytes, accessOf(arena, entry), block)
    const key = keyOffset(arena, entry)
    arena.u8.copyWithin(moved + headerBytes(flags), key, key + keyBytes)
    if (flags & HAS_EXPIRE) copyExpireField(arena, entry, moved)
    this.replaceEntry(entry, moved)
    return moved
  }

  /** Room for an entry whose value is `block`, which is freed when there is none. */
  private allocateWithBlock(flags: number, keyBytes: number, block: number): number {
    const entry = this.arena.allocate(entryBytes(flags, keyBytes, 0))
    if (entry !== 0) return entry
    this.arena.release(block)
    throw ARENA_FULL
  }

  /** Moves an entry into a block of `bytes`; its tables follow. Throws ARENA_FULL with nothing changed. */
  private relocate(entry: number, bytes: number): number {
    const arena = this.arena
    const moved = arena.allocate(bytes)
    if (moved === 0) throw ARENA_FULL
    arena.u8.copyWithin(moved, entry, entry + Math.min(bytes, usedBytesOf(arena, entry)))
    this.replaceEntry(entry, moved)
    return moved
  }

  /** Puts an entry that says the same in another's place. */
  private replaceEntry(entry: number, moved: number): void {
    const arena = this.arena
    this.refind(entry)
    this.keys.replaceFound(moved)
    if (flagsOf(arena, entry) & HAS_EXPIRE) this.replaceExpire(entry, moved)
    if (isVolatileHash(arena.u8[entry])) this.volatileHashes.moved(entry, moved)
    arena.release(entry)
  }

  /** Frees what hangs off the entry. */
  private releaseValue(entry: number): void {
    if ((flagsOf(this.arena, entry) & OUT_OF_LINE) === 0) return
    if (isVolatileHash(this.arena.u8[entry])) this.volatileHashes.remove(entry)
    releaseBlock(this.arena, entry)
  }

  /**
   * Makes the key looked up last (`entry`, or 0 for none) a string of `length` bytes and returns its entry; the caller
   * writes the bytes at stringOffset(). Any other value it had is freed. The expiry stays: see removeExpire().
   * Throws ARENA_FULL with nothing changed.
   */
  assignString(
    entry: number,
    kind: number,
    bytes: Uint8Array,
    keyAt: number,
    keyBytes: number,
    length: number,
  ): number {
    if (entry === 0) return this.insertString(kind, bytes, keyAt, keyBytes, length)
    const arena = this.arena
    const flags = flagsOf(arena, entry)
    const isEmbedded = (flags & OUT_OF_LINE) === 0
    if (isEmbedded && embeddedLength(arena, entry) === length) {
      arena.u8[entry] = kind
      return entry
    }
    const total = entryBytes(flags, keyBytes, length)
    if (isEmbedded) {
      const capacity = arena.capacity(entry)
      if (total <= capacity && (total * 2 > capacity || !arena.fits(total))) {
        arena.u8[entry] = kind
        setEmbeddedLength(arena, entry, length)
        return entry
      }
    } else if (typeOf(arena, entry) === TYPE_STRING && (total > EMBEDDED_ENTRY_MAX_BYTES || !arena.fits(total))) {
      this.resizeBlock(entry, length, false, 0)
      arena.u8[entry] = kind
      return entry
    }
    return this.replaceValue(entry, kind, bytes, keyAt, keyBytes, length)
  }

  /** A new block for an existing key with a new string value; its expiry and place in the tables are kept. */
  private replaceValue(
    entry: number,
    kind: number,
    bytes: Uint8Array,
    keyAt: number,
    keyBytes: number,
    length: number,
  ): number {
    const arena = this.arena
    const flags = flagsOf(arena, entry) & ~OUT_OF_LINE
    const fresh = this.freshString(kind, flags, bytes, keyAt, keyBytes, length, accessOf(arena, entry))
    if (flags & HAS_EXPIRE) {
      copyExpireField(arena, entry, fresh)
      this.replaceExpire(entry, fresh)
    }
    this.keys.replaceFound(fresh)
    this.releaseValue(entry)
    arena.release(entry)
    return fresh
  }

  /**
   * The same as assignString, and the key gets this expiry (two halves, as for setExpire), both or neither: a key that
   * was not volatile is made anew, so that nothing of it has changed when `expires` has no room.
   */
  assignVolatileString(
    entry: number,
    kind: number,
    bytes: Uint8Array,
    keyAt: number,
    keyBytes: number,
    length: number,
    low: number,
    high: number,
  ): number {
    const arena = this.arena
    if (entry !== 0 && flagsOf(arena, entry) & HAS_EXPIRE) {
      const assigned = this.assignString(entry, kind, bytes, keyAt, keyBytes, length)
      writeExpire(arena, assigned, low, high)
      return assigned
    }
    const access = entry === 0 ? this.access.initial() : accessOf(arena, entry)
    const fresh = this.freshString(kind, keyFlags(keyBytes) | HAS_EXPIRE, bytes, keyAt, keyBytes, length, access)
    writeExpire(arena, fresh, low, high)
    if (!this.expires.insert(this.hash, fresh)) this.refuse(fresh)
    if (entry !== 0) {
      this.keys.replaceFound(fresh)
      this.releaseValue(entry)
      arena.release(entry)
    } else if (!this.keys.insert(this.hash, fresh)) {
      this.forgetExpire(fresh)
      this.refuse(fresh)
    }
    return fresh
  }

  /* Several keys or none: prepare a string for each, then store them all, which cannot fail any more. */

  /** A string entry in no table yet; the caller writes its bytes. Throws ARENA_FULL. */
  prepareString(kind: number, bytes: Uint8Array, keyAt: number, keyBytes: number, length: number): number {
    return this.freshString(kind, keyFlags(keyBytes), bytes, keyAt, keyBytes, length, this.access.initial())
  }

  /** Frees what prepareString made. */
  discardPrepared(prepared: number): void {
    this.releaseValue(prepared)
    this.arena.release(prepared)
  }

  /**
   * Puts a prepared entry in the place of the key looked up last (`entry`, or 0 for none), its expiry gone. Needs room
   * for no more than a bucket if the table has begun and its rehashing is paused.
   */
  storePrepared(entry: number, prepared: number): void {
    const { arena, keys } = this
    if (entry === 0) {
      const inserted = keys.insert(this.hash, prepared)
      assert(inserted, 'room for a bucket was made sure of')
      return
    }
    setAccess(arena, prepared, accessOf(arena, entry))
    if (flagsOf(arena, entry) & HAS_EXPIRE) this.forgetExpire(entry)
    keys.replaceFound(prepared)
    this.releaseValue(entry)
    arena.release(entry)
  }

  /**
   * The block or blocks of a string with this key and `flags` (OUT_OF_LINE comes by itself), in no table yet. The bytes
   * of the value and the expiry are to be written. Throws ARENA_FULL with nothing changed.
   */
  private freshString(
    kind: number,
    flags: number,
    bytes: Uint8Array,
    keyAt: number,
    keyBytes: number,
    length: number,
    access: number,
  ): number {
    const arena = this.arena
    const total = entryBytes(flags, keyBytes, length)
    if (total > EMBEDDED_ENTRY_MAX_BYTES)
      return this.freshLongString(kind, flags, bytes, keyAt, keyBytes, length, access)
    const entry = arena.allocate(total)
    if (entry === 0) throw ARENA_FULL
    writeHeader(arena, entry, kind, flags, keyBytes, access, length)
    writeBytes(arena, entry + headerBytes(flags), bytes, keyAt, keyBytes)
    return entry
  }

  private freshLongString(
    kind: number,
    flags: number,
    bytes: Uint8Array,
    keyAt: number,
    keyBytes: number,
    length: number,
    access: number,
  ): number {
    const arena = this.arena
    const block = this.allocateStringBlock(length, length)
    const entry = this.allocateWithBlock(flags | OUT_OF_LINE, keyBytes, block)
    writeHeader(arena, entry, kind, flags | OUT_OF_LINE, keyBytes, access, block)
    writeBytes(arena, entry + headerBytes(flags | OUT_OF_LINE), bytes, keyAt, keyBytes)
    return entry
  }

  /** Gives a fresh entry that a table has no room for back, and throws ARENA_FULL. */
  private refuse(fresh: number): never {
    this.releaseValue(fresh)
    this.arena.release(fresh)
    throw ARENA_FULL
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

  private replaceExpire(entry: number, fresh: number): void {
    assert(this.expires.findEntry(this.keys.hashOf(entry), entry), 'I1 a volatile entry is in expires')
    this.expires.replaceFound(fresh)
  }

  private forgetExpire(entry: number): void {
    assert(this.expires.findEntry(this.keys.hashOf(entry), entry), 'I1 a volatile entry is in expires')
    this.expires.removeFound()
    this.expires.shrinkIfSparse()
  }

  /** Deletes a key; false when it was not there (or had expired). */
  remove(bytes: Uint8Array, offset: number, length: number): boolean {
    const entry = this.find(bytes, offset, length)
    if (entry === 0) return false
    this.removeFound(entry)
    return true
  }

  /** Deletes the entry that the last lookup found. */
  removeFound(entry: number): void {
    this.beforeChange(entry)
    if (flagsOf(this.arena, entry) & HAS_EXPIRE) this.forgetExpire(entry)
    this.keys.removeFound()
    this.releaseValue(entry)
    this.arena.release(entry)
    this.keys.shrinkIfSparse()
  }

  /** Deletes an entry met by a walk rather than a lookup. */
  removeEntry(entry: number): void {
    this.refind(entry)
    this.removeFound(entry)
  }

  private refind(entry: number): void {
    assert(this.keys.findEntry(this.keys.hashOf(entry), entry), 'a live entry is in its table')
  }

  /** Deletes an expired entry met by a walk, as the active expire cycle does; a pause keeps it. */
  expireEntry(entry: number): void {
    if (this.access.expirePaused) return
    this.refind(entry)
    this.vanishFound(entry, EXPIRED_KEYS)
  }
}
