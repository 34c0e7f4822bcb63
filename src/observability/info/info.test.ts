import { describe, expect, test } from 'vitest'
import { Traffic } from '../../io/session/traffic.ts'
import { Configuration } from '../../server/configuration/configuration.ts'
import { MAX_COMMANDS } from '../../shard-worker/engine.ts'
import { Statistics } from '../../shard-worker/statistics.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { decodeControlFrame } from '../../shm/schema/control.ts'
import { Observatory, type Observed } from '../observatory.ts'
import { NO_LOADS, NO_SAVES, TestFamily } from '../testing.ts'
import { TurnMaxima } from '../turn-maxima.ts'
import { infoFamily, wantedSections } from './family.ts'
import { humanBytes, InfoText } from './info-text.ts'

/** A server of two shards and a fleet of one worker that has counted what the test says. */
function setUp() {
  const engine = new TestEngine({ shards: 2 })
  const configuration = new Configuration()
  const worker = new Statistics(MAX_COMMANDS)
  let observatory: Observatory | null = null
  const commands = new TestFamily([infoFamily(() => observatory as Observatory)])
  const fleet = { workers: 1, handedOver: 0, barriers: 0, holds: 0, pendingRuns: 0 }
  const observed: Observed = {
    values: configuration.values,
    configFile: null,
    isSensitive: () => false,
    clock: { nowMs: () => engine.nowMs, monotonicUs: () => engine.nowMs * 1000 },
    engine: engine.engine,
    commands: commands.table,
    sessions: new Map(),
    clientMemory: { total: () => 0, input: () => 0, output: () => 0 },
    traffic: new Traffic(),
    fleet: {
      ...fleet,
      get handedOver() {
        return fleet.handedOver
      },
      ask: (frame) => {
        const request = decodeControlFrame(frame)
        if (request.type === 'StatisticsRequest') observatory?.workerStatistics.receive(0, worker.export(request.id))
      },
      broadcast: () => worker.reset(),
    },
    turns: new TurnMaxima(),
    cronUs: () => 0,
    endTiming: () => {},
    clients: () => ({ connected: 3, blocked: 2, timed: 1, blockingKeys: 3, received: 7, rejected: 1, evicted: 0 }),
    memoryExceeded: () => ({ currentMs: 12, totalMs: 34 }),
    saves: () => ({ ...NO_SAVES, changes: 1 }),
    loads: () => NO_LOADS,
    listeners: () => new Map([[0, 'name=tcp,bind=127.0.0.1,port=1']]),
  }
  const made = new Observatory(observed)
  observatory = made
  const field = (text: string, name: string) => new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1]
  const info = (name: string, ...sections: string[]) => field(String(commands.run('INFO', ...sections)), name)
  return { engine, configuration, worker, fleet, observatory: made, observed, commands, info }
}

describe('which sections INFO shows', () => {
  const names = (...words: string[]) => wantedSections(words).map(({ name }) => name)

  test('without arguments the default ones, in a fixed order', () => {
    expect(names()).toEqual([
      'server',
      'clients',
      'memory',
      'persistence',
      'stats',
      'replication',
      'cpu',
      'modules',
      'errorstats',
      'cluster',
      'spinel',
      'keyspace',
    ])
    expect(names('default')).toEqual(names())
  })

  test('several by name, in any case and order, each once', () => {
    expect(names('keyspace', 'SERVER', 'server', 'nothing')).toEqual(['server', 'keyspace'])
    expect(names('nothing')).toEqual([])
    expect(names('module_list')).toEqual(['modules'])
    expect(names('commandstats', 'default').length).toBe(names().length + 1)
  })

  test('all and everything leave out only what is hidden', () => {
    expect(names('all')).toEqual(names('everything'))
    expect(names('all')).toContain('latencystats')
    expect(names('all')).not.toContain('debug')
    expect(names('all', 'debug')).toContain('debug')
  })
})

describe('the text', () => {
  test('has a heading and a line for each field, figures whole', () => {
    const text = new InfoText()
    text.heading('One')
    text.fields({ a: 1.9, b: 'x' })
    text.heading('Two')
    text.bytes('c', 1536)
    expect(text.toString()).toBe('# One\r\na:1\r\nb:x\r\n\r\n# Two\r\nc:1536\r\nc_human:1.50K\r\n')
  })

  test.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1.00K'],
    [1024 * 1024 - 1, '1024.00K'],
    [25276063744, '23.54G'],
    [2 ** 50, '1.00P'],
  ])('%d bytes are %s', (bytes, human) => {
    expect(humanBytes(bytes)).toBe(human)
  })
})

