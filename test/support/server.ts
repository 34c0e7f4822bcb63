/* Starts and stops whole servers for tests: Spinel, or the real Redis that serves as oracle.
 *
 * Each server gets a free loopback port, a Unix socket and a directory of its own, all gone after `stop`. A server is
 * only ever signalled by the process id that was spawned here.
 *
 * SPINEL_COMMAND  what to start as Spinel (default: this checkout's bin/spinel-server).
 * ORACLE_COMMAND  what to start as oracle (default: redis-server on PATH). */

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Address, RawClientOptions } from './raw-client.ts'
import { RawClient } from './raw-client.ts'

export type Directives = Record<string, string | number>

export interface ServerOptions {
  /** redis.conf directives, given as --name value; a value of several words is several arguments. */
  directives?: Directives
  /** Directives that only Spinel knows; left out when something else stands in for it. */
  spinelDirectives?: Directives
  /** Bound on the wait for the first PONG. Default: 20 s. */
  startTimeoutMs?: number
}

/** The three ways in which Spinel can run a cheap command; every whole-server suite must pass in each. */
export const INLINE_EXECUTION_MODES = ['auto', 'never', 'always'] as const
export type InlineExecution = (typeof INLINE_EXECUTION_MODES)[number]

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const PORT_ATTEMPTS = 5
const STOP_TIMEOUT_MS = 20_000
const running = new Set<Server>()

// A test run that dies must not leave servers behind.
process.on('exit', () => {
  for (const server of running) server.signal('SIGKILL')
})

export function startSpinel(options: ServerOptions = {}): Promise<Server> {
  const command = process.env['SPINEL_COMMAND'] ?? join(REPOSITORY, 'bin', 'spinel-server')
  const isSpinel = command.includes('spinel')
  const directives = { ...options.directives, ...(isSpinel ? options.spinelDirectives : {}) }
  return start('spinel', command.split(' '), directives, options.startTimeoutMs)
}

export function startOracle(options: ServerOptions = {}): Promise<Server> {
  const command = process.env['ORACLE_COMMAND'] ?? 'redis-server'
  if (!isOnPath(command.split(' ')[0])) {
    throw new Error(`${command} is not installed: the tests compare with it (Debian: apt-get install redis-server)`)
  }
  return start('oracle', command.split(' '), options.directives ?? {}, options.startTimeoutMs)
}

function isOnPath(program: string): boolean {
  if (program.includes('/')) return existsSync(program)
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

async function start(name: string, command: string[], directives: Directives, timeoutMs = 20_000): Promise<Server> {
  let failure: unknown
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
    const server = await Server.spawn(name, command, directives)
    try {
      await server.waitUntilReady(timeoutMs)
      return server
    } catch (error) {
      failure = error
      await server.stop({ checkLog: false })
      // Between our look at a free port and the server's bind somebody else may have taken it.
      if (!/address already in use|EADDRINUSE/i.test(server.log())) break
    }
  }
  throw failure
}

