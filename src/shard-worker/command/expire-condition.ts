/* The conditions under which a command sets an expiry, of a key or of a field: NX, XX, GT, LT. Any thread. */
import type { Args } from '../../base/args.ts'
import { bytesOf } from '../../base/bytes.ts'

/* Bits. */
export const NX = 1
export const XX = 2
export const GT = 4
export const LT = 8

const WORDS: readonly (readonly [Uint8Array, number])[] = [
  [bytesOf('NX'), NX],
  [bytesOf('XX'), XX],
  [bytesOf('GT'), GT],
  [bytesOf('LT'), LT],
]

/** The condition that argument `index` is, 0 for none. */
export function conditionAt(args: Args, index: number): number {
  for (const [word, condition] of WORDS) if (args.isOption(index, word)) return condition
  return 0
}
