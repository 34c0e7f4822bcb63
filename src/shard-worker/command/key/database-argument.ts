/* Database numbers as arguments: MOVE, COPY, SWAPDB. Any thread. */
import type { Args } from '../../../base/args.ts'
import * as errors from '../../../base/error-texts.ts'
import { NOT_INTEGER, parsed, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'

const INT_MAX = 2147483647

/** Why argument `index` is no 32-bit integer, in Redis's words; null when it is, and `parsed` has it. */
function refuseInt(args: Args, index: number): string | null {
  const kind = parseInteger(args.bytes, args.offset[index], args.length[index])
  if (kind === NOT_INTEGER) return errors.NOT_AN_INTEGER
  return kind === SAFE_INTEGER && parsed() <= INT_MAX && parsed() >= -INT_MAX - 1 ? null : errors.NOT_AN_INT
}

/** Argument `index` as the number of a database; -1 when it is none, with the error replied. */
export function parseDatabase(engine: Engine, args: Args, index: number, reply: Reply): number {
  const refusal = refuseInt(args, index)
  if (refusal !== null) reply.error(refusal)
  else if (parsed() >= 0 && parsed() < engine.databases) return parsed()
  else reply.error(errors.DB_OUT_OF_RANGE)
  return -1
}

/** Argument `index` as any 32-bit integer; undefined when it is none. */
export function parseInt32(args: Args, index: number): number | undefined {
  return refuseInt(args, index) === null ? parsed() : undefined
}
