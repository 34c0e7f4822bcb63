/* The long double of x86-64 (80 bits: sign, 15 bits of exponent, 64 bits of mantissa), as far as INCRBYFLOAT and
 * HINCRBYFLOAT need it: text to value, sum, value to text, every bit as strtold, the x87 and "%.17Lf" give it. Redis
 * computes these commands in that type, so a double would answer other digits. Any thread; BigInt arithmetic, about a
 * microsecond a call.
 *
 * A finite value is mantissa * 2^exponent, the mantissa not necessarily normalized:
 *
 * I1  0 <= mantissa <= 2^64 and exponent >= MIN_EXPONENT, so that a denormal is nothing special.
 * I2  mantissa * 2^exponent < 2^MAX_BITS, or it is infinite.
 *
 * The sign of zero is not kept: the text of both zeros is "0". */

export interface LongDouble {
  readonly negative: boolean
  readonly infinite: boolean
  readonly mantissa: bigint
  readonly exponent: number
}

const MANTISSA_BITS = 64
/** The exponent of the last bit of a denormal. */
const MIN_EXPONENT = -16445
/** Values of more bits before the binary point than this are infinite. */
const MAX_BITS = 16384
/** Longest text that is tried (MAX_LONG_DOUBLE_CHARS - 1). */
const MAX_TEXT_CHARS = 5 * 1024 - 1
const FRACTION_DIGITS = 17
const FRACTION_SCALE = 10n ** BigInt(FRACTION_DIGITS)
/** Bits that a quotient keeps beyond the mantissa, so that rounding needs only to know whether anything is left. */
const GUARD_BITS = 2
/* Powers of ten beyond which a value is surely infinite, or rounds to zero. */
const MAX_DECIMAL_MAGNITUDE = 4940
const MIN_DECIMAL_MAGNITUDE = -4970
const MAX_EXPONENT_DIGITS = 9

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i
const INFINITE = /^([+-]?)inf(?:inity)?$/i

/**
 * The value of a text by the rules of strtold and Redis's string2ld: decimal or hexadecimal, optional sign and
 * exponent, or inf. null for anything else: the empty text, spaces, nan, a finite text that overflows or rounds to
 * zero, and 5120 characters or more.
 */
export function parseLongDouble(text: string): LongDouble | null {
  if (text.length > MAX_TEXT_CHARS) return null
  const decimal = DECIMAL.exec(text)
  if (decimal !== null) return fromDigits(decimal, 10)
  const hexadecimal = HEXADECIMAL.exec(text)
  if (hexadecimal !== null) return fromDigits(hexadecimal, 16)
  const infinite = INFINITE.exec(text)
  return infinite === null ? null : { negative: infinite[1] === '-', infinite: true, mantissa: 0n, exponent: 0 }
}

function fromDigits(match: RegExpExecArray, radix: 10 | 16): LongDouble | null {
  const [, sign, whole, fraction, exponentText] = match
  const digits = whole + fraction
  if (digits === '') return null
  const negative = sign === '-'
  const value = BigInt(radix === 16 ? `0x${digits}` : digits)
  if (value === 0n) return { negative, infinite: false, mantissa: 0n, exponent: 0 }
  const exponent = exponentOf(exponentText ?? '0')
  const result =
    radix === 16
      ? round(negative, value, exponent - 4 * fraction.length, false)
      : fromDecimal(negative, value, exponent - fraction.length)
  return result.infinite || result.mantissa === 0n ? null : result
}

/** The exponent of a text, or one as hopeless as it is when it has very many digits. */
function exponentOf(text: string): number {
  const digits = text.replace(/^[+-]?0*/, '').slice(0, MAX_EXPONENT_DIGITS)
  return text.startsWith('-') ? -Number(digits) : Number(digits)
}

/** digits * 10^power, rounded. */
function fromDecimal(negative: boolean, digits: bigint, power: number): LongDouble {
  const magnitude = digits.toString().length + power
  if (magnitude > MAX_DECIMAL_MAGNITUDE) return { negative, infinite: true, mantissa: 0n, exponent: 0 }
  if (magnitude < MIN_DECIMAL_MAGNITUDE) return { negative, infinite: false, mantissa: 0n, exponent: 0 }
  if (power >= 0) return round(negative, digits * 10n ** BigInt(power), 0, false)
  const divisor = 10n ** BigInt(-power)
  // Scaled so that the quotient has the bits of a mantissa, some to guard, and the rest decides a tie.
  const shift = Math.max(0, MANTISSA_BITS + GUARD_BITS + bitLength(divisor) - bitLength(digits))
  const scaled = digits << BigInt(shift)
  const quotient = scaled / divisor
  return round(negative, quotient, -shift, quotient * divisor !== scaled)
}

/** bits * 2^exponent and, when `more`, a little above it: to the nearest value, ties to the even one. */
function round(negative: boolean, bits: bigint, exponent: number, more: boolean): LongDouble {
  const drop = Math.max(bitLength(bits) - MANTISSA_BITS, MIN_EXPONENT - exponent)
  let mantissa = bits
  if (drop > 0) {
    mantissa = bits >> BigInt(drop)
    const rest = bits - (mantissa << BigInt(drop))
    const half = 1n << BigInt(drop - 1)
    if (rest > half || (rest === half && (more || (mantissa & 1n) === 1n))) mantissa++
    exponent += drop
  }
  if (mantissa !== 0n && bitLength(mantissa) + exponent > MAX_BITS) {
    return { negative, infinite: true, mantissa: 0n, exponent: 0 }
  }
  return { negative, infinite: false, mantissa, exponent }
}

function bitLength(value: bigint): number {
  const hex = value.toString(16)
  return 4 * hex.length - Math.clz32(Number.parseInt(hex[0], 16)) + 28
}

/** The sum, rounded; null when it is infinite or no number. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | null {
  if (a.infinite || b.infinite) return null
  const exponent = Math.min(a.exponent, b.exponent)
  const sum = signed(a, exponent) + signed(b, exponent)
  const result = sum < 0n ? round(true, -sum, exponent, false) : round(false, sum, exponent, false)
  return result.infinite ? null : result
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
