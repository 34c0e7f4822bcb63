/* A client's wait in a blocking command: until what it waits for comes, its time is up, or CLIENT UNBLOCK ends it. I/O
 * thread. The client counts as blocked and none of its commands is read meanwhile.
 *
 * A wait may end in the midst of another client's batch. The answer goes out at once; the commands that the client has
 * sent behind it are read at the end of the event loop's turn, so that the other batch is one piece.
 *
 * I1  a wait ends once; after the session has closed it ends without a word. */
import { assert } from '../../base/assert.ts'
import * as errors from '../../base/error-texts.ts'
import { Reply } from '../../base/reply.ts'
import type { ReplySlot } from '../reply/slot.ts'
import type { BlockingWait } from './blocking-wait.ts'
import type { Session } from './session.ts'

/** The longest a timer may run; a wait goes on with another one. */
const MAX_TIMER_MS = 0x7fffffff

/** What a command that waits answers when something else than what it waits for ends it. */
export interface WaitEnds {
  /** Bytes that the command keeps while it waits. */
  readonly bytes?: number
  /** The time is up, or CLIENT UNBLOCK says so. */
  timedOut(reply: Reply): void
  /** CLIENT UNBLOCK with ERROR. */
  unblocked?(reply: Reply): void
  /** It waits no more, however that came, the session closing among it; comes before any answer. */
  left?(): void
}

const scratchReply = new Reply()

/** The session reads no further command until the one that runs is answered: returns the place of its reply. */
export function suspend(session: Session): ReplySlot {
  assert(!session.isSuspended, 'one command is deferred at a time')
  const slot = session.openSlot()
  session.isSuspended = true
  return slot
}

/** Answers the command that suspend() was for with what `reply` holds, and empties it. At any time. */
export function answerSuspended(session: Session, slot: ReplySlot, reply: Reply): void {
  session.writeSlot(slot, reply.bytes, 0, reply.length)
  reply.reset()
  session.finishSlot(slot)
  session.advanceSkip()
  setImmediate(() => {
    session.isSuspended = false
    session.resumeReading()
  })
}

export class Wait implements BlockingWait {
  /** Whether it ends by itself. */
  readonly isTimed: boolean
  readonly bytes: number
  private readonly session: Session
  private readonly slot: ReplySlot
  private readonly ends: WaitEnds
  private readonly endMs: number
  private timer: NodeJS.Timeout | null = null

  /** The suspended command of a session waits until Unix ms `endMs`, 0: for ever. */
  constructor(session: Session, slot: ReplySlot, endMs: number, ends: WaitEnds) {
    this.session = session
    this.slot = slot
    this.ends = ends
    this.isTimed = endMs > 0
    this.bytes = ends.bytes ?? 0
    this.endMs = endMs
    session.wait = this
    session.isBlocked = true
    if (this.isTimed) this.arm()
    // Nobody is left to answer to.
    if (session.inputEnded) session.destroy()
  }

  /** Lets the command that runs wait for `timeoutMs`, 0: for ever. */
  static begin(session: Session, timeoutMs: number, ends: WaitEnds): Wait {
    const endMs = timeoutMs === 0 ? 0 : session.host.nowMs() + timeoutMs
    return new Wait(session, suspend(session), endMs, ends)
  }

  private arm(): void {
    const leftMs = Math.max(0, this.endMs - this.session.host.nowMs())
    this.timer = setTimeout(
      () => {
        if (this.session.host.nowMs() >= this.endMs) this.end((reply) => this.ends.timedOut(reply))
        else this.arm()
      },
      Math.min(leftMs, MAX_TIMER_MS),
    )
  }

  /** CLIENT UNBLOCK. */
  unblock(withError: boolean): void {
    const { ends } = this
    this.end((reply) => {
      if (!withError) ends.timedOut(reply)
      else if (ends.unblocked === undefined) reply.error(errors.UNBLOCKED)
      else ends.unblocked(reply)
    })
  }

  /** It waits no more: `write` answers. */
  end(write: (reply: Reply) => void): void {
    this.cancel()
    scratchReply.resp3 = this.session.resp3
    write(scratchReply)
    answerSuspended(this.session, this.slot, scratchReply)
  }

  /** Waits no more, and says nothing: the session has closed, or somebody else answers. */
  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.session.wait = null
    this.session.isBlocked = false
    this.ends.left?.()
  }
}
