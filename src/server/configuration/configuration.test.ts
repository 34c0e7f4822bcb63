import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { splitWords } from './byte-text.ts'
import { Configuration, type Setter } from './configuration.ts'
import { DirectoryHost } from './host.ts'

let directory = ''
let notices: string[] = []
let configuration: Configuration

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'configuration-')))
  notices = []
  const note = (level: string) => (text: string) => void notices.push(`${level} ${text}`)
  configuration = new Configuration({
    host: new DirectoryHost(directory),
    notices: { debug: note('.'), notice: note('*'), warning: note('#') },
  })
})

afterEach(() => rmSync(directory, { recursive: true }))

const client: Setter = { local: true, loading: false }
const set = (...words: string[]) => {
  const pairs = words.flatMap((word, index): [string, string][] => (index % 2 === 0 ? [[word, words[index + 1]]] : []))
  return configuration.set(pairs, client)
}
const get = (name: string) => configuration.get([name])[0]?.[1]
const failed = (name: string, reason: string) =>
  `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`

describe('values', () => {
  test('follow what is set', () => {
    expect(set('timeout', '30', 'MaxMemory', '1gb', 'dynamic-hz', 'no', 'maxmemory-policy', 'AllKeys-LRU')).toBeNull()
    const { values } = configuration
    expect([values.timeout, values.maxmemory, values['dynamic-hz'], values['maxmemory-policy']]).toEqual([
      30,
      2 ** 30,
      false,
      'allkeys-lru',
    ])
  })

  test('of passwords are bytes, of paths text', () => {
    expect(set('requirepass', '\xff\x00', 'dbfilename', 'd\xc3\xa9.rdb')).toBe(
      failed('dbfilename', "can't set protected config"),
    )
    expect(configuration.take('enable-protected-configs', ['yes'])).toBeNull()
    expect(set('requirepass', '\xff\x00', 'dbfilename', 'd\xc3\xa9.rdb')).toBeNull()
    expect(configuration.values.requirepass).toEqual(bytesOf('\xff\x00'))
    expect(configuration.values.dbfilename).toBe('dé.rdb')
    expect(get('dbfilename')).toBe('d\xc3\xa9.rdb')
  })

  test('larger than a number holds are shown to the last digit', () => {
    expect(set('cluster-node-timeout', '9223372036854775807', 'maxmemory', '18446744073709551615')).toBeNull()
    expect(get('cluster-node-timeout')).toBe('9223372036854775807')
    expect(get('maxmemory')).toBe('18446744073709551615')
    expect(configuration.values.maxmemory).toBe(2 ** 64)
  })

  test('out of what makes sense are brought into it', () => {
    expect(set('hz', '0')).toBeNull()
    expect(configuration.values.hz).toBe(1)
    expect(set('hz', '10000', 'repl-backlog-size', '1')).toBeNull()
    expect([get('hz'), get('repl-backlog-size')]).toEqual(['500', '16384'])
  })

  test('that the server decides on are checked, and nobody is told', () => {
    let told = 0
    configuration.onChange('maxclients', () => {
      told++
      return null
    })
    configuration.assign('maxclients', '4064')
    configuration.assign('replicaof', '127.0.0.1', '7000')
    expect(configuration.values.maxclients).toBe(4064)
    expect(configuration.values.replicaof).toEqual({ host: '127.0.0.1', port: 7000 })
    expect(get('slaveof')).toBe('127.0.0.1 7000')
    configuration.assign('replicaof', 'no', 'one')
    expect(get('replicaof')).toBe('')
    expect(() => configuration.assign('maxclients', '0')).toThrow('between 1 and')
    expect(told).toBe(0)
  })
})

