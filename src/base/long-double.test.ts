import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addLongDoubles, ceilingOfProduct, formatLongDouble, parseLongDouble } from './long-double.ts'

/** The text of a sum, or why there is none. */
function sum(a: string, b: string): string {
  const left = parseLongDouble(a)
  const right = parseLongDouble(b)
  if (left === null || right === null) return 'not a float'
  const result = addLongDoubles(left, right)
  return result === null ? 'NaN or Infinity' : formatLongDouble(result)
}

/* Answers of redis-server 7.0.15 on x86-64 to SET and INCRBYFLOAT. */
const ANSWERS = [
  ['0', '0.1', '0.1'],
  ['0.1', '0.2', '0.3'],
  ['3.0e3', '200', '3200'],
  ['1', '0.00000000000000001', '1.00000000000000001'],
  ['-0.0', '-0.0', '0'],
  ['0', '-0.000000000000000001', '0'],
  ['18446744073709551615', '0', '18446744073709551615'],
  ['18446744073709551617', '0', '18446744073709551616'],
  ['18446744073709551619', '0', '18446744073709551620'],
  ['0x1.8p3', '.5', '12.5'],
  ['0X.8P+1', '5.', '6'],
  ['-128.4', '0', '-128.39999999999999999'],
  ['1000000', '0.1', '1000000.10000000000002274'],
  ['123456789012.34567', '0', '123456789012.34566999971866608'],
  ['3', '1.1e-17', '3.00000000000000001'],
  ['1.5e-17', '0', '0.00000000000000002'],
  ['2.5e-17', '0', '0.00000000000000002'],
  ['-5e-18', '0', '0'],
] as const

test('sums are those of the x87', () => {
  for (const [a, b, text] of ANSWERS) expect(sum(a, b), `${a} + ${b}`).toBe(text)
  const large = sum('1e4932', '0')
  expect(large).toHaveLength(4933)
  expect(large.slice(0, 40)).toBe('1000000000000000000006018949387963891323')
})

test('a sum beyond the largest is none, nor is one with infinity', () => {
  for (const [a, b] of [
    ['1.1e4932', '1.1e4932'],
    ['inf', '1'],
    ['inf', '-inf'],
    ['1', '-inf'],
  ]) {
    expect(sum(a, b)).toBe('NaN or Infinity')
  }
})

describe('texts', () => {
  test('of nothing but a number are taken', () => {
    for (const text of [
      '1',
      '+1',
      '-1',
      '.5',
      '5.',
      '1e5',
      '1E+5',
      '1e-5',
      '0x1',
      '0x.8',
      '0x8.',
      '0x1p-3',
      'inf',
      '-INF',
    ]) {
      expect(parseLongDouble(text), text).not.toBe(null)
    }
    expect(parseLongDouble('+infinity')?.infinite).toBe(true)
  })

  test('of anything else are refused', () => {
    const wrong = [
      '',
      ' 1',
      '1 ',
      '.',
      '-',
      '+-1',
      '1e',
      '1e+',
      'e5',
      '.e1',
      '0x',
      '0x.',
      '0xp1',
      '0x1p',
      '1_0',
      '1,0',
      '1\0',
    ]
    for (const text of [...wrong, 'nan', '-nan', 'nan(1)', 'infi', 'infinit'])
      expect(parseLongDouble(text), text).toBe(null)
  })

  test('that overflow or round to zero are refused, denormal ones are not', () => {
    for (const text of ['1e4933', '-1.2e4932', '0x1p16384', `1e${'9'.repeat(30)}`]) {
      expect(parseLongDouble(text), text).toBe(null)
    }
    for (const text of ['1e-4952', '0x1p-16446', `1e-${'9'.repeat(30)}`]) expect(parseLongDouble(text), text).toBe(null)
    for (const text of ['0x1p-16445', '0x1.8p-16446', '4e-4951', '1.18e4932']) {
      expect(parseLongDouble(text), text).not.toBe(null)
    }
    for (const text of ['0e999999999999', '0x0p99999', `0.${'0'.repeat(5000)}`]) {
      expect(parseLongDouble(text)?.mantissa, text).toBe(0n)
    }
  })

  test('of 5120 characters are too long, whatever they say', () => {
    expect(parseLongDouble('0'.repeat(5119))).not.toBe(null)
    expect(parseLongDouble('0'.repeat(5120))).toBe(null)
  })

  test('an exponent and zeros outweigh each other', () => {
    expect(sum(`0.${'0'.repeat(4999)}1e5000`, '0')).toBe('1')
    expect(sum(`1${'0'.repeat(4999)}e-4999`, '0')).toBe('1')
  })
})

describe('rounding', () => {
  test('a sum of integers below 2^64 is exact', () => {
    const half = fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })
    fc.assert(
      fc.property(half, half, (a, b) => {
        expect(sum(String(a), String(b))).toBe(String(a + b))
      }),
    )
  })

  test('of 65 bits ties go to the even mantissa, everything else to the nearest', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 2n ** 64n, max: 2n ** 65n - 1n }),
        fc.constantFrom('', '.001', '.999'),
        (n, fraction) => {
          const floor = n & ~1n
          const up = (n & 1n) === 1n && (fraction !== '' || (n & 2n) === 2n)
          expect(sum(`${n}${fraction}`, '0')).toBe(String(up || (fraction === '.999' && n & 1n) ? floor + 2n : floor))
        },
      ),
    )
  })

  test('what is printed is what was written, while the mantissa has digits to spare', () => {
    fc.assert(
      fc.property(fc.integer({ min: -31, max: 31 }), fc.nat(999999), (whole, fraction) => {
        const text = `${whole}.${fraction}`
        const plain = Number(`0.${fraction}`) === 0 ? String(whole) : text.replace(/0+$/, '')
        expect(sum(text, '0')).toBe(plain)
      }),
    )
  })
})

test('a product is rounded as the x87 rounds it, and then up', () => {
  const thousandfold = (text: string) => {
    const value = parseLongDouble(text)
    return value === null ? null : ceilingOfProduct(value, 1000n)
  }
  expect(['1', '0.1', '0.001', '0.0011', '-1.5', '-0.0005', '1e20'].map(thousandfold)).toEqual([
    1000n,
    100n,
    1n,
    2n,
    -1500n,
    0n,
    10n ** 23n,
  ])
  // The nearest binary number is a little nearer to zero than this, and so is a thousand of it.
  expect(thousandfold('-0.001')).toBe(0n)
})
