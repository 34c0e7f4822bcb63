/* The list commands that change or search the middle of a list. Baton holder. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_LIST, DENYOOM, family, oneKey, READONLY, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import type { List } from '../../keyspace/list/list.ts'
import { insertAtCursor, keepRange, removeMatches, replaceAtCursor } from '../../keyspace/list/list-edit.ts'
import { integerArgument } from '../integer-argument.ts'
import { deferred, deferredSeek, FOREIGN, openForWrite, openFound } from './list-value.ts'

const BEFORE = bytesOf('BEFORE')
const AFTER = bytesOf('AFTER')
const RANK = bytesOf('RANK')
const COUNT = bytesOf('COUNT')
const MAXLEN = bytesOf('MAXLEN')
const MIN_LONG = -(2 ** 63)

export const listEditCommands = family<Engine>('list', [
  {
    name: 'LSET',
    arity: 4,
    runs: 'shard',
    flags: WRITE | DENYOOM,
    acl: ACL_LIST,
    keys: oneKey(1, 'RW', 'UPDATE'),
    since: '1.0.0',
    complexity: 'O(n) in the elements between the index and the nearer end',
    summary: 'Replaces the element of a list with an index, from the end when it is negative.',
    syntax: 'key index:integer element',
    handler: lset,
  },
  {
    name: 'LINSERT',
    arity: 5,
    runs: 'shard',
    flags: WRITE | DENYOOM,
    acl: ACL_LIST,
    keys: oneKey(1, 'RW', 'INSERT'),
    since: '2.2.0',
    complexity: 'O(n) in the elements before the pivot',
    summary: 'Inserts an element before or after the first one that equals the pivot.',
    syntax: 'key BEFORE|AFTER pivot element',
    handler: linsert,
  },
  {
    name: 'LREM',
    arity: 4,
    runs: 'shard',
    flags: WRITE,
    acl: ACL_LIST,
    keys: oneKey(1, 'RW', 'DELETE'),
    since: '1.0.0',
    complexity: 'O(n) in the elements',
    summary: 'Removes elements that equal a value: so many, from the end when the count is negative, or all.',
    syntax: 'key count:integer element',
    handler: lrem,
  },
  {
    name: 'LTRIM',
    arity: 4,
    runs: 'shard',
    flags: WRITE,
    acl: ACL_LIST,
    keys: oneKey(1, 'RW', 'DELETE'),
    since: '1.0.0',
    complexity: 'O(n) in the nodes removed',
    summary: 'Removes what is not between two indexes from a list.',
    syntax: 'key start:integer stop:integer',
    handler: ltrim,
  },
  {
    name: 'LPOS',
    arity: -3,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_LIST,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '6.0.6',
    complexity: 'O(n) in the elements up to the last one told',
    summary: 'The indexes of elements that equal a value.',
    syntax: 'key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]',
    handler: lpos,
  },
])

/** LSET key index element. Redis takes the low 32 bits of the index. */
function lset(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const long = integerArgument(args, 2)
  const index = Number.isNaN(long) ? 0 : lowBits(args, long)
  if (deferredSeek(engine, args, index)) return
  const list = openForWrite(engine, keyspace, args, 1, reply)
  if (list === null) return
  if (!list.isOpen) return reply.error(errors.NO_SUCH_KEY)
  if (Number.isNaN(long)) return reply.error(errors.NOT_AN_INTEGER)
  const wasListpack = list.isListpack
  list.convertToAdd(args.length[3], 1)
  if (!list.seek(index)) return reply.error(errors.INDEX_OUT_OF_RANGE)
  try {
    replaceAtCursor(list, args.bytes, args.offset[3], args.length[3])
  } catch (error) {
    list.revert(wasListpack)
    throw error
  }
  list.settle(keyspace)
  keyspace.changed(args.bytes, args.offset[1], args.length[1])
  reply.ok()
}

/** Argument 2, an integer, cut to an int as C does it. */
function lowBits(args: Args, index: number): number {
  return Number.isSafeInteger(index)
    ? Number(BigInt.asIntN(32, BigInt(index)))
    : Number(BigInt.asIntN(32, BigInt(args.text(2))))
}

function linsert(engine: Engine, args: Args, reply: Reply): void {
  const after = args.isOption(2, AFTER)
  if (!after && !args.isOption(2, BEFORE)) return reply.error(errors.SYNTAX)
  if (deferred(engine, args)) return
  const { keyspace } = engine
  const { bytes, offset, length } = args
  const list = openForWrite(engine, keyspace, args, 1, reply)
  if (list === null) return
  if (!list.isOpen) return reply.integer(0)
  const wasListpack = list.isListpack
  list.convertToAdd(length[4], 1)
  list.seek(0)
  if (list.moveToEqual(true, bytes, offset[3], length[3], list.count) < 0) return reply.integer(-1)
  try {
    insertAtCursor(list, after, bytes, offset[4], length[4])
  } catch (error) {
    list.revert(wasListpack)
    throw error
  }
  keyspace.changed(bytes, offset[1], length[1])
  reply.integer(list.count)
}

