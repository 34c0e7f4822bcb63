import { beforeEach, expect, test } from 'vitest'
import { Args } from '../../base/args.ts'
import { Reply } from '../../base/reply.ts'
import { Log } from '../../observability/log.ts'
import { Configuration } from '../configuration/configuration.ts'
import { Shutdown } from '../shutdown.ts'
import { shutdownFamily } from './shutdown.ts'

const done: string[] = []
let configuration: Configuration
let shutdown: Shutdown
let mayBeSaved = true

beforeEach(() => {
  done.length = 0
  mayBeSaved = true
  configuration = new Configuration()
  const log = new Log({ clock: { nowMs: () => 0, monotonicUs: () => 0 } })
  log.notice = (text) => done.push(text)
  log.warning = log.notice
  log.fromSignal = log.notice
  shutdown = new Shutdown({
    configuration,
    log,
    withdraw: () => done.push('<withdrawn>'),
    isLoading: false,
    isSaving: false,
    dropSave: () => {},
    saveNow: () => {
      done.push('<saved>')
      return mayBeSaved
    },
    exclusively: (action) => {
      action()
      return true
    },
    exit: (code) => done.push(`<exit ${code}>`),
  })
})

function ask(...words: string[]): string {
  const reply = new Reply()
  const holding = (_session: unknown, target: Reply, action: (target: Reply) => void) => action(target)
  const [command] = shutdownFamily(() => ({ shutdown, isLoading: false, holding })).commands
  command.handler?.({} as never, Args.of('SHUTDOWN', ...words), reply)
  return Buffer.from(reply.bytes.subarray(0, reply.length)).toString('latin1')
}

const ENDING = ['User requested shutdown...', '<withdrawn>', 'Redis is now ready to exit, bye bye...', '<exit 0>']

const SAVING = [ENDING[0], 'Saving the final RDB snapshot before exiting.', '<saved>', ...ENDING.slice(1)]

test.each([[['NOSAVE']], [['now', 'NOSAVE', 'FORCE']], [['NOSAVE', 'nosave']]])('%j ends the process', (words) => {
  expect(ask(...words)).toBe('')
  expect(done).toEqual(ENDING)
})

test.each([[['x']], [['SAVE', 'NOSAVE']], [['ABORT', 'FORCE']], [['NOSAVE', 'ABORT']]])(
  '%j is no way to end it',
  (words) => {
    expect(ask(...words)).toBe('-ERR syntax error\r\n')
    expect(done).toEqual([])
  },
)

test('the data set is saved when save points say so, or SAVE does', () => {
  expect(ask()).toBe('')
  expect(done).toEqual(SAVING)
  done.length = 0
  configuration.take('save', [''])
  expect(ask('NOW')).toBe('')
  expect(done).toEqual(ENDING)
  done.length = 0
  expect(ask('SAVE')).toBe('')
  expect(done).toEqual(SAVING)
})

test('what can not be saved goes on, unless it is forced to end', () => {
  mayBeSaved = false
  expect(ask()).toBe('-ERR Errors trying to SHUTDOWN. Check logs.\r\n')
  expect(done).toContain("Error trying to save the DB, can't exit.")
  expect(done).not.toContain('<exit 0>')
  expect(ask('SAVE', 'FORCE')).toBe('')
  expect(done).toContain('Error trying to save the DB. Exit anyway.')
  expect(done.at(-1)).toBe('<exit 0>')
})

test('a signal waits for the cron, and may be called off', () => {
  shutdown.obeySignal()
  shutdown.signalled('SIGTERM')
  expect(done).toEqual(['Received SIGTERM scheduling shutdown...'])
  expect(ask('ABORT')).toBe('+OK\r\n')
  expect(ask('ABORT')).toBe('-ERR No shutdown in progress.\r\n')
  shutdown.obeySignal()
  expect(done.at(-1)).toBe('Shutdown manually aborted.')
  shutdown.signalled('SIGINT')
  shutdown.obeySignal()
  expect(done.slice(-SAVING.length)).toEqual(SAVING)
})

test('signals do as their directives say', () => {
  mayBeSaved = false
  configuration.take('shutdown-on-sigterm', ['save'])
  shutdown.signalled('SIGTERM')
  shutdown.obeySignal()
  expect(done.at(-1)).toBe('Errors trying to shut down the server. Check the logs for more information.')
  // Refused, it is over.
  done.length = 0
  shutdown.obeySignal()
  expect(done).toEqual([])
})

test('a second SIGINT does not wait', () => {
  shutdown.signalled('SIGINT')
  shutdown.signalled('SIGINT')
  expect(done.slice(-2)).toEqual(['You insist... exiting now.', '<exit 1>'])
})
