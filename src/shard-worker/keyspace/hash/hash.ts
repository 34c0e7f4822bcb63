/* Hashes: fields and their values, in a listpack or a table. A Hash is a view of the hash that was opened last; one is
 * kept for each shard. Baton holder. Hot: HGET and HSET allocate no JavaScript. hash-layout.ts draws the blocks.
 *
 * A listpack becomes a hashtable when it has more than `maxEntries` fields, or is given a field or value longer than
 * `maxValue`, and stays one, as in Redis. A hash becomes volatile when it is asked to let a field expire (see
 * hash-expiry.ts), and stays it. An expired field is there and counted until a look-up meets it or the active cycle
 * comes by, as in Redis 7.4.
 *
 * I1  a hash has at least one field when a command has ended.
 * I2  a listpack has as many values as fields, and no field twice.
 * I3  field bytes is the sum of the capacities.
 * I4  a table's heap of fields has exactly those with HAS_EXPIRE.
 * I5  the fields of a volatile listpack are ordered by their expiry; those without one come last.
 * I6  a volatile hash is in the heap of its database, under its soonest expiry, exactly while some field has one. */
import { assert } from '../../../base/assert.ts'
import * as listpack from '../../structure/listpack.ts'
import {
  EMBEDDED_ENTRY_MAX_BYTES,
  ENCODING_HASHTABLE,
  ENCODING_HASHTABLE_EX,
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EX,
  entryBytes,
  flagsOf,
  HAS_EXPIRE,
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
} from '../entry.ts'
import { fieldExpiry, writeFieldExpiry } from '../expiry/expiry-heap.ts'
import { copyPlace, createTable, FIELD_BYTES_OFFSET, fieldBytes, releaseEntry, releaseTable } from './hash-layout.ts'
import './hash-type.ts'
import { ARENA_FULL, type Keyspace } from '../keyspace.ts'
import { EXPIRED_FIELDS } from '../shard-layout.ts'
import { BUCKET_BYTES } from '../table/table-layout.ts'
import { HashView } from './hash-view.ts'
import { insertExpiry, NO_EXPIRY_BYTES, setListpackExpiry } from './volatile-listpack.ts'

const LISTPACK_KIND = TYPE_HASH | (ENCODING_LISTPACK << 4)
/** Bytes of a listpack's element beside its text, at most. */
const ELEMENT_OVERHEAD_BYTES = 10
/* What hasRoom reckons with for a field: its entry, its value's block, a bucket, and of each size a span begun anew. */
const FIELD_OVERHEAD_BYTES = 128
const ALLOCATIONS_PER_FIELD = 3
const MOST_SPANS = 97
const MOST_SPAN_BYTES = 15 * 16 * 1024

export class Hash extends HashView {
  /** The value that find() found, valid until the next change or read. */
  valueBytes: Uint8Array
  valueOffset: number
  valueLength: number
  maxEntries: number
  maxValue: number

  constructor(keyspace: Keyspace) {
    super(keyspace)
    this.valueBytes = this.arena.u8
    this.valueOffset = 0
    this.valueLength = 0
    this.maxEntries = 0
    this.maxValue = 0
  }

