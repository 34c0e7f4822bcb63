/* The string commands that read and set whole values. Counting is in string-count.ts, parts of strings in
 * string-range.ts, LCS in string-lcs.ts. Baton holder. Hot: GET, SET, MGET, MSET without options allocate nothing. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_STRING, DENYOOM, FAST, family, keysToEnd, oneKey, READONLY, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { replyValue, stringLength, TYPE_STRING, typeOf } from '../../keyspace/entry.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import { expiryHigh, expiryLow, isExpiryPast } from '../expiry-argument.ts'
import {
  EX,
  EXAT,
  expireArgument,
  GET,
  GETEX_OPTIONS,
  KEEPTTL,
  NX,
  PERSIST,
  PX,
  PXAT,
  parseLifetime,
  parseOptions,
  SET_OPTIONS,
  TIMES,
  XX,
} from './string-option.ts'
import { storePairs } from './string-pairs.ts'
import { replyString, storeArgument, storeVolatileArgument } from './string-value.ts'

const GET_WORD = bytesOf('GET')

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
    summary: 'Replies with the string at a key.',
    syntax: 'key',
    handler: get,
  },
  {
    name: 'SET',
    arity: -3,
    runs: 'shard',
    flags: WRITE | DENYOOM,
    acl: ACL_STRING,
    keys: [
      {
        ...oneKey(1, 'RW', 'ACCESS', 'UPDATE', 'VARIABLE_FLAGS')[0],
        notes: 'RW and ACCESS due to the optional `GET` argument',
        flagsOf: setKeyFlags,
      },
    ],
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Puts a string at a key, whatever type of value was there.',
    syntax:
      'key value:string [NX|XX] [GET] [EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|' +
      'PXAT unix-time-milliseconds:unix-time|KEEPTTL]',
    history: [
      ['2.6.12', 'Options `EX`, `PX`, `NX` and `XX`.'],
      ['6.0.0', 'Option `KEEPTTL`.'],
      ['6.2.0', 'Options `GET`, `EXAT` and `PXAT`.'],
      ['7.0.0', '`GET` may stand together with `NX`.'],
    ],
    handler: set,
  },
  {
    name: 'SETNX',
    arity: 3,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_STRING,
    keys: oneKey(1, 'OW', 'INSERT'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Puts a string at a key that does not exist yet.',
    syntax: 'key value:string',
    deprecated: { since: '2.6.12', replacedBy: '`SET` with `NX`' },
    handler: setnx,
  },
  {
    name: 'SETEX',
    arity: 4,
    runs: 'shard',
    flags: WRITE | DENYOOM,
    acl: ACL_STRING,
    keys: oneKey(1, 'OW', 'UPDATE'),
    since: '2.0.0',
    complexity: 'O(1)',
    summary: 'Puts a string at a key for a number of seconds.',
    syntax: 'key seconds:integer value:string',
    deprecated: { since: '2.6.12', replacedBy: '`SET` with `EX`' },
    handler: (engine, args, reply) => setWithLifetime(engine, args, reply, EX, 'setex'),
  },
  {
    name: 'PSETEX',
    arity: 4,
    runs: 'shard',
    flags: WRITE | DENYOOM,
    acl: ACL_STRING,
    keys: oneKey(1, 'OW', 'UPDATE'),
    since: '2.6.0',
    complexity: 'O(1)',
    summary: 'Puts a string at a key for a number of milliseconds.',
    syntax: 'key milliseconds:integer value:string',
    deprecated: { since: '2.6.12', replacedBy: '`SET` with `PX`' },
    handler: (engine, args, reply) => setWithLifetime(engine, args, reply, PX, 'psetex'),
  },
  {
    name: 'GETSET',
    arity: 3,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_STRING,
    keys: oneKey(1, 'RW', 'ACCESS', 'UPDATE'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Replies with the string at a key and puts another in its place.',
    syntax: 'key value:string',
    deprecated: { since: '6.2.0', replacedBy: '`SET` with `GET`' },
    handler: getset,
  },
  {
    name: 'GETDEL',
    arity: 2,
    runs: 'shard',
    flags: WRITE | FAST,
    acl: ACL_STRING,
    keys: oneKey(1, 'RW', 'ACCESS', 'DELETE'),
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Replies with the string at a key and deletes the key.',
    syntax: 'key',
    handler: getdel,
  },
  {
    name: 'GETEX',
    arity: -2,
    runs: 'shard',
    flags: WRITE | FAST,
    acl: ACL_STRING,
    keys: [{ ...oneKey(1, 'RW', 'ACCESS', 'UPDATE')[0], notes: 'RW and UPDATE because it changes the TTL' }],
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Replies with the string at a key and changes how long the key lives.',
    syntax:
      'key [EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|' +
      'PXAT unix-time-milliseconds:unix-time|PERSIST]',
    handler: getex,
  },
  {
    name: 'STRLEN',
    arity: 2,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_STRING,
    keys: oneKey(1, 'RO'),
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Replies with the length of the string at a key, in bytes.',
    syntax: 'key',
    handler: strlen,
  },
  {
    name: 'MGET',
    arity: -2,
    runs: 'shards',
    flags: READONLY | FAST,
    acl: ACL_STRING,
    keys: keysToEnd(1, 1, 'RO', 'ACCESS'),
    since: '1.0.0',
    complexity: 'O(N) in the number of keys',
    summary: 'Replies with the strings at several keys, all of one moment.',
    syntax: 'key...',
    tips: ['request_policy:multi_shard'],
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
    complexity: 'O(N) in the number of keys',
    summary: 'Puts several strings at their keys, all in one moment.',
    syntax: '(key value:string)...',
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    handler: mset,
  },
  {
    name: 'MSETNX',
    arity: -3,
    runs: 'shards',
    flags: WRITE | DENYOOM,
    acl: ACL_STRING,
    keys: keysToEnd(1, 2, 'OW', 'INSERT'),
    since: '1.0.1',
    complexity: 'O(N) in the number of keys',
    summary: 'Puts several strings at their keys if none of the keys exists yet.',
    syntax: '(key value:string)...',
    handler: msetnx,
  },
])

/** GET key. */
function get(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  replyString(keyspace, keyspace.findForRead(args.bytes, args.offset[1], args.length[1]), reply)
}

