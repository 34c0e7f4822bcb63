/* Hashes: fields and their values in a block of their own. Baton holder. Hot: HGET and HSET allocate no JavaScript.
 *
 * listpack   the block is a listpack (structure/listpack.ts): field, value, field, value ...
 * hashtable  the block is a table as the keyspace has them (table-layout.ts), whose entries (entry.ts) are strings with
 *            the field as their key; access is unused:
 *
 *   0                  32     36            40
 *   | table descriptor | seed | field bytes |
 *
 * seed         of the hash of the fields.   field bytes  arena bytes of all the fields' entries and values.
 *
 * A Hash is a view of the hash that was opened last; one is kept for each shard. A listpack becomes a hashtable when it
 * has more than `maxEntries` fields, or is given a field or value longer than `maxValue`, and stays one, as in Redis.
 *
 * I1  a hash has at least one field when a command has ended.
 * I2  a listpack has as many values as fields, and no field twice.
 * I3  field bytes is the sum of the capacities. */
import { AssertionError, assert } from '../../base/assert.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import * as listpack from '../structure/listpack.ts'
import { Digest } from './digest.ts'
import {
  blockOf,
  checkEntry,
  EMBEDDED_ENTRY_MAX_BYTES,
  ENCODING_HASHTABLE,
  ENCODING_LISTPACK,
  encodingOf,
  entryBytes,
  flagsOf,
  headerBytes,
  keyFlags,
  keyLength,
  keyOffset,
  OUT_OF_LINE,
  STRING_BLOCK_HEADER_BYTES,
  setBlock,
  setEmbeddedLength,
  setKind,
  stringLength,
  stringOffset,
  TYPE_HASH,
  writeBytes,
  writeHeader,
} from './entry.ts'
import { ARENA_FULL, type Keyspace } from './keyspace.ts'
import { Table } from './table.ts'
import { checkTable, ownBuckets } from './table-check.ts'
import { BUCKET_BYTES, TABLE_BYTES } from './table-layout.ts'
import { registerValueType } from './value-type.ts'

const SEED_OFFSET = TABLE_BYTES
const FIELD_BYTES_OFFSET = SEED_OFFSET + 4
const TABLE_BLOCK_BYTES = FIELD_BYTES_OFFSET + 4
const LISTPACK_KIND = TYPE_HASH | (ENCODING_LISTPACK << 4)
/** Bytes of a listpack's element beside its text, at most. */
const ELEMENT_OVERHEAD_BYTES = 10
/* What hasRoom reckons with for a field: its entry, its value's block, a bucket, and of each size a span begun anew. */
const FIELD_OVERHEAD_BYTES = 128
const ALLOCATIONS_PER_FIELD = 3
const MOST_SPANS = 97
const MOST_SPAN_BYTES = 15 * 16 * 1024

export class Hash {
  readonly arena: Arena
  /** The fields of a hashtable. */
  readonly table: Table
  private readonly seed: number
  private entry: number
  /** Of the hash that is open. */
  block: number
  isListpack: boolean
  /** The value that find() found, valid until the next change or read. */
  valueBytes: Uint8Array
  valueOffset: number
  valueLength: number
  maxEntries: number
  maxValue: number

  constructor(arena: Arena, seed: number) {
    this.arena = arena
    this.table = new Table(arena, 0, seed)
    this.seed = seed
    this.entry = 0
    this.block = 0
    this.isListpack = true
    this.valueBytes = arena.u8
    this.valueOffset = 0
    this.valueLength = 0
    this.maxEntries = 0
    this.maxValue = 0
  }

  /** Makes this a view of the hash that `entry` is. */
  open(entry: number): void {
    this.entry = entry
    this.block = blockOf(this.arena, entry)
    this.isListpack = encodingOf(this.arena, entry) === ENCODING_LISTPACK
    if (!this.isListpack) this.table.rebase(this.block)
  }

