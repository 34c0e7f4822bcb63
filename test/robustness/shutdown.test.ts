/* The end, while much is under way. */

import { describe, expect, test } from 'vitest'
import { encodeCommand } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES } from '../support/server.ts'
import { admit } from './soundness.ts'

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  test.each(['SHUTDOWN', 'SIGTERM'])('%s ends a server whose queues are full', async (way) => {
    const { server, control } = await admit({ spinelDirectives: { 'inline-execution': mode } })
    await control.call('DEBUG', 'POPULATE', 20_000)
    const clients = await Promise.all(Array.from({ length: 6 }, () => server.connect()))
    for (const [i, client] of clients.entries()) {
      client.socket.pause()
      for (let n = 0; n < 300; n++) {
        client.send(encodeCommand(['MSET', `a:${i}:${n}`, 'x'.repeat(1000), `b:${i}:${n}`, 'y'.repeat(1000)]))
        client.send(encodeCommand(['SET', `large:${i}`, 'x'.repeat(100_000)]))
        if (n % 50 === 0) client.send(encodeCommand(['KEYS', '*nothing*']))
      }
    }
    if (way === 'SIGTERM') server.signal('SIGTERM')
    else control.send(encodeCommand(['SHUTDOWN', 'NOSAVE']))
    expect(await server.waitForExit()).toBe(true)
    expect(server.exit).toEqual({ code: 0, signal: null })
    server.assertCleanLog()
    for (const client of clients) client.close()
    control.close()
    await server.kill()
  })
})
