/* The string commands that read or change a part of a string: APPEND, SETRANGE, GETRANGE, SUBSTR. Baton holder. */
import type { Args } from '../../../base/args.ts'
import { ACL_STRING, DENYOOM, FAST, family, oneKey, READONLY, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { BIG_INTEGER, NOT_INTEGER, parsed, parsedBig, parseInteger } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import {
  ENCODING_RAW,
  setKind,
  stringLength,
  stringOffset,
  TYPE_STRING,
  typeOf,
  writeBytes,
} from '../../keyspace/entry.ts'
import { assignString, resizeString } from '../../keyspace/string.ts'
import { KIND_RAW } from '../../keyspace/string-kind.ts'
import { defersGrowth, storeArgument } from './string-value.ts'

export const stringRangeCommands = family<Engine>('string', [
  {
    name: 'APPEND',
    arity: 3,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_STRING,
    keys: oneKey(1, 'RW', 'INSERT'),
    since: '2.0.0',
    complexity: 'O(1) amortized for short additions: a string that grows gets room to grow further',
    summary: 'Adds to the end of the string at a key; a missing key counts as empty.',
    syntax: 'key value:string',
    handler: append,
  },
  {
    name: 'SETRANGE',
    arity: 4,
    runs: 'shard',
    flags: WRITE | DENYOOM,
    acl: ACL_STRING,
    keys: oneKey(1, 'RW', 'UPDATE'),
    since: '2.2.0',
    complexity: 'O(1) for a short value; O(M) in the length of the value',
    summary: 'Writes over a part of the string at a key, from a byte on; zero bytes fill a gap.',
    syntax: 'key offset:integer value:string',
    handler: setrange,
  },
  {
    name: 'GETRANGE',
    arity: 4,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_STRING,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '2.4.0',
    complexity: 'O(N) in the bytes replied',
    summary: 'Replies with a part of the string at a key, from its first byte to its last.',
    syntax: 'key start:integer end:integer',
    handler: getrange,
  },
  {
    name: 'SUBSTR',
    arity: 4,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_STRING,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '1.0.0',
    complexity: 'O(N) in the bytes replied',
    summary: 'The older name of GETRANGE.',
    syntax: 'key start:integer end:integer',
    deprecated: { since: '2.0.0', replacedBy: '`GETRANGE`' },
    handler: getrange,
  },
])

/** APPEND key value. A new key is encoded as by SET; one that was there becomes raw, whatever is appended. */
function append(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const { bytes } = args
  const { arena } = keyspace
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  const valueBytes = args.length[2]
  const found = keyspace.findForWrite(bytes, keyAt, keyBytes)
  if (found === 0) {
    storeArgument(keyspace, args, 1, 2, 0, false)
    return reply.integer(valueBytes)
  }
  if (typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  const old = stringLength(arena, found)
  const length = old + valueBytes
  if (length > engine.settings.protoMaxBulkLen) return reply.error(errors.STRING_TOO_LONG)
  if (defersGrowth(engine, keyspace, found, length, 0)) return
  const entry = resizeString(keyspace, found, length, true)
  setKind(arena, entry, TYPE_STRING, ENCODING_RAW)
  writeBytes(arena, stringOffset(arena, entry) + old, bytes, args.offset[2], valueBytes)
  keyspace.changed(bytes, keyAt, keyBytes)
  reply.integer(length)
}

/** SETRANGE key offset value. */
function setrange(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const { bytes } = args
  const { arena } = keyspace
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  const valueBytes = args.length[3]
  const kind = parseInteger(bytes, args.offset[2], args.length[2])
  if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
  const offset = kind === BIG_INTEGER ? Number(parsedBig(bytes, args.offset[2], args.length[2])) : parsed()
  if (offset < 0) return reply.error(errors.OFFSET_OUT_OF_RANGE)
  const found = keyspace.findForWrite(bytes, keyAt, keyBytes)
  if (found !== 0 && typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  const old = found === 0 ? 0 : stringLength(arena, found)
  if (valueBytes === 0) return reply.integer(old)
  const end = offset + valueBytes
  if (end > engine.settings.protoMaxBulkLen) return reply.error(errors.STRING_TOO_LONG)
  const length = end > old ? end : old
  if (defersGrowth(engine, keyspace, found, length, offset - old)) return
  const entry =
    found === 0
      ? assignString(keyspace, 0, KIND_RAW, bytes, keyAt, keyBytes, length)
      : resizeString(keyspace, found, length, end > old)
  setKind(arena, entry, TYPE_STRING, ENCODING_RAW)
  const at = stringOffset(arena, entry)
  if (offset > old) arena.u8.fill(0, at + old, at + offset)
  writeBytes(arena, at + offset, bytes, args.offset[3], valueBytes)
  keyspace.changed(bytes, keyAt, keyBytes)
  reply.integer(length)
}

/** GETRANGE key start end. Byte indexes, both included; a negative one counts from the end. */
function getrange(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const { bytes } = args
  const { arena } = keyspace
  const startKind = parseInteger(bytes, args.offset[2], args.length[2])
  let start = parsed()
  const endKind = parseInteger(bytes, args.offset[3], args.length[3])
  let end = parsed()
  if (startKind === NOT_INTEGER || endKind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
  // Two negative indexes in the wrong order are none, even where both lie before the first byte.
  let crossed = start < 0 && end < 0 && start > end
  if (startKind === BIG_INTEGER || endKind === BIG_INTEGER) {
    const bigStart = parsedBig(bytes, args.offset[2], args.length[2])
    const bigEnd = parsedBig(bytes, args.offset[3], args.length[3])
    crossed = bigStart < 0n && bigEnd < 0n && bigStart > bigEnd
    start = Number(bigStart)
    end = Number(bigEnd)
  }
  const found = keyspace.findForRead(bytes, args.offset[1], args.length[1])
  if (found === 0) return reply.bulkText('')
  if (typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  const length = stringLength(arena, found)
  if (start < 0) start = Math.max(0, length + start)
  if (end < 0) end = Math.max(0, length + end)
  if (end >= length) end = length - 1
  if (crossed || start > end || length === 0) return reply.bulkText('')
  reply.bulkShown(arena.u8, arena.view, stringOffset(arena, found) + start, end - start + 1)
}
