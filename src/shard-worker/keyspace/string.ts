/* Strings as values of keys: making one, assigning another, growing. Held by whoever holds the shard's baton. Hot.
 *
 * A string lies in its key's entry or, beyond EMBEDDED_ENTRY_MAX_BYTES, in a block of its own (see entry.ts). These
 * functions see to the blocks, and the caller writes the bytes at stringOffset(). What they say of a key means the one
 * that the keyspace looked up last, and `entry` is what was found, 0 for nothing. */
import { assert } from '../../base/assert.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import {
  accessOf,
  blockOf,
  copyExpireField,
  EMBEDDED_ENTRY_MAX_BYTES,
  embeddedLength,
  entryBytes,
  flagsOf,
  HAS_EXPIRE,
  headerBytes,
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
  writeBytes,
  writeExpire,
  writeHeader,
} from './entry.ts'
import { ARENA_FULL, type Keyspace } from './keyspace.ts'

/** A growing string's block doubles up to this much spare room (sds's SDS_MAX_PREALLOC). */
const MAX_SPARE_BYTES = 1024 * 1024

/**
 * Makes the key a string of `length` bytes and returns its entry. Any other value it had is freed. The expiry stays:
 * see removeExpire(). Throws ARENA_FULL with nothing changed.
 */
export function assignString(
  keyspace: Keyspace,
  entry: number,
  kind: number,
  bytes: Uint8Array,
  keyAt: number,
  keyBytes: number,
  length: number,
): number {
  if (entry === 0) return insertString(keyspace, kind, bytes, keyAt, keyBytes, length)
  const { arena } = keyspace
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
    resizeBlock(arena, entry, length, false, 0)
    arena.u8[entry] = kind
    return entry
  }
  return replaceValue(keyspace, entry, kind, bytes, keyAt, keyBytes, length)
}

/** Adds the key, which was not there. */
function insertString(
  keyspace: Keyspace,
  kind: number,
  bytes: Uint8Array,
  keyAt: number,
  keyBytes: number,
  length: number,
): number {
  const entry = prepareString(keyspace, kind, bytes, keyAt, keyBytes, length)
  if (!keyspace.keys.insert(keyspace.hash, entry)) refuse(keyspace, entry)
  return entry
}

/** A new block for a key that is there, with a new value; its expiry and place in the tables are kept. */
function replaceValue(
  keyspace: Keyspace,
  entry: number,
  kind: number,
  bytes: Uint8Array,
  keyAt: number,
  keyBytes: number,
  length: number,
): number {
  const { arena } = keyspace
  const flags = flagsOf(arena, entry) & ~OUT_OF_LINE
  const fresh = freshString(arena, kind, flags, bytes, keyAt, keyBytes, length, accessOf(arena, entry))
  if (flags & HAS_EXPIRE) {
    copyExpireField(arena, entry, fresh)
    keyspace.replaceExpire(entry, fresh)
  }
  keyspace.replaceFound(entry, fresh)
  return fresh
}

/**
 * The same as assignString, and the key gets this expiry (two halves, as for setExpire), both or neither: a key that
 * was not volatile is made anew, so that nothing of it has changed when `expires` has no room.
 */
export function assignVolatileString(
  keyspace: Keyspace,
  entry: number,
  kind: number,
  bytes: Uint8Array,
  keyAt: number,
  keyBytes: number,
  length: number,
  low: number,
  high: number,
): number {
  const { arena, expires, hash } = keyspace
  if (entry !== 0 && flagsOf(arena, entry) & HAS_EXPIRE) {
    const assigned = assignString(keyspace, entry, kind, bytes, keyAt, keyBytes, length)
    writeExpire(arena, assigned, low, high)
    return assigned
  }
  const access = entry === 0 ? keyspace.access.initial() : accessOf(arena, entry)
  const fresh = freshString(arena, kind, keyFlags(keyBytes) | HAS_EXPIRE, bytes, keyAt, keyBytes, length, access)
  writeExpire(arena, fresh, low, high)
  if (!expires.insert(hash, fresh)) refuse(keyspace, fresh)
  if (entry !== 0) {
    keyspace.replaceFound(entry, fresh)
  } else if (!keyspace.keys.insert(hash, fresh)) {
    keyspace.forgetExpire(fresh)
    refuse(keyspace, fresh)
  }
  return fresh
}

/* Several keys or none: prepare a string for each, then store them all, which cannot fail any more. */

/** A string entry in no table yet. Throws ARENA_FULL. */
export function prepareString(
  keyspace: Keyspace,
  kind: number,
  bytes: Uint8Array,
  keyAt: number,
  keyBytes: number,
  length: number,
): number {
  const { arena, access } = keyspace
  return freshString(arena, kind, keyFlags(keyBytes), bytes, keyAt, keyBytes, length, access.initial())
}

/** Frees what prepareString made. */
export function discardPrepared(keyspace: Keyspace, prepared: number): void {
  const { arena } = keyspace
  if (flagsOf(arena, prepared) & OUT_OF_LINE) arena.release(blockOf(arena, prepared))
  arena.release(prepared)
}

/**
 * Puts a prepared entry in the place of the key, its expiry gone. Needs room for no more than a bucket if the table has
 * begun and its rehashing is paused.
 */
export function storePrepared(keyspace: Keyspace, entry: number, prepared: number): void {
  const { arena } = keyspace
  if (entry === 0) {
    const inserted = keyspace.keys.insert(keyspace.hash, prepared)
    assert(inserted, 'room for a bucket was made sure of')
    return
  }
  setAccess(arena, prepared, accessOf(arena, entry))
  if (flagsOf(arena, entry) & HAS_EXPIRE) keyspace.forgetExpire(entry)
  keyspace.replaceFound(entry, prepared)
}

