import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RdbText } from './reader.ts'
import { latin1, ziplistOf, zipmapOf } from './testing.ts'
import { firstEntry, readEntry, soundZiplistCount } from './ziplist.ts'
import { readField, soundZipmapCount } from './zipmap.ts'

const text = fc.oneof(
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 70 }),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.integer({ min: -9000000, max: 9000000 }).map(String),
  fc.constantFrom('x'.repeat(253), 'y'.repeat(254), 'z'.repeat(300), 'w'.repeat(20000)),
)

function shown(text: RdbText): string {
  return latin1(text.bytes.slice(text.offset, text.offset + text.length))
}

/** The bytes with one or none of them changed, in the middle of others. */
function embedded(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(9, 9, 9, ...bytes, 9, 9)
}

test('a ziplist is read entry by entry', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), (texts) => {
      const bytes = ziplistOf(texts)
      const within = embedded(bytes)
      expect(soundZiplistCount(within, 3, bytes.length)).toBe(texts.length)
      const read = new RdbText()
      let p = firstEntry(3)
      for (const expected of texts) {
        p = readEntry(within, p, read)
        expect(shown(read)).toBe(expected)
      }
      expect(p).toBe(3 + bytes.length - 1)
    }),
  )
})

test('a zipmap is read field by field', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), fc.nat(4), (pairs, free) => {
      const texts = pairs.flat()
      const bytes = zipmapOf(texts, free)
      const within = embedded(bytes)
      expect(soundZipmapCount(within, 3, bytes.length)).toBe(pairs.length)
      const field = new RdbText()
      const value = new RdbText()
      let p = 4
      for (const pair of pairs) {
        p = readField(within, p, field, value)
        expect([shown(field), shown(value)]).toEqual(pair)
      }
      expect(p).toBe(3 + bytes.length - 1)
    }),
  )
})

test('a zipmap that tells a wrong number of fields, or one that stands for no number, is refused', () => {
  const bytes = zipmapOf(['a', '1', 'b', '2'])
  for (const told of [0, 1, 2, 3, 253, 254, 255]) {
    bytes[0] = told
    expect(soundZipmapCount(bytes, 0, bytes.length)).toBe(told === 2 || told === 254 ? 2 : -1)
  }
})

const change = fc.tuple(fc.nat(), fc.nat(255))

test.each(['ziplist', 'zipmap'] as const)('a %s with changed bytes is refused or read within its bounds', (kind) => {
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 6 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (texts, changes) => {
        const even = kind === 'zipmap' && texts.length % 2 === 1 ? [...texts, ''] : texts
        const bytes = kind === 'ziplist' ? ziplistOf(even) : zipmapOf(even, 1)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        const first = new RdbText()
        const second = new RdbText()
        if (kind === 'ziplist') {
          const count = soundZiplistCount(bytes, 0, bytes.length)
          let p = firstEntry(0)
          for (let i = 0; i < count; i++) {
            p = readEntry(bytes, p, first)
            expect(first.offset + first.length).toBeLessThanOrEqual(first.bytes.length)
          }
          if (count >= 0) expect(p).toBe(bytes.length - 1)
        } else {
          const count = soundZipmapCount(bytes, 0, bytes.length)
          let p = 1
          for (let i = 0; i < count; i++) {
            p = readField(bytes, p, first, second)
            expect(second.offset + second.length).toBeLessThanOrEqual(second.bytes.length)
          }
          if (count >= 0) expect(p).toBe(bytes.length - 1)
        }
      },
    ),
    { numRuns: 400 },
  )
})
