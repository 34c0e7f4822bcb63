/* The hash commands that set, get and delete fields (https://redis.io/commands/?group=hash). Baton holder. Hot. */
import type { Args } from '../../../base/args.ts'
import {
  ACL_HASH,
  type CommandSpec,
  DENYOOM,
  FAST,
  family,
  oneKey,
  READONLY,
  WRITE,
} from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { keyLength, keyOffset, replyValue } from '../../keyspace/entry.ts'
import type { Hash } from '../../keyspace/hash/hash.ts'
import { setAllOrNone } from '../../keyspace/hash/hash-set.ts'
import * as listpack from '../../structure/listpack.ts'
import {
  createFor,
  DEFERRED,
  FOREIGN,
  findHash,
  findWhole,
  openForWrite,
  replyElement,
  replyText,
} from './hash-value.ts'

/** What the commands that list a whole hash have in common. */
const WHOLE = {
  arity: 2,
  runs: 'shard',
  flags: READONLY,
  acl: ACL_HASH,
  keys: oneKey(1, 'RO', 'ACCESS'),
  since: '2.0.0',
  complexity: 'O(n) in the fields',
  syntax: 'key',
  tips: ['nondeterministic_output_order'],
} satisfies Partial<CommandSpec<Engine>>

export const hashCommands = family<Engine>('hash', [
  {
    name: 'HSET',
    arity: -4,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RW', 'UPDATE'),
    since: '2.0.0',
    complexity: 'O(1) for each field',
    summary: 'Sets fields of a hash.',
    syntax: 'key (field value)...',
    history: [['4.0.0', 'Accepts multiple `field` and `value` arguments.']],
    handler: hset,
  },
  {
    name: 'HMSET',
    arity: -4,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RW', 'UPDATE'),
    since: '2.0.0',
    complexity: 'O(1) for each field',
    summary: 'Sets fields of a hash.',
    syntax: 'key (field value)...',
    deprecated: { since: '4.0.0', replacedBy: '`HSET` with multiple field-value pairs' },
    handler: hmset,
  },
  {
    name: 'HSETNX',
    arity: 4,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RW', 'INSERT'),
    since: '2.0.0',
    complexity: 'O(1)',
    summary: 'Sets a field of a hash unless it is there.',
    syntax: 'key field value',
    handler: hsetnx,
  },
  {
    name: 'HGET',
    arity: 3,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '2.0.0',
    complexity: 'O(1)',
    summary: 'The value of a field of a hash.',
    syntax: 'key field',
    handler: hget,
  },
  {
    name: 'HMGET',
    arity: -3,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '2.0.0',
    complexity: 'O(1) for each field',
    summary: 'The values of fields of a hash.',
    syntax: 'key field...',
    handler: hmget,
  },
  {
    name: 'HDEL',
    arity: -3,
    runs: 'shard',
    flags: WRITE | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RW', 'DELETE'),
    since: '2.0.0',
    complexity: 'O(1) for each field',
    summary: 'Deletes fields of a hash, and the hash with the last one.',
    syntax: 'key field...',
    history: [['2.4.0', 'Accepts multiple `field` arguments.']],
    handler: hdel,
  },
  {
    name: 'HLEN',
    arity: 2,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RO'),
    since: '2.0.0',
    complexity: 'O(1)',
    summary: 'The number of fields of a hash.',
    syntax: 'key',
    handler: hlen,
  },
  {
    name: 'HSTRLEN',
    arity: 3,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RO'),
    since: '3.2.0',
    complexity: 'O(1)',
    summary: 'The length of the value of a field of a hash.',
    syntax: 'key field',
    handler: hstrlen,
  },
  {
    name: 'HEXISTS',
    arity: 3,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RO'),
    since: '2.0.0',
    complexity: 'O(1)',
    summary: 'Whether a hash has a field.',
    syntax: 'key field',
    handler: hexists,
  },
  {
    ...WHOLE,
    name: 'HKEYS',
    summary: 'The fields of a hash.',
    handler: (engine, args, reply) => list(engine, args, reply, true, false),
  },
  {
    ...WHOLE,
    name: 'HVALS',
    summary: 'The values of a hash.',
    handler: (engine, args, reply) => list(engine, args, reply, false, true),
  },
  {
    ...WHOLE,
    name: 'HGETALL',
    summary: 'The fields of a hash and their values.',
    handler: (engine, args, reply) => list(engine, args, reply, true, true),
  },
])

function hset(engine: Engine, args: Args, reply: Reply): void {
  const added = setPairs(engine, args, 'hset', reply)
  if (added >= 0) reply.integer(added)
}

function hmset(engine: Engine, args: Args, reply: Reply): void {
  if (setPairs(engine, args, 'hmset', reply) >= 0) reply.ok()
}

/** Sets the pairs from argument 2 on, all or none; returns how many fields are new, or -1 after an error reply. */
function setPairs(engine: Engine, args: Args, command: string, reply: Reply): number {
  if (args.count % 2 !== 0) {
    reply.error(errors.wrongArity(command))
    return -1
  }
  const { keyspace } = engine
  const hash = openForWrite(engine, args, reply)
  if (hash === null) return -1
  const pairs = (args.count - 2) >> 1
  const isShort = hash.isOpen && pairs > 1 && !hash.hasRoom(pairs, args.totalBytes())
  const added = isShort ? setAllOrNone(hash, args, 2) : setOneByOne(hash, args, pairs)
  keyspace.changed(args.bytes, args.offset[1], args.length[1], pairs)
  return added
}

