/* Hashes in the RDB format: written as a listpack or field by field, read in every form that Redis wrote. Baton holder.
 *
 *   HASH            count, then field and value, each a string
 *   HASH_LISTPACK   a string that is a listpack: field, value, field, value ...
 *   HASH_ZIPLIST    a string that is a ziplist of the same
 *   HASH_ZIPMAP     a string that is a zipmap
 *
 * Those of whose fields some expire, as Redis 7.4 writes them; its release candidates left `soonest` out, and wrote the
 * expiry of a field as it is:
 *
 *   HASH_METADATA      soonest, 64 bits, count, then expiry - soonest + 1, or 0 for none, field and value
 *   HASH_LISTPACK_EX   soonest, 64 bits, a string that is a listpack: field, value, expiry ...
 *
 * What was compact stays compact when it has no more than `hash-max-listpack-entries` fields, however long they are, as
 * in Redis; a zipmap alone is asked for the length of its texts too. */

import { copyBytes } from '../../base/bytes.ts'
import {
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EX,
  highHalf,
  keyLength,
  keyOffset,
  lowHalf,
  stringLength,
  stringOffset,
  TYPE_HASH,
} from '../keyspace/entry.ts'
import { Hash } from '../keyspace/hash/hash.ts'
import { finishExpiries, makeVolatile, prepareExpiries, setExpiry } from '../keyspace/hash/hash-expiry.ts'
import { initializePrefix, PREFIX_BYTES } from '../keyspace/hash/hash-layout.ts'
import { ARENA_FULL, type Keyspace } from '../keyspace/keyspace.ts'
import { VALUE_END } from '../keyspace/open-value.ts'
import * as listpack from '../structure/listpack.ts'
import { hasDuplicates, soundListpackCount } from '../structure/listpack-integrity.ts'
import { EmptyValue, type LoadTarget, type ValueCodec, type ValueLoader } from './codec.ts'
import {
  RDB_HASH,
  RDB_HASH_LISTPACK,
  RDB_HASH_LISTPACK_EX,
  RDB_HASH_LISTPACK_EX_PRE_GA,
  RDB_HASH_METADATA,
  RDB_HASH_METADATA_PRE_GA,
  RDB_HASH_ZIPLIST,
  RDB_HASH_ZIPMAP,
} from './format.ts'
import { ListpackScratch } from './listpack-scratch.ts'
import { RdbError, type RdbReader, type RdbText } from './reader.ts'
import type { RdbWriter } from './writer.ts'
import { firstEntry, readEntry, soundZiplistCount } from './ziplist.ts'
import { readField, soundZipmapCount } from './zipmap.ts'

const KIND_LISTPACK = TYPE_HASH | (ENCODING_LISTPACK << 4)
const KIND_LISTPACK_EX = TYPE_HASH | (ENCODING_LISTPACK_EX << 4)
const DUPLICATE = 'Duplicate hash fields detected'
const BROKEN_LISTPACK = 'Hash listpack integrity check failed.'
const BROKEN_LISTPACK_EX = 'Hash listpackex integrity check failed.'
/** What a field with its value takes at least. */
const LEAST_FIELD_BYTES = 2
/** Empty chains count as fields, too. */
const FIELDS_PER_STEP = 64
const LONG_HASH_FIELDS = 8 * FIELDS_PER_STEP
/** The latest expiry that Redis lets a field have inside. */
const MAX_EXPIRY_MS = 2 ** 48 - 1
const TWO_32 = 4294967296

export const hashCodec: ValueCodec = {
  type: TYPE_HASH,
  rdbTypeOf(keyspace, entry) {
    const hash = opened(keyspace, entry)
    if (soonestOf(hash) > 0) return hash.isListpack ? RDB_HASH_LISTPACK_EX : RDB_HASH_METADATA
    // A listpack whose fields do not expire any more still has the elements that say so.
    return hash.isListpack && !hash.isVolatile ? RDB_HASH_LISTPACK : RDB_HASH
  },
  isLong(keyspace, entry) {
    const hash = opened(keyspace, entry)
    return !hash.isListpack && hash.table.used > LONG_HASH_FIELDS
  },
  writeStep(writer, keyspace, entry, cursor) {
    const hash = opened(keyspace, entry)
    const { u8 } = keyspace.arena
    const soonest = soonestOf(hash)
    if (cursor === 0 && soonest > 0) writer.time(lowHalf(soonest), highHalf(soonest))
    if (!hash.isListpack) return writeFields(writer, hash, soonest, cursor)
    if (hash.isVolatile && soonest === 0) writePairs(writer, hash)
    else writer.string(u8, hash.block, listpack.listpackBytes(u8, hash.block))
    return VALUE_END
  },
  loaders: [
    [RDB_HASH, () => new FieldsLoader(RDB_HASH)],
    [RDB_HASH_METADATA, () => new FieldsLoader(RDB_HASH_METADATA)],
    [RDB_HASH_METADATA_PRE_GA, () => new FieldsLoader(RDB_HASH_METADATA_PRE_GA)],
    [RDB_HASH_LISTPACK, () => listpackLoader],
    [RDB_HASH_LISTPACK_EX, () => listpackExLoader],
    [RDB_HASH_LISTPACK_EX_PRE_GA, () => listpackExPreGaLoader],
    [RDB_HASH_ZIPLIST, () => ziplistLoader],
    [RDB_HASH_ZIPMAP, () => zipmapLoader],
  ],
}

