/* The time at which a key is to expire, as an argument says it. Any thread; hot.
 *
 * Times are 64-bit integers in Unix milliseconds, kept as two halves; arithmetic is in doubles while it is exact, which
 * is until the year 287396, and in BigInt beyond. What parseExpiry() reads is left in fields of this module, until the
 * next call. */
import type { Args } from '../../base/args.ts'
import * as errors from '../../base/error-texts.ts'
import { fitsInt64, NOT_INTEGER, parsed, parsedBig, parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import { highHalf, lowHalf } from '../keyspace/entry.ts'

export const MS_PER_SECOND = 1000

export let expiryLow = 0
export let expiryHigh = 0
/* The time as a number, rounded beyond 2^53. One element rather than a variable: a number kept in a variable of a
 * module is allocated anew on every change. */
const scratchExpiry = new Float64Array(1)

/** Whether the expiry read last has come. */
export function isExpiryPast(nowMs: number): boolean {
  return scratchExpiry[0] <= nowMs
}

/**
 * Reads argument `index`, so many `unitMs` after `baseMs`; false when that is no time, or the argument has to be
 * positive and is not, with the error replied.
 */
export function parseExpiry(
  args: Args,
  index: number,
  unitMs: number,
  baseMs: number,
  isPositive: boolean,
  command: string,
  reply: Reply,
): boolean {
  const kind = parseInteger(args.bytes, args.offset[index], args.length[index])
  if (kind === NOT_INTEGER) {
    reply.error(errors.NOT_AN_INTEGER)
    return false
  }
  if (kind === SAFE_INTEGER) {
    const value = parsed()
    const ms = value * unitMs + baseMs
    if (Number.isSafeInteger(ms) && (value > 0 || !isPositive)) {
      scratchExpiry[0] = ms
      expiryLow = lowHalf(ms)
      expiryHigh = highHalf(ms)
      return true
    }
  }
  return parseFarExpiry(args, index, unitMs, baseMs, isPositive, command, reply)
}

/** A time beyond 2^53 milliseconds, or one that is refused. */
function parseFarExpiry(
  args: Args,
  index: number,
  unitMs: number,
  baseMs: number,
  isPositive: boolean,
  command: string,
  reply: Reply,
): boolean {
  const value = parsedBig(args.bytes, args.offset[index], args.length[index])
  const relative = value * BigInt(unitMs)
  const ms = relative + BigInt(baseMs)
  if ((isPositive && value <= 0n) || !fitsInt64(relative) || !fitsInt64(ms)) {
    reply.error(errors.invalidExpire(command))
    return false
  }
  scratchExpiry[0] = Number(ms)
  expiryLow = Number(ms & 0xffffffffn)
  expiryHigh = Number(ms >> 32n)
  return true
}
