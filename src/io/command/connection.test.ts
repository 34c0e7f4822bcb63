import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Session } from '../session/session.ts'
import { invalidAttribute } from './client-attribute.ts'
import { type ConnectionContext, connectionFamily } from './connection.ts'
import { Asked } from './testing.ts'

let asked: Asked
let session: Session
let password = ''
const abandoned: Session[] = []

const context: ConnectionContext = {
  databases: 4,
  mode: 'standalone',
  role: 'master',
  get passwordRequired() {
    return password !== ''
  },
  mayLogIn: (user, given) => user === 'default' && (password === '' || given === password),
  abandonTransaction: (each) => {
    abandoned.push(each)
  },
}

beforeAll(() => {
  asked = new Asked(connectionFamily(() => context))
})

afterAll(() => asked.close())

beforeEach(async () => {
  password = ''
  session = await asked.connect()
})

const ask = (...words: string[]) => asked.ask(session, ...words)

test('PING answers its argument or PONG, ECHO its argument', () => {
  expect(ask('PING')).toBe('+PONG\r\n')
  expect(ask('ping', 'a\r\nb')).toBe('$4\r\na\r\nb\r\n')
  expect(ask('PING', 'a', 'b')).toBe("-ERR wrong number of arguments for 'ping' command\r\n")
  expect(ask('ECHO', '')).toBe('$0\r\n\r\n')
})

test('SELECT takes the databases there are', () => {
  for (const index of ['0', '3']) {
    expect(ask('SELECT', index)).toBe('+OK\r\n')
    expect(session.db).toBe(Number(index))
  }
  for (const index of ['4', '-1', '2147483647']) expect(ask('SELECT', index)).toBe('-ERR DB index is out of range\r\n')
  for (const index of ['x', '', '01', '1 ', '9223372036854775808']) {
    expect(ask('SELECT', index)).toBe('-ERR value is not an integer or out of range\r\n')
  }
  expect(ask('SELECT', '2147483648')).toMatch(
    /^-ERR value is out of range, value must between -2147483648 and 2147483647/,
  )
  expect(session.db).toBe(3)
})

test('AUTH takes the password of the default user, of any if there is none', () => {
  expect(ask('AUTH', 'x')).toMatch(/^-ERR AUTH <password> called without any password configured/)
  expect(ask('AUTH', 'default', 'whatever')).toBe('+OK\r\n')
  password = 'secret'
  session.authenticated = false
  expect(ask('AUTH', 'x')).toMatch(/^-WRONGPASS /)
  expect(ask('AUTH', 'nobody', 'secret')).toMatch(/^-WRONGPASS /)
  expect(session.authenticated).toBe(false)
  expect(ask('AUTH', 'default', 'secret', 'x')).toBe('-ERR syntax error\r\n')
  expect(ask('AUTH', 'secret')).toBe('+OK\r\n')
  expect(session.authenticated).toBe(true)
})

test('HELLO checks everything before it changes anything', () => {
  password = 'secret'
  session.authenticated = false
  expect(ask('HELLO', '3')).toMatch(/^-NOAUTH HELLO must be called/)
  expect(ask('HELLO', '3', 'AUTH', 'default', 'secret', 'SETNAME', 'a b')).toMatch(/^-ERR Client names cannot contain/)
  expect(ask('HELLO', '3', 'AUTH', 'default', 'x', 'SETNAME', 'a')).toMatch(/^-WRONGPASS /)
  expect(session).toMatchObject({ authenticated: false, resp3: false, name: '' })
  expect(ask('HELLO', '3', 'auth', 'default', 'secret', 'setname', 'a')).toMatch(/^%7\r\n\$6\r\nserver\r\n/)
  expect(session).toMatchObject({ authenticated: true, resp3: true, name: 'a' })
  expect(ask('HELLO')).toContain('$5\r\nproto\r\n:3\r\n')
  expect(ask('HELLO', '2')).toMatch(/^\*14\r\n/)
})

test('RESET gives back what a connection begins with', () => {
  password = 'secret'
  Object.assign(session, {
    db: 2,
    resp3: true,
    name: 'a',
    libName: 'lib',
    noEvict: true,
    noTouch: true,
    replyOff: true,
  })
  expect(ask('RESET')).toBe('+RESET\r\n')
  expect(abandoned.at(-1)).toBe(session)
  expect(session).toMatchObject({ db: 0, resp3: false, name: '', libName: 'lib', noEvict: false, noTouch: false })
  expect(session.isMuted).toBe(false)
  expect(session.authenticated).toBe(false)
})

test('an attribute has nothing but visible ASCII, up to a zero byte', () => {
  for (const text of ['', 'abc', '!~', 'a\0 b']) expect(invalidAttribute(text)).toBe(false)
  for (const text of [' ', 'a b', 'a\n', '\x7f', '\xe9']) expect(invalidAttribute(text)).toBe(true)
})
