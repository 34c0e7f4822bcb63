import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Log } from '../observability/log.ts'
import { Configuration } from './configuration/configuration.ts'
import { followOomScore } from './oom-score.ts'

const LOCAL = { local: true, loading: false }

let directory = ''
let file = ''
let warnings: string[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oom-score-'))
  file = join(directory, 'oom_score_adj')
  writeFileSync(file, '22\n')
  warnings = []
})

afterEach(() => rmSync(directory, { recursive: true }))

function follow(...directives: [string, string[]][]): Configuration {
  const configuration = new Configuration()
  for (const [name, words] of directives) expect(configuration.take(name, words)).toBeNull()
  const log = new Log({ clock: { nowMs: () => 0, monotonicUs: () => 0 } })
  log.warning = (text) => warnings.push(text)
  followOomScore(configuration, log, file)
  return configuration
}

const score = () => Number(readFileSync(file, 'latin1'))

test('yes adds to the score the process has, absolute replaces it, no puts it back', () => {
  const configuration = follow()
  expect(score()).toBe(22)
  const set = (...pairs: [string, string][]) => expect(configuration.set(pairs, LOCAL)).toBeNull()
  set(['oom-score-adj-values', '9 10 11'])
  expect(score()).toBe(22)
  set(['oom-score-adj', 'yes'])
  expect(score()).toBe(31)
  set(['oom-score-adj-values', '-15 20 30'])
  expect(score()).toBe(7)
  set(['oom-score-adj', 'absolute'])
  expect(score()).toBe(-15)
  set(['oom-score-adj-values', '2000 2000 2000'], ['oom-score-adj', 'relative'])
  expect(score()).toBe(1000)
  set(['oom-score-adj', 'no'])
  expect(score()).toBe(22)
  // What somebody else sets meanwhile is the base from then on.
  writeFileSync(file, '40')
  set(['oom-score-adj-values', '1 1 1'], ['oom-score-adj', 'yes'])
  expect(score()).toBe(41)
})

test('a score in redis.conf is set at once', () => {
  follow(['oom-score-adj', ['yes']], ['oom-score-adj-values', ['100', '200', '300']])
  expect(score()).toBe(122)
})

test('what the system refuses is refused, and stays as it was', () => {
  const configuration = follow()
  rmSync(file)
  const refusal = configuration.set([['oom-score-adj', 'yes']], LOCAL)
  expect(refusal).toContain("(possibly related to argument 'oom-score-adj') - Failed to set current oom_score_adj.")
  expect(configuration.values['oom-score-adj']).toBe('no')
  expect(warnings[0]).toBe('Unable to write oom_score_adj: No such file or directory')
})
