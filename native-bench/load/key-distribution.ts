/* Which key the next command touches: uniform over the key space, or Zipf, where the key of rank k (from 1) has a
 * probability proportional to 1 / k^theta. Pure; the random source is handed in.
 *
 * Zipf by rejection-inversion (Hoermann and Derflinger, "Rejection-inversion to generate variates from monotone
 * discrete distributions", 1996): constant time and memory for any theta > 0, 1 included, where the table that the
 * YCSB generator needs (zeta(n, theta)) costs a pass over all keys and fails at theta = 1.
 *
 *   density            h(x) = x^-theta
 *   its integral       H(x) = (x^(1-theta) - 1) / (1 - theta),  ln x at theta = 1
 *   draw u in (H(1.5) - 1, H(n + 0.5)], x = H^-1(u), k = round(x): accept k when it lies under the histogram. */

import type { Random } from '../../src/base/ports.ts'

export type Distribution = { kind: 'uniform' } | { kind: 'zipf'; theta: number }

/** Reads `uniform`, `zipf` (theta 0.99, the customary skew) or `zipf:1.2`. Throws with the reason otherwise. */
export function parseDistribution(text: string): Distribution {
  const [kind, thetaText = '0.99'] = text.trim().toLowerCase().split(':')
  if (kind === 'uniform') return { kind }
  const theta = Number(thetaText)
  if (kind !== 'zipf' || !(theta > 0) || theta > 10) {
    throw new Error(`distribution: '${text}' is neither uniform nor zipf:THETA with THETA in (0, 10]`)
  }
  return { kind, theta }
}

/** The distribution as its option spells it. */
export function distributionText(distribution: Distribution): string {
  return distribution.kind === 'uniform' ? 'uniform' : `zipf:${distribution.theta}`
}

export interface KeyPicker {
  /** The next key's number, in [0, keyCount). Under Zipf, 0 is the hottest. */
  next(): number
}

export function createKeyPicker(distribution: Distribution, keyCount: number, random: Random): KeyPicker {
  if (distribution.kind === 'uniform') return { next: () => Math.floor(uniform(random) * keyCount) }
  return new ZipfPicker(distribution.theta, keyCount, random)
}

/** Uniform in [0, 1). */
export function uniform(random: Random): number {
  return random.next32() / 0x1_0000_0000
}

class ZipfPicker implements KeyPicker {
  private readonly theta: number
  private readonly count: number
  private readonly random: Random
  private readonly lowest: number
  private readonly highest: number
  /** A draw this close below its integer lies under the histogram for sure: the common case, no power taken. */
  private readonly sure: number

  constructor(theta: number, count: number, random: Random) {
    this.theta = theta
    this.count = count
    this.random = random
    this.lowest = this.integral(1.5) - 1
    this.highest = this.integral(count + 0.5)
    this.sure = 2 - this.inverse(this.integral(2.5) - this.density(2))
  }

  next(): number {
    for (;;) {
      const u = this.highest + uniform(this.random) * (this.lowest - this.highest)
      const x = this.inverse(u)
      const rank = Math.min(Math.max(Math.round(x), 1), this.count)
      if (rank - x <= this.sure || u >= this.integral(rank + 0.5) - this.density(rank)) return rank - 1
    }
  }

  private density(x: number): number {
    return x ** -this.theta
  }

  /** Written with expm1 and log1p, so that it passes smoothly through theta = 1. */
  private integral(x: number): number {
    const exponent = 1 - this.theta
    return exponent === 0 ? Math.log(x) : Math.expm1(exponent * Math.log(x)) / exponent
  }

  private inverse(u: number): number {
    const exponent = 1 - this.theta
    return exponent === 0 ? Math.exp(u) : Math.exp(Math.log1p(Math.max(u * exponent, -1)) / exponent)
  }
}
