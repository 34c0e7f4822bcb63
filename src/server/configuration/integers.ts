/* The three ways in which directives write integers, each with the tolerance of Redis's own parser. Values are BigInt:
 * limits go up to 2^64 - 1, and CONFIG GET must show every digit. Any thread. */

export const INT_MIN = -(2 ** 31)
export const INT_MAX = 2 ** 31 - 1
export const UINT_MAX = 2 ** 32 - 1
export const LONG_MIN = -(2n ** 63n)
export const LONG_MAX = 2n ** 63n - 1n
export const ULONG_MAX = 2n ** 64n - 1n

const UNIT_BYTES = new Map([
  ['', 1n],
  ['b', 1n],
  ['k', 1000n],
  ['kb', 1024n],
  ['m', 1000n ** 2n],
  ['mb', 1024n ** 2n],
  ['g', 1000n ** 3n],
  ['gb', 1024n ** 3n],
])

const KB = 1024n
const MB = KB * KB
const GB = MB * KB

/** A strict decimal integer of 64 bits: no plus sign, white space or leading zero. Null: not one. */
export function parseInteger(text: string): bigint | null {
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return null
  const value = BigInt(text)
  return value < LONG_MIN || value > LONG_MAX ? null : value
}

/**
 * Digits and a unit (`100`, `1k`, `64mb`, `2GB`; k m g are powers of 1000, kb mb gb of 1024). Null: not of that form.
 * As in Redis, no digits are zero, too many digits the largest number, and a product wraps at 2^64.
 */
export function parseMemory(text: string): bigint | null {
  const match = /^([0-9]{0,127})([a-z]*)$/i.exec(text)
  if (match === null) return null
  const unit = UNIT_BYTES.get(match[2].toLowerCase())
  if (unit === undefined) return null
  const digits = match[1] === '' ? 0n : BigInt(match[1])
  return BigInt.asUintN(64, (digits > ULONG_MAX ? ULONG_MAX : digits) * unit)
}

/** Bytes in the largest of gb, mb, kb that divides them, as CONFIG REWRITE writes them. */
export function showMemory(bytes: bigint): string {
  if (bytes === 0n) return '0'
  if (bytes % GB === 0n) return `${bytes / GB}gb`
  if (bytes % MB === 0n) return `${bytes / MB}mb`
  if (bytes % KB === 0n) return `${bytes / KB}kb`
  return String(bytes)
}

/**
 * strtoll(3) over a whole word: leading white space, a sign and leading zeros are fine, an empty word is zero, what
 * does not fit is the nearest 64-bit number. Null: something follows the digits.
 */
export function parseLoose(text: string, base: 8 | 10 = 10): bigint | null {
  if (text === '') return 0n
  const match = (base === 8 ? /^[ \t-\r]*([+-]?)([0-7]+)$/ : /^[ \t-\r]*([+-]?)([0-9]+)$/).exec(text)
  if (match === null) return null
  const magnitude = BigInt(base === 8 ? `0o${match[2]}` : match[2])
  const value = match[1] === '-' ? -magnitude : magnitude
  return value < LONG_MIN ? LONG_MIN : value > LONG_MAX ? LONG_MAX : value
}
