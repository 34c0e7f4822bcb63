/* SLOWLOG (https://redis.io/commands/slowlog/). I/O thread. */
import type { Args } from '../../base/args.ts'
import { ADMIN, type CommandSpec, type Family, family, LOADING, STALE } from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import { writeHelp } from '../../base/help.ts'
import { NOT_INTEGER, parsed, parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import type { SlowLog, SlowLogEntry } from './slow-log.ts'

const DEFAULT_COUNT = 10
const ENTRY_FIELDS = 6

const HELP = [
  'GET [<count>]',
  '    Return top <count> entries from the slowlog (default: 10, -1 mean all).',
  '    Entries are made of:',
  '    id, timestamp, time in microseconds, arguments array, client IP and port,',
  '    client name',
  'LEN',
  '    Return the length of the slowlog.',
  'RESET',
  '    Reset the slowlog.',
]

export function slowLogFamily(slowLog: () => SlowLog): Family<Session> {
  const get = (_session: Session, args: Args, reply: Reply): void => {
    if (args.count > 3) return reply.error(errors.subcommandSyntax(args.text(1), 'SLOWLOG'))
    const count = args.count === 2 ? DEFAULT_COUNT : countArgument(args)
    if (count < -1) return reply.error(errors.SLOWLOG_COUNT)
    const entries = slowLog().newest(count === -1 ? slowLog().length : count)
    reply.array(entries.length)
    for (const entry of entries) writeEntry(reply, entry)
  }
  const reset = (_session: Session, _args: Args, reply: Reply): void => {
    slowLog().reset()
    reply.ok()
  }
  const common = { runs: 'io', acl: 0, keys: [] } as const
  const flags = ADMIN | LOADING | STALE
  const subcommands: CommandSpec<Session>[] = [
    {
      ...common,
      name: 'GET',
      arity: -2,
      flags,
      since: '2.2.12',
      complexity: 'O(N), N entries answered',
      summary: 'The newest slow commands.',
      syntax: '[count]',
      tips: ['request_policy:all_nodes', 'nondeterministic_output'],
      history: [['4.0.0', 'Tells the address and name of the client.']],
      handler: get,
    },
    {
      ...common,
      name: 'LEN',
      arity: 2,
      flags,
      since: '2.2.12',
      complexity: 'O(1)',
      syntax: '',
      summary: 'How many slow commands are held.',
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
      handler: (_session, _args, reply) => reply.integer(slowLog().length),
    },
    {
      ...common,
      name: 'RESET',
      arity: 2,
      flags,
      since: '2.2.12',
      complexity: 'O(N), N entries held',
      syntax: '',
      summary: 'Forgets all slow commands.',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: reset,
    },
    {
      ...common,
      name: 'HELP',
      arity: 2,
      flags: LOADING | STALE,
      since: '6.2.0',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Lists the subcommands.',
      handler: (_session, _args, reply) => writeHelp(reply, 'SLOWLOG', HELP),
    },
  ]
  return family<Session>('server', [
    {
      ...common,
      name: 'SLOWLOG',
      arity: -2,
      flags: 0,
      since: '2.2.12',
      complexity: 'Depends on the subcommand',
      summary: 'Commands about the slow log.',
      syntax: '',
      subcommands,
    },
  ])
}

/** SLOWLOG GET's count; below -1 when it is none. */
function countArgument(args: Args): number {
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind === SAFE_INTEGER) return parsed()
  const isHuge = kind !== NOT_INTEGER && args.bytes[args.offset[2]] !== 45
  return isHuge ? Number.MAX_SAFE_INTEGER : -2
}

function writeEntry(reply: Reply, entry: SlowLogEntry): void {
  reply.array(ENTRY_FIELDS)
  reply.integer(entry.id)
  reply.integer(entry.timeSeconds)
  reply.integer(entry.durationUs)
  reply.array(entry.args.length)
  for (const each of entry.args) reply.bulk(each, 0, each.length)
  reply.bulkText(entry.client)
  reply.bulkText(entry.clientName)
}
