/* Doubles as text: what Redis takes for one (string2d), and how it writes one since 7.2 (d2string). Any thread; BigInt
 * arithmetic, a few microseconds a call.
 *
 * Redis prints integers as such and everything else by Grisu2 (Florian Loitsch, "Printing Floating-Point Numbers
 * Quickly and Accurately with Integers", PLDI 2010). That finds the shortest text that reads back as the value in all
 * but one case of some thousands, where it gives a digit more: to answer the same bytes, this is the same algorithm
 * with the same powers, not the exact one that String(value) is. */
import { type BinaryFormat, parseFloatText } from './float-text.ts'

const FORMAT: BinaryFormat = {
  mantissaBits: 53,
  minExponent: -1074,
  maxBits: 1024,
  maxDecimal: 315,
  minDecimal: -330,
}
const PLAIN_DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
const NONZERO_DIGIT = /^[^e]*[1-9]/i

/** The value of a text as string2d reads it (see parseFloatText); NaN for none. */
export function parseDouble(text: string): number {
  if (PLAIN_DECIMAL.test(text)) {
    const value = Number(text)
    return Number.isFinite(value) && (value !== 0 || !NONZERO_DIGIT.test(text)) ? value : Number.NaN
  }
  const value = parseFloatText(text, FORMAT)
  if (value === null) return Number.NaN
  const magnitude = value.infinite ? Number.POSITIVE_INFINITY : Number(value.mantissa) * 2 ** value.exponent
  return value.negative ? -magnitude : magnitude
}

/** Integers below this print as integers, whatever Grisu2 would make of them. */
const MAX_PLAIN_INTEGER = 2 ** 62

/** A double as Redis replies it. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (value === Number.POSITIVE_INFINITY) return 'inf'
  if (value === Number.NEGATIVE_INFINITY) return '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  if (Number.isInteger(value) && Math.abs(value) <= MAX_PLAIN_INTEGER) return BigInt(value).toString()
  const { digits, power } = grisu2(Math.abs(value))
  return value < 0 ? `-${layOut(digits, power, MOST_DIGITS - 1)}` : layOut(digits, power, MOST_DIGITS)
}

/** Digits that have room in exponent notation, the sign included. */
const MOST_DIGITS = 18
/** Zeros that an integer gets appended before it is written with an exponent. */
const MOST_ZEROS = 7

