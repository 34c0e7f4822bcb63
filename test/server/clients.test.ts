/* CLIENT, HELLO, AUTH and RESET: what clients say of themselves, see of each other and do to each other. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { latin1 } from '../support/resp.ts'
import { type Server, startSpinel } from '../support/server.ts'

let server: Server
let client: RawClient

beforeAll(async () => {
  server = await startSpinel({ directives: { databases: 4 } })
})

afterAll(() => server.stop())

beforeEach(async () => {
  server.disconnectAll()
  client = await server.connect()
  // Those of the test before are gone when nobody else is listed.
  while ((await clients()).length > 1) await new Promise((resolve) => setImmediate(resolve))
})

const ask = async (...words: (string | number)[]) => {
  const reply = await client.call(...words)
  return reply instanceof Error ? reply.message : reply
}

type Fields = Record<string, string>

const fieldsOf = (line: string): Fields =>
  Object.fromEntries(line.split(' ').map((field) => [field.split('=')[0], field.slice(field.indexOf('=') + 1)]))

async function clients(...options: (string | number)[]): Promise<Fields[]> {
  const text = String(await client.call('CLIENT', 'LIST', ...options))
  return text === '' ? [] : text.trimEnd().split('\n').map(fieldsOf)
}

const ids = async (...options: (string | number)[]) => (await clients(...options)).map(({ id }) => Number(id))
const idOf = async (each: RawClient) => Number(await each.call('CLIENT', 'ID'))

describe('CLIENT LIST and INFO', () => {
  test('have the fields of Redis, in its order', async () => {
    const line = String(await ask('CLIENT', 'INFO'))
    const expected = [
      /^id=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=\d+ name= age=\d+ idle=0 flags=N/,
      /db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=\d+ argv-mem=10 multi-mem=0 rbs=\d+ rbp=\d+/,
      /obl=0 oll=0 omem=0 tot-mem=\d+ events=r cmd=client\|info user=default redir=-1 resp=2 lib-name= lib-ver=\n$/,
    ]
    expect(line).toMatch(new RegExp(expected.map((part) => part.source).join(' ')))
  })

  test('what a client has said and done shows', async () => {
    const other = await server.connect()
    const before = fieldsOf(String(await other.call('CLIENT', 'INFO')))
    await other.pipeline([
      ['HELLO', 3, 'SETNAME', 'somebody'],
      ['CLIENT', 'SETINFO', 'lib-name', 'lib'],
      ['CLIENT', 'SETINFO', 'LIB-VER', '1.2'],
      ['SELECT', 3],
      ['CLIENT', 'NO-EVICT', 'on'],
      ['CLIENT', 'NO-TOUCH', 'on'],
      ['MULTI'],
      ['SET', 'k', 'v'.repeat(100)],
    ])
    const [shown] = await clients('ID', before.id)
    expect(shown).toMatchObject({
      id: before.id,
      addr: before.addr,
      name: 'somebody',
      'lib-name': 'lib',
      'lib-ver': '1.2',
      db: '3',
      flags: 'xeT',
      multi: '1',
      'multi-mem': '128',
      resp: '3',
      cmd: 'set',
      user: 'default',
      events: 'r',
      qbuf: '0',
    })
    await other.call('RESET')
    expect((await clients('ID', before.id))[0]).toMatchObject({
      name: '',
      'lib-name': 'lib',
      'lib-ver': '1.2',
      db: '0',
      flags: 'N',
      multi: '-1',
      'multi-mem': '0',
      resp: '2',
    })
  })

  test('over a Unix socket', async () => {
    const local = await (await import('../support/raw-client.ts')).RawClient.connect(server.unix)
    const shown = fieldsOf(String(await local.call('CLIENT', 'INFO')))
    expect(shown).toMatchObject({ addr: `${server.unixSocket}:0`, laddr: `${server.unixSocket}:0`, flags: 'U' })
    local.close()
  })

  test('an unfinished command counts', async () => {
    const other = await server.connect()
    const id = await idOf(other)
    other.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n${'v'.repeat(40_000)}`)
    for (;;) {
      const [shown] = await clients('ID', id)
      if (Number(shown.qbuf) < 40_000) continue
      expect(shown).toMatchObject({ qbuf: '40000', 'argv-mem': '4', cmd: 'client|id' })
      expect(Number(shown['tot-mem'])).toBeGreaterThan(40_000 + Number(shown['qbuf-free']))
      return
    }
  })

  test('a watched key that changes makes a client dirty', async () => {
    const other = await server.connect()
    const id = await idOf(other)
    await other.call('WATCH', 'w')
    expect((await clients('ID', id))[0].flags).toBe('N')
    await client.call('SET', 'w', '1')
    expect((await clients('ID', id))[0].flags).toBe('d')
    await other.call('UNWATCH')
    expect((await clients('ID', id))[0].flags).toBe('N')
  })

  test('the last command is the one that was asked for, queued and unknown ones too', async () => {
    const id = await idOf(client)
    const last = async (...command: string[]) => {
      await client.call(...command)
      const [shown] = await (async () => {
        const other = await server.connect()
        const text = String(await other.call('CLIENT', 'LIST', 'ID', id))
        return [fieldsOf(text.trimEnd())]
      })()
      return shown.cmd
    }
    expect(await last('CONFIG', 'GET', 'x')).toBe('config|get')
    expect(await last('GET')).toBe('get')
    expect(await last('NOSUCH')).toBe('NULL')
    expect(await last('CONFIG', 'NOSUCH')).toBe('NULL')
    expect(await last('MULTI')).toBe('multi')
    expect(await last('GET', 'k')).toBe('get')
    expect(await last('EXEC')).toBe('exec')
  })

  test('chooses by id and type', async () => {
    const other = await idOf(await server.connect())
    const own = await idOf(client)
    expect(await ids('ID', other)).toEqual([other])
    expect(await ids('ID', own, other, 999_999, own)).toEqual([own, other, own])
    expect(await ids('TYPE', 'normal')).toEqual([own, other])
    for (const type of ['pubsub', 'MASTER', 'replica', 'slave']) expect(await ids('TYPE', type)).toEqual([])
    expect(await ask('CLIENT', 'LIST', 'TYPE', 'x')).toBe("ERR Unknown client type 'x'")
    expect(await ask('CLIENT', 'LIST', 'ID', 'x')).toBe('ERR Invalid client ID')
    for (const bad of [['ID'], ['TYPE'], ['x'], ['TYPE', 'normal', 'x']]) {
      expect(await ask('CLIENT', 'LIST', ...bad)).toBe('ERR syntax error')
    }
  })

  test('RESP3 gets it verbatim', async () => {
    await client.call('HELLO', 3)
    expect(latin1(await client.command('CLIENT', 'INFO'))).toMatch(/^=\d+\r\ntxt:id=/)
  })
})

describe('CLIENT KILL', () => {
  test('by address, the old way', async () => {
    const other = await server.connect()
    const { addr } = fieldsOf(String(await other.call('CLIENT', 'INFO')))
    expect(await ask('CLIENT', 'KILL', addr)).toBe('OK')
    await other.expectClosed()
    expect(await ask('CLIENT', 'KILL', addr)).toBe('ERR No such client')
    expect(await ids()).toEqual([await idOf(client)])
  })

  test('itself, the old way, after the reply', async () => {
    const { addr } = fieldsOf(String(await ask('CLIENT', 'INFO')))
    client.send(`CLIENT KILL ${addr}\r\nPING\r\n`)
    expect(latin1(await client.readToEnd())).toBe('+OK\r\n')
  })

  test('by filters, which all have to hold', async () => {
    const [a, b, c] = [await server.connect(), await server.connect(), await server.connect()]
    const { addr, laddr } = fieldsOf(String(await b.call('CLIENT', 'INFO')))
    expect(await ask('CLIENT', 'KILL', 'ID', await idOf(a), 'ADDR', addr)).toBe(0)
    expect(await ask('CLIENT', 'KILL', 'ID', await idOf(a))).toBe(1)
    await a.expectClosed()
    expect(await ask('CLIENT', 'KILL', 'ADDR', addr, 'LADDR', laddr, 'TYPE', 'normal', 'USER', 'default')).toBe(1)
    await b.expectClosed()
    expect(await ask('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(0)
    expect(await ask('CLIENT', 'KILL', 'LADDR', laddr)).toBe(1)
    await c.expectClosed()
    await client.expectOpen()
  })

  test('everybody, oneself included only if asked for', async () => {
    const others = [await server.connect(), await server.connect()]
    for (const other of others) await other.expectOpen()
    expect(await ask('CLIENT', 'KILL', 'SKIPME', 'yes')).toBe(2)
    for (const other of others) await other.expectClosed()
    await (await server.connect()).expectOpen()
    client.send('CLIENT KILL SKIPME no\r\nPING\r\n')
    expect(latin1(await client.readToEnd())).toBe(':2\r\n')
  })

  test('a client that waits or has commands in flight', async () => {
    const other = await server.connect()
    const id = await idOf(other)
    await client.call('CLIENT', 'PAUSE', 100_000, 'WRITE')
    other.send('SET k v\r\n')
    while ((await clients('ID', id))[0].flags !== 'b') await new Promise((resolve) => setImmediate(resolve))
    expect(await ask('CLIENT', 'KILL', 'ID', id)).toBe(1)
    await other.expectClosed()
    expect(await ask('CLIENT', 'UNPAUSE')).toBe('OK')
    expect(await ask('GET', 'k')).toBeNull()
  })

  test.each([
    [['KILL'], "ERR wrong number of arguments for 'client|kill' command"],
    [['KILL', 'ID', '10', 'x'], 'ERR syntax error'],
    [['KILL', 'x', 'y'], 'ERR syntax error'],
    [['KILL', 'ID', 'x'], 'ERR client-id should be greater than 0'],
    [['KILL', 'ID', '0'], 'ERR client-id should be greater than 0'],
    [['KILL', 'ID', '-1'], 'ERR client-id should be greater than 0'],
    [['KILL', 'TYPE', 'x'], "ERR Unknown client type 'x'"],
    [['KILL', 'USER', 'x'], "ERR No such user 'x'"],
    [['KILL', 'SKIPME', 'x'], 'ERR syntax error'],
    [['KILL', 'ID', '9223372036854775807'], 0],
  ])('%j answers %j', async (words, answer) => {
    expect(await ask('CLIENT', ...words)).toBe(answer)
  })
})

describe('CLIENT REPLY', () => {
  /** What is left of the replies to all the commands together. */
  async function replies(...commands: string[]): Promise<string> {
    client.send([...commands, 'QUIT'].map((command) => `${command}\r\n`).join(''))
    return latin1(await client.readToEnd())
  }

  test('OFF silences everything until ON', async () => {
    expect(await replies('CLIENT REPLY OFF', 'PING', 'NOSUCH', 'SET k v', 'CLIENT REPLY ON', 'GET k')).toBe(
      '+OK\r\n$1\r\nv\r\n+OK\r\n',
    )
  })

  test('SKIP silences the next command', async () => {
    expect(await replies('CLIENT REPLY SKIP', 'ECHO a', 'ECHO b')).toBe('$1\r\nb\r\n+OK\r\n')
    client = await server.connect()
    expect(await replies('CLIENT REPLY SKIP', 'CLIENT REPLY ON', 'ECHO b')).toBe('+OK\r\n$1\r\nb\r\n+OK\r\n')
    client = await server.connect()
    expect(await replies('CLIENT REPLY SKIP', 'CLIENT REPLY SKIP', 'ECHO a', 'ECHO b')).toBe('$1\r\nb\r\n+OK\r\n')
    client = await server.connect()
    expect(await replies('CLIENT REPLY OFF', 'CLIENT REPLY SKIP', 'ECHO a', 'RESET', 'ECHO b')).toBe(
      '+RESET\r\n$1\r\nb\r\n+OK\r\n',
    )
  })

  test('takes no other word', async () => {
    expect(await ask('CLIENT', 'REPLY', 'x')).toBe('ERR syntax error')
  })
})

