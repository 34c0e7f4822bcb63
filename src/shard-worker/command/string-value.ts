/* What the string commands share: which encoding a value gets, and putting an argument at a key. Baton holder. Hot.
 *
 * An integer is stored as its decimal text, which is its only one (see number-text.ts), with the encoding int. */
import type { Args } from '../../base/args.ts'
import * as errors from '../../base/error-texts.ts'
import { INTEGER_TEXT_BYTES, NOT_INTEGER, parseInteger } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import {
  EMBSTR_MAX_BYTES,
  ENCODING_EMBSTR,
  ENCODING_INT,
  ENCODING_RAW,
  replyValue,
  stringOffset,
  TYPE_STRING,
  typeOf,
  writeBytes,
} from '../keyspace/entry.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'

const NINE = 57

export const KIND_RAW = TYPE_STRING | (ENCODING_RAW << 4)
export const KIND_INT = TYPE_STRING | (ENCODING_INT << 4)
export const KIND_EMBSTR = TYPE_STRING | (ENCODING_EMBSTR << 4)

/** The kind of a value set whole: int if it is one, else embstr or raw by length. */
export function kindOf(bytes: Uint8Array, offset: number, length: number): number {
  const mayBeInteger = length <= INTEGER_TEXT_BYTES && length > 0 && bytes[offset] <= NINE
  if (mayBeInteger && parseInteger(bytes, offset, length) !== NOT_INTEGER) return KIND_INT
  return length <= EMBSTR_MAX_BYTES ? KIND_EMBSTR : KIND_RAW
}

/**
 * Makes argument `value` the value of argument `key`, the key looked up last; `found` is its entry or 0. Its expiry
 * stays unless `persist`. Throws ARENA_FULL with nothing changed.
 */
export function storeArgument(
  keyspace: Keyspace,
  args: Args,
  key: number,
  value: number,
  found: number,
  persist: boolean,
): void {
  const { bytes } = args
  const keyAt = args.offset[key]
  const keyBytes = args.length[key]
  const valueAt = args.offset[value]
  const valueBytes = args.length[value]
  const kind = kindOf(bytes, valueAt, valueBytes)
  const entry = keyspace.assignString(found, kind, bytes, keyAt, keyBytes, valueBytes)
  writeBytes(keyspace.arena, stringOffset(keyspace.arena, entry), bytes, valueAt, valueBytes)
  if (persist && found !== 0) keyspace.removeExpire(entry)
  keyspace.changed(bytes, keyAt, keyBytes)
}

/** The same for the key that is argument 1, which gets the expiry of these two halves. */
export function storeVolatileArgument(
  keyspace: Keyspace,
  args: Args,
  value: number,
  found: number,
  low: number,
  high: number,
): void {
  const { bytes } = args
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  const valueAt = args.offset[value]
  const valueBytes = args.length[value]
  const kind = kindOf(bytes, valueAt, valueBytes)
  const entry = keyspace.assignVolatileString(found, kind, bytes, keyAt, keyBytes, valueBytes, low, high)
  writeBytes(keyspace.arena, stringOffset(keyspace.arena, entry), bytes, valueAt, valueBytes)
  keyspace.changed(bytes, keyAt, keyBytes)
}

/** Replies with the string of an entry, null for none; false when it is no string and the error has been replied. */
export function replyString(keyspace: Keyspace, entry: number, reply: Reply): boolean {
  if (entry === 0) {
    reply.nil()
    return true
  }
  const { arena } = keyspace
  if (typeOf(arena, entry) !== TYPE_STRING) {
    reply.error(errors.WRONG_TYPE)
    return false
  }
  replyValue(arena, entry, reply)
  return true
}
