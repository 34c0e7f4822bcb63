import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, textOf } from '../../base/bytes.ts'
import { BROKEN, COMPLETE, Frame, INCOMPLETE, Limits, MAX_LINE_BYTES, NOTHING } from './frame.ts'

const limits = new Limits()

/** Reads `pieces` as a connection does: what is unfinished is kept in front of what comes next. */
function read(pieces: readonly string[], trusted = true): { commands: string[][]; error: string; rest: string } {
  const frame = new Frame()
  const commands: string[][] = []
  let kept = new Uint8Array(0)
  for (const piece of pieces) {
    const bytes = bytesOf(textOf(kept) + piece)
    for (;;) {
      const status = frame.next(bytes, bytes.length, limits, trusted)
      if (status === BROKEN) return { commands, error: frame.error, rest: '' }
      if (status === INCOMPLETE) break
      if (status === COMPLETE) commands.push(words(frame))
      frame.begin(frame.at)
    }
    kept = bytes.slice(frame.start)
    frame.rebase()
  }
  return { commands, error: '', rest: textOf(kept) }
}

const words = ({ args }: Frame) => Array.from({ length: args.count }, (_, i) => args.text(i))

const encode = (command: readonly string[]) =>
  `*${command.length}\r\n${command.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

const binary = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const plainWord = fc.string({ unit: fc.constantFrom(...'abcXYZ019$*:-'), minLength: 1, maxLength: 12 })
/** A command as it is sent, and what it should be read as. */
const sent = fc.oneof(
  fc.array(binary, { minLength: 1, maxLength: 12 }).map((command) => ({ bytes: encode(command), command })),
  // A first word that begins like a RESP array would be one.
  fc
    .tuple(fc.constantFrom('PING', 'get', 'x'), fc.array(plainWord, { maxLength: 4 }), fc.constantFrom('\r\n', '\n'))
    .map(([first, rest, end]) => ({ bytes: [first, ...rest].join(' ') + end, command: [first, ...rest] })),
)

/** Cuts text at the given places, which may be anywhere. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => text.slice(from, at[i] ?? text.length))
}

test('commands are read the same, however their bytes are split', () => {
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 8 }), fc.array(fc.nat(2000), { maxLength: 20 }), (all, places) => {
      const stream = all.map(({ bytes }) => bytes).join('')
      const { commands, error, rest } = read(cut(stream, places))
      expect({ commands, error, rest }).toEqual({ commands: all.map(({ command }) => command), error: '', rest: '' })
    }),
  )
})

test('a command split after each of its bytes in turn', () => {
  const stream = encode(['SET', 'k'.repeat(12), 'v'.repeat(123)]) + encode(['PING'])
  for (let i = 1; i < stream.length; i++) expect(read([stream.slice(0, i), stream.slice(i)]).commands).toHaveLength(2)
  expect(read([...stream]).commands).toHaveLength(2)
})

test('what is unfinished stays', () => {
  for (const bytes of ['*', '*1', '*1\r', '*2\r\n$4\r\nECHO\r\n$2', '*1\r\n$4\r\nPING', '*1\r\n$4\r\nPING\r', 'PING']) {
    expect(read([bytes])).toEqual({ commands: [], error: '', rest: bytes })
  }
})

test('empty lines and empty arrays are nothing', () => {
  const frame = new Frame()
  for (const text of ['\r\n', '\n', '  \r\n', '*0\r\n', '*-1\r\n', '*-9223372036854775808\r\n']) {
    frame.begin(0)
    expect(frame.next(bytesOf(text), text.length, limits, true)).toBe(NOTHING)
    expect(frame.at).toBe(text.length)
  }
})

test('inline words may be quoted', () => {
  expect(read(['ECHO "a\\x41\\n b" \'it\\\'s\' c"\r\n']).error).toBe('unbalanced quotes in request')
  expect(read(["ECHO \"a\\x41\\n b\" 'it\\'s'\r\n"]).commands).toEqual([['ECHO', 'aA\n b', "it's"]])
})

test.each([
  ['*x\r\n', 'invalid multibulk length'],
  ['*01\r\n', 'invalid multibulk length'],
  ['*+1\r\n', 'invalid multibulk length'],
  ['*-0\r\n', 'invalid multibulk length'],
  ['*\r\n', 'invalid multibulk length'],
  ['*2147483648\r\n', 'invalid multibulk length'],
  ['*99999999999999999999\r\n', 'invalid multibulk length'],
  ['*1\r\n:1\r\n', "expected '$', got ':'"],
  ['*1\r\nPING\r\n', "expected '$', got 'P'"],
  ['*1\r\n$-1\r\n', 'invalid bulk length'],
  ['*1\r\n$536870913\r\n', 'invalid bulk length'],
  ['*1\r\n$9223372036854775807\r\n', 'invalid bulk length'],
  ['*1\r\n$1 \r\n', 'invalid bulk length'],
  ['ECHO "a\r\n', 'unbalanced quotes in request'],
  ["ECHO 'a'b\r\n", 'unbalanced quotes in request'],
  ['x'.repeat(MAX_LINE_BYTES + 1), 'too big inline request'],
  [`*${'1'.repeat(MAX_LINE_BYTES)}`, 'too big mbulk count string'],
  [`*1\r\n$${'1'.repeat(MAX_LINE_BYTES)}`, 'too big bulk count string'],
  [`*${'1'.repeat(MAX_LINE_BYTES)}\r\n`, 'too big mbulk count string'],
  [`*1\r\n$${'1'.repeat(MAX_LINE_BYTES)}\r\n`, 'too big bulk count string'],
])('%j breaks the protocol', (bytes, error) => {
  expect(read([bytes])).toMatchObject({ commands: [], error })
})

test('a client that has yet to authenticate sends little', () => {
  expect(read(['*11\r\n'], false).error).toBe('unauthenticated multibulk length')
  expect(read(['*10\r\n'], false).error).toBe('')
  expect(read(['*2\r\n$4\r\nAUTH\r\n$16385\r\n'], false).error).toBe('unauthenticated bulk length')
  expect(read(['*2\r\n$4\r\nAUTH\r\n$16384\r\n'], false).error).toBe('')
})

test('nothing ends a line with a zero byte in it', () => {
  for (const line of ['PING \0\r\n', '*1\0\r\n', '*1\r\n$4\0\r\n']) {
    expect(read([line, encode(['PING'])])).toMatchObject({ commands: [], error: '' })
    expect(read([line, 'x'.repeat(MAX_LINE_BYTES)]).error).toMatch(/^too big/)
  }
})

test('the room that a large argument needs is known early', () => {
  const frame = new Frame()
  const text = '*2\r\n$4\r\nECHO\r\n$1000000\r\nab'
  expect(frame.next(bytesOf(text), text.length, limits, true)).toBe(INCOMPLETE)
  expect(frame.neededBytes).toBe(text.length - 2 + 1000000 + 2)
})
