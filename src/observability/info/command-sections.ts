/* INFO stats, commandstats, errorstats, latencystats and debug: what was done, by all threads together. I/O thread. */
import type { CommandTable } from '../../base/command-table.ts'
import { MAX_COMMANDS } from '../../shard-worker/engine.ts'
import { Statistics } from '../../shard-worker/statistics.ts'
import type { InfoContext, Section } from './context.ts'
import { decimals, type InfoText } from './info-text.ts'

function writeStats(text: InfoText, context: InfoContext, statistics: Statistics): void {
  const { rates } = context
  const traffic = context.traffic()
  const clients = context.clients()
  const shards = context.shards()
  const loop = context.loop()
  const exceeded = context.memoryExceeded()
  const none = decimals(0)
  text.fields({
    total_connections_received: clients.received,
    total_commands_processed: statistics.totalCalls,
    instantaneous_ops_per_sec: rates.commandsPerSecond,
    total_net_input_bytes: traffic.bytesIn,
    total_net_output_bytes: traffic.bytesOut,
    total_net_repl_input_bytes: 0,
    total_net_repl_output_bytes: 0,
    instantaneous_input_kbps: decimals(rates.inputKilobytesPerSecond),
    instantaneous_output_kbps: decimals(rates.outputKilobytesPerSecond),
    instantaneous_input_repl_kbps: none,
    instantaneous_output_repl_kbps: none,
    rejected_connections: clients.rejected,
    sync_full: 0,
    sync_partial_ok: 0,
    sync_partial_err: 0,
    expired_subkeys: shards.expiredFields,
    expired_keys: shards.expired,
    expired_stale_perc: decimals(shards.expiredStalePercent),
    expired_time_cap_reached_count: shards.expireTimeCapReached,
    expire_cycle_cpu_milliseconds: shards.expireCycleUs / 1000,
    evicted_keys: shards.evicted,
    evicted_clients: clients.evicted,
    total_eviction_exceeded_time: exceeded.totalMs,
    current_eviction_exceeded_time: exceeded.currentMs,
    keyspace_hits: shards.hits,
    keyspace_misses: shards.misses,
    pubsub_channels: 0,
    pubsub_patterns: 0,
    pubsubshard_channels: 0,
    latest_fork_usec: 0,
    total_forks: 0,
    migrate_cached_sockets: 0,
    slave_expires_tracked_keys: 0,
    active_defrag_hits: 0,
    active_defrag_misses: 0,
    active_defrag_key_hits: 0,
    active_defrag_key_misses: 0,
    total_active_defrag_time: 0,
    current_active_defrag_time: 0,
    tracking_total_keys: 0,
    tracking_total_items: 0,
    tracking_total_prefixes: 0,
    unexpected_error_replies: 0,
    total_error_replies: statistics.totalErrors,
    dump_payload_sanitizations: 0,
    total_reads_processed: traffic.reads,
    total_writes_processed: traffic.writes,
    io_threaded_reads_processed: 0,
    io_threaded_writes_processed: 0,
    reply_buffer_shrinks: 0,
    reply_buffer_expands: 0,
    eventloop_cycles: loop.turns,
    eventloop_duration_sum: loop.activeUs,
    eventloop_duration_cmd_sum: context.engine.statistics.totalUs,
    instantaneous_eventloop_cycles_per_sec: rates.turnsPerSecond,
    instantaneous_eventloop_duration_usec: rates.turnUs,
    acl_access_denied_auth: 0,
    acl_access_denied_cmd: 0,
    acl_access_denied_key: 0,
    acl_access_denied_channel: 0,
  })
}

/** The statistics with those of an opaque container's subcommands as its own: to clients it is one command. */
export function foldOpaque(statistics: Statistics, commands: CommandTable<never>): Statistics {
  const frame = statistics.export(0)
  const shown = (id: number) => {
    const { parent } = commands.commands[id]
    return parent >= 0 && commands.commands[parent].spec.opaque ? parent : id
  }
  const folded = new Statistics(MAX_COMMANDS)
  folded.merge({ ...frame, commands: frame.commands.map((each) => ({ ...each, command: shown(each.command) })) })
  return folded
}

function writeCommandStats(text: InfoText, { commands }: InfoContext, statistics: Statistics): void {
  for (const { id, fullName } of commands.commands) {
    const calls = statistics.calls[id]
    const failed = statistics.failed[id]
    const rejected = statistics.rejected[id]
    if (calls === 0 && failed === 0 && rejected === 0) continue
    const us = Math.trunc(statistics.microseconds[id])
    const each = decimals(calls === 0 ? 0 : us / calls)
    text.field(
      `cmdstat_${fullName}`,
      `calls=${calls},usec=${us},usec_per_call=${each},rejected_calls=${rejected},failed_calls=${failed}`,
    )
  }
}

/** What a name may not hold in a line of INFO becomes an underscore. */
const safeName = (name: string) => name.replace(/[#:\n\r]/g, '_')

function writeErrorStats(text: InfoText, _context: InfoContext, statistics: Statistics): void {
  for (const code of [...statistics.errors.keys()].sort()) {
    text.field(`errorstat_${safeName(code)}`, `count=${statistics.errors.get(code)}`)
  }
}

function writeLatencyStats(text: InfoText, { commands, values }: InfoContext, statistics: Statistics): void {
  if (!values['latency-tracking']) return
  const percentiles = values['latency-tracking-info-percentiles']
  for (const { id, fullName } of commands.commands) {
    const histogram = statistics.histograms[id]
    if (histogram === undefined) continue
    const shown = percentiles.map((each) => `p${Number(each.toFixed(6))}=${histogram.percentile(each).toFixed(3)}`)
    text.field(`latency_percentiles_usec_${fullName}`, shown.join(','))
  }
}

function writeDebug(text: InfoText, context: InfoContext): void {
  text.fields({
    eventloop_duration_aof_sum: 0,
    eventloop_duration_cron_sum: context.loop().cronUs,
    eventloop_duration_max: context.turns.longestUs,
    eventloop_cmd_per_cycle_max: context.turns.mostCommands,
  })
}

const common = { isDefault: false, readsWorkers: true } as const

export const statsSection: Section = { ...common, isDefault: true, name: 'stats', title: 'Stats', write: writeStats }
export const commandStatsSection: Section = {
  ...common,
  name: 'commandstats',
  title: 'Commandstats',
  write: writeCommandStats,
}
export const errorStatsSection: Section = {
  ...common,
  isDefault: true,
  name: 'errorstats',
  title: 'Errorstats',
  write: writeErrorStats,
}
export const latencyStatsSection: Section = {
  ...common,
  name: 'latencystats',
  title: 'Latencystats',
  write: writeLatencyStats,
}
export const debugSection: Section = {
  name: 'debug',
  title: 'Debug',
  isDefault: false,
  isHidden: true,
  readsWorkers: false,
  write: writeDebug,
}
