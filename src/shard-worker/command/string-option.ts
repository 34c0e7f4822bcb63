/* The options of SET and GETEX, in any order, and the times they give. Baton holder.
 *
 * Results are left in fields of this module, valid until the next call: `expireArgument` by parseOptions, the expiry by
 * parseExpiry. */
import type { Args } from '../../base/args.ts'
import { bytesOf } from '../../base/bytes.ts'
import * as errors from '../../base/error-texts.ts'
import { fitsInt64, NOT_INTEGER, parsed, parsedBig, parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import { highHalf, lowHalf } from '../keyspace/entry.ts'

export const NX = 1 << 0
export const XX = 1 << 1
export const GET = 1 << 2
export const KEEPTTL = 1 << 3
export const PERSIST = 1 << 4
export const EX = 1 << 5
export const PX = 1 << 6
export const EXAT = 1 << 7
export const PXAT = 1 << 8

/** Options that take a time. */
export const TIMES = EX | PX | EXAT | PXAT
/** Options of which a command has at most one, though it may be repeated; the last counts. */
const LIFETIMES = TIMES | KEEPTTL | PERSIST
const CONDITIONS = NX | XX
const IN_SECONDS = EX | EXAT
const FROM_NOW = EX | PX

export const SET_OPTIONS = CONDITIONS | GET | KEEPTTL | TIMES
export const GETEX_OPTIONS = PERSIST | TIMES

const WORDS: readonly (readonly [Uint8Array, number])[] = [
  [bytesOf('EX'), EX],
  [bytesOf('PX'), PX],
  [bytesOf('NX'), NX],
  [bytesOf('XX'), XX],
  [bytesOf('GET'), GET],
  [bytesOf('KEEPTTL'), KEEPTTL],
  [bytesOf('EXAT'), EXAT],
  [bytesOf('PXAT'), PXAT],
  [bytesOf('PERSIST'), PERSIST],
]

/** Index of the argument with the time, after parseOptions found one of TIMES. */
export let expireArgument = 0

/* The expiry that parseExpiry read: Unix milliseconds in two halves, and as a number (rounded from 2^53). */
export let expiryLow = 0
export let expiryHigh = 0
const scratchExpiry = new Float64Array(1)

/** The options from argument `from` on as bits, if they are among `allowed` and go together; else -1. */
export function parseOptions(args: Args, from: number, allowed: number): number {
  let options = 0
  for (let i = from; i < args.count; i++) {
    const option = optionAt(args, i)
    const group = option & CONDITIONS ? CONDITIONS : option & LIFETIMES ? LIFETIMES : 0
    if ((option & allowed) === 0 || (options & group & ~option) !== 0) return -1
    if (option & TIMES) {
      if (++i === args.count) return -1
      expireArgument = i
    }
    options |= option
  }
  return options
}

/** The option that an argument spells, 0 for none. */
function optionAt(args: Args, index: number): number {
  for (let w = 0; w < WORDS.length; w++) if (args.isOption(index, WORDS[w][0])) return WORDS[w][1]
  return 0
}

/** Whether the expiry read last has come. */
export function isExpiryPast(nowMs: number): boolean {
  return scratchExpiry[0] <= nowMs
}

/**
 * Reads argument `index` as the time of option `unit` (one of TIMES) into expiryLow and expiryHigh, made absolute.
 * False when it is none, with the error replied. 64-bit arithmetic throughout, BigInt only above 2^53.
 */
export function parseExpiry(
  args: Args,
  index: number,
  unit: number,
  nowMs: number,
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
    const ms = (unit & IN_SECONDS ? value * 1000 : value) + (unit & FROM_NOW ? nowMs : 0)
    if (value > 0 && ms <= Number.MAX_SAFE_INTEGER) {
      expiryLow = lowHalf(ms)
      expiryHigh = highHalf(ms)
      scratchExpiry[0] = ms
      return true
    }
  }
  return parseFarExpiry(args, index, unit, nowMs, command, reply)
}

/** A time that is not positive, or beyond 2^53 milliseconds. */
function parseFarExpiry(
  args: Args,
  index: number,
  unit: number,
  nowMs: number,
  command: string,
  reply: Reply,
): boolean {
  const value = parsedBig(args.bytes, args.offset[index], args.length[index])
  const ms = (unit & IN_SECONDS ? value * 1000n : value) + (unit & FROM_NOW ? BigInt(nowMs) : 0n)
  if (value <= 0n || !fitsInt64(ms)) {
    reply.error(errors.invalidExpire(command))
    return false
  }
  expiryLow = Number(ms & 0xffffffffn)
  expiryHigh = Number(ms >> 32n)
  scratchExpiry[0] = Number(ms)
  return true
}
