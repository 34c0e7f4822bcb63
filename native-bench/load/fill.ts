/* Fills a server with keys, each once and in order, over one connection with a bounded number of bytes in flight.
 * Used before a round (so that GETs hit) and to measure memory per key. Main thread. */

import { LoadConnection } from './connection.ts'
import { CommandTemplate } from './encoder.ts'
import { COMMANDS } from './mix.ts'
import type { Endpoint } from './settings.ts'

const BATCH_COMMANDS = 500
const BATCHES_IN_FLIGHT = 8
const REPORT_MS = 200

/** Sets key:000000000000 to key:(count - 1) to `valueBytes` times 'x'. Rejects on any error reply. */
export async function fillKeys(
  endpoint: Endpoint,
  count: number,
  valueBytes: number,
  progress?: (done: number) => void,
): Promise<void> {
  const template = new CommandTemplate(COMMANDS.set, 'x'.repeat(valueBytes))
  let nextKey = 0
  // The last batch starts over at key 0 to have as many commands as the others: all batches are alike.
  const keys = { next: () => nextKey++ % count }
  const batches = Math.ceil(count / BATCH_COMMANDS)
  let sent = 0
  let answered = 0
  const done = Promise.withResolvers<void>()

  const encode = (): Buffer => {
    const batch = Buffer.allocUnsafe(BATCH_COMMANDS * template.bytes.length)
    for (let i = 0, at = 0; i < BATCH_COMMANDS; i++) at = template.writeTo(batch, at, keys)
    return batch
  }
  const sendNext = (): void => {
    if (sent++ < batches) connection.send(encode(), 0)
  }
  const connection = new LoadConnection(
    endpoint,
    BATCH_COMMANDS,
    {
      answered: () => {},
      failed: (reason) => done.reject(new Error(`filling the server: ${reason}`)),
      batchAnswered: () => {
        if (connection.scanner.errors > 0) {
          done.reject(new Error(`filling the server: ${connection.scanner.firstError}`))
        } else if (++answered === batches) done.resolve()
        else sendNext()
      },
    },
    () => {
      for (let i = 0; i < BATCHES_IN_FLIGHT; i++) sendNext()
    },
  )
  const reporting = setInterval(() => progress?.(Math.min(count, answered * BATCH_COMMANDS)), REPORT_MS)
  try {
    await done.promise
  } finally {
    clearInterval(reporting)
    connection.close()
  }
}
