/* What CLIENT asks of the server around it. I/O thread. */
import type { Session } from '../session/session.ts'

export interface ClientContext {
  /** Connected clients by id, the oldest first. */
  readonly sessions: ReadonlyMap<number, Session>
  nowMs(): number
  /** A client as CLIENT LIST shows it; `argumentBytes` are those of the command it runs. */
  describeClient(session: Session, argumentBytes: number): string
  hasUser(name: string): boolean
  /** Clients wait until Unix ms `endMs`: all of them, or those that write. */
  pauseClients(endMs: number, all: boolean): void
  unpauseClients(): void
}
