/* How long a blocking command waits at most. Baton holder. */
import type { Args } from '../../base/args.ts'
import * as errors from '../../base/error-texts.ts'
import { ceilingOfProduct, parseLongDouble } from '../../base/long-double.ts'
import type { Reply } from '../../base/reply.ts'
import type { Engine } from '../engine.ts'

const MS_PER_SECOND = 1000n
const MAX_INT64 = 2n ** 63n - 1n

/** Argument `index` is seconds, with decimals: as milliseconds, rounded up; undefined after an error. 0: for ever. */
export function parseTimeout(engine: Engine, args: Args, index: number, reply: Reply): number | undefined {
  const timeout = milliseconds(args.text(index), engine.nowMs)
  if (typeof timeout === 'bigint') return Number(timeout)
  reply.error(timeout)
  return undefined
}

/** The milliseconds, or an error text. */
function milliseconds(text: string, nowMs: number): bigint | string {
  const seconds = parseLongDouble(text)
  if (seconds === null) return errors.TIMEOUT_NOT_A_FLOAT
  if (seconds.infinite) return seconds.negative ? errors.NEGATIVE_TIMEOUT : errors.TIMEOUT_OUT_OF_RANGE
  const timeout = ceilingOfProduct(seconds, MS_PER_SECOND)
  if (timeout < 0n) return errors.NEGATIVE_TIMEOUT
  return timeout > MAX_INT64 - BigInt(nowMs) ? errors.TIMEOUT_OUT_OF_RANGE : timeout
}
