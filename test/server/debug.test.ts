/* DEBUG over a whole server: who may, what it stops, and how the process ends. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { type Directives, freePort, type Server, startSpinel } from '../support/server.ts'
import { Program } from './program.ts'

let server: Server
let client: RawClient

async function start(directives: Directives = {}): Promise<void> {
  server = await startSpinel({ directives: { 'enable-debug-command': 'yes', ...directives } })
  client = await server.connect()
}

describe('permission', () => {
  afterEach(async () => {
    client.close()
    await server.stop()
  })

  const REFUSAL =
    'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a ' +
    'local connection, otherwise you need to set this option in the configuration file, and then restart the server.'

  test('is refused unless it is given', async () => {
    await start({ 'enable-debug-command': 'no' })
    for (const words of [['SLEEP', '0'], ['OBJECT', 'x'], ['HELP']]) {
      expect(await client.call('DEBUG', ...words)).toEqual(new Error(REFUSAL))
    }
    expect(await client.call('DEBUG', 'nothing')).toEqual(
      new Error("ERR unknown subcommand or wrong number of arguments for 'nothing'. Try DEBUG HELP."),
    )
  })

  test('local means loopback and Unix sockets', async () => {
    await start({ 'enable-debug-command': 'local' })
    expect(await client.call('DEBUG', 'SLEEP', '0')).toBe('OK')
  })

  test('the container is one for both threads', async () => {
    await start()
    await client.call('SET', 'k', 'v')
    expect(await client.call('DEBUG', 'OBJECT', 'k')).toContain('encoding:embstr')
    expect(await client.call('DEBUG', 'LOG', 'a line')).toBe('OK')
    // The log comes by another way than the reply.
    await expect.poll(() => server.log(), { timeout: 10_000 }).toContain('# DEBUG LOG: a line')
    const stats = String(await client.call('INFO', 'commandstats'))
    expect(stats).toMatch(/^cmdstat_debug:calls=2,/m)
    expect(stats).not.toContain('debug|')
    expect(await client.call('COMMAND', 'INFO', 'debug|object')).toEqual([null])
  })

  test('SLEEP stops everybody', async () => {
    await start()
    const other = await server.connect()
    const begin = performance.now()
    const sleeping = client.call('DEBUG', 'SLEEP', '0.3')
    await new Promise((resolve) => setTimeout(resolve, 20))
    await other.expectOpen()
    expect(performance.now() - begin).toBeGreaterThan(290)
    expect(await sleeping).toBe('OK')
    other.close()
  })

  test('SET-ACTIVE-EXPIRE keeps expired keys that nobody looks up', async () => {
    await start()
    const expired = async () => Number(/^expired_keys:(\d+)/m.exec(String(await client.call('INFO', 'stats')))?.[1])
    await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    await client.call('SET', 'k', 'v', 'PX', '1')
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect([await client.call('DBSIZE'), await expired()]).toEqual([1, 0])
    await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1')
    while ((await expired()) === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(await client.call('DBSIZE')).toBe(0)
  })
})

describe('the end of the process', () => {
  afterEach(async () => {
    client.close()
    await server.stop({ checkLog: false })
  })

  test.each<[string, string, Server['exit']]>([
    ['SEGFAULT', 'crashed by signal: 11', { code: null, signal: 'SIGSEGV' }],
    ['PANIC', 'Guru Meditation', { code: 1, signal: null }],
    ['ASSERT', 'ASSERTION FAILED', { code: 1, signal: null }],
    ['OOM', 'Out Of Memory', { code: 1, signal: null }],
  ])('DEBUG %s leaves a report', async (word, text, exit) => {
    await start()
    client.send(`DEBUG ${word}\r\n`)
    await client.expectClosed()
    await server.waitForExit()
    expect(server.exit).toEqual(exit)
    expect(server.log()).toContain(text)
    expect(server.log()).toContain('BUG REPORT END')
  })
})

test('DEBUG RESTART begins anew in the same process, with the rewritten configuration', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spinel-restart-'))
  const file = join(directory, 'spinel.conf')
  const port = await freePort()
  await writeFile(file, `port ${port}\nbind 127.0.0.1\nhz 11\nenable-debug-command yes\n`)
  const program = new Program([file])
  await program.serving()
  const before = await RawClient.connect({ port })
  await before.pipeline([
    ['SET', 'k', 'v'],
    ['CONFIG', 'SET', 'hz', '12'],
  ])
  before.send('DEBUG RESTART\r\n')
  await before.readToEnd()
  await program.until(/Ready to accept connections[\s\S]*Ready to accept connections/)
  const after = await RawClient.connect({ port })
  expect(await after.call('GET', 'k')).toBeNull()
  expect(await after.call('CONFIG', 'GET', 'hz')).toEqual(['hz', '12'])
  expect(String(await after.call('INFO', 'server'))).toContain(`process_id:${program.child.pid}\r\n`)
  before.close()
  after.close()
  program.signal('SIGTERM')
  await program.until(/bye bye/)
  await rm(directory, { recursive: true })
})
