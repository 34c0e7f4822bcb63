import { afterAll, beforeAll, expect, test } from 'vitest'
import { Args } from '../../base/args.ts'
import { describeSession, inputMemory, memoryOf, outputMemory, SESSION_BYTES } from './describe.ts'
import { FakeHost, Pairs, settle } from './testing.ts'

let pairs: Pairs

beforeAll(() => {
  pairs = new Pairs()
})

afterAll(() => pairs.close())

test('a client is described by what it holds and owes', async () => {
  const host = new FakeHost()
  const { session, client } = await pairs.open(host)
  expect(memoryOf(session)).toBe(SESSION_BYTES)
  const about = { nowMs: 3500, argumentBytes: 7, isDirty: false }
  expect(describeSession(session, about)).toMatch(
    /^id=1 addr=\S+t:0 laddr=\S+t:0 fd=\d+ name= age=3 idle=3 flags=U db=0 .* argv-mem=7 .* events=r cmd=NULL /,
  )
  session.transaction.isOpen = true
  session.transaction.enqueue(0, Args.of('SET', 'k', 'v'))
  session.transaction.noteWatch(0, 4)
  expect(inputMemory(session)).toBe(5 + 3 * 8 + 4 + 96)
  session.noEvict = true
  session.noTouch = true
  session.isBlocked = true
  session.name = 'a\0b'
  expect(describeSession(session, { ...about, isDirty: true })).toMatch(
    / name=a .* flags=xbdUeT .* multi=1 qbuf=0 qbuf-free=0 argv-mem=7 multi-mem=29 /,
  )
  client.write('*2\r\n$5\r\nLATER\r\n$1\r\nx\r\n*2\r\n$3\r\nNOW\r\n$4\r\nxxxx\r\n')
  while (host.commands.length < 2) await settle()
  expect(outputMemory(session)).toBe('$4\r\nxxxx\r\n'.length + 200)
  expect(describeSession(session, about)).toMatch(/ oll=1 omem=210 tot-mem=\d+ events=r /)
  expect(memoryOf(session)).toBe(SESSION_BYTES + inputMemory(session) + outputMemory(session))
})
