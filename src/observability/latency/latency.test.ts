import { describe, expect, test } from 'vitest'
import type { Values } from '../../server/configuration/directives/table.ts'
import { MAX_COMMANDS } from '../../shard-worker/engine.ts'
import { Statistics } from '../../shard-worker/statistics.ts'
import { TestFamily } from '../testing.ts'
import { WorkerStatistics } from '../worker-statistics.ts'
import { latencyReport } from './doctor.ts'
import { latencyFamily } from './family.ts'
import { latencyGraph } from './graph.ts'
import { LatencyMonitor, SAMPLES } from './monitor.ts'

function setUp() {
  const values = { 'latency-monitor-threshold': 5, 'slowlog-log-slower-than': 10_000, hz: 10 } as unknown as Values
  const directives = values as { -readonly [Name in keyof Values]: unknown }
  const latency = new LatencyMonitor(() => values['latency-monitor-threshold'])
  const own = new Statistics(MAX_COMMANDS)
  const fleet = { workers: 0, handedOver: 0, broadcast: () => {}, ask: () => {} }
  const clock = { nowMs: () => 100_000, monotonicUs: () => 0 }
  const context = {
    values,
    clock,
    latency,
    ownStatistics: () => own,
    workerStatistics: new WorkerStatistics(fleet),
    get commands() {
      return commands.table
    },
  }
  const commands: TestFamily = new TestFamily([latencyFamily(() => context)])
  return { latency, commands, own, directives }
}

describe('the latency monitor', () => {
  test('keeps the slowest event of each second', () => {
    const { latency, commands } = setUp()
    latency.record('command', 1_000, 4.9)
    latency.record('command', 1_000, 5.9)
    latency.record('command', 1_999, 20)
    latency.record('command', 1_500, 10)
    latency.record('command', 3_000, 7)
    latency.record('expire-cycle', 4_000, 9)
    expect(commands.run('LATENCY', 'HISTORY', 'command')).toEqual([
      [1, 20],
      [3, 7],
    ])
    expect(commands.run('LATENCY', 'HISTORY', 'nothing')).toEqual([])
    expect(commands.run('LATENCY', 'LATEST')).toEqual([
      ['command', 3, 7, 20],
      ['expire-cycle', 4, 9, 9],
    ])
  })

  test('remembers so many seconds, and the slowest event ever', () => {
    const { latency, commands } = setUp()
    for (let second = 1; second <= SAMPLES + 5; second++)
      latency.record('command', second * 1000, second === 1 ? 500 : 6)
    const history = commands.run('LATENCY', 'HISTORY', 'command') as number[][]
    expect([history.length, history[0]]).toEqual([SAMPLES, [6, 6]])
    expect(commands.run('LATENCY', 'LATEST')).toEqual([['command', SAMPLES + 5, 6, 500]])
  })

  test('is off with a threshold of 0', () => {
    const { latency, commands, directives } = setUp()
    directives['latency-monitor-threshold'] = 0
    latency.record('command', 1000, 1e6)
    expect(commands.run('LATENCY', 'LATEST')).toEqual([])
    expect(commands.run('LATENCY', 'DOCTOR')).toContain('Latency monitoring is off')
  })

  test('RESET forgets the named events, or all, and counts them', () => {
    const { latency, commands } = setUp()
    for (const event of ['a', 'b', 'c']) latency.record(event, 1000, 10)
    expect(commands.run('LATENCY', 'RESET', 'a', 'nothing', 'a')).toBe(1)
    expect(commands.run('LATENCY', 'RESET')).toBe(2)
    expect(commands.run('LATENCY', 'RESET')).toBe(0)
  })
})

describe('LATENCY GRAPH', () => {
  test('draws a column for each second, with its age below', () => {
    const { latency, commands } = setUp()
    for (const [second, ms] of [
      [10, 5],
      [99, 100],
      [100, 50],
    ])
      latency.record('command', second * 1000, ms)
    expect(commands.run('LATENCY', 'GRAPH', 'command')).toBe(
      [
        'command - high 100 ms, low 5 ms (all time high 100 ms)',
        '-'.repeat(80),
        ' = ',
        ' # ',
        ' #=',
        '_##',
        '   ',
        '110',
        'mss',
        '',
      ].join('\n'),
    )
    expect(commands.run('LATENCY', 'GRAPH', 'x')).toEqual({ text: "ERR No samples available for event 'x'" })
  })

  test('breaks after eighty columns and shows any age', () => {
    const { latency } = setUp()
    for (let second = 1; second <= 100; second++) latency.record('e', second * 1000, 10)
    const series = latency.events.get('e')
    const lines = series === undefined ? [] : latencyGraph('e', series, 100 + 3 * 86_400).split('\n')
    expect(lines.slice(2, 6).at(-1)).toBe('_'.repeat(80))
    expect(lines.filter((line) => line === '_'.repeat(20)).length).toBe(1)
    expect(lines.filter((line) => /^3+$/.test(line)).map((line) => line.length)).toEqual([80, 20])
  })
})

describe('LATENCY DOCTOR', () => {
  const facts = { thresholdMs: 5, slowlogUs: 10_000, hz: 10, nowSeconds: 100 }

  test('finds nothing where nothing was', () => {
    expect(latencyReport(setUp().latency, facts)).toContain('All is well')
  })

  test('tells events apart, and what may help against each', () => {
    const { latency } = setUp()
    latency.record('command', 90_000, 10)
    latency.record('command', 95_000, 30)
    latency.record('expire-cycle', 95_000, 30)
    latency.record('fast-command', 95_000, 8)
    const report = latencyReport(latency, facts)
    expect(report).toContain(
      '1. command: 2 latency spikes (average 20ms, mean deviation 10ms, period 5.00 sec). Worst all time event 30ms.',
    )
    expect(report).toContain('slowlog-log-slower-than 5000')
    expect(report).toContain('raise hz')
    expect(report).toContain('did not get the processor')
    expect(latencyReport(latency, { ...facts, slowlogUs: -1 })).toContain('The slow log is off')
    expect(latencyReport(latency, { ...facts, slowlogUs: 0, hz: 100 })).not.toContain('raise hz')
  })

  test('has no advice for an event of another kind', () => {
    const { latency } = setUp()
    latency.record('other', 90_000, 10)
    expect(latencyReport(latency, facts)).toContain('no standard advice')
  })
})

test('LATENCY HISTOGRAM shows commands, and a container with its parts', () => {
  const { commands, own } = setUp()
  const id = (name: string) => commands.table.byName(name)?.id ?? -1
  own.timed(id('latency|latest'), 3)
  own.timed(id('latency|latest'), 100)
  own.timed(id('latency|reset'), 1)
  const latest = ['calls', 2, 'histogram_usec', [4, 1, 132, 2]]
  const reset = ['calls', 1, 'histogram_usec', [1, 1]]
  expect(commands.run('LATENCY', 'HISTOGRAM')).toEqual(['latency|latest', latest, 'latency|reset', reset])
  expect(commands.run('LATENCY', 'HISTOGRAM', 'LATENCY')).toEqual(['latency|latest', latest, 'latency|reset', reset])
  expect(commands.run('LATENCY', 'HISTOGRAM', 'latency|reset', 'nothing')).toEqual(['latency|reset', reset])
  expect(commands.run('LATENCY', 'HISTOGRAM', 'latency|graph')).toEqual([])
  expect((commands.run('LATENCY', 'HELP') as string[])[0]).toContain('LATENCY')
})
