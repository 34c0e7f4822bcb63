/* INFO server, clients, cpu, replication, cluster, modules: the process and who is connected to it. I/O thread. */
import { createHash } from 'node:crypto'
import { arch, machine, release, type } from 'node:os'
import { REDIS_VERSION, SPINEL_VERSION } from '../../base/version.ts'
import type { InfoContext, Section } from './context.ts'
import type { InfoText } from './info-text.ts'

const DAY_SECONDS = 86400
const LRU_CLOCK_MAX = (1 << 24) - 1
/** What libuv, which Node.js is built on, waits for sockets with. */
const MULTIPLEXING: Readonly<Record<string, string>> = { linux: 'epoll', darwin: 'kqueue', freebsd: 'kqueue' }

/** Sixteen hexadecimal digits that are the same for the same program on the same runtime. */
const buildId = createHash('sha256')
  .update(`${SPINEL_VERSION} ${process.versions.node} ${arch()}`)
  .digest('hex')
  .slice(0, 16)

function writeServer(text: InfoText, context: InfoContext): void {
  const { values, clock, startMs } = context
  const nowMs = clock.nowMs()
  const uptime = Math.trunc(nowMs / 1000) - Math.trunc(startMs / 1000)
  text.fields({
    redis_version: REDIS_VERSION,
    spinel_version: SPINEL_VERSION,
    redis_git_sha1: '00000000',
    redis_git_dirty: 0,
    redis_build_id: buildId,
    redis_mode: values['cluster-enabled'] ? 'cluster' : 'standalone',
    os: `${type()} ${release()} ${machine()}`,
    arch_bits: 64,
    monotonic_clock: 'POSIX clock_gettime',
    multiplexing_api: MULTIPLEXING[process.platform] ?? 'libuv',
    atomicvar_api: 'Atomics',
    gcc_version: '0.0.0',
    process_id: process.pid,
    process_supervised: 'no',
    run_id: context.runId,
    tcp_port: values.port === 0 ? values['tls-port'] : values.port,
    server_time_usec: nowMs * 1000,
    uptime_in_seconds: uptime,
    uptime_in_days: uptime / DAY_SECONDS,
    hz: values.hz,
    configured_hz: values.hz,
    lru_clock: Math.trunc(nowMs / 1000) & LRU_CLOCK_MAX,
    executable: process.execPath,
    config_file: context.configFile ?? '',
    io_threads_active: 0,
  })
  for (const [index, listener] of context.listeners()) text.field(`listener${index}`, listener)
}

function writeClients(text: InfoText, context: InfoContext): void {
  const counts = context.clients()
  text.fields({
    connected_clients: counts.connected,
    cluster_connections: 0,
    maxclients: context.values.maxclients,
    client_recent_max_input_buffer: context.memory.recentMaxInput,
    client_recent_max_output_buffer: context.memory.recentMaxOutput,
    blocked_clients: counts.blocked,
    tracking_clients: 0,
    clients_in_timeout_table: counts.timed,
    total_blocking_keys: counts.blockingKeys,
    total_blocking_keys_on_nokey: 0,
  })
}

function writeReplication(text: InfoText, context: InfoContext): void {
  const { replication, values } = context
  text.fields({ role: 'master', connected_slaves: 0 })
  if (values['min-replicas-to-write'] > 0 && values['min-replicas-max-lag'] > 0) text.field('min_slaves_good_slaves', 0)
  text.fields({
    master_failover_state: 'no-failover',
    master_replid: replication.id,
    master_replid2: replication.id2,
    master_repl_offset: replication.offset,
    second_repl_offset: replication.secondOffset,
    repl_backlog_active: 0,
    repl_backlog_size: values['repl-backlog-size'],
    repl_backlog_first_byte_offset: 0,
    repl_backlog_histlen: 0,
  })
}

/** Microseconds as seconds with six decimals. */
const seconds = (us: number) => (us / 1e6).toFixed(6)

function writeCpu(text: InfoText): void {
  const { system, user } = process.cpuUsage()
  text.fields({
    used_cpu_sys: seconds(system),
    used_cpu_user: seconds(user),
    used_cpu_sys_children: seconds(0),
    used_cpu_user_children: seconds(0),
  })
  const main = process.threadCpuUsage()
  text.fields({ used_cpu_sys_main_thread: seconds(main.system), used_cpu_user_main_thread: seconds(main.user) })
}

const common = { isDefault: true, readsWorkers: false } as const

export const serverSection: Section = { ...common, name: 'server', title: 'Server', write: writeServer }
export const clientsSection: Section = { ...common, name: 'clients', title: 'Clients', write: writeClients }
export const replicationSection: Section = {
  ...common,
  name: 'replication',
  title: 'Replication',
  write: writeReplication,
}
export const cpuSection: Section = { ...common, name: 'cpu', title: 'CPU', write: writeCpu }
export const modulesSection: Section = { ...common, name: 'modules', title: 'Modules', write: () => {} }
export const clusterSection: Section = {
  ...common,
  name: 'cluster',
  title: 'Cluster',
  write: (text, { values }) => text.field('cluster_enabled', values['cluster-enabled'] ? 1 : 0),
}
