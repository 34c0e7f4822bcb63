/* What strtod and strtold have in common: the texts they take, and rounding to a binary format. Any thread; BigInt
 * arithmetic, so that every digit counts. */

/** A binary format: bits of the mantissa, exponent of a denormal's last bit, bits of the largest value's integer. */
export interface BinaryFormat {
  readonly mantissaBits: number
  readonly minExponent: number
  readonly maxBits: number
  /** Powers of ten beyond which a text surely overflows, or rounds to zero. */
  readonly maxDecimal: number
  readonly minDecimal: number
}

/**
 * A value of a format: mantissa * 2^exponent, the mantissa not necessarily normalized, or infinite.
 *
 * I1  0 <= mantissa <= 2^mantissaBits and exponent >= minExponent, so that a denormal is nothing special.
 * I2  mantissa * 2^exponent < 2^maxBits unless it is infinite.
 */
export interface BinaryFloat {
  readonly negative: boolean
  readonly infinite: boolean
  readonly mantissa: bigint
  readonly exponent: number
}

/** Bits that a quotient keeps beyond the mantissa, so that rounding needs only to know whether anything is left. */
const GUARD_BITS = 2
const MAX_EXPONENT_DIGITS = 9

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i
const INFINITE = /^([+-]?)inf(?:inity)?$/i

/**
 * The value of a text in a format, by the rules that Redis puts on top of the C library's: decimal or hexadecimal, with
 * an optional sign and exponent, or inf. null for anything else: the empty text, spaces, nan, and a finite text that
 * overflows or rounds to zero.
 */
export function parseFloatText(text: string, format: BinaryFormat): BinaryFloat | null {
  const decimal = DECIMAL.exec(text)
  if (decimal !== null) return fromDigits(decimal, 10, format)
  const hexadecimal = HEXADECIMAL.exec(text)
  if (hexadecimal !== null) return fromDigits(hexadecimal, 16, format)
  const infinite = INFINITE.exec(text)
  return infinite === null ? null : infinity(infinite[1] === '-')
}

function infinity(negative: boolean): BinaryFloat {
  return { negative, infinite: true, mantissa: 0n, exponent: 0 }
}

function zero(negative: boolean): BinaryFloat {
  return { negative, infinite: false, mantissa: 0n, exponent: 0 }
}

function fromDigits(match: RegExpExecArray, radix: 10 | 16, format: BinaryFormat): BinaryFloat | null {
  const [, sign, whole, fraction, exponentText] = match
  const digits = whole + fraction
  if (digits === '') return null
  const negative = sign === '-'
  const value = BigInt(radix === 16 ? `0x${digits}` : digits)
  if (value === 0n) return zero(negative)
  const exponent = exponentOf(exponentText ?? '0')
  const result =
    radix === 16
      ? round(negative, value, exponent - 4 * fraction.length, false, format)
      : fromDecimal(negative, value, exponent - fraction.length, format)
  return result.infinite || result.mantissa === 0n ? null : result
}

/** The exponent of a text, or one as hopeless as it is when it has very many digits. */
function exponentOf(text: string): number {
  const digits = text.replace(/^[+-]?0*/, '').slice(0, MAX_EXPONENT_DIGITS)
  return text.startsWith('-') ? -Number(digits) : Number(digits)
}

/** digits * 10^power, rounded. */
function fromDecimal(negative: boolean, digits: bigint, power: number, format: BinaryFormat): BinaryFloat {
  const magnitude = digits.toString().length + power
  if (magnitude > format.maxDecimal) return infinity(negative)
  if (magnitude < format.minDecimal) return zero(negative)
  if (power >= 0) return round(negative, digits * 10n ** BigInt(power), 0, false, format)
  const divisor = 10n ** BigInt(-power)
  // Scaled so that the quotient has the bits of a mantissa, some to guard, and the rest decides a tie.
  const shift = Math.max(0, format.mantissaBits + GUARD_BITS + bitLength(divisor) - bitLength(digits))
  const scaled = digits << BigInt(shift)
  const quotient = scaled / divisor
  return round(negative, quotient, -shift, quotient * divisor !== scaled, format)
}

/** bits * 2^exponent and, when `more`, a little above it: to the nearest value of the format, ties to the even one. */
export function round(
  negative: boolean,
  bits: bigint,
  exponent: number,
  more: boolean,
  format: BinaryFormat,
): BinaryFloat {
  const drop = Math.max(bitLength(bits) - format.mantissaBits, format.minExponent - exponent)
  let mantissa = bits
  if (drop > 0) {
    mantissa = bits >> BigInt(drop)
    const rest = bits - (mantissa << BigInt(drop))
    const half = 1n << BigInt(drop - 1)
    if (rest > half || (rest === half && (more || (mantissa & 1n) === 1n))) mantissa++
    exponent += drop
  }
  if (mantissa !== 0n && bitLength(mantissa) + exponent > format.maxBits) return infinity(negative)
  return { negative, infinite: false, mantissa, exponent }
}

/** Bits of a number that is not negative; 0 counts as of none or one. */
function bitLength(value: bigint): number {
  const hex = value.toString(16)
  return 4 * hex.length - Math.clz32(Number.parseInt(hex[0], 16)) + 28
}