  /**
   * Adds the key looked up last, which was not there, as a hash without fields, and opens it; the caller adds some or
   * removes it. `textBytes` and `texts` tell what will be put into it. Throws ARENA_FULL with nothing changed.
   */
  create(bytes: Uint8Array, offset: number, length: number, textBytes: number, texts: number): number {
    const { arena, keyspace } = this
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

  /** Deletes the hash that is open with its key. */
  discard(): void {
    this.keyspace.removeEntry(this.entry)
    this.entry = 0
  }

  /**
   * Looks a field up; its value is at valueBytes, valueOffset, valueLength then. A field that has expired is deleted,
   * and the hash with its last one: it is not open any more then.
   */
  find(bytes: Uint8Array, offset: number, length: number): boolean {
    const field = this.locate(bytes, offset, length)
    if (field === 0 || (this.isVolatile && this.isGone(field))) return false
    const { arena } = this
    if (this.isListpack) {
      this.readElement(listpack.next(arena.u8, field))
      return true
    }
    this.valueBytes = arena.u8
    this.valueOffset = stringOffset(arena, field)
    this.valueLength = stringLength(arena, field)
    return true
  }

  /** Whether a field that a look-up met has expired; deletes it then, unless a pause keeps it. */
  private isGone(field: number): boolean {
    if (!this.hasExpired(field)) return false
    const { arena, keyspace, entry } = this
    if (keyspace.shard.access.expirePaused) return true
    keyspace.beforeChange(entry)
    keyspace.shard.counters[EXPIRED_FIELDS]++
    keyspace.wakeWatchers(arena.u8, keyOffset(arena, entry), keyLength(arena, entry))
    this.removeLocated(field)
    if (this.count === 0) this.discard()
    return true
  }

  private readElement(p: number): void {
    listpack.read(this.arena.u8, p)
    this.valueBytes = listpack.element.bytes
    this.valueOffset = listpack.element.offset
    this.valueLength = listpack.element.length
  }

  /**
   * Sets a field, whose bytes and those of the value lie outside the arena; true when it was not there. Its expiry
   * goes, unless `keepsExpiry`. Throws ARENA_FULL with no field changed.
   */
  set(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
    keepsExpiry: boolean,
  ): boolean {
    if (this.isListpack) {
      const { count, maxEntries, maxValue } = this
      // One that has more fields than it may, as after CONFIG SET, goes at the next change, whatever that is.
      const fits = fieldLength <= maxValue && valueLength <= maxValue && count <= maxEntries
      const found = fits ? this.locate(bytes, field, fieldLength) : 0
      if (found !== 0) {
        const distance = found - this.block
        this.replaceInListpack(found, valueBytes, value, valueLength)
        if (this.isVolatile && !keepsExpiry) setListpackExpiry(this, this.block + distance, 0)
        return false
      }
      if (fits && count < maxEntries) {
        this.appendToListpack(bytes, field, fieldLength, valueBytes, value, valueLength)
        return true
      }
      return this.setConverted(bytes, field, fieldLength, valueBytes, value, valueLength, keepsExpiry)
    }
    return this.setInTable(bytes, field, fieldLength, valueBytes, value, valueLength, keepsExpiry)
  }

  /** Sets a field of a listpack that has to become a table for it. */
  private setConverted(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
    keepsExpiry: boolean,
  ): boolean {
    const old = this.convertKeeping()
    try {
      const isNew = this.setInTable(bytes, field, fieldLength, valueBytes, value, valueLength, keepsExpiry)
      this.arena.release(old)
      return isNew
    } catch (error) {
      this.revert(old)
      throw error
    }
  }

  private replaceInListpack(field: number, valueBytes: Uint8Array, value: number, valueLength: number): void {
    const { u8 } = this.arena
    const at = listpack.next(u8, field)
    const distance = at - this.block
    const growth = listpack.insertedBytes(valueBytes, value, valueLength) - listpack.elementBytes(u8, at)
    this.resizeListpack(listpack.listpackBytes(u8, this.block) + growth)
    listpack.replace(u8, this.block, this.block + distance, valueBytes, value, valueLength)
  }

  private appendToListpack(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
  ): void {
    const { u8 } = this.arena
    const growth =
      listpack.insertedBytes(bytes, field, fieldLength) +
      listpack.insertedBytes(valueBytes, value, valueLength) +
      (this.isVolatile ? NO_EXPIRY_BYTES : 0)
    this.resizeListpack(listpack.listpackBytes(u8, this.block) + growth)
    const end = listpack.insert(u8, this.block, listpack.end(u8, this.block), bytes, field, fieldLength)
    const after = listpack.insert(u8, this.block, end, valueBytes, value, valueLength)
    if (this.isVolatile) insertExpiry(u8, this.block, after, 0)
  }

  private setInTable(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
    keepsExpiry: boolean,
  ): boolean {
    const { arena, table } = this
    const hash = table.hash(bytes, field, fieldLength)
    const found = table.find(hash, bytes, field, fieldLength)
    const flags = found === 0 ? 0 : flagsOf(arena, found)
    const expires = (flags & HAS_EXPIRE) !== 0
    if (found !== 0 && (flags & OUT_OF_LINE) === 0 && (keepsExpiry || !expires)) {
      const total = entryBytes(flags, fieldLength, valueLength)
      const capacity = arena.capacity(found)
      if (total <= capacity && total * 2 > capacity) {
        setEmbeddedLength(arena, found, valueLength)
        writeBytes(arena, stringOffset(arena, found), valueBytes, value, valueLength)
        return false
      }
    }
    const expiry = keepsExpiry && expires ? fieldExpiry(arena, found) : 0
    const fresh = this.freshField(bytes, field, fieldLength, valueBytes, value, valueLength, expiry)
    if (found === 0) {
      if (table.insert(hash, fresh)) return true
      this.releaseField(fresh)
      throw ARENA_FULL
    }
    table.replaceFound(fresh)
    if (expires) this.replaceVolatile(found, fresh, expiry)
    this.releaseField(found)
    return false
  }

  /* Several fields or none, in a table: prepare an entry for each, then store them all. */

  /** The entry of a field without expiry, in no table yet. Throws ARENA_FULL. */
  prepareField(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
  ): number {
    return this.freshField(bytes, field, fieldLength, valueBytes, value, valueLength, 0)
  }

  /** Frees what prepareField() made. */
  discardPrepared(prepared: number): void {
    this.releaseField(prepared)
  }

  /**
   * Puts a prepared entry into the table, in the place of what the field had; true when it had nothing. Needs room for
   * no more than a bucket while rehashing is paused.
   */
  storePrepared(prepared: number, bytes: Uint8Array, field: number, fieldLength: number): boolean {
    const { arena, table } = this
    const hash = table.hash(bytes, field, fieldLength)
    const found = table.find(hash, bytes, field, fieldLength)
    if (found === 0) {
      const inserted = table.insert(hash, prepared)
      assert(inserted, 'room for a bucket was made sure of')
      return true
    }
    table.replaceFound(prepared)
    if (flagsOf(arena, found) & HAS_EXPIRE) this.replaceVolatile(found, prepared, 0)
    this.releaseField(found)
    return false
  }

  /** Another entry stands for a field that expired, and still does unless its expiry is 0. */
  private replaceVolatile(old: number, fresh: number, expiry: number): void {
    const { volatileFields } = this
    if (expiry === 0) {
      volatileFields.remove(old)
      this.reschedule()
    } else {
      volatileFields.moved(old, fresh)
    }
  }

  /** A field's entry, in no table yet; `expiry` 0 for none. */
  private freshField(
    bytes: Uint8Array,
    field: number,
    fieldLength: number,
    valueBytes: Uint8Array,
    value: number,
    valueLength: number,
    expiry: number,
  ): number {
    const { arena } = this
    const embedded = keyFlags(fieldLength) | (expiry === 0 ? 0 : HAS_EXPIRE)
    const isLong = entryBytes(embedded, fieldLength, valueLength) > EMBEDDED_ENTRY_MAX_BYTES
    const flags = isLong ? embedded | OUT_OF_LINE : embedded
    const block = isLong ? this.freshValue(valueBytes, value, valueLength) : 0
    const entry = arena.allocate(entryBytes(flags, fieldLength, isLong ? 0 : valueLength))
    if (entry === 0) {
      if (isLong) arena.release(block)
      throw ARENA_FULL
    }
    writeHeader(arena, entry, 0, flags, fieldLength, 0, isLong ? block : valueLength)
    const key = entry + headerBytes(flags)
    writeBytes(arena, key, bytes, field, fieldLength)
    if (!isLong) writeBytes(arena, key + fieldLength, valueBytes, value, valueLength)
    if (expiry !== 0) writeFieldExpiry(arena, entry, expiry)
    this.addFieldBytes(fieldBytes(arena, entry))
    return entry
  }

  /** The block of a value too long for its field's entry. */
  private freshValue(valueBytes: Uint8Array, value: number, valueLength: number): number {
    const { arena } = this
    const block = arena.allocate(STRING_BLOCK_HEADER_BYTES + valueLength)
    if (block === 0) throw ARENA_FULL
    arena.u32[block >> 2] = valueLength
    writeBytes(arena, block + STRING_BLOCK_HEADER_BYTES, valueBytes, value, valueLength)
    return block
  }

  private releaseField(entry: number): void {
    const { arena } = this
    this.addFieldBytes(-fieldBytes(arena, entry))
    releaseEntry(arena, entry)
  }

  /** Counts arena bytes that fields have gained or lost. */
  addFieldBytes(change: number): void {
    this.arena.u32[(this.block + FIELD_BYTES_OFFSET) >> 2] += change
  }

  /** Makes a listpack a hashtable; throws ARENA_FULL with nothing changed. */
  convert(): void {
    if (this.isListpack) this.arena.release(this.convertKeeping())
  }

  /** The same, but the listpack's block stays: it is returned, to be released or given to revert(). */
  convertKeeping(): number {
    const { arena, prefix, block: old } = this
    const start = createTable(arena, this.table.seed, prefix)
    if (start === 0) throw ARENA_FULL
    this.block = start + prefix
    this.openTable()
    try {
      this.takeFieldsFrom(old)
    } catch (error) {
      releaseTable(arena, start, prefix)
      this.block = old
      throw error
    }
    if (this.isVolatile) copyPlace(arena, old - prefix, start)
    setKind(arena, this.entry, TYPE_HASH, this.isVolatile ? ENCODING_HASHTABLE_EX : ENCODING_HASHTABLE)
    setBlock(arena, this.entry, start)
    this.isListpack = false
    return old - prefix
  }

  /** Undoes convertKeeping(), when the fields are again what they were. */
  revert(kept: number): void {
    const { arena, entry, prefix } = this
    const start = this.block - prefix
    if (this.isVolatile) copyPlace(arena, start, kept)
    setKind(arena, entry, TYPE_HASH, this.isVolatile ? ENCODING_LISTPACK_EX : ENCODING_LISTPACK)
    setBlock(arena, entry, kept)
    releaseTable(arena, start, prefix)
    this.open(entry)
  }

  /** Fills the table with the fields of a listpack. */
  private takeFieldsFrom(old: number): void {
    const { arena, table, volatileFields } = this
    const { u8 } = arena
    if (this.isVolatile && !volatileFields.reserve(listpack.listpackCount(u8, old) / 3)) throw ARENA_FULL
    for (let p = listpack.first(old); !listpack.isEnd(u8, p); p = this.nextField(p)) {
      // A field that is an integer lies in the scratch of read(): it is copied before its value is read.
      listpack.read(u8, p)
      const { bytes, offset, length } = listpack.element
      const field = bytes.slice(offset, offset + length)
      const expiry = this.isVolatile ? listpack.integerAt(u8, this.expiryElement(p)) : 0
      this.readElement(listpack.next(u8, p))
      const { valueBytes, valueOffset, valueLength } = this
      const entry = this.freshField(field, 0, length, valueBytes, valueOffset, valueLength, expiry)
      if (!table.insert(table.hash(field, 0, length), entry)) {
        this.releaseField(entry)
        throw ARENA_FULL
      }
      if (expiry !== 0) volatileFields.add(entry)
    }
    if (this.isVolatile) volatileFields.dropIfEmpty()
  }

  /** Deletes a field; false when it was not there. The caller deletes a hash that has none left. */
  remove(bytes: Uint8Array, offset: number, length: number): boolean {
    const found = this.locate(bytes, offset, length)
    if (found !== 0) this.removeLocated(found)
    return found !== 0
  }

  /** Deletes the field that locate() found. */
  removeLocated(field: number): void {
    const { arena, table } = this
    if (this.isListpack) {
      listpack.removeRange(arena.u8, this.block, field, this.nextField(field), this.width)
      this.resizeListpack(listpack.listpackBytes(arena.u8, this.block))
    } else {
      table.removeFound()
      if (flagsOf(arena, field) & HAS_EXPIRE) this.volatileFields.remove(field)
      this.releaseField(field)
      table.shrinkIfSparse()
    }
    if (this.isVolatile) this.reschedule()
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

/** The view of hashes in a keyspace's shard, for this keyspace; not open yet. */
export function hashOf(keyspace: Keyspace): Hash {
  let view = views[keyspace.shard.index]
  if (view === undefined || view.arena !== keyspace.arena) {
    view = new Hash(keyspace)
    views[keyspace.shard.index] = view
  }
  view.keyspace = keyspace
  return view
}