describe('CONFIG GET', () => {
  test('shows each name once, aliases beside what they stand for', () => {
    const names = configuration.get(['maxmemory', 'maxmemory*', 'bind', '*of']).map(([name]) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(expect.arrayContaining(['maxmemory', 'maxmemory-clients', 'bind', 'replicaof', 'slaveof']))
  })

  test('shows a name as it was asked for', () => {
    expect(configuration.get(['TimeOut', 'TIMEOUT', 'time*'])).toEqual([['TimeOut', '0']])
    expect(configuration.get(['TIME*'])).toEqual([['timeout', '0']])
  })

  test('shows hidden directives only by name', () => {
    expect(configuration.get(['key-load-dela*'])).toEqual([])
    expect(configuration.get(['key-load-delay'])).toEqual([['key-load-delay', '0']])
  })

  test("shows this server's own directives", () => {
    const names = configuration.get(['*']).map(([name]) => name)
    expect(names).toEqual(expect.arrayContaining(['shard-workers', 'shards', 'inline-execution']))
  })

  test('knows no others', () => {
    expect(configuration.get(['nothing', 'no*thing'])).toEqual([])
    expect(() => configuration.shown('nothing')).toThrow('no directive nothing')
  })
})

describe('CONFIG SET', () => {
  test.each([
    ['nothing', '1', "ERR Unknown option or number of arguments for CONFIG SET - 'nothing'"],
    ['a\r\nb', '1', "ERR Unknown option or number of arguments for CONFIG SET - 'a  b'"],
    ['daemonize', 'yes', failed('daemonize', "can't set immutable config")],
    ['DIR', '.', failed('DIR', "can't set protected config")],
    ['TIMEOUT', '-1', failed('timeout', 'argument must be between 0 and 2147483647 inclusive')],
    ['slave-priority', 'x', failed('slave-priority', "argument couldn't be parsed into an integer")],
    ['appendonly', 'maybe', failed('appendonly', "argument must be 'yes' or 'no'")],
    ['maxmemory', '1x', failed('maxmemory', 'argument must be a memory value')],
    ['maxmemory-clients', '200%', failed('maxmemory-clients', 'percentage argument must be less or equal to 100')],
    [
      'inline-execution',
      'x',
      failed('inline-execution', 'argument(s) must be one of the following: auto, never, always'),
    ],
    [
      'notify-keyspace-events',
      'KX',
      failed('notify-keyspace-events', "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
    ],
  ])('%j %j is refused', (name, value, reply) => {
    expect(set(name, value)).toBe(reply)
  })

  test('is all or nothing', () => {
    expect(set('maxmemory', '10000002')).toBeNull()
    expect(set('maxmemory', '10000001', 'maxmemory-clients', '200%', 'client-query-buffer-limit', 'invalid')).toBe(
      failed('maxmemory-clients', 'percentage argument must be less or equal to 100'),
    )
    expect(configuration.values.maxmemory).toBe(10000002)
    expect(set('maxmemory', '1', 'MAXMEMORY', '2')).toBe(failed('MAXMEMORY', 'duplicate parameter'))
    expect(set('maxmemory', '1', 'daemonize', 'yes')).toBe(failed('daemonize', "can't set immutable config"))
    expect(configuration.values.maxmemory).toBe(10000002)
  })

  test('of a directive and its alias takes the later', () => {
    expect(set('replica-priority', '1', 'slave-priority', '2')).toBeNull()
    expect(get('replica-priority')).toBe('2')
    expect(set('replica-priority', '5', 'slave-priority', 'x')).toContain('slave-priority')
    expect(get('replica-priority')).toBe('2')
  })

  test('waits for the data set where it has to', () => {
    const loading = { local: true, loading: true }
    expect(configuration.set([['loglevel', 'debug']], loading)).toBeNull()
    for (const name of ['appendonly', 'repl-diskless-load']) {
      expect(configuration.set([[name, 'x']], loading)).toBe('LOADING Redis is loading the dataset in memory')
    }
  })

  test.each([
    ['no', [false, false]],
    ['local', [true, false]],
    ['yes', [true, true]],
  ])('protected directives with %s', (value, allowed) => {
    configuration.take('enable-protected-configs', [value])
    const tried = [true, false].map((local) => configuration.set([['dbfilename', 'x']], { local, loading: false }))
    expect(tried.map((reply) => reply === null)).toEqual(allowed)
  })

  test('of an immutable directive of our own may repeat its value', () => {
    expect(set('shards', '0')).toBeNull()
    expect(set('shards', '8')).toBe(failed('shards', "can't set immutable config"))
  })

  test('of the directory moves there, and back when something else fails', () => {
    configuration.take('enable-protected-configs', ['yes'])
    mkdirSync(join(directory, 'sub'))
    expect(set('dir', 'none')).toBe(failed('dir', 'No such file or directory'))
    expect(set('dir', 'sub', 'timeout', 'x')).toContain("'timeout'")
    expect(configuration.host.workingDirectory()).toBe(directory)
    expect(set('dir', 'sub')).toBeNull()
    expect([get('dir'), configuration.values.dir]).toEqual([join(directory, 'sub'), join(directory, 'sub')])
    expect(configuration.host.workingDirectory()).toBe(join(directory, 'sub'))
  })

  test('of defragmentation is refused, but not in a file', () => {
    expect(set('activedefrag', 'no')).toBeNull()
    expect(set('activedefrag', 'yes')).toContain('Active defragmentation cannot be enabled')
    expect(set('appendonly', 'no')).toBeNull()
    expect(set('appendonly', 'yes')).toContain('The append only file is not supported by this version')
    expect(configuration.take('activedefrag', ['yes'])).toBeNull()
    expect(set('activedefrag', 'yes')).toBeNull()
  })

  test('warns of doubtful values', () => {
    expect(set('oom-score-adj-values', '0 -1 5')).toBeNull()
    expect(notices[0]).toContain('# The oom-score-adj-values configuration may not work for non-privileged processes!')
  })

  test('tells which arguments are secret', () => {
    expect(
      ['requirepass', 'MasterAuth', 'masteruser', 'maxmemory', 'x'].map((name) => configuration.isSensitive(name)),
    ).toEqual([true, true, true, false, false])
  })
})

describe('listeners', () => {
  let calls: string[] = []
  const called = (text: string) => {
    calls.push(text)
    return null
  }
  const listen = (name: 'port' | 'timeout' | 'hz', reason: () => string | null = () => null) =>
    configuration.onChange(name, (value) => {
      calls.push(`${name} ${value}`)
      return reason()
    })

  beforeEach(() => {
    calls = []
  })

  test('are called with a new value, not with the same', () => {
    listen('timeout')
    set('timeout', '5')
    set('timeout', '5')
    set('timeout', 'x')
    set('port', '7000')
    expect(calls).toEqual(['timeout 5'])
  })

  test('of what may have changed outside are called every time', () => {
    configuration.onChange('tls-cert-file', (value) => called(value))
    configuration.onChange('bind', (value) => called(value.join('+')))
    set('tls-cert-file', 'a', 'bind', '1 2')
    set('tls-cert-file', 'a', 'bind', '1 2')
    expect(calls).toEqual(['a', '1+2', 'a', '1+2'])
  })

  test('of several directives are called once for all', () => {
    configuration.onChange(['min-replicas-to-write', 'min-replicas-max-lag'], (value) => called(`${value}`))
    expect(set('min-slaves-max-lag', '3', 'min-replicas-to-write', '4')).toBeNull()
    expect(calls).toEqual(['3'])
  })

  test('see all new values, in the order of the pairs', () => {
    listen('hz')
    configuration.onChange('timeout', () => called(`hz is ${configuration.values.hz}`))
    set('timeout', '1', 'hz', '20')
    expect(calls).toEqual(['hz is 20', 'hz 20'])
  })

  test('that refuse have everything put back, and those called are called again', () => {
    const taken = () =>
      configuration.values.port === 7001 ? 'Unable to listen on this port. Check server logs.' : null
    listen('timeout')
    listen('port', taken)
    listen('hz')
    expect(set('maxmemory', '5', 'timeout', '9', 'port', '7001', 'hz', '20')).toBe(
      failed('port', 'Unable to listen on this port. Check server logs.'),
    )
    expect(calls).toEqual(['timeout 9', 'port 7001', 'timeout 0', 'port 6379'])
    expect([get('maxmemory'), get('timeout'), get('port'), get('hz')]).toEqual(['0', '0', '6379', '10'])
    expect(notices).toEqual([
      '# Failed applying new configuration. Possibly related to new port setting. Restoring previous settings.',
    ])
  })

  test('may refuse without a reason, and the old value too', () => {
    listen('port', () => '')
    expect(set('port', '7001')).toBe("ERR CONFIG SET failed (possibly related to argument 'port')")
    expect(notices[1]).toBe('# Failed applying restored failed CONFIG SET command: ')
    expect(configuration.values.port).toBe(6379)
  })
})

describe('CONFIG REWRITE', () => {
  const path = () => join(directory, 'redis.conf')
  const rewritten = (old: string) => {
    writeFileSync(path(), old)
    configuration.file = path()
    expect(configuration.rewrite()).toBeNull()
    return readFileSync(path(), 'latin1')
  }

  test('needs a file', () => {
    expect(configuration.rewrite()).toBe('ERR The server is running without a config file')
  })

  test('writes what is set, and leaves out what is not', () => {
    configuration.take('logfile', ['x"\xff'])
    expect(set('timeout', '5', 'unixsocketperm', '0')).toContain('unixsocketperm')
    expect(set('timeout', '5', 'bind', configuration.shown('bind'), 'shutdown-on-sigint', 'now save')).toBeNull()
    const text = rewritten('# mine\nbind 1.2.3.4\nmasterauth old\nmaxmemory 5\nsave 1 1\nlogfile old')
    expect(text.split('\n')).toEqual([
      '# mine',
      '',
      'maxmemory 0',
      'save 3600 1',
      'logfile "x\\"\\xff"',
      '# Generated by CONFIG REWRITE',
      'shutdown-on-sigint save now',
      'timeout 5',
      `dir "${directory}"`,
      'save 300 100',
      'save 60 10000',
      'latency-tracking-info-percentiles 50 99 99.9',
      '',
    ])
    expect(notices).toEqual(['* CONFIG REWRITE executed with success.'])
  })

  test('leaves additions alone, unless their owner writes them', () => {
    const old = 'rename-command FLUSHALL ""\nuser alice on\ninclude other.conf\nuser bob off\n'
    expect(rewritten(old)).toContain(old)
    configuration.onRewrite('user', () => ['user carol on'])
    expect(rewritten(old)).toContain('rename-command FLUSHALL ""\nuser carol on\ninclude other.conf\n\n')
  })

  test('of a cluster node has no replicaof', () => {
    configuration.assign('replicaof', 'a', '1')
    expect(rewritten('')).toContain('replicaof a 1\n')
    configuration.take('cluster-enabled', ['yes'])
    expect(rewritten('slaveof a 1\n')).not.toMatch(/replicaof|slaveof/)
  })

  test('creates a file that is gone', () => {
    configuration.file = path()
    expect(configuration.rewrite()).toBeNull()
    expect(readFileSync(path(), 'utf8')).toMatch(/^# Generated by CONFIG REWRITE\n/)
  })

  test('answers what the operating system refuses', () => {
    mkdirSync(path())
    configuration.file = path()
    expect(configuration.rewrite()).toBe('ERR Rewriting config file: Is a directory')
    expect(notices).toEqual(['# CONFIG REWRITE failed: Is a directory'])
    configuration.file = join(directory, 'none/redis.conf')
    expect(configuration.rewrite()).toBe('ERR Rewriting config file: No such file or directory')
  })

  test('of everything can be read again with the same result', () => {
    expect(set('save', '', 'maxmemory-clients', '5%', 'requirepass', 'a b\n\xff', 'lua-time-limit', '77')).toBeNull()
    configuration.file = path()
    expect(configuration.rewrite(true)).toBeNull()
    const again = new Configuration({ host: new DirectoryHost(directory) })
    for (const line of readFileSync(path(), 'latin1').split('\n')) {
      const [, name, words] = /^([a-z_-]+) (.*)$/.exec(line) ?? []
      if (name !== undefined) expect(again.take(name, splitWords(words) ?? [])).toBeNull()
    }
    expect(again.get(['*', 'key-load-delay'])).toEqual(configuration.get(['*', 'key-load-delay']))
  })

  test('for a crash report has the directives that matter', () => {
    set('list-compress-depth', '3')
    const lines = configuration.debugText().split('\n')
    expect(lines).toContain('list-compress-depth 3')
    expect(lines).toContain('proto-max-bulk-len 512mb')
    expect(lines.some((line) => line.startsWith('timeout'))).toBe(false)
  })
})
