/* The long double of x86-64 (80 bits: sign, 15 bits of exponent, 64 bits of mantissa), as far as INCRBYFLOAT and
 * HINCRBYFLOAT need it: text to value, sum, value to text, every bit as strtold, the x87 and "%.17Lf" give it. Redis
 * computes these commands in that type, so a double would answer other digits. Any thread; BigInt arithmetic, a few
 * microseconds a command.
 *
 * The sign of zero is not kept in sums: the text of both zeros is "0". */
import { textOf } from './bytes.ts'
import { type BinaryFloat, type BinaryFormat, parseFloatText, round } from './float-text.ts'

export type LongDouble = BinaryFloat

const FORMAT: BinaryFormat = {
  mantissaBits: 64,
  minExponent: -16445,
  maxBits: 16384,
  maxDecimal: 4940,
  minDecimal: -4970,
}
/** Longest text that is tried (MAX_LONG_DOUBLE_CHARS - 1). */
const MAX_TEXT_CHARS = 5 * 1024 - 1
const FRACTION_DIGITS = 17
const FRACTION_SCALE = 10n ** BigInt(FRACTION_DIGITS)

/** The value of a text as Redis's string2ld reads it (see parseFloatText); null for none, or from 5120 chars on. */
export function parseLongDouble(text: string): LongDouble | null {
  return text.length > MAX_TEXT_CHARS ? null : parseFloatText(text, FORMAT)
}

/** The same of a range of bytes, however long. */
export function parseLongDoubleIn(bytes: Uint8Array, offset: number, length: number): LongDouble | null {
  return length > MAX_TEXT_CHARS ? null : parseLongDouble(textOf(bytes, offset, length))
}

/** The sum, rounded; null when it is infinite or no number. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | null {
  if (a.infinite || b.infinite) return null
  const exponent = Math.min(a.exponent, b.exponent)
  const sum = signed(a, exponent) + signed(b, exponent)
  const result = round(sum < 0n, sum < 0n ? -sum : sum, exponent, false, FORMAT)
  return result.infinite ? null : result
}

/** A finite value times an integer, rounded as any product is, and then up to a whole number. */
export function ceilingOfProduct(value: LongDouble, factor: bigint): bigint {
  const { negative, mantissa, exponent } = round(value.negative, value.mantissa * factor, value.exponent, false, FORMAT)
  if (exponent >= 0) return (negative ? -mantissa : mantissa) << BigInt(exponent)
  const drop = BigInt(-exponent)
  return negative ? -(mantissa >> drop) : (mantissa + (1n << drop) - 1n) >> drop
}

function signed(value: LongDouble, exponent: number): bigint {
  const magnitude = value.mantissa << BigInt(value.exponent - exponent)
  return value.negative ? -magnitude : magnitude
}

/** A finite value as INCRBYFLOAT prints it: "%.17Lf" without trailing zeros, point or minus before zero. */
export function formatLongDouble(value: LongDouble): string {
  const scaled = scaledToFraction(value)
  if (scaled === 0n) return '0'
  const digits = scaled.toString().padStart(FRACTION_DIGITS + 1, '0')
  const whole = digits.slice(0, -FRACTION_DIGITS)
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '')
  const text = fraction === '' ? whole : `${whole}.${fraction}`
  return value.negative ? `-${text}` : text
}

/** The magnitude times 10^17, to the nearest integer, ties to the even one. */
function scaledToFraction(value: LongDouble): bigint {
  const scaled = value.mantissa * FRACTION_SCALE
  if (value.exponent >= 0) return scaled << BigInt(value.exponent)
  const drop = BigInt(-value.exponent)
  const whole = scaled >> drop
  const rest = scaled - (whole << drop)
  const half = 1n << (drop - 1n)
  return rest > half || (rest === half && (whole & 1n) === 1n) ? whole + 1n : whole
}