function lrem(engine: Engine, args: Args, reply: Reply): void {
  const count = integerArgument(args, 2)
  if (Number.isNaN(count)) return reply.error(errors.NOT_AN_INTEGER)
  if (deferred(engine, args)) return
  const { keyspace } = engine
  const { bytes, offset, length } = args
  const list = openForWrite(engine, keyspace, args, 1, reply)
  if (list === null) return
  if (!list.isOpen) return reply.integer(0)
  const most = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count)
  const removed = removeMatches(list, count >= 0, most, bytes, offset[3], length[3])
  if (removed > 0) {
    list.settle(keyspace)
    keyspace.changed(bytes, offset[1], length[1], removed)
  }
  reply.integer(removed)
}

function ltrim(engine: Engine, args: Args, reply: Reply): void {
  let start = integerArgument(args, 2)
  let stop = integerArgument(args, 3)
  if (Number.isNaN(start) || Number.isNaN(stop)) return reply.error(errors.NOT_AN_INTEGER)
  const { keyspace } = engine
  const list = openForWrite(engine, keyspace, args, 1, reply)
  if (list === null) return
  if (!list.isOpen) return reply.ok()
  const { count } = list
  if (start < 0) start = Math.max(0, count + start)
  if (stop < 0) stop += count
  stop = Math.min(stop, count - 1)
  const kept = Math.max(0, stop - start + 1)
  // Found for writing, though it may be left to the worker: all that has happened is a touch.
  if (engine.defers(count - kept, 0)) return
  if (kept === 0) list.discard(keyspace)
  else keepRange(list, start, kept)
  if (list.isOpen) list.settle(keyspace)
  keyspace.changed(args.bytes, args.offset[1], args.length[1], count - kept)
  reply.ok()
}

interface Search {
  /** Which match is the first to be told: a negative one counts from the tail. */
  rank: number
  /** How many are told at most, 0 for all; -1 for one alone, not in an array. */
  count: number
  /** How many elements are looked at, 0 for all. */
  most: number
}

function lpos(engine: Engine, args: Args, reply: Reply): void {
  const search = parseSearch(args, reply)
  if (search === null) return
  const { keyspace } = engine
  const entry = keyspace.find(args.bytes, args.offset[1], args.length[1])
  const list = openFound(engine, keyspace, entry)
  if (list) {
    const looked = search.most === 0 ? list.count : Math.min(search.most, list.count)
    if (engine.defers(looked, 0)) return
  }
  keyspace.noteRead(entry)
  if (list === FOREIGN) return reply.error(errors.WRONG_TYPE)
  if (list !== null) replyPositions(list, args, search, reply)
  else if (search.count < 0) reply.nil()
  else reply.array(0)
}

/** The options of LPOS; null after an error reply. */
function parseSearch(args: Args, reply: Reply): Search | null {
  const search: Search = { rank: 1, count: -1, most: 0 }
  for (let i = 3; i < args.count; i += 2) {
    const hasMore = i + 1 < args.count
    const value = hasMore ? integerArgument(args, i + 1) : Number.NaN
    if (args.isOption(i, RANK) && hasMore) {
      if (Number.isNaN(value)) reply.error(errors.NOT_AN_INTEGER)
      else if (value === MIN_LONG && args.text(i + 1) === String(-(2n ** 63n))) reply.error(errors.NOT_A_RANGED_LONG)
      else if (value === 0) reply.error(errors.LPOS_RANK)
      else {
        search.rank = value
        continue
      }
      return null
    }
    if (args.isOption(i, COUNT) && hasMore) {
      search.count = value
      if (value >= 0) continue
      reply.error(errors.LPOS_COUNT)
    } else if (args.isOption(i, MAXLEN) && hasMore) {
      search.most = value
      if (value >= 0) continue
      reply.error(errors.LPOS_MAXLEN)
    } else {
      reply.error(errors.SYNTAX)
    }
    return null
  }
  return search
}

function replyPositions(list: List, args: Args, search: Search, reply: Reply): void {
  const { bytes, offset, length } = args
  const { count, most } = search
  const forward = search.rank > 0
  const rank = Math.abs(search.rank)
  const all = list.count
  const mark = reply.length
  let told = 0
  let matches = 0
  const looked = most === 0 ? all : Math.min(most, all)
  list.seek(forward ? 0 : -1)
  for (let i = 0; i < looked; i++) {
    const passed = list.moveToEqual(forward, bytes, offset[2], length[2], looked - i)
    if (passed < 0) break
    i += passed
    if (++matches >= rank) {
      reply.integer(forward ? i : all - 1 - i)
      told++
      if (count < 0 || (count > 0 && told >= count)) break
    }
    if (!list.step(forward)) break
  }
  if (count >= 0) reply.arrayFrom(mark, told)
  else if (told === 0) reply.nil()
}
