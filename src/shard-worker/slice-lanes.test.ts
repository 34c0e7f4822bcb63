import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SliceLanes } from './slice-lanes.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Lanes of two workers over six shards, each of which wants so many slices. */
function setUp(wanted: number[]) {
  const sent: number[] = []
  const counts = { commands: 0, idle: 0 }
  const lanes = new SliceLanes({
    shards: wanted.length,
    workers: 2,
    wants: (shard) => wanted[shard] > 0,
    send: (shard) => {
      wanted[shard]--
      sent.push(shard)
    },
    commands: () => counts.commands,
  })
  lanes.onIdle = () => counts.idle++
  return { lanes, sent, counts }
}

test('each worker has one slice in hand, and its shards take turns', () => {
  const { lanes, sent, counts } = setUp([2, 0, 1, 3, 1, 0])
  lanes.begin()
  lanes.begin()
  expect(sent).toEqual([2, 3])
  for (let next = 0; next < sent.length; next++) {
    expect(lanes.areIdle).toBe(false)
    lanes.done(sent[next])
    vi.runAllTimers()
  }
  expect(sent).toEqual([2, 3, 4, 3, 0, 3, 0])
  expect(lanes.areIdle).toBe(true)
  expect(counts.idle).toBe(1)
})

test('where nothing is wanted nothing is sent, and that is told once', () => {
  const { lanes, sent, counts } = setUp([0, 0])
  lanes.begin()
  expect([sent.length, counts.idle, lanes.areIdle]).toEqual([0, 1, true])
})

test('a slice waits for its turn while commands come, or when it is asked to', () => {
  const { lanes, sent, counts } = setUp([9, 0])
  lanes.begin()
  const afterNoTime = () => vi.advanceTimersByTime(0)
  lanes.done(0)
  afterNoTime()
  expect(sent.length).toBe(2)
  counts.commands++
  lanes.done(0)
  afterNoTime()
  expect(sent.length).toBe(2)
  vi.advanceTimersByTime(1)
  expect(sent.length).toBe(3)
  lanes.done(0, true)
  afterNoTime()
  expect(sent.length).toBe(3)
  vi.advanceTimersByTime(1)
  expect(sent.length).toBe(4)
})