/** SET key value, then any of the options. */
function set(engine: Engine, args: Args, reply: Reply): void {
  if (args.count !== 3) return setWithOptions(engine, args, reply)
  const { keyspace } = engine
  const found = keyspace.findForWrite(args.bytes, args.offset[1], args.length[1])
  storeArgument(keyspace, args, 1, 2, found, true)
  reply.ok()
}

/** With GET the reply is the old value, whether the new one was set or not. */
function setWithOptions(engine: Engine, args: Args, reply: Reply): void {
  const options = parseOptions(args, 3, SET_OPTIONS)
  if (options < 0) return reply.error(errors.SYNTAX)
  const isVolatile = (options & TIMES) !== 0
  if (isVolatile && !parseLifetime(args, expireArgument, options & TIMES, engine.nowMs, 'set', reply)) return
  const { keyspace } = engine
  const { bytes } = args
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  if (options & GET && !replyString(keyspace, keyspace.findForRead(bytes, keyAt, keyBytes), reply)) return
  const found = keyspace.findForWrite(bytes, keyAt, keyBytes)
  if (options & (found === 0 ? XX : NX)) {
    if ((options & GET) === 0) reply.nil()
    return
  }
  if (isVolatile) storeVolatileArgument(keyspace, args, 2, found, expiryLow, expiryHigh)
  else storeArgument(keyspace, args, 1, 2, found, (options & KEEPTTL) === 0)
  if ((options & GET) === 0) reply.ok()
}

/** SETNX key value: 1, or 0 when the key exists. */
function setnx(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const found = keyspace.findForWrite(args.bytes, args.offset[1], args.length[1])
  if (found !== 0) return reply.integer(0)
  storeArgument(keyspace, args, 1, 2, 0, false)
  reply.integer(1)
}