/** When the first field of a hash expires, 0 when none does. */
function soonestOf(hash: Hash): number {
  return hash.isVolatile ? hash.soonestExpiry : 0
}

const views: Hash[] = []

/**
 * A hash in a view of this file's own: a snapshot writes what a command is about to change, while the command's view of
 * it is open.
 */
function opened(keyspace: Keyspace, entry: number): Hash {
  const view = viewOf(keyspace)
  view.open(entry)
  return view
}

function viewOf(keyspace: Keyspace): Hash {
  const { index } = keyspace.shard
  if (views[index]?.arena !== keyspace.arena) views[index] = new Hash(keyspace)
  views[index].keyspace = keyspace
  return views[index]
}

/** Writes some fields, after their number if `cursor` is 0; a cursor is the table's. `soonest` 0: no expiries. */
function writeFields(writer: RdbWriter, hash: Hash, soonest: number, cursor: number): number {
  const { table } = hash
  if (cursor === 0) writer.integer(table.used)
  let next = cursor
  let fields = 0
  do {
    next = table.scanStep(next)
    for (let i = 0; i < table.scannedCount; i++) writeField(writer, hash, table.scanned[i], soonest)
    fields += table.scannedCount + 1
  } while (next !== 0 && fields < FIELDS_PER_STEP)
  return next === 0 ? VALUE_END : next
}

function writeField(writer: RdbWriter, hash: Hash, field: number, soonest: number): void {
  const { arena } = hash
  const { u8 } = arena
  if (soonest > 0) {
    const expiry = hash.expiryOf(field)
    writer.integer(expiry === 0 ? 0 : expiry - soonest + 1)
  }
  writer.string(u8, keyOffset(arena, field), keyLength(arena, field))
  writer.string(u8, stringOffset(arena, field), stringLength(arena, field))
}

function writePairs(writer: RdbWriter, hash: Hash): void {
  const { u8 } = hash.arena
  writer.integer(hash.count)
  for (let p = listpack.first(hash.block); !listpack.isEnd(u8, p); p = hash.nextField(p)) {
    for (const each of [p, listpack.next(u8, p)]) {
      listpack.read(u8, each)
      writer.string(listpack.element.bytes, listpack.element.offset, listpack.element.length)
    }
  }
}

/** Field by field, into a hash that becomes a hashtable when its limits say so. */
class FieldsLoader implements ValueLoader {
  private readonly rdbType: number
  private left = -1
  private soonest = 0

  constructor(rdbType: number) {
    this.rdbType = rdbType
  }

  begin(): void {
    this.left = -1
  }

  step(reader: RdbReader, target: LoadTarget): boolean {
    if (this.left < 0) {
      this.soonest = this.rdbType === RDB_HASH_METADATA ? readTime(reader) : 1
      const count = reader.integer()
      if (count === 0) throw new EmptyValue()
      createHash(target, count, Math.min(count, reader.mostLeft / LEAST_FIELD_BYTES))
      this.left = count
      return false
    }
    const { first: field, second: value } = target
    const relative = this.rdbType === RDB_HASH ? 0 : reader.integer()
    const expiry = relative === 0 ? 0 : relative - 1 + this.soonest
    if (expiry > MAX_EXPIRY_MS) throw new RdbError(`invalid expireAt time: ${expiry}`)
    reader.string(field)
    reader.string(value)
    const hash = openedForLoad(target)
    // Redis makes such a hash volatile even if none of its fields expires.
    if (this.rdbType !== RDB_HASH) makeVolatile(hash)
    const isNew = hash.set(field.bytes, field.offset, field.length, value.bytes, value.offset, value.length, false)
    if (!isNew) throw new RdbError(DUPLICATE)
    if (expiry > 0) setFieldExpiry(hash, field, expiry)
    return --this.left === 0
  }
}

function setFieldExpiry(hash: Hash, field: RdbText, expiryMs: number): void {
  const kept = prepareExpiries(hash, 1)
  try {
    setExpiry(hash, hash.locate(field.bytes, field.offset, field.length), expiryMs)
  } finally {
    finishExpiries(hash, kept)
  }
}

function readTime(reader: RdbReader): number {
  const low = reader.word() >>> 0
  return low + (reader.word() >>> 0) * TWO_32
}

/** A hash without fields, a hashtable if it will have too many; `believed` says how many to make room for. */
function createHash(target: LoadTarget, count: number, believed: number): void {
  const hash = viewOf(target.keyspace)
  limit(hash, target)
  target.lookUp()
  target.entry = hash.create(target.bytes, target.offset, target.length, 0, 0)
  if (count <= hash.maxEntries) return
  hash.convert()
  hash.table.prepare(believed)
}

