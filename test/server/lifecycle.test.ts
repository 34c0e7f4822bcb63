/* The life of the process: how it starts, what it shows of itself, how it ends. */

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { freePort } from '../support/server.ts'
import { logTexts, Program, temporaryDirectory } from './program.ts'

let directory: ReturnType<typeof temporaryDirectory>
const programs: Program[] = []

beforeAll(() => {
  directory = temporaryDirectory()
})

afterAll(() => directory.remove())

afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.signal('SIGKILL')
    await program.exit()
  }
})

function run(...args: string[]): Program {
  const program = new Program([...args, '--dir', directory.path])
  programs.push(program)
  return program
}

async function serving(...args: string[]): Promise<{ program: Program; port: number }> {
  const port = await freePort()
  const program = run('--port', String(port), ...args)
  await program.serving()
  return { program, port }
}

/** The answer to one PING at any address. */
function ping(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port }, () => socket.write('PING\r\n'))
    socket.once('error', reject)
    socket.once('data', (reply) => {
      socket.destroy()
      resolve(reply.toString('latin1'))
    })
  })
}

const connect = (port: number) => RawClient.connect({ port })

describe('starting', () => {
  test('says what it does, in the order that whoever waits for it expects', async () => {
    const path = join(directory.path, 'start.sock')
    const { program } = await serving('--unixsocket', path, '--always-show-logo', 'yes')
    await program.until(/unix/)
    expect(program.output).toMatch(new RegExp(` PID: ${program.child.pid}[^]*Server initialized`))
    const texts = logTexts(program.output)
    const lines = ['Server initialized', 'Ready to accept connections tcp', 'Ready to accept connections unix']
    expect(texts.filter((text) => lines.includes(text))).toEqual(lines)
  })

  test('a port that is taken ends it with status 1', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const program = run('--port', String(port))
    expect(await program.exit()).toBe(1)
    expect(logTexts(program.output)).toContain(`Failed listening on port ${port} (tcp), aborting.`)
    expect(program.output).toContain(`socket 127.0.0.1:${port}: bind: Address already in use`)
    other.close()
  })

  test('an address that is not there ends it, unless it is optional', async () => {
    const port = String(await freePort())
    const program = run('--port', port, '--bind', '127.0.0.1', '192.0.2.1')
    expect(await program.exit()).toBe(1)
    expect(program.output).toContain(`socket 192.0.2.1:${port}: bind: Cannot assign requested address`)
    await run('--port', port, '--bind', '127.0.0.1', '-192.0.2.1').serving()
  })

  test('several addresses are listened on, and names', async () => {
    const { port } = await serving('--bind', 'localhost', '127.0.0.2')
    for (const host of ['127.0.0.1', '127.0.0.2']) expect(await ping(host, port)).toBe('+PONG\r\n')
    await expect(ping('127.0.0.3', port)).rejects.toThrow()
  })

  test('nowhere to listen ends it', async () => {
    const program = run('--port', '0')
    expect(await program.exit()).toBe(1)
    expect(logTexts(program.output)).toContain('Configured to not listen anywhere, exiting.')
  })

  test('port 0 with a Unix socket listens there alone', async () => {
    const path = join(directory.path, 'only.sock')
    const program = run('--port', '0', '--unixsocket', path, '--unixsocketperm', '700')
    await program.until(/Ready to accept connections unix/)
    expect(program.output).not.toContain('connections tcp')
    expect(statSync(path).mode & 0o777).toBe(0o700)
    const client = await RawClient.connect({ path })
    await client.expectOpen()
    client.close()
    program.signal('SIGTERM')
    expect(await program.exit()).toBe(0)
    expect(existsSync(path)).toBe(false)
  })

  test('a stale Unix socket is replaced', async () => {
    const path = join(directory.path, 'stale.sock')
    writeFileSync(path, '')
    await run('--port', '0', '--unixsocket', path).serving()
    const client = await RawClient.connect({ path })
    await client.expectOpen()
    client.close()
  })

  test('the pid file and the title', async () => {
    const path = join(directory.path, 'pid')
    const { program, port } = await serving(
      '--pidfile',
      path,
      '--proc-title-template',
      'T {title} {listen-addr} {port}',
    )
    expect(readFileSync(path, 'utf8')).toBe(`${program.child.pid}\n`)
    const title = () => readFileSync(`/proc/${program.child.pid}/cmdline`, 'latin1').split('\0')[0].trimEnd()
    expect(title()).toBe(`T spinel-server 127.0.0.1:${port} ${port}`)
    const client = await connect(port)
    expect(await client.call('CONFIG', 'SET', 'proc-title-template', 'U')).toBe('OK')
    expect(title()).toBe('U')
    client.close()
    program.signal('SIGTERM')
    expect(await program.exit()).toBe(0)
    expect(logTexts(program.output)).toContain('Removing the pid file.')
    expect(existsSync(path)).toBe(false)
  })

  test('in the background it is another process, which ends like any', async () => {
    const port = await freePort()
    const path = join(directory.path, 'background-pid')
    const log = join(directory.path, 'background-log')
    const args = ['--port', String(port), '--daemonize', 'yes', '--pidfile', path, '--logfile', log]
    const program = run(...args)
    expect(await program.exit()).toBe(0)
    expect(program.output).toBe('')
    while (!existsSync(path) || readFileSync(path, 'utf8') === '')
      await new Promise((resolve) => setTimeout(resolve, 5))
    const client = await connect(port)
    const pid = Number(readFileSync(path, 'utf8'))
    expect(pid).not.toBe(program.child.pid)
    expect(await client.call('CONFIG', 'GET', 'daemonize')).toEqual(['daemonize', 'yes'])
    process.kill(pid, 'SIGTERM')
    await client.expectClosed()
    while (existsSync(`/proc/${pid}/exe`)) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(readFileSync(log, 'utf8')).toContain('bye bye')
    client.close()
  })
})

