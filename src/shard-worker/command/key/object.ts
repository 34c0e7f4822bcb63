/* OBJECT: what is known of a value beside the value (https://redis.io/commands/object-encoding/ and its neighbours).
 * Baton holder. */
import type { Args } from '../../../base/args.ts'
import { ACL_KEYSPACE, type CommandSpec, family, LOADING, oneKey, READONLY, STALE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { writeHelp } from '../../../base/help.ts'
import { parsed, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { accessOf, ENCODING_INT, ENCODING_NAMES, encodingOf, stringLength, stringOffset } from '../../keyspace/entry.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'

/** Redis keeps one object for each of the integers below this, and says that it is used as often as can be counted. */
const SHARED_INTEGERS = 10000
const SHARED_REFCOUNT = 2147483647
/** Policies that evict by how lately or how often a key was used. */
const USES_ACCESS = /-l[rf]u$/

const HELP = [
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
]

/** A subcommand that replies about the entry of argument 2. */
function about(
  name: string,
  since: string,
  summary: string,
  answer: (engine: Engine, keyspace: Keyspace, entry: number, reply: Reply) => void,
): CommandSpec<Engine> {
  return {
    name,
    arity: 3,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_KEYSPACE,
    keys: oneKey(2, 'RO'),
    since,
    complexity: 'O(1)',
    summary,
    syntax: 'key',
    tips: ['nondeterministic_output'],
    handler: (engine: Engine, args: Args, reply: Reply) => {
      const { keyspace } = engine
      const entry = keyspace.findWithoutTouch(args.bytes, args.offset[2], args.length[2])
      if (entry === 0) return reply.nil()
      answer(engine, keyspace, entry, reply)
    },
  }
}

export const objectCommands = family<Engine>('generic', [
  {
    name: 'OBJECT',
    arity: -2,
    runs: 'io',
    flags: 0,
    acl: 0,
    keys: [],
    since: '2.2.3',
    complexity: 'Depends on the subcommand',
    summary: 'Tells of the values at keys what their commands do not.',
    syntax: '',
    subcommands: [
      about('ENCODING', '2.2.3', 'How a value is stored.', (_engine, keyspace, entry, reply) =>
        reply.bulkText(ENCODING_NAMES[encodingOf(keyspace.arena, entry)]),
      ),
      about('FREQ', '4.0.0', 'How often a key is used, on a logarithmic scale, under an LFU policy.', frequency),
      about('IDLETIME', '2.2.3', 'Seconds since a key was used, unless the policy is an LFU one.', idleTime),
      about('REFCOUNT', '2.2.3', 'How many keys share the object of a value.', (engine, keyspace, entry, reply) =>
        reply.integer(referenceCount(engine, keyspace, entry)),
      ),
      {
        name: 'HELP',
        arity: 2,
        runs: 'io',
        flags: LOADING | STALE,
        acl: ACL_KEYSPACE,
        keys: [],
        since: '6.2.0',
        complexity: 'O(1)',
        summary: 'The subcommands of OBJECT.',
        syntax: '',
        handler: (_engine, _args, reply) => writeHelp(reply, 'OBJECT', HELP),
      },
    ],
  },
])

function frequency(engine: Engine, keyspace: Keyspace, entry: number, reply: Reply): void {
  const { access } = engine
  if (!access.lfu) return reply.error(errors.FREQUENCY_NOT_TRACKED)
  reply.integer(access.frequency(accessOf(keyspace.arena, entry)))
}

function idleTime(engine: Engine, keyspace: Keyspace, entry: number, reply: Reply): void {
  const { access } = engine
  if (access.lfu) return reply.error(errors.IDLE_TIME_NOT_TRACKED)
  reply.integer(access.idleSeconds(accessOf(keyspace.arena, entry)))
}

/**
 * What Redis would say: many for a small integer, 1 for all else, and for all where it needs an access time of each
 * value to evict by. Nothing is shared here.
 */
export function referenceCount({ settings }: Engine, keyspace: Keyspace, entry: number): number {
  const { arena } = keyspace
  if (encodingOf(arena, entry) !== ENCODING_INT) return 1
  if (settings.maxmemory !== 0 && USES_ACCESS.test(settings.maxmemoryPolicy)) return 1
  const kind = parseInteger(arena.u8, stringOffset(arena, entry), stringLength(arena, entry))
  return kind === SAFE_INTEGER && parsed() >= 0 && parsed() < SHARED_INTEGERS ? SHARED_REFCOUNT : 1
}