/** Gives a fresh entry that a table has no room for back, and throws ARENA_FULL. */
function refuse(keyspace: Keyspace, fresh: number): never {
  discardPrepared(keyspace, fresh)
  throw ARENA_FULL
}

/**
 * The block or blocks of a string with this key and `flags` (OUT_OF_LINE comes by itself), in no table yet. The bytes
 * of the value and the expiry are to be written. Throws ARENA_FULL with nothing changed.
 */
function freshString(
  arena: Arena,
  kind: number,
  flags: number,
  bytes: Uint8Array,
  keyAt: number,
  keyBytes: number,
  length: number,
  access: number,
): number {
  const total = entryBytes(flags, keyBytes, length)
  if (total > EMBEDDED_ENTRY_MAX_BYTES)
    return freshLongString(arena, kind, flags, bytes, keyAt, keyBytes, length, access)
  const entry = arena.allocate(total)
  if (entry === 0) throw ARENA_FULL
  writeHeader(arena, entry, kind, flags, keyBytes, access, length)
  writeBytes(arena, entry + headerBytes(flags), bytes, keyAt, keyBytes)
  return entry
}

function freshLongString(
  arena: Arena,
  kind: number,
  flags: number,
  bytes: Uint8Array,
  keyAt: number,
  keyBytes: number,
  length: number,
  access: number,
): number {
  const block = allocateBlock(arena, length, length)
  const entry = allocateWithBlock(arena, flags | OUT_OF_LINE, keyBytes, block)
  writeHeader(arena, entry, kind, flags | OUT_OF_LINE, keyBytes, access, block)
  writeBytes(arena, entry + headerBytes(flags | OUT_OF_LINE), bytes, keyAt, keyBytes)
  return entry
}

/* Growing and shrinking. */

/**
 * Makes a string `length` bytes long, keeping the bytes it has, and returns the entry, which may have moved; new bytes
 * are not cleared. `greedy` leaves room to grow. Throws ARENA_FULL with nothing changed.
 */
export function resizeString(keyspace: Keyspace, entry: number, length: number, greedy: boolean): number {
  const { arena } = keyspace
  const flags = flagsOf(arena, entry)
  if (flags & OUT_OF_LINE) {
    resizeBlock(arena, entry, length, greedy, Math.min(length, stringLength(arena, entry)))
    return entry
  }
  const total = entryBytes(flags, keyLength(arena, entry), length)
  if (total <= arena.capacity(entry)) {
    setEmbeddedLength(arena, entry, length)
    return entry
  }
  if (total <= EMBEDDED_ENTRY_MAX_BYTES) {
    const moved = keyspace.relocate(entry, total)
    setEmbeddedLength(arena, moved, length)
    return moved
  }
  return moveOutOfLine(keyspace, entry, length, greedy)
}

/** `keep`: the bytes that a moved string takes along. */
function resizeBlock(arena: Arena, entry: number, length: number, greedy: boolean, keep: number): void {
  const block = blockOf(arena, entry)
  const capacity = arena.capacity(block)
  const wanted = STRING_BLOCK_HEADER_BYTES + length
  if (wanted <= capacity && (greedy || wanted * 2 > capacity || !arena.fits(wanted))) {
    arena.u32[block >> 2] = length
    return
  }
  const moved = allocateBlock(arena, length, greedy ? spareRoom(arena, length) : length)
  const value = block + STRING_BLOCK_HEADER_BYTES
  arena.u8.copyWithin(moved + STRING_BLOCK_HEADER_BYTES, value, value + keep)
  setBlock(arena, entry, moved)
  arena.release(block)
}

/** Gives an embedded string a block of its own, and its key a new entry. */
function moveOutOfLine(keyspace: Keyspace, entry: number, length: number, greedy: boolean): number {
  const { arena } = keyspace
  const flags = flagsOf(arena, entry) | OUT_OF_LINE
  const keyBytes = keyLength(arena, entry)
  const block = allocateBlock(arena, length, greedy ? spareRoom(arena, length) : length)
  const moved = allocateWithBlock(arena, flags, keyBytes, block)
  const value = stringOffset(arena, entry)
  const kept = Math.min(embeddedLength(arena, entry), length)
  arena.u8.copyWithin(block + STRING_BLOCK_HEADER_BYTES, value, value + kept)
  writeHeader(arena, moved, arena.u8[entry], flags, keyBytes, accessOf(arena, entry), block)
  const key = keyOffset(arena, entry)
  arena.u8.copyWithin(moved + headerBytes(flags), key, key + keyBytes)
  if (flags & HAS_EXPIRE) copyExpireField(arena, entry, moved)
  keyspace.replaceEntry(entry, moved)
  return moved
}

/** Bytes to ask for so that a string of `length` can grow; only what it needs when memory is short. */
function spareRoom(arena: Arena, length: number): number {
  const room = length < MAX_SPARE_BYTES ? length * 2 : length + MAX_SPARE_BYTES
  return arena.fits(STRING_BLOCK_HEADER_BYTES + room) ? room : length
}

/** A string's block with room for `room` bytes. Throws ARENA_FULL. */
function allocateBlock(arena: Arena, length: number, room: number): number {
  const block = arena.allocate(STRING_BLOCK_HEADER_BYTES + room)
  if (block === 0) throw ARENA_FULL
  arena.u32[block >> 2] = length
  return block
}

/** Room for an entry whose value is `block`, which is freed when there is none. */
function allocateWithBlock(arena: Arena, flags: number, keyBytes: number, block: number): number {
  const entry = arena.allocate(entryBytes(flags, keyBytes, 0))
  if (entry !== 0) return entry
  arena.release(block)
  throw ARENA_FULL
}
