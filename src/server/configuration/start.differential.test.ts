/* What keeps redis-server from starting must keep this one from starting, with the same words on standard error. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { DirectoryHost } from './host.ts'
import { startConfiguration } from './start.ts'

vi.setConfig({ testTimeout: 30_000 })

let directory = ''

beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'configuration-')))
})

afterAll(() => rmSync(directory, { recursive: true }))

/** What each side prints of a configuration that keeps it from starting. */
function startErrors(words: readonly string[], input = ''): { theirs: string; mine: string } {
  const { stderr, status } = spawnSync('redis-server', words, {
    cwd: directory,
    encoding: 'utf8',
    input,
    timeout: 9000,
  })
  expect(status).toBe(1)
  const host = new DirectoryHost(directory)
  host.readStandardInput = () => bytesOf(input)
  const start = startConfiguration(words, { host })
  if (!('answer' in start)) throw new Error('started')
  expect(start.answer.exitCode).toBe(1)
  return { theirs: stderr.replace(/Redis 7\.0\.\d+/, 'Redis 7.2.4'), mine: start.answer.errorText }
}

test.each([
  ['port'],
  ['port 1 2'],
  ['  PORT  "x"  \r'],
  ['port "1'],
  ["port '1'2"],
  ['timeout -1'],
  ['maxmemory 1x'],
  ['unixsocketperm 1000'],
  ['unixsocketperm 9'],
  ['dir /nowhere/at/all'],
  ['save 1'],
  ['save "1 2 3"'],
  ['save ""\nsave 900 1\nsave "300 10 60 20"\nsave a b'],
  ['bind 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17'],
  ['replicaof no one\nreplicaof a 70000'],
  ['slaveof a'],
  ['client-output-buffer-limit bad 0 0 0'],
  ['shutdown-on-sigint save nosave'],
  ['shutdown-on-sigterm "now x"'],
  ['oom-score-adj-values 1 2'],
  ['proc-title-template "{x}"'],
  ['latency-tracking-info-percentiles 101'],
  ['appendfilename ""'],
  ['list-max-ziplist-entries 1\nlua-replicate-commands yes\nlist-max-ziplist-value 1 2'],
  ['a.b'],
  ['sentinel\nsentinel monitor x'],
  ['rename-command a'],
  ['user'],
  ['include'],
  ['include a b'],
  ['# comment\n\n   # another\nbad'],
  ['logfile /nowhere/at/all.log'],
  ['cluster-enabled yes\nreplicaof a 1'],
  ['include part.conf\nport 1'],
  ['include ./p*t.conf\nport 1'],
  ['include none*.conf\nbad'],
  ['include n*/part.conf\nbad'],
])('a file with %j is refused alike', (content) => {
  const path = join(directory, 'start.conf')
  writeFileSync(join(directory, 'part.conf'), 'hz 5\nbad included\n')
  writeFileSync(path, `loglevel notice\n${content}\n`)
  const { theirs, mine } = startErrors([path])
  expect(mine).toBe(theirs)
})

test.each([
  [['--invalid']],
  [['--port']],
  [['--port', '6380', '--appendfsync']],
  [['--port', '6379', '6380']],
  [['--port', '--appendfsync', 'always']],
  [['--port', '--bla', '--appendfsync', 'always']],
  [['--logfile', '--my--log--file', '--appendfsync', '--bla']],
  [['--shutdown-on-sigint']],
  [['--shutdown-on-sigint', 'now force', '--shutdown-on-sigterm']],
  [['--replicaof', '127.0.0.1', 'abc']],
  [['--replicaof', '--127.0.0.1', 'abc']],
  [['--replicaof', '--127.0.0.1', '--abc']],
  [['--save', '--appendfsync', 'x']],
  [['--save', '', '--appendfsync', 'x']],
  [['--SAVE', '--appendfsync', 'always', '--save', '', '--hz', 'x']],
  [['--hz 5', "--maxmemory '700mb'", '--maxmemory-policy volatile-x']],
  [['--proc-title-template', '--my {title}', '--appendfsync', 'x']],
  [['--appendfsync ', 'x']],
  [['--hz "5', '--port', '1']],
  [['-port', '1']],
  [['--port', '1', '-']],
  [['-', '--hz', '5']],
  [['part.conf', 'appendfsync', 'always', '--hz', 'x']],
  [['--requirepass', 'a"b\\c\n\u00e9', 'x']],
])('the command line %j is refused alike', (words) => {
  writeFileSync(join(directory, 'part.conf'), 'hz 5')
  const { theirs, mine } = startErrors(words, 'hz 7\nbad from standard input\n')
  expect(mine).toBe(theirs)
})
