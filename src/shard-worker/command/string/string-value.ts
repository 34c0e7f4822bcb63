/* What the string commands share: putting an argument at a key, and replying with a value. Baton holder. Hot. */
import type { Args } from '../../../base/args.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import {
  blockOf,
  flagsOf,
  OUT_OF_LINE,
  replyValue,
  STRING_BLOCK_HEADER_BYTES,
  stringLength,
  stringOffset,
  TYPE_STRING,
  typeOf,
  writeBytes,
} from '../../keyspace/entry.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import { assignString, assignVolatileString } from '../../keyspace/string.ts'
import { kindOf } from '../../keyspace/string-kind.ts'

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
  const entry = assignString(keyspace, found, kind, bytes, keyAt, keyBytes, valueBytes)
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
  const entry = assignVolatileString(keyspace, found, kind, bytes, keyAt, keyBytes, valueBytes, low, high)
  writeBytes(keyspace.arena, stringOffset(keyspace.arena, entry), bytes, valueAt, valueBytes)
  keyspace.changed(bytes, keyAt, keyBytes)
}

/**
 * Whether making a string `length` bytes long is work for the worker: what is copied, if it has to move, and `cleared`
 * bytes. `found`: its entry or 0.
 */
export function defersGrowth(
  engine: Engine,
  keyspace: Keyspace,
  found: number,
  length: number,
  cleared: number,
): boolean {
  const { arena } = keyspace
  const isLong = found !== 0 && (flagsOf(arena, found) & OUT_OF_LINE) !== 0
  const moves = isLong && STRING_BLOCK_HEADER_BYTES + length > arena.capacity(blockOf(arena, found))
  return engine.defers(0, Math.max(0, cleared) + (moves ? stringLength(arena, found) : 0))
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
