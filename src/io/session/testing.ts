/* A host and a connected socket for tests of sessions. I/O thread; tests only.
 *
 * The host knows four commands, each answered with its own argument:
 *
 *   NOW x      at once
 *   LATER x    through a slot, in two parts, when the test calls a function of `later`
 *   DEFER x    as a deferred command, when the test calls a function of `later`
 *   HOLD x     as NOW, once `isOpen`: before that it is postponed
 *   QUIT x     at once, and then the connection closes */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Args } from '../../base/args.ts'
import { assert } from '../../base/assert.ts'
import { bytesOf } from '../../base/bytes.ts'
import { Reply } from '../../base/reply.ts'
import { Batch } from '../framing/batch.ts'
import { Frame, Limits } from '../framing/frame.ts'
import { type Accepted, listenUnix } from '../socket/listener.ts'
import type { Host } from './host.ts'
import { HANDLED, POSTPONED, Session } from './session.ts'
import { Traffic } from './traffic.ts'

export class FakeHost implements Host<Session> {
  readonly reply = new Reply()
  readonly limits = new Limits()
  readonly traffic = new Traffic()
  readonly batch = new Batch()
  readonly passwordRequired = false
  current: Session | null = null
  queryBufferLimit = 1024 * 1024
  now = 0
  isOpen = true
  /** What is still to happen for commands that answer later. */
  readonly later: (() => void)[] = []
  readonly postponed = new Set<Session>()
  readonly commands: string[][] = []
  /** What the session has told of itself. */
  readonly events: string[] = []
  /** Called when output waits. */
  onOutput: (session: Session) => void = () => {}
  private readonly lent = new Set<Frame>()

  nowMs(): number {
    return this.now
  }

  beginBatch(session: Session): void {
    assert(this.current === null, 'batches do not nest')
    this.current = session
  }

  endBatch(session: Session): void {
    session.finishBatch()
    this.current = null
  }

  prepare(): void {}

  dispatch(session: Session, args: Args): number {
    const words = Array.from({ length: args.count }, (_, i) => args.text(i))
    const [name, value] = words
    if (name === 'HOLD' && !this.isOpen) {
      this.postponed.add(session)
      session.postpone()
      return POSTPONED
    }
    this.commands.push(words)
    if (name === 'LATER') this.answerLater(session, value)
    else if (name === 'DEFER') {
      const resolve = session.defer()
      this.later.push(() => resolve((reply) => reply.bulkText(value)))
    } else this.reply.bulkText(value)
    if (name === 'QUIT') session.closeAfterReplies()
    return HANDLED
  }

  private answerLater(session: Session, value: string): void {
    const slot = session.openSlot()
    const head = bytesOf(`$${value.length}\r\n`)
    const tail = bytesOf(`${value}\r\n`)
    this.later.push(() => {
      session.writeSlot(slot, head, 0, head.length)
      this.later.push(() => {
        session.writeSlot(slot, tail, 0, tail.length)
        session.finishSlot(slot)
      })
    })
  }

  /** Lets what was postponed go on. */
  open(): void {
    this.isOpen = true
    for (const session of this.postponed) session.resumeReading()
    this.postponed.clear()
  }

  borrowFrame(): Frame {
    const frame = new Frame()
    this.lent.add(frame)
    return frame
  }

  returnFrame(frame: Frame): void {
    assert(this.lent.delete(frame), 'a frame is returned once')
  }

  get lentFrames(): number {
    return this.lent.size
  }

  protocolError(session: Session, reason: string): void {
    this.reply.error(`ERR ${reason}`)
    session.closeAfterReplies()
  }

  queryBufferExceeded(session: Session): void {
    this.events.push('query buffer exceeded')
    session.destroy()
  }

  outputGrew(session: Session): void {
    this.onOutput(session)
  }

  sessionClosed(): void {
    this.events.push('closed')
  }
}

/** A session and the client's end of its connection. */
export interface Pair {
  session: Session
  client: Socket
  /** Everything that the client has received, latin1. */
  received(): string
  /** Resolves when `received()` is as long as this, or the server has ended the connection. */
  receive(length: number): Promise<string>
  /** Resolves when the server has ended the connection. */
  ended(): Promise<void>
}

/** Connects pairs over a Unix socket in a directory of its own. */
export class Pairs {
  private readonly directory = mkdtempSync(join(tmpdir(), 'session-'))
  private readonly server: Server
  private readonly clients: Socket[] = []
  private accept: (accepted: Accepted) => void = () => {}

  constructor() {
    this.server = listenUnix(join(this.directory, 'socket'), 0, 16, (accepted) => this.accept(accepted))
  }

  async open(host: Host<Session>, id = 1): Promise<Pair> {
    const accepted = new Promise<Session>((resolve) => {
      this.accept = (each) => {
        const session = new Session(id, each, host)
        session.authenticated = true
        resolve(session)
      }
    })
    const client = connect({ path: join(this.directory, 'socket'), allowHalfOpen: true })
    this.clients.push(client)
    let text = ''
    let isEnded = false
    const waiting: (() => void)[] = []
    const wake = () => {
      for (const each of waiting.splice(0)) each()
    }
    client.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      wake()
    })
    client.on('error', () => {})
    for (const event of ['end', 'close'] as const) {
      client.on(event, () => {
        isEnded = true
        wake()
      })
    }
    const until = async (isReached: () => boolean) => {
      while (!isReached()) await new Promise<void>((resolve) => waiting.push(resolve))
    }
    return {
      session: await accepted,
      client,
      received: () => text,
      receive: async (length) => {
        await until(() => isEnded || text.length >= length)
        return text
      },
      ended: () => until(() => isEnded),
    }
  }

  close(): void {
    for (const client of this.clients) client.destroy()
    this.server.close()
    rmSync(this.directory, { recursive: true })
  }
}

/** Lets everything that is ready in the event loop happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}
