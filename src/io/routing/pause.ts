/* CLIENT PAUSE: until when which commands wait, and who waits (https://redis.io/commands/client-pause/). I/O thread. A
 * paused client's bytes stay in its query buffer; nothing of a waiting command has been done. */
import type { Session } from '../session/session.ts'

export class Pause {
  /** Unix ms at which it ends; 0: no pause. */
  endMs = 0
  /** Whether all commands wait, not only writing ones. */
  all = false
  /** Called when it begins, is changed or ends. */
  onChange: () => void = () => {}
  /** Who waits, and what becomes of it when the pause is over. */
  private readonly waiting = new Map<Session, () => void>()
  private timer: NodeJS.Timeout | null = null
  private readonly nowMs: () => number

  constructor(nowMs: () => number) {
    this.nowMs = nowMs
  }

  get isActive(): boolean {
    return this.endMs !== 0
  }

  /** Clients that wait. */
  get waitingCount(): number {
    return this.waiting.size
  }

  /** Whether a session's command waits now. */
  holds(_session: Session, mayWrite: boolean): boolean {
    return this.all || mayWrite
  }

  /** A session offers its command again when the pause is over. */
  postpone(session: Session): void {
    session.postpone()
    this.hold(session, () => session.resumeReading())
  }

  /** A session whose command has been taken waits; `goOn` is called when the pause is over. */
  hold(session: Session, goOn: () => void): void {
    this.waiting.set(session, goOn)
    session.isBlocked = true
  }

  /** Pauses until `endMs`; a later end or a stricter kind than the present one wins, as in Redis. */
  begin(endMs: number, all: boolean): void {
    if (this.isActive) {
      this.endMs = Math.max(this.endMs, endMs)
      this.all = this.all || all
    } else {
      this.endMs = endMs
      this.all = all
    }
    this.arm()
    this.onChange()
  }

  private arm(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    const MAX_TIMER_MS = 0x7fffffff
    this.timer = setTimeout(() => this.expire(), Math.min(Math.max(this.endMs - this.nowMs(), 0), MAX_TIMER_MS))
  }

  private expire(): void {
    if (this.nowMs() >= this.endMs) this.finish()
    else this.arm()
  }

  /** Ends the pause; those who wait go on once the batch at hand is over. */
  finish(): void {
    this.endMs = 0
    this.all = false
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.onChange()
    const waiting = [...this.waiting.values()]
    this.waiting.clear()
    setImmediate(() => {
      for (const goOn of waiting) goOn()
    })
  }

  forget(session: Session): void {
    this.waiting.delete(session)
  }
}
