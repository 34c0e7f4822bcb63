import { describe, expect, test } from 'vitest'
import { Reply } from '../../base/reply.ts'
import { ReplySlot } from '../../io/reply/slot.ts'
import type { Session } from '../../io/session/session.ts'
import { FakeHost } from '../../io/session/testing.ts'
import { fakeSession, TestFamily } from '../../observability/testing.ts'
import { replicationFamily } from './replication.ts'

/** A session whose commands that wait answer into `late`. */
function setUp(isRunning = false) {
  const late = new Reply()
  const host = new FakeHost()
  const session = fakeSession({ host, transaction: { isRunning } as Session['transaction'] })
  session.openSlot = () => new ReplySlot()
  session.writeSlot = (_slot, bytes, offset, length) => {
    late.bytes.set(bytes.subarray(offset, offset + length), late.length)
    late.length += length
  }
  for (const name of ['finishSlot', 'advanceSkip', 'resumeReading'] as const) session[name] = () => {}
  const commands = new TestFamily([...replicationFamily(() => ({ offset: 42 }))], session)
  return { commands, session, host, answer: () => (late.length === 0 ? undefined : commands.decode(late)) }
}

describe('a server without replicas', () => {
  test('is a primary', () => {
    const { commands } = setUp()
    expect(commands.run('ROLE')).toEqual(['master', 42, []])
    expect(commands.run('REPLICAOF', 'no', 'One')).toBe('OK')
    expect(commands.run('SLAVEOF', 'NO', 'ONE')).toBe('OK')
  })

  test('does not become a replica', () => {
    const { commands } = setUp()
    expect(commands.run('REPLICAOF', 'host', '6379')).toEqual({
      text: 'ERR Replication is not supported by this version',
    })
    for (const port of ['x', '-1', '65536', '']) {
      expect(commands.run('REPLICAOF', 'host', port)).toEqual({ text: 'ERR Invalid master port' })
    }
  })
})

describe('WAIT', () => {
  test('for nobody answers at once, as does any inside EXEC', () => {
    expect(setUp().commands.run('WAIT', '0', '1000')).toBe(0)
    expect(setUp().commands.run('WAIT', '-1', '0')).toBe(0)
    expect(setUp(true).commands.run('WAIT', '1', '0')).toBe(0)
  })

  test.each([
    ['x', '0', 'ERR value is not an integer or out of range'],
    ['1', 'x', 'ERR timeout is not an integer or out of range'],
    ['1', '-1', 'ERR timeout is negative'],
    ['1', '9223372036854775807', 'ERR timeout is out of range'],
  ])('%s %s: %s', (replicas, timeout, text) => {
    const { commands, host } = setUp()
    host.now = 1
    expect(commands.run('WAIT', replicas, timeout)).toEqual({ text })
  })

  test('answers 0 when the time is up', async () => {
    const { commands, session, host, answer } = setUp()
    expect(commands.run('WAIT', '1', '10')).toBeUndefined()
    expect([session.isBlocked, session.wait?.isTimed]).toEqual([true, true])
    host.now = 10
    while (answer() === undefined) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(answer()).toBe(0)
    expect([session.isBlocked, session.wait]).toEqual([false, null])
  })

  test('goes on waiting when a timer comes early', async () => {
    const { commands, host, answer } = setUp()
    commands.run('WAIT', '1', '5')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(answer()).toBeUndefined()
    host.now = 5
    while (answer() === undefined) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(answer()).toBe(0)
  })

  test.each([
    [false, 0],
    [true, { text: 'UNBLOCKED client unblocked via CLIENT UNBLOCK' }],
  ])('ends when it is unblocked, with an error: %s', (withError, reply) => {
    const { commands, session, answer } = setUp()
    commands.run('WAIT', '1', '0')
    expect(session.wait?.isTimed).toBe(false)
    session.wait?.unblock(withError)
    expect([session.wait, session.isBlocked, answer()]).toEqual([null, false, reply])
  })

  test('is over when the client goes', async () => {
    const { commands, session, host, answer } = setUp()
    commands.run('WAIT', '1', '1')
    session.wait?.cancel()
    host.now = 100
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect([session.wait, answer()]).toEqual([null, undefined])
  })
})
