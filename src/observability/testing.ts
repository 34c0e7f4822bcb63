/* Runs the handlers of a family without a server: commands as strings, replies as values. Tests only. */
import { Args } from '../base/args.ts'
import { assert } from '../base/assert.ts'
import type { Family, Handler } from '../base/command-spec.ts'
import { CommandTable } from '../base/command-table.ts'
import { Reply } from '../base/reply.ts'
import type { Session } from '../io/session/session.ts'
import { type Decoded, decodeReply } from '../shard-worker/testing.ts'
import type { LoadFigures, SaveFigures } from './info/context.ts'

/** A server that has saved and loaded nothing. */
export const NO_SAVES: SaveFigures = {
  isSaving: false,
  changes: 0,
  lastSaveMs: 0,
  isLastGood: true,
  lastSeconds: -1,
  seconds: -1,
  saves: 0,
  keysSaved: 0,
  keysToSave: 0,
  copiedBytes: 0,
  lastCopiedBytes: 0,
  bufferBytes: 0,
  mostBufferBytes: 0,
}
export const NO_LOADS: LoadFigures = {
  isLoading: false,
  startMs: 0,
  totalBytes: 0,
  loadedBytes: 0,
  usedMemory: 0,
  keysLoaded: 0,
  keysExpired: 0,
}

/** A session that is in no transaction; `more` adds what a test needs of it. */
export function fakeSession(more: Partial<Session> = {}): Session {
  return { transaction: { isRunning: false }, ...more } as Session
}

export class TestFamily {
  readonly table: CommandTable<never>
  readonly reply = new Reply()
  private readonly session: Session

  /** A deferred command of the preset session answers into the same reply. */
  constructor(families: readonly Family<Session>[], session?: Session) {
    this.table = new CommandTable<never>(families as readonly Family<never>[])
    this.session = session ?? fakeSession({ defer: () => (write) => write(this.reply) })
  }

  /** Runs a command of fitting arity and decodes its reply; undefined: it has not answered yet. */
  run(...words: string[]): Decoded | undefined {
    const { reply } = this
    reply.reset()
    const args = Args.of(...words)
    const command = this.table.resolve(args)
    assert(command !== undefined, 'the command exists')
    const { arity } = command
    assert(arity > 0 ? args.count === arity : args.count >= -arity, 'the number of arguments fits')
    const handler = command.handler as unknown as Handler<Session>
    handler(this.session, args, reply)
    return reply.length === 0 ? undefined : this.decode(reply)
  }

  /** The value of a reply. */
  decode(reply: Reply): Decoded {
    return decodeReply(Buffer.from(reply.bytes.buffer, 0, reply.length).toString('latin1'))
  }
}
