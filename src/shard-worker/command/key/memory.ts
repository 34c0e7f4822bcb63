/* The part of MEMORY that looks at a key (https://redis.io/commands/memory-usage/). The rest of the container needs no
 * shard and is declared with the server. Baton holder. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { type CommandSpec, family, oneKey, READONLY } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { NOT_INTEGER, parsed, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { flagsOf, HAS_EXPIRE } from '../../keyspace/entry.ts'
import { BUCKET_BYTES, BUCKET_WAYS } from '../../keyspace/table/table-layout.ts'
import { bytesOfEntry } from '../../keyspace/value-type.ts'

const SAMPLES = bytesOf('SAMPLES')
const MINUS = 45
/** A key's part of a bucket that is as full as they are on average before the table grows. */
const WAY_BYTES = Math.ceil(BUCKET_BYTES / (BUCKET_WAYS / 2))

const memoryShardSubcommands: readonly CommandSpec<Engine>[] = [
  {
    name: 'USAGE',
    arity: -3,
    runs: 'shard',
    flags: READONLY,
    acl: 0,
    keys: oneKey(2, 'RO'),
    since: '4.0.0',
    complexity: 'O(1)',
    summary: 'Bytes of memory that a key takes, with its value and its places in the tables.',
    syntax: 'key [SAMPLES count]',
    handler: usage,
  },
]

export const memoryCommands = family<Engine>('server', [
  {
    name: 'MEMORY',
    arity: -2,
    runs: 'io',
    flags: 0,
    acl: 0,
    keys: [],
    since: '4.0.0',
    complexity: 'Depends on the subcommand',
    summary: 'Tells of the memory that the server uses.',
    syntax: '',
    subcommands: memoryShardSubcommands,
  },
])

/** SAMPLES is checked but not needed: what a value takes is counted as it changes, not estimated. */
function usage(engine: Engine, args: Args, reply: Reply): void {
  for (let i = 3; i < args.count; i += 2) {
    if (!args.isOption(i, SAMPLES) || i + 1 === args.count) return reply.error(errors.SYNTAX)
    const kind = parseInteger(args.bytes, args.offset[i + 1], args.length[i + 1])
    if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
    const isNegative = kind === SAFE_INTEGER ? parsed() < 0 : args.bytes[args.offset[i + 1]] === MINUS
    if (isNegative) return reply.error(errors.SYNTAX)
  }
  const { keyspace } = engine
  const entry = keyspace.peek(args.bytes, args.offset[2], args.length[2])
  if (entry === 0) return reply.nil()
  const places = flagsOf(keyspace.arena, entry) & HAS_EXPIRE ? 2 : 1
  reply.integer(bytesOfEntry(keyspace.arena, entry) + places * WAY_BYTES)
}
