import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Log } from '../observability/log.ts'
import { Configuration } from './configuration/configuration.ts'
import { Listeners } from './listeners.ts'

let directory = ''
let listeners: Listeners
let configuration: Configuration
const warnings: string[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'listeners-'))
  warnings.length = 0
})

afterEach(() => {
  listeners.close()
  rmSync(directory, { recursive: true })
})

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

async function open(directives: Record<string, string[]>): Promise<boolean> {
  configuration = new Configuration()
  for (const [name, words] of Object.entries(directives)) expect(configuration.take(name, words)).toBeNull()
  const log = new Log({ clock: { nowMs: () => 0, monotonicUs: () => 0 } })
  log.warning = (text) => warnings.push(text)
  listeners = new Listeners(configuration, log, (accepted) => accepted.handle.close())
  return listeners.open()
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

const set = (name: string, value: string | number) =>
  configuration.set([[name, String(value)]], { local: true, loading: false })

test('listens on TCP and on a Unix socket, which goes when it closes', async () => {
  const port = await freePort()
  const path = join(directory, 'socket')
  expect(await open({ port: [String(port)], bind: ['localhost', '-192.0.2.1'], unixsocket: [path] })).toBe(true)
  expect(listeners.kinds).toEqual(['tcp', 'unix'])
  expect(await answers(port)).toBe(true)
  expect(warnings).toContainEqual(
    `Warning: Could not create server TCP listening socket 192.0.2.1:${port}: bind: Cannot assign requested address`,
  )
  listeners.close()
  expect(await answers(port)).toBe(false)
  expect(existsSync(path)).toBe(false)
})

test('a name that nobody knows is told', async () => {
  const port = String(await freePort())
  expect(await open({ port: [port], bind: ['no-such-name.invalid'] })).toBe(false)
  expect(warnings.at(-2)).toBe(
    `Warning: Could not create server TCP listening socket no-such-name.invalid:${port}: Name or service not known`,
  )
  expect(warnings.at(-1)).toBe(`Failed listening on port ${port} (tcp), aborting.`)
})

test('moves with CONFIG SET, or stays where it was', async () => {
  const [port, other] = [await freePort(), await freePort()]
  expect(await open({ port: [String(port)] })).toBe(true)
  expect(set('port', other)).toBeNull()
  expect([await answers(port), await answers(other)]).toEqual([false, true])
  expect(set('bind', '192.0.2.1')).toContain('Failed to bind to specified addresses.')
  expect(await answers(other)).toBe(true)
  expect(set('bind', '')).toBeNull()
  expect(await answers(other)).toBe(false)
})

test('a socket that can not be made, and nowhere to listen', async () => {
  const path = join(directory, 'missing', 'socket')
  expect(await open({ port: ['0'], unixsocket: [path] })).toBe(false)
  expect(warnings.at(-1)).toMatch(/^Failed opening Unix socket: bind: /)
  expect(await open({ port: ['0'] })).toBe(false)
  expect(warnings.at(-1)).toBe('Configured to not listen anywhere, exiting.')
})

test('a backlog beyond the kernel’s is told', async () => {
  await open({ port: [String(await freePort())], 'tcp-backlog': ['2000000000'] })
  expect(warnings[0]).toMatch(
    /^WARNING: The TCP backlog setting of 2000000000 cannot be enforced because \/proc\S+somaxconn is set to /,
  )
})