  /**
   * Adds the key looked up last, which was not there, as a hash without fields, and opens it; the caller adds some or
   * removes it. `textBytes` and `texts` tell what will be put into it. Throws ARENA_FULL with nothing changed.
   */
  create(
    keyspace: Keyspace,
    bytes: Uint8Array,
    offset: number,
    length: number,
    textBytes: number,
    texts: number,
  ): number {
    const { arena } = this
    const isSmall = texts <= 2 * this.maxEntries && textBytes <= texts * this.maxValue
    const room = isSmall ? textBytes + texts * 3 : 0
    const block = arena.allocate(listpack.EMPTY_LISTPACK_BYTES + room)
    if (block === 0) throw ARENA_FULL
    listpack.initializeListpack(arena.u8, block)
    try {
      const entry = keyspace.insert(LISTPACK_KIND, bytes, offset, length, block)
      this.open(entry)
      return entry
    } catch (error) {
      arena.release(block)
      throw error
    }
  }

  /** Whether a hash is open. */
  get isOpen(): boolean {
    return this.entry !== 0
  }

  close(): void {
    this.entry = 0
  }

  /** Deletes the hash that is open with its key. */
  discard(keyspace: Keyspace): void {
    keyspace.removeEntry(this.entry)
    this.entry = 0
  }

  /** Number of fields. O(1). */
  get count(): number {
    return this.isListpack ? listpack.listpackCount(this.arena.u8, this.block) >> 1 : this.table.used
  }

  /** Bytes of all fields and values, roughly: what they take in the arena. O(1). */
  get textBytes(): number {
    const { arena, block } = this
    return this.isListpack ? listpack.listpackBytes(arena.u8, block) : arena.u32[(block + FIELD_BYTES_OFFSET) >> 2]
  }

  /** Looks a field up; its value is at valueBytes, valueOffset, valueLength then. */
  find(bytes: Uint8Array, offset: number, length: number): boolean {
    const { u8 } = this.arena
    if (this.isListpack) {
      const field = listpack.find(u8, listpack.first(this.block), bytes, offset, length, 1)
      if (field === 0) return false
      this.readElement(listpack.next(u8, field))
      return true
    }
    const field = this.table.find(this.table.hash(bytes, offset, length), bytes, offset, length)
    if (field === 0) return false
    this.valueBytes = u8
    this.valueOffset = stringOffset(this.arena, field)
    this.valueLength = stringLength(this.arena, field)
    return true
  }

  private readElement(p: number): void {
    listpack.read(this.arena.u8, p)
    this.valueBytes = listpack.element.bytes
    this.valueOffset = listpack.element.offset
    this.valueLength = listpack.element.length
  }

  /**
   * Sets a field, whose bytes and those of the value lie outside the arena; true when it was not there. Throws
   * ARENA_FULL with no field changed.
   */
  set(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
  ): boolean {
    if (this.isListpack) {
      const room = this.maxEntries - this.count
      const isShort = fieldLength <= this.maxValue && valueLength <= this.maxValue
      if (isShort && (room > 0 || (room === 0 && this.find(bytes, field, fieldLength)))) {
        return this.setInListpack(bytes, field, fieldLength, valueBytes, value, valueLength)
      }
      this.convert()
    }
    return this.setInTable(bytes, field, fieldLength, valueBytes, value, valueLength)
  }

  private setInListpack(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
  ): boolean {
    const { u8 } = this.arena
    const found = listpack.find(u8, listpack.first(this.block), bytes, field, fieldLength, 1)
    const valueGrowth = listpack.insertedBytes(valueBytes, value, valueLength)
    if (found !== 0) {
      const at = listpack.next(u8, found)
      const distance = at - this.block
      this.resizeListpack(listpack.listpackBytes(u8, this.block) + valueGrowth - listpack.elementBytes(u8, at))
      listpack.replace(u8, this.block, this.block + distance, valueBytes, value, valueLength)
      return false
    }
    const growth = listpack.insertedBytes(bytes, field, fieldLength) + valueGrowth
    this.resizeListpack(listpack.listpackBytes(u8, this.block) + growth)
    const end = listpack.insert(u8, this.block, listpack.end(u8, this.block), bytes, field, fieldLength)
    listpack.insert(u8, this.block, end, valueBytes, value, valueLength)
    return true
  }

  /** Gives the listpack a block that holds `bytes`, and a smaller one when it wastes half of its own. */
  private resizeListpack(bytes: number): void {
    const { arena, block } = this
    const capacity = arena.capacity(block)
    if (bytes <= capacity && (bytes * 2 > capacity || !arena.fits(bytes))) return
    const used = listpack.listpackBytes(arena.u8, block)
    const moved = arena.allocate(Math.max(bytes, used))
    if (moved === 0) {
      if (bytes <= capacity) return
      throw ARENA_FULL
    }
    arena.u8.copyWithin(moved, block, block + used)
    setBlock(arena, this.entry, moved)
    this.block = moved
    arena.release(block)
  }

