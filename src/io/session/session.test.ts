import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { HANDLED, OUTPUT_PAUSE_BYTES, POSTPONED } from './session.ts'
import { FakeHost, type Pair, Pairs, settle } from './testing.ts'

let pairs: Pairs

beforeAll(() => {
  pairs = new Pairs()
})

afterAll(() => pairs.close())

const encode = (...command: string[]) =>
  `*${command.length}\r\n${command.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`

/** Lets the bytes that were written reach the session. */
async function arrive(pair: Pair, bytes: number): Promise<void> {
  while (pair.session.bytesIn < bytes) await settle()
}

/** Sends text in pieces of the given sizes, each in a read of its own. */
async function sendInPieces(pair: Pair, text: string, sizes: readonly number[]): Promise<void> {
  let at = 0
  for (let i = 0; at < text.length; i++) {
    const size = sizes[i] ?? text.length - at
    pair.client.write(Buffer.from(text.slice(at, at + size), 'latin1'))
    at += Math.min(size, text.length - at)
    await arrive(pair, at)
  }
}

const kind = fc.constantFrom('NOW', 'LATER', 'DEFER', 'HOLD')

test('replies leave in the order of the commands, whenever they are ready and however the input is split', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(kind, { minLength: 1, maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 12 }),
      fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }),
      async (kinds, sizes, order) => {
        const host = new FakeHost()
        host.isOpen = false
        const pair = await pairs.open(host)
        const stream = kinds.map((name, i) => encode(name, `${name}:${i}`)).join('')
        await sendInPieces(pair, stream, sizes)
        const wanted = kinds.map((name, i) => bulk(`${name}:${i}`)).join('')
        for (let i = 0; pair.received().length < wanted.length; i++) {
          // Any of the replies that are due, in any order; and now and then those that were postponed.
          if (host.later.length > 0) host.later.splice(order[i % order.length] % host.later.length, 1)[0]()
          else if (host.postponed.size > 0) host.open()
          await settle()
        }
        expect(pair.received()).toBe(wanted)
        expect(host.commands.map(([name]) => name)).toEqual(kinds)
        expect(pair.session.outputBytes).toBe(0)
        expect(pair.session.outputPieces).toBe(0)
        pair.client.destroy()
        while (host.events.length === 0) await settle()
        expect(host.events).toEqual(['closed'])
        expect(host.lentFrames).toBe(0)
      },
    ),
    { numRuns: 60 },
  )
})

test('a command that is postponed is offered again, whole', async () => {
  const host = new FakeHost()
  host.isOpen = false
  const pair = await pairs.open(host)
  const text = encode('NOW', 'a') + encode('HOLD', 'b'.repeat(3000)) + encode('NOW', 'c')
  await sendInPieces(pair, text, [40, 1000, 1000])
  expect(pair.received()).toBe(bulk('a'))
  expect(host.commands).toEqual([['NOW', 'a']])
  expect(pair.session.queryBytes).toBe(text.length - encode('NOW', 'a').length)
  host.open()
  const wanted = bulk('a') + bulk('b'.repeat(3000)) + bulk('c')
  expect(await pair.receive(wanted.length)).toBe(wanted)
  expect(pair.session.queryBytes).toBe(0)
  expect(pair.session.queryFreeBytes).toBe(0)
})

test('a client that half-closes gets what it has asked for, then the connection ends', async () => {
  for (const name of ['NOW', 'LATER', 'DEFER']) {
    const host = new FakeHost()
    const pair = await pairs.open(host)
    pair.client.end(encode(name, 'x') + encode('NOW', 'y'))
    await arrive(pair, 1)
    while (pair.received().length < bulk('x').length + bulk('y').length) {
      host.later.shift()?.()
      await settle()
    }
    await pair.ended()
    expect(pair.received()).toBe(bulk('x') + bulk('y'))
    expect(host.events).toEqual(['closed'])
    expect(host.lentFrames).toBe(0)
  }
})

test('an unfinished command is dropped when the client closes', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  pair.client.end(encode('NOW', 'x') + encode('NOW', 'y').slice(0, -3))
  await pair.ended()
  expect(pair.received()).toBe(bulk('x'))
  expect(host.commands).toEqual([['NOW', 'x']])
  expect(host.lentFrames).toBe(0)
})

