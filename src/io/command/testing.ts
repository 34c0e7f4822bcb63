/* Asks a family of the I/O thread without a server: a session over a socket that nobody uses, and the reply as text.
 * Tests only. */

import { Args } from '../../base/args.ts'
import type { Family } from '../../base/command-spec.ts'
import { CommandTable } from '../../base/command-table.ts'
import { Reply } from '../../base/reply.ts'
import type { Session } from '../session/session.ts'
import { FakeHost, Pairs } from '../session/testing.ts'

/** Sessions of one host, and what a family answers to them. */
export class Asked {
  readonly host = new FakeHost()
  readonly sessions = new Map<number, Session>()
  private readonly pairs = new Pairs()
  private readonly commands: CommandTable<Session>

  constructor(family: Family<Session>) {
    this.commands = new CommandTable<Session>([family])
  }

  async connect(): Promise<Session> {
    const { session } = await this.pairs.open(this.host)
    this.sessions.set(this.sessions.size + 1, session)
    return session
  }

  /** What the command answers, as RESP bytes in latin1. */
  ask(session: Session, ...words: string[]): string {
    const args = Args.of(...words)
    const command = this.commands.resolve(args)
    if (command?.handler === undefined) throw new Error(`no command ${words.join(' ')}`)
    const reply = new Reply()
    reply.resp3 = session.resp3
    command.handler(session, args, reply)
    return Buffer.from(reply.bytes.subarray(0, reply.length)).toString('latin1')
  }

  close(): void {
    this.pairs.close()
  }
}
