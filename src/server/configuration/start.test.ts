import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DirectoryHost } from './host.ts'
import { type StartOptions, startConfiguration } from './start.ts'

let directory = ''

beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'start-')))
  writeFileSync(join(directory, 'redis.conf'), 'save 900 1\nport 7000\nuser alice on\nmaxmemory-policy volatile-lru\n')
})

afterAll(() => rmSync(directory, { recursive: true }))

const start = (words: string[], options: StartOptions = {}) =>
  startConfiguration(words, { host: new DirectoryHost(directory), ...options })

test('the command line overrides the file, which is rewritten', () => {
  const started = start(['redis.conf', 'loglevel', 'verbose', '--port', '7001', '--save', '100', '100'])
  if (!('configuration' in started)) throw new Error(started.answer.errorText)
  const { configuration } = started
  expect(configuration.values.port).toBe(7001)
  expect(configuration.shown('save')).toBe('900 1 100 100')
  expect(configuration.file).toBe(join(directory, 'redis.conf'))
  expect(configuration.rewrite()).toBeNull()
  const again = start(['redis.conf'])
  expect('configuration' in again && again.configuration.values.port).toBe(7001)
})

test('without a file there is none to rewrite', () => {
  const started = start(['--port', '7002'])
  expect('configuration' in started && started.configuration.file).toBeNull()
})

test('what stops the start is printed', () => {
  const started = start(['redis.conf', '--port', 'x'])
  expect('answer' in started && started.answer).toMatchObject({ exitCode: 1, output: '' })
  expect('answer' in started && started.answer.errorText).toContain(`>>> 'port "x"'`)
  const refused = start(['redis.conf'], { checks: { user: () => 'duplicate user' } })
  expect('answer' in refused && refused.answer.errorText).toContain('duplicate user')
  expect('answer' in start(['--version'])).toBe(true)
})

test('a file that can not be opened is in the log', () => {
  const warnings: string[] = []
  const notices = { debug: () => {}, notice: () => {}, warning: (text: string) => void warnings.push(text) }
  const started = start(['none.conf'], { notices })
  expect('answer' in started && started.answer).toEqual({ exitCode: 1, output: '', errorText: '' })
  expect(warnings).toEqual([
    `Fatal error, can't open config file '${join(directory, 'none.conf')}': No such file or directory`,
  ])
})