describe('INFO', () => {
  test('an empty answer has no sections', () => {
    expect(setUp().commands.run('INFO', 'nothing')).toBe('')
  })

  test('keyspace adds up the shards and weighs their times to live', () => {
    const { engine, info } = setUp()
    for (let i = 0; i < 10; i++) engine.must('SET', `k${i}`, 'v')
    for (let i = 0; i < 4; i++) engine.must('EXPIRE', `k${i}`, '100')
    expect(info('db0', 'keyspace')).toBe('keys=10,expires=4,avg_ttl=0')
    expect(info('db1', 'keyspace')).toBeUndefined()
  })

  test('stats have the figures of all threads', () => {
    const { engine, worker, fleet, observatory, info } = setUp()
    engine.must('GET', 'missing')
    observatory.ownStatistics().timed(0, 5)
    observatory.ownStatistics().error('ERR mine')
    fleet.handedOver = 2
    worker.timed(0, 7)
    worker.fail(0, 'WRONGTYPE theirs')
    expect(info('total_commands_processed', 'stats')).toBe('2')
    expect(info('total_error_replies', 'stats')).toBe('2')
    expect(info('keyspace_misses', 'stats')).toBe('1')
    expect(info('total_connections_received', 'stats')).toBe('7')
    expect(info('errorstat_ERR', 'errorstats')).toBe('count=1')
    expect(info('errorstat_WRONGTYPE', 'errorstats')).toBe('count=1')
    expect(info('cmdstat_info', 'commandstats')).toBe(
      'calls=2,usec=12,usec_per_call=6.00,rejected_calls=0,failed_calls=1',
    )
    expect(info('latency_percentiles_usec_info', 'latencystats')).toBe('p50=5.023,p99=7.007,p99.9=7.007')
    expect(info('commands_handed_over', 'spinel')).toBe('2')
  })

  test('latencystats follow their directives', () => {
    const { observatory, configuration, info } = setUp()
    observatory.ownStatistics().timed(0, 5)
    const setter = { local: true, loading: false }
    configuration.set([['latency-tracking-info-percentiles', '12.5 100']], setter)
    expect(info('latency_percentiles_usec_info', 'latencystats')).toBe('p12.5=5.023,p100=5.023')
    configuration.set([['latency-tracking', 'no']], setter)
    expect(info('latency_percentiles_usec_info', 'latencystats')).toBeUndefined()
  })

  test('after a reset everything counts from there', () => {
    const { engine, worker, fleet, observatory, observed, info } = setUp()
    engine.must('SET', 'k', 'v')
    engine.must('GET', 'k')
    fleet.handedOver = 5
    worker.timed(0, 7)
    observed.traffic.bytesIn = 100
    observatory.ownStatistics().timed(0, 5)
    observatory.reset()
    expect(info('total_commands_processed', 'stats')).toBe('0')
    expect(info('keyspace_hits', 'stats')).toBe('0')
    expect(info('total_net_input_bytes', 'stats')).toBe('0')
    expect(info('total_connections_received', 'stats')).toBe('0')
    expect(info('commands_handed_over', 'spinel')).toBe('0')
    expect(info('rdb_changes_since_last_save', 'persistence')).toBe('1')
    observed.traffic.bytesIn = 130
    engine.must('GET', 'k')
    expect(info('total_net_input_bytes', 'stats')).toBe('30')
    expect(info('keyspace_hits', 'stats')).toBe('1')
  })

  test('the process and its clients', () => {
    const { engine, info } = setUp()
    expect(info('process_id', 'server')).toBe(String(process.pid))
    expect(info('redis_version', 'server')).toBe('7.2.4')
    expect(info('listener0', 'server')).toBe('name=tcp,bind=127.0.0.1,port=1')
    expect(info('uptime_in_seconds', 'server')).toBe('0')
    engine.nowMs += 90_000_500
    expect(info('uptime_in_seconds', 'server')).toBe('90000')
    expect(info('uptime_in_days', 'server')).toBe('1')
    expect(info('blocked_clients', 'clients')).toBe('2')
    expect(info('clients_in_timeout_table', 'clients')).toBe('1')
    expect(info('total_blocking_keys', 'clients')).toBe('3')
    expect(info('role', 'replication')).toBe('master')
    expect(info('cluster_enabled', 'cluster')).toBe('0')
    expect(Number(info('used_cpu_user', 'cpu'))).toBeGreaterThan(0)
    expect(info('eventloop_cmd_per_cycle_max', 'debug')).toBe('0')
  })

  test('samples its rates', () => {
    const { engine, observed, observatory, info } = setUp()
    for (let i = 0; i <= 16; i++) {
      observed.traffic.bytesIn += 1024
      observatory.tick((engine.nowMs += 100))
    }
    expect(info('instantaneous_input_kbps', 'stats')).toBe('10.00')
  })

  test('slow commands reach the slow log and the latency monitor', () => {
    const { observatory, configuration, commands } = setUp()
    configuration.set([['latency-monitor-threshold', '1']], { local: true, loading: false })
    const command = commands.table.commands[0]
    observatory.commandWasSlow({ command, timeMs: 1000, durationUs: 50_000, args: [], client: '', clientName: '' })
    expect(observatory.slowLog.length).toBe(1)
    expect([...observatory.latency.events.keys()]).toEqual(['command'])
  })
})
