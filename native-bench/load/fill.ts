/* Fills a server with keys, each once and in order, over one connection with a bounded number of bytes in flight.
 * Used before a round (so that GETs hit) and to measure memory per key. Main thread. */

import { LoadConnection } from './connection.ts'
import { CommandWriter, keyName } from './encoder.ts'
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
  const value = 'x'.repeat(valueBytes)
  const batches = Math.ceil(count / BATCH_COMMANDS)
  let sent = 0
  let answered = 0
  const done = Promise.withResolvers<void>()

  // The last batch starts over at key 0 to have as many commands as the others: all batches are alike.
  const encode = (batch: number): Buffer => {
    const writer = new CommandWriter(BATCH_COMMANDS * (64 + valueBytes))
    for (let i = 0; i < BATCH_COMMANDS; i++) {
      writer.command(['SET', keyName('key', (batch * BATCH_COMMANDS + i) % count), value])
    }
    return writer.written()
  }
  const sendNext = (): void => {
    if (sent < batches) connection.send(encode(sent++), 0)
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
