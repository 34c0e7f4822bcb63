/* Has the workers free what is dead (keyspace/lazyfree.ts), in slices between which commands run. Main thread.
 *
 * A worker has one slice at a time: its shards take turns, and between two slices a shard is free for about as long as
 * one takes, unless no command came in the meantime. It begins after the batch that left something behind, and with the
 * cron for what workers did; where nothing is dead that is a look at one word of each shard, and nobody is woken. */
import type { Sequencer } from '../io/routing/sequencer.ts'
import type { Engine } from '../shard-worker/engine.ts'
import { hasDead } from '../shard-worker/keyspace/lazyfree.ts'

/** The server as freeing sees it. */
export interface LazyFreeingHost {
  readonly engine: Engine
  readonly sequencer: Sequencer
  /** Whether the data of a file is being loaded: then the shards are the loader's. */
  readonly isLoading: boolean
  nowMs(): number
}

/** Time that a shard is left to its commands between two slices. */
const PAUSE_MS = 1

export class LazyFreeing {
  private readonly host: LazyFreeingHost
  /** By worker: whether it has a slice in hand or one is about to be sent, and the shard that had the last one. */
  private readonly isBusy: boolean[]
  private readonly lastShard: number[]
  private commandsSeen = 0

  constructor(host: LazyFreeingHost) {
    this.host = host
    const { workers } = host.sequencer
    this.isBusy = new Array<boolean>(workers).fill(false)
    this.lastShard = Array.from({ length: workers }, (_, worker) => worker)
    host.sequencer.onFreed = (shard) => this.sliceDone(shard)
  }

  /** Has every worker begin that has something to free and has not begun. */
  begin(): void {
    this.host.engine.access.hasBuried = false
    for (let worker = 0; worker < this.isBusy.length; worker++) if (!this.isBusy[worker]) this.advance(worker)
  }

  private sliceDone(shard: number): void {
    const { engine, sequencer } = this.host
    const worker = shard % this.isBusy.length
    const commands = engine.statistics.totalCalls + sequencer.handedOver
    const isAwaited = commands !== this.commandsSeen
    this.commandsSeen = commands
    if (isAwaited) setTimeout(() => this.advance(worker), PAUSE_MS)
    else setImmediate(() => this.advance(worker))
  }

  /** Sends a worker's next slice, if there is anything to free in one of its shards. */
  private advance(worker: number): void {
    const { host, lastShard } = this
    const { shards } = host.engine
    const workers = this.isBusy.length
    this.isBusy[worker] = false
    if (host.isLoading) return
    for (let i = 1; i <= shards.length / workers; i++) {
      const shard = (lastShard[worker] + i * workers) % shards.length
      if (!hasDead(shards[shard])) continue
      lastShard[worker] = shard
      this.isBusy[worker] = true
      host.sequencer.free(shard, host.nowMs())
      return
    }
  }
}
