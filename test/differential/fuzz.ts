/* Plays generated scripts until the first difference, and shrinks that: what the test suite runs for a bounded count of
 * seeds and `npm run fuzz` for a time. */

import type { GenerateOptions } from './generate.ts'
import { generateScript } from './generate.ts'
import type { Match, Mismatch } from './match.ts'
import { comparableShapes, FIXED_WITH_7_0, isComparableWith70 } from './redis-7.2-differences.ts'
import type { Script } from './script.ts'
import type { CommandShape } from './shapes.ts'
import { shrink } from './shrink.ts'

export interface Failure {
  script: Script
  mismatch: Mismatch
}

/** Plays the script of one seed. Null: no difference. Otherwise the shortest script found that shows one. */
export async function fuzzSeed(
  match: Match,
  seed: number,
  shapes: readonly CommandShape[],
  options: GenerateOptions = {},
): Promise<Failure | null> {
  const script = generateScript(seed, comparableShapes(shapes, match.oracleVersion), {
    foreign: match.foreign,
    fixed: match.oracleIs70 ? FIXED_WITH_7_0 : [],
    accepts: match.oracleIs70 ? isComparableWith70 : () => true,
    ...options,
  })
  const mismatch = await match.play(script)
  return mismatch === null ? null : shrink(match, script, mismatch)
}
