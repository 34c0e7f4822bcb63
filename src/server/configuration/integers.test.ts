import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LONG_MAX, LONG_MIN, parseInteger, parseLoose, parseMemory, showMemory, ULONG_MAX } from './integers.ts'

test.each<[string, bigint | null]>([
  ['0', 0n],
  ['-1', -1n],
  ['9223372036854775807', LONG_MAX],
  ['-9223372036854775808', LONG_MIN],
  ['9223372036854775808', null],
  ['-9223372036854775809', null],
  ['', null],
  ['-', null],
  ['-0', null],
  ['01', null],
  ['+1', null],
  [' 1', null],
  ['1 ', null],
  ['1k', null],
])('the integer %j', (text, value) => {
  expect(parseInteger(text)).toBe(value)
})

test.each<[string, bigint | null]>([
  ['0', 0n],
  ['100', 100n],
  ['007', 7n],
  ['1b', 1n],
  ['1k', 1000n],
  ['1Kb', 1024n],
  ['2m', 2_000_000n],
  ['2MB', 2n << 20n],
  ['3g', 3_000_000_000n],
  ['3gb', 3n << 30n],
  ['', 0n],
  ['gb', 0n],
  ['18446744073709551615', ULONG_MAX],
  ['18446744073709551616', ULONG_MAX],
  ['18446744073709551615k', (ULONG_MAX * 1000n) % (ULONG_MAX + 1n)],
  ['9'.repeat(127), ULONG_MAX],
  ['9'.repeat(128), null],
  ['-1', null],
  ['1.5gb', null],
  ['1 kb', null],
  ['1tb', null],
  ['1kbx', null],
])('the memory %j', (text, value) => {
  expect(parseMemory(text)).toBe(value)
})

test.each<[string, bigint | null, bigint | null]>([
  ['', 0n, 0n],
  ['12', 12n, 10n],
  [' \t\v+012', 12n, 10n],
  ['-3', -3n, -3n],
  ['9', 9n, null],
  ['1 ', null, null],
  [' ', null, null],
  ['-', null, null],
  ['1x', null, null],
  ['99999999999999999999', LONG_MAX, null],
  ['-99999999999999999999', LONG_MIN, null],
])('%j read loosely', (text, decimal, octal) => {
  expect(parseLoose(text)).toBe(decimal)
  expect(parseLoose(text, 8)).toBe(octal)
})

test('what is shown as memory reads back', () => {
  expect([0n, 1n, 1023n, 1024n, 1536n, 1n << 20n, 5n << 30n, 1n << 40n].map(showMemory)).toEqual([
    '0',
    '1',
    '1023',
    '1kb',
    '1536',
    '1mb',
    '5gb',
    '1024gb',
  ])
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: ULONG_MAX }), (bytes) => {
      expect(parseMemory(showMemory(bytes))).toBe(bytes)
    }),
  )
})
