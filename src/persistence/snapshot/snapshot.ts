/* A save in the background: sets the epoch, has the shards' keys saved in slices by their workers, and the file written
 * by a thread of the pool. I/O thread. See docs/adr/0007.
 *
 *   idle --begin--> beginning --epoch--> slicing --all shards are through--> ending --the file is there--> idle
 *                                           |                                   |
 *                                           +---- drop, or the file fails ------+--> dropping --all clean--> idle
 *
 * I1  a shard has at most one slice in flight (see slice-lanes.ts), and none when the state is IDLE.
 * I2  whatever way a save ends, no shard has a trace of it left when the next begins. */

import { beginSave, dropSave, isSaving } from '../../shard-worker/keyspace/save/save-walk.ts'
import type { Shard } from '../../shard-worker/keyspace/shard.ts'
import { SaveChannel, type SaveMemory } from '../../shard-worker/save-channel.ts'
import type { SaveOutput } from '../../shard-worker/save-output.ts'
import { PAUSE_MS, SliceLanes } from '../../shard-worker/slice-lanes.ts'
import { RingConsumer } from '../../shm/ring/ring.ts'
import { databaseSizes, fileVersion, type SnapshotOptions } from './snapshot-file.ts'
import type { WriteResult } from './write-snapshot.ts'

/** The shards and threads as a save needs them. */
export interface SnapshotHost {
  readonly shards: readonly Shard[]
  readonly workers: number
  readonly memory: SaveMemory
  /** The I/O thread's own. */
  readonly output: SaveOutput
  /** Runs `action` while nothing else touches any shard; false when it can't be asked for now. */
  exclusively(action: () => void): boolean
  /** Has a worker save for a while; sliceDone() tells of the end. */
  saveSlice(shard: number): void
  /** Commands run so far, to tell whether somebody waits. */
  commands(): number
  /** Writes the file in a thread of the pool. */
  write(options: SnapshotOptions, keyDelayUs: number): Promise<WriteResult>
}

export interface SaveRequest {
  /** All but what is known at the epoch. */
  options: Omit<SnapshotOptions, 'databases'>
  keyDelayUs: number
  /** The point in time is set: nothing that comes later is in the file. */
  onEpoch: (keys: number) => void
  onEnd: (result: WriteResult) => void
}

type State = 'idle' | 'beginning' | 'slicing' | 'ending' | 'dropping'

export class Snapshot {
  private readonly host: SnapshotHost
  private readonly channel: SaveChannel
  private state: State = 'idle'
  private request: SaveRequest | null = null
  private result: WriteResult | null = null
  private readonly lanes: SliceLanes

  constructor(host: SnapshotHost) {
    this.host = host
    this.channel = new SaveChannel(host.memory)
    this.lanes = new SliceLanes({
      shards: host.shards.length,
      workers: host.workers,
      wants: (shard) => this.isAtWork && isSaving(host.shards[shard]),
      send: (shard) => host.saveSlice(shard),
      commands: () => host.commands(),
    })
    this.lanes.onIdle = () => this.shardsDone()
  }

  /** Whether a save is under way; one that was dropped is until nothing of it is left. */
  get isRunning(): boolean {
    return this.state !== 'idle'
  }

  /** Bytes that the save has in memory beside the data set: now, and at most. */
  get buffered(): number {
    return this.channel.buffered
  }

  get mostBuffered(): number {
    return this.channel.mostBuffered
  }

  /** Begins a save; false when that can't be done now. None must be running. */
  begin(request: SaveRequest): boolean {
    const { host } = this
    this.channel.open(request.options.version, request.options.compresses)
    const isAsked = host.exclusively(() => this.setEpoch(request))
    if (isAsked && this.state === 'idle') this.state = 'beginning'
    return isAsked
  }

  private setEpoch(request: SaveRequest): void {
    const { host } = this
    const { shards } = host
    this.emptyRings()
    const databases = databaseSizes(shards)
    let keys = 0
    for (const shard of shards) keys += beginSave(shard)
    this.request = request
    this.result = null
    this.state = 'slicing'
    request.onEpoch(keys)
    const version = fileVersion(shards, request.options.version)
    host.write({ ...request.options, version, databases }, request.keyDelayUs).then(
      (result) => this.written(result),
      (error: unknown) => {
        this.channel.drop()
        this.written({ status: 'failed', reason: String(error) })
      },
    )
    this.lanes.begin()
  }

  /** Whether shards have something to save, or to forget. */
  private get isAtWork(): boolean {
    return this.state === 'slicing' || this.state === 'dropping'
  }

  /** Takes away what a save that was dropped has left. Nobody reads or writes the rings now. */
  private emptyRings(): void {
    this.host.output.drop()
    for (const memory of this.host.memory.rings) {
      const ring = new RingConsumer(memory)
      while (ring.next() >= 0) ring.advance()
    }
  }

  /** The slice of a shard is over. */
  sliceDone(shard: number): void {
    this.lanes.done(shard, this.host.output.isFull())
  }

  private shardsDone(): void {
    if (!this.isAtWork) return
    if (this.state === 'dropping') return this.finish()
    this.state = 'ending'
    this.endWhenSent()
  }

  /** Tells the writing thread that it has all, once it has. */
  private endWhenSent(): void {
    if (this.state !== 'ending') return
    const { output } = this.host
    output.flush()
    output.drain()
    if (output.isStuck) setTimeout(() => this.endWhenSent(), PAUSE_MS)
    else this.channel.end()
  }

  private written(result: WriteResult): void {
    this.result = result
    if (this.state === 'slicing') this.giveUp()
    else if (this.state === 'ending') this.finish()
    else if (this.state === 'dropping' && this.lanes.areIdle) this.finish()
  }

  /** Gives the running save up, if there is one: the old file stays. False: the new one is there already. */
  drop(): boolean {
    if (this.request === null) return true
    if (!this.channel.drop()) return false
    if (this.state === 'slicing') this.giveUp()
    return true
  }

  /** Has the shards forget what they have not saved. */
  private giveUp(): void {
    const { host, request } = this
    const isAsked = host.exclusively(() => {
      // They may have been through by the time this has its turn.
      if (this.request !== request) return
      host.output.drop()
      for (const shard of host.shards) dropSave(shard)
      this.state = 'dropping'
      this.lanes.begin()
    })
    if (!isAsked) setTimeout(() => this.giveUp(), PAUSE_MS)
  }

  /** Ends it when both the shards and the writing thread are done. */
  private finish(): void {
    const { request, result } = this
    if (request === null || result === null) return
    if (this.state === 'dropping' && this.host.shards.some(isSaving)) return
    this.state = 'idle'
    this.request = null
    request.onEnd(result)
  }
}