function openedForLoad(target: LoadTarget): Hash {
  const hash = opened(target.keyspace, target.entry)
  limit(hash, target)
  return hash
}

function limit(hash: Hash, { settings }: LoadTarget): void {
  hash.maxEntries = settings.hashMaxListpackEntries
  hash.maxValue = settings.hashMaxListpackValue
}

const listpackLoader: ValueLoader = {
  begin: () => {},
  step(reader, target) {
    const { first: text } = target
    reader.string(text)
    const count = soundListpackCount(text.bytes, text.offset, text.length)
    if (count < 0) throw new RdbError(BROKEN_LISTPACK)
    insertListpack(target, text.bytes, text.offset, count, 2, false)
    return true
  },
}

const listpackExLoader: ValueLoader = {
  begin: () => {},
  step(reader, target) {
    reader.skip(8)
    return listpackExPreGaLoader.step(reader, target)
  },
}

const listpackExPreGaLoader: ValueLoader = {
  begin: () => {},
  step(reader, target) {
    const { first: text } = target
    reader.string(text)
    const count = soundListpackCount(text.bytes, text.offset, text.length)
    if (count < 0 || !areOrdered(text.bytes, text.offset, count)) throw new RdbError(BROKEN_LISTPACK_EX)
    insertListpack(target, text.bytes, text.offset, count, 3, false)
    return true
  },
}

/** Whether every third element of a sound listpack is an expiry, none before an earlier one, and 0 only at the end. */
function areOrdered(u8: Uint8Array, at: number, count: number): boolean {
  if (count % 3 !== 0) return false
  let latest = 1
  for (let p = listpack.first(at); !listpack.isEnd(u8, p); p = listpack.next(u8, p)) {
    p = listpack.next(u8, listpack.next(u8, p))
    if (!listpack.isInteger(u8, p)) return false
    const expiry = listpack.integerAt(u8, p)
    if (expiry !== 0 && (latest === 0 || expiry < latest || expiry > MAX_EXPIRY_MS)) return false
    latest = expiry
  }
  return true
}

const scratch = new ListpackScratch()

const ziplistLoader: ValueLoader = {
  begin: () => {},
  step(reader, target) {
    const { first: text, second: element } = target
    reader.string(text)
    const count = soundZiplistCount(text.bytes, text.offset, text.length)
    if (count < 0) throw new RdbError('Hash ziplist integrity check failed.')
    scratch.clear()
    let p = firstEntry(text.offset)
    for (let i = 0; i < count; i++) {
      p = readEntry(text.bytes, p, element)
      scratch.append(element)
    }
    insertListpack(target, scratch.bytes, 0, count, 2, false)
    return true
  },
}

const zipmapLoader: ValueLoader = {
  begin: () => {},
  step(reader, target) {
    const { first: text, second: field, third: value, settings } = target
    reader.string(text)
    const count = soundZipmapCount(text.bytes, text.offset, text.length)
    // No version left a zipmap empty.
    if (count <= 0) throw new RdbError('Zipmap integrity check failed.')
    scratch.clear()
    let isLong = false
    let p = text.offset + 1
    for (let i = 0; i < count; i++) {
      p = readField(text.bytes, p, field, value)
      scratch.append(field)
      scratch.append(value)
      if (field.length > settings.hashMaxListpackValue || value.length > settings.hashMaxListpackValue) isLong = true
    }
    insertListpack(target, scratch.bytes, 0, 2 * count, 2, isLong)
    return true
  },
}

/**
 * Adds a copy of a sound listpack with `count` elements, `width` for each field, as a hash; a hashtable if need be.
 */
function insertListpack(
  target: LoadTarget,
  u8: Uint8Array,
  at: number,
  count: number,
  width: 2 | 3,
  isLong: boolean,
): void {
  const { keyspace, settings } = target
  const { arena } = keyspace
  if (count === 0) throw new EmptyValue()
  if (count % width !== 0 || hasDuplicates(u8, at, count, width - 1, keyspace.keys.seed)) {
    throw new RdbError(BROKEN_LISTPACK)
  }
  target.lookUp()
  const bytes = listpack.listpackBytes(u8, at)
  const isVolatile = width === 3
  const prefix = isVolatile ? PREFIX_BYTES : 0
  const block = arena.allocate(prefix + bytes)
  if (block === 0) throw ARENA_FULL
  if (isVolatile) initializePrefix(arena, block)
  copyBytes(arena.u8, block + prefix, u8, at, bytes)
  try {
    if (isVolatile && !keyspace.volatileHashes.reserve(1)) throw ARENA_FULL
    const kind = isVolatile ? KIND_LISTPACK_EX : KIND_LISTPACK
    target.entry = keyspace.insert(kind, target.bytes, target.offset, target.length, block)
  } catch (error) {
    arena.release(block)
    keyspace.volatileHashes.dropIfEmpty()
    throw error
  }
  const hash = openedForLoad(target)
  if (isVolatile) {
    hash.reschedule()
    finishExpiries(hash, 0)
  }
  if (isLong || count > width * settings.hashMaxListpackEntries) hash.convert()
}
