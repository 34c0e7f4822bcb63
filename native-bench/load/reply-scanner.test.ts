import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FramingError, ReplyScanner } from './reply-scanner.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')

function scanAll(text: string): ReplyScanner {
  const scanner = new ReplyScanner()
  const bytes = bytesOf(text)
  scanner.scan(bytes, bytes.length)
  return scanner
}

test.each([
  ['+OK\r\n', 1, 0],
  ['+\r\n', 1, 0],
  [':-42\r\n', 1, 0],
  ['$5\r\na\r\nb\n\r\n', 1, 0],
  ['$0\r\n\r\n', 1, 0],
  ['$-1\r\n', 1, 0],
  ['*-1\r\n', 1, 0],
  ['*0\r\n', 1, 0],
  ['*2\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n', 1, 0],
  ['-ERR no\r\n', 1, 1],
  ['*2\r\n+OK\r\n-ERR inside\r\n', 1, 1],
  ['!9\r\nERR \r\n\r\n.\r\n', 1, 1],
  ['%1\r\n+k\r\n*1\r\n#t\r\n', 1, 0],
  ['~2\r\n,1.5\r\n(123456789012345678901234567890\r\n', 1, 0],
  ['=7\r\ntxt:abc\r\n_\r\n', 2, 0],
  ['|1\r\n+ttl\r\n:3600\r\n+OK\r\n', 1, 0],
  ['>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n+OK\r\n', 1, 0],
  ['*1\r\n|1\r\n+a\r\n+b\r\n:7\r\n', 1, 0],
])('%j holds %d replies and %d errors', (text, replies, errors) => {
  const scanner = scanAll(text)
  expect(scanner).toMatchObject({ replies, errors, isBetweenReplies: true })
})

test('a reply that is not complete is not counted', () => {
  for (const text of [
    '+OK',
    '+OK\r',
    '$3\r\nab',
    '$3\r\nabc',
    '$3\r\nabc\r',
    '*2\r\n:1\r\n',
    '*1\r\n',
    '%1\r\n+a\r\n',
  ]) {
    expect(scanAll(text)).toMatchObject({ replies: 0, isBetweenReplies: false })
  }
})

test('the first error text is kept, whichever form it has', () => {
  expect(scanAll('+OK\r\n-WRONGTYPE of key\r\n-ERR later\r\n').firstError).toBe('WRONGTYPE of key')
  expect(scanAll('!12\r\nSYNTAX\r\nhere\r\n-ERR later\r\n').firstError).toBe('SYNTAX\r\nhere')
})

test.each([
  'OK\r\n',
  '$5\r\nabcdefg\r\n',
  '$x\r\n',
  '$\r\n',
  '$-2\r\n',
  '$3\r\nabc\n\n',
  '+O\nK\r\n',
  '+O\rK\r\n',
  '*1\r\nx',
  '$3\r\nabc\rx',
  '$1234567890123\r\n',
  '$--1\r\n',
])('%j is refused', (text) => {
  expect(() => scanAll(text)).toThrow(FramingError)
})

describe('random streams', () => {
  interface Reply {
    text: string
    errors: number
  }
  const line = fc.stringMatching(/^[ -~]{0,12}$/)
  const body = fc.string({ unit: fc.constantFrom('\r', '\n', '$', '*', 'a', '1'), maxLength: 20 })
  const { reply } = fc.letrec<{ reply: Reply; scalar: Reply; aggregate: Reply; attributed: Reply }>((tie) => ({
    scalar: fc.oneof(
      line.map((text) => ({ text: `+${text}\r\n`, errors: 0 })),
      line.map((text) => ({ text: `-ERR ${text}\r\n`, errors: 1 })),
      fc.integer().map((value) => ({ text: `:${value}\r\n`, errors: 0 })),
      body.map((text) => ({ text: `$${text.length}\r\n${text}\r\n`, errors: 0 })),
      body.map((text) => ({ text: `!${text.length}\r\n${text}\r\n`, errors: 1 })),
      fc.constantFrom({ text: '$-1\r\n', errors: 0 }, { text: '_\r\n', errors: 0 }, { text: '#f\r\n', errors: 0 }),
    ),
    aggregate: fc
      .tuple(fc.constantFrom('*', '~', '%'), fc.array(tie('reply'), { maxLength: 4 }))
      .map(([type, items]) => {
        const values = type === '%' ? items.slice(0, items.length & ~1) : items
        const count = type === '%' ? values.length / 2 : values.length
        return {
          text: `${type}${count}\r\n${values.map(({ text }) => text).join('')}`,
          errors: values.reduce((sum, { errors }) => sum + errors, 0),
        }
      }),
    attributed: tie('scalar').map(({ text, errors }) => ({ text: `|1\r\n+key\r\n:1\r\n${text}`, errors })),
    reply: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('scalar'), tie('aggregate'), tie('attributed')),
  }))

  test('are counted right however they are split', () => {
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (replies, cuts) => {
        const bytes = bytesOf(replies.map(({ text }) => text).join(''))
        const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
        const scanner = new ReplyScanner()
        let counted = 0
        let from = 0
        for (const to of places) {
          counted += scanner.scan(bytes.subarray(from, to), to - from)
          from = to
        }
        expect(counted).toBe(replies.length)
        expect(scanner.replies).toBe(replies.length)
        expect(scanner.errors).toBe(replies.reduce((sum, { errors }) => sum + errors, 0))
        expect(scanner.isBetweenReplies).toBe(true)
      }),
    )
  })

  test('are counted right byte by byte', () => {
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 6 }), (replies) => {
        const scanner = new ReplyScanner()
        for (const byte of bytesOf(replies.map(({ text }) => text).join(''))) scanner.scan(Uint8Array.of(byte), 1)
        expect(scanner).toMatchObject({ replies: replies.length, isBetweenReplies: true })
      }),
    )
  })

  test('are refused or left open, never miscounted, when a byte is missing from the end', () => {
    fc.assert(
      fc.property(fc.array(reply, { minLength: 1, maxLength: 5 }), (replies) => {
        const bytes = bytesOf(replies.map(({ text }) => text).join(''))
        const scanner = new ReplyScanner()
        scanner.scan(bytes, bytes.length - 1)
        expect(scanner).toMatchObject({ replies: replies.length - 1, isBetweenReplies: false })
      }),
    )
  })
})
