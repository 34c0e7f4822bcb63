/* Every type that can be written and read, and what is common to them: one key with its value, its expiry and when or
 * how often it was used. A new type adds its codec here. Baton holder.
 *
 *   [EXPIRETIME_MS time] [IDLE seconds | FREQUENCY count] type key value */
import { assert } from '../../base/assert.ts'
import type { Access } from '../keyspace/access.ts'
import {
  accessOf,
  ENTRY_HEADER_BYTES,
  flagsOf,
  HAS_EXPIRE,
  keyLength,
  keyOffset,
  OUT_OF_LINE,
  typeOf,
} from '../keyspace/entry.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import { VALUE_END } from '../keyspace/open-value.ts'
import type { ValueCodec, ValueLoader } from './codec.ts'
import { OPCODE_EXPIRETIME_MS, OPCODE_FREQUENCY, OPCODE_IDLE } from './format.ts'
import { hashCodec } from './hash-codec.ts'
import { listCodec } from './list-codec.ts'
import { stringCodec } from './string-codec.ts'
import type { RdbWriter } from './writer.ts'

const codecs: readonly ValueCodec[] = [stringCodec, listCodec, hashCodec]

const byType: ValueCodec[] = []
for (const codec of codecs) byType[codec.type] = codec

/** What a key is written with beside its value: nothing, seconds since it was used, or how often it is. */
export type SavedAccess = 'none' | 'idle' | 'frequency'

/** What a maxmemory-policy wants to know of keys again after a restart. */
export function savedAccess(policy: string): SavedAccess {
  return policy.includes('lru') ? 'idle' : policy.includes('lfu') ? 'frequency' : 'none'
}

/** Writes an entry with its key: what a file has of it. */
export function writeEntry(
  writer: RdbWriter,
  keyspace: Keyspace,
  entry: number,
  access: Access,
  saved: SavedAccess,
): void {
  writeEntryHead(writer, keyspace, entry, access, saved)
  writeValue(writer, keyspace, entry)
}

/** What of an entry stands before its value. */
export function writeEntryHead(
  writer: RdbWriter,
  keyspace: Keyspace,
  entry: number,
  access: Access,
  saved: SavedAccess,
): void {
  const { arena } = keyspace
  if (flagsOf(arena, entry) & HAS_EXPIRE) {
    const at = (entry + ENTRY_HEADER_BYTES) >> 2
    writer.byte(OPCODE_EXPIRETIME_MS)
    writer.time(arena.i32[at], arena.i32[at + 1])
  }
  if (saved === 'idle') {
    writer.byte(OPCODE_IDLE)
    writer.integer(access.idleSeconds(accessOf(arena, entry)))
  } else if (saved === 'frequency') {
    writer.byte(OPCODE_FREQUENCY)
    writer.byte(access.frequency(accessOf(arena, entry)))
  }
  const codec = codecOf(keyspace, entry)
  writer.byte(codec.rdbTypeOf(keyspace, entry, writer.version))
  writer.string(arena.u8, keyOffset(arena, entry), keyLength(arena, entry))
}

function writeValue(writer: RdbWriter, keyspace: Keyspace, entry: number): void {
  let cursor = 0
  do cursor = writeValueStep(writer, keyspace, entry, cursor)
  while (cursor !== VALUE_END)
}

/** Writes a step of the value of an entry: see ValueCodec.writeStep(). */
export function writeValueStep(writer: RdbWriter, keyspace: Keyspace, entry: number, cursor: number): number {
  return codecOf(keyspace, entry).writeStep(writer, keyspace, entry, cursor)
}

/** Whether a snapshot stops within the value of an entry. */
export function isLongValue(keyspace: Keyspace, entry: number): boolean {
  return (flagsOf(keyspace.arena, entry) & OUT_OF_LINE) !== 0 && codecOf(keyspace, entry).isLong(keyspace, entry)
}

/** Writes the value of an entry after its RDB type: what a payload has of it. */
export function writeTypedValue(writer: RdbWriter, keyspace: Keyspace, entry: number): void {
  writer.byte(codecOf(keyspace, entry).rdbTypeOf(keyspace, entry, writer.version))
  writeValue(writer, keyspace, entry)
}

function codecOf(keyspace: Keyspace, entry: number): ValueCodec {
  const codec = byType[typeOf(keyspace.arena, entry)]
  assert(codec !== undefined, 'every stored type has a codec')
  return codec
}

/** What reads values, by RDB type. Made once for each reader, for a loader keeps its place in a value. */
export function createLoaders(): readonly (ValueLoader | undefined)[] {
  const loaders: ValueLoader[] = []
  for (const codec of codecs) for (const [rdbType, create] of codec.loaders) loaders[rdbType] = create()
  return loaders
}
