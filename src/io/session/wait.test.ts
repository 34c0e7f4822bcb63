import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { FakeHost, type Pair, Pairs, settle } from './testing.ts'
import { suspend, Wait } from './wait.ts'

let host: FakeHost
let pairs: Pairs
let pair: Pair

beforeAll(() => {
  pairs = new Pairs()
})

beforeEach(async () => {
  host = new FakeHost()
  pair = await pairs.open(host)
})

afterAll(() => pairs.close())

const timedOut = { timedOut: (reply: { nilArray(): void }) => reply.nilArray() }

test('a wait marks its session until it ends, and answers at once', async () => {
  const { session } = pair
  const wait = Wait.begin(session, 0, timedOut)
  expect([session.wait, session.isBlocked, session.isSuspended, wait.isTimed]).toEqual([wait, true, true, false])
  wait.end((reply) => reply.integer(7))
  expect([session.wait, session.isBlocked]).toEqual([null, false])
  expect(await pair.receive(4)).toBe(':7\r\n')
})

test('commands behind it are read after it, and not in the midst of the batch that ends it', async () => {
  const { session, client } = pair
  const wait = Wait.begin(session, 0, timedOut)
  client.write('*2\r\n$3\r\nNOW\r\n$1\r\nx\r\n')
  while (session.queryBytes === 0) await settle()
  expect(host.commands).toEqual([])
  wait.end((reply) => reply.integer(1))
  expect(host.commands).toEqual([])
  expect(await pair.receive(11)).toBe(':1\r\n$1\r\nx\r\n')
})

test('a wait with a time ends by itself, once', async () => {
  const { session } = pair
  Wait.begin(session, 5, timedOut)
  host.now = 5
  expect(await pair.receive(5)).toBe('*-1\r\n')
  expect([session.wait, session.isBlocked]).toEqual([null, false])
})

test('a timer that rings early is set again', async () => {
  Wait.begin(pair.session, 5, timedOut)
  host.now = 4
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(pair.received()).toBe('')
  host.now = 5
  expect(await pair.receive(5)).toBe('*-1\r\n')
})

test('CLIENT UNBLOCK ends it as the time would, or with an error', async () => {
  Wait.begin(pair.session, 1000, timedOut).unblock(false)
  expect(await pair.receive(5)).toBe('*-1\r\n')
  await settle()
  Wait.begin(pair.session, 1000, timedOut).unblock(true)
  const error = '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'
  expect(await pair.receive(5 + error.length)).toBe(`*-1\r\n${error}`)
})

test('its command may say what it answers, and hears of its end before', async () => {
  const events: string[] = []
  Wait.begin(pair.session, 1000, {
    ...timedOut,
    unblocked: (reply) => {
      events.push('unblocked')
      reply.integer(1)
    },
    left: () => events.push('left'),
  }).unblock(true)
  expect(events).toEqual(['left', 'unblocked'])
  expect(await pair.receive(4)).toBe(':1\r\n')
})

test('a client that closes waits no more', async () => {
  const { session, client } = pair
  let left = 0
  Wait.begin(session, 0, { ...timedOut, left: () => left++ })
  client.end()
  while (!session.isClosed) await settle()
  expect([left, session.wait]).toEqual([1, null])
})

test('a client that had stopped sending before its command came to wait is closed', async () => {
  const { session, client } = pair
  const slot = suspend(session)
  client.end()
  while (!session.inputEnded) await settle()
  expect(session.isClosed).toBe(false)
  new Wait(session, slot, 0, timedOut)
  while (!session.isClosed) await settle()
})
