import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { type AdditionChecks, loadConfiguration } from './config-file.ts'
import { Configuration } from './configuration.ts'
import { DirectoryHost } from './host.ts'

let directory = ''
let notices: string[] = []
let configuration: Configuration

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'config-file-')))
  notices = []
  const note = (level: string) => (text: string) => void notices.push(`${level} ${text}`)
  configuration = new Configuration({
    host: new DirectoryHost(directory),
    notices: { debug: note('.'), notice: note('*'), warning: note('#') },
  })
})

afterEach(() => rmSync(directory, { recursive: true }))

const write = (name: string, content: string) => writeFileSync(join(directory, name), content, 'latin1')
const load = (content: string, checks: AdditionChecks = {}) => {
  write('redis.conf', content)
  const sources = { file: join(directory, 'redis.conf'), standardInput: false, lines: '' }
  return loadConfiguration(configuration, sources, checks)
}
const shown = (name: string) => configuration.shown(name)

const fatal = (line: number, text: string, reason: string) => ({
  errorText:
    '\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\n' +
    `Reading the configuration file, at line ${line}\n>>> '${text}'\n${reason}\n`,
  logText: '',
})

test('lines are words, comments and blanks; a later line wins', () => {
  expect(
    load('# port 1\r\n\r\n \t port "7000"\r\n  # x\nPORT 7001\nrequirepass \'a b\' \nlogfile ""\nmaxmemory 1GB'),
  ).toBeNull()
  expect([shown('port'), shown('requirepass'), shown('maxmemory')]).toEqual(['7001', 'a b', '1073741824'])
  expect(notices).toEqual([])
})

test('any bytes survive', () => {
  expect(load('requirepass "\\xff\\x00\\n"\nmasterauth \xe9\xff')).toBeNull()
  expect([shown('requirepass'), shown('masterauth')]).toEqual(['\xff\0\n', '\xe9\xff'])
})

test('old names and new ones are the same', () => {
  expect(load('hash-max-listpack-entries 20\nhash-max-ziplist-entries 21\nslave-serve-stale-data no')).toBeNull()
  expect([shown('hash-max-listpack-entries'), shown('replica-serve-stale-data')]).toEqual(['21', 'no'])
})

test('lines of save add up, the first one replacing the preset', () => {
  expect(load('')).toBeNull()
  expect(shown('save')).toBe('3600 1 300 100 60 10000')
  expect(load('save 900 1\nsave 100 100 "50" 5\n')).toBeNull()
  expect(shown('save')).toBe('900 1 100 100 50 5')
})

test('save "" drops what was before it', () => {
  expect(load('save 900 1\nsave ""\nsave "60 1 30 2"')).toBeNull()
  expect(shown('save')).toBe('60 1 30 2')
})

test('output buffer limits are kept by class', () => {
  expect(load('client-output-buffer-limit replica 1mb 2mb 3\nclient-output-buffer-limit pubsub 1 2 3')).toBeNull()
  expect(shown('client-output-buffer-limit')).toBe('normal 0 0 0 slave 1048576 2097152 3 pubsub 1 2 3')
})

test('several words may be given as one', () => {
  expect(
    load('shutdown-on-sigterm "nosave force"\nshutdown-on-sigint nosave force now\nbind "127.0.0.1 ::1"'),
  ).toBeNull()
  expect(shown('shutdown-on-sigterm')).toBe('nosave force')
  expect(shown('shutdown-on-sigint')).toBe('nosave now force')
  expect(configuration.values.bind).toEqual(['127.0.0.1', '::1'])
})

test('dir takes effect at once, for all that follows', () => {
  mkdirSync(join(directory, 'data'))
  write('data/more.conf', 'timeout 9')
  expect(load('dir ./data\ninclude more.conf\nlogfile server.log')).toBeNull()
  expect(configuration.values.dir).toBe(join(directory, 'data'))
  expect(configuration.values.timeout).toBe(9)
  expect(readFileSync(join(directory, 'data/server.log'), 'utf8')).toBe('')
})

