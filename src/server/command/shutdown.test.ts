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
let hasData = false

beforeEach(() => {
  done.length = 0
  hasData = false
  configuration = new Configuration()
  const log = new Log({ clock: { nowMs: () => 0, monotonicUs: () => 0 } })
  log.notice = (text) => done.push(text)
  log.warning = log.notice
  log.fromSignal = log.notice
  shutdown = new Shutdown({
    configuration,
    log,
    withdraw: () => done.push('<withdrawn>'),
    hasData: () => hasData,
    exit: (code) => done.push(`<exit ${code}>`),
  })
})

function ask(...words: string[]): string {
  const reply = new Reply()
  const [command] = shutdownFamily(() => shutdown).commands
  command.handler?.({} as never, Args.of('SHUTDOWN', ...words), reply)
  return Buffer.from(reply.bytes.subarray(0, reply.length)).toString('latin1')
}

const ENDING = ['User requested shutdown...', '<withdrawn>', 'Redis is now ready to exit, bye bye...', '<exit 0>']

test.each([[[]], [['NOSAVE']], [['now', 'FORCE']], [['NOSAVE', 'nosave']]])('%j ends the process', (words) => {
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

test('SAVE can not be done, unless it may fail', () => {
  expect(ask('SAVE')).toBe('-ERR Errors trying to SHUTDOWN. Check logs.\r\n')
  expect(done).toContain("Error trying to save the DB, can't exit.")
  expect(done).not.toContain('<exit 0>')
  expect(ask('SAVE', 'FORCE')).toBe('')
  expect(done.at(-1)).toBe('<exit 0>')
})

test('what save points would have saved is named as lost, unless NOSAVE was said or there is nothing', () => {
  const warned = () => done.some((text) => text.includes('the data set is lost'))
  ask()
  expect(warned()).toBe(false)
  hasData = true
  ask('NOSAVE')
  expect(warned()).toBe(false)
  ask()
  expect(warned()).toBe(true)
  done.length = 0
  configuration.take('save', [''])
  ask()
  expect(warned()).toBe(false)
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
  expect(done.slice(-4)).toEqual(ENDING)
})

test('signals do as their directives say', () => {
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
