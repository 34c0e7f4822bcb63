/* CONFIG (https://redis.io/commands/config/): the configuration seen and changed by clients. I/O thread. */
import type { Args } from '../../base/args.ts'
import { ADMIN, type CommandSpec, type Family, family, LOADING, NOSCRIPT, STALE } from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import { writeHelp } from '../../base/help.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import { afterWorkers } from '../../observability/all-statistics.ts'
import type { WorkerStatistics } from '../../observability/worker-statistics.ts'
import type { Configuration } from '../configuration/configuration.ts'

export interface ConfigContext {
  readonly configuration: Configuration
  readonly workerStatistics: WorkerStatistics
  /** Whether the data set is being loaded. */
  readonly isLoading: boolean
  /** Sets everything that INFO counts back to zero. */
  resetStatistics(): void
}

const HELP = [
  'GET <pattern>',
  '    Return parameters matching the glob-like <pattern> and their values.',
  'SET <directive> <value>',
  '    Set the configuration <directive> to <value>.',
  'RESETSTAT',
  '    Reset statistics reported by the INFO command.',
  'REWRITE',
  '    Rewrite the configuration file.',
]

export function configFamily(context: () => ConfigContext): Family<Session> {
  const get = (_session: Session, args: Args, reply: Reply): void => {
    const patterns: string[] = []
    for (let i = 2; i < args.count; i++) patterns.push(args.text(i))
    const found = context().configuration.get(patterns)
    reply.map(found.length)
    for (const [name, value] of found) {
      reply.bulkText(name)
      reply.bulkText(value)
    }
  }
  const set = (session: Session, args: Args, reply: Reply): void => {
    if (args.count % 2 !== 0) return reply.error(errors.SYNTAX)
    const pairs: [string, string][] = []
    for (let i = 2; i < args.count; i += 2) pairs.push([args.text(i), args.text(i + 1)])
    const refusal = context().configuration.set(pairs, { local: session.isLocal, loading: context().isLoading })
    if (refusal === null) reply.ok()
    else reply.error(refusal)
  }
  const rewrite = (_session: Session, _args: Args, reply: Reply): void => {
    const refusal = context().configuration.rewrite()
    if (refusal === null) reply.ok()
    else reply.error(refusal)
  }
  // What the client sent before is not to be counted after.
  const resetStat = (session: Session, _args: Args, reply: Reply): void =>
    afterWorkers(session, reply, context().workerStatistics, (target) => {
      context().resetStatistics()
      target.ok()
    })
  const common = { runs: 'io', acl: 0, keys: [] } as const
  const flags = ADMIN | NOSCRIPT | LOADING | STALE
  const subcommands: CommandSpec<Session>[] = [
    {
      ...common,
      name: 'GET',
      arity: -3,
      flags,
      since: '2.0.0',
      complexity: 'O(N), N directives',
      syntax: 'parameter...',
      summary: 'Directives and their values, by name or pattern.',
      history: [['7.0.0', 'Takes several patterns.']],
      handler: get,
    },
    {
      ...common,
      name: 'SET',
      arity: -4,
      flags,
      since: '2.0.0',
      complexity: 'O(N), N directives given',
      summary: 'Changes directives while the server runs, all or none.',
      syntax: '(parameter value)...',
      history: [['7.0.0', 'Takes several directives.']],
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: set,
    },
    {
      ...common,
      name: 'RESETSTAT',
      arity: 2,
      flags,
      since: '2.0.0',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Sets the figures of INFO back to zero.',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: resetStat,
    },
    {
      ...common,
      name: 'REWRITE',
      arity: 2,
      flags,
      since: '2.8.0',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Writes the directives as they are into the configuration file.',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: rewrite,
    },
    {
      ...common,
      name: 'HELP',
      arity: 2,
      flags: LOADING | STALE,
      since: '5.0.0',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Lists the subcommands.',
      handler: (_session, _args, reply) => writeHelp(reply, 'CONFIG', HELP),
    },
  ]
  return family<Session>('server', [
    {
      name: 'CONFIG',
      arity: -2,
      runs: 'io',
      flags: 0,
      acl: 0,
      keys: [],
      since: '2.0.0',
      complexity: 'Depends on the subcommand',
      summary: 'Commands about the configuration.',
      syntax: '',
      subcommands,
    },
  ])
}
