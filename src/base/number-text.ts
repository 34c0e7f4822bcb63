/* Integers as text, by Redis's rules: what string2ll takes and what ll2string writes. Any thread. Hot: a magnitude
 * below 2^53 costs no allocation either way; the rest of 64 bits goes through BigInt.
 *
 * Taken: an optional minus, then digits without a leading zero; "0" itself; -2^63 to 2^63-1. Refused: the empty text,
 * spaces, a plus, "-0", anything longer. So every integer has exactly one text, and a text that was taken can stand for
 * its value: that is what the int encoding rests on. */

/** What parseInteger found: no integer; one that `parsed` holds exactly; one of 64 bits that needs parsedBig. */
export const NOT_INTEGER = 0
export const SAFE_INTEGER = 1
export const BIG_INTEGER = 2

/** The longest text of a 64-bit integer: -9223372036854775808. */
export const INTEGER_TEXT_BYTES = 20

/* One element rather than a variable: a number kept in a variable of a module is allocated anew on every change. */
const scratchParsed = new Float64Array(1)

const MINUS = 45
const ZERO = 48
/** Any integer of this many digits is below 2^53. */
const SAFE_DIGITS = 15
const MAX_DIGITS = 19
const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)
const SPLIT = 1e9

/** The value of the last text that parseInteger called a SAFE_INTEGER. */
export function parsed(): number {
  return scratchParsed[0]
}

/** Reads a range as an integer: NOT_INTEGER, SAFE_INTEGER (see parsed) or BIG_INTEGER (see parsedBig). */
export function parseInteger(bytes: Uint8Array, offset: number, length: number): number {
  if (length === 0 || length > INTEGER_TEXT_BYTES) return NOT_INTEGER
  const end = offset + length
  const negative = bytes[offset] === MINUS
  let at = negative ? offset + 1 : offset
  const digits = end - at
  const first = bytes[at] - ZERO
  if (digits === 0 || first < 0 || first > 9) return NOT_INTEGER
  if (first === 0) {
    if (length !== 1) return NOT_INTEGER
    scratchParsed[0] = 0
    return SAFE_INTEGER
  }
  if (digits > SAFE_DIGITS) return parseLong(bytes, offset, length, negative)
  // Nine digits in integer arithmetic, the rest in doubles.
  let value = first
  const smallEnd = digits > 9 ? at + 9 : end
  for (at++; at < smallEnd; at++) {
    const digit = bytes[at] - ZERO
    if (digit < 0 || digit > 9) return NOT_INTEGER
    value = value * 10 + digit
  }
  let large = value
  for (; at < end; at++) {
    const digit = bytes[at] - ZERO
    if (digit < 0 || digit > 9) return NOT_INTEGER
    large = large * 10 + digit
  }
  scratchParsed[0] = negative ? -large : large
  return SAFE_INTEGER
}

/** Sixteen digits or more: safe, big or out of range. */
function parseLong(bytes: Uint8Array, offset: number, length: number, negative: boolean): number {
  const begin = negative ? offset + 1 : offset
  if (offset + length - begin > MAX_DIGITS) return NOT_INTEGER
  let value = 0
  for (let at = begin; at < offset + length; at++) {
    const digit = bytes[at] - ZERO
    if (digit < 0 || digit > 9) return NOT_INTEGER
    value = value * 10 + digit
  }
  if (value <= Number.MAX_SAFE_INTEGER) {
    scratchParsed[0] = negative ? -value : value
    return SAFE_INTEGER
  }
  const big = parsedBig(bytes, offset, length)
  return big >= MIN_INT64 && big <= MAX_INT64 ? BIG_INTEGER : NOT_INTEGER
}

/** The value of a range that parseInteger called an integer, of either kind. Allocates. */
export function parsedBig(bytes: Uint8Array, offset: number, length: number): bigint {
  let text = ''
  for (let at = offset; at < offset + length; at++) text += String.fromCharCode(bytes[at])
  return BigInt(text)
}

/** Whether a 64-bit signed integer can hold `value`. */
export function fitsInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64
}

/** How many bytes formatInteger writes. `value` is an integer of magnitude at most 2^53. */
export function integerTextBytes(value: number): number {
  const sign = value < 0 ? 1 : 0
  const magnitude = value < 0 ? -value : value
  return magnitude < SPLIT ? sign + digitCount(magnitude | 0) : sign + 9 + digitCount(Math.floor(magnitude / SPLIT) | 0)
}

/** Decimal digits of an integer below 10^9. */
function digitCount(value: number): number {
  if (value < 10_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4
  if (value < 1_000_000) return value < 100_000 ? 5 : 6
  return value < 100_000_000 ? (value < 10_000_000 ? 7 : 8) : 9
}

/** Writes an integer of magnitude at most 2^53 in decimal at `at`; returns the offset after it. */
export function formatInteger(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    bytes[at++] = MINUS
    value = -value
  }
  if (value < SPLIT) return formatDigits(bytes, at, value | 0, digitCount(value | 0))
  const high = Math.floor(value / SPLIT)
  const middle = formatDigits(bytes, at, high | 0, digitCount(high | 0))
  return formatDigits(bytes, middle, (value - high * SPLIT) | 0, 9)
}

/** The last `count` digits of an integer below 10^9. */
function formatDigits(bytes: Uint8Array, at: number, value: number, count: number): number {
  for (let i = at + count - 1; i >= at; i--) {
    const quotient = (value / 10) | 0
    bytes[i] = ZERO + value - quotient * 10
    value = quotient
  }
  return at + count
}
