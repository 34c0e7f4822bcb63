import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../base/ports.ts'
import { LOG_LEVELS, Log, logTime } from './log.ts'

const NOW = new Date(2026, 10, 2, 3, 4, 5, 67).getTime()
const clock: Clock = { nowMs: () => NOW, monotonicUs: () => 0 }

let directory = ''
let log: Log

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-'))
  log = new Log({ clock, pid: 1234 })
  log.file = join(directory, 'server.log')
})

afterEach(() => rmSync(directory, { recursive: true }))

const written = () => readFileSync(log.file, 'utf8')

test('time has fixed width', () => {
  expect(logTime(NOW)).toBe('02 Nov 2026 03:04:05.067')
  expect(logTime(new Date(2026, 0, 31, 23, 59, 59, 999).getTime())).toBe('31 Jan 2026 23:59:59.999')
})

test("lines have redis-server's form", () => {
  log.level = 'debug'
  log.debug('one')
  log.verbose('two')
  log.role = 'S'
  log.notice('three')
  log.role = 'X'
  log.received(3, 'four ✓')
  const head = (role: string) => `1234:${role} 02 Nov 2026 03:04:05.067`
  expect(written()).toBe(`${head('M')} . one\n${head('M')} - two\n${head('S')} * three\n${head('X')} # four ✓\n`)
})

test.each(LOG_LEVELS)('at level %s only lines of that level and above are written', (level) => {
  log.level = level
  log.warning('first, so that the file exists')
  if (level === 'nothing') {
    expect(() => written()).toThrow()
    return
  }
  for (const each of ['debug', 'verbose', 'notice', 'warning'] as const) log[each](each)
  const seen: string[] = written().match(/[a-z]+$/gm) ?? []
  expect(seen).toEqual(['exists', ...LOG_LEVELS.slice(LOG_LEVELS.indexOf(level), -1)])
  for (const each of LOG_LEVELS) expect(log.writes(each)).toBe(each === 'nothing' || seen.includes(each))
})

test('raw text has no head and the level of a notice', () => {
  log.raw('a\n  b\n')
  log.level = 'warning'
  log.raw('c\n')
  expect(written()).toBe('a\n  b\n')
})

test('a file that is renamed goes on under the old name', () => {
  log.notice('before')
  renameSync(log.file, `${log.file}.1`)
  log.notice('after')
  expect(readFileSync(`${log.file}.1`, 'utf8')).toContain('before')
  expect(written()).toMatch(/^1234:M .* \* after\n$/)
})

test('a file that cannot be opened drops the line', () => {
  log.file = join(directory, 'missing', 'server.log')
  expect(() => log.warning('lost')).not.toThrow()
})

/** Looking at process.stdout makes a pipe non-blocking: writes to it are refused while it is full. */
const CHATTER = `
  import { Log } from ${JSON.stringify(new URL('./log.ts', import.meta.url).href)}
  import { systemClock } from ${JSON.stringify(new URL('../base/ports.ts', import.meta.url).href)}
  const log = new Log({ clock: systemClock })
  if (!process.stdout.writable) process.exit(1)
  for (let i = 0; i < 20000; i++) log.notice('line ' + i + ' of a full pipe')
  process.kill(process.pid, 'SIGKILL')
`

test('nothing is lost on a full pipe, nor when the process is killed', () => {
  const slowReader = `"$0" --input-type=module-typescript -e "$1" | (sleep 0.2; wc -l)`
  const { stdout } = spawnSync('sh', ['-c', slowReader, process.execPath, CHATTER], { encoding: 'utf8' })
  expect(Number(stdout)).toBe(20000)
})
