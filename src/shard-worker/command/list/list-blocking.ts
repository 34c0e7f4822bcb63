/* The list commands that wait for an element when there is none (https://redis.io/commands/blpop/). Baton holder of all
 * their keys.
 *
 * A handler looks once. When there is nothing, engine.await() has its client wait, and it runs anew when a list has
 * come into being: see src/io/routing/blocking.ts. Where nobody can wait, as in a transaction, it answers at once. */
import type { Args } from '../../../base/args.ts'
import {
  ACL_LIST,
  BLOCKING,
  type CommandSpec,
  DENYOOM,
  family,
  type KeySpec,
  oneKey,
  WRITE,
} from '../../../base/command-spec.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { TYPE_LIST } from '../../keyspace/entry.ts'
import { parseTimeout } from '../timeout-argument.ts'
import { parseMultiplePop, popFirst } from './list-mpop.ts'
import { moveElement, openForWrite, parseEnd, popElement } from './list-value.ts'

const POPPED = ['RW', 'ACCESS', 'DELETE']
const SOURCE_AND_DESTINATION: KeySpec[] = [...oneKey(1, ...POPPED), ...oneKey(2, 'RW', 'INSERT')]
const DOUBLE_TIMEOUT = [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']] as const

/** What BLPOP and BRPOP have in common. */
const POP = {
  arity: -3,
  runs: 'shards',
  flags: WRITE | BLOCKING,
  acl: ACL_LIST,
  /** All arguments but the last, which is the timeout. */
  keys: [{ flags: POPPED, begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } }],
  since: '2.0.0',
  complexity: 'O(n) in the keys',
  syntax: 'key... timeout:double',
  history: DOUBLE_TIMEOUT,
} satisfies Partial<CommandSpec<Engine>>

export const listBlockingCommands = family<Engine>('list', [
  {
    ...POP,
    name: 'BLPOP',
    summary: 'Takes the element at the head of the first list that has one, waiting until one has.',
    handler: (engine, args, reply) => pop(engine, args, reply, true),
  },
  {
    ...POP,
    name: 'BRPOP',
    summary: 'Takes the element at the tail of the first list that has one, waiting until one has.',
    handler: (engine, args, reply) => pop(engine, args, reply, false),
  },
  {
    name: 'BLMPOP',
    arity: -5,
    runs: 'shards',
    flags: WRITE | BLOCKING,
    acl: ACL_LIST,
    keys: [{ flags: POPPED, begin: { index: 2 }, find: { keyNumIndex: 0, firstKey: 1, step: 1 } }],
    since: '7.0.0',
    complexity: 'O(n+m) in the keys and the elements returned',
    summary: 'Takes elements from one end of the first list that has any, waiting until one has.',
    syntax: 'timeout:double numkeys:integer key... LEFT|RIGHT [COUNT count:integer]',
    handler: blmpop,
  },
  {
    name: 'BLMOVE',
    arity: 6,
    runs: 'shards',
    flags: WRITE | DENYOOM | BLOCKING,
    acl: ACL_LIST,
    keys: SOURCE_AND_DESTINATION,
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Moves an element from one end of a list to one end of another, waiting until there is one.',
    syntax: 'source:key destination:key LEFT|RIGHT LEFT|RIGHT timeout:double',
    handler: blmove,
  },
  {
    name: 'BRPOPLPUSH',
    arity: 4,
    runs: 'shards',
    flags: WRITE | DENYOOM | BLOCKING,
    acl: ACL_LIST,
    keys: SOURCE_AND_DESTINATION,
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Moves the element at the tail of a list to the head of another, waiting until there is one.',
    syntax: 'source:key destination:key timeout:double',
    history: DOUBLE_TIMEOUT,
    deprecated: { since: '6.2.0', replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments' },
    handler: (engine, args, reply) => {
      const timeoutMs = parseTimeout(engine, args, 3, reply)
      if (timeoutMs !== undefined) move(engine, args, reply, false, true, timeoutMs)
    },
  },
])

/** BLPOP, BRPOP key... timeout. */
function pop(engine: Engine, args: Args, reply: Reply, atHead: boolean): void {
  const timeoutMs = parseTimeout(engine, args, args.count - 1, reply)
  if (timeoutMs === undefined) return
  for (let key = 1; key < args.count - 1; key++) {
    const keyspace = engine.keyspaceOf(args, key)
    const list = openForWrite(engine, keyspace, args, key, reply)
    if (list === null) return
    if (!list.isOpen) continue
    reply.array(2)
    reply.bulk(args.bytes, args.offset[key], args.length[key])
    popElement(keyspace, list, args, key, atHead, reply)
    return
  }
  if (!engine.await(TYPE_LIST, timeoutMs)) reply.nilArray()
}

/** BLMPOP timeout numkeys key... LEFT|RIGHT [COUNT count]. The timeout is looked at last. */
function blmpop(engine: Engine, args: Args, reply: Reply): void {
  const pop = parseMultiplePop(args, 2, reply)
  if (pop === null) return
  const timeoutMs = parseTimeout(engine, args, 1, reply)
  if (timeoutMs === undefined) return
  if (!popFirst(engine, args, pop, reply) && !engine.await(TYPE_LIST, timeoutMs)) reply.nilArray()
}

/** BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout. */
function blmove(engine: Engine, args: Args, reply: Reply): void {
  const fromHead = parseEnd(args, 3, reply)
  if (fromHead === undefined) return
  const toHead = parseEnd(args, 4, reply)
  if (toHead === undefined) return
  const timeoutMs = parseTimeout(engine, args, 5, reply)
  if (timeoutMs !== undefined) move(engine, args, reply, fromHead, toHead, timeoutMs)
}

function move(engine: Engine, args: Args, reply: Reply, fromHead: boolean, toHead: boolean, timeoutMs: number): void {
  const source = engine.keyspaceOf(args, 1)
  const isThere = source.find(args.bytes, args.offset[1], args.length[1]) !== 0
  if (isThere || !engine.await(TYPE_LIST, timeoutMs)) moveElement(engine, args, fromHead, toHead, reply)
}
