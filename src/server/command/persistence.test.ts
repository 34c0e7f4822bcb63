import { expect, test } from 'vitest'
import type { Session } from '../../io/session/session.ts'
import { fakeSession, TestFamily } from '../../observability/testing.ts'
import { persistenceFamily } from './persistence.ts'

function setUp(isRunning = false) {
  const state = { isSaving: false, mayStart: true, maySave: true, done: [] as string[] }
  const note = (what: string, answer: boolean) => {
    state.done.push(what)
    return answer
  }
  const persistence = {
    get isSaving() {
      return state.isSaving
    },
    lastSaveSeconds: 5,
    start: () => note('start', state.mayStart),
    schedule: () => note('schedule', true),
    saveForClient: () => note('save', state.maySave),
  }
  const commands = new TestFamily(
    [persistenceFamily(() => ({ persistence, holding: (_session, reply, action) => action(reply) }))],
    fakeSession({ transaction: { isRunning } as Session['transaction'] }),
  )
  return { state, commands }
}

const IN_PROGRESS = { text: 'ERR Background save already in progress' }

test('LASTSAVE tells when it was', () => {
  expect(setUp().commands.run('LASTSAVE')).toBe(5)
})

test('SAVE answers when all is saved, or could not be', () => {
  const { commands, state } = setUp()
  expect(commands.run('SAVE')).toBe('OK')
  state.maySave = false
  expect(commands.run('SAVE')).toEqual({ text: 'ERR' })
  state.isSaving = true
  expect(commands.run('SAVE')).toEqual(IN_PROGRESS)
  expect(state.done).toEqual(['save', 'save'])
})

test('BGSAVE begins a save, or has one begun as soon as that can be', () => {
  const { commands, state } = setUp()
  expect(commands.run('BGSAVE')).toBe('Background saving started')
  expect(commands.run('BGSAVE', 'schedule')).toBe('Background saving started')
  state.mayStart = false
  expect(commands.run('BGSAVE')).toBe('Background saving scheduled')
  state.isSaving = true
  expect(commands.run('BGSAVE')).toEqual(IN_PROGRESS)
  expect(commands.run('BGSAVE', 'SCHEDULE')).toEqual(IN_PROGRESS)
  expect(commands.run('BGSAVE', 'now')).toEqual({ text: 'ERR syntax error' })
  expect(commands.run('BGSAVE', 'schedule', 'x')).toEqual({ text: 'ERR syntax error' })
  expect(state.done).toEqual(['start', 'start', 'start', 'schedule'])
})

test('in a transaction it comes later', () => {
  const { commands, state } = setUp(true)
  expect(commands.run('BGSAVE')).toBe('Background saving scheduled')
  expect(state.done).toEqual(['schedule'])
})
