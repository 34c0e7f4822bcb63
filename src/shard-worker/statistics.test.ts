import { describe, expect, test } from 'vitest'
import { Random } from '../../test/support/random.ts'
import { decodeControlFrame, encodeStatistics } from '../shm/schema/control.ts'
import { Statistics } from './statistics.ts'

const COMMANDS = 8

/** Everything that can be seen of the counts, in a form that can be compared. */
function seen(statistics: Statistics) {
  return {
    calls: [...statistics.calls],
    microseconds: [...statistics.microseconds].map((us) => Math.round(us * 1000)),
    rejected: [...statistics.rejected],
    failed: [...statistics.failed],
    errors: new Map([...statistics.errors].sort()),
    totalCalls: statistics.totalCalls,
    totalErrors: statistics.totalErrors,
    histograms: Array.from({ length: COMMANDS }, (_, i) => statistics.histograms[i]?.toSparse() ?? []),
  }
}

/** Does to the statistics what a thread does, at random. */
function live(statistics: Statistics, random: Random, steps: number): void {
  for (let step = 0; step < steps; step++) {
    const command = random.below(COMMANDS)
    const kind = random.below(8)
    if (kind < 3) statistics.count(command)
    else if (kind === 3) statistics.timed(command, random.below(5000))
    else if (kind === 4) statistics.fail(command, random.pick(['ERR no', 'WRONGTYPE Operation', 'OOM']))
    else if (kind === 5) statistics.reject(random.chance(0.5) ? -1 : command, 'ERR unknown')
    else statistics.endBatch(random.below(20_000))
  }
  statistics.endBatch(100)
}

describe('a batch', () => {
  test('is shared evenly by its commands, less what those timed by themselves took of it', () => {
    const statistics = new Statistics(COMMANDS)
    statistics.count(1)
    statistics.count(2)
    statistics.count(1)
    statistics.timed(3, 40)
    expect(statistics.totalCalls).toBe(1)
    expect(statistics.isBatchEmpty).toBe(false)
    statistics.endBatch(100)
    expect(statistics.isBatchEmpty).toBe(true)
    expect([...statistics.calls].slice(0, 4)).toEqual([0, 2, 1, 1])
    expect([...statistics.microseconds].slice(0, 4)).toEqual([0, 40, 20, 40])
    expect(statistics.totalUs).toBe(100)
  })

  test('leaves nothing behind for the next one', () => {
    const statistics = new Statistics(COMMANDS)
    statistics.timed(3, 1000)
    statistics.endBatch(1000)
    statistics.count(1)
    statistics.endBatch(10)
    expect(statistics.microseconds[1]).toBe(10)
    statistics.endBatch(1_000_000)
    expect(statistics.totalUs).toBe(1010)
  })

  test('takes no negative time, though the clock that timed a part of it may differ from its own', () => {
    const statistics = new Statistics(COMMANDS)
    statistics.count(1)
    statistics.timed(2, 50)
    statistics.endBatch(49)
    expect([...statistics.microseconds].slice(0, 3)).toEqual([0, 0, 50])
  })
})

test('calls and errors add up, and no time is lost or invented', () => {
  const random = new Random(5)
  for (let round = 0; round < 50; round++) {
    const statistics = new Statistics(COMMANDS)
    let calls = 0
    let batchCalls = 0
    let aloneUs = 0
    let us = 0
    let failures = 0
    for (let step = 0; step < 100; step++) {
      const command = random.below(COMMANDS)
      switch (random.below(5)) {
        case 0:
        case 1:
          statistics.count(command)
          batchCalls++
          break
        case 2: {
          const elapsed = random.below(100)
          statistics.timed(command, elapsed)
          calls++
          us += elapsed
          aloneUs += elapsed
          break
        }
        case 3:
          statistics.fail(command, 'ERR x')
          failures++
          break
        case 4: {
          const elapsed = random.below(1000)
          statistics.endBatch(elapsed)
          if (batchCalls > 0) us += Math.max(0, elapsed - aloneUs)
          calls += batchCalls
          batchCalls = 0
          aloneUs = 0
        }
      }
    }
    expect(statistics.totalCalls).toBe(calls)
    expect(statistics.calls.reduce((sum, each) => sum + each)).toBe(calls)
    expect(statistics.totalUs).toBeCloseTo(us, 6)
    expect(statistics.histograms.reduce((sum, each) => sum + (each?.total ?? 0), 0)).toBe(calls)
    expect(statistics.totalErrors).toBe(failures)
    expect(statistics.errorsSeen).toBe(failures)
  }
})

test('errors are counted by their code', () => {
  const statistics = new Statistics(COMMANDS)
  statistics.fail(1, 'WRONGTYPE Operation against a key')
  statistics.reject(2, 'ERR wrong number of arguments')
  statistics.reject(-1, 'ERR unknown command')
  statistics.error('OOM')
  expect(statistics.errors).toEqual(new Map(Object.entries({ WRONGTYPE: 1, ERR: 2, OOM: 1 })))
  expect([statistics.failed[1], statistics.rejected[2], statistics.totalErrors]).toEqual([1, 1, 4])
})

test('what threads export and one of them merges is what one thread would have counted', () => {
  const random = new Random(6)
  for (let round = 0; round < 20; round++) {
    const seed = random.next()
    const alone = new Statistics(COMMANDS)
    const merged = new Statistics(COMMANDS)
    for (let thread = 0; thread < 3; thread++) {
      const worker = new Statistics(COMMANDS)
      live(worker, new Random(seed + thread), 60)
      live(alone, new Random(seed + thread), 60)
      const frame = decodeControlFrame(encodeStatistics(worker.export(thread)))
      expect(frame.type === 'Statistics' && frame.id === thread).toBe(true)
      if (frame.type === 'Statistics') merged.merge(frame)
    }
    expect(seen(merged)).toEqual(seen(alone))
  }
})

test('a reset forgets all but what a caller compares by', () => {
  const statistics = new Statistics(COMMANDS)
  live(statistics, new Random(7), 200)
  const before = statistics.errorsSeen
  expect(before).toBeGreaterThan(0)
  statistics.reset()
  expect(seen(statistics)).toEqual(seen(new Statistics(COMMANDS)))
  expect(statistics.export(1)).toEqual({ id: 1, commands: [], errors: [], counters: [] })
  expect(statistics.errorsSeen).toBe(before)
})

test('without latency tracking there are calls and times, and no histograms', () => {
  const statistics = new Statistics(COMMANDS)
  statistics.trackLatency = false
  live(statistics, new Random(8), 100)
  expect(statistics.totalCalls).toBeGreaterThan(0)
  expect(statistics.histograms.every((histogram) => histogram === undefined)).toBe(true)
})
