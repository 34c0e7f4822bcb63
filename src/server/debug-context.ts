/* What DEBUG does to the server. Main thread. */
import * as errors from '../base/error-texts.ts'
import { flushShard } from '../shard-worker/keyspace/flush.ts'
import { AT_ONCE } from '../shard-worker/keyspace/lazyfree.ts'
import type { DebugContext, ReloadOptions } from './command/debug.ts'
import type { ServerParts } from './parts.ts'

const HERE = 'the main thread'

const sleeper = new Int32Array(new SharedArrayBuffer(4))

export function debugContext(server: ServerParts): DebugContext {
  const { configuration, log, observatory } = server
  return {
    setActiveExpire: (enabled) => server.broadcastSetting('active-expire', enabled ? 'yes' : 'no'),
    setPackedThreshold: (bytes) => server.broadcastSetting('quicklist-packed-threshold', String(bytes)),
    setSkipChecksums: (skipped) => server.broadcastSetting('skip-checksum-validation', skipped ? 'yes' : 'no'),
    pauseCron: (paused) => {
      server.cron.isPaused = paused
    },
    changeReplicationId: () => {
      log.notice('Changing replication IDs after receiving DEBUG change-repl-id')
      observatory.replication.change()
    },
    log: (text) => log.warning(text),
    rewriteConfiguration: () => configuration.rewrite(true),
    crash: (error) => server.crash(error, HERE),
    crashBySignal: (signal) => {
      process.on('exit', () => process.kill(process.pid, signal))
      return server.crash(new Error(`crashed by signal: 11 (${signal})`), HERE)
    },
    restart: (gracefully, delayMs) => restart(server, gracefully, delayMs),
    reload: (options) => reload(server, options),
    holding: (session, reply, action) => server.holding(session, reply, action),
  }
}

function reload({ persistence, loading, engine, log }: ServerParts, options: ReloadOptions): string | null {
  // What has been loaded so far is not what the file is to have.
  if (loading.isLoading) return errors.LOADING
  persistence.drop()
  if (options.saves && !persistence.saveNow()) return errors.FAILED
  if (options.flushes) for (const shard of engine.shards) flushShard(shard, AT_ONCE)
  const outcome = loading.now(options.merges)
  if (outcome === 'missing') return errors.DEBUG_RELOAD_FAILED
  // A file that is not sound has left half of itself.
  if (outcome === 'broken') process.exit(1)
  log.notice('DB reloaded by DEBUG RELOAD')
  return null
}

/** Replaces the process by a fresh one with the same arguments: same pid, nothing else kept. */
function restart(server: ServerParts, gracefully: boolean, delayMs: number): void {
  const { configuration, log } = server
  if (gracefully && configuration.file !== null && configuration.rewrite() !== null) {
    log.warning("Can't restart: configuration rewrite process failed")
    return
  }
  if (process.execve === undefined) {
    log.warning("Can't restart: this platform has no execve")
    return
  }
  server.withdraw()
  Atomics.wait(sleeper, 0, 0, delayMs)
  // The first argument is the configuration file if it is no directive; it may have been relative to another directory.
  const [program, first, ...rest] = process.argv.slice(1)
  const isFile = configuration.file !== null && first !== undefined && !first.startsWith('--')
  const words = first === undefined ? [] : [isFile ? (configuration.file as string) : first, ...rest]
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, program, ...words],
    process.env as Record<string, string>,
  )
}