test('an unfinished command is dropped when the client closes while replies are outstanding', async () => {
  for (const name of ['LATER', 'DEFER']) {
    const host = new FakeHost()
    const pair = await pairs.open(host)
    const text = encode(name, 'x') + encode('NOW', 'y') + encode('NOW', 'z').slice(0, -3)
    pair.client.end(text)
    await arrive(pair, text.length)
    // The end arrives in a read of its own.
    for (let turn = 0; turn < 10; turn++) await settle()
    for (let due = host.later.shift(); due !== undefined; due = host.later.shift()) due()
    await pair.ended()
    expect(pair.received()).toBe(bulk('x') + bulk('y'))
    expect(host.lentFrames).toBe(0)
  }
})

test('a client that is blocked and closes is gone at once', async () => {
  const host = new FakeHost()
  host.isOpen = false
  const pair = await pairs.open(host)
  pair.client.write(encode('HOLD', 'x'))
  await arrive(pair, encode('HOLD', 'x').length)
  pair.session.isBlocked = true
  pair.client.end()
  await pair.ended()
  expect(host.events).toEqual(['closed'])
  expect(host.commands).toEqual([])
})

test('a client that is gone when its reply comes leaves nothing behind', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  const text = encode('LATER', 'x') + encode('NOW', 'y').slice(0, -3)
  pair.client.write(text)
  await arrive(pair, text.length)
  pair.client.destroy()
  await settle()
  for (let due = host.later.shift(); due !== undefined; due = host.later.shift()) due()
  while (host.events.length === 0) await settle()
  expect(host.lentFrames).toBe(0)
  expect(pair.session.outputBytes).toBe(0)
})

test('after QUIT nothing is run, and what is owed is still sent', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  pair.client.write(encode('LATER', 'a') + encode('QUIT', 'b') + encode('NOW', 'c'))
  while (host.later.length === 0) await settle()
  expect(pair.received()).toBe('')
  for (let due = host.later.shift(); due !== undefined; due = host.later.shift()) due()
  await pair.ended()
  expect(pair.received()).toBe(bulk('a') + bulk('b'))
  expect(host.commands.map(([name]) => name)).toEqual(['LATER', 'QUIT'])
})

test('broken input is answered after what came before, and ends the connection', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  pair.client.write(`${encode('NOW', 'a')}*x\r\n${encode('NOW', 'b')}`)
  await pair.ended()
  expect(pair.received()).toBe(`${bulk('a')}-ERR invalid multibulk length\r\n`)
  expect(host.lentFrames).toBe(0)
})

test('a command longer than the query buffer may be closes the connection; whole arguments do not count', async () => {
  const host = new FakeHost()
  host.queryBufferLimit = 100_000
  const large = 'x'.repeat(80_000)
  const pair = await pairs.open(host)
  const text = `*4\r\n$3\r\nNOW\r\n${bulk(large)}${bulk(large)}`
  pair.client.write(text)
  await arrive(pair, text.length)
  expect(host.events).toEqual([])
  pair.client.write(`$${1_000_000}\r\n${'y'.repeat(100_100)}`)
  await pair.ended()
  expect(host.events).toEqual(['query buffer exceeded', 'closed'])
  expect(host.lentFrames).toBe(0)
})

test('a client that does not read is not read either, and gets everything when it does', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  pair.client.pause()
  const value = 'v'.repeat(1024 * 1024)
  const count = 40
  // Small requests for large replies: the host answers with what it is given, so the reply is made large here.
  host.dispatch = (_session, args) => {
    host.commands.push([args.text(0)])
    host.reply.bulkText(value)
    return 0
  }
  pair.client.write(encode('GET', 'x').repeat(count))
  while (!pair.session.isPostponed) await settle()
  const served = host.commands.length
  expect(pair.session.outputBytes).toBeGreaterThan(OUTPUT_PAUSE_BYTES)
  expect(served).toBeLessThan(count)
  await settle()
  expect(host.commands.length).toBe(served)
  pair.client.resume()
  await pair.receive(bulk(value).length * count)
  expect(host.commands.length).toBe(count)
  expect(pair.session.outputBytes).toBe(0)
})