describe('ending', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with status 0 and frees its port', async (signal) => {
    const { program, port } = await serving('--save', '')
    const client = await connect(port)
    await client.call('SET', 'k', 'v')
    program.signal(signal)
    expect(await program.exit()).toBe(0)
    const texts = logTexts(program.output)
    expect(texts.slice(texts.indexOf(`Received ${signal} scheduling shutdown...`))).toEqual([
      `Received ${signal} scheduling shutdown...`,
      'User requested shutdown...',
      'Redis is now ready to exit, bye bye...',
      '',
    ])
    await client.expectClosed()
    await run('--port', String(port)).serving()
  })

  test('a data set is saved when save points say so', async () => {
    const { program, port } = await serving('--save', '3600 1', '--dbfilename', 'ends.rdb')
    const client = await connect(port)
    await client.call('SET', 'k', 'v')
    program.signal('SIGTERM')
    expect(await program.exit()).toBe(0)
    expect(logTexts(program.output)).toContain('DB saved on disk')
    client.close()
    const { port: next } = await serving('--dbfilename', 'ends.rdb')
    const other = await connect(next)
    expect(await other.call('GET', 'k')).toBe('v')
    other.close()
  })

  test.each([
    [['SHUTDOWN']],
    [['shutdown', 'nosave']],
    [['SHUTDOWN', 'NOW', 'FORCE']],
    [['SHUTDOWN', 'NOSAVE', 'NOW', 'FORCE']],
    [['SHUTDOWN', 'SAVE', 'FORCE']],
  ])('%j ends it, without a reply', async (command) => {
    const { program, port } = await serving()
    const client = await connect(port)
    client.send(`${command.join(' ')}\r\n`)
    await client.expectClosed()
    expect(await program.exit()).toBe(0)
    client.close()
  })

  test('SHUTDOWN that can not be done as asked', async () => {
    const { path } = directory
    const { port } = await serving('--dbfilename', 'taken.rdb')
    mkdirSync(join(path, 'taken.rdb'))
    const client = await connect(port)
    const answers = async (...options: string[]) => String(await client.call('SHUTDOWN', ...options))
    expect(await answers('SAVE')).toBe('Error: ERR Errors trying to SHUTDOWN. Check logs.')
    expect(await answers('ABORT')).toBe('Error: ERR No shutdown in progress.')
    for (const options of [['x'], ['SAVE', 'NOSAVE'], ['ABORT', 'NOW'], ['NOSAVE', 'ABORT']]) {
      expect(await answers(...options)).toBe('Error: ERR syntax error')
    }
    await client.call('MULTI')
    expect(await answers('NOSAVE')).toBe('Error: ERR Command not allowed inside a transaction')
    await client.call('DISCARD')
    await client.expectOpen()
    client.close()
  })

  test('shutdown-on-sigterm says how', async () => {
    const { path } = directory
    const { program, port } = await serving('--shutdown-on-sigterm', 'save', '--dbfilename', 'x.rdb')
    mkdirSync(join(path, 'x.rdb'))
    program.signal('SIGTERM')
    await program.until(/Errors trying to shut down the server/)
    const client = await connect(port)
    await client.expectOpen()
    expect(await client.call('CONFIG', 'SET', 'shutdown-on-sigterm', 'nosave now')).toBe('OK')
    program.signal('SIGTERM')
    expect(await program.exit()).toBe(0)
    client.close()
  })

  test('a signal can be called off before the next turn of the cron; a second SIGINT does not wait', async () => {
    const { program, port } = await serving('--hz', '1')
    const client = await connect(port)
    program.signal('SIGTERM')
    await program.until(/Received SIGTERM/)
    expect(await client.call('SHUTDOWN', 'ABORT')).toBe('OK')
    expect(logTexts(program.output)).toContain('Shutdown manually aborted.')
    expect(String(await client.call('SHUTDOWN', 'ABORT'))).toBe('Error: ERR No shutdown in progress.')
    program.signal('SIGINT')
    await program.until(/Received SIGINT/)
    program.signal('SIGINT')
    expect(await program.exit()).toBe(1)
    expect(logTexts(program.output)).toContain('You insist... exiting now.')
    client.close()
  })

  test('a terminal that hangs up is no reason to end', async () => {
    const { program, port } = await serving()
    program.signal('SIGHUP')
    const client = await connect(port)
    await client.expectOpen()
    client.close()
  })

  test('requests are in flight everywhere', async () => {
    const { program, port } = await serving('--inline-execution', 'never', '--shard-workers', '2')
    const client = await connect(port)
    client.send('SET a 1\r\nGET a\r\nMSET b 1 c 2 d 3\r\n'.repeat(2000))
    await client.read()
    program.signal('SIGTERM')
    expect(await program.exit()).toBe(0)
    client.close()
  })
})

