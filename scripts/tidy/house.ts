/* The house as data: who may import whom, where a program starts, how long a file may be. The rules in this folder only
 * read these tables; a change to the house is a change to this file.
 *
 * Layers. A layer is a folder, or one file of it that is a layer by itself; a file belongs to the longest name that
 * fits. It may import its own layer and those named:
 *
 *   'src/shm'        that layer, whatever folders its files are in, but not another layer inside it
 *   'src/io/**'      that layer and every layer inside it
 *   'src/a/b.ts'     one file
 *
 * Whatever a layer names stands above it in the table, so that layers alone can make no cycle. Tests may import
 * anything. */

export interface Layer {
  name: string
  imports: readonly string[]
}

export interface LongFile {
  path: string
  /** The most lines it may have: lower it when the file shrinks, never raise it. */
  lines: number
  why: string
}

/** A file that is tested and waits for its first user. */
export interface PlannedFile {
  path: string
  why: string
}

export interface House {
  layers: readonly Layer[]
  /** Where Node.js or a user enters; whatever cannot be reached from here or from a test is dead. */
  entryPoints: readonly string[]
  /** Product files that nothing but tests may import, by the end of their names. */
  testSupport: readonly string[]
  /** Product files that only tests import so far. A ratchet: whoever puts one to use takes it off the list. */
  planned: readonly PlannedFile[]
  longestFile: number
  longFiles: readonly LongFile[]
  longestLine: number
}

const base = 'src/base'
const shm = 'src/shm'
const shard = 'src/shard-worker'
const engine = 'src/shard-worker/engine.ts'
const engineParts = ['memory-budget', 'prefetch', 'settings', 'slow-command', 'statistics'].map(
  (part) => `src/shard-worker/${part}.ts`,
)
const settings = 'src/shard-worker/settings.ts'
const rdb = 'src/shard-worker/rdb'
const structure = 'src/shard-worker/structure'
const keyspace = 'src/shard-worker/keyspace'
const statistics = 'src/shard-worker/statistics.ts'
const watch = 'src/shard-worker/keyspace/watch.ts'
const addedKeys = 'src/shard-worker/keyspace/added-keys.ts'
const slot = 'src/io/reply/slot.ts'

export const house: House = {
  layers: [
    { name: base, imports: [] },
    { name: shm, imports: [base] },
    { name: structure, imports: [shm, base] },
    { name: keyspace, imports: [structure, shm, base] },
    { name: engine, imports: [...engineParts, keyspace, structure, shm, base] },
    // How values are written and read: here rather than in persistence, for DUMP and RESTORE are commands of a shard.
    { name: rdb, imports: [settings, keyspace, structure, shm, base] },
    { name: 'src/shard-worker/command', imports: [engine, rdb, keyspace, structure, shm, base] },
    { name: 'src/shard-worker/script', imports: [shm, base] },
    { name: shard, imports: ['src/shard-worker/**', shm, base] },
    { name: 'src/io/socket', imports: [base] },
    { name: 'src/io/framing', imports: [base] },
    { name: slot, imports: [base] },
    { name: 'src/io/session', imports: ['src/io/socket', 'src/io/framing', slot, base] },
    {
      name: 'src/io/routing',
      imports: ['src/io/session', 'src/io/framing', slot, shard, engine, watch, addedKeys, shm, base],
    },
    { name: 'src/io/reply', imports: ['src/io/routing', 'src/io/session', slot, shm, base] },
    { name: 'src/io/command', imports: ['src/io/session', base] },
    { name: 'src/persistence', imports: ['src/shard-worker/**', shm, base] },
    { name: 'src/replication', imports: ['src/persistence', shm, base] },
    { name: 'src/cluster', imports: ['src/replication', base] },
    { name: 'src/sentinel', imports: [base] },
    { name: 'src/server/configuration', imports: [base] },
    {
      name: 'src/observability',
      imports: ['src/server/configuration', 'src/io/session', engine, statistics, keyspace, shm, base],
    },
    { name: 'src/server', imports: ['src/**'] },
    { name: 'src', imports: ['src/**'] },
    { name: 'native-bench', imports: ['src/**'] },
    { name: 'test', imports: ['src/**'] },
    { name: 'scripts', imports: ['src/**'] },
  ],

  entryPoints: [
    'src/server/main.ts',
    'native-bench/main.ts',
    'test/fuzz/main.ts',
    'scripts/build.ts',
    'scripts/tidy.ts',
    'scripts/closing-line.ts',
    'vitest.config.ts',
  ],
  testSupport: ['/testing.ts', '-testing.ts', '-stress.ts', '.bench.ts'],
  planned: [
    { path: 'src/shm/sync/mutex.ts', why: 'guards what the background pool and the workers will share' },
    { path: 'src/shm/sync/semaphore.ts', why: 'bounds the slices that the background pool has in hand' },
    { path: 'src/shm/sync/once.ts', why: 'the background pool loads what all its threads need once' },
    { path: 'src/shm/sync/cyclic-barrier.ts', why: 'the threads of the background pool start and stop together' },
  ],

  longestFile: 600,
  longFiles: [],
  longestLine: 120,
}
