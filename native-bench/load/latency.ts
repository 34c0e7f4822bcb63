/* Latency histograms of the load threads: microseconds in an HdrHistogram with three significant digits, up to a
 * minute. A thread keeps one, sends it home encoded, and the generator adds them up. */

import type { Histogram } from 'hdr-histogram-js'
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js'

export type { Histogram } from 'hdr-histogram-js'

const HIGHEST_MICROS = 60_000_000

export function createLatencyHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MICROS,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  })
}

/** Records a latency in (fractional) milliseconds; above a minute it counts as a minute. */
export function recordMs(histogram: Histogram, latencyMs: number): void {
  histogram.recordValue(Math.min(Math.max(Math.round(latencyMs * 1000), 0), HIGHEST_MICROS))
}

export function valueMs(histogram: Histogram, percentile: number): number {
  return histogram.getValueAtPercentile(percentile) / 1000
}

export const encodeHistogram: (histogram: Histogram) => string = encodeIntoCompressedBase64

/** The sum of encoded histograms. */
export function mergeHistograms(encoded: readonly string[]): Histogram {
  const sum = createLatencyHistogram()
  for (const text of encoded) sum.add(decodeFromCompressedBase64(text, 32, false))
  return sum
}
