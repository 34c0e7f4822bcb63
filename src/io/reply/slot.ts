/* A place in the order of one connection's replies: held for a run of commands that a worker has, or for a command that
 * answers later. I/O thread.
 *
 * I1  a session's slots form a queue in the order of its commands; what is written for a slot that is not the first
 *     waits in `chunks`.
 * Bound: replies of the commands in flight; a session is not read while they exceed its output bound. */

export class ReplySlot {
  /** Bytes that wait for the slots before this one. */
  chunks: Uint8Array[] = []
  /** Parts (runs, or the command itself) that have not finished. */
  pending = 1
  /** CLIENT REPLY OFF or SKIP: what is written is dropped. */
  muted = false
  /** Commands that are with workers, and bytes of their replies so far. */
  commands = 0
  bytes = 0
  next: ReplySlot | null = null
}