describe('names', () => {
  test.each(['a b', 'a\nb', 'é', '\x7f'])('%j is none', async (name) => {
    const text = 'ERR Client names cannot contain spaces, newlines or special characters.'
    expect(await ask('CLIENT', 'SETNAME', name)).toBe(text)
    expect(await ask('HELLO', 3, 'SETNAME', name)).toBe(text)
    expect(await ask('CLIENT', 'GETNAME')).toBeNull()
    expect(await ask('CLIENT', 'SETINFO', 'lib-name', name)).toBe(
      'ERR lib-name cannot contain spaces, newlines or special characters.',
    )
  })

  test('can be taken away', async () => {
    expect(await ask('CLIENT', 'SETNAME', 'a')).toBe('OK')
    expect(await ask('CLIENT', 'GETNAME')).toBe('a')
    expect(await ask('CLIENT', 'SETNAME', '')).toBe('OK')
    expect(await ask('CLIENT', 'GETNAME')).toBeNull()
    expect(await ask('CLIENT', 'SETINFO', 'badger', 'x')).toBe("ERR Unrecognized option 'badger'")
  })
})

test('HELLO greets in the protocol that it switches to', async () => {
  const id = await idOf(client)
  const fields = ['server', 'redis', 'version', '7.2.4', 'proto', 3, 'id', id, 'mode', 'standalone', 'role', 'master']
  expect(await ask('HELLO', 3)).toEqual([...fields, 'modules', []])
  expect(latin1(await client.command('HELLO'))).toMatch(/^%7\r\n/)
  expect(latin1(await client.command('HELLO', 2))).toMatch(/^\*14\r\n/)
  expect(await ask('HELLO', 'x')).toBe('ERR Protocol version is not an integer or out of range')
  for (const version of [1, 4]) expect(await ask('HELLO', version)).toBe('NOPROTO unsupported protocol version')
  expect(await ask('HELLO', 3, 'x')).toBe("ERR Syntax error in HELLO option 'x'")
  expect(await ask('HELLO', 3, 'AUTH', 'default')).toBe("ERR Syntax error in HELLO option 'AUTH'")
  expect(await ask('HELLO', 3, 'AUTH', 'nobody', 'x', 'SETNAME', 'a')).toMatch(/^WRONGPASS/)
  expect(await ask('CLIENT', 'GETNAME')).toBeNull()
  expect(await ask('HELLO', 3, 'AUTH', 'default', 'any', 'SETNAME', 'a')).toContain('role')
  expect(await ask('CLIENT', 'GETNAME')).toBe('a')
})

