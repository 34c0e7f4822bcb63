/* A client's wait in a blocking command: until what it waits for comes, its time is up, or CLIENT UNBLOCK ends it. I/O
 * thread. The client counts as blocked and none of its commands is read meanwhile.
 *
 * I1  a wait ends once; after the session has closed it ends without a word. */
import * as errors from '../../base/error-texts.ts'
import type { Reply } from '../../base/reply.ts'
import type { BlockingWait, Session } from './session.ts'

/** The longest a timer may run; a wait goes on with another one. */
const MAX_TIMER_MS = 0x7fffffff

export class Wait implements BlockingWait {
  /** Whether it ends by itself. */
  readonly isTimed: boolean
  private readonly session: Session
  private readonly onTimeout: (reply: Reply) => void
  private readonly resolve: (write: (reply: Reply) => void) => void
  private readonly endMs: number
  private timer: NodeJS.Timeout | null = null

  private constructor(session: Session, timeoutMs: number, onTimeout: (reply: Reply) => void) {
    this.session = session
    this.onTimeout = onTimeout
    this.isTimed = timeoutMs > 0
    this.endMs = session.host.nowMs() + timeoutMs
    this.resolve = session.defer()
    session.wait = this
    session.isBlocked = true
    if (this.isTimed) this.arm()
  }

  /** Lets the command that runs wait for `timeoutMs`, 0: for ever; then `onTimeout` writes its reply. */
  static begin(session: Session, timeoutMs: number, onTimeout: (reply: Reply) => void): Wait {
    return new Wait(session, timeoutMs, onTimeout)
  }

  private arm(): void {
    const leftMs = Math.max(0, this.endMs - this.session.host.nowMs())
    this.timer = setTimeout(
      () => {
        if (this.session.host.nowMs() >= this.endMs) this.end(this.onTimeout)
        else this.arm()
      },
      Math.min(leftMs, MAX_TIMER_MS),
    )
  }

  /** CLIENT UNBLOCK: at the end of the batch that asks for it, since the client may go on with commands of its own. */
  unblock(withError: boolean): void {
    this.cancel()
    setImmediate(() => this.end(withError ? (reply) => reply.error(errors.UNBLOCKED) : this.onTimeout))
  }

  /** What it waited for has come, or it waits no more: `write` answers. Only between batches. */
  end(write: (reply: Reply) => void): void {
    this.cancel()
    this.resolve(write)
  }

  /** Waits no more, and says nothing: the session has closed, or is about to be answered. */
  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.session.wait = null
    this.session.isBlocked = false
  }
}
