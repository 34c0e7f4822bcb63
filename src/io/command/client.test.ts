import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Session } from '../session/session.ts'
import { clientFamily } from './client.ts'
import type { ClientContext } from './client-context.ts'
import { CLIENT_HELP } from './client-help.ts'
import { Asked } from './testing.ts'

let asked: Asked
let session: Session
let other: Session
const pauses: [number, boolean][] = []

const context: ClientContext = {
  get sessions() {
    return asked.sessions
  },
  nowMs: () => 1_000_000,
  describeClient: (each, argumentBytes) => `client=${each.name} bytes=${argumentBytes}`,
  hasUser: (name) => name === 'default',
  pauseClients: (endMs, all) => {
    pauses.push([endMs, all])
  },
  unpauseClients: () => {
    pauses.length = 0
  },
}

beforeAll(() => {
  asked = new Asked(clientFamily(() => context))
})

afterAll(() => asked.close())

beforeEach(async () => {
  asked.sessions.clear()
  session = await asked.connect()
  other = await asked.connect()
  session.name = 'me'
  other.name = 'other'
})

const ask = (...words: string[]) => asked.ask(session, 'CLIENT', ...words)

test('INFO and LIST count the arguments of the command that asks', () => {
  expect(ask('INFO')).toBe('$19\r\nclient=me bytes=10\n\r\n')
  expect(ask('LIST')).toContain('client=me bytes=10\nclient=other bytes=0\n')
  expect(ask('LIST', 'TYPE', 'pubsub')).toBe('$0\r\n\r\n')
  expect(ask('LIST', 'ID', '2', '9', '99999999999')).toBe('$21\r\nclient=other bytes=0\n\r\n')
})

test('KILL spares who asks, unless told otherwise', () => {
  expect(ask('KILL', 'USER', 'default')).toBe(':1\r\n')
  expect(other.isClosed).toBe(true)
  expect(session.isClosing).toBe(false)
  expect(ask('KILL', 'SKIPME', 'no', 'TYPE', 'NORMAL')).toBe(':2\r\n')
  expect(session.isClosing).toBe(true)
})

test('KILL refuses options that do not hold, before it kills anybody', () => {
  for (const bad of [
    ['ID', '1', 'TYPE', 'x'],
    ['ID', '1', 'USER', 'x'],
    ['ID', '1', 'SKIPME', 'x'],
    ['ID', '1', 'ADDR'],
  ]) {
    expect(ask('KILL', ...bad)).toMatch(/^-ERR /)
  }
  expect(other.isClosed).toBe(false)
})

test('PAUSE counts from now, and takes what 64 bits take', () => {
  expect(ask('PAUSE', '500')).toBe('+OK\r\n')
  expect(ask('PAUSE', '0', 'write')).toBe('+OK\r\n')
  expect(pauses).toEqual([
    [1_000_500, true],
    [1_000_000, false],
  ])
  expect(ask('PAUSE', '9223372036853775807')).toBe('+OK\r\n')
  expect(ask('PAUSE', '9223372036853775808')).toBe('-ERR timeout is out of range\r\n')
  expect(ask('UNPAUSE')).toBe('+OK\r\n')
  expect(pauses).toEqual([])
})

test('TRACKING is refused as Redis would, where it would', () => {
  expect(ask('TRACKING', 'x')).toBe('-ERR syntax error\r\n')
  expect(ask('TRACKING', 'on', 'x')).toBe('-ERR syntax error\r\n')
  expect(ask('TRACKING', 'on', 'REDIRECT')).toBe('-ERR syntax error\r\n')
  expect(ask('TRACKING', 'on', 'REDIRECT', '1', 'REDIRECT', '2')).toMatch(/single other client/)
  expect(ask('TRACKING', 'on', 'REDIRECT', 'x')).toMatch(/not an integer/)
  expect(ask('TRACKING', 'off', 'BCAST', 'PREFIX', 'a', 'PREFIX', 'b')).toBe('+OK\r\n')
  expect(ask('TRACKING', 'on', 'BCAST', 'PREFIX', 'a')).toBe('-ERR Client tracking is not supported\r\n')
  expect(ask('TRACKINGINFO')).toBe(
    '*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n',
  )
})

test('HELP names every subcommand', () => {
  const help = ask('HELP')
  expect(help.startsWith(`*${CLIENT_HELP.length + 3}\r\n+CLIENT <subcommand>`)).toBe(true)
  const family = clientFamily(() => context)
  for (const { name } of family.commands[0].subcommands ?? []) expect(help).toContain(`\r\n+${name}`)
})