test('RESET ends a transaction, its watches and all settings', async () => {
  const other = await server.connect()
  await client.pipeline([
    ['HELLO', 3],
    ['SELECT', 2],
    ['CLIENT', 'SETNAME', 'a'],
    ['WATCH', 'k'],
    ['MULTI'],
    ['INCR', 'k'],
  ])
  expect(await ask('RESET')).toBe('RESET')
  await other.call('SET', 'k', 'x')
  expect(await ask('CLIENT', 'GETNAME')).toBeNull()
  expect(await client.pipeline([['MULTI'], ['GET', 'k'], ['EXEC']])).toEqual(['OK', 'QUEUED', ['x']])
})

test('tracking is refused in words', async () => {
  expect(await ask('CLIENT', 'GETREDIR')).toBe(-1)
  expect(await ask('CLIENT', 'TRACKINGINFO')).toEqual(['flags', ['off'], 'redirect', -1, 'prefixes', []])
  expect(await ask('CLIENT', 'TRACKING', 'OFF')).toBe('OK')
  expect(await ask('CLIENT', 'TRACKING', 'ON')).toBe('ERR Client tracking is not supported')
  expect(await ask('CLIENT', 'TRACKING', 'ON', 'PREFIX', 'a')).toContain('PREFIX option requires BCAST')
  expect(await ask('CLIENT', 'TRACKING', 'ON', 'BCAST', 'OPTIN')).toContain('not compatible with BCAST')
  expect(await ask('CLIENT', 'TRACKING', 'ON', 'OPTOUT', 'OPTIN')).toContain("can't specify both")
  expect(await ask('CLIENT', 'TRACKING', 'ON', 'REDIRECT', 99_999)).toContain('does not exist')
  expect(await ask('CLIENT', 'CACHING', 'YES')).toContain('only when the client is in tracking mode')
})