/** A port that nothing listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'))
        else resolve(address.port)
      })
    })
  })
}

export class Server {
  readonly name: string
  readonly port: number
  readonly directory: string
  readonly unixSocket: string
  readonly process: ChildProcess
  /** Exit code or signal once the process is gone. */
  exit: { code: number | null; signal: NodeJS.Signals | null } | null = null
  private output = ''
  /** Those that connect() has given out and nobody has closed. */
  private readonly clients = new Set<RawClient>()
  private readonly exited: Promise<void>

  static async spawn(name: string, command: string[], directives: Directives): Promise<Server> {
    const directory = await mkdtemp(join(tmpdir(), `spinel-test-${name}-`))
    return new Server(name, command, await freePort(), directory, directives)
  }

  private constructor(name: string, command: string[], port: number, directory: string, directives: Directives) {
    this.name = name
    this.port = port
    this.directory = directory
    this.unixSocket = join(directory, 'socket')
    const all = { port, bind: '127.0.0.1', dir: directory, unixsocket: this.unixSocket, save: '', ...directives }
    const args = Object.entries(all).flatMap(([key, value]) => [`--${key}`, ...words(String(value))])
    this.process = spawn(command[0], [...command.slice(1), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.process.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString('latin1')))
    this.process.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString('latin1')))
    running.add(this)
    this.exited = new Promise((resolve) => {
      const done = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.exit ??= { code, signal }
        running.delete(this)
        resolve()
      }
      this.process.once('exit', done)
      this.process.once('error', (error) => {
        this.output += `${error}\n`
        done(null, null)
      })
    })
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error(`${this.name} did not start: ${this.output}`)
    return this.process.pid
  }

  get tcp(): Address {
    return { port: this.port }
  }

  get unix(): Address {
    return { path: this.unixSocket }
  }

  /** A client of its own, which is closed with the server at the latest. */
  async connect(options: RawClientOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(this.tcp, options)
    this.clients.add(client)
    client.socket.once('close', () => this.clients.delete(client))
    return client
  }

  /** Closes all clients that connect() has given out. */
  disconnectAll(): void {
    for (const client of this.clients) client.close()
  }

  /** Everything that the server printed so far. */
  log(): string {
    return this.output
  }

  isAlive(): boolean {
    return this.exit === null && isProcessAlive(this.pid)
  }

  /** Waits until PING is answered (by PONG, or by NOAUTH when a password is set). */
  async waitUntilReady(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    let last: unknown = 'no attempt'
    while (performance.now() < deadline) {
      if (this.exit !== null) throw new Error(`${this.name} exited at start:\n${this.output}`)
      try {
        const client = await this.connect({ replyTimeoutMs: timeoutMs })
        const reply = (await client.command('PING')).toString('latin1')
        client.close()
        if (reply.startsWith('+PONG') || reply.startsWith('-NOAUTH')) return
        last = reply
      } catch (error) {
        last = error
      }
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`${this.name} is not ready (${last}):\n${this.output}`)
  }

  signal(signal: NodeJS.Signals): void {
    if (this.exit === null && this.process.pid !== undefined) this.process.kill(signal)
  }

  /** Waits for the process to go; false if it is still there after the bound. */
  async waitForExit(timeoutMs = STOP_TIMEOUT_MS): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)))
    await Promise.race([this.exited, late])
    clearTimeout(timer)
    return this.exit !== null
  }

  /**
   * Ends the server with SIGTERM, as an operator would, and removes its directory. Throws if it had died before, had to
   * be killed, exited with an error, or (unless `checkLog` is false) printed something that a sound server never does.
   */
  async stop(options: { checkLog?: boolean } = {}): Promise<void> {
    const wasDead = this.exit !== null
    this.signal('SIGTERM')
    const stopped = await this.waitForExit()
    if (!stopped) {
      this.signal('SIGKILL')
      await this.exited
    }
    this.disconnectAll()
    await rm(this.directory, { recursive: true, force: true })
    if (this.process.pid !== undefined && isProcessAlive(this.process.pid)) throw new Error(`${this.name} is not gone`)
    if (options.checkLog === false) return
    if (wasDead) throw new Error(`${this.name} had died (${JSON.stringify(this.exit)}):\n${this.output}`)
    if (!stopped) throw new Error(`${this.name} did not stop on SIGTERM:\n${this.output}`)
    if (this.exit?.code !== 0) throw new Error(`${this.name} exited with ${JSON.stringify(this.exit)}:\n${this.output}`)
    this.assertCleanLog()
  }

  /** Kills the server as a crash would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.exited
    this.disconnectAll()
    await rm(this.directory, { recursive: true, force: true })
  }

  assertCleanLog(): void {
    const lines = unexpectedLines(this.output)
    if (lines.length > 0) throw new Error(`${this.name} logged:\n${lines.join('\n')}`)
  }
}

/** Signs of a bug: thrown errors and their stacks, failed assertions, Node's own warnings, Redis's crash report. */
const SIGNS_OF_A_BUG = [
  /\b(Assertion|Type|Range|Reference|Syntax|Internal)Error\b/,
  /uncaught|unhandled/i,
  /^\s+at .+:\d+:\d+\)?$/,
  /assertion failed/i,
  /\(node:\d+\)/,
  /BUG REPORT|Guru Meditation|FATAL ERROR/,
]

export function unexpectedLines(log: string): string[] {
  return log.split('\n').filter((line) => SIGNS_OF_A_BUG.some((sign) => sign.test(line)))
}

function words(value: string): string[] {
  return value === '' ? [''] : value.split(' ')
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
