/* Commands that ask of keys or delete them, whatever their values are. Baton holder. Hot: DEL, EXISTS. */
import type { Args } from '../../../base/args.ts'
import { ACL_KEYSPACE, FAST, family, keysToEnd, oneKey, READONLY, WRITE } from '../../../base/command-spec.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { typeOf } from '../../keyspace/entry.ts'
import { AT_ONCE, LAZILY } from '../../keyspace/lazyfree.ts'
import { valueTypeOf } from '../../keyspace/value-type.ts'

const OVER_SHARDS = ['request_policy:multi_shard', 'response_policy:agg_sum']

export const keyCommands = family<Engine>('generic', [
  {
    name: 'DEL',
    arity: -2,
    runs: 'shards',
    flags: WRITE,
    acl: ACL_KEYSPACE,
    keys: keysToEnd(1, 1, 'RM', 'DELETE'),
    since: '1.0.0',
    complexity: 'O(n) in the keys, and in the elements of those that are no strings',
    summary: 'Deletes keys; replies with how many there were.',
    syntax: 'key...',
    tips: OVER_SHARDS,
    handler: (engine, args, reply) =>
      remove(engine, args, reply, engine.settings.lazyfreeLazyUserDel ? LAZILY : AT_ONCE),
  },
  {
    name: 'UNLINK',
    arity: -2,
    runs: 'shards',
    flags: WRITE | FAST,
    acl: ACL_KEYSPACE,
    keys: keysToEnd(1, 1, 'RM', 'DELETE'),
    since: '4.0.0',
    complexity: 'O(n) in the keys; large values are freed afterwards, between other commands',
    summary: 'Deletes keys, and frees large values later; replies with how many there were.',
    syntax: 'key...',
    tips: OVER_SHARDS,
    handler: (engine, args, reply) => remove(engine, args, reply, LAZILY),
  },
  {
    name: 'EXISTS',
    arity: -2,
    runs: 'shards',
    flags: READONLY | FAST,
    acl: ACL_KEYSPACE,
    keys: keysToEnd(1, 1, 'RO'),
    since: '1.0.0',
    complexity: 'O(n) in the keys',
    summary: 'How many of the keys there are; one named twice counts twice.',
    syntax: 'key...',
    tips: OVER_SHARDS,
    history: [['3.0.3', 'Accepts multiple `key` arguments.']],
    handler: exists,
  },
  {
    name: 'TOUCH',
    arity: -2,
    runs: 'shards',
    flags: READONLY | FAST,
    acl: ACL_KEYSPACE,
    keys: keysToEnd(1, 1, 'RO'),
    since: '3.2.1',
    complexity: 'O(n) in the keys',
    summary: 'Marks keys as used just now; replies with how many there are.',
    syntax: 'key...',
    tips: OVER_SHARDS,
    handler: touch,
  },
  {
    name: 'TYPE',
    arity: 2,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_KEYSPACE,
    keys: oneKey(1, 'RO'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'The type of the value at a key.',
    syntax: 'key',
    handler: type,
  },
])

function remove(engine: Engine, args: Args, reply: Reply, how: number): void {
  const { bytes } = args
  let deleted = 0
  for (let i = 1; i < args.count; i++) {
    const keyspace = engine.keyspaceOf(args, i)
    if (!keyspace.remove(bytes, args.offset[i], args.length[i], how)) continue
    keyspace.changed(bytes, args.offset[i], args.length[i])
    deleted++
  }
  reply.integer(deleted)
}

function exists(engine: Engine, args: Args, reply: Reply): void {
  let found = 0
  for (let i = 1; i < args.count; i++) {
    if (engine.keyspaceOf(args, i).findWithoutTouch(args.bytes, args.offset[i], args.length[i]) !== 0) found++
  }
  reply.integer(found)
}

/** TOUCH touches for a client under CLIENT NO-TOUCH too: that is what it asks for. */
function touch(engine: Engine, args: Args, reply: Reply): void {
  const { access } = engine
  const { noTouch } = access
  let found = 0
  access.noTouch = false
  for (let i = 1; i < args.count; i++) {
    if (engine.keyspaceOf(args, i).findForRead(args.bytes, args.offset[i], args.length[i]) !== 0) found++
  }
  access.noTouch = noTouch
  reply.integer(found)
}

function type(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const entry = keyspace.findWithoutTouch(args.bytes, args.offset[1], args.length[1])
  reply.simple(entry === 0 ? 'none' : valueTypeOf(typeOf(keyspace.arena, entry)).name)
}
