import { expect, test } from 'vitest'
import type { Clock } from '../base/ports.ts'
import { Log } from '../observability/log.ts'
import { Configuration } from './configuration/configuration.ts'
import { fitMaxClients, openFilesLimit, refuseMaxClients } from './open-files.ts'

const clock: Clock = { nowMs: () => 0, monotonicUs: () => 0 }

/** A configuration of one worker, which needs 40 descriptors besides its clients', and a log that remembers. */
function setUp(maxclients: number): { configuration: Configuration; log: Log; warnings: string[] } {
  const configuration = new Configuration()
  expect(configuration.take('maxclients', [String(maxclients)])).toBeNull()
  expect(configuration.take('shard-workers', ['1'])).toBeNull()
  const log = new Log({ clock })
  const warnings: string[] = []
  log.warning = (text) => warnings.push(text)
  return { configuration, log, warnings }
}

test('reads the soft limit', () => {
  const lines = (value: string) =>
    `Limit                     Soft Limit           Hard Limit\nMax open files            ${value} 20000 files\n`
  expect(openFilesLimit(lines('1024'))).toBe(1024)
  expect(openFilesLimit(lines('unlimited'))).toBe(Number.POSITIVE_INFINITY)
  expect(openFilesLimit('')).toBeNull()
  expect(openFilesLimit()).toBeGreaterThan(0)
})

test('leaves maxclients alone when there is room', () => {
  const { configuration, log, warnings } = setUp(1000)
  expect(fitMaxClients(configuration, log, 1040)).toBe(true)
  expect(configuration.values.maxclients).toBe(1000)
  expect(warnings).toEqual([])
})

test('cuts maxclients to the limit and says so', () => {
  const { configuration, log, warnings } = setUp(10000)
  expect(fitMaxClients(configuration, log, 1024)).toBe(true)
  expect(configuration.values.maxclients).toBe(984)
  expect(warnings).toEqual([
    'You requested maxclients of 10000 requiring at least 10040 max file descriptors.',
    "Server can't set maximum open files to 10040 because of OS error: Operation not permitted.",
    'Current maximum open files is 1024. maxclients has been reduced to 984 to compensate for low ulimit. If you ' +
      "need higher maxclients increase 'ulimit -n'.",
  ])
})

test('does not start without room for one client', () => {
  const { configuration, log, warnings } = setUp(100)
  expect(fitMaxClients(configuration, log, 40)).toBe(false)
  expect(warnings).toEqual([
    "Your current 'ulimit -n' of 40 is not enough for the server to start. Please increase your open file limit to " +
      'at least 140. Exiting.',
  ])
})

test('assumes 1024 when the limit can not be read', () => {
  const { configuration, log, warnings } = setUp(10000)
  expect(fitMaxClients(configuration, log, null)).toBe(true)
  expect(configuration.values.maxclients).toBe(984)
  expect(warnings[0]).toMatch(/^Unable to obtain the current NOFILE limit, assuming 1024/)
})

test('CONFIG SET beyond the limit is refused with what is possible', () => {
  const { configuration } = setUp(985)
  expect(refuseMaxClients(configuration, 1025)).toBeNull()
  expect(refuseMaxClients(configuration, 1024)).toBe(
    'The operating system is not able to handle the specified number of clients, try with 984',
  )
})
