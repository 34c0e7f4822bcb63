/* The string commands whose cost is one look-up a key: reading, setting, counting. Ranges, appends and floats are in
 * string-edit.ts, LCS in string-lcs.ts. Baton holder. Hot: GET, SET, MGET, MSET and INCR without options allocate
 * nothing.
 *
 * An integer is stored as its decimal text, which is its only one (see number-text.ts), with the encoding int. */
import type { Args } from '../../base/args.ts'
import { copyBytes } from '../../base/bytes.ts'
import {
  ACL_STRING,
  DENYOOM,
  FAST,
  family,
  keysToEnd,
  oneKey,
  READONLY,
  WRITE,
} from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import { formatInteger, INTEGER_TEXT_BYTES, integerTextBytes, NOT_INTEGER, parsed, parseInteger } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import type { Engine } from '../engine.ts'
import {
  EMBSTR_MAX_BYTES,
  ENCODING_EMBSTR,
  ENCODING_INT,
  ENCODING_RAW,
  stringLength,
  stringOffset,
  TYPE_STRING,
  typeOf,
} from '../keyspace/entry.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'

const KIND_RAW = TYPE_STRING | (ENCODING_RAW << 4)
const KIND_INT = TYPE_STRING | (ENCODING_INT << 4)
const KIND_EMBSTR = TYPE_STRING | (ENCODING_EMBSTR << 4)

export const stringCommands = family<Engine>('string', [
  {
    name: 'GET',
    arity: 2,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_STRING,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'The string at a key.',
    syntax: 'key',
    handler: get,
  },
  {
    name: 'SET',
    arity: -3,
    runs: 'shard',
    flags: WRITE | DENYOOM,
    acl: ACL_STRING,
    keys: oneKey(1, 'RW', 'ACCESS', 'UPDATE', 'VARIABLE_FLAGS'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Puts a string at a key, whatever was there.',
    syntax: 'key value:string',
    handler: set,
  },
  {
    name: 'MGET',
    arity: -2,
    runs: 'shards',
    flags: READONLY | FAST,
    acl: ACL_STRING,
    keys: keysToEnd(1, 1, 'RO', 'ACCESS'),
    since: '1.0.0',
    complexity: 'O(n) in the keys',
    summary: 'The strings at several keys.',
    syntax: 'key...',
    handler: mget,
  },
  {
    name: 'MSET',
    arity: -3,
    runs: 'shards',
    flags: WRITE | DENYOOM,
    acl: ACL_STRING,
    keys: keysToEnd(1, 2, 'OW', 'UPDATE'),
    since: '1.0.1',
    complexity: 'O(n) in the keys',
    summary: 'Puts several strings at their keys, all at once.',
    syntax: '(key value:string)...',
    handler: mset,
  },
  {
    name: 'INCR',
    arity: 2,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_STRING,
    keys: oneKey(1, 'RW', 'ACCESS', 'UPDATE'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Adds one to the integer at a key.',
    syntax: 'key',
    handler: incr,
  },
])

/** The kind a value gets that is set whole: int if it is one, else embstr or raw by length. */
export function kindOf(bytes: Uint8Array, offset: number, length: number): number {
  if (length <= INTEGER_TEXT_BYTES && parseInteger(bytes, offset, length) !== NOT_INTEGER) return KIND_INT
  return length <= EMBSTR_MAX_BYTES ? KIND_EMBSTR : KIND_RAW
}

function get(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const entry = keyspace.findForRead(args.bytes, args.offset[1], args.length[1])
  if (entry === 0) return reply.nil()
  const { arena } = keyspace
  if (typeOf(arena, entry) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  reply.bulk(arena.u8, stringOffset(arena, entry), stringLength(arena, entry))
}

function mget(engine: Engine, args: Args, reply: Reply): void {
  reply.array(args.count - 1)
  for (let i = 1; i < args.count; i++) {
    const keyspace = engine.keyspaceOf(args, i)
    const { arena } = keyspace
    const entry = keyspace.findForRead(args.bytes, args.offset[i], args.length[i])
    if (entry === 0 || typeOf(arena, entry) !== TYPE_STRING) reply.nil()
    else reply.bulk(arena.u8, stringOffset(arena, entry), stringLength(arena, entry))
  }
}

function set(engine: Engine, args: Args, reply: Reply): void {
  if (args.count > 3) return reply.error(errors.SYNTAX)
  setArgument(engine.keyspace, args, 1, 2)
  reply.ok()
}

function mset(engine: Engine, args: Args, reply: Reply): void {
  if (args.count % 2 === 0) return reply.error(errors.wrongArity('mset'))
  for (let i = 1; i < args.count; i += 2) setArgument(engine.keyspaceOf(args, i), args, i, i + 1)
  reply.ok()
}

/** Puts argument `value` at the key that is argument `key`, without an expiry. */
function setArgument(keyspace: Keyspace, args: Args, key: number, value: number): void {
  const { bytes } = args
  const { arena } = keyspace
  const keyAt = args.offset[key]
  const keyBytes = args.length[key]
  const valueAt = args.offset[value]
  const valueBytes = args.length[value]
  const found = keyspace.findForWrite(bytes, keyAt, keyBytes)
  const entry = keyspace.assignString(found, kindOf(bytes, valueAt, valueBytes), bytes, keyAt, keyBytes, valueBytes)
  copyBytes(arena.u8, stringOffset(arena, entry), bytes, valueAt, valueBytes)
  if (found !== 0) keyspace.removeExpire(entry)
  keyspace.changed(bytes, keyAt, keyBytes)
}

function incr(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const { bytes } = args
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  const { arena } = keyspace
  let value = 0
  const found = keyspace.findForWrite(bytes, keyAt, keyBytes)
  if (found !== 0) {
    if (typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
    if (parseInteger(arena.u8, stringOffset(arena, found), stringLength(arena, found)) === NOT_INTEGER) {
      return reply.error(errors.NOT_AN_INTEGER)
    }
    value = parsed()
  }
  value++
  const entry = keyspace.assignString(found, KIND_INT, bytes, keyAt, keyBytes, integerTextBytes(value))
  formatInteger(arena.u8, stringOffset(arena, entry), value)
  keyspace.changed(bytes, keyAt, keyBytes)
  reply.integer(value)
}
