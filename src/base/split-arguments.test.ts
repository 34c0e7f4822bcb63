import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, textOf } from './bytes.ts'
import { quoteArgument, splitArguments } from './split-arguments.ts'

function split(line: string): string[] | null {
  const bytes = bytesOf(`<<${line}>>`)
  return splitArguments(bytes, 2, bytes.length - 2)?.map((word) => textOf(word)) ?? null
}

test.each<[string, string[] | null]>([
  ['', []],
  [' \t\r\n\v\f ', []],
  ['GET key', ['GET', 'key']],
  ['  GET \t key\r', ['GET', 'key']],
  ['a\vb c\fd', ['a\vb', 'c\fd']],
  ['"a b" \'c d\'', ['a b', 'c d']],
  ['"" \'\'', ['', '']],
  ['"\\n\\r\\t\\b\\a\\q\\"\\\\"', ['\n\r\t\b\x07q"\\']],
  ['"\\x41\\xfF\\x00z"', ['A\xff\0z']],
  ['"\\x4" "\\xg1" "\\x"', ['x4', 'xg1', 'x']],
  ["'\\n\\'\\\\x'", ["\\n'\\\\x"]],
  ["'\\\\'", null],
  ['pre"quoted tail"', ['prequoted tail']],
  ["pre'quoted tail' next", ['prequoted tail', 'next']],
  ['"a"\vb', ['a', 'b']],
  ['plain\\n', ['plain\\n']],
  ['a\0b c', ['a']],
  ['"a\0b"', null],
  ['"open', null],
  ["'open", null],
  ['"open\\', null],
  ['"open\\"', null],
  ["'open\\'", null],
  ['"closed"next', null],
  ["'closed'next", null],
  ['"a""b"', null],
])('the words of %j', (line, words) => {
  expect(split(line)).toEqual(words)
})

test('a range is read, not what lies around it', () => {
  const bytes = bytesOf('"GET key"')
  expect(splitArguments(bytes, 1, 8)?.map((word) => textOf(word))).toEqual(['GET', 'key'])
})

test('words own their bytes', () => {
  const bytes = bytesOf('one two')
  const words = splitArguments(bytes, 0, bytes.length)
  bytes.fill(0)
  expect(words?.map((word) => textOf(word))).toEqual(['one', 'two'])
})

const anyBytes = fc.uint8Array({ maxLength: 12 }).map((bytes) => textOf(bytes))

test('quoteArgument and splitArguments are inverse', () => {
  fc.assert(
    fc.property(fc.array(anyBytes), (words) => {
      const line = words.map(quoteArgument).join(' ')
      expect(line).toMatch(/^[ -~]*$/)
      expect(split(line)).toEqual(words)
    }),
  )
})

test('any bytes are words or unbalanced, and never longer than the line', () => {
  const alphabet = fc.constantFrom('"', "'", '\\', 'x', '4', 'n', ' ', '\t', '\v', 'a', '\0', '\xff')
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 20 }), (characters) => {
      const words = split(characters.join(''))
      if (words !== null) expect(words.join('').length).toBeLessThanOrEqual(characters.length)
    }),
  )
})
