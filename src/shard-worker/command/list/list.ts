/* The list commands that push, pop and read (https://redis.io/commands/?group=list). Baton holder. Hot. */
import type { Args } from '../../../base/args.ts'
import {
  ACL_LIST,
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
import type { Keyspace } from '../../keyspace/keyspace.ts'
import type { List } from '../../keyspace/list/list.ts'
import { integerArgument } from '../integer-argument.ts'
import { deferredPops, FOREIGN, findList, openForWrite, openFound, popElement, popElements } from './list-value.ts'

/** What the pushes have in common. */
const PUSH = {
  arity: -3,
  runs: 'shard',
  flags: WRITE | DENYOOM | FAST,
  acl: ACL_LIST,
  keys: oneKey(1, 'RW', 'INSERT'),
  complexity: 'O(1) for each element',
  syntax: 'key element...',
} satisfies Partial<CommandSpec<Engine>>

/** What the pops have in common. */
const POP = {
  arity: -2,
  runs: 'shard',
  flags: WRITE | FAST,
  acl: ACL_LIST,
  keys: oneKey(1, 'RW', 'ACCESS', 'DELETE'),
  since: '1.0.0',
  complexity: 'O(n) in the elements returned',
  syntax: 'key [count]',
  history: [['6.2.0', 'Added the `count` argument.']],
} satisfies Partial<CommandSpec<Engine>>

export const listCommands = family<Engine>('list', [
  {
    ...PUSH,
    name: 'LPUSH',
    since: '1.0.0',
    summary: 'Adds elements at the head of a list.',
    history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    handler: (engine, args, reply) => push(engine, args, reply, true, false),
  },
  {
    ...PUSH,
    name: 'RPUSH',
    since: '1.0.0',
    summary: 'Adds elements at the tail of a list.',
    history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    handler: (engine, args, reply) => push(engine, args, reply, false, false),
  },
  {
    ...PUSH,
    name: 'LPUSHX',
    since: '2.2.0',
    summary: 'Adds elements at the head of a list that is there.',
    history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    handler: (engine, args, reply) => push(engine, args, reply, true, true),
  },
  {
    ...PUSH,
    name: 'RPUSHX',
    since: '2.2.0',
    summary: 'Adds elements at the tail of a list that is there.',
    history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    handler: (engine, args, reply) => push(engine, args, reply, false, true),
  },
  {
    ...POP,
    name: 'LPOP',
    summary: 'Takes elements from the head of a list, and the list away with the last one.',
    handler: (engine, args, reply) => pop(engine, args, reply, 'lpop', true),
  },
  {
    ...POP,
    name: 'RPOP',
    summary: 'Takes elements from the tail of a list, and the list away with the last one.',
    handler: (engine, args, reply) => pop(engine, args, reply, 'rpop', false),
  },
  {
    name: 'LLEN',
    arity: 2,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_LIST,
    keys: oneKey(1, 'RO'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'The number of elements of a list.',
    syntax: 'key',
    handler: llen,
  },
  {
    name: 'LINDEX',
    arity: 3,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_LIST,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '1.0.0',
    complexity: 'O(n) in the elements between the index and the nearer end',
    summary: 'The element of a list with an index, from the end when it is negative.',
    syntax: 'key index:integer',
    handler: lindex,
  },
  {
    name: 'LRANGE',
    arity: 4,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_LIST,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '1.0.0',
    complexity: 'O(s+n): s elements between the range and the nearer end, n returned',
    summary: 'The elements of a list between two indexes.',
    syntax: 'key start:integer stop:integer',
    handler: lrange,
  },
])

/** LPUSH, RPUSH, LPUSHX, RPUSHX: all elements or none. */
function push(engine: Engine, args: Args, reply: Reply, atHead: boolean, onlyIfThere: boolean): void {
  const { keyspace } = engine
  const list = openForWrite(engine, keyspace, args, 1, reply)
  if (list === null) return
  const isNew = !list.isOpen
  if (isNew && onlyIfThere) return reply.integer(0)
  const isDone = args.count === 3 && !isNew && list.pushShort(atHead, args.bytes, args.offset[2], args.length[2])
  if (!isDone) pushAll(keyspace, list, args, isNew, atHead)
  keyspace.changed(args.bytes, args.offset[1], args.length[1], args.count - 2)
  reply.integer(list.count)
}

/** Pushes all arguments from 2 on to a list, which is made if it is new; or none. */
function pushAll(keyspace: Keyspace, list: List, args: Args, isNew: boolean, atHead: boolean): void {
  let textBytes = 0
  for (let i = 2; i < args.count; i++) textBytes += args.length[i]
  if (isNew) list.create(keyspace, args.bytes, args.offset[1], args.length[1], textBytes, args.count - 2, atHead)
  try {
    pushArguments(list, args, atHead, textBytes)
  } catch (error) {
    if (isNew) list.discard(keyspace)
    throw error
  }
}

/** Pushes the arguments from 2 on, which are `textBytes` long together. */
function pushArguments(list: List, args: Args, atHead: boolean, textBytes: number): void {
  const { bytes, offset, length, count } = args
  const wasListpack = list.isListpack
  list.convertToAdd(textBytes, count - 2)
  let i = 2
  try {
    for (; i < count; i++) list.push(atHead, bytes, offset[i], length[i])
  } catch (error) {
    for (; i > 2; i--) list.dropEnd(atHead)
    list.revert(wasListpack)
    throw error
  }
}

function pop(engine: Engine, args: Args, reply: Reply, command: string, atHead: boolean): void {
  if (args.count > 3) return reply.error(errors.wrongArity(command))
  const hasCount = args.count === 3
  const count = hasCount ? integerArgument(args, 2) : 1
  if (!(count >= 0)) return reply.error(errors.NOT_POSITIVE)
  const { keyspace } = engine
  if (count > 1 && deferredPops(engine, keyspace, args, 1, atHead, count)) return
  const list = openForWrite(engine, keyspace, args, 1, reply)
  if (list === null) return
  if (!list.isOpen) return hasCount ? reply.nilArray() : reply.nil()
  if (!hasCount) popElement(keyspace, list, args, 1, atHead, reply)
  else if (count === 0) reply.array(0)
  else popElements(keyspace, list, args, 1, atHead, count, reply)
}

function llen(engine: Engine, args: Args, reply: Reply): void {
  const list = findList(engine, args)
  if (list === FOREIGN) return reply.error(errors.WRONG_TYPE)
  reply.integer(list === null ? 0 : list.count)
}

function lindex(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const entry = keyspace.find(args.bytes, args.offset[1], args.length[1])
  const list = openFound(engine, keyspace, entry)
  const index = integerArgument(args, 2)
  if (list && !Number.isNaN(index) && engine.defers(list.nodesTo(index), 0)) return
  keyspace.noteRead(entry)
  if (list === FOREIGN) return reply.error(errors.WRONG_TYPE)
  if (list === null) return reply.nil()
  if (Number.isNaN(index)) return reply.error(errors.NOT_AN_INTEGER)
  if (!list.seek(index)) return reply.nil()
  list.read()
  list.reply(reply)
}

function lrange(engine: Engine, args: Args, reply: Reply): void {
  let start = integerArgument(args, 2)
  let stop = integerArgument(args, 3)
  if (Number.isNaN(start) || Number.isNaN(stop)) return reply.error(errors.NOT_AN_INTEGER)
  const { keyspace } = engine
  const entry = keyspace.find(args.bytes, args.offset[1], args.length[1])
  const list = openFound(engine, keyspace, entry)
  let wanted = 0
  if (list) {
    const { count } = list
    if (start < 0) start = Math.max(0, count + start)
    if (stop < 0) stop += count
    wanted = Math.max(0, Math.min(stop, count - 1) - start + 1)
    if (engine.defers(wanted + list.nodesTo(start), list.bytesFrom(start, wanted))) return
  }
  keyspace.noteRead(entry)
  if (list === FOREIGN) return reply.error(errors.WRONG_TYPE)
  reply.array(wanted)
  if (list !== null && wanted > 0) list.replyRange(reply, start, wanted, true)
}
