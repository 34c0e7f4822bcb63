import fc from 'fast-check'
import * as hdr from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import { AssertionError } from '../../base/assert.ts'
import { bucketOf, HISTOGRAM_BUCKETS, highestOf, LatencyHistogram, lowestOf } from './histogram.ts'

const MAX_NS = 1_000_000_000
/** Durations of every size with equal chance, not mostly long ones. */
const durationNs = fc
  .tuple(fc.integer({ min: 0, max: 30 }), fc.nat({ max: 2 ** 30 }))
  .map(([bits, value]) => Math.min(MAX_NS, Math.max(1, value >> (30 - bits))))
const samples = fc.array(fc.tuple(durationNs, fc.integer({ min: 1, max: 1000 })), { maxLength: 100 })

function recorded(values: [number, number][]): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const [ns, times] of values) histogram.record(ns / 1000, times)
  histogram.check()
  return histogram
}

test('I1 I2 buckets follow each other without a gap, each at most 1/128 wide', () => {
  for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
    expect([bucketOf(lowestOf(bucket)), bucketOf(highestOf(bucket))]).toEqual([bucket, bucket])
    expect((highestOf(bucket) - lowestOf(bucket)) * 128).toBeLessThanOrEqual(lowestOf(bucket))
  }
  expect(highestOf(HISTOGRAM_BUCKETS - 1)).toBe(2 ** 30 - 1)
})

test('durations are told apart as by an HdrHistogram', () => {
  const model = hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_NS,
    numberOfSignificantValueDigits: 2,
    bitBucketSize: 64,
    useWebAssembly: false,
  })
  fc.assert(
    fc.property(durationNs, (ns) => {
      model.reset()
      model.recordValue(ns)
      expect(recorded([[ns, 1]]).percentile(100)).toBe(model.getValueAtPercentile(100) / 1000)
      expect(highestOf(bucketOf(ns))).toBe(model.getValueAtPercentile(50))
    }),
    { numRuns: 1000 },
  )
})

test('percentiles are close to the exact ones, of the rank that Redis takes', () => {
  const percents = fc.oneof(fc.constantFrom(50, 99, 99.9, 100), fc.double({ min: 0.1, max: 100, noNaN: true }))
  fc.assert(
    fc.property(samples, percents, (values, percent) => {
      fc.pre(values.length > 0)
      const all = values.flatMap(([ns, times]) => new Array<number>(times).fill(ns)).toSorted((a, b) => a - b)
      const exact = all[Math.max(1, Math.floor((percent / 100) * all.length + 0.5)) - 1] / 1000
      const found = recorded(values).percentile(percent)
      expect(found).toBeGreaterThanOrEqual(exact)
      expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 128))
    }),
  )
})

test('durations out of range count as the nearest in range', () => {
  const histogram = new LatencyHistogram()
  for (const microseconds of [0, -1, NaN, 0.0001]) histogram.record(microseconds)
  expect(histogram.toSparse()).toEqual([{ index: 1, count: 4 }])
  histogram.reset()
  for (const microseconds of [1e6, 1e6 + 1, 1e12, Infinity]) histogram.record(microseconds)
  expect(histogram.toSparse()).toEqual([{ index: bucketOf(MAX_NS), count: 4 }])
  expect(histogram.percentile(100)).toBe(1_002_438.655)
})

test('the distribution has the steps that LATENCY HISTOGRAM shows', () => {
  const histogram = new LatencyHistogram()
  expect([histogram.distribution(), histogram.percentile(50)]).toEqual([[], 0])
  for (let ns = 1; ns <= MAX_NS; ns = Math.ceil(ns * 1.5)) histogram.record(ns / 1000)
  expect(histogram.distribution().map(({ microseconds }) => microseconds)).toEqual([
    1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16_908, 33_816, 67_633, 135_266, 270_532, 541_065,
    1_073_741,
  ])
  const few = recorded([
    [1_031, 2],
    [1_032, 3],
    [700_000_000, 1],
  ])
  expect(few.distribution()).toEqual([
    { microseconds: 1, count: 2 },
    { microseconds: 2, count: 5 },
    { microseconds: 1_073_741, count: 6 },
  ])
})

test('the distribution counts every duration once', () => {
  fc.assert(
    fc.property(samples, (values) => {
      const histogram = recorded(values)
      const steps = histogram.distribution()
      expect(steps.at(-1)?.count ?? 0).toBe(histogram.total)
      let from = 0
      for (const { microseconds, count } of steps) {
        const last = Array.from({ length: 21 }, (_, i) => bucketOf(Math.min(1024 * 2 ** i, 2 ** 30 - 1))).find(
          (bucket) => Math.floor(highestOf(bucket) / 1000) === microseconds,
        )
        const within = values.filter(([ns]) => bucketOf(ns) <= (last ?? -1))
        expect(count).toBe(within.reduce((sum, [, times]) => sum + times, 0))
        expect(count).toBeGreaterThan(from)
        from = count
      }
    }),
  )
})

test('merging, whole or sparse, is recording all in one', () => {
  fc.assert(
    fc.property(samples, samples, (some, others) => {
      const all = recorded([...some, ...others]).toSparse()
      const whole = recorded(some)
      whole.merge(recorded(others))
      const sparse = recorded(some)
      sparse.mergeSparse(recorded(others).toSparse())
      expect(whole.toSparse()).toEqual(all)
      expect(sparse.toSparse()).toEqual(all)
    }),
  )
  expect(() => new LatencyHistogram().mergeSparse([{ index: HISTOGRAM_BUCKETS, count: 1 }])).toThrow(AssertionError)
})

test('histograms lie side by side in one array', () => {
  const memory = new Float64Array(new SharedArrayBuffer(2 * HISTOGRAM_BUCKETS * 8))
  const first = new LatencyHistogram(memory)
  const second = new LatencyHistogram(memory, HISTOGRAM_BUCKETS)
  first.record(1)
  second.record(2, 5)
  expect([first.total, second.total, second.percentile(50)]).toEqual([1, 5, 2.007])
  expect(() => new LatencyHistogram(memory, 1 + HISTOGRAM_BUCKETS)).toThrow(AssertionError)
})
