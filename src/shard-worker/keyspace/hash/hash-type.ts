/* What the keyspace can do with hashes as values: free, copy, measure, check, digest. Baton holder. */
import { AssertionError, assert } from '../../../base/assert.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import * as listpack from '../../structure/listpack.ts'
import { Digest } from '../digest.ts'
import {
  blockOf,
  checkEntry,
  entryBytes,
  flagsOf,
  HAS_EXPIRE,
  keyLength,
  keyOffset,
  OUT_OF_LINE,
  STRING_BLOCK_HEADER_BYTES,
  setBlock,
  stringLength,
  stringOffset,
  TYPE_HASH,
} from '../entry.ts'
import { FieldHeap, fieldExpiry, ownHeap } from '../expiry/expiry-heap.ts'
import { smallMaskOf } from '../save/save-marks.ts'
import { checkTable, ownArrays, ownBuckets, ownIndexes } from '../table/table-check.ts'
import { SAVING, USED } from '../table/table-layout.ts'
import { registerValueType, releaseWhole } from '../value-type.ts'
import {
  createTable,
  FIELD_BYTES_OFFSET,
  fieldBytes,
  hashBytes,
  initializePrefix,
  isListpackEncoding,
  PREFIX_FIELDS,
  prefixBytes,
  releaseEntry,
  releaseTable,
  releaseTablePart,
  tableAt,
} from './hash-layout.ts'

/** What a volatile field's digest gets besides, as in Redis 7.4. */
const VOLATILE_FIELD = Buffer.from('!!hexpire!!')

/** A copy of a block's first `bytes`, 0 when there is no room. */
function cloneBlock(from: Arena, block: number, bytes: number, to: Arena): number {
  const copy = to.allocate(bytes)
  if (copy !== 0) to.u8.set(from.u8.subarray(block, block + bytes), copy)
  return copy
}

