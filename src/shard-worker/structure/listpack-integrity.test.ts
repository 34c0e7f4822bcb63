import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import * as listpack from './listpack.ts'
import { hasDuplicates, soundListpackCount } from './listpack-integrity.ts'

const text = fc.oneof(
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 70 }),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  fc.integer({ min: -9000, max: 9000 }).map(String),
  fc.constantFrom('a', 'b', '1', '2', 'x'.repeat(130), 'y'.repeat(5000), 'z'.repeat(20000)),
)

/** A listpack of these texts, two bytes into an array that goes on behind it. */
function listpackOf(texts: readonly string[]): Uint8Array {
  const u8 = new Uint8Array(64 + texts.reduce((total, { length }) => total + length + 16, 0))
  listpack.initializeListpack(u8, 2)
  for (const each of texts) {
    const bytes = bytesOf(each)
    listpack.insert(u8, 2, listpack.end(u8, 2), bytes, 0, bytes.length)
  }
  return u8
}

test('a listpack is sound, and its duplicates are those of its texts', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 30 }), fc.nat(1), (texts, skip) => {
      const u8 = listpackOf(texts)
      expect(soundListpackCount(u8, 2, listpack.listpackBytes(u8, 2))).toBe(texts.length)
      const looked = texts.filter((_, i) => i % (skip + 1) === 0)
      const expected = new Set(looked).size < looked.length
      expect(hasDuplicates(u8, 2, texts.length, skip, 7)).toBe(expected)
    }),
  )
})

test('what follows a listpack, or is cut off, is none of it', () => {
  const u8 = listpackOf(['a', '1000', 'b'])
  const bytes = listpack.listpackBytes(u8, 2)
  for (const wrong of [0, 5, bytes - 1, bytes + 1]) expect(soundListpackCount(u8, 2, wrong)).toBe(-1)
})

test('with changed bytes it is refused, or every element lies within and reads from both ends', () => {
  const change = fc.tuple(fc.nat(), fc.nat(255))
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 8 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (texts, changes) => {
        const u8 = listpackOf(texts)
        const bytes = listpack.listpackBytes(u8, 2)
        for (const [at, value] of changes) u8[2 + (at % bytes)] = value
        const count = soundListpackCount(u8, 2, bytes)
        if (count < 0) return
        listpack.checkListpack(u8, 2, bytes)
        expect(listpack.listpackCount(u8, 2)).toBe(count)
        hasDuplicates(u8, 2, count, 0, 7)
      },
    ),
    { numRuns: 500 },
  )
})

test('an integer and its text are the same element', () => {
  const u8 = listpackOf(['7', 'x'])
  // The x becomes a string of one digit, as no listpack of ours has it.
  u8[listpack.next(u8, listpack.first(2)) + 1] = 55
  expect(soundListpackCount(u8, 2, listpack.listpackBytes(u8, 2))).toBe(2)
  expect(hasDuplicates(u8, 2, 2, 0, 7)).toBe(true)
})