test('patterns include what they match, in order, and may match nothing', () => {
  mkdirSync(join(directory, 'conf.d'))
  write('conf.d/20.conf', 'timeout 20')
  write('conf.d/10.conf', 'timeout 10\nhz 30')
  write('conf.d/.hidden.conf', 'bad')
  write('conf.d/x.txt', 'bad')
  mkdirSync(join(directory, 'conf.d/30.conf'))
  expect(
    load('include conf.d/[12]*.conf\ninclude none*.conf\ninclude */none.conf\ninclude c*.d/[!x2.]?.con[f]'),
  ).toMatchObject({
    logText: `Fatal error, can't open config file 'conf.d/30.conf': Is a directory`,
  })
  expect([shown('timeout'), shown('hz')]).toEqual(['20', '30'])
  expect(load(`include ${directory}/conf.d/../conf.d/1*`)).toBeNull()
  expect(shown('timeout')).toBe('10')
})

test('a file that is missing is a matter for the log', () => {
  expect(load('include none.conf')).toEqual({
    errorText: '',
    logText: "Fatal error, can't open config file 'none.conf': No such file or directory",
  })
})

test('a file that includes itself is refused', () => {
  expect(load('include redis.conf')?.errorText).toContain('include: too many levels of included files')
})

test('errors name the line', () => {
  expect(load('# one\n\n  Port  "x" \n')).toEqual(fatal(3, 'Port  "x"', "argument couldn't be parsed into an integer"))
  expect(load('bad')).toEqual(fatal(1, 'bad', 'Bad directive or wrong number of arguments'))
  expect(load('port 1 2')).toEqual(fatal(1, 'port 1 2', 'wrong number of arguments'))
  expect(load('port "1')).toEqual(fatal(1, 'port "1', 'Unbalanced quotes in configuration line'))
  expect(load('dir d\xc3\xa9')).toEqual(fatal(1, 'dir dé', 'No such file or directory'))
  expect(load('loadmodule /x.so 1')).toEqual(
    fatal(1, 'loadmodule /x.so 1', "Can't load module from /x.so: there is no module API"),
  )
  expect(load('graph.threads 4')).toEqual(fatal(1, 'graph.threads 4', "No module is loaded that has 'graph.threads'"))
})

test('words of long ago are accepted', () => {
  expect(load('list-max-ziplist-entries 1\nlist-max-ziplist-value 2\nlua-replicate-commands yes')).toBeNull()
})

test('additions are kept in order, and checked if someone can', () => {
  const content = 'rename-command FLUSHALL ""\nuser alice on\nrename-command A b\nuser bob'
  expect(load(content)).toBeNull()
  expect(configuration.additions).toEqual({
    'rename-command': [
      ['FLUSHALL', ''],
      ['A', 'b'],
    ],
    user: [['alice', 'on'], ['bob']],
  })
  const checks = { user: (words: readonly string[]) => (words[0] === 'bob' ? `no ${words[0]}` : null) }
  expect(load(content, checks)).toEqual(fatal(4, 'user bob', 'no bob'))
  expect(load('rename-command a')).toEqual(fatal(1, 'rename-command a', 'Bad directive or wrong number of arguments'))
})

test('a cluster node has one database and no replicaof', () => {
  expect(load('cluster-enabled yes')).toBeNull()
  expect(configuration.values.databases).toBe(1)
  expect(notices).toEqual(['# WARNING: Changing databases number from 16 to 1 since we are in cluster mode'])
  expect(load('replicaof a 1')?.errorText).toBe(
    '\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nreplicaof directive not allowed in cluster mode\n',
  )
})

test('what has no effect is said, once it differs from the preset', () => {
  expect(
    load(
      'daemonize yes\nio-threads 4\nsyslog-enabled no\nbio_cpulist 1-3\n' +
        'activedefrag yes\nappendonly yes\nreplicaof a 1',
    ),
  ).toBeNull()
  expect(notices).toEqual([
    '# WARNING: bio_cpulist 1-3 has no effect: threads are placed by the operating system',
    '# WARNING: io-threads 4 has no effect: shard-workers sets the number of threads',
    '# WARNING: activedefrag yes has no effect: there is no jemalloc to defragment',
    '# WARNING: appendonly yes has no effect: data are kept in memory alone',
    '# WARNING: replicaof a 1 has no effect: this server is always a primary',
  ])
})

test('standard input follows the file, the command line follows both', () => {
  write('redis.conf', 'timeout 1\nhz 11\nport 1111')
  configuration.host.readStandardInput = () => bytesOf('\nhz 22\nport 2222\n')
  const sources = { file: join(directory, 'redis.conf'), standardInput: true, lines: 'port "3333"' }
  expect(loadConfiguration(configuration, sources)).toBeNull()
  expect([shown('timeout'), shown('hz'), shown('port')]).toEqual(['1', '22', '3333'])
  expect(notices).toEqual(['* Reading config from stdin'])
})