  private setInTable(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
  ): boolean {
    const { arena, table } = this
    const hash = table.hash(bytes, field, fieldLength)
    const found = table.find(hash, bytes, field, fieldLength)
    if (found !== 0 && (flagsOf(arena, found) & OUT_OF_LINE) === 0) {
      const total = entryBytes(flagsOf(arena, found), fieldLength, valueLength)
      const capacity = arena.capacity(found)
      if (total <= capacity && total * 2 > capacity) {
        setEmbeddedLength(arena, found, valueLength)
        writeBytes(arena, stringOffset(arena, found), valueBytes, value, valueLength)
        return false
      }
    }
    const fresh = this.freshField(bytes, field, fieldLength, valueBytes, value, valueLength)
    if (found !== 0) {
      table.replaceFound(fresh)
      this.releaseField(found)
      return false
    }
    if (table.insert(hash, fresh)) return true
    this.releaseField(fresh)
    throw ARENA_FULL
  }

  /** A field's entry, in no table yet. */
  private freshField(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
  ): number {
    const { arena } = this
    const flags = keyFlags(fieldLength)
    const embedded = entryBytes(flags, fieldLength, valueLength)
    if (embedded > EMBEDDED_ENTRY_MAX_BYTES) {
      return this.freshLongField(bytes, field, fieldLength, valueBytes, value, valueLength)
    }
    const entry = arena.allocate(embedded)
    if (entry === 0) throw ARENA_FULL
    writeHeader(arena, entry, 0, flags, fieldLength, 0, valueLength)
    writeBytes(arena, entry + headerBytes(flags), bytes, field, fieldLength)
    writeBytes(arena, entry + headerBytes(flags) + fieldLength, valueBytes, value, valueLength)
    this.addFieldBytes(arena.capacity(entry))
    return entry
  }

  private freshLongField(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
  ): number {
    const { arena } = this
    const flags = keyFlags(fieldLength) | OUT_OF_LINE
    const block = arena.allocate(STRING_BLOCK_HEADER_BYTES + valueLength)
    if (block === 0) throw ARENA_FULL
    const entry = arena.allocate(entryBytes(flags, fieldLength, 0))
    if (entry === 0) {
      arena.release(block)
      throw ARENA_FULL
    }
    arena.u32[block >> 2] = valueLength
    writeBytes(arena, block + STRING_BLOCK_HEADER_BYTES, valueBytes, value, valueLength)
    writeHeader(arena, entry, 0, flags, fieldLength, 0, block)
    writeBytes(arena, entry + headerBytes(flags), bytes, field, fieldLength)
    this.addFieldBytes(arena.capacity(entry) + arena.capacity(block))
    return entry
  }

  private releaseField(entry: number): void {
    const { arena } = this
    this.addFieldBytes(-fieldBytes(arena, entry))
    releaseEntry(arena, entry)
  }

  private addFieldBytes(change: number): void {
    this.arena.u32[(this.block + FIELD_BYTES_OFFSET) >> 2] += change
  }

  /** Makes a listpack a hashtable; throws ARENA_FULL with nothing changed. */
  convert(): void {
    if (!this.isListpack) return
    const { arena, block: old } = this
    const { u8 } = arena
    const block = createTable(arena, this.seed)
    if (block === 0) throw ARENA_FULL
    this.block = block
    this.table.rebase(block)
    try {
      // A field that is an integer lies in the scratch of read(): it is copied before its value is read.
      for (let p = listpack.first(old); !listpack.isEnd(u8, p); p = listpack.next(u8, listpack.next(u8, p))) {
        listpack.read(u8, p)
        const { bytes, offset, length } = listpack.element
        const field = bytes.slice(offset, offset + length)
        this.readElement(listpack.next(u8, p))
        this.setInTable(field, 0, length, this.valueBytes, this.valueOffset, this.valueLength)
      }
    } catch (error) {
      releaseTable(arena, block)
      this.block = old
      throw error
    }
    setKind(arena, this.entry, TYPE_HASH, ENCODING_HASHTABLE)
    setBlock(arena, this.entry, block)
    this.isListpack = false
    arena.release(old)
  }

