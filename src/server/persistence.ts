/* Saving as the server does it: when a snapshot is due, what became of the last one, and what the log and INFO tell of
 * it (https://redis.io/docs/management/persistence/). Main thread.
 *
 * Changes are counted by the shards; a save is due when there were so many since the last one, so long ago. */
import { resolve } from 'node:path'
import type { SaveFigures } from '../observability/info/context.ts'
import { saveNow } from '../persistence/snapshot/save-now.ts'
import { Snapshot } from '../persistence/snapshot/snapshot.ts'
import { SnapshotError, type SnapshotOptions } from '../persistence/snapshot/snapshot-file.ts'
import type { WriteResult } from '../persistence/snapshot/write-snapshot.ts'
import { COPIED_BYTES, DIRTY, FLUSHES, SAVED_KEYS } from '../shard-worker/keyspace/shard-layout.ts'
import { savedAccess } from '../shard-worker/rdb/codecs.ts'
import { BackgroundPool } from './background-pool.ts'
import type { SavePoint } from './configuration/special-types.ts'
import type { ServerParts } from './parts.ts'

/** After a save that failed, none is tried by itself for so long. */
const RETRY_MS = 5000

export class Persistence {
  private readonly server: ServerParts
  private readonly snapshot: Snapshot
  private readonly pool: BackgroundPool
  private lastSaveMs: number
  private lastTryMs = 0
  private isLastGood = true
  private lastSeconds = -1
  private startMs = -1
  private saves = 0
  private isScheduled = false
  /** Changes that the file has. */
  private savedChanges = 0
  private changesAtEpoch = 0
  private keysToSave = 0
  private flushesSeen = 0
  private lastCopiedBytes = 0

  constructor(server: ServerParts) {
    this.server = server
    this.lastSaveMs = server.clock.nowMs()
    this.pool = new BackgroundPool()
    const { shards } = server
    const { sequencer, engine } = shards
    this.snapshot = new Snapshot({
      shards: engine.shards,
      workers: sequencer.workers,
      memory: shards.save,
      output: shards.output,
      exclusively: (action) => server.exclusively(action),
      saveSlice: (shard) => sequencer.save(shard, server.clock.nowMs()),
      commands: () => engine.statistics.totalCalls + sequencer.handedOver,
      write: (options, keyDelayUs) =>
        this.pool.writeSnapshot({
          memory: shards.save,
          ioDoorbell: shards.ioDoorbell,
          options,
          keyDelayUs,
        }),
    })
    sequencer.onSaved = (shard) => this.snapshot.sliceDone(shard)
  }

  private sum(counter: number): number {
    return this.server.engine.shards.reduce((total, { counters }) => total + counters[counter], 0)
  }

  /** Changes since the last save. */
  get changes(): number {
    return this.sum(DIRTY) - this.savedChanges
  }

  get isSaving(): boolean {
    return this.startMs >= 0
  }

  /** Whether writes are refused because they could not be saved. */
  get refusesWrites(): boolean {
    const { values } = this.server.configuration
    return !this.isLastGood && values['stop-writes-on-bgsave-error'] && values.save.length > 0
  }

  get lastSaveSeconds(): number {
    return Math.trunc(this.lastSaveMs / 1000)
  }

  figures(): SaveFigures {
    const { lastSaveMs, isLastGood, lastSeconds, saves, keysToSave, isSaving } = this
    const seconds = isSaving ? Math.trunc((this.server.clock.nowMs() - this.startMs) / 1000) : -1
    const keysSaved = isSaving ? this.sum(SAVED_KEYS) : 0
    return {
      isSaving,
      changes: this.changes,
      lastSaveMs,
      isLastGood,
      lastSeconds,
      seconds,
      saves,
      keysSaved,
      keysToSave: isSaving ? keysToSave : 0,
      copiedBytes: isSaving ? this.sum(COPIED_BYTES) : 0,
      lastCopiedBytes: this.lastCopiedBytes,
      bufferBytes: isSaving ? this.snapshot.buffered : 0,
      mostBufferBytes: this.snapshot.mostBuffered,
    }
  }

  /** CONFIG RESETSTAT. */
  resetStatistics(): void {
    this.saves = 0
  }

  private options(suffix: string): Omit<SnapshotOptions, 'databases'> {
    const { configuration, clock, observatory } = this.server
    const { values } = configuration
    return {
      path: resolve(values.dir, values.dbfilename),
      temporary: resolve(values.dir, `temp-${process.pid}${suffix}.rdb`),
      version: values['rdb-version'],
      compresses: values.rdbcompression,
      checksum: values.rdbchecksum,
      incrementalSync: values['rdb-save-incremental-fsync'],
      nowMs: clock.nowMs(),
      usedMemory: observatory.memory.used,
    }
  }

