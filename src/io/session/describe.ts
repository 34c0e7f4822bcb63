/* A client as CLIENT LIST shows it (https://redis.io/commands/client-list/), also in log lines. I/O thread. The fields
 * and their order are Redis's; the figures are what this server holds for the client:
 *
 *   qbuf, qbuf-free       its query buffer: what is not read as arguments yet, and room; while its commands run, of the
 *                         read buffer that all share
 *   argv-mem, multi-mem   arguments of its unfinished command, of its queued commands
 *   rbs, rbp, obl         no client has a reply buffer of its own: 0
 *   oll, omem             replies that wait to be written: pieces, bytes
 *   tot-mem               all it costs */
import type { Session } from './session.ts'

/** What a connection costs at rest, measured over 10,000 of them: session, socket, handle and what hangs on them. */
export const SESSION_BYTES = 5 * 1024
/** What a queued piece costs beside its bytes. */
const PIECE_BYTES = 200

/** All that a client costs, in bytes. */
export function memoryOf(session: Session): number {
  return SESSION_BYTES + inputMemory(session) + outputMemory(session)
}

/** What it has sent that is not done: its query buffer, its queued commands, its watches, a command that waits. */
export function inputMemory(session: Session): number {
  const { queuedBytes, watchedBytes } = session.transaction
  return session.queryBufferBytes + queuedBytes + watchedBytes + waitingBytes(session)
}

function waitingBytes({ wait }: Session): number {
  return wait === null ? 0 : wait.bytes
}

/** Replies that it has not taken yet. */
export function outputMemory(session: Session): number {
  return session.outputBytes + session.outputPieces * PIECE_BYTES
}

/** Letters for what is special about a client; N when nothing is. */
function flags(session: Session, isDirty: boolean): string {
  let letters = ''
  if (session.transaction.isOpen) letters += 'x'
  if (session.isBlocked) letters += 'b'
  if (isDirty) letters += 'd'
  if (session.isClosing && !session.isClosed) letters += 'c'
  if (session.isUnix) letters += 'U'
  if (session.noEvict) letters += 'e'
  if (session.noTouch) letters += 'T'
  return letters === '' ? 'N' : letters
}

function events(session: Session): string {
  return `${session.connection.isPaused ? '' : 'r'}${session.connection.queuedBytes > 0 ? 'w' : ''}`
}

const untilNul = (text: string) => (text.includes('\0') ? text.slice(0, text.indexOf('\0')) : text)

const seconds = (ms: number) => Math.floor(ms / 1000)

/** What the session itself does not know of it. */
export interface Surroundings {
  nowMs: number
  /** Bytes of the arguments of the command it runs. */
  argumentBytes: number
  /** Whether a key it watches has changed. */
  isDirty: boolean
}

/** The client's line, without a line end. */
export function describeSession(session: Session, about: Surroundings): string {
  const { transaction } = session
  const { nowMs } = about
  const argumentBytes = session.argumentBytes + about.argumentBytes + waitingBytes(session)
  return (
    `id=${session.id} addr=${session.remote} laddr=${session.local} fd=${session.connection.fd} ` +
    `name=${untilNul(session.name)} age=${seconds(nowMs) - seconds(session.createdMs)} ` +
    `idle=${seconds(nowMs) - seconds(session.lastInteractionMs)} flags=${flags(session, about.isDirty)} ` +
    `db=${session.db} sub=0 psub=0 ssub=0 multi=${transaction.isOpen ? transaction.queue.length : -1} ` +
    `qbuf=${session.queryBytes} qbuf-free=${session.queryFreeBytes} argv-mem=${argumentBytes} ` +
    `multi-mem=${transaction.queuedBytes} rbs=0 rbp=0 obl=0 oll=${session.outputPieces} ` +
    `omem=${outputMemory(session)} tot-mem=${memoryOf(session)} events=${events(session)} ` +
    `cmd=${session.lastCommand} user=${session.user} redir=-1 resp=${session.resp3 ? 3 : 2} ` +
    `lib-name=${untilNul(session.libName)} lib-ver=${untilNul(session.libVersion)}`
  )
}
