/* The threads that work in the background: they write snapshots (https://www.npmjs.com/package/piscina). Main thread.
 * A thread is started when there is work for it, and ends when it has had none for a while. */
import type { Piscina } from 'piscina'
import type { WriteResult, WriteTask } from '../persistence/snapshot/write-snapshot.ts'

/** The program of the threads: beside its source, or beside the bundle that this source has become part of. */
const snapshotScript = new URL(
  import.meta.url.endsWith('.ts') ? '../persistence/snapshot/write-snapshot.ts' : './write-snapshot.js',
  import.meta.url,
)
/** One save at a time. */
const THREADS = 1
const IDLE_MS = 10_000

export class BackgroundPool {
  private pool: Promise<Piscina> | null = null

  /** Loads the package, which takes some ten milliseconds: better at the start than in the first save. */
  prepare(): void {
    void this.open()
  }

  private open(): Promise<Piscina> {
    this.pool ??= import('piscina').then(
      ({ Piscina }) => new Piscina({ minThreads: 0, maxThreads: THREADS, idleTimeout: IDLE_MS, recordTiming: false }),
    )
    return this.pool
  }

  /** Writes a snapshot; resolves when the thread has done with it. */
  async writeSnapshot(task: WriteTask): Promise<WriteResult> {
    const pool = await this.open()
    return pool.run(task, { filename: snapshotScript.href, name: 'writeSnapshot' })
  }

  async close(): Promise<void> {
    if (this.pool !== null) await (await this.pool).destroy()
  }
}
