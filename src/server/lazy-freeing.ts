/* Has the workers free what is dead (keyspace/lazyfree.ts), in slices between which commands run. Main thread.
 *
 * It begins after the batch that left something behind, and with the cron for what workers did; where nothing is dead
 * that is a look at two words of each shard, and nobody is woken. */
import type { Sequencer } from '../io/routing/sequencer.ts'
import type { Engine } from '../shard-worker/engine.ts'
import { hasDead } from '../shard-worker/keyspace/lazyfree.ts'
import { SliceLanes } from '../shard-worker/slice-lanes.ts'

/** The server as freeing sees it. */
export interface LazyFreeingHost {
  readonly engine: Engine
  readonly sequencer: Sequencer
  /** Whether the data of a file is being loaded: then the shards are the loader's. */
  readonly isLoading: boolean
  nowMs(): number
}

export class LazyFreeing {
  private readonly host: LazyFreeingHost
  private readonly lanes: SliceLanes

  constructor(host: LazyFreeingHost) {
    this.host = host
    const { engine, sequencer } = host
    this.lanes = new SliceLanes({
      shards: engine.shards.length,
      workers: sequencer.workers,
      wants: (shard) => !host.isLoading && hasDead(engine.shards[shard]),
      send: (shard) => sequencer.free(shard, host.nowMs()),
      commands: () => engine.statistics.totalCalls + sequencer.handedOver,
    })
    sequencer.onFreed = (shard) => this.lanes.done(shard)
  }

  /** Has every worker begin that has something to free and has not begun. */
  begin(): void {
    this.host.engine.access.hasBuried = false
    this.lanes.begin()
  }
}
