/* Arguments that are integers of 64 bits, as most commands take them. Baton holder. Hot. */
import type { Args } from '../../base/args.ts'
import { NOT_INTEGER, parsed, parsedBig, parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'

/**
 * Argument `index` as an integer; NaN when it is none of 64 bits. Beyond 2^53 it is rounded, which no index or count
 * of what fits into memory can tell.
 */
export function integerArgument(args: Args, index: number): number {
  const kind = parseInteger(args.bytes, args.offset[index], args.length[index])
  if (kind === SAFE_INTEGER) return parsed()
  return kind === NOT_INTEGER ? Number.NaN : Number(parsedBig(args.bytes, args.offset[index], args.length[index]))
}