  /** Saves in the background; false when that can't begin now. */
  start(): boolean {
    const { log, clock, configuration } = this.server
    if (this.isSaving || this.snapshot.isRunning) return false
    const begun = this.snapshot.begin({
      options: this.options(''),
      keyDelayUs: configuration.values['rdb-key-save-delay'],
      onEpoch: (keys) => {
        this.keysToSave = keys
        this.changesAtEpoch = this.sum(DIRTY)
        this.flushesSeen = this.sum(FLUSHES)
      },
      onEnd: (result) => this.ended(result),
    })
    if (!begun) return false
    this.saves++
    this.startMs = clock.nowMs()
    this.lastTryMs = this.startMs
    log.notice('Background saving started by a thread of this process')
    return true
  }

  private ended(result: WriteResult): void {
    const { log, clock } = this.server
    const now = clock.nowMs()
    this.lastSeconds = Math.trunc((now - this.startMs) / 1000)
    this.startMs = -1
    if (result.status === 'saved') {
      log.notice('DB saved on disk')
      log.notice('Background saving terminated with success')
      this.savedChanges = this.changesAtEpoch
      this.lastSaveMs = now
      this.isLastGood = true
      this.lastCopiedBytes = this.sum(COPIED_BYTES)
    } else if (result.status === 'failed') {
      log.warning(result.reason)
      log.warning('Background saving error')
      this.isLastGood = false
    } else log.warning('Background saving was given up')
  }

  /** BGSAVE: a save when none runs any more. */
  schedule(): void {
    this.isScheduled = true
  }

  /** Gives a background save up, for what is to be saved now makes it pointless. */
  drop(): void {
    if (this.isSaving) this.snapshot.drop()
  }

  /** The same when the process ends: the thread that writes may not live to take its temporary file away. */
  dropForGood(): void {
    const { temporary } = this.options('')
    this.drop()
    this.server.disk.remove(temporary)
  }

  /** SAVE. */
  saveForClient(): boolean {
    this.saves++
    return this.saveNow()
  }

  /** Saves while everybody waits; nothing else touches a shard meanwhile. Whether that went well. */
  saveNow(): boolean {
    const { log, clock, disk, engine } = this.server
    this.drop()
    try {
      saveNow(engine.shards, this.options('-now'), engine.access, savedAccess(engine.settings.maxmemoryPolicy), disk)
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error
      log.warning(error.message)
      return false
    }
    log.notice('DB saved on disk')
    this.savedChanges = this.sum(DIRTY)
    // A background save that could not be given up any more is about to tell of its end: this file is newer.
    this.changesAtEpoch = this.savedChanges
    this.lastSaveMs = clock.nowMs()
    this.isLastGood = true
    return true
  }

  /** In every turn of the cron. */
  cron(): void {
    const { log, clock, configuration } = this.server
    // One that came while no cell was free.
    if (this.sum(FLUSHES) !== this.flushesSeen) this.server.exclusively(() => this.flushed())
    if (this.isSaving || this.snapshot.isRunning || this.server.isLoading) return
    const now = clock.nowMs()
    const mayTry = this.isLastGood || now - this.lastTryMs > RETRY_MS
    const due = configuration.values.save.find((point) => this.isDue(point, now))
    if (due !== undefined && mayTry) {
      log.notice(`${due.changes} changes in ${due.seconds} seconds. Saving...`)
      this.start()
    } else if (this.isScheduled && mayTry && this.start()) this.isScheduled = false
  }

  private isDue({ seconds, changes }: SavePoint, nowMs: number): boolean {
    return this.changes >= changes && Math.trunc(nowMs / 1000) - this.lastSaveSeconds > seconds
  }

  /**
   * All data are gone: a file that would still have them is not wanted, one that has them is out of date. Nothing else
   * touches a shard.
   */
  flushed(): void {
    const flushes = this.sum(FLUSHES)
    if (flushes === this.flushesSeen) return
    this.flushesSeen = flushes
    this.drop()
    if (this.server.configuration.values.save.length > 0) this.saveNow()
  }

  /** To be called when the server serves: readies what the first save would wait for. */
  prepare(): void {
    this.pool.prepare()
  }

  close(): Promise<void> {
    return this.pool.close()
  }
}
