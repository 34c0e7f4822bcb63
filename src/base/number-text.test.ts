import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf, textOf } from './bytes.ts'
import {
  BIG_INTEGER,
  fitsInt64,
  formatInteger,
  INTEGER_TEXT_BYTES,
  integerTextBytes,
  NOT_INTEGER,
  parsed,
  parsedBig,
  parseInteger,
  SAFE_INTEGER,
} from './number-text.ts'

const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)

/** What parseInteger makes of a text that stands in the middle of others' digits. */
function parse(text: string): bigint | null {
  const bytes = bytesOf(`77${text}77`)
  const kind = parseInteger(bytes, 2, text.length)
  if (kind === NOT_INTEGER) return null
  const big = parsedBig(bytes, 2, text.length)
  if (kind === SAFE_INTEGER) expect(BigInt(parsed())).toBe(big)
  expect(kind === BIG_INTEGER).toBe(big > BigInt(Number.MAX_SAFE_INTEGER) || big < BigInt(Number.MIN_SAFE_INTEGER))
  return big
}

function format(value: number): string {
  const bytes = new Uint8Array(INTEGER_TEXT_BYTES + 2).fill(120)
  const end = formatInteger(bytes, 1, value)
  expect(end - 1).toBe(integerTextBytes(value))
  expect(bytes[0]).toBe(120)
  expect(bytes[end]).toBe(120)
  return textOf(bytes, 1, end - 1)
}

/** Integers of every magnitude, not only of the largest. */
const int64 = fc
  .tuple(fc.bigInt({ min: MIN_INT64, max: MAX_INT64 }), fc.integer({ min: 0, max: 63 }))
  .map(([value, shift]) => value >> BigInt(shift))

describe('parsing', () => {
  test('takes every 64-bit integer in its one text', () => {
    fc.assert(
      fc.property(int64, (value) => {
        expect(parse(String(value))).toBe(value)
      }),
    )
    for (const value of [0n, 9n, 10n, MAX_INT64, MIN_INT64, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n), 10n ** 15n - 1n]) {
      expect(parse(String(value))).toBe(value)
    }
  })

  test('refuses any other spelling', () => {
    for (const text of [
      '',
      '-',
      '+1',
      '-0',
      '00',
      '01',
      '-01',
      ' 1',
      '1 ',
      '1.',
      '1e3',
      '0x1',
      '1\0',
      '--1',
      'a',
      '1_0',
    ]) {
      expect(parse(text), JSON.stringify(text)).toBe(null)
    }
  })

  test('refuses what 64 bits cannot hold', () => {
    for (const text of ['9223372036854775808', '-9223372036854775809', '18446744073709551616', '1'.repeat(40)]) {
      expect(parse(text), text).toBe(null)
    }
  })

  test('takes exactly the texts that their value prints', () => {
    const nearlyInteger = fc.string({ unit: fc.constantFrom('-', '0', '1', '5', '9', '+', ' ', '.'), maxLength: 22 })
    fc.assert(
      fc.property(nearlyInteger, (text) => {
        let value: bigint | null = null
        if (/^-?\d+$/.test(text) && String(BigInt(text)) === text && fitsInt64(BigInt(text))) value = BigInt(text)
        expect(parse(text)).toBe(value)
      }),
    )
  })
})

test('formatting prints what String prints', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(format(value)).toBe(String(value))
    }),
  )
  for (let power = 1; power <= 1e15; power *= 10) {
    for (const value of [power - 1, power, power + 1, -power, 1 - power]) {
      expect(format(value)).toBe(String(value === 0 ? 0 : value))
    }
  }
  for (const value of [2 ** 53 - 1, 1 - 2 ** 53, 2 ** 31, -(2 ** 31), 2 ** 32])
    expect(format(value)).toBe(String(value))
})
