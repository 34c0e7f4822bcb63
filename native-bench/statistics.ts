/* The little statistics the comparison needs. Pure.
 *
 * Medians, not means: one round disturbed by other work on the machine must not move the result. Ratios are taken
 * between rounds that ran next to each other and then the median is taken, so a slow drift of the machine (turbo,
 * noisy neighbours) cancels; the quotient of the two medians would keep it. */

/** The middle value, or the mean of the two middle ones; NaN for none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median of subject[i] / baseline[i] over the rounds that both have; NaN for none. */
export function pairedRatio(subject: readonly number[], baseline: readonly number[]): number {
  const ratios: number[] = []
  for (let i = 0; i < Math.min(subject.length, baseline.length); i++) {
    if (baseline[i] > 0) ratios.push(subject[i] / baseline[i])
  }
  return median(ratios)
}
