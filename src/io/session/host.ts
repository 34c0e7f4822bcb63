/* What a session needs of the server around it. I/O thread. The server implements it; tests may implement less. The
 * session is a parameter, so that this file need not know it. */
import type { Args } from '../../base/args.ts'
import type { Reply } from '../../base/reply.ts'
import type { Batch } from '../framing/batch.ts'
import type { Frame, Limits } from '../framing/frame.ts'
import type { Traffic } from './traffic.ts'

export interface Host<Session> {
  /** Replies of the batch that runs, for the session that runs it. */
  readonly reply: Reply
  readonly limits: Limits
  /** Counted for all sessions together. */
  readonly traffic: Traffic
  /** The session whose batch runs, null between batches. */
  readonly current: Session | null
  /** client-query-buffer-limit, bytes. */
  readonly queryBufferLimit: number
  /** Whether clients have to authenticate. */
  readonly passwordRequired: boolean
  nowMs(): number
  /** Brackets around everything that may dispatch for a session. */
  beginBatch(session: Session): void
  endBatch(session: Session): void
  /** Where the commands of a read are framed. */
  readonly batch: Batch
  /** Several commands are about to be dispatched: what they will look up may be fetched now. */
  prepare(session: Session, batch: Batch): void
  /** Runs or hands over one command: HANDLED, or POSTPONED with nothing done. */
  dispatch(session: Session, args: Args): number
  /** A frame for a session that has none, and its return. */
  borrowFrame(): Frame
  returnFrame(frame: Frame): void
  /** The input breaks the protocol: answers and closes. */
  protocolError(session: Session, reason: string): void
  queryBufferExceeded(session: Session): void
  /** Output waits for the session to read it, `unsent` bytes beside what it holds: the limits may have been passed. */
  outputGrew(session: Session, unsent: number): void
  sessionClosed(session: Session): void
}
