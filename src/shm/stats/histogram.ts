/* A latency histogram: how often which duration was seen, from 1 nanosecond to 1 second, to 2 significant digits.
 *
 * Thread: the one that owns it; others get it as sparse buckets in a Statistics frame and merge them. Hot: `record` is
 * a few integer operations and one addition, and allocates nothing.
 *
 * Buckets are those of an HdrHistogram with 2 significant digits, so that percentiles and LATENCY HISTOGRAM come out as
 * in Redis, which uses one. 256 durations of 1 ns each, then 128 buckets for every doubling, each as wide as 2^octave:
 *
 *   bucket    0 ............... 255 | 256 ...... 383 | 384 ....... 511 | ... | 2944 ......... 3071
 *   from, ns  0    by 1         255 | 256   by 2     | 512    by 4     | ... | 2^29    by 2^22
 *   octave    0                     | 1              | 2               | ... | 22
 *
 *   bucket = octave * 128 + (ns >> octave)      octave = bits of ns beyond the lowest 8
 *
 * I1  every nanosecond count from 0 to 2^30 - 1 has one bucket: lowest(bucket) <= ns < lowest(bucket + 1).
 * I2  a bucket is at most 1/128 of its durations wide.
 * I3  counts are whole numbers >= 0; as doubles they are exact to 2^53.
 *
 * Bound: 3072 doubles, 24 KiB. Durations are taken as at least 1 ns and at most 1 s, as Redis does. */

import { assert } from '../../base/assert.ts'

/** Buckets of a histogram, and so the doubles that it takes. */
export const HISTOGRAM_BUCKETS = 3072

const SUB_BUCKETS = 256
const HALF = SUB_BUCKETS / 2
const HALF_BITS = 7
const MIN_NS = 1
const MAX_NS = 1_000_000_000
/** The first step of LATENCY HISTOGRAM; each next one is twice as far. */
const FIRST_STEP_NS = 1024

/** How often one bucket was hit: the sparse form of a histogram is a list of them. */
export type HistogramBucket = { readonly index: number; readonly count: number }

/** One step of the cumulative distribution: `count` calls took up to `microseconds`. */
export type DistributionStep = { readonly microseconds: number; readonly count: number }

export class LatencyHistogram {
  private readonly counts: Float64Array

  /** Over fresh memory, or over HISTOGRAM_BUCKETS doubles of a larger array, from `offset`. */
  constructor(memory: Float64Array = new Float64Array(HISTOGRAM_BUCKETS), offset = 0) {
    assert(offset >= 0 && offset + HISTOGRAM_BUCKETS <= memory.length, 'a histogram has all its buckets')
    this.counts = memory.subarray(offset, offset + HISTOGRAM_BUCKETS)
  }

  /** Counts `times` durations of `microseconds` (a fraction has nanoseconds) each. */
  record(microseconds: number, times = 1): void {
    let ns = microseconds * 1000 + 0.5
    if (!(ns >= MIN_NS)) ns = MIN_NS
    else if (ns > MAX_NS) ns = MAX_NS
    this.counts[bucketOf(ns | 0)] += times
  }

  /** How many durations were recorded. O(buckets), as are all below: they are for reports. */
  get total(): number {
    let total = 0
    for (let i = 0; i < HISTOGRAM_BUCKETS; i++) total += this.counts[i]
    return total
  }

  /** The duration, in microseconds, that `percent` of those recorded do not exceed: the top of its bucket (for 0
   *  percent the bottom of the first); 0 when nothing was recorded. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.floor((Math.min(percent, 100) / 100) * this.total + 0.5))
    let count = 0
    for (let i = 0; i < HISTOGRAM_BUCKETS; i++) {
      count += this.counts[i]
      if (count >= wanted) return (percent === 0 ? lowestOf(i) : highestOf(i)) / 1000
    }
    return 0
  }

  /** The cumulative distribution in powers of two as LATENCY HISTOGRAM reports it: whole microseconds, steps at which
   *  nothing is added left out. */
  distribution(): DistributionStep[] {
    const steps: DistributionStep[] = []
    const total = this.total
    let count = 0
    let bucket = 0
    for (let step = FIRST_STEP_NS; count < total; step *= 2) {
      const last = step > MAX_NS ? HISTOGRAM_BUCKETS - 1 : bucketOf(step)
      const before = count
      while (bucket <= last) count += this.counts[bucket++]
      if (count > before) steps.push({ microseconds: Math.floor(highestOf(last) / 1000), count })
    }
    return steps
  }

  /** Adds what `other` has recorded. */
  merge(other: LatencyHistogram): void {
    for (let i = 0; i < HISTOGRAM_BUCKETS; i++) this.counts[i] += other.counts[i]
  }

  /** The buckets that were hit, in order. */
  toSparse(): HistogramBucket[] {
    const buckets: HistogramBucket[] = []
    for (let index = 0; index < HISTOGRAM_BUCKETS; index++) {
      if (this.counts[index] > 0) buckets.push({ index, count: this.counts[index] })
    }
    return buckets
  }

  /** Adds buckets that `toSparse` gave, here or on another thread. */
  mergeSparse(buckets: readonly HistogramBucket[]): void {
    for (const { index, count } of buckets) {
      assert(index >= 0 && index < HISTOGRAM_BUCKETS && count >= 0, 'I3 a sparse bucket is one of ours')
      this.counts[index] += count
    }
  }

  reset(): void {
    this.counts.fill(0)
  }

  /** Asserts I3. */
  check(): void {
    for (let i = 0; i < HISTOGRAM_BUCKETS; i++) {
      assert(this.counts[i] >= 0 && Number.isSafeInteger(this.counts[i]), 'I3 counts are whole numbers')
    }
  }
}

/** The bucket of a whole number of nanoseconds below 2^30. */
export function bucketOf(ns: number): number {
  const octave = 31 - HALF_BITS - Math.clz32(ns | (SUB_BUCKETS - 1))
  return octave * HALF + (ns >> octave)
}

/** The least nanoseconds in a bucket. */
export function lowestOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket
  const octave = (bucket >> HALF_BITS) - 1
  return (bucket - octave * HALF) * 2 ** octave
}

/** The most nanoseconds in a bucket. */
export function highestOf(bucket: number): number {
  return lowestOf(bucket + 1) - 1
}