/** SETEX key seconds value, PSETEX key milliseconds value. */
function setWithLifetime(engine: Engine, args: Args, reply: Reply, unit: number, command: string): void {
  if (!parseLifetime(args, 2, unit, engine.nowMs, command, reply)) return
  const { keyspace } = engine
  const found = keyspace.findForWrite(args.bytes, args.offset[1], args.length[1])
  storeVolatileArgument(keyspace, args, 3, found, expiryLow, expiryHigh)
  reply.ok()
}

/** GETSET key value. */
function getset(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const { bytes } = args
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  if (!replyString(keyspace, keyspace.findForRead(bytes, keyAt, keyBytes), reply)) return
  storeArgument(keyspace, args, 1, 2, keyspace.findForWrite(bytes, keyAt, keyBytes), true)
}

/** GETDEL key. */
function getdel(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const { bytes } = args
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  const found = keyspace.findForRead(bytes, keyAt, keyBytes)
  if (!replyString(keyspace, found, reply) || found === 0) return
  keyspace.removeFound(found)
  keyspace.changed(bytes, keyAt, keyBytes)
}

/** GETEX key, then at most one option. A time in the past deletes the key. */
function getex(engine: Engine, args: Args, reply: Reply): void {
  const options = parseOptions(args, 2, GETEX_OPTIONS)
  if (options < 0) return reply.error(errors.SYNTAX)
  const { keyspace } = engine
  const { bytes } = args
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  const found = keyspace.findForRead(bytes, keyAt, keyBytes)
  if (found === 0) return reply.nil()
  if (typeOf(keyspace.arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  const unit = options & TIMES
  if (unit !== 0 && !parseLifetime(args, expireArgument, unit, engine.nowMs, 'getex', reply)) return
  replyString(keyspace, found, reply)
  if (changeLifetime(keyspace, found, options, engine.nowMs)) keyspace.changed(bytes, keyAt, keyBytes)
}

/** Does what GETEX's options say to the entry; whether that changed anything. */
function changeLifetime(keyspace: Keyspace, found: number, options: number, nowMs: number): boolean {
  if (options & (EXAT | PXAT) && isExpiryPast(nowMs)) keyspace.removeFound(found)
  else if (options & TIMES) keyspace.setExpire(found, expiryLow, expiryHigh)
  else return (options & PERSIST) !== 0 && keyspace.removeExpire(found)
  return true
}

/** STRLEN key. */
function strlen(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const found = keyspace.findForRead(args.bytes, args.offset[1], args.length[1])
  if (found === 0) return reply.integer(0)
  if (typeOf(keyspace.arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  reply.integer(stringLength(keyspace.arena, found))
}

/** MGET key...: null for what is no string. */
function mget(engine: Engine, args: Args, reply: Reply): void {
  const { bytes } = args
  reply.array(args.count - 1)
  for (let i = 1; i < args.count; i++) {
    const keyspace = engine.keyspaceOf(args, i)
    const { arena } = keyspace
    const found = keyspace.findForRead(bytes, args.offset[i], args.length[i])
    if (found === 0 || typeOf(arena, found) !== TYPE_STRING) reply.nil()
    else replyValue(arena, found, reply)
  }
}

/** MSET (key value)... */
function mset(engine: Engine, args: Args, reply: Reply): void {
  if ((args.count & 1) === 0) return reply.error(errors.wrongArity('mset'))
  storePairs(engine, args)
  reply.ok()
}

/** MSETNX (key value)...: 1, or 0 when any of the keys exists. */
function msetnx(engine: Engine, args: Args, reply: Reply): void {
  if ((args.count & 1) === 0) return reply.error(errors.wrongArity('msetnx'))
  for (let i = 1; i < args.count; i += 2) {
    if (engine.keyspaceOf(args, i).findForWrite(args.bytes, args.offset[i], args.length[i]) !== 0)
      return reply.integer(0)
  }
  storePairs(engine, args)
  reply.integer(1)
}

/** With GET the key is read too. */
function setKeyFlags(args: Args, first: number): readonly string[] {
  for (let i = first + 3; i < args.count; i++) if (args.isOption(i, GET_WORD)) return ['RW', 'ACCESS', 'UPDATE']
  return ['OW', 'UPDATE']
}
