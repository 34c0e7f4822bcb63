/* The part of MEMORY that needs no shard (https://redis.io/commands/memory-stats/): the container is declared with
 * MEMORY USAGE in the engine. I/O thread. */
import type { Args } from '../../base/args.ts'
import { type CommandSpec, type Family, family, LOADING, STALE } from '../../base/command-spec.ts'
import { writeHelp } from '../../base/help.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import type { Shard } from '../../shard-worker/keyspace/shard.ts'
import type { MemoryAccounts, MemoryReport } from '../memory-accounts.ts'
import { memoryAdvice } from './doctor.ts'

export interface MemoryContext {
  readonly memory: MemoryAccounts
  readonly engine: { readonly shards: readonly Shard[] }
  clients(): { readonly connected: number }
}

const HELP = [
  'DOCTOR',
  '    Return memory problems reports.',
  'MALLOC-STATS',
  '    Return internal statistics report from the memory allocator.',
  'PURGE',
  '    Attempt to purge dirty pages for reclamation by the allocator.',
  'STATS',
  '    Return information about the memory usage of the server.',
  'USAGE <key> [SAMPLES <count>]',
  '    Return memory in bytes used by <key> and its value. Nested values are',
  '    sampled up to <count> times (default: 5, 0 means sample all).',
]

export function memoryFamily(context: () => MemoryContext): Family<Session> {
  const stats = (_session: Session, _args: Args, reply: Reply): void => writeStats(reply, context().memory.report())
  const doctor = (_session: Session, _args: Args, reply: Reply): void => {
    const { memory } = context()
    const { connected } = context().clients()
    reply.verbatim('txt', memoryAdvice(memory.report(), connected, memory.startupResidentBytes))
  }
  const mallocStats = (_session: Session, _args: Args, reply: Reply): void =>
    reply.verbatim('txt', describeArenas(context().engine.shards))
  const common = { runs: 'io', flags: 0, acl: 0, keys: [], since: '4.0.0', complexity: 'O(1)', syntax: '' } as const
  const special = ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special']
  const subcommands: CommandSpec<Session>[] = [
    {
      ...common,
      name: 'STATS',
      arity: 2,
      summary: 'What the memory is used for.',
      tips: special,
      handler: stats,
    },
    {
      ...common,
      name: 'DOCTOR',
      arity: 2,
      summary: 'What is unusual about the memory.',
      tips: special,
      handler: doctor,
    },
    {
      ...common,
      name: 'MALLOC-STATS',
      arity: 2,
      complexity: 'O(N), N shards',
      summary: 'What the allocator of each shard holds.',
      tips: special,
      handler: mallocStats,
    },
    {
      ...common,
      name: 'PURGE',
      arity: 2,
      summary: 'Gives unused memory back where that is possible.',
      tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
      // Arenas keep what they have touched and fill it first: there is nothing to give back.
      handler: (_session, _args, reply) => reply.ok(),
    },
    {
      ...common,
      name: 'HELP',
      arity: 2,
      flags: LOADING | STALE,
      summary: 'Lists the subcommands.',
      handler: (_session, _args, reply) => writeHelp(reply, 'MEMORY', HELP),
    },
  ]
  return family<Session>('server', [
    {
      ...common,
      name: 'MEMORY',
      arity: -2,
      complexity: 'Depends on the subcommand',
      summary: 'Tells of the memory that the server uses.',
      subcommands,
    },
  ])
}

type Field = readonly [name: string, value: number | { readonly ratio: number }]

function writeStats(reply: Reply, report: MemoryReport): void {
  const before: Field[] = [
    ['peak.allocated', report.peak],
    ['total.allocated', report.used],
    ['startup.allocated', report.startup],
    ['replication.backlog', 0],
    ['clients.slaves', 0],
    ['clients.normal', report.clients],
    ['cluster.links', 0],
    ['aof.buffer', 0],
    ['lua.caches', 0],
    ['functions.caches', 0],
  ]
  const after: Field[] = [
    ['overhead.total', report.overhead],
    ['keys.count', report.keys],
    ['keys.bytes-per-key', report.bytesPerKey],
    ['dataset.bytes', report.dataset],
    ['dataset.percentage', { ratio: report.datasetPercent }],
    ['peak.percentage', { ratio: report.peakPercent }],
    ['allocator.allocated', report.allocated],
    ['allocator.active', report.touched],
    ['allocator.resident', report.touched],
    ['allocator-fragmentation.ratio', { ratio: report.fragmentation }],
    ['allocator-fragmentation.bytes', report.touched - report.allocated],
    ['allocator-rss.ratio', { ratio: 1 }],
    ['allocator-rss.bytes', 0],
    ['rss-overhead.ratio', { ratio: report.residentOverhead }],
    ['rss-overhead.bytes', report.resident - report.touched],
    ['fragmentation', { ratio: report.totalFragmentation }],
    ['fragmentation.bytes', report.resident - report.used],
  ]
  reply.map(before.length + report.databases.length + after.length)
  for (const field of before) writeField(reply, field)
  for (const { index, mainBytes, expiresBytes } of report.databases) {
    reply.bulkText(`db.${index}`)
    reply.map(3)
    writeField(reply, ['overhead.hashtable.main', mainBytes])
    writeField(reply, ['overhead.hashtable.expires', expiresBytes])
    writeField(reply, ['overhead.hashtable.slot-to-keys', 0])
  }
  for (const field of after) writeField(reply, field)
}

function writeField(reply: Reply, [name, value]: Field): void {
  reply.bulkText(name)
  if (typeof value === 'number') reply.integer(value)
  else reply.double(value.ratio)
}

function describeArenas(shards: readonly Shard[]): string {
  const lines = shards.map(({ index, arena }) => {
    const { usedBytes, blockCount, touchedBytes, overheadBytes, totalBytes } = arena
    return (
      `shard ${index}: ${blockCount} blocks, ${usedBytes} bytes allocated, ${touchedBytes} touched ` +
      `(${overheadBytes} of them the arena's own), ${totalBytes} reserved\n`
    )
  })
  return `Arenas, one for each shard:\n${lines.join('')}`
}
