/* Watches the reply rings while commands are in flight. I/O thread. Under load replies come within microseconds, so it
 * looks again with every turn of the event loop; when nothing has come for a while it sleeps on the doorbell, which
 * costs no CPU, and a worker's next reply wakes it. Nothing in flight: it does nothing at all. */
import type { Doorbell } from '../../shm/sync/doorbell.ts'
import type { Sequencer } from '../routing/sequencer.ts'

/** Turns of the event loop without a reply before it sleeps. */
const IDLE_TURNS = 50

export class ReplyPoller {
  private readonly sequencer: Sequencer
  private readonly doorbell: Doorbell
  private isScheduled = false
  private isAsleep = false
  private idleTurns = 0
  private readonly turn = (): void => this.poll()
  private readonly wake = (): void => {
    this.isAsleep = false
    this.poll()
  }
  /** Called before each round of replies: sets the time. */
  onRound: () => void = () => {}
  /** Called after it: commands may have run in it, of transactions that waited. */
  afterRound: () => void = () => {}

  constructor(sequencer: Sequencer, doorbell: Doorbell) {
    this.sequencer = sequencer
    this.doorbell = doorbell
  }

  /** Something is in flight: watch. */
  schedule(): void {
    if (this.isScheduled) {
      // The worker that it sleeps for may be a busy one; the one that is sent to now must be told.
      if (this.isAsleep) this.doorbell.cancelSleep()
      return
    }
    this.isScheduled = true
    this.idleTurns = 0
    setImmediate(this.turn)
  }

  private poll(): void {
    this.onRound()
    const handled = this.sequencer.drain()
    this.sequencer.ring()
    this.afterRound()
    if (!this.sequencer.isWaiting) {
      this.isScheduled = false
      return
    }
    if (handled > 0) this.idleTurns = 0
    else if (++this.idleTurns > IDLE_TURNS) {
      this.sleep()
      return
    }
    setImmediate(this.turn)
  }

  private sleep(): void {
    this.doorbell.prepareToSleep()
    if (this.sequencer.hasWork) {
      this.doorbell.cancelSleep()
      setImmediate(this.turn)
      return
    }
    this.idleTurns = 0
    this.isAsleep = true
    this.doorbell.sleepAsync().then(this.wake)
  }
}
