/* A session's wait in a blocking command, as the session and those who look at it know it; see wait.ts. I/O thread. */

export interface BlockingWait {
  /** Whether it ends by itself. */
  readonly isTimed: boolean
  /** What it keeps of its command. */
  readonly bytes: number
  /** CLIENT UNBLOCK. */
  unblock(withError: boolean): void
  /** The session closes. */
  cancel(): void
}
