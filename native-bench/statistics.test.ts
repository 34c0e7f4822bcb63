import { expect, test } from 'vitest'
import { median, pairedRatio } from './statistics.ts'

test('the median is the middle value, whatever the order, and the mean of the two middle ones', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([10, 9, 1, 2])).toBe(5.5)
  expect(median([])).toBeNaN()
})

test('one disturbed round does not move a median', () => {
  expect(median([100, 101, 99, 100, 5])).toBe(100)
})

test('a drift that both sides share leaves the paired ratio alone', () => {
  const baseline = [100, 80, 60, 40]
  expect(
    pairedRatio(
      baseline.map((value) => 1.5 * value),
      baseline,
    ),
  ).toBe(1.5)
})

test('rounds without a partner, and partners at zero, do not count', () => {
  expect(pairedRatio([2, 3, 9], [1, 0])).toBe(2)
  expect(pairedRatio([], [1])).toBeNaN()
})
