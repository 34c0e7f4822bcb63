/* Commands over whole databases: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB. Baton holder of every shard. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_DANGEROUS, ACL_KEYSPACE, FAST, family, HEAVY, READONLY, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { flushDatabase, flushShard } from '../../keyspace/flush.ts'
import { AT_ONCE, LAZILY } from '../../keyspace/lazyfree.ts'
import type { Shard } from '../../keyspace/shard.ts'
import { DIRTY, FLUSHES } from '../../keyspace/shard-layout.ts'
import type { WatchedKey } from '../../keyspace/watch.ts'
import { parseInt32 } from './database-argument.ts'

const ASYNC = bytesOf('ASYNC')
const SYNC = bytesOf('SYNC')
const TO_ALL = ['request_policy:all_shards', 'response_policy:all_succeeded']
const FLUSH_HISTORY = [
  ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'],
  ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
] as const

export const databaseCommands = family<Engine>('server', [
  {
    name: 'DBSIZE',
    arity: 1,
    runs: 'all',
    flags: READONLY | FAST,
    acl: ACL_KEYSPACE,
    keys: [],
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'How many keys the selected database has, expired ones that are not deleted yet among them.',
    syntax: '',
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
    handler: dbsize,
  },
  {
    name: 'FLUSHDB',
    arity: -1,
    runs: 'all',
    flags: WRITE | HEAVY,
    acl: ACL_KEYSPACE | ACL_DANGEROUS,
    keys: [],
    since: '1.0.0',
    complexity: 'O(n) in the keys of the database',
    summary: 'Deletes every key of the selected database.',
    syntax: '[ASYNC|SYNC]',
    tips: TO_ALL,
    history: FLUSH_HISTORY,
    handler: flushdb,
  },
  {
    name: 'FLUSHALL',
    arity: -1,
    runs: 'all',
    flags: WRITE | HEAVY,
    acl: ACL_KEYSPACE | ACL_DANGEROUS,
    keys: [],
    since: '1.0.0',
    complexity: 'O(n) in the keys of all databases',
    summary: 'Deletes every key of every database.',
    syntax: '[ASYNC|SYNC]',
    tips: TO_ALL,
    history: FLUSH_HISTORY,
    handler: flushall,
  },
  {
    name: 'SWAPDB',
    arity: 3,
    runs: 'all',
    flags: WRITE | FAST,
    acl: ACL_KEYSPACE | ACL_DANGEROUS,
    keys: [],
    since: '4.0.0',
    complexity: 'O(n) in the watched keys of both databases',
    summary: 'Exchanges the contents of two databases under the clients that use them.',
    syntax: 'index1:integer index2:integer',
    handler: swapdb,
  },
])

function dbsize(engine: Engine, _args: Args, reply: Reply): void {
  let keys = 0
  for (const shard of engine.shards) keys += shard.keyspaces[engine.db].keys.used
  reply.integer(keys)
}

function flushdb(engine: Engine, args: Args, reply: Reply): void {
  const how = parseFlush(engine, args)
  if (how < 0) return reply.error(errors.SYNTAX)
  for (const shard of engine.shards) shard.counters[DIRTY] += flushDatabase(shard, engine.db, how)
  reply.ok()
}

function flushall(engine: Engine, args: Args, reply: Reply): void {
  const how = parseFlush(engine, args)
  if (how < 0) return reply.error(errors.SYNTAX)
  for (const shard of engine.shards) shard.counters[DIRTY] += flushShard(shard, how)
  engine.shards[0].counters[FLUSHES]++
  reply.ok()
}

/** How the keys are to be freed, -1 when the arguments are unsound. */
function parseFlush({ settings }: Engine, args: Args): number {
  if (args.count === 1) return settings.lazyfreeLazyUserFlush ? LAZILY : AT_ONCE
  if (args.count > 2) return -1
  return args.isOption(1, ASYNC) ? LAZILY : args.isOption(1, SYNC) ? AT_ONCE : -1
}

function swapdb(engine: Engine, args: Args, reply: Reply): void {
  const first = parseInt32(args, 1)
  if (first === undefined) return reply.error(errors.INVALID_FIRST_DB)
  const second = parseInt32(args, 2)
  if (second === undefined) return reply.error(errors.INVALID_SECOND_DB)
  const { databases } = engine
  if (first < 0 || second < 0 || first >= databases || second >= databases) return reply.error(errors.DB_OUT_OF_RANGE)
  if (first !== second) {
    for (const shard of engine.shards) swap(shard, first, second)
    engine.access.addedKeys?.swapped(first, second)
  }
  engine.shards[0].counters[DIRTY]++
  reply.ok()
}

function swap(shard: Shard, first: number, second: number): void {
  touchSwapped(shard, first, second)
  touchSwapped(shard, second, first)
  shard.swapDatabases(first, second)
}

/**
 * A watched key of database `own` changes when it is there, and once more when it is in the other one: of a key that
 * had expired when it was watched only the first does not count. One that has expired in the other database stays as
 * good as absent when it comes from there, and its going later on is no change.
 */
function touchSwapped(shard: Shard, own: number, other: number): void {
  const { u8 } = shard.arena
  const { keyspaces } = shard
  const isThere = (db: number, { offset, length }: WatchedKey) => keyspaces[db].peek(u8, offset, length) !== 0
  const hasExpired = (db: number, { offset, length }: WatchedKey) => keyspaces[db].hasExpired(u8, offset, length)
  shard.watches.touchDatabase(own, (key) => isThere(own, key))
  shard.watches.touchDatabase(own, (key) => isThere(other, key) && !hasExpired(other, key))
  shard.watches.expectChange(own, (key) => hasExpired(other, key))
}
