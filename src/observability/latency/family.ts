/* LATENCY (https://redis.io/commands/latency/). I/O thread. */
import type { Args } from '../../base/args.ts'
import { ADMIN, type CommandSpec, type Family, family, LOADING, NOSCRIPT, STALE } from '../../base/command-spec.ts'
import type { Command, CommandTable } from '../../base/command-table.ts'
import * as errors from '../../base/error-texts.ts'
import { writeHelp } from '../../base/help.ts'
import type { Clock } from '../../base/ports.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import type { Values } from '../../server/configuration/directives/table.ts'
import type { Statistics } from '../../shard-worker/statistics.ts'
import type { LatencyHistogram } from '../../shm/stats/histogram.ts'
import { answerWithStatistics, type StatisticsContext } from '../all-statistics.ts'
import { foldOpaque } from '../info/command-sections.ts'
import { shownChildren } from '../introspection/command-info.ts'
import { latencyReport } from './doctor.ts'
import { latencyGraph } from './graph.ts'
import type { LatencyMonitor } from './monitor.ts'

export interface LatencyContext extends StatisticsContext {
  readonly latency: LatencyMonitor
  readonly values: Values
  readonly clock: Clock
  readonly commands: CommandTable<never>
}

const HELP = [
  'DOCTOR',
  '    Return a human readable latency analysis report.',
  'GRAPH <event>',
  '    Return an ASCII latency graph for the <event> class.',
  'HISTORY <event>',
  '    Return time-latency samples for the <event> class.',
  'LATEST',
  '    Return the latest latency samples for all events.',
  'RESET [<event> ...]',
  '    Reset latency data of one or more <event> classes.',
  '    (default: reset all data for all event classes)',
  'HISTOGRAM [COMMAND ...]',
  '    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.',
  '    If no commands are specified then all histograms are replied.',
]

export function latencyFamily(context: () => LatencyContext): Family<Session> {
  const nowSeconds = () => Math.trunc(context().clock.nowMs() / 1000)
  const latest = (_session: Session, _args: Args, reply: Reply): void => {
    const { events } = context().latency
    reply.array(events.size)
    for (const [event, { samples, maxMs }] of events) {
      const newest = samples[samples.length - 1]
      reply.array(4)
      reply.bulkText(event)
      reply.integer(newest.time)
      reply.integer(newest.latencyMs)
      reply.integer(maxMs)
    }
  }
  const history = (_session: Session, args: Args, reply: Reply): void => {
    const samples = context().latency.events.get(args.text(2))?.samples ?? []
    reply.array(samples.length)
    for (const { time, latencyMs } of samples) {
      reply.array(2)
      reply.integer(time)
      reply.integer(latencyMs)
    }
  }
  const graph = (_session: Session, args: Args, reply: Reply): void => {
    const event = args.text(2)
    const series = context().latency.events.get(event)
    if (series === undefined) return reply.error(errors.noLatencySamples(event))
    reply.verbatim('txt', latencyGraph(event, series, nowSeconds()))
  }
  const doctor = (_session: Session, _args: Args, reply: Reply): void => {
    const { latency, values } = context()
    const facts = {
      thresholdMs: values['latency-monitor-threshold'],
      slowlogUs: values['slowlog-log-slower-than'],
      hz: values.hz,
      nowSeconds: nowSeconds(),
    }
    reply.verbatim('txt', latencyReport(latency, facts))
  }
  const reset = (_session: Session, args: Args, reply: Reply): void => {
    const events: string[] = []
    for (let i = 2; i < args.count; i++) events.push(args.text(i))
    reply.integer(context().latency.reset(events.length === 0 ? null : events))
  }
  const histogram = (session: Session, args: Args, reply: Reply): void => {
    const names: string[] = []
    for (let i = 2; i < args.count; i++) names.push(args.text(i))
    answerWithStatistics(session, reply, context(), true, (statistics, target) =>
      writeHistograms(target, context().commands, statistics, names),
    )
  }
  const common = { runs: 'io', acl: 0, keys: [], complexity: 'O(1)' } as const
  const flags = ADMIN | NOSCRIPT | LOADING | STALE
  const tips = ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special']
  const subcommands: CommandSpec<Session>[] = [
    {
      ...common,
      name: 'LATEST',
      arity: 2,
      flags,
      since: '2.8.13',
      syntax: '',
      tips,
      summary: 'The newest sample of each event, and its worst.',
      handler: latest,
    },
    {
      ...common,
      name: 'HISTORY',
      arity: 3,
      flags,
      since: '2.8.13',
      syntax: 'event',
      tips,
      summary: 'The samples of an event, with their times.',
      handler: history,
    },
    {
      ...common,
      name: 'RESET',
      arity: -2,
      flags,
      since: '2.8.13',
      syntax: '[event...]',
      summary: 'Forgets the samples of events, or of all.',
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum'],
      handler: reset,
    },
    {
      ...common,
      name: 'GRAPH',
      arity: 3,
      flags,
      since: '2.8.13',
      syntax: 'event',
      tips,
      summary: 'The samples of an event as a graph of characters.',
      handler: graph,
    },
    {
      ...common,
      name: 'DOCTOR',
      arity: 2,
      flags,
      since: '2.8.13',
      syntax: '',
      tips,
      summary: 'A report of all events, with advice.',
      handler: doctor,
    },
    {
      ...common,
      name: 'HISTOGRAM',
      arity: -2,
      flags,
      since: '7.0.0',
      syntax: '[command...]',
      tips,
      complexity: 'O(N), N commands with figures',
      summary: 'How long commands took, as cumulative distributions.',
      handler: histogram,
    },
    {
      ...common,
      name: 'HELP',
      arity: 2,
      flags: LOADING | STALE,
      since: '2.8.13',
      syntax: '',
      summary: 'Lists the subcommands.',
      handler: (_session, _args, reply) => writeHelp(reply, 'LATENCY', HELP),
    },
  ]
  return family<Session>('server', [
    {
      ...common,
      name: 'LATENCY',
      arity: -2,
      flags: 0,
      since: '2.8.13',
      complexity: 'Depends on the subcommand',
      summary: 'Commands about latency.',
      syntax: '',
      subcommands,
    },
  ])
}

/** The distributions of the named commands and their subcommands, or of all; those without figures are left out. */
function writeHistograms(
  reply: Reply,
  table: CommandTable<never>,
  statistics: Statistics,
  names: readonly string[],
): void {
  const { histograms } = foldOpaque(statistics, table)
  const asked: Command<never>[] = []
  for (const name of names) {
    const command = table.byName(name)
    if (command !== undefined) asked.push(command, ...shownChildren(table, command))
  }
  const found = (names.length === 0 ? table.commands : asked).filter(({ id }) => histograms[id] !== undefined)
  reply.map(found.length)
  for (const { id, fullName } of found) {
    reply.bulkText(fullName)
    writeDistribution(reply, histograms[id] as LatencyHistogram)
  }
}

function writeDistribution(reply: Reply, histogram: LatencyHistogram): void {
  const steps = histogram.distribution()
  reply.map(2)
  reply.bulkText('calls')
  reply.integer(histogram.total)
  reply.bulkText('histogram_usec')
  reply.map(steps.length)
  for (const { microseconds, count } of steps) {
    reply.integer(microseconds)
    reply.integer(count)
  }
}
