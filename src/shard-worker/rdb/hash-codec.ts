/* Hashes in the RDB format: written as a listpack or field by field, read in every form that Redis wrote. Baton holder.
 *
 *   HASH            count, then field and value, each a string
 *   HASH_LISTPACK   a string that is a listpack: field, value, field, value ...
 *   HASH_ZIPLIST    a string that is a ziplist of the same
 *   HASH_ZIPMAP     a string that is a zipmap
 *
 * What was compact stays compact when it has no more than `hash-max-listpack-entries` fields, however long they are, as
 * in Redis; a zipmap alone is asked for the length of its texts too. */

import { ENCODING_LISTPACK, keyLength, keyOffset, stringLength, stringOffset, TYPE_HASH } from '../keyspace/entry.ts'
import { Hash } from '../keyspace/hash.ts'
import { ARENA_FULL, type Keyspace } from '../keyspace/keyspace.ts'
import * as listpack from '../structure/listpack.ts'
import { hasDuplicates, soundListpackCount } from '../structure/listpack-integrity.ts'
import { EmptyValue, type LoadTarget, type ValueCodec, type ValueLoader } from './codec.ts'
import { RDB_HASH, RDB_HASH_LISTPACK, RDB_HASH_ZIPLIST, RDB_HASH_ZIPMAP } from './format.ts'
import { ListpackScratch } from './listpack-scratch.ts'
import { RdbError, type RdbReader } from './reader.ts'
import type { RdbWriter } from './writer.ts'
import { firstEntry, readEntry, soundZiplistCount } from './ziplist.ts'
import { readField, soundZipmapCount } from './zipmap.ts'

const KIND_LISTPACK = TYPE_HASH | (ENCODING_LISTPACK << 4)
const DUPLICATE = 'Duplicate hash fields detected'

export const hashCodec: ValueCodec = {
  type: TYPE_HASH,
  rdbTypeOf: (keyspace, entry) => (opened(keyspace, entry).isListpack ? RDB_HASH_LISTPACK : RDB_HASH),
  writeValue(writer, keyspace, entry) {
    const hash = opened(keyspace, entry)
    const { u8 } = keyspace.arena
    if (hash.isListpack) writer.string(u8, hash.block, listpack.listpackBytes(u8, hash.block))
    else writeFields(writer, hash)
  },
  loaders: [
    [RDB_HASH, () => new FieldsLoader()],
    [RDB_HASH_LISTPACK, () => listpackLoader],
    [RDB_HASH_ZIPLIST, () => ziplistLoader],
    [RDB_HASH_ZIPMAP, () => zipmapLoader],
  ],
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

function writeFields(writer: RdbWriter, { arena, table }: Hash): void {
  const { u8 } = arena
  writer.integer(table.used)
  let cursor = 0
  do {
    cursor = table.scanStep(cursor)
    for (let i = 0; i < table.scannedCount; i++) {
      const field = table.scanned[i]
      writer.string(u8, keyOffset(arena, field), keyLength(arena, field))
      writer.string(u8, stringOffset(arena, field), stringLength(arena, field))
    }
  } while (cursor !== 0)
}

/** Field by field, into a hash that becomes a hashtable when its limits say so. */
class FieldsLoader implements ValueLoader {
  private left = -1

  begin(): void {
    this.left = -1
  }

  step(reader: RdbReader, target: LoadTarget): boolean {
    if (this.left < 0) {
      const count = reader.integer()
      if (count === 0) throw new EmptyValue()
      createHash(target, count)
      this.left = count
      return false
    }
    const { first: field, second: value } = target
    reader.string(field)
    reader.string(value)
    const hash = openedForLoad(target)
    const isNew = hash.set(field.bytes, field.offset, field.length, value.bytes, value.offset, value.length, false)
    if (!isNew) throw new RdbError(DUPLICATE)
    return --this.left === 0
  }
}

/** A hash without fields, a hashtable if it will have too many. */
function createHash(target: LoadTarget, count: number): void {
  const hash = viewOf(target.keyspace)
  limit(hash, target)
  target.lookUp()
  target.entry = hash.create(target.bytes, target.offset, target.length, 0, 0)
  if (count > hash.maxEntries) hash.convert()
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
    if (count < 0) throw new RdbError('Hash listpack integrity check failed.')
    insertListpack(target, text.bytes, text.offset, count, false)
    return true
  },
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
    insertListpack(target, scratch.bytes, 0, count, false)
    return true
  },
}

const zipmapLoader: ValueLoader = {
  begin: () => {},
  step(reader, target) {
    const { first: text, second: field, third: value, settings } = target
    reader.string(text)
    const count = soundZipmapCount(text.bytes, text.offset, text.length)
    if (count < 0) throw new RdbError('Zipmap integrity check failed.')
    scratch.clear()
    let isLong = false
    let p = text.offset + 1
    for (let i = 0; i < count; i++) {
      p = readField(text.bytes, p, field, value)
      scratch.append(field)
      scratch.append(value)
      if (field.length > settings.hashMaxListpackValue || value.length > settings.hashMaxListpackValue) isLong = true
    }
    insertListpack(target, scratch.bytes, 0, 2 * count, isLong)
    return true
  },
}

/** Adds a copy of a sound listpack with `count` elements as a hash; a hashtable if it has to be. */
function insertListpack(target: LoadTarget, u8: Uint8Array, at: number, count: number, isLong: boolean): void {
  const { keyspace, settings } = target
  const { arena } = keyspace
  if (count === 0) throw new EmptyValue()
  if (count % 2 !== 0) throw new RdbError('Hash integrity check failed.')
  if (hasDuplicates(u8, at, count, 1, keyspace.keys.seed)) throw new RdbError(DUPLICATE)
  const bytes = listpack.listpackBytes(u8, at)
  const block = arena.allocate(bytes)
  if (block === 0) throw ARENA_FULL
  arena.u8.set(u8.subarray(at, at + bytes), block)
  target.lookUp()
  try {
    target.entry = keyspace.insert(KIND_LISTPACK, target.bytes, target.offset, target.length, block)
  } catch (error) {
    arena.release(block)
    throw error
  }
  if (isLong || count > 2 * settings.hashMaxListpackEntries) openedForLoad(target).convert()
}
