import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Clock } from '../base/ports.ts'
import { Configuration } from './configuration/configuration.ts'
import { Cron } from './cron.ts'

let clients = 0
let configuration: Configuration
let cron: Cron

beforeEach(() => {
  vi.useFakeTimers()
  clients = 0
  configuration = new Configuration()
  const clock: Clock = { nowMs: () => Date.now(), monotonicUs: () => performance.now() * 1000 }
  cron = new Cron(configuration, clock, () => clients)
})

afterEach(() => {
  cron.stop()
  vi.useRealTimers()
})

test('turns come hz times a second, duties as often as they ask', () => {
  const counts = { turn: 0, second: 0, slow: 0 }
  cron.every(0, () => counts.turn++)
  cron.every(1000, () => counts.second++)
  cron.every(2000, () => counts.slow++)
  cron.start()
  vi.advanceTimersByTime(10_000)
  expect(counts.turn).toBe(100)
  expect([10, 11]).toContain(counts.second)
  expect([5, 6]).toContain(counts.slow)
  configuration.assign('hz', '100')
  vi.advanceTimersByTime(1000)
  expect(counts.turn).toBeGreaterThan(185)
  cron.stop()
  const turns = counts.turn
  vi.advanceTimersByTime(1000)
  expect(counts.turn).toBe(turns)
})

test('many clients make turns come more often, if they may', () => {
  expect(cron.hz).toBe(10)
  clients = 10_000
  expect(cron.hz).toBe(10)
  clients = 10_001
  expect(cron.hz).toBe(20)
  clients = 50_000
  expect(cron.hz).toBe(80)
  clients = 10_000_000
  expect(cron.hz).toBe(500)
  configuration.assign('dynamic-hz', 'no')
  expect(cron.hz).toBe(10)
})

test('what takes its time by hz comes at the configured rate, however many clients there are', () => {
  let count = 0
  let turns = 0
  clients = 50_000
  cron.every(0, () => turns++)
  cron.atConfiguredRate(() => count++)
  cron.start()
  vi.advanceTimersByTime(10_000)
  expect(turns).toBeGreaterThan(700)
  expect(count).toBeGreaterThan(90)
  expect(count).toBeLessThan(112)
})

test('paused, turns pass without duties', () => {
  let count = 0
  cron.every(0, () => count++)
  cron.start()
  cron.isPaused = true
  vi.advanceTimersByTime(1000)
  expect(count).toBe(0)
  cron.isPaused = false
  vi.advanceTimersByTime(1000)
  expect(count).toBe(10)
})
