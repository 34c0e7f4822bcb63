/* Commands that give a value another key or database: RENAME, RENAMENX, MOVE, COPY. Baton holder.
 *
 * Values move as they are, with their expiry and, when the key moves, its LRU or LFU field: within a shard by their
 * block alone, across shards by a copy. What a destination held is removed last, so that a full arena costs nothing. */
import type { Args } from '../../../base/args.ts'
import { bytesOf, equalBytes } from '../../../base/bytes.ts'
import { ACL_KEYSPACE, DENYOOM, FAST, family, type KeySpec, oneKey, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import { insertCopy, insertMoved } from '../../keyspace/transfer.ts'
import { bytesOfEntry } from '../../keyspace/value-type.ts'
import { parseDatabase } from './database-argument.ts'

const NEW_KEY_UPDATED: KeySpec[] = oneKey(2, 'OW', 'UPDATE')
const DB = bytesOf('DB')
const REPLACE = bytesOf('REPLACE')

export const keyMoveCommands = family<Engine>('generic', [
  {
    name: 'RENAME',
    arity: 3,
    runs: 'shards',
    flags: WRITE,
    acl: ACL_KEYSPACE,
    keys: [...oneKey(1, 'RW', 'ACCESS', 'DELETE'), ...NEW_KEY_UPDATED],
    since: '1.0.0',
    complexity: 'O(1) within a shard, O(n) in the elements of the value across shards',
    summary: 'Gives a value another key, in place of what was there.',
    syntax: 'key newkey:key',
    handler: (engine, args, reply) => rename(engine, args, reply, false),
  },
  {
    name: 'RENAMENX',
    arity: 3,
    runs: 'shards',
    flags: WRITE | FAST,
    acl: ACL_KEYSPACE,
    keys: [...oneKey(1, 'RW', 'ACCESS', 'DELETE'), ...oneKey(2, 'OW', 'INSERT')],
    since: '1.0.0',
    complexity: 'O(1) within a shard, O(n) in the elements of the value across shards',
    summary: 'Gives a value another key, unless that one is taken.',
    syntax: 'key newkey:key',
    history: [['3.2.0', 'The command no longer returns an error when source and destination names are the same.']],
    handler: (engine, args, reply) => rename(engine, args, reply, true),
  },
  {
    name: 'MOVE',
    arity: 3,
    runs: 'shard',
    flags: WRITE | FAST,
    acl: ACL_KEYSPACE,
    keys: oneKey(1, 'RW', 'ACCESS', 'UPDATE'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Moves a key to another database, unless it is there already.',
    syntax: 'key db:integer',
    handler: move,
  },
  {
    name: 'COPY',
    arity: -3,
    runs: 'shards',
    flags: WRITE | DENYOOM,
    acl: ACL_KEYSPACE,
    keys: [...oneKey(1, 'RO', 'ACCESS'), ...NEW_KEY_UPDATED],
    since: '6.2.0',
    complexity: 'O(n) in the elements of the value, O(1) for strings',
    summary: 'Copies a value to another key or database.',
    syntax: 'source:key destination:key [DB destination-db] [REPLACE]',
    handler: copy,
  },
])

function rename(engine: Engine, args: Args, reply: Reply, onlyIfFree: boolean): void {
  const { bytes } = args
  const from = args.offset[1]
  const fromBytes = args.length[1]
  const to = args.offset[2]
  const toBytes = args.length[2]
  const source = engine.keyspaceOf(args, 1)
  const entry = source.findForWrite(bytes, from, fromBytes)
  if (entry === 0) return reply.error(errors.NO_SUCH_KEY)
  const isWithin = source.shard === engine.keyspaceOf(args, 2).shard
  if (!isWithin && defersCopy(engine, source, entry)) return
  if (fromBytes !== toBytes || !equalBytes(bytes, from, bytes, to, toBytes)) {
    const target = engine.keyspaceOf(args, 2)
    const old = target.findForWrite(bytes, to, toBytes)
    if (old !== 0 && onlyIfFree) return reply.integer(0)
    insertMoved(target, source, entry, bytes, to, toBytes)
    if (old !== 0) target.removeEntry(old)
    source.wakeWatchers(bytes, from, fromBytes)
    target.changed(bytes, to, toBytes)
    if (onlyIfFree) return reply.integer(1)
  } else if (onlyIfFree) return reply.integer(0)
  reply.ok()
}

/** Whether copying a value is work for the worker. */
function defersCopy(engine: Engine, { arena }: Keyspace, entry: number): boolean {
  return engine.defers(0, bytesOfEntry(arena, entry))
}

function move(engine: Engine, args: Args, reply: Reply): void {
  const db = parseDatabase(engine, args, 2, reply)
  if (db < 0) return
  if (db === engine.db) return reply.error(errors.SAME_OBJECT)
  const { bytes } = args
  const key = args.offset[1]
  const keyBytes = args.length[1]
  const source = engine.keyspace
  const target = source.shard.keyspaces[db]
  const entry = source.findForWrite(bytes, key, keyBytes)
  if (entry === 0 || target.findForWrite(bytes, key, keyBytes) !== 0) return reply.integer(0)
  insertMoved(target, source, entry, bytes, key, keyBytes)
  source.wakeWatchers(bytes, key, keyBytes)
  target.changed(bytes, key, keyBytes)
  reply.integer(1)
}

function copy(engine: Engine, args: Args, reply: Reply): void {
  let db = engine.db
  let replace = false
  for (let i = 3; i < args.count; i++) {
    if (args.isOption(i, REPLACE)) {
      replace = true
    } else if (args.isOption(i, DB) && i + 1 < args.count) {
      db = parseDatabase(engine, args, ++i, reply)
      if (db < 0) return
    } else {
      return reply.error(errors.SYNTAX)
    }
  }
  const { bytes } = args
  const from = args.offset[1]
  const fromBytes = args.length[1]
  const to = args.offset[2]
  const toBytes = args.length[2]
  if (db === engine.db && fromBytes === toBytes && equalBytes(bytes, from, bytes, to, toBytes)) {
    return reply.error(errors.SAME_OBJECT)
  }
  const source = engine.keyspaceOf(args, 1)
  const target = engine.keyspaceOf(args, 2).shard.keyspaces[db]
  const entry = source.find(bytes, from, fromBytes)
  if (entry !== 0 && defersCopy(engine, source, entry)) return
  source.noteRead(entry)
  if (entry === 0) return reply.integer(0)
  const old = target.findForWrite(bytes, to, toBytes)
  if (old !== 0 && !replace) return reply.integer(0)
  insertCopy(target, source, entry, bytes, to, toBytes)
  if (old !== 0) target.removeEntry(old)
  target.changed(bytes, to, toBytes)
  reply.integer(1)
}