test('nobody waits in a blocking command', async () => {
  expect(await ask('CLIENT', 'UNBLOCK', await idOf(client))).toBe(0)
  expect(await ask('CLIENT', 'UNBLOCK', 99_999, 'TIMEOUT')).toBe(0)
  expect(await ask('CLIENT', 'UNBLOCK', 1, 'x')).toBe('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
  expect(await ask('CLIENT', 'UNBLOCK', 'x')).toBe('ERR value is not an integer or out of range')
})

describe('with a password', () => {
  let guarded: Server

  beforeAll(async () => {
    guarded = await startSpinel({ directives: { requirepass: 'secret' } })
  })

  afterAll(() => guarded.stop())

  beforeEach(async () => {
    client = await guarded.connect()
  })

  const WRONG = 'WRONGPASS invalid username-password pair or user is disabled.'

  test('nothing runs before AUTH', async () => {
    expect(await ask('PING')).toBe('NOAUTH Authentication required.')
    expect(await ask('AUTH', 'wrong')).toBe(WRONG)
    expect(await ask('AUTH', 'nobody', 'secret')).toBe(WRONG)
    expect(await ask('AUTH', 'a', 'b', 'c')).toBe('ERR syntax error')
    expect(await ask('HELLO', 3)).toMatch(/^NOAUTH HELLO must be called/)
    expect(await ask('AUTH', 'secret')).toBe('OK')
    expect(await ask('PING')).toBe('PONG')
    expect(await ask('RESET')).toBe('RESET')
    expect(await ask('PING')).toBe('NOAUTH Authentication required.')
    expect(await ask('AUTH', 'default', 'secret')).toBe('OK')
    expect(await ask('AUTH', 'wrong')).toBe(WRONG)
    expect(await ask('PING')).toBe('PONG')
  })

  test('HELLO authenticates', async () => {
    expect(await ask('HELLO', 3, 'AUTH', 'default', 'wrong', 'SETNAME', 'a')).toBe(WRONG)
    expect(await ask('HELLO', 3, 'AUTH', 'default', 'secret', 'SETNAME', 'a')).toContain('proto')
    expect(await ask('CLIENT', 'GETNAME')).toBe('a')
  })

  test('the password may change; those inside stay inside', async () => {
    const inside = await guarded.connect()
    await inside.call('AUTH', 'secret')
    expect(await inside.call('CONFIG', 'SET', 'requirepass', 'other')).toBe('OK')
    await inside.expectOpen()
    expect(await ask('AUTH', 'secret')).toBe(WRONG)
    expect(await inside.call('CONFIG', 'SET', 'requirepass', '')).toBe('OK')
    expect(await ask('PING')).toBe('PONG')
    expect(await ask('AUTH', 'x')).toMatch(/^ERR AUTH <password> called without any password configured/)
    expect(await ask('HELLO')).toMatch(/^NOAUTH/)
    expect(await inside.call('CONFIG', 'SET', 'requirepass', 'secret')).toBe('OK')
    expect(await ask('PING')).toBe('NOAUTH Authentication required.')
    inside.close()
  })
})
