import { expect, test } from 'vitest'
import { createLatencyHistogram, encodeHistogram, mergeHistograms, recordMs, valueMs } from './latency.ts'

test('histograms of several threads add up to the one that saw everything', () => {
  const all = createLatencyHistogram()
  const threads = [0, 1, 2].map(() => createLatencyHistogram())
  for (let i = 0; i < 3000; i++) {
    const latencyMs = (i * i) / 1e5
    recordMs(all, latencyMs)
    recordMs(threads[i % 3], latencyMs)
  }
  const merged = mergeHistograms(threads.map(encodeHistogram))
  expect(merged.totalCount).toBe(3000)
  for (const percentile of [1, 50, 99, 99.9, 100]) expect(valueMs(merged, percentile)).toBe(valueMs(all, percentile))
})

test('values come back to three digits; beyond a minute they count as a minute, below zero as nothing', () => {
  const histogram = createLatencyHistogram()
  recordMs(histogram, 12.345)
  expect(Math.abs(valueMs(histogram, 100) - 12.345)).toBeLessThan(0.02)
  recordMs(histogram, 1e9)
  recordMs(histogram, -1)
  expect(Math.round(valueMs(histogram, 100) / 1000)).toBe(60)
  expect(valueMs(histogram, 1)).toBe(0)
})