/** Sets the pairs of a hash that has room for them, or of none, which is made. */
function setOneByOne(hash: Hash, args: Args, pairs: number): number {
  const isNew = !hash.isOpen
  if (isNew) createFor(args, hash)
  let added = 0
  try {
    // Redis guesses that the fields differ, and makes a hash that more of them are put into than fit a table at once.
    if (pairs > 1 && pairs > hash.maxEntries) hash.convert()
    for (let i = 2; i < args.count; i += 2) if (setArgument(hash, args, i)) added++
  } catch (error) {
    if (isNew) hash.discard()
    throw error
  }
  return added
}

/** Sets the field that is argument `field` to the argument after it; whether it is new. */
function setArgument(hash: Hash, args: Args, field: number): boolean {
  const { bytes, offset, length } = args
  return hash.set(bytes, offset[field], length[field], bytes, offset[field + 1], length[field + 1], false)
}

function hsetnx(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const hash = openForWrite(engine, args, reply)
  if (hash === null) return
  if (hash.isOpen && hash.find(args.bytes, args.offset[2], args.length[2])) return reply.integer(0)
  const isNew = !hash.isOpen
  if (isNew) createFor(args, hash)
  try {
    setArgument(hash, args, 2)
  } catch (error) {
    if (isNew) hash.discard()
    throw error
  }
  keyspace.changed(args.bytes, args.offset[1], args.length[1])
  reply.integer(1)
}

function hget(engine: Engine, args: Args, reply: Reply): void {
  const hash = findHash(engine, args)
  if (hash === FOREIGN) return reply.error(errors.WRONG_TYPE)
  replyField(hash, args, 2, reply)
}

function replyField(hash: Hash | null, args: Args, field: number, reply: Reply): void {
  // A hash of which every field has expired closes while it is asked for them.
  if (hash === null || !hash.isOpen) return reply.nil()
  if (!hash.find(args.bytes, args.offset[field], args.length[field])) return reply.nil()
  replyText(hash.arena, hash.valueBytes, hash.valueOffset, hash.valueLength, reply)
}

function hmget(engine: Engine, args: Args, reply: Reply): void {
  const hash = findHash(engine, args)
  if (hash === FOREIGN) return reply.error(errors.WRONG_TYPE)
  reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) replyField(hash, args, i, reply)
}

function hdel(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const hash = openForWrite(engine, args, reply)
  if (hash === null) return
  if (!hash.isOpen) return reply.integer(0)
  let deleted = 0
  for (let i = 2; i < args.count; i++) {
    if (!hash.remove(args.bytes, args.offset[i], args.length[i])) continue
    deleted++
    if (hash.count > 0) continue
    hash.discard()
    break
  }
  if (deleted > 0) keyspace.changed(args.bytes, args.offset[1], args.length[1], deleted)
  reply.integer(deleted)
}

function hlen(engine: Engine, args: Args, reply: Reply): void {
  const hash = findHash(engine, args)
  if (hash === FOREIGN) return reply.error(errors.WRONG_TYPE)
  reply.integer(hash === null ? 0 : hash.count)
}

function hstrlen(engine: Engine, args: Args, reply: Reply): void {
  const hash = findHash(engine, args)
  if (hash === FOREIGN) return reply.error(errors.WRONG_TYPE)
  const found = hash?.find(args.bytes, args.offset[2], args.length[2])
  reply.integer(hash !== null && found ? hash.valueLength : 0)
}

function hexists(engine: Engine, args: Args, reply: Reply): void {
  const hash = findHash(engine, args)
  if (hash === FOREIGN) return reply.error(errors.WRONG_TYPE)
  reply.integer(hash?.find(args.bytes, args.offset[2], args.length[2]) ? 1 : 0)
}

/** HKEYS, HVALS, HGETALL. */
function list(engine: Engine, args: Args, reply: Reply, fields: boolean, values: boolean): void {
  const hash = findWhole(engine, args)
  if (hash === DEFERRED) return
  if (hash === FOREIGN) return reply.error(errors.WRONG_TYPE)
  const count = hash === null ? 0 : hash.liveCount
  if (fields && values) reply.map(count)
  else reply.array(count)
  if (hash !== null) replyAll(hash, reply, fields, values)
}

function replyAll(hash: Hash, reply: Reply, fields: boolean, values: boolean): void {
  const { arena, table } = hash
  if (hash.isListpack) {
    const { u8 } = arena
    for (let p = listpack.first(hash.block); !listpack.isEnd(u8, p); p = hash.nextField(p)) {
      if (hash.isVolatile && hash.hasExpired(p)) continue
      if (fields) replyElement(arena, p, reply)
      if (values) replyElement(arena, listpack.next(u8, p), reply)
    }
    return
  }
  let cursor = 0
  do {
    cursor = table.scanStep(cursor)
    for (let i = 0; i < table.scannedCount; i++) {
      const entry = table.scanned[i]
      if (hash.isVolatile && hash.hasExpired(entry)) continue
      if (fields) reply.bulk(arena.u8, keyOffset(arena, entry), keyLength(arena, entry))
      if (values) replyValue(arena, entry, reply)
    }
  } while (cursor !== 0)
}