/** digits * 10^power as text. */
function layOut(digits: string, power: number, most: number): string {
  const exponent = power + digits.length - 1
  if (power >= 0 && Math.abs(exponent) < digits.length + MOST_ZEROS) return digits + '0'.repeat(power)
  if (power < 0 && (power > -MOST_ZEROS || Math.abs(exponent) < 4)) {
    const point = digits.length + power
    return point <= 0 ? `0.${'0'.repeat(-point)}${digits}` : `${digits.slice(0, point)}.${digits.slice(point)}`
  }
  const shown = digits.slice(0, most)
  const mantissa = shown.length > 1 ? `${shown[0]}.${shown.slice(1)}` : shown
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`
}

/** A binary floating-point number of 64 bits: fraction * 2^exponent. */
interface Scaled {
  fraction: bigint
  exponent: number
}

const HIDDEN_BIT = 1n << 52n
const FRACTION_MASK = HIDDEN_BIT - 1n
const EXPONENT_BIAS = 1023 + 52
const scratchDouble = new Float64Array(1)
const scratchBits = new BigUint64Array(scratchDouble.buffer)

function uint64(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}

/** The digits of a positive double and the power of ten of the last. */
function grisu2(value: number): { digits: string; power: number } {
  scratchDouble[0] = value
  const bits = scratchBits[0]
  const biased = Number(bits >> 52n)
  const fraction = biased === 0 ? bits & FRACTION_MASK : (bits & FRACTION_MASK) | HIDDEN_BIT
  const exponent = (biased === 0 ? 1 : biased) - EXPONENT_BIAS
  // The boundaries lie half way to the neighbours; below a power of two the neighbour is nearer.
  const upper = normalize({ fraction: (fraction << 1n) + 1n, exponent: exponent - 1 })
  const closeness = fraction === HIDDEN_BIT ? 2 : 1
  const lower = align(
    { fraction: (fraction << BigInt(closeness)) - 1n, exponent: exponent - closeness },
    upper.exponent,
  )
  const scale = scaleFor(upper.exponent)
  return generate(
    multiply(normalize({ fraction, exponent }), scale.power),
    multiply(upper, scale.power).fraction - 1n,
    multiply(lower, scale.power).fraction + 1n,
    -scale.decimal,
  )
}

function normalize({ fraction, exponent }: Scaled): Scaled {
  const high = Number(fraction >> 32n)
  const shift = high === 0 ? 32 + Math.clz32(Number(fraction)) : Math.clz32(high)
  return { fraction: fraction << BigInt(shift), exponent: exponent - shift }
}

function align({ fraction, exponent }: Scaled, to: number): Scaled {
  return { fraction: fraction << BigInt(exponent - to), exponent: to }
}

/** The product, rounded to 64 bits. */
function multiply(a: Scaled, b: Scaled): Scaled {
  return { fraction: (a.fraction * b.fraction + (1n << 63n)) >> 64n, exponent: a.exponent + b.exponent + 64 }
}

/* The powers of ten that scale a value: every eighth from 10^-348 on, rounded to 64 bits. The product's exponent is to
 * lie within the window, where digits come out of 32 and 64-bit parts. Two powers may do; which one is taken decides
 * the last digit now and then, so the search begins where Redis's does. */
const FIRST_POWER = -348
const POWER_STEP = 8
const POWERS = 87
const LEAST_EXPONENT = -60
const MOST_EXPONENT = -32
const LOG10_OF_2 = 0.30102999566398114

const powers: (Scaled | undefined)[] = []

function powerAt(index: number): Scaled {
  powers[index] ??= roundedPowerOfTen(FIRST_POWER + index * POWER_STEP)
  return powers[index]
}

function roundedPowerOfTen(decimal: number): Scaled {
  const power = 10n ** BigInt(Math.abs(decimal))
  const length = power.toString(2).length
  // One bit too many, to round by.
  const shift = decimal < 0 ? length + 64 : 65 - length
  const long = decimal < 0 ? (1n << BigInt(shift)) / power : shiftLeft(power, shift)
  return { fraction: (long + 1n) >> 1n, exponent: 1 - shift }
}

function shiftLeft(value: bigint, by: number): bigint {
  return by >= 0 ? value << BigInt(by) : value >> BigInt(-by)
}

function scaleFor(exponent: number): { power: Scaled; decimal: number } {
  let index = Math.trunc((Math.trunc(-(exponent + POWERS) * LOG10_OF_2) - FIRST_POWER) / POWER_STEP)
  for (;;) {
    const product = exponent + powerAt(index).exponent + 64
    if (product < LEAST_EXPONENT) index++
    else if (product > MOST_EXPONENT) index--
    else return { power: powerAt(index), decimal: FIRST_POWER + index * POWER_STEP }
  }
}

/** Digits from the top until what is left lies between the boundaries, then nudged towards the value itself. */
function generate(value: Scaled, upper: bigint, lower: bigint, power: number): { digits: string; power: number } {
  const fractionBits = BigInt(-value.exponent)
  const one = 1n << fractionBits
  const digits: number[] = []
  let distance = upper - value.fraction
  let width = upper - lower
  let whole = Number(upper >> fractionBits)
  let fraction = upper & (one - 1n)
  const wholeWidth = Number(width >> fractionBits)
  for (let place = 9, unit = 1e9; place >= 0; place--, unit /= 10) {
    push(digits, Math.floor(whole / unit))
    whole %= unit
    if (whole > wholeWidth) continue
    const rest = (BigInt(whole) << fractionBits) + fraction
    if (rest <= width) return nudged(digits, power + place, width, rest, BigInt(unit) << fractionBits, distance)
  }
  for (let place = -1; ; place--) {
    fraction *= 10n
    width = uint64(width * 10n)
    distance = uint64(distance * 10n)
    push(digits, Number(fraction >> fractionBits))
    fraction &= one - 1n
    if (fraction < width) return nudged(digits, power + place, width, fraction, one, distance)
  }
}

function push(digits: number[], digit: number): void {
  if (digit !== 0 || digits.length > 0) digits.push(digit)
}

/** Lowers the last digit while that brings the text nearer to the value and keeps it between the boundaries. */
function nudged(digits: number[], power: number, width: bigint, rest: bigint, unit: bigint, distance: bigint) {
  const last = digits.length - 1
  while (
    rest < distance &&
    width - rest >= unit &&
    (rest + unit < distance || distance - rest > rest + unit - distance)
  ) {
    digits[last]--
    rest += unit
  }
  return { digits: digits.join(''), power }
}
