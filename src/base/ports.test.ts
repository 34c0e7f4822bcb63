import { expect, test } from 'vitest'
import { randomBelow, SeededRandom, systemClock } from './ports.ts'

test('equal seeds give equal sequences, others do not', () => {
  const draw = (seed: number) => {
    const random = new SeededRandom(seed)
    return Array.from({ length: 20 }, () => random.next32())
  }
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
})

test('randomBelow stays below its bound and reaches every value', () => {
  const random = new SeededRandom(1)
  const seen = new Set<number>()
  for (let i = 0; i < 1000; i++) {
    const drawn = randomBelow(random, 10)
    expect(Number.isInteger(drawn)).toBe(true)
    seen.add(drawn)
  }
  expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('the system clock tells milliseconds since 1970, and microseconds that never go back', () => {
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(60_000)
  const earlier = systemClock.monotonicUs()
  expect(systemClock.monotonicUs()).toBeGreaterThanOrEqual(earlier)
})
