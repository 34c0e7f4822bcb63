import { expect, test } from 'vitest'
import { OpenLoopSchedule } from './open-loop-schedule.ts'

function takeUntil(schedule: OpenLoopSchedule, nowMs: number): number[] {
  const due: number[] = []
  for (let time = schedule.take(nowMs); time >= 0; time = schedule.take(nowMs)) due.push(time)
  return due
}

test('batches are due at even steps from the start, and not before', () => {
  const schedule = new OpenLoopSchedule(500, 1000, 10, 0, 1)
  expect(schedule.take(499.9)).toBe(-1)
  expect(takeUntil(schedule, 530)).toEqual([500, 510, 520, 530])
  expect(schedule.dueMs).toBe(540)
})

test('after a stall every batch that became due keeps its own time', () => {
  const schedule = new OpenLoopSchedule(0, 1000, 1, 0, 1)
  takeUntil(schedule, 3)
  const late = takeUntil(schedule, 1003)
  expect(late).toHaveLength(1000)
  expect(late.map((due) => 1003 - due)).toEqual(Array.from({ length: 1000 }, (_, i) => 999 - i))
})

test('threads share the rate and interleave', () => {
  const threads = [0, 1, 2].map((thread) => takeUntil(new OpenLoopSchedule(0, 3000, 1, thread, 3), 999.5))
  const all = threads.flat().sort((a, b) => a - b)
  expect(all).toHaveLength(2999)
  expect(Math.max(...all.map((due, i) => Math.abs(due - i / 3)))).toBeLessThan(1e-9)
})

test('it does not drift: the millionth batch is due when it should be', () => {
  const schedule = new OpenLoopSchedule(0, 30_000, 1, 0, 1)
  for (let i = 0; i < 1_000_000; i++) schedule.take(Number.POSITIVE_INFINITY)
  expect(schedule.dueMs).toBeCloseTo(1_000_000 / 30, 6)
})
