import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf, textOf, viewOf } from './bytes.ts'
import { MAX_REPLY_BYTES, REPLY_BUFFER_BYTES, REPLY_FULL, Reply } from './reply.ts'

/** What a few calls write, in RESP2 or RESP3. */
function written(write: (reply: Reply) => void, resp3 = false): string {
  const reply = new Reply()
  reply.resp3 = resp3
  write(reply)
  return textOf(reply.bytes, 0, reply.length)
}

test('integers of every size and both ways', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -120, max: 120 })), (value) => {
      expect(written((reply) => reply.integer(value))).toBe(`:${value}\r\n`)
      const text = bytesOf(`..${value}..`)
      const length = String(value).length
      expect(written((reply) => reply.integerText(text, viewOf(text), 2, length))).toBe(`:${value}\r\n`)
    }),
  )
  expect(written((reply) => reply.bigInteger(-(2n ** 63n)))).toBe(':-9223372036854775808\r\n')
  expect(written((reply) => reply.bulkInteger(-7))).toBe('$2\r\n-7\r\n')
})

test('bulk strings of every length, from bytes, a view or a text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(12), fc.nat(400)), fc.nat(9), (length, offset) => {
      const source = bytesOf(Array.from({ length: length + 20 }, (_, i) => String.fromCharCode((i * 7) & 255)).join(''))
      const text = textOf(source, offset, length)
      const resp = `$${length}\r\n${text}\r\n`
      expect(written((reply) => reply.bulk(source, offset, length))).toBe(resp)
      expect(written((reply) => reply.bulkShown(source, viewOf(source), offset, length))).toBe(resp)
      expect(written((reply) => reply.bulkText(text))).toBe(resp)
    }),
  )
})

test('the buffer grows with what is written, keeps it, and shrinks at a reset', () => {
  const reply = new Reply()
  const source = new Uint8Array(300_000).fill(120)
  for (let i = 0; i < 3; i++) {
    reply.ok()
    reply.bulkShown(source, viewOf(source), 0, source.length)
  }
  const resp = `+OK\r\n$300000\r\n${'x'.repeat(300_000)}\r\n`
  expect(textOf(reply.bytes, 0, reply.length)).toBe(resp.repeat(3))
  expect(reply.isOutsized).toBe(true)
  reply.reset()
  reply.integer(5)
  expect(textOf(reply.bytes, 0, reply.length)).toBe(':5\r\n')
  expect(reply.bytes).toHaveLength(REPLY_BUFFER_BYTES)
})

test('small replies at the very end of the buffer', () => {
  for (let left = 0; left < 40; left++) {
    const reply = new Reply()
    const filler = new Uint8Array(REPLY_BUFFER_BYTES - left - 12).fill(97)
    reply.bulk(filler, 0, filler.length)
    const before = reply.length
    reply.ok()
    reply.integer(3)
    reply.integer(-12345678901)
    reply.bulkShown(filler, viewOf(filler), 0, 5)
    reply.nil()
    expect(textOf(reply.bytes, before, reply.length - before)).toBe(
      '+OK\r\n:3\r\n:-12345678901\r\n$5\r\naaaaa\r\n$-1\r\n',
    )
  }
})

describe('the types of RESP3 and what stands for them in RESP2', () => {
  test.each<[string, (reply: Reply) => void, string, string]>([
    ['null', (reply) => reply.nil(), '$-1\r\n', '_\r\n'],
    ['null array', (reply) => reply.nilArray(), '*-1\r\n', '_\r\n'],
    ['map', (reply) => reply.map(12), '*24\r\n', '%12\r\n'],
    ['set', (reply) => reply.set(3), '*3\r\n', '~3\r\n'],
    ['push', (reply) => reply.push(2), '*2\r\n', '>2\r\n'],
    ['true', (reply) => reply.boolean(true), ':1\r\n', '#t\r\n'],
    ['false', (reply) => reply.boolean(false), ':0\r\n', '#f\r\n'],
    ['double', (reply) => reply.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
    ['verbatim', (reply) => reply.verbatim('txt', 'hello'), '$5\r\nhello\r\n', '=9\r\ntxt:hello\r\n'],
    ['array', (reply) => reply.array(1000), '*1000\r\n', '*1000\r\n'],
    ['simple', (reply) => reply.simple('PONG'), '+PONG\r\n', '+PONG\r\n'],
  ])('%s', (_, write, resp2, resp3) => {
    expect(written(write)).toBe(resp2)
    expect(written(write, true)).toBe(resp3)
  })
})

test('headers that come after what they head', () => {
  const reply = new Reply()
  reply.ok()
  const mark = reply.length
  for (let i = 0; i < 12; i++) reply.integer(i)
  reply.arrayFrom(mark, 12)
  reply.integer(99)
  const items = Array.from({ length: 12 }, (_, i) => `:${i}\r\n`).join('')
  expect(textOf(reply.bytes, 0, reply.length)).toBe(`+OK\r\n*12\r\n${items}:99\r\n`)
})

test('an error is counted and kept, and stays on its line', () => {
  const reply = new Reply()
  reply.error('ERR a\r\nb')
  expect(textOf(reply.bytes, 0, reply.length)).toBe('-ERR a  b\r\n')
  expect(reply.errorCount).toBe(1)
  expect(reply.lastError).toBe('ERR a\r\nb')
})

test('truncate takes back what was written last', () => {
  const reply = new Reply()
  reply.ok()
  const mark = reply.length
  reply.bulkText('no')
  reply.truncate(mark)
  expect(textOf(reply.bytes, 0, reply.length)).toBe('+OK\r\n')
  expect(() => reply.truncate(mark + 1)).toThrow('a reply is cut, never stretched')
})

test('a reply that no offset could reach is refused with what was written kept', () => {
  const reply = new Reply()
  reply.ok()
  expect(() => reply.ensure(MAX_REPLY_BYTES)).toThrow(REPLY_FULL)
  expect(textOf(reply.bytes, 0, reply.length)).toBe('+OK\r\n')
})