describe('crashing', () => {
  /** Has Node run this before the server, in the main thread and in each worker. */
  const injecting = (script: string) => ({
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}`,
  })

  test('an error that nobody catches ends it with status 1 and a report', async () => {
    const port = await freePort()
    const path = join(directory.path, 'crash-pid')
    const program = new Program(
      ['--port', String(port), '--pidfile', path],
      injecting(`process.on('SIGUSR2', () => { throw new Error('injected fault') })`),
    )
    programs.push(program)
    await program.serving()
    const client = await connect(port)
    await client.call('CLIENT', 'SETNAME', 'witness')
    program.signal('SIGUSR2')
    expect(await program.exit()).toBe(1)
    for (const part of ['REDIS BUG REPORT START', 'STACK TRACE', 'Error: injected fault', 'name=witness']) {
      expect(program.output).toContain(part)
    }
    expect(program.output).toMatch(/crashed in the main thread\n[^]*proto-max-bulk-len 512mb\n[^]*BUG REPORT END/)
    await client.expectClosed()
    client.close()
  })

  test('so does one in a worker', async () => {
    const script = `import { isMainThread } from 'node:worker_threads'
      if (!isMainThread) throw new Error('injected fault')`
    const program = new Program(['--port', String(await freePort())], injecting(script))
    programs.push(program)
    expect(await program.exit()).toBe(1)
    expect(program.output).toMatch(
      /BUG REPORT START[^]*crashed in shard worker 0[^]*Error: injected fault[^]*REPORT END/,
    )
  })
})

describe('moving', () => {
  test('CONFIG SET port and bind move the listeners, not the clients', async () => {
    const { port } = await serving()
    const other = await freePort()
    const client = await connect(port)
    expect(await client.call('CONFIG', 'SET', 'port', other)).toBe('OK')
    await expect(connect(port)).rejects.toThrow()
    const newcomer = await connect(other)
    await newcomer.expectOpen()
    await client.expectOpen()
    expect(await client.call('CONFIG', 'SET', 'bind', '127.0.0.2 127.0.0.1')).toBe('OK')
    expect(await ping('127.0.0.2', other)).toBe('+PONG\r\n')
    await newcomer.expectOpen()
    newcomer.close()
    expect(await client.call('CONFIG', 'SET', 'port', '0')).toBe('OK')
    await expect(connect(other)).rejects.toThrow()
    client.close()
  })

  test('what can not be listened on is refused, and the old listeners are back', async () => {
    const { port } = await serving()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const busy = typeof address === 'object' && address !== null ? address.port : 0
    const client = await connect(port)
    expect(String(await client.call('CONFIG', 'SET', 'port', busy))).toBe(
      "Error: ERR CONFIG SET failed (possibly related to argument 'port') - " +
        'Unable to listen on this port. Check server logs.',
    )
    expect(String(await client.call('CONFIG', 'SET', 'bind', '192.0.2.1'))).toBe(
      "Error: ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.",
    )
    expect(await client.call('CONFIG', 'GET', 'port')).toEqual(['port', String(port)])
    const newcomer = await connect(port)
    await newcomer.expectOpen()
    for (const each of [client, newcomer]) each.close()
    taken.close()
  })
})
