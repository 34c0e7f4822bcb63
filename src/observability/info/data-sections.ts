/* INFO memory, persistence, keyspace and spinel: the data set and where it lies. I/O thread. */
import { SPINEL_VERSION } from '../../base/version.ts'
import { DATABASE_AVERAGE_TTL } from '../../shard-worker/keyspace/shard-layout.ts'
import type { InfoContext, LoadFigures, Section } from './context.ts'
import { decimals, humanBytes, type InfoText } from './info-text.ts'

function writeMemory(text: InfoText, context: InfoContext): void {
  const { memory, values } = context
  const report = memory.report()
  const shards = context.shards()
  text.bytes('used_memory', report.used)
  text.bytes('used_memory_rss', report.resident)
  text.bytes('used_memory_peak', report.peak)
  text.fields({
    used_memory_peak_perc: `${decimals(report.peakPercent)}%`,
    used_memory_overhead: report.overhead,
    used_memory_startup: report.startup,
    used_memory_dataset: report.dataset,
    used_memory_dataset_perc: `${decimals(report.datasetPercent)}%`,
    allocator_allocated: report.allocated,
    allocator_active: report.touched,
    allocator_resident: report.touched,
  })
  text.bytes('total_system_memory', memory.systemBytes)
  writeScriptMemory(text)
  text.bytes('maxmemory', values.maxmemory)
  text.fields({
    maxmemory_policy: values['maxmemory-policy'],
    allocator_frag_ratio: decimals(report.fragmentation),
    allocator_frag_bytes: report.touched - report.allocated,
    allocator_rss_ratio: decimals(1),
    allocator_rss_bytes: 0,
    rss_overhead_ratio: decimals(report.residentOverhead),
    rss_overhead_bytes: report.resident - report.touched,
    mem_fragmentation_ratio: decimals(report.totalFragmentation),
    mem_fragmentation_bytes: report.resident - report.used,
    mem_not_counted_for_evict: 0,
    mem_replication_backlog: 0,
    mem_total_replication_buffers: 0,
    mem_clients_slaves: 0,
    mem_clients_normal: report.clients,
    mem_cluster_links: 0,
    mem_aof_buffer: 0,
    mem_allocator: 'libc',
    active_defrag_running: 0,
    lazyfree_pending_objects: shards.lazyFreePending,
    lazyfreed_objects: shards.lazyFreed,
  })
}

/** There are no scripts yet: what they would take is nothing. */
function writeScriptMemory(text: InfoText): void {
  text.fields({
    used_memory_lua: 0,
    used_memory_vm_eval: 0,
    used_memory_lua_human: humanBytes(0),
    used_memory_scripts_eval: 0,
    number_of_cached_scripts: 0,
    number_of_functions: 0,
    number_of_libraries: 0,
    used_memory_vm_functions: 0,
  })
  text.bytes('used_memory_vm_total', 0)
  text.field('used_memory_functions', 0)
  text.bytes('used_memory_scripts', 0)
}

function writePersistence(text: InfoText, context: InfoContext): void {
  const saves = context.saves()
  const loads = context.loads()
  text.fields({
    loading: loads.isLoading ? 1 : 0,
    async_loading: 0,
    current_cow_peak: saves.copiedBytes,
    current_cow_size: saves.copiedBytes,
    current_cow_size_age: 0,
    current_fork_perc: decimals(saves.keysToSave === 0 ? 0 : (100 * saves.keysSaved) / saves.keysToSave),
    current_save_keys_processed: saves.keysSaved,
    current_save_keys_total: saves.keysToSave,
    rdb_changes_since_last_save: saves.changes,
    rdb_bgsave_in_progress: saves.isSaving ? 1 : 0,
    rdb_last_save_time: Math.trunc(saves.lastSaveMs / 1000),
    rdb_last_bgsave_status: saves.isLastGood ? 'ok' : 'err',
    rdb_last_bgsave_time_sec: saves.lastSeconds,
    rdb_current_bgsave_time_sec: saves.seconds,
    rdb_saves: saves.saves,
    rdb_last_cow_size: saves.lastCopiedBytes,
    rdb_last_load_keys_expired: loads.keysExpired,
    rdb_last_load_keys_loaded: loads.keysLoaded,
    aof_enabled: 0,
    aof_rewrite_in_progress: 0,
    aof_rewrite_scheduled: 0,
    aof_last_rewrite_time_sec: -1,
    aof_current_rewrite_time_sec: -1,
    aof_last_bgrewrite_status: 'ok',
    aof_rewrites: 0,
    aof_rewrites_consecutive_failures: 0,
    aof_last_write_status: 'ok',
    aof_last_cow_size: 0,
    module_fork_in_progress: 0,
    module_fork_last_cow_size: 0,
  })
  if (loads.isLoading) writeLoading(text, loads, context.clock.nowMs())
}

