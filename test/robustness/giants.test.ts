/* Commands that ask for more than a string or a reply of this process can hold: refused, and the server goes on. Each
 * takes some gigabytes and seconds, so they are for runs at large. */

import { expect, test } from 'vitest'
import { encodeCommand } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES } from '../support/server.ts'
import { admit, discharge, expectSound, SCALE } from './soundness.ts'

const GIANT_BYTES = 512 * 1024 * 1024
const PATIENCE_MS = 300_000
const TOO_LONG = '-ERR an argument is longer than the 16 MiB that this command takes\r\n'

test.runIf(SCALE > 1).each(INLINE_EXECUTION_MODES)(
  'arguments longer than any string, with inline-execution %s',
  async (mode) => {
    const patient = await admit({ spinelDirectives: { 'inline-execution': mode } })
    const client = await patient.server.connect({ replyTimeoutMs: PATIENCE_MS })
    const giant = Buffer.alloc(GIANT_BYTES, 'x')
    const answers: [string[], RegExp | string][] = [
      [[], /^-ERR unknown command 'x{128}', with args beginning with: \r\n$/],
      [['NOSUCH'], /^-ERR unknown command 'NOSUCH', with args beginning with: 'x{128}' \r\n$/],
      [['CONFIG'], /^-ERR unknown subcommand 'x{128}'. Try CONFIG HELP.\r\n$/],
      [['CLIENT', 'SETNAME'], TOO_LONG],
      [['HELLO', '3'], TOO_LONG],
      [['CONFIG', 'GET'], TOO_LONG],
      [['INFO'], TOO_LONG],
      [['INCRBYFLOAT', 'k'], '-ERR value is not a valid float\r\n'],
      [['SCAN', '0', 'TYPE'], TOO_LONG],
      [['SET', 'k'], '+OK\r\n'],
      [['APPEND', 'k'], '-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n'],
    ]
    for (const [words, answer] of answers) {
      client.send(`*${words.length + 1}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`)
      client.send(`$${GIANT_BYTES}\r\n`)
      client.send(giant)
      client.send('\r\n')
      const reply = (await client.read()).toString('latin1')
      if (typeof answer === 'string') expect(reply).toBe(answer)
      else expect(reply).toMatch(answer)
    }
    client.send(encodeCommand(['INCRBYFLOAT', 'k', '1']))
    expect((await client.read()).toString()).toBe('-ERR value is not a valid float\r\n')
    client.close()
    await expectSound(patient)
    await discharge(patient)
  },
  PATIENCE_MS,
)
