/* LMPOP: elements of the first of several lists that has any. Its arguments, from the number of keys on, are BLMPOP's
 * too. Baton holder of all their shards. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_LIST, family, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { integerArgument } from '../integer-argument.ts'
import { deferredPops, openForWrite, parseEnd, popElements } from './list-value.ts'

const COUNT = bytesOf('COUNT')

export const listMpopCommands = family<Engine>('list', [
  {
    name: 'LMPOP',
    arity: -4,
    runs: 'shards',
    flags: WRITE,
    acl: ACL_LIST,
    keys: [
      {
        flags: ['RW', 'ACCESS', 'DELETE'],
        begin: { index: 1 },
        find: { keyNumIndex: 0, firstKey: 1, step: 1 },
      },
    ],
    since: '7.0.0',
    complexity: 'O(n+m) in the keys and the elements returned',
    summary: 'Takes elements from one end of the first list that is there, and the list away with the last one.',
    syntax: 'numkeys:integer key... LEFT|RIGHT [COUNT count:integer]',
    handler: lmpop,
  },
])

/** What stands in the arguments of LMPOP and BLMPOP. */
export interface MultiplePop {
  /** Arguments that are keys: the first, and the one after the last. */
  firstKey: number
  endKey: number
  atHead: boolean
  most: number
}

/** Reads the arguments from `numkeys`, argument `index`, on; null after an error reply. */
export function parseMultiplePop(args: Args, index: number, reply: Reply): MultiplePop | null {
  const keys = integerArgument(args, index)
  if (!(keys >= 1)) return refuse(reply, errors.NUMKEYS_NOT_POSITIVE)
  const end = index + keys + 1
  if (end >= args.count) return refuse(reply, errors.SYNTAX)
  const atHead = parseEnd(args, end, reply)
  if (atHead === undefined) return null
  const pop: MultiplePop = { firstKey: index + 1, endKey: end, atHead, most: 1 }
  if (args.count === end + 1) return pop
  if (!args.isOption(end + 1, COUNT) || args.count === end + 2) return refuse(reply, errors.SYNTAX)
  pop.most = integerArgument(args, end + 2)
  if (!(pop.most >= 1)) return refuse(reply, errors.COUNT_NOT_POSITIVE)
  return args.count > end + 3 ? refuse(reply, errors.SYNTAX) : pop
}

function refuse(reply: Reply, error: string): null {
  reply.error(error)
  return null
}

function lmpop(engine: Engine, args: Args, reply: Reply): void {
  const pop = parseMultiplePop(args, 1, reply)
  if (pop !== null && !popFirst(engine, args, pop, reply)) reply.nilArray()
}

/**
 * Replies with the key and elements of the first list that is there, which lose them; or with an error, if a value of
 * another type comes first. False, and no reply, when there is neither. Long work is left to the worker.
 */
export function popFirst(engine: Engine, args: Args, pop: MultiplePop, reply: Reply): boolean {
  for (let key = pop.firstKey; key < pop.endKey; key++) {
    const keyspace = engine.keyspaceOf(args, key)
    if (pop.most > 1 && deferredPops(engine, keyspace, args, key, pop.atHead, pop.most)) return true
    const list = openForWrite(engine, keyspace, args, key, reply)
    if (list === null) return true
    if (!list.isOpen) continue
    reply.array(2)
    reply.bulk(args.bytes, args.offset[key], args.length[key])
    popElements(keyspace, list, args, key, pop.atHead, pop.most, reply)
    return true
  }
  return false
}
