/* What the workers have counted, as far as the I/O thread knows it: the newest Statistics frame of each. Pulled, not
 * pushed: a report asks for them when something has run since it last did. I/O thread.
 *
 *   refresh() --StatisticsRequest--> every worker, behind all that was sequenced before
 *   receive() <--Statistics--------- each worker; after the last one the reports that wait are made
 *
 * I1  a request is answered with all that was handed over before it, since rings are FIFO.
 * I2  an answer to a request from before a reset is dropped. */
import { assert } from '../base/assert.ts'
import type { Statistics } from '../shard-worker/statistics.ts'
import type { StatisticsFrame } from '../shm/schema/control.ts'
import { encodeStatisticsRequest, encodeStatisticsReset } from '../shm/schema/control.ts'

/** The workers, as this needs them. */
export interface Fleet {
  readonly workers: number
  /** Commands handed over to them so far. */
  readonly handedOver: number
  /** Sends a control frame to each; `ask` one that each answers. */
  broadcast(frame: Uint8Array): void
  ask(frame: Uint8Array): void
}

interface Request {
  id: number
  /** Workers that have not answered. */
  missing: number
  readonly reports: (() => void)[]
}

export class WorkerStatistics {
  private readonly fleet: Fleet
  private readonly latest: (StatisticsFrame | null)[]
  private readonly requests: Request[] = []
  private nextId = 1
  /** Answers below this id are of before the last reset. */
  private oldestId = 1
  /** What had been handed over when the newest request was made. */
  private requestedAt = 0

  constructor(fleet: Fleet) {
    this.fleet = fleet
    this.latest = new Array<StatisticsFrame | null>(fleet.workers).fill(null)
  }

  /** Whether the workers have run nothing since they last told. */
  get isFresh(): boolean {
    return this.requests.length === 0 && this.requestedAt === this.fleet.handedOver
  }

  /** Has `then` called when what has been handed over until now is known: at once if it is. */
  refresh(then: () => void): void {
    const { requests, fleet } = this
    if (this.isFresh) return then()
    const newest = requests.at(-1)
    if (newest !== undefined && this.requestedAt === fleet.handedOver) {
      newest.reports.push(then)
      return
    }
    this.requestedAt = fleet.handedOver
    const id = this.nextId++
    requests.push({ id, missing: fleet.workers, reports: [then] })
    fleet.ask(encodeStatisticsRequest({ id }))
  }

  /** A worker has answered. */
  receive(worker: number, frame: StatisticsFrame): void {
    if (frame.id >= this.oldestId) this.latest[worker] = frame
    const request = this.requests.find(({ id }) => id === frame.id)
    assert(request !== undefined, 'a worker answers what it was asked')
    if (--request.missing > 0) return
    this.requests.splice(this.requests.indexOf(request), 1)
    for (const report of request.reports) report()
  }

  /** Adds what is known of the workers to `total`. */
  addTo(total: Statistics): void {
    for (const frame of this.latest) if (frame !== null) total.merge(frame)
  }

  /** Has the workers forget what they have counted. */
  reset(): void {
    this.latest.fill(null)
    this.oldestId = this.nextId
    this.requestedAt = this.fleet.handedOver
    this.fleet.broadcast(encodeStatisticsReset())
  }
}
