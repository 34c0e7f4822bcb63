/* The servers under test: started on a free loopback port in a directory of their own, found ready by PING, named by
 * what INFO says, stopped by their own pid. Every child is remembered: an interrupted run leaves none behind. */

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseInfo, withControl } from './control-connection.ts'
import type { Endpoint } from './load/settings.ts'
import type { ServerFacts } from './result.ts'
import type { Role } from './role.ts'

const LOOPBACK = '127.0.0.1'
const READY_LIMIT_MS = 15_000
const STOP_LIMIT_MS = 5000
const LOG_TAIL_BYTES = 2000

/** A server that answers. */
export interface RunningServer {
  facts: ServerFacts
  endpoint: Endpoint
  /** null when the process is not on this machine. */
  pid: number | null
  /** Stops it if it was started here; an external one is left alone. */
  stop(): Promise<void>
}

/** What runs, each with its directory. */
const children = new Map<ChildProcess, string>()

/** Kills whatever is still running and clears up after it, for the way out on a signal. */
export function killChildren(): void {
  for (const [child, directory] of children) {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  children.clear()
}

/** Starts `command` as a cache without persistence, with `directives` as further arguments. */
export async function startServer(
  role: Role,
  command: readonly string[],
  directives: readonly string[] = [],
): Promise<RunningServer> {
  const endpoint = { host: LOOPBACK, port: await freePort() }
  const directory = mkdtempSync(join(tmpdir(), `spinel-bench-${role}-`))
  const logPath = join(directory, 'server.log')
  const log = openSync(logPath, 'w')
  const args = [
    ...command.slice(1),
    '--port',
    String(endpoint.port),
    '--bind',
    LOOPBACK,
    '--save',
    '',
    '--appendonly',
    'no',
    ...directives,
  ]
  const child = spawn(command[0], args, { cwd: directory, stdio: ['ignore', log, log] })
  closeSync(log)
  children.set(child, directory)
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`))
  })
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
      await exited
      clearTimeout(timer)
    }
    children.delete(child)
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await Promise.race([becomeReady(endpoint), exited.then((how) => Promise.reject(new Error(how)))])
    if (!listensOn(child.pid ?? 0, endpoint.port)) throw new Error('it serves from another process than was started')
    const facts = factsOf(role, await readInfo(endpoint), [...command, ...directives].join(' '))
    return { facts, endpoint, pid: child.pid ?? null, stop }
  } catch (error) {
    const tail = readFileSync(logPath, 'utf8').slice(-LOG_TAIL_BYTES)
    await stop()
    throw new Error(`${command.join(' ')} does not serve: ${reasonOf(error)}\n${tail}`, { cause: error })
  }
}

/** A server that somebody else runs. Its CPU and memory are read when its process is on this machine. */
export async function attachServer(role: Role, endpoint: Endpoint): Promise<RunningServer> {
  await becomeReady(endpoint)
  const info = await readInfo(endpoint)
  const facts = factsOf(role, info, `${endpoint.host}:${endpoint.port}`)
  const pid = Number(info.get('process_id'))
  return { facts, endpoint, pid: listensOn(pid, endpoint.port) ? pid : null, stop: async () => {} }
}

/** The path of a program on PATH, or null. */
export function findProgram(name: string): string | null {
  const places = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, name))
  return places.find((path) => existsSync(path)) ?? null
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function becomeReady(endpoint: Endpoint): Promise<void> {
  const deadlineMs = performance.now() + READY_LIMIT_MS
  for (;;) {
    try {
      await withControl(endpoint, (control) => control.command('PING'))
      return
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
      await sleep(50)
    }
  }
}

/** INFO's server section; nothing when the server has no INFO: it can be measured all the same. */
function readInfo(endpoint: Endpoint): Promise<Map<string, string>> {
  return withControl(endpoint, async (control) => parseInfo(await control.command('INFO', 'server').catch(() => '')))
}

function factsOf(role: Role, info: Map<string, string>, command: string): ServerFacts {
  for (const [field, name] of [
    ['spinel_version', 'Spinel'],
    ['valkey_version', 'Valkey'],
    ['redis_version', 'Redis'],
  ]) {
    const version = info.get(field)
    if (version === undefined) continue
    const standIn = name.toLowerCase() === role ? '' : ` as ${role}`
    return { role, label: `${name} ${version}${standIn}`, version, command }
  }
  return { role, label: role, version: 'unknown', command }
}

/** Whether the process holds a socket that listens on the port. A command that leaves a shell between us and the server
 * would have the shell's CPU accounted; INFO's process_id may be of another machine or container. */
function listensOn(pid: number, port: number): boolean {
  if (!(pid > 0)) return false
  try {
    const inodes = listeningInodes(port)
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`)))
  } catch {
    return false
  }
}

const TCP_LISTEN = '0A'

/** The sockets listening on a port, in the form of the links in /proc/PID/fd. */
function listeningInodes(port: number): Set<string> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    if (!existsSync(table)) continue
    for (const line of readFileSync(table, 'latin1').split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (state === TCP_LISTEN && local.endsWith(`:${hexPort}`)) inodes.add(`socket:[${inode}]`)
    }
  }
  return inodes
}
