import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countBits, findBit } from './bit-range.ts'

/** Mostly bytes without a change, so that a search goes far. */
const bytes = fc.array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(0, 255) }, fc.integer({ min: 0, max: 255 })), {
  minLength: 1,
  maxLength: 90,
})

test('bits of a range are counted and found as one by one', () => {
  fc.assert(
    fc.property(bytes, fc.nat(7), fc.nat(), fc.nat(), fc.constantFrom(0, 1), (values, at, a, b, bit) => {
      const view = new DataView(new Uint8Array([...new Array(at).fill(0x5a), ...values]).buffer)
      const bits = values.flatMap((value) => [7, 6, 5, 4, 3, 2, 1, 0].map((shift) => (value >> shift) & 1))
      const [first, last] = [a % bits.length, b % bits.length]
      const within = bits.slice(first, last + 1)
      expect(countBits(view, at, first, last)).toBe(within.filter((each) => each === 1).length)
      const found = within.indexOf(bit)
      expect(findBit(view, at, first, last, bit)).toBe(found < 0 ? -1 : first + found)
    }),
    { numRuns: 4000 },
  )
})