function cloneListpack(from: Arena, block: number, to: Arena, prefix: number): number {
  const copy = cloneBlock(from, block, prefix + listpack.listpackBytes(from.u8, block + prefix), to)
  if (copy !== 0 && prefix > 0) initializePrefix(to, copy)
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

function cloneTable(from: Arena, block: number, to: Arena, prefix: number): number {
  const source = tableAt(from, block + prefix)
  const copy = createTable(to, source.seed, prefix)
  if (copy === 0) return 0
  const target = tableAt(to, copy + prefix)
  const heap = new FieldHeap(to, copy + PREFIX_FIELDS)
  const volatileCount = prefix === 0 ? 0 : new FieldHeap(from, block + PREFIX_FIELDS).count
  let isWhole = volatileCount === 0 || heap.reserve(volatileCount)
  let total = 0
  let cursor = 0
  do {
    cursor = source.scanStep(cursor)
    for (let i = 0; isWhole && i < source.scannedCount; i++) {
      const field = cloneField(from, source.scanned[i], to)
      isWhole = field !== 0 && target.insert(target.hashOf(field), field)
      if (isWhole && flagsOf(to, field) & HAS_EXPIRE) heap.add(field)
      if (isWhole) total += fieldBytes(to, field)
      else if (field !== 0) releaseEntry(to, field)
    }
  } while (isWhole && cursor !== 0)
  to.u32[(copy + prefix + FIELD_BYTES_OFFSET) >> 2] = total
  if (isWhole) return copy
  releaseTable(to, copy, prefix)
  return 0
}

function checkHashtable(arena: Arena, block: number, visit: (block: number) => void, prefix: number): void {
  visit(block)
  const table = tableAt(arena, block + prefix)
  assert(table.used > 0, 'I1 a hash has a field')
  ownBuckets(table, visit)
  let total = 0
  let volatileCount = 0
  checkTable(table, (entry) => {
    checkEntry(arena, entry)
    visit(entry)
    if (flagsOf(arena, entry) & OUT_OF_LINE) visit(blockOf(arena, entry))
    if (flagsOf(arena, entry) & HAS_EXPIRE) volatileCount++
    total += fieldBytes(arena, entry)
  })
  assert(total === arena.u32[(block + prefix + FIELD_BYTES_OFFSET) >> 2], 'I3 field bytes is the sum')
  assert(prefix > 0 || volatileCount === 0, 'I4 only a volatile hash has fields that expire')
  if (prefix === 0) return
  const heap = new FieldHeap(arena, block + PREFIX_FIELDS)
  heap.check(visit, (entry) => assert((flagsOf(arena, entry) & HAS_EXPIRE) !== 0, 'I4 the heap holds volatile fields'))
  assert(heap.count === volatileCount, 'I4 the heap holds every volatile field')
}

function checkSmallHash(arena: Arena, block: number, encoding: number): void {
  const { u8 } = arena
  const prefix = prefixBytes(encoding)
  const at = block + prefix
  listpack.checkListpack(u8, at, arena.capacity(block) - prefix)
  const count = listpack.listpackCount(u8, at)
  assert(count > 0 && count % (prefix === 0 ? 2 : 3) === 0, 'I1 I2 a hash has fields, each whole')
  const seen = new Set<string>()
  let latest = 1
  eachField(arena, block, encoding, (field, _value, expiry) => {
    const text = Buffer.from(field).toString('latin1')
    if (seen.has(text)) throw new AssertionError('I2 no field twice')
    seen.add(text)
    assert(latest === 0 ? expiry === 0 : expiry === 0 || expiry >= latest, 'I5 fields are ordered by their expiry')
    latest = prefix === 0 ? 1 : expiry
  })
}

/** Hands copies of every field and value to `visit`, and the expiry in Unix milliseconds, 0 for none. Cold. */
export function eachField(
  arena: Arena,
  block: number,
  encoding: number,
  visit: (field: Uint8Array, value: Uint8Array, expiryMs: number) => void,
): void {
  const prefix = prefixBytes(encoding)
  if (isListpackEncoding(encoding)) return eachSmallField(arena.u8, block + prefix, prefix > 0, visit)
  const { u8 } = arena
  const table = tableAt(arena, block + prefix)
  let cursor = 0
  do {
    cursor = table.scanStep(cursor)
    for (let i = 0; i < table.scannedCount; i++) {
      const entry = table.scanned[i]
      const at = keyOffset(arena, entry)
      const value = stringOffset(arena, entry)
      const expiry = flagsOf(arena, entry) & HAS_EXPIRE ? fieldExpiry(arena, entry) : 0
      visit(u8.slice(at, at + keyLength(arena, entry)), u8.slice(value, value + stringLength(arena, entry)), expiry)
    }
  } while (cursor !== 0)
}

function eachSmallField(
  u8: Uint8Array,
  at: number,
  isVolatile: boolean,
  visit: (field: Uint8Array, value: Uint8Array, expiryMs: number) => void,
): void {
  for (let p = listpack.first(at); !listpack.isEnd(u8, p); ) {
    const field = copyOf(u8, p)
    p = listpack.next(u8, p)
    const value = copyOf(u8, p)
    p = listpack.next(u8, p)
    visit(field, value, isVolatile ? listpack.integerAt(u8, p) : 0)
    if (isVolatile) p = listpack.next(u8, p)
  }
}

function copyOf(u8: Uint8Array, p: number): Uint8Array {
  listpack.read(u8, p)
  const { bytes, offset, length } = listpack.element
  return bytes.slice(offset, offset + length)
}

registerValueType(TYPE_HASH, {
  name: 'hash',
  release(arena, block, encoding) {
    if (isListpackEncoding(encoding)) arena.release(block)
    else releaseTable(arena, block, prefixBytes(encoding))
  },
  effort(arena, block, encoding) {
    return isListpackEncoding(encoding) ? 1 : arena.u32[((block + prefixBytes(encoding)) >> 2) + USED]
  },
  releasePart(arena, block, encoding, parts) {
    if (isListpackEncoding(encoding)) return releaseWhole(arena, block, encoding, parts)
    return releaseTablePart(arena, block, prefixBytes(encoding), parts)
  },
  ownRest(arena, block, encoding, visit) {
    visit(block)
    if (isListpackEncoding(encoding)) return
    const prefix = prefixBytes(encoding)
    const base = (block + prefix) >> 2
    ownArrays(arena, base, visit)
    ownIndexes(arena, base, arena.i32[base + SAVING], smallMaskOf(arena.i32, base), visit, (entry) => {
      visit(entry)
      if (flagsOf(arena, entry) & OUT_OF_LINE) visit(blockOf(arena, entry))
    })
    if (prefix > 0) ownHeap(arena, block + PREFIX_FIELDS, visit)
  },
  clone(from, block, to, encoding) {
    const prefix = prefixBytes(encoding)
    return isListpackEncoding(encoding) ? cloneListpack(from, block, to, prefix) : cloneTable(from, block, to, prefix)
  },
  bytes: hashBytes,
  check(arena, block, visit, encoding) {
    if (!isListpackEncoding(encoding)) return checkHashtable(arena, block, visit, prefixBytes(encoding))
    visit(block)
    checkSmallHash(arena, block, encoding)
  },
  digest(arena, block, digest, encoding) {
    eachField(arena, block, encoding, (field, value, expiry) => {
      const pair = new Digest()
      pair.mix(field)
      pair.mix(value)
      if (expiry !== 0) pair.xor(VOLATILE_FIELD)
      digest.xor(pair.bytes)
    })
  },
})
