/* Values that get another key, database or shard: what RENAME, MOVE and COPY are made of. Baton holder of both sides.
 *
 * Both functions add the key that was looked up last in `to`. An entry that this key already has is the caller's to
 * remove afterwards, by removeEntry(), so that a full arena costs it nothing. Both throw ARENA_FULL with nothing
 * changed on either side. */
import { copyBytes } from '../../base/bytes.ts'
import {
  accessOf,
  blockOf,
  ENTRY_HEADER_BYTES,
  EXPIRE_BYTES,
  encodingOf,
  flagsOf,
  HAS_EXPIRE,
  isVolatileHash,
  OUT_OF_LINE,
  setAccess,
  setBlock,
  stringLength,
  stringOffset,
  TYPE_STRING,
  typeOf,
  volatilePrefix,
} from './entry.ts'
import { NOT_IN_HEAP, PREFIX_PLACE, PREFIX_SOONEST } from './expiry/expiry-heap.ts'
import { ARENA_FULL, type Keyspace } from './keyspace.ts'
import { IN_SLICES } from './lazyfree.ts'
import { assignString } from './string.ts'
import { valueTypeOf } from './value-type.ts'

/** Adds a copy of the value of entry `source` of `from`, with its encoding and expiry; returns the new entry. */
export function insertCopy(
  to: Keyspace,
  from: Keyspace,
  source: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  if ((flagsOf(from.arena, source) & OUT_OF_LINE) === 0) return insertEmbedded(to, from, source, bytes, offset, length)
  const valueType = valueTypeOf(typeOf(from.arena, source))
  const encoding = encodingOf(from.arena, source)
  const block = valueType.clone(from.arena, blockOf(from.arena, source), to.arena, encoding)
  if (block === 0) throw ARENA_FULL
  try {
    return insertBlock(to, from, source, bytes, offset, length, block)
  } catch (error) {
    valueType.release(to.arena, block, encoding)
    throw error
  }
}

/**
 * The same, but the value moves and `source` is deleted: within an arena O(1) whatever the size of the value. The LRU
 * or LFU field goes along.
 */
export function insertMoved(
  to: Keyspace,
  from: Keyspace,
  source: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  const { arena } = from
  const within = arena === to.arena && (flagsOf(arena, source) & OUT_OF_LINE) !== 0
  const entry = within
    ? insertBlock(to, from, source, bytes, offset, length, blockOf(arena, source))
    : insertCopy(to, from, source, bytes, offset, length)
  setAccess(to.arena, entry, accessOf(arena, source))
  if (within) forgetBlock(from, source)
  // No deletion to those who watch: it never counts as lazy, though what is copied may be large.
  from.removeEntry(source, IN_SLICES)
  return entry
}

/** Adds the key with `block` as its value. When that fails, the block is whole and in no entry but `source`. */
function insertBlock(
  to: Keyspace,
  from: Keyspace,
  source: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  block: number,
): number {
  const isVolatile = isVolatileHash(from.arena.u8[source])
  if (isVolatile && !to.volatileHashes.reserve(1)) throw ARENA_FULL
  try {
    const entry = insertWithExpiry(to, from, source, bytes, offset, length, block)
    if (isVolatile) takeVolatilePlace(to, from, source, entry)
    return entry
  } finally {
    to.volatileHashes.dropIfEmpty()
  }
}

/**
 * The same, but a volatile hash is in no heap yet. The expiry finds its room there: an entry that moved now would take
 * the place in the heap of the entry whose block it shares, which may be in another database's.
 */
function insertWithExpiry(
  to: Keyspace,
  from: Keyspace,
  source: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  block: number,
): number {
  const spare = flagsOf(from.arena, source) & HAS_EXPIRE ? EXPIRE_BYTES : 0
  const entry = to.insert(from.arena.u8[source], bytes, offset, length, block, spare)
  try {
    return copyExpire(to, from, source, entry)
  } catch (error) {
    forgetBlock(to, entry)
    to.removeEntry(entry)
    throw error
  }
}

/** Puts a volatile hash into the heap of its new database; if its block has moved, it leaves that of the old one. */
function takeVolatilePlace(to: Keyspace, from: Keyspace, source: number, entry: number): void {
  const prefix = volatilePrefix(from.arena, source)
  if (from.arena.u32[(prefix + PREFIX_PLACE) >> 2] === NOT_IN_HEAP) return
  const soonest = from.arena.f64[(prefix + PREFIX_SOONEST) >> 3]
  const fresh = volatilePrefix(to.arena, entry)
  const isSameBlock = from.arena === to.arena && fresh === prefix
  if (isSameBlock && from === to) return from.volatileHashes.moved(source, entry)
  if (isSameBlock) from.volatileHashes.remove(source)
  to.arena.f64[(fresh + PREFIX_SOONEST) >> 3] = soonest
  to.volatileHashes.add(entry)
}

/** Adds the key with a copy of an embedded string. */
function insertEmbedded(
  to: Keyspace,
  from: Keyspace,
  source: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  const valueBytes = stringLength(from.arena, source)
  const entry = assignString(to, 0, from.arena.u8[source], bytes, offset, length, valueBytes)
  copyBytes(to.arena.u8, stringOffset(to.arena, entry), from.arena.u8, stringOffset(from.arena, source), valueBytes)
  try {
    return copyExpire(to, from, source, entry)
  } catch (error) {
    to.removeEntry(entry)
    throw error
  }
}

function copyExpire(to: Keyspace, from: Keyspace, source: number, entry: number): number {
  if ((flagsOf(from.arena, source) & HAS_EXPIRE) === 0) return entry
  const at = (source + ENTRY_HEADER_BYTES) >> 2
  return to.setExpire(entry, from.arena.u32[at], from.arena.i32[at + 1])
}

/** Makes an entry a string without a block: the one it had belongs to another from now on. */
function forgetBlock(keyspace: Keyspace, entry: number): void {
  const { arena } = keyspace
  arena.u8[entry] = TYPE_STRING
  setBlock(arena, entry, 0)
}
