/* The list commands that move an element from one list to another, whichever shards own them. Baton holder of both. */
import type { Args } from '../../../base/args.ts'
import { ACL_LIST, DENYOOM, family, type KeySpec, oneKey, WRITE } from '../../../base/command-spec.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { moveElement, parseEnd } from './list-value.ts'

const SOURCE_AND_DESTINATION: KeySpec[] = [...oneKey(1, 'RW', 'ACCESS', 'DELETE'), ...oneKey(2, 'RW', 'INSERT')]

export const listMoveCommands = family<Engine>('list', [
  {
    name: 'LMOVE',
    arity: 5,
    runs: 'shards',
    flags: WRITE | DENYOOM,
    acl: ACL_LIST,
    keys: SOURCE_AND_DESTINATION,
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Takes an element from one end of a list and adds it at one end of another, or of the same.',
    syntax: 'source:key destination:key LEFT|RIGHT LEFT|RIGHT',
    handler: lmove,
  },
  {
    name: 'RPOPLPUSH',
    arity: 3,
    runs: 'shards',
    flags: WRITE | DENYOOM,
    acl: ACL_LIST,
    keys: SOURCE_AND_DESTINATION,
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Takes the element at the tail of a list and adds it at the head of another, or of the same.',
    syntax: 'source:key destination:key',
    deprecated: { since: '6.2.0', replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments' },
    handler: (engine, args, reply) => moveElement(engine, args, false, true, reply),
  },
])

function lmove(engine: Engine, args: Args, reply: Reply): void {
  const fromHead = parseEnd(args, 3, reply)
  if (fromHead === undefined) return
  const toHead = parseEnd(args, 4, reply)
  if (toHead !== undefined) moveElement(engine, args, fromHead, toHead, reply)
}
