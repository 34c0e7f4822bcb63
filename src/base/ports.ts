/* The ports through which time and chance enter the engine. Production hands in the operating system's; tests and
 * simulations hand in ones they control, so the same inputs always give the same run. Any thread. */

/** A source of time. */
export interface Clock {
  /** Wall-clock time in whole milliseconds since the Unix epoch. */
  nowMs(): number
  /** Monotonic time in microseconds (fractions allowed) since an arbitrary start. */
  monotonicUs(): number
}

/** A source of uniformly distributed bits. */
export interface Random {
  /** The next 32 random bits, as an unsigned integer in [0, 2^32). */
  next32(): number
}

/** The operating system's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => performance.now() * 1000,
}

/** A small, fast, seeded generator (xorshift128, Marsaglia 2003): equal seeds give equal sequences. */
export class SeededRandom implements Random {
  private x: number
  private y: number
  private z: number
  private w: number

  constructor(seed: number) {
    this.x = seed | 0
    this.y = 362436069
    this.z = 521288629
    this.w = 88675123
    for (let i = 0; i < 16; i++) this.next32()
  }

  next32(): number {
    const t = this.x ^ (this.x << 11)
    this.x = this.y
    this.y = this.z
    this.z = this.w
    this.w = this.w ^ (this.w >>> 19) ^ t ^ (t >>> 8)
    return this.w >>> 0
  }
}

/** A uniform integer in [0, bound); `bound` at most 2^32. */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor((random.next32() / 4294967296) * bound)
}