  /** Deletes a field; false when it was not there. The caller deletes a hash that has none left. */
  remove(bytes: Uint8Array, offset: number, length: number): boolean {
    const { arena, table } = this
    const { u8 } = arena
    if (this.isListpack) {
      const field = listpack.find(u8, listpack.first(this.block), bytes, offset, length, 1)
      if (field === 0) return false
      const after = listpack.next(u8, listpack.next(u8, field))
      listpack.removeRange(u8, this.block, field, after, 2)
      this.resizeListpack(listpack.listpackBytes(u8, this.block))
      return true
    }
    const found = table.find(table.hash(bytes, offset, length), bytes, offset, length)
    if (found === 0) return false
    table.removeFound()
    this.releaseField(found)
    table.shrinkIfSparse()
    return true
  }

  /**
   * Whether `fields` more fields, `bytes` long with their values, surely find room, even if the hash has to become a
   * table; false says nothing.
   */
  hasRoom(fields: number, bytes: number): boolean {
    const { arena } = this
    const old = this.isListpack ? listpack.listpackBytes(arena.u8, this.block) : 0
    const entries = fields + (this.isListpack ? this.count : 0)
    const spans = Math.min(ALLOCATIONS_PER_FIELD * entries, MOST_SPANS) * MOST_SPAN_BYTES
    const tables = this.isListpack ? entries * BUCKET_BYTES : 2 * this.table.bucketBytes
    return arena.fits(2 * (bytes + old) + entries * (FIELD_OVERHEAD_BYTES + ELEMENT_OVERHEAD_BYTES) + spans + tables)
  }
}

const views: Hash[] = []

/** The view of hashes in a keyspace's shard, which is not open yet. */
export function hashOf(keyspace: Keyspace): Hash {
  const view = views[keyspace.shard.index]
  if (view !== undefined && view.arena === keyspace.arena) return view
  const fresh = new Hash(keyspace.arena, keyspace.keys.seed)
  views[keyspace.shard.index] = fresh
  return fresh
}

/** A block with an empty table of fields, 0 when there is no room. */
function createTable(arena: Arena, seed: number): number {
  const block = arena.allocate(TABLE_BLOCK_BYTES)
  if (block === 0) return 0
  Table.initialize(arena, block)
  arena.u32[(block + SEED_OFFSET) >> 2] = seed
  arena.u32[(block + FIELD_BYTES_OFFSET) >> 2] = 0
  return block
}

function tableAt(arena: Arena, block: number): Table {
  return new Table(arena, block, arena.i32[(block + SEED_OFFSET) >> 2])
}

function fieldBytes(arena: Arena, entry: number): number {
  const own = arena.capacity(entry)
  return flagsOf(arena, entry) & OUT_OF_LINE ? own + arena.capacity(blockOf(arena, entry)) : own
}

function releaseEntry(arena: Arena, entry: number): void {
  if (flagsOf(arena, entry) & OUT_OF_LINE) arena.release(blockOf(arena, entry))
  arena.release(entry)
}

function releaseTable(arena: Arena, block: number): void {
  const table = tableAt(arena, block)
  let cursor = 0
  do {
    cursor = table.scanStep(cursor)
    for (let i = 0; i < table.scannedCount; i++) releaseEntry(arena, table.scanned[i])
  } while (cursor !== 0)
  table.clear()
  arena.release(block)
}

/** A copy of a block's first `bytes`, 0 when there is no room. */
function cloneBlock(from: Arena, block: number, bytes: number, to: Arena): number {
  const copy = to.allocate(bytes)
  if (copy !== 0) to.u8.set(from.u8.subarray(block, block + bytes), copy)
  return copy
}

function cloneField(from: Arena, entry: number, to: Arena): number {
  const flags = flagsOf(from, entry)
  const isOutOfLine = (flags & OUT_OF_LINE) !== 0
  const own = entryBytes(flags, keyLength(from, entry), isOutOfLine ? 0 : stringLength(from, entry))
  const copy = cloneBlock(from, entry, own, to)
  if (copy === 0 || !isOutOfLine) return copy
  const value = cloneBlock(from, blockOf(from, entry), STRING_BLOCK_HEADER_BYTES + stringLength(from, entry), to)
  setBlock(to, copy, value)
  if (value !== 0) return copy
  to.release(copy)
  return 0
}

