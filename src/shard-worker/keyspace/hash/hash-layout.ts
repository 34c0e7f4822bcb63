/* How a hash lies in its block, and what can be done with a block alone: freeing, measuring. Baton holder. Hot.
 *
 * listpack   the block is a listpack (structure/listpack.ts): field, value, field, value ...
 * hashtable  the block is a table as the keyspace has them (table-layout.ts), whose entries (entry.ts) are strings with
 *            the field as their key; offsets in bytes:
 *
 *   0                  32     36            40
 *   | table descriptor | seed | field bytes |
 *
 * seed         of the hash of the fields.   field bytes  arena bytes of all the fields' entries and values.
 *
 * The blocks of volatile hashes, of whose fields some expire or did once (listpackex and a second kind of hashtable),
 * have a prefix, after which they go on as above, so that other hashes pay for it with the test of two bits:
 *
 *   0       4        8              16
 *   | place | fields | soonest f64  | listpack or table ...
 *
 * place    in the heap of the database's volatile hashes (expiry-heap.ts), NOT_IN_HEAP while no field expires.
 * fields   root of the heap of a table's volatile fields, 0 = empty; unused in a listpack.
 * soonest  Unix milliseconds at which the first field expires, while the hash is in the heap.
 *
 * A volatile listpack has three elements a field, the third its expiry in Unix milliseconds, 0 for none, as Redis 7.4
 * has them; they are ordered by it, those without come last. In a table, a volatile field's entry has HAS_EXPIRE and
 * the expiry, as a volatile key's has, and its place in the heap of fields (see expiry-heap.ts). */
import type { Arena } from '../../../shm/arena/arena.ts'
import { listpackBytes } from '../../structure/listpack.ts'
import { blockOf, ENCODING_LISTPACK, ENCODING_LISTPACK_EX, flagsOf, OUT_OF_LINE } from '../entry.ts'
import { FieldHeap, NOT_IN_HEAP, PREFIX_PLACE, PREFIX_SOONEST } from '../expiry/expiry-heap.ts'
import { smallMaskOf } from '../save/save-marks.ts'
import { Table } from '../table/table.ts'
import { Drained, drainNext, releaseArrays } from '../table/table-drain.ts'
import { BUCKET_BYTES, TABLE_BYTES } from '../table/table-layout.ts'

export const PREFIX_FIELDS = 4
export const PREFIX_BYTES = 16
const SEED_OFFSET = TABLE_BYTES
export const FIELD_BYTES_OFFSET = SEED_OFFSET + 4
export const TABLE_BLOCK_BYTES = FIELD_BYTES_OFFSET + 4

const drained = new Drained()

export function isListpackEncoding(encoding: number): boolean {
  return encoding === ENCODING_LISTPACK || encoding === ENCODING_LISTPACK_EX
}

/** Bytes of the prefix of a block with this encoding. */
export function prefixBytes(encoding: number): number {
  return encoding >= ENCODING_LISTPACK_EX ? PREFIX_BYTES : 0
}

/** Makes the PREFIX_BYTES at `at` the prefix of a hash in no heap. */
export function initializePrefix(arena: Arena, at: number): void {
  arena.u32[(at + PREFIX_PLACE) >> 2] = NOT_IN_HEAP
  arena.u32[(at + PREFIX_FIELDS) >> 2] = 0
  arena.f64[(at + PREFIX_SOONEST) >> 3] = 0
}

/** Copies to another prefix the place in the database's heap, and the time there. */
export function copyPlace(arena: Arena, from: number, to: number): void {
  arena.u32[(to + PREFIX_PLACE) >> 2] = arena.u32[(from + PREFIX_PLACE) >> 2]
  arena.f64[(to + PREFIX_SOONEST) >> 3] = arena.f64[(from + PREFIX_SOONEST) >> 3]
}

/** A block with an empty table of fields after a prefix of this many bytes, 0 when there is no room. */
export function createTable(arena: Arena, seed: number, prefix: number): number {
  const block = arena.allocate(prefix + TABLE_BLOCK_BYTES)
  if (block === 0) return 0
  if (prefix > 0) initializePrefix(arena, block)
  Table.initialize(arena, block + prefix)
  arena.u32[(block + prefix + SEED_OFFSET) >> 2] = seed
  arena.u32[(block + prefix + FIELD_BYTES_OFFSET) >> 2] = 0
  return block
}

/** A view of the table whose descriptor lies at `at`. */
export function tableAt(arena: Arena, at: number): Table {
  return new Table(arena, at, arena.i32[(at + SEED_OFFSET) >> 2])
}

/** Arena bytes of a field. */
export function fieldBytes(arena: Arena, entry: number): number {
  const own = arena.capacity(entry)
  return flagsOf(arena, entry) & OUT_OF_LINE ? own + arena.capacity(blockOf(arena, entry)) : own
}

export function releaseEntry(arena: Arena, entry: number): void {
  if (flagsOf(arena, entry) & OUT_OF_LINE) arena.release(blockOf(arena, entry))
  arena.release(entry)
}

/** Frees a block with a table after a prefix of this many bytes, and all that hangs off it. */
export function releaseTable(arena: Arena, block: number, prefix: number): void {
  releaseTablePart(arena, block, prefix, Number.POSITIVE_INFINITY)
}

/** The same a part at a time: about `parts` fields. What is left of `parts`, 0 when it is to be called again. */
export function releaseTablePart(arena: Arena, block: number, prefix: number, parts: number): number {
  const base = (block + prefix) >> 2
  const last = smallMaskOf(arena.i32, base)
  let left = parts
  while (drainNext(arena, base, last, drained)) {
    for (let i = 0; i < drained.count; i++) releaseEntry(arena, drained.entries[i])
    left -= drained.count + 1
    if (left <= 0) return 0
  }
  releaseArrays(arena, base)
  if (prefix > 0) new FieldHeap(arena, block + PREFIX_FIELDS).clear()
  arena.release(block)
  return left
}

/** Arena bytes of a hash. */
export function hashBytes(arena: Arena, block: number, encoding: number): number {
  const own = arena.capacity(block)
  if (isListpackEncoding(encoding)) return own
  const prefix = prefixBytes(encoding)
  const [first, second] = tableAt(arena, block + prefix).bucketCounts
  const heap = prefix === 0 ? 0 : new FieldHeap(arena, block + PREFIX_FIELDS).bytes
  return own + heap + (first + second) * BUCKET_BYTES + arena.u32[(block + prefix + FIELD_BYTES_OFFSET) >> 2]
}

/** Bytes of the texts of a hash, roughly: what they take in the arena. O(1). */
export function textBytesOf(arena: Arena, at: number, isListpack: boolean): number {
  return isListpack ? listpackBytes(arena.u8, at) : arena.u32[(at + FIELD_BYTES_OFFSET) >> 2]
}