function writeLoading(text: InfoText, loads: LoadFigures, nowMs: number): void {
  const { totalBytes, loadedBytes } = loads
  const elapsed = Math.trunc(nowMs / 1000) - Math.trunc(loads.startMs / 1000)
  text.fields({
    loading_start_time: Math.trunc(loads.startMs / 1000),
    loading_total_bytes: totalBytes,
    loading_rdb_used_mem: loads.usedMemory,
    loading_loaded_bytes: loadedBytes,
    loading_loaded_perc: decimals(totalBytes === 0 ? 0 : (100 * loadedBytes) / totalBytes),
    loading_eta_seconds: elapsed === 0 ? 1 : Math.trunc((elapsed * (totalBytes - loadedBytes)) / (loadedBytes + 1)),
  })
}

function writeKeyspace(text: InfoText, { engine }: InfoContext): void {
  for (let db = 0; db < engine.databases; db++) {
    let keys = 0
    let expires = 0
    let volatileHashes = 0
    let ttlSum = 0
    for (const { keyspaces, arena } of engine.shards) {
      const keyspace = keyspaces[db]
      keys += keyspace.keys.used
      expires += keyspace.expires.used
      volatileHashes += keyspace.volatileHashes.count
      ttlSum += arena.f64[(keyspace.record + DATABASE_AVERAGE_TTL) >> 3] * keyspace.expires.used
    }
    const averageTtl = expires === 0 ? 0 : Math.trunc(ttlSum / expires)
    // As in Redis 7.4; where there are none, as in 7.2.
    const subexpiry = volatileHashes > 0 ? `,subexpiry=${volatileHashes}` : ''
    if (keys > 0) text.field(`db${db}`, `keys=${keys},expires=${expires},avg_ttl=${averageTtl}${subexpiry}`)
  }
}

/** What only this server has: its threads, and where commands ran. */
function writeSpinel(text: InfoText, context: InfoContext, statistics: { totalCalls: number }): void {
  const { values, engine, memory } = context
  const work = context.work()
  const saves = context.saves()
  const { heapUsed, heapTotal } = process.memoryUsage()
  text.fields({
    spinel_version: SPINEL_VERSION,
    node_version: process.versions.node,
    shards: engine.shards.length,
    shard_workers: work.workers,
    inline_execution: values['inline-execution'],
    commands_run_inline: Math.max(0, statistics.totalCalls - work.handedOver),
    commands_handed_over: work.handedOver,
    commands_at_barriers: work.barriers,
    worker_holds: work.holds,
    worker_runs_pending: work.pendingRuns,
    arena_bytes_reserved: engine.shards.reduce((sum, { arena }) => sum + arena.totalBytes, 0),
    arena_bytes_touched: memory.touchedBytes,
    arena_bytes_allocated: memory.allocatedBytes,
    arena_blocks: engine.shards.reduce((sum, { arena }) => sum + arena.blockCount, 0),
    save_buffer_bytes: saves.bufferBytes,
    save_buffer_peak: saves.mostBufferBytes,
    js_heap_used: heapUsed,
    js_heap_total: heapTotal,
  })
}

const common = { isDefault: true, readsWorkers: true } as const

export const memorySection: Section = { ...common, name: 'memory', title: 'Memory', write: writeMemory }
export const persistenceSection: Section = {
  ...common,
  name: 'persistence',
  title: 'Persistence',
  write: writePersistence,
}
export const keyspaceSection: Section = { ...common, name: 'keyspace', title: 'Keyspace', write: writeKeyspace }
export const spinelSection: Section = { ...common, name: 'spinel', title: 'Spinel', write: writeSpinel }
