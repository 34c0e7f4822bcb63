/* The expiry of fields: setting it, taking it away, and deleting the fields whose time has come, as Redis 7.4 does it
 * (https://redis.io/docs/latest/commands/hexpire/). Baton holder. All of it is for the hash that is open. */
import * as listpack from '../../structure/listpack.ts'
import {
  cutExpire,
  ENCODING_HASHTABLE,
  ENCODING_HASHTABLE_EX,
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EX,
  EXPIRE_BYTES,
  flagsOf,
  HAS_EXPIRE,
  highHalf,
  insertExpire,
  keyLength,
  keyOffset,
  lowHalf,
  setBlock,
  setKind,
  TYPE_HASH,
  usedBytesOf,
} from '../entry.ts'
import { writeFieldExpiry } from '../expiry/expiry-heap.ts'
import { ARENA_FULL } from '../keyspace.ts'
import { EXPIRED_FIELDS } from '../shard-layout.ts'
import type { Hash } from './hash.ts'
import { initializePrefix, PREFIX_BYTES, TABLE_BLOCK_BYTES } from './hash-layout.ts'
import {
  copyWithoutExpiry,
  EXPIRY_MAX_BYTES,
  NO_EXPIRY_BYTES,
  removeExpired,
  setListpackExpiry,
} from './volatile-listpack.ts'

/**
 * Makes the hash volatile, if it is not, and makes room for expiries of `fields` of its fields: setExpiry() can only
 * fail in a table then, for the field's entry. Returns the block that the hash had before, 0 if it has kept it: for
 * finishExpiries() or revertExpiries(). Throws ARENA_FULL with nothing changed.
 */
export function prepareExpiries(hash: Hash, fields: number): number {
  const { arena, keyspace } = hash
  const kept = hash.isVolatile ? 0 : makeVolatileKeeping(hash)
  try {
    if (!keyspace.volatileHashes.reserve(1)) throw ARENA_FULL
    const most = Math.min(fields, hash.count)
    if (hash.isListpack) {
      const growth = most * (EXPIRY_MAX_BYTES - NO_EXPIRY_BYTES)
      hash.resizeListpack(listpack.listpackBytes(arena.u8, hash.block) + growth)
    } else if (!hash.volatileFields.reserve(most)) throw ARENA_FULL
  } catch (error) {
    revertExpiries(hash, kept)
    throw error
  }
  hash.keepsRoom = true
  return kept
}

/** Gives back what prepareExpiries() has reserved in vain or kept. */
export function finishExpiries(hash: Hash, kept: number): void {
  hash.keepsRoom = false
  hash.keyspace.volatileHashes.dropIfEmpty()
  if (hash.isOpen && hash.isVolatile && !hash.isListpack) hash.volatileFields.dropIfEmpty()
  if (kept !== 0) hash.arena.release(kept)
}

/** Makes the hash what it was before prepareExpiries(), when its fields have again the expiries they had. */
export function revertExpiries(hash: Hash, kept: number): void {
  finishExpiries(hash, 0)
  if (kept === 0) return
  const { arena, entry, block } = hash
  // Looking fields up may have moved buckets.
  if (!hash.isListpack) arena.u8.copyWithin(kept, block, block + TABLE_BLOCK_BYTES)
  setKind(arena, entry, TYPE_HASH, hash.isListpack ? ENCODING_LISTPACK : ENCODING_HASHTABLE)
  setBlock(arena, entry, kept)
  arena.release(block - PREFIX_BYTES)
  hash.open(entry)
}

/** Makes a hash volatile that is not; throws ARENA_FULL with nothing changed. */
export function makeVolatile(hash: Hash): void {
  if (!hash.isVolatile) hash.arena.release(makeVolatileKeeping(hash))
}

/** The same, but the block that the hash had stays, and is returned. */
function makeVolatileKeeping(hash: Hash): number {
  const { arena, entry, block: old } = hash
  const { u8 } = arena
  const bytes = hash.isListpack ? listpack.listpackBytes(u8, old) + hash.count * NO_EXPIRY_BYTES : TABLE_BLOCK_BYTES
  const start = arena.allocate(PREFIX_BYTES + bytes)
  if (start === 0) throw ARENA_FULL
  initializePrefix(arena, start)
  if (hash.isListpack) {
    listpack.initializeListpack(u8, start + PREFIX_BYTES)
    copyWithoutExpiry(u8, old, start + PREFIX_BYTES)
  } else {
    u8.copyWithin(start + PREFIX_BYTES, old, old + TABLE_BLOCK_BYTES)
  }
  setKind(arena, entry, TYPE_HASH, hash.isListpack ? ENCODING_LISTPACK_EX : ENCODING_HASHTABLE_EX)
  setBlock(arena, entry, start)
  hash.open(entry)
  return old
}

/** Lets a field that locate() found expire at a Unix time in milliseconds; see prepareExpiries(). */
export function setExpiry(hash: Hash, field: number, expiryMs: number): void {
  const { arena, volatileFields } = hash
  if (hash.isListpack) return setListpackExpiry(hash, field, expiryMs)
  if (flagsOf(arena, field) & HAS_EXPIRE) {
    writeFieldExpiry(arena, field, expiryMs)
    volatileFields.changed(field)
  } else {
    volatileFields.add(lengthenForExpiry(hash, field, expiryMs))
  }
  hash.reschedule()
}

/** Makes room for the expiry in a field's entry and writes it; returns the entry, which may have moved. */
function lengthenForExpiry(hash: Hash, field: number, expiryMs: number): number {
  const { arena, table } = hash
  const used = usedBytesOf(arena, field)
  let entry = field
  if (used + EXPIRE_BYTES > arena.capacity(field)) {
    entry = arena.allocate(used + EXPIRE_BYTES)
    if (entry === 0) throw ARENA_FULL
    hash.addFieldBytes(arena.capacity(entry) - arena.capacity(field))
    arena.u8.copyWithin(entry, field, field + used)
    table.replaceFound(entry)
    arena.release(field)
  }
  insertExpire(arena, entry, lowHalf(expiryMs), highHalf(expiryMs))
  return entry
}

/** Takes the expiry of a field away that has one; never fails. */
export function persist(hash: Hash, field: number): void {
  if (hash.isListpack) return setListpackExpiry(hash, field, 0)
  hash.volatileFields.remove(field)
  cutExpire(hash.arena, field)
  hash.reschedule()
}

/**
 * Deletes up to `limit` fields whose time has come, and the hash with its last one (it is not open any more then);
 * returns how many. A pause keeps them.
 */
export function expireFields(hash: Hash, limit: number): number {
  const { arena, keyspace, entry } = hash
  if (!hash.isVolatile || keyspace.shard.access.expirePaused) return 0
  const { soonestExpiry } = hash
  if (soonestExpiry === 0 || soonestExpiry >= keyspace.shard.access.nowMs) return 0
  keyspace.beforeChange(entry)
  const expired = hash.isListpack ? removeExpired(hash, limit) : expireInTable(hash, limit)
  keyspace.shard.counters[EXPIRED_FIELDS] += expired
  keyspace.wakeWatchers(arena.u8, keyOffset(arena, entry), keyLength(arena, entry))
  if (hash.count === 0) hash.discard()
  else hash.reschedule()
  return expired
}

function expireInTable(hash: Hash, limit: number): number {
  const { table, volatileFields } = hash
  let expired = 0
  for (let field = volatileFields.soonest; expired < limit && field !== 0; field = volatileFields.soonest) {
    if (!hash.hasExpired(field) || !table.findEntry(table.hashOf(field), field)) break
    hash.removeLocated(field)
    expired++
  }
  return expired
}
