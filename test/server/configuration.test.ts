/* CONFIG SET reaches whoever reads the directive: the I/O thread, and every worker. */

import { afterEach, describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { type Directives, INLINE_EXECUTION_MODES, type Server, startSpinel } from '../support/server.ts'
import { Program, temporaryDirectory } from './program.ts'

let server: Server
let client: RawClient

async function start(mode: string, directives: Directives = {}): Promise<void> {
  const spinelDirectives = { 'inline-execution': mode, 'shard-workers': 2 }
  server = await startSpinel({ directives, spinelDirectives })
  client = await server.connect()
}

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  afterEach(async () => {
    client.close()
    await server.stop()
  })

  test('a limit that the engine reads holds from the next command on', async () => {
    await start(mode)
    const tooLong = new Error('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
    const keys = Array.from({ length: 20 }, (_, i) => ['SETRANGE', `k${i}`, String(2 * 1024 * 1024), 'x'])
    const before = await client.pipeline(keys)
    expect(before.every((reply) => reply === 2 * 1024 * 1024 + 1)).toBe(true)
    const [set, ...after] = await client.pipeline([['CONFIG', 'SET', 'proto-max-bulk-len', '1mb'], ...keys])
    expect(set).toBe('OK')
    for (const reply of after) expect(reply).toEqual(tooLong)
  })

  test('a policy changes what OBJECT tells', async () => {
    await start(mode)
    await client.call('SET', 'k', 'v')
    expect(await client.call('OBJECT', 'FREQ', 'k')).toBeInstanceOf(Error)
    expect(await client.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu')).toBe('OK')
    await client.call('SET', 'k', 'v')
    expect(await client.call('OBJECT', 'FREQ', 'k')).toBeTypeOf('number')
    expect(await client.call('OBJECT', 'IDLETIME', 'k')).toBeInstanceOf(Error)
  })

  test('what is refused changes nothing', async () => {
    await start(mode)
    const refused = await client.call('CONFIG', 'SET', 'hz', '20', 'maxmemory', 'much')
    expect(refused).toBeInstanceOf(Error)
    expect(await client.call('CONFIG', 'GET', 'hz')).toEqual(['hz', '10'])
    expect(await client.call('CONFIG', 'SET', 'databases', '3')).toEqual(
      new Error("ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config"),
    )
  })
})

test('rename-command renames, removes, and refuses what it does not know', async () => {
  await start('auto', { 'rename-command': 'GET fetch' })
  await client.call('SET', 'k', 'v')
  expect(await client.call('FETCH', 'k')).toBe('v')
  expect(await client.call('GET', 'k')).toEqual(new Error("ERR unknown command 'GET', with args beginning with: 'k' "))
  client.close()
  await server.stop()

  const { path, remove } = temporaryDirectory()
  const program = new Program(['--dir', path, '--rename-command', 'nothing', 'x'])
  expect(await program.exit()).toBe(1)
  expect(program.output).toContain('No such command in rename-command')
  remove()
})