test('replies that wait for the ones before them count as unread', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  const value = 'v'.repeat(1024 * 1024)
  const count = 40
  const later = encode('LATER', 'a')
  pair.client.write(later)
  await arrive(pair, later.length)
  host.dispatch = (_session, args) => {
    host.commands.push([args.text(0)])
    host.reply.bulkText(value)
    return 0
  }
  pair.client.write(encode('GET', 'x').repeat(count))
  while (!pair.session.isPostponed) await settle()
  expect(pair.session.outputBytes).toBeGreaterThan(OUTPUT_PAUSE_BYTES)
  expect(host.commands.length).toBeLessThan(1 + count)
  for (let due = host.later.shift(); due !== undefined; due = host.later.shift()) due()
  await pair.receive(bulk('a').length + bulk(value).length * count)
  expect(host.commands.length).toBe(1 + count)
  expect(pair.session.outputBytes).toBe(0)
})

test('how many commands are with workers follows the size of their replies', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  let reply = bytesOf('+\r\n')
  host.dispatch = (session) => {
    if (session.replies.isFarAhead) {
      session.waitForReplies()
      return POSTPONED
    }
    const slot = session.openSlot()
    session.replies.goAhead(slot)
    host.later.push(() => {
      session.writeSlot(slot, reply, 0, reply.length)
      session.finishSlot(slot)
    })
    return HANDLED
  }
  pair.client.write(encode('GET', 'x').repeat(30_000))
  /** Answers everything that is ahead; how many that were. */
  const round = async () => {
    while (!pair.session.isPostponed) await settle()
    const ahead = host.later.length
    for (let left = ahead; left > 0; left--) host.later.shift()?.()
    return ahead
  }
  expect(await round()).toBe(64)
  while ((await round()) < 1000) expect(pair.session.isClosed).toBe(false)
  reply = bytesOf(bulk('v'.repeat(50 * 1024)))
  await round()
  expect((await round()) * reply.length).toBeLessThan(OUTPUT_PAUSE_BYTES)
  pair.client.destroy()
})

test('a session may be destroyed in its own batch, by its own output', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  pair.client.pause()
  host.onOutput = (session) => session.destroy()
  host.dispatch = (_session, args) => {
    host.commands.push([args.text(0)])
    host.reply.bulkText('v'.repeat(4 * 1024 * 1024))
    return 0
  }
  const text = encode('GET', 'x').repeat(5) + encode('GET', 'x').slice(0, 5)
  pair.client.write(text)
  while (host.events.length === 0) await settle()
  expect(host.events).toEqual(['closed'])
  expect(host.commands.length).toBeLessThan(5)
  expect(host.lentFrames).toBe(0)
})

test('with a limit, nothing of a reply leaves before all of it is known to be within', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  pair.session.outputLimit = 100_000
  host.onOutput = (session) => {
    if (session.outputBytes >= session.outputLimit) session.destroy()
  }
  pair.client.write(encode('LATER', 'x'.repeat(90_000)) + encode('NOW', 'y'.repeat(5000)))
  while (host.commands.length < 2) await settle()
  host.later.shift()?.()
  await settle()
  expect(pair.received()).toBe('')
  host.later.shift()?.()
  const wanted = bulk('x'.repeat(90_000)) + bulk('y'.repeat(5000))
  expect(await pair.receive(wanted.length)).toBe(wanted)
  pair.client.write(encode('LATER', 'x'.repeat(90_000)) + encode('NOW', 'y'.repeat(15_000)))
  while (host.commands.length < 4) await settle()
  host.later.shift()?.()
  host.later.shift()?.()
  await pair.ended()
  expect(pair.received()).toBe(wanted)
})

test('muted replies are dropped in their place', async () => {
  const host = new FakeHost()
  const pair = await pairs.open(host)
  pair.client.write(encode('LATER', 'a'))
  while (host.later.length === 0) await settle()
  pair.session.replyOff = true
  pair.client.write(encode('LATER', 'b'))
  while (host.later.length === 1) await settle()
  pair.session.replyOff = false
  pair.client.write(encode('NOW', 'c'))
  while (host.commands.length < 3) await settle()
  for (let due = host.later.pop(); due !== undefined; due = host.later.pop()) due()
  expect(await pair.receive(bulk('a').length + bulk('c').length)).toBe(bulk('a') + bulk('c'))
})
