import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from './bytes.ts'
import { globMatches } from './glob.ts'

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  const bytes = bytesOf(`]${pattern}*${text}]`)
  return globMatches(bytes, 1, pattern.length, bytes, pattern.length + 2, text.length, ignoreCase)
}

test.each<[string, string, boolean]>([
  ['', '', true],
  ['', 'a', false],
  ['abc', 'abc', true],
  ['abc', 'abd', false],
  ['abc', 'ab', false],
  ['*', 'anything', true],
  ['*', '', false],
  ['a**c', 'abbc', true],
  ['a*', 'a', true],
  ['a***', 'a', true],
  ['*b*d*', 'abcd', true],
  ['*b*d', 'abcde', false],
  ['*aab', 'aaaab', true],
  ['h?llo', 'hello', true],
  ['h?llo', 'hllo', false],
  ['h[ae]llo', 'hallo', true],
  ['h[ae]llo', 'hillo', false],
  ['h[^e]llo', 'hallo', true],
  ['h[^e]llo', 'hello', false],
  ['h[a-c]llo', 'hbllo', true],
  ['h[c-a]llo', 'hbllo', true],
  ['h[a-c]llo', 'hdllo', false],
  ['[a-]', ']', true],
  ['[]', 'a', false],
  ['[^]', 'a', true],
  ['[abc', 'b', true],
  ['[\\]]', ']', true],
  ['[\\', '\\', true],
  ['a\\*c', 'a*c', true],
  ['a\\*c', 'abc', false],
  ['a\\', 'a\\', true],
  ['[a-\xff]', '0', true],
  ['[\x80-\xff]', '\x90', true],
  ['[\x80-\xff]', 'a', false],
])('%j on %j: %s', (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected)
})

test('letters match in any case when asked to, but not an escaped one within a class', () => {
  expect(matches('Max*', 'maxmemory', true)).toBe(true)
  expect(matches('Max*', 'maxmemory')).toBe(false)
  expect(matches('[A-C]x', 'bX', true)).toBe(true)
  expect(matches('[\\A]', 'a', true)).toBe(false)
})

test('a pattern of very many stars matches nothing', () => {
  expect(matches('*a'.repeat(1000), 'a'.repeat(1000))).toBe(true)
  expect(matches('*a'.repeat(1001), 'a'.repeat(1001))).toBe(false)
})

/** The same as a JavaScript regular expression, for patterns of letters, `*`, `?` and simple classes. */
function expression(parts: readonly string[]): RegExp {
  const source = parts.map((part) => (part === '*' ? '[^]*' : part === '?' ? '[^]' : part)).join('')
  return new RegExp(`^${source}$`)
}

test('agrees with regular expressions', () => {
  const part = fc.constantFrom('a', 'b', 'c', '*', '?', '[ab]', '[^b]', '[a-b]')
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), text, (parts, subject) => {
      expect(matches(parts.join(''), subject)).toBe(expression(parts).test(subject))
    }),
    { numRuns: 500 },
  )
})

test('any bytes may be a pattern', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 12 }), (pattern, text) => {
      const first = globMatches(pattern, 0, pattern.length, text, 0, text.length, false)
      const padded = new Uint8Array([...pattern, 93, 42])
      expect(globMatches(padded, 0, pattern.length, text, 0, text.length, false)).toBe(first)
    }),
  )
})
