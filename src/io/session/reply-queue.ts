/* What one session owes while workers, or deferred commands, have yet to answer: a slot for each of them, in the order
 * of the commands. I/O thread. Nothing stands here, and nothing is allocated, while all commands run at once.
 *
 * I1  slots stand in the order of their commands: what is written for one that is not the first waits in its chunks.
 * I2  heldBytes is the length of all chunks.
 * Bound: as many commands ahead as `aheadLimit` says, which follows the size of their replies, since nothing stops a
 * reply once its command is in a ring. */
import { ReplySlot } from '../reply/slot.ts'
import type { Connection } from '../socket/connection.ts'

/** Commands of one session that may be with workers: at first, and at most. */
const FIRST_AHEAD = 64
const MOST_AHEAD = 4096

export class ReplyQueue {
  /** The last place that is held. */
  last: ReplySlot | null = null
  heldBytes = 0
  private first: ReplySlot | null = null
  /** What the replies of all the commands ahead may be expected to take. */
  private readonly aheadBytes: number
  /** Commands that workers have not finished, and how many these may be. */
  private commandsAhead = 0
  private aheadLimit = FIRST_AHEAD

  constructor(aheadBytes: number) {
    this.aheadBytes = aheadBytes
  }

  get isEmpty(): boolean {
    return this.first === null
  }

  isFirst(slot: ReplySlot): boolean {
    return slot === this.first
  }

  /** Holds the next place. */
  open(muted: boolean): ReplySlot {
    const slot = new ReplySlot()
    slot.muted = muted
    if (this.last === null) this.first = slot
    else this.last.next = slot
    this.last = slot
    return slot
  }

  /** Keeps bytes until the slots before theirs have gone. */
  hold(slot: ReplySlot, chunk: Uint8Array): void {
    slot.chunks.push(chunk)
    this.heldBytes += chunk.length
  }

  /** Sends what need not wait any more, of a slot all or nothing if `wholeOnly`; true when nothing is owed any more. */
  send(connection: Connection, wholeOnly: boolean): boolean {
    while (this.first !== null) {
      const first: ReplySlot = this.first
      if (first.pending > 0 && wholeOnly) return false
      for (const chunk of first.chunks) {
        connection.sendOwned(chunk, chunk.length)
        this.heldBytes -= chunk.length
      }
      first.chunks = []
      if (first.pending > 0) return false
      this.first = first.next
    }
    this.last = null
    return true
  }

  /** Forgets all that is owed. */
  clear(): void {
    this.first = null
    this.last = null
  }

  /** Chunks that wait. */
  get pieces(): number {
    let pieces = 0
    for (let slot = this.first; slot !== null; slot = slot.next) pieces += slot.chunks.length
    return pieces
  }

  /* How far workers may be behind. */

  /** Whether so many commands are with workers that the next one for them waits. */
  get isFarAhead(): boolean {
    return this.commandsAhead >= this.aheadLimit
  }

  /** Whether so few are that one which has waited goes on. */
  get isNear(): boolean {
    return this.commandsAhead <= this.aheadLimit >> 1
  }

  /** A command goes to a worker; its replies are the slot's. */
  goAhead(slot: ReplySlot): void {
    slot.commands++
    this.commandsAhead++
  }

  /** A part of a slot has finished. With the last one more may be ahead, or fewer, by the size of the replies. */
  finish(slot: ReplySlot): void {
    slot.pending--
    if (slot.pending > 0 || slot.commands === 0) return
    this.commandsAhead -= slot.commands
    const fitting = Math.max(1, Math.floor((this.aheadBytes * slot.commands) / (slot.bytes + 1)))
    this.aheadLimit = Math.min(this.aheadLimit + slot.commands, fitting, MOST_AHEAD)
  }
}
