/* The patterns of SORT's BY and GET: a key, or a field of a hash, made of each element
 * (https://redis.io/commands/sort/). Such keys lie in any shard: baton holder of all.
 *
 *   #              the element itself
 *   prefix*suffix  the string at the key that has the element in place of the first asterisk
 *   ...->field     a field of the hash there, unless nothing follows the arrow
 *
 * Like Redis, which looks for asterisk and arrow in C strings, this looks no further than a zero byte. */
import { bytesOf, copyBytes } from '../../../base/bytes.ts'
import type { Engine } from '../../engine.ts'
import { stringLength, stringOffset, TYPE_HASH, TYPE_STRING, typeOf } from '../../keyspace/entry.ts'
import { hashOf } from '../../keyspace/hash/hash.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'

const ASTERISK = 42
const ARROW = bytesOf('->')
const HASH_SIGN = bytesOf('#')

export interface SortPattern {
  /** `#`. */
  isElement: boolean
  prefix: Uint8Array
  suffix: Uint8Array
  field: Uint8Array | null
}

/** Whether a pattern has a place for the element; without one it is the same for all. */
export function varies(pattern: Uint8Array): boolean {
  return cEnd(pattern, pattern.indexOf(ASTERISK)) >= 0
}

/** A pattern taken apart; null when it stands for nothing. */
export function parsePattern(pattern: Uint8Array): SortPattern | null {
  const none = new Uint8Array(0)
  if (Buffer.compare(pattern, HASH_SIGN) === 0) return { isElement: true, prefix: none, suffix: none, field: null }
  const asterisk = cEnd(pattern, pattern.indexOf(ASTERISK))
  if (asterisk < 0) return null
  const prefix = pattern.subarray(0, asterisk)
  const arrow = cEnd(pattern, Buffer.from(pattern).indexOf(ARROW, asterisk + 1))
  const hasField = arrow >= 0 && arrow + ARROW.length < pattern.length && pattern[arrow + ARROW.length] !== 0
  const suffix = pattern.subarray(asterisk + 1, hasField ? arrow : pattern.length)
  return { isElement: false, prefix, suffix, field: hasField ? pattern.subarray(arrow + ARROW.length) : null }
}

/** A position found in a pattern, unless a zero byte comes before it. */
function cEnd(pattern: Uint8Array, position: number): number {
  const zero = pattern.indexOf(0)
  return zero >= 0 && position > zero ? -1 : position
}

/** What findValue() has found, valid until the next call or change. */
export const value: { bytes: Uint8Array; offset: number; length: number } = {
  bytes: new Uint8Array(0),
  offset: 0,
  length: 0,
}

const FIRST_KEY_BYTES = 256
/* The key that a pattern and an element make. */
let scratchKey = new Uint8Array(FIRST_KEY_BYTES)

/** Looks for what a pattern stands for, given an element: see `value`. False for nothing. */
export function findValue(
  engine: Engine,
  pattern: SortPattern,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  if (pattern.isElement) return take(bytes, offset, length)
  const { prefix, suffix, field } = pattern
  const keyBytes = prefix.length + length + suffix.length
  if (keyBytes > scratchKey.length) scratchKey = new Uint8Array(2 * keyBytes)
  const key = scratchKey
  copyBytes(key, 0, prefix, 0, prefix.length)
  copyBytes(key, prefix.length, bytes, offset, length)
  copyBytes(key, prefix.length + length, suffix, 0, suffix.length)
  const keyspace = engine.shards[engine.shardOf(key, 0, keyBytes)].keyspaces[engine.db]
  const entry = keyspace.findForRead(key, 0, keyBytes)
  if (entry === 0) return false
  if (field !== null) return findField(keyspace, entry, field)
  const { arena } = keyspace
  if (typeOf(arena, entry) !== TYPE_STRING) return false
  return take(arena.u8, stringOffset(arena, entry), stringLength(arena, entry))
}

function findField(keyspace: Keyspace, entry: number, field: Uint8Array): boolean {
  if (typeOf(keyspace.arena, entry) !== TYPE_HASH) return false
  const hash = hashOf(keyspace)
  hash.open(entry)
  if (!hash.find(field, 0, field.length)) return false
  return take(hash.valueBytes, hash.valueOffset, hash.valueLength)
}

function take(bytes: Uint8Array, offset: number, length: number): true {
  value.bytes = bytes
  value.offset = offset
  value.length = length
  return true
}
