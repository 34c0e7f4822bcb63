import { expect, test } from 'vitest'
import { Log } from '../observability/log.ts'
import { EVICTED_KEYS } from '../shard-worker/keyspace/shard-layout.ts'
import { TestEngine } from '../shard-worker/testing.ts'
import { KeyEviction, type KeyEvictionHost } from './key-eviction.ts'

/** Eviction over two shards, some of them away, with a clock that goes on by `usPerLook`. */
function setUp(policy: string, usPerLook = 0) {
  const tested = new TestEngine({ shards: 2 })
  const { engine } = tested
  engine.configure('maxmemory-policy', policy)
  let us = 0
  const clock = { nowMs: () => tested.nowMs, monotonicUs: () => (us += usPerLook) }
  // The budget asks the engine's clock.
  Object.assign(engine.budget, { clock })
  const sequencer = {
    inFlight: new Int32Array(2),
    pendingRuns: 0,
    isCongested: false,
    hasFreeCell: true,
    holds: 0,
    exclusively(_shards: Iterable<number>, action: () => void) {
      this.holds++
      setImmediate(action)
      return false
    },
  }
  const pause = { isActive: false }
  const clients = { eviction: { total: 0 } }
  const warnings: string[] = []
  const log = new Log({ clock })
  log.warning = (text) => warnings.push(text)
  const memory = {
    get used() {
      return clients.eviction.total + engine.shards.reduce((sum, { arena }) => sum + arena.usedBytes, 0)
    },
  }
  const samples: string[] = []
  const latency = { record: (event: string) => samples.push(event) }
  const host = { clock, log, engine, sequencer, pause, isLoading: false, clients, observatory: { memory, latency } }
  const eviction = new KeyEviction(host as unknown as KeyEvictionHost)
  for (let n = 0; n < 400; n++) tested.must('SET', `key${n}`, 'x'.repeat(1000))
  const full = () => engine.shards.reduce((sum, { arena }) => sum + arena.usedBytes + arena.overheadBytes, 0)
  const keys = () => engine.shards.map(({ keyspaces }) => keyspaces[0].keys.used)
  const settle = async (turns = 200) => {
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  const limit = (bytes: number) => {
    engine.configure('maxmemory', String(bytes))
    return eviction.limitChanged()
  }
  return { host, tested, engine, sequencer, pause, clients, warnings, samples, eviction, full, keys, settle, limit }
}

test('commands that need memory are refused only where nothing may go', () => {
  const { tested, engine, eviction, full } = setUp('volatile-lru')
  expect(eviction.lacksMemory()).toBe(false)
  engine.configure('maxmemory', String(full() - 1))
  expect(eviction.lacksMemory()).toBe(true)
  tested.must('EXPIRE', 'key1', '1000')
  expect(eviction.lacksMemory()).toBe(false)
  expect(tested.run('EXISTS', 'key1')).toBe(0)
  engine.configure('maxmemory', '0')
  expect(eviction.lacksMemory()).toBe(false)
})

test('what clients hold is paid for by keys', () => {
  const { engine, clients, eviction, full, keys } = setUp('allkeys-random')
  engine.configure('maxmemory', String(full()))
  expect(eviction.lacksMemory()).toBe(false)
  clients.eviction.total = 100_000
  expect(eviction.lacksMemory()).toBe(false)
  const left = keys().reduce((sum, each) => sum + each)
  expect(left).toBeLessThan(320)
  expect(left).toBeGreaterThan(280)
})

test.each(['pause', 'load'])('a %s keeps every key and refuses nobody', async (reason) => {
  const { host, pause, eviction, keys, settle, limit } = setUp('allkeys-random')
  pause.isActive = reason === 'pause'
  host.isLoading = reason === 'load'
  limit(1000)
  expect(eviction.lacksMemory()).toBe(false)
  await settle()
  expect(keys().reduce((sum, each) => sum + each)).toBe(400)
})

test('a lowered limit is kept between batches, a slice at a time, and told in the log', async () => {
  const { warnings, eviction, full, keys, settle, limit } = setUp('allkeys-random', 300)
  const wanted = full() - 200_000
  expect(limit(wanted)).toBeNull()
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(
    /^WARNING: the new maxmemory value set via CONFIG SET \(\d+\) is smaller than the current/,
  )
  expect(keys().reduce((sum, each) => sum + each)).toBe(400)
  await settle(1)
  expect(keys().reduce((sum, each) => sum + each)).toBe(400 - 32)
  await settle()
  expect(full()).toBeLessThanOrEqual(wanted)
  expect(eviction.exceeded.currentMs).toBe(0)
  expect(eviction.exceeded.totalMs).toBeGreaterThan(0)
  eviction.reset()
  expect(eviction.exceeded).toEqual({ currentMs: 0, totalMs: 0 })
  limit(full())
  expect(warnings).toHaveLength(1)
})

test('workers that get on are left to it; where they do not, they are parked', async () => {
  const { engine, sequencer, eviction, full, keys, settle } = setUp('allkeys-random')
  engine.configure('maxmemory', String(full() - 50_000))
  sequencer.inFlight.fill(1)
  sequencer.pendingRuns = 1
  expect(eviction.lacksMemory()).toBe(false)
  engine.shards[0].counters[EVICTED_KEYS]++
  await settle(1)
  expect(sequencer.holds).toBe(0)
  while (sequencer.holds === 0) await settle(1)
  await settle()
  expect(full()).toBeLessThanOrEqual(engine.budget.limitBytes)
  expect(Math.min(...keys())).toBeGreaterThan(100)
})

test('evictions that take time are told to the latency monitor', () => {
  const { engine, samples, eviction, full } = setUp('allkeys-random', 10)
  engine.configure('maxmemory', String(full() - 5_000))
  eviction.lacksMemory()
  expect(samples).toEqual([])
  engine.configure('latency-monitor-threshold', '1')
  engine.configure('maxmemory', String(full() - 5_000))
  eviction.lacksMemory()
  expect(samples).toEqual(['eviction-del', 'eviction-cycle'])
})

test('a limit below a megabyte is warned of', () => {
  const { engine, warnings, eviction } = setUp('noeviction')
  eviction.warnOfSmallLimit()
  engine.configure('maxmemory', '1048576')
  eviction.warnOfSmallLimit()
  expect(warnings).toEqual([])
  engine.configure('maxmemory', '1048575')
  eviction.warnOfSmallLimit()
  expect(warnings[0]).toContain('less than 1MB (current value is 1048575 bytes)')
})
