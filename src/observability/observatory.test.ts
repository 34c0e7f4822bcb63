import { describe, expect, test } from 'vitest'
import { FAST } from '../base/command-spec.ts'
import type { Command } from '../base/command-table.ts'
import { CommandTable } from '../base/command-table.ts'
import { Traffic } from '../io/session/traffic.ts'
import { Configuration } from '../server/configuration/configuration.ts'
import { TestEngine } from '../shard-worker/testing.ts'
import { Observatory, type Observed } from './observatory.ts'
import { NO_LOADS, NO_SAVES } from './testing.ts'
import { TurnMaxima } from './turn-maxima.ts'

function setUp() {
  const { engine } = new TestEngine({ shards: 2 })
  const configuration = new Configuration()
  let timings = 0
  const fleet = { workers: 1, handedOver: 0, barriers: 0, holds: 0, pendingRuns: 0, ask: () => {}, broadcast: () => {} }
  const waiting = { blocked: 0, timed: 0, blockingKeys: 0 }
  const counts = { connected: 1, ...waiting, received: 4, rejected: 2, evicted: 1 }
  const observed: Observed = {
    values: configuration.values,
    configFile: '/etc/spinel.conf',
    isSensitive: () => false,
    clock: { nowMs: () => 9_000, monotonicUs: () => 0 },
    engine,
    commands: new CommandTable<never>([]),
    sessions: new Map(),
    clientMemory: { total: () => 0, input: () => 0, output: () => 0 },
    traffic: new Traffic(),
    fleet,
    turns: new TurnMaxima(),
    cronUs: () => 0,
    endTiming: () => timings++,
    clients: () => ({ ...counts }),
    memoryExceeded: () => ({ currentMs: 0, totalMs: 0 }),
    saves: () => NO_SAVES,
    loads: () => NO_LOADS,
    listeners: () => new Map(),
  }
  return { configuration, fleet, counts, observed, observatory: new Observatory(observed), timings: () => timings }
}

describe('an observatory', () => {
  test('has a run id of its own and knows when it began', () => {
    const { observatory } = setUp()
    expect(observatory.startMs).toBe(9_000)
    expect(observatory.runId).toMatch(/^[0-9a-f]{40}$/)
    expect(observatory.runId).not.toBe(setUp().observatory.runId)
    expect(observatory.configFile).toBe('/etc/spinel.conf')
  })

  test('shows counters since the last reset, and states as they are', () => {
    const { observatory, fleet, counts, observed } = setUp()
    Object.assign(fleet, { handedOver: 10, barriers: 3, holds: 2, pendingRuns: 1 })
    observed.traffic.reads = 8
    expect(observatory.work()).toEqual({ workers: 1, handedOver: 10, barriers: 3, holds: 2, pendingRuns: 1 })
    observatory.reset()
    expect(observatory.work()).toEqual({ workers: 1, handedOver: 0, barriers: 0, holds: 0, pendingRuns: 1 })
    const nobody = { blocked: 0, timed: 0, blockingKeys: 0 }
    expect(observatory.clients()).toEqual({ connected: 1, ...nobody, received: 0, rejected: 0, evicted: 0 })
    Object.assign(counts, { connected: 5, received: 9 })
    fleet.handedOver = 12
    observed.traffic.reads = 11
    expect(observatory.clients()).toMatchObject({ connected: 5, received: 5, rejected: 0 })
    expect(observatory.work().handedOver).toBe(2)
    expect(observatory.traffic().reads).toBe(3)
  })

  test('has the batch that runs accounted for before it tells what this thread did', () => {
    const { observatory, timings, observed } = setUp()
    expect(observatory.ownStatistics()).toBe(observed.engine.statistics)
    expect(timings()).toBe(1)
  })

  test('sorts slow commands by whether they should have been fast', () => {
    const { observatory, configuration } = setUp()
    configuration.set(
      [
        ['latency-monitor-threshold', '10'],
        ['slowlog-log-slower-than', '-1'],
      ],
      { local: true, loading: false },
    )
    const slow = (flags: number, durationUs: number) =>
      observatory.commandWasSlow({
        command: { fullName: 'x', flags } as Command<never>,
        timeMs: 1000,
        durationUs,
        args: [],
        client: '',
        clientName: '',
      })
    slow(0, 9_999)
    slow(FAST, 10_000)
    expect([...observatory.latency.events.keys()]).toEqual(['fast-command'])
    slow(0, 20_000)
    expect(observatory.latency.events.get('command')?.maxMs).toBe(20)
    expect(observatory.slowLog.length).toBe(0)
  })
})