function cloneTable(from: Arena, block: number, to: Arena): number {
  const source = tableAt(from, block)
  const copy = createTable(to, from.u32[(block + SEED_OFFSET) >> 2])
  if (copy === 0) return 0
  const target = tableAt(to, copy)
  let total = 0
  let cursor = 0
  do {
    cursor = source.scanStep(cursor)
    for (let i = 0; i < source.scannedCount; i++) {
      const field = cloneField(from, source.scanned[i], to)
      if (field === 0 || !target.insert(target.hashOf(field), field)) {
        if (field !== 0) releaseEntry(to, field)
        releaseTable(to, copy)
        return 0
      }
      total += fieldBytes(to, field)
    }
  } while (cursor !== 0)
  to.u32[(copy + FIELD_BYTES_OFFSET) >> 2] = total
  return copy
}

function checkHashtable(arena: Arena, block: number, visit: (block: number) => void): void {
  visit(block)
  const table = tableAt(arena, block)
  assert(table.used > 0, 'I1 a hash has a field')
  ownBuckets(table, visit)
  let total = 0
  checkTable(table, (entry) => {
    checkEntry(arena, entry)
    visit(entry)
    if (flagsOf(arena, entry) & OUT_OF_LINE) visit(blockOf(arena, entry))
    total += fieldBytes(arena, entry)
  })
  assert(total === arena.u32[(block + FIELD_BYTES_OFFSET) >> 2], 'I3 field bytes is the sum')
}

function checkSmallHash(arena: Arena, block: number): void {
  const { u8 } = arena
  listpack.checkListpack(u8, block, arena.capacity(block))
  const count = listpack.listpackCount(u8, block)
  assert(count > 0 && count % 2 === 0, 'I1 I2 a hash has fields, each with a value')
  const seen = new Set<string>()
  eachField(arena, block, ENCODING_LISTPACK, (field) => {
    const text = Buffer.from(field).toString('latin1')
    if (seen.has(text)) throw new AssertionError('I2 no field twice')
    seen.add(text)
  })
}

/** Hands copies of every field and value to `visit`. Cold. */
export function eachField(
  arena: Arena,
  block: number,
  encoding: number,
  visit: (field: Uint8Array, value: Uint8Array) => void,
): void {
  const { u8 } = arena
  if (encoding === ENCODING_LISTPACK) {
    for (let p = listpack.first(block); !listpack.isEnd(u8, p); p = listpack.next(u8, listpack.next(u8, p))) {
      const field = copyOf(u8, p)
      visit(field, copyOf(u8, listpack.next(u8, p)))
    }
    return
  }
  const table = tableAt(arena, block)
  let cursor = 0
  do {
    cursor = table.scanStep(cursor)
    for (let i = 0; i < table.scannedCount; i++) {
      const entry = table.scanned[i]
      const at = keyOffset(arena, entry)
      const value = stringOffset(arena, entry)
      visit(u8.slice(at, at + keyLength(arena, entry)), u8.slice(value, value + stringLength(arena, entry)))
    }
  } while (cursor !== 0)
}

function copyOf(u8: Uint8Array, p: number): Uint8Array {
  listpack.read(u8, p)
  const { bytes, offset, length } = listpack.element
  return bytes.slice(offset, offset + length)
}

registerValueType(TYPE_HASH, {
  name: 'hash',
  release(arena, block, encoding) {
    if (encoding === ENCODING_LISTPACK) arena.release(block)
    else releaseTable(arena, block)
  },
  clone(from, block, to, encoding) {
    if (encoding === ENCODING_LISTPACK) return cloneBlock(from, block, listpack.listpackBytes(from.u8, block), to)
    return cloneTable(from, block, to)
  },
  bytes(arena, block, encoding) {
    const own = arena.capacity(block)
    if (encoding === ENCODING_LISTPACK) return own
    const [first, second] = tableAt(arena, block).bucketCounts
    return own + (first + second) * BUCKET_BYTES + arena.u32[(block + FIELD_BYTES_OFFSET) >> 2]
  },
  check(arena, block, visit, encoding) {
    if (encoding === ENCODING_HASHTABLE) return checkHashtable(arena, block, visit)
    visit(block)
    checkSmallHash(arena, block)
  },
  digest(arena, block, digest, encoding) {
    eachField(arena, block, encoding, (field, value) => {
      const pair = new Digest()
      pair.mix(field)
      pair.mix(value)
      digest.xor(pair.bytes)
    })
  },
})
