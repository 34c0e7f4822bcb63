/* Work on shards that is done in slices by their workers: a snapshot, freeing what is dead. I/O thread, one for each
 * kind of work.
 *
 * Slices travel as records through the workers' rings, as the cron's turns do. A worker has one at a time: its shards
 * take turns, and between two slices the shard is free for at least as long as a slice takes, unless no command came in
 * the meantime.
 *
 * I1  a worker has at most one slice in flight. */

/** What the lanes are for. */
export interface SliceWork {
  readonly shards: number
  readonly workers: number
  /** Whether a shard needs a slice now. */
  wants(shard: number): boolean
  /** Has the shard's worker do one; done() tells of its end. */
  send(shard: number): void
  /** Commands run so far, to tell whether somebody waits. */
  commands(): number
}

/** Time that a shard is left to its commands between two slices. */
export const PAUSE_MS = 1

export class SliceLanes {
  /** Called when no slice is in flight, and none wanted any more. */
  onIdle: () => void = () => {}
  private readonly work: SliceWork
  /** By worker: whether it has a slice in hand or one is about to be sent, and the shard that had the last one. */
  private readonly isBusy: boolean[]
  private readonly lastShard: number[]
  private commandsSeen = 0

  constructor(work: SliceWork) {
    this.work = work
    this.isBusy = new Array<boolean>(work.workers).fill(false)
    this.lastShard = Array.from({ length: work.workers }, (_, worker) => worker)
  }

  get areIdle(): boolean {
    return !this.isBusy.includes(true)
  }

  /** Has every worker go on that has no slice in hand. All of them count as busy until each has been asked. */
  begin(): void {
    const idle = this.isBusy.flatMap((isBusy, worker) => (isBusy ? [] : [worker]))
    for (const worker of idle) this.isBusy[worker] = true
    for (const worker of idle) this.advance(worker)
  }

  /** The slice of a shard is over; `pauses`: the next is not to come at once though nobody waits. */
  done(shard: number, pauses = false): void {
    const worker = shard % this.work.workers
    const commands = this.work.commands()
    const isAwaited = commands !== this.commandsSeen
    this.commandsSeen = commands
    if (isAwaited || pauses) setTimeout(() => this.advance(worker), PAUSE_MS)
    else setImmediate(() => this.advance(worker))
  }

  /** Sends a worker's next slice, if one of its shards needs any. */
  private advance(worker: number): void {
    const { work, lastShard } = this
    const { shards, workers } = work
    this.isBusy[worker] = false
    for (let i = 1; i <= shards / workers; i++) {
      const shard = (lastShard[worker] + i * workers) % shards
      if (!work.wants(shard)) continue
      lastShard[worker] = shard
      this.isBusy[worker] = true
      work.send(shard)
      return
    }
    if (this.areIdle) this.onIdle()
  }
}
