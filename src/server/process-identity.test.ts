import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Log } from '../observability/log.ts'
import { isInBackground, startInBackground } from './background.ts'
import { Configuration } from './configuration/configuration.ts'
import { followTitle, removePidFile, writePidFile } from './process-identity.ts'

let directory = ''
const log = new Log({ clock: { nowMs: () => 0, monotonicUs: () => 0 } })
const warnings: string[] = []
log.warning = (text) => warnings.push(text)

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'identity-'))
})

afterAll(() => rmSync(directory, { recursive: true }))

function withDirectives(directives: Record<string, string>): Configuration {
  const configuration = new Configuration()
  for (const [name, value] of Object.entries(directives)) expect(configuration.take(name, [value])).toBeNull()
  return configuration
}

test('the pid file holds the pid while there is one to write', () => {
  const path = join(directory, 'pid')
  expect(writePidFile(withDirectives({ pidfile: path }), log, false)).toBe(path)
  expect(readFileSync(path, 'latin1')).toBe(`${process.pid}\n`)
  removePidFile(path)
  expect(existsSync(path)).toBe(false)
  removePidFile(path)
  expect(writePidFile(withDirectives({}), log, false)).toBe('')
  writePidFile(withDirectives({ pidfile: join(directory, 'missing', 'pid') }), log, false)
  expect(warnings).toEqual(['Failed to write PID file: No such file or directory'])
})

test('the title follows its template and what that shows', () => {
  const before = process.title
  const configuration = withDirectives({ port: '7001', 'proc-title-template': '{title} {port}' })
  followTitle(configuration)
  expect(process.title).toBe('spinel-server 7001')
  configuration.set([['proc-title-template', 'x{port}']], { local: true, loading: false })
  expect(process.title).toBe('x7001')
  process.title = before
  followTitle(withDirectives({ 'set-proc-title': 'no' }))
  expect(process.title).toBe(before)
})

test('a configuration from the standard input stays in the foreground', () => {
  expect(isInBackground()).toBe(false)
  const before = process.argv
  process.argv = [...before.slice(0, 2), '-', '--daemonize', 'yes']
  expect(startInBackground(directory)).toBe("daemonize can't be used with a configuration from the standard input")
  process.argv = before
})
