import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BATCH_COMMANDS } from '../framing/batch.ts'
import { type Pair, Pairs, settle } from '../session/testing.ts'
import { RoutingRig } from './testing.ts'

let rig: RoutingRig
let pairs: Pairs
let pair: Pair
let ids = 0

const encode = (words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

function send({ client }: Pair, ...commands: string[]): void {
  client.write(commands.map((command) => encode(command.split(' '))).join(''), 'latin1')
}

/** Waits until a client has all that it is owed at present. */
async function answered({ session, client, received }: Pair): Promise<void> {
  while (session.bytesIn < client.bytesWritten || !session.replies.isEmpty || received().length < session.bytesOut)
    await settle()
}

/** Sends commands in one write and returns what comes back. */
async function ask(each: Pair, ...commands: string[]): Promise<string> {
  const before = each.received().length
  send(each, ...commands)
  await answered(each)
  return each.received().slice(before).replaceAll('\r\n', ' ').trimEnd()
}

beforeAll(() => {
  rig = new RoutingRig({ workers: 1, shards: 2 })
  pairs = new Pairs()
})

beforeEach(async () => {
  rig.sequencer.inlineExecution = 'auto'
  rig.passwordRequired = false
  rig.isShortOfMemory = false
  rig.forbidden.clear()
  pair = await pairs.open(rig, ++ids)
  await ask(pair, 'FLUSHALL')
  rig.engine.statistics.reset()
})

afterAll(async () => {
  pairs.close()
  await rig.quiet()
  rig.check()
  await rig.close()
})

describe('a command that is wrong in several ways gets the error of the first check', () => {
  test('unknown, then arity, then protection, then authentication, then memory', async () => {
    rig.forbidden.set('set', 'ERR forbidden')
    rig.passwordRequired = true
    rig.isShortOfMemory = true
    pair.session.authenticated = false
    expect(await ask(pair, 'NOTHING a')).toMatch(/^-ERR unknown command 'NOTHING'/)
    expect(await ask(pair, 'SET a')).toMatch(/^-ERR wrong number of arguments for 'set' command/)
    expect(await ask(pair, 'SET a 1')).toBe('-ERR forbidden')
    rig.forbidden.clear()
    expect(await ask(pair, 'SET a 1')).toBe('-NOAUTH Authentication required.')
    pair.session.authenticated = true
    expect(await ask(pair, 'SET a 1')).toBe("-OOM command not allowed when used memory > 'maxmemory'.")
    expect(await ask(pair, 'GET a', 'DEL a')).toBe('$-1 :0')
    rig.isShortOfMemory = false
    expect(await ask(pair, 'SET a 1')).toBe('+OK')
  })

  test('subcommands are looked up before their arity is', async () => {
    expect(await ask(pair, 'OBJECT nothing')).toMatch(/^-ERR unknown subcommand 'nothing'/)
    expect(await ask(pair, 'object encoding')).toMatch(/^-ERR wrong number of arguments for 'object\|encoding' command/)
    expect(await ask(pair, 'OBJECT')).toMatch(/^-ERR wrong number of arguments for 'object' command/)
  })
})

describe('a transaction', () => {
  test('is broken by whatever is refused in it, and EXEC says so', async () => {
    rig.forbidden.set('append', 'ERR forbidden')
    for (const wrong of ['NOTHING', 'GET', 'APPEND a b']) {
      expect(await ask(pair, 'MULTI', wrong, 'EXEC')).toMatch(/-EXECABORT Transaction discarded because of previous/)
    }
  })

  test('that may need memory which is not there is refused at EXEC, and ended', async () => {
    send(pair, 'MULTI', 'SET a 1')
    await answered(pair)
    rig.isShortOfMemory = true
    expect(await ask(pair, 'EXEC')).toMatch(/^-EXECABORT Transaction discarded because of: OOM command not allowed/)
    expect(pair.session.transaction.isOpen).toBe(false)
    expect(await ask(pair, 'EXISTS a')).toBe(':0')
  })

  test('of reads may run however short memory is, but nothing more is queued', async () => {
    await ask(pair, 'MULTI', 'GET a')
    rig.isShortOfMemory = true
    expect(await ask(pair, 'EXEC')).toBe('*1 $-1')
    expect(await ask(pair, 'MULTI', 'GET a', 'DISCARD')).toMatch(/^\+OK -OOM .* \+OK$/)
  })

  test('wrong arguments of EXEC abort it', async () => {
    expect(await ask(pair, 'MULTI', 'SET a 1', 'EXEC now')).toMatch(
      /-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command$/,
    )
    expect(await ask(pair, 'EXEC')).toBe('-ERR EXEC without MULTI')
  })
})

describe('a pause', () => {
  test('of writes holds a writer with nothing done, and what it sent behind that; readers go on', async () => {
    const reader = await pairs.open(rig, ++ids)
    await ask(pair, 'SET a 1')
    const before = pair.received()
    rig.pause.begin(rig.now + 1_000_000, false)
    send(pair, 'GET a', 'SET a 2', 'GET a')
    while (!pair.session.isBlocked) await settle()
    expect(await ask(reader, 'GET a')).toBe('$1 1')
    expect(pair.received().slice(before.length)).toBe('$1\r\n1\r\n')
    rig.pause.finish()
    while (pair.session.isBlocked) await settle()
    await answered(pair)
    expect(pair.received().slice(before.length)).toBe('$1\r\n1\r\n+OK\r\n$1\r\n2\r\n')
    expect(pair.session.commandCount).toBe(5)
  })

  test('of writes holds EXEC exactly if it would write', async () => {
    const writer = await pairs.open(rig, ++ids)
    await ask(pair, 'MULTI', 'GET a')
    await ask(writer, 'MULTI', 'GET a', 'SET a 1')
    rig.pause.begin(rig.now + 1_000_000, false)
    expect(await ask(pair, 'EXEC')).toBe('*1 $-1')
    send(writer, 'EXEC')
    while (!writer.session.isBlocked) await settle()
    rig.pause.finish()
    while (writer.session.isBlocked) await settle()
    await answered(writer)
    expect(writer.received()).toMatch(/\*2\r\n\$-1\r\n\+OK\r\n$/)
  })

  test('of all holds everybody, a refused command excepted', async () => {
    rig.pause.begin(rig.now + 1_000_000, true)
    expect(await ask(pair, 'NOTHING', 'GET')).toMatch(/^-ERR unknown .* -ERR wrong number/)
    send(pair, 'GET a')
    while (!pair.session.isBlocked) await settle()
    rig.pause.finish()
    while (pair.session.isBlocked) await settle()
    await answered(pair)
    expect(pair.received()).toMatch(/\$-1\r\n$/)
  })

  test('keeps keys whose time has come, unseen, until it is over', async () => {
    const used = () => rig.engine.shards.reduce((sum, shard) => sum + shard.keyspaces[0].keys.used, 0)
    await ask(pair, 'SET a 1 PX 10')
    rig.pause.begin(rig.now + 1_000_000, false)
    rig.now += 100
    expect(await ask(pair, 'GET a')).toBe('$-1')
    expect(used()).toBe(1)
    rig.pause.finish()
    expect(await ask(pair, 'GET a')).toBe('$-1')
    expect(used()).toBe(0)
  })
})

test('the long way and the quick one do the same', async () => {
  const commands = ['SET a 1', 'get a', 'INCR a', 'SET b x EX 100', 'TTL b', 'GET', 'APPEND a x', 'INCR a', 'GETDEL b']
  const outcomes: unknown[] = []
  for (const isQuick of [true, false]) {
    const each = await pairs.open(rig, ++ids)
    await ask(each, 'FLUSHALL')
    // Without a password nobody has to authenticate, but who has not is looked at with care.
    each.session.authenticated = isQuick
    expect(each.session.isOrdinary).toBe(isQuick)
    rig.engine.statistics.reset()
    const replies = await ask(each, ...commands)
    const { calls, failed, rejected } = rig.engine.statistics
    const { lastCommand, commandCount } = each.session
    outcomes.push({ replies, calls, failed, rejected, lastCommand, commandCount })
  }
  expect(outcomes[1]).toEqual(outcomes[0])
})

test('a reply that turns out to be long is made by the worker, in its place and counted once', async () => {
  for (const mode of ['auto', 'never', 'always'] as const) {
    rig.sequencer.inlineExecution = mode
    await ask(pair, 'FLUSHALL', `HSET h ${Array.from({ length: 60 }, (_, i) => `f${i} v`).join(' ')}`)
    for (let i = 1; i < 12; i++) {
      await ask(pair, `HSET h ${Array.from({ length: 60 }, (_, j) => `f${60 * i + j} v`).join(' ')}`)
    }
    const handedOver = rig.sequencer.handedOver
    const commands = pair.session.commandCount
    const replies = await ask(pair, 'HSET s f v', 'HGETALL s', 'HVALS h', 'HSET h f0 w', 'HLEN h')
    expect(replies.replaceAll('$1 v ', '')).toBe(':1 *2 $1 f *720 :0 :720')
    expect(rig.sequencer.handedOver - handedOver).toBe(mode === 'always' ? 0 : mode === 'never' ? 5 : 3)
    expect(pair.session.commandCount - commands).toBe(5)
  }
})

test('a batch longer than what is framed together is answered whole and in order', async () => {
  const count = 3 * BATCH_COMMANDS + 5
  const replies = await ask(pair, ...Array.from({ length: count }, () => 'INCR counter'))
  expect(replies).toBe(Array.from({ length: count }, (_, i) => `:${i + 1}`).join(' '))
  expect(pair.session.commandCount).toBe(count + 1)
})

test('a batch that names one key again and again, and then others, finds each', async () => {
  for (const mode of ['auto', 'always', 'never'] as const) {
    rig.sequencer.inlineExecution = mode
    await ask(pair, 'FLUSHALL')
    const replies = await ask(
      pair,
      ...[
        'INCR counter',
        'INCR counter',
        'EXISTS counter',
        'INCR counter',
        'INCR counted',
        'INCR counter',
        'INCR counted',
      ],
      ...['INCR sounter', 'GET counter', 'GET counted', 'GET sounter'],
    )
    expect(replies).toBe(':1 :2 :1 :3 :1 :4 :2 :1 $1 4 $1 2 $1 1')
  }
})

test('replies that a client does not want are not written, wherever the command ran', async () => {
  for (const mode of ['auto', 'never'] as const) {
    rig.sequencer.inlineExecution = mode
    pair.session.skipNextReply = true
    // The one after that which asks for it is skipped.
    expect(await ask(pair, 'SET a 1', 'SET a 2', 'GET a')).toBe('+OK $1 2')
    pair.session.replyOff = true
    expect(await ask(pair, 'SET a 3', 'NOTHING', 'MGET a b', 'MULTI', 'SET a 4', 'EXEC')).toBe('')
    pair.session.replyOff = false
    expect(await ask(pair, 'GET a')).toBe('$1 4')
  }
})

test('a browser that speaks HTTP is cut off without a word', async () => {
  pair.client.write('POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET a 1\r\n')
  await pair.ended()
  expect(pair.received()).toBe('+OK\r\n')
  expect(rig.engine.shards.every((shard) => shard.keyspaces[0].keys.used === 0)).toBe(true)
})

test('a command that a worker or this thread has taken long for is reported once', async () => {
  rig.engine.configure('slowlog-log-slower-than', '0')
  rig.slowCommands.length = 0
  await ask(pair, 'SET a 1', 'SELECT 1', 'MULTI', 'GET a', 'EXEC')
  rig.engine.configure('slowlog-log-slower-than', '-1')
  expect(rig.slowCommands).toEqual(['set', 'select', 'multi', 'get', 'exec'])
})

describe('what is counted', () => {
  const counts = (name: string) => {
    const { id } = rig.commands.byName(name) ?? { id: -1 }
    const { calls, failed, rejected } = rig.engine.statistics
    return [calls[id], failed[id], rejected[id]]
  }

  test('calls, failures of commands that ran, refusals of those that did not', async () => {
    await ask(pair, 'SET a x', 'INCR a', 'INCR a', 'INCR', 'GET a', 'NOTHING')
    expect([counts('set'), counts('incr'), counts('get')]).toEqual([
      [1, 0, 0],
      [2, 2, 1],
      [1, 0, 0],
    ])
    expect(rig.engine.statistics.errors).toEqual(new Map([['ERR', 4]]))
  })

  test('the errors of a transaction are those of its commands, not of EXEC', async () => {
    await ask(pair, 'SET a x', 'MULTI', 'INCR a', 'GET a', 'EXEC', 'EXEC')
    expect([counts('incr'), counts('exec'), counts('get')]).toEqual([
      [1, 1, 0],
      [2, 1, 0],
      [1, 0, 0],
    ])
  })
})
