/* Records what concurrent clients sent and saw. One counter is the clock of all the clients: they share this thread, so
 * a reply that was seen before a command was sent has the smaller number. */

import type { RawClient } from '../support/raw-client.ts'
import { decodeReply, encodeCommand, type PlainReply, plain } from '../support/resp.ts'
import type { Operation } from './checker.ts'

export type Command = (string | number)[]

/** Commands that take effect as one: a single command, or a transaction's. */
export interface Action {
  commands: Command[]
}

export type Result = PlainReply[]

export class History {
  readonly operations: Operation<Action, Result>[] = []
  private clock = 0

  /** Sends the actions in one write and records each one's replies as they come. */
  async run(client: number, connection: RawClient, actions: readonly Action[]): Promise<Result[]> {
    const called = ++this.clock
    connection.send(Buffer.concat(actions.flatMap(wireForm).map(encodeCommand)))
    const pending = actions.map((action) => ({ client, action, result: [] as Result, called, returned: Infinity }))
    this.operations.push(...pending)
    for (const operation of pending) {
      operation.result = await readResult(connection, operation.action)
      operation.returned = ++this.clock
    }
    return pending.map(({ result }) => result)
  }
}

function wireForm({ commands }: Action): Command[] {
  return commands.length === 1 ? commands : [['MULTI'], ...commands, ['EXEC']]
}

async function readResult(connection: RawClient, action: Action): Promise<Result> {
  const replies: PlainReply[] = []
  for (const _ of wireForm(action)) replies.push(plain(decodeReply(await connection.read())))
  if (action.commands.length === 1) return replies
  const results = replies.at(-1)
  if (!Array.isArray(results)) throw new Error(`EXEC answered ${String(results)}`)
  return results
}
