import { expect, test } from 'vitest'
import { Reply } from '../../base/reply.ts'
import type { Session } from './session.ts'
import { FakeHost } from './testing.ts'
import { Wait } from './wait.ts'

/** A session whose deferred command answers into `answers`. */
function setUp() {
  const host = new FakeHost()
  const answers: string[] = []
  const defer: Session['defer'] = () => (write) => {
    const reply = new Reply()
    write(reply)
    answers.push(Buffer.from(reply.bytes.buffer, 0, reply.length).toString())
  }
  const session = { host, defer, isBlocked: false, wait: null } as unknown as Session
  return { host, session, answers, onTimeout: (reply: Reply) => reply.nilArray() }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a wait marks its session until it ends', () => {
  const { session, answers, onTimeout } = setUp()
  const wait = Wait.begin(session, 0, onTimeout)
  expect([session.wait, session.isBlocked, wait.isTimed]).toEqual([wait, true, false])
  wait.end((reply) => reply.integer(7))
  expect([session.wait, session.isBlocked, answers]).toEqual([null, false, [':7\r\n']])
})

test('a wait with a time ends by itself, once', async () => {
  const { session, host, answers, onTimeout } = setUp()
  Wait.begin(session, 5, onTimeout)
  host.now = 5
  while (answers.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  expect([session.wait, answers]).toEqual([null, ['*-1\r\n']])
})

test('CLIENT UNBLOCK ends it after the batch that asks for it', async () => {
  const { session, answers, onTimeout } = setUp()
  Wait.begin(session, 1000, onTimeout).unblock(true)
  expect([session.wait, session.isBlocked, answers]).toEqual([null, false, []])
  await turn()
  expect(answers).toEqual(['-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'])
})
