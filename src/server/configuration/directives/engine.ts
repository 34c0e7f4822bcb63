/* Directives that only this server has: its threads and shards, and what it writes. */
import { availableParallelism } from 'node:os'
import { choice, IMMUTABLE, integer, MAY_REPEAT } from '../directive.ts'

/** As many as there are hash slots: a shard has at least one. */
const MAX_SHARDS = 16384
const MAX_WORKERS = 1024

export const engineDirectives = {
  /** Threads that run commands, beside the I/O thread. */
  'shard-workers': integer({
    min: 1,
    max: MAX_WORKERS,
    default: Math.max(1, availableParallelism() - 1),
    flags: IMMUTABLE | MAY_REPEAT,
  }),
  /** Parts of the data set, a multiple of shard-workers; 0: derived from maxmemory or the machine's memory. */
  shards: integer({ min: 0, max: MAX_SHARDS, default: 0, flags: IMMUTABLE | MAY_REPEAT }),
  /** Whether the I/O thread runs a cheap command itself when its shard is idle. */
  'inline-execution': choice(['auto', 'never', 'always'], { default: 'auto' }),
  /** For whom snapshots and DUMP payloads are written: 10 (Redis 7.0), 11 (7.2) or 12 (7.4). */
  'rdb-version': integer({ min: 10, max: 12, default: 11 }),
}
