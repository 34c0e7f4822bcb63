import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDouble, parseDouble } from './double-text.ts'

describe('parsing', () => {
  test.each([
    ['1.5', 1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['+1e3', 1000],
    ['-0', -0],
    ['0e-999999999999', 0],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['0x1.8p3', 12],
    ['0X.8', 0.5],
    ['0x1p-1074', 5e-324],
    ['0x1.8p-1074', 1e-323],
    ['0x1.fffffffffffff7p1023', Number.MAX_VALUE],
    ['0x1.00000000000008p0', 1],
    ['0x1.00000000000008000000001p0', 1 + 2 ** -52],
    ['0x1.00000000000018p0', 1 + 2 ** -51],
    ['2.4703282292062328e-324', 5e-324],
    ['1.7976931348623158e308', Number.MAX_VALUE],
  ])('%s', (text, value) => {
    expect(parseDouble(text)).toBe(value)
  })

  test.each(['', ' 1', '1 ', '.', 'e5', '1e', '0x', '0xp1', 'nan', '1_0', '1\0', '1e309', '-1.8e308', '2.47e-324'])(
    '%j is none',
    (text) => {
      expect(parseDouble(text)).toBe(Number.NaN)
    },
  )

  test('overflow and underflow in hexadecimal are none either', () => {
    for (const text of ['0x1p1024', '0x1.fffffffffffff8p1023', '0x1p-1075', '-0x1p-9999']) {
      expect(parseDouble(text), text).toBe(Number.NaN)
    }
  })

  test('reads what String writes, and hexadecimal digits as exactly', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseDouble(Object.is(value, -0) ? '-0' : String(value))).toBe(value)
        const whole = Math.floor(Math.abs(value) % 2 ** 53) || 0
        expect(parseDouble(`0x${whole.toString(16)}p-20`)).toBe(whole / 2 ** 20)
      }),
    )
  })
})

describe('formatting', () => {
  /* Scores as redis-server 7.2.6 replies them. The last three are longer than they need be: so is Grisu2. */
  test.each([
    [3, '3'],
    [-0, '-0'],
    [0.1, '0.1'],
    [1e21, '1e+21'],
    [123456789012345680000, '123456789012345680000'],
    [2 ** 62, '4611686018427387904'],
    [2 ** 63, '9223372036854776000'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [1.5e-10, '1.5e-10'],
    [-1.7976931348623157e308, '-1.7976931348623157e+308'],
    [5e-324, '5e-324'],
    [-30.25, '-30.25'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [Number.NaN, 'nan'],
    [6.296144845017976, '6.2961448450179764'],
    [43.13846626332084, '43.138466263320844'],
    [3.31427394427416, '3.3142739442741602'],
  ])('%d', (value, text) => {
    expect(formatDouble(value)).toBe(text)
  })

  test('reads back as the same value', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseDouble(formatDouble(value))).toBe(value)
      }),
    )
  })
})
