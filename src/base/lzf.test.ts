import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from './bytes.ts'
import { compress, decompress, mostDecompressed } from './lzf.ts'

/* Bytes that repeat themselves, near and far. */
const repetitive = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 3 }), fc.nat(400)).map(([unit, times]) => repeat(unit, times)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Uint8Array.from([...parts, ...parts].flatMap((part) => [...part])))

function repeat(unit: Uint8Array, times: number): Uint8Array {
  return Uint8Array.from({ length: unit.length * times }, (_, i) => unit[i % unit.length])
}

function compressed(bytes: Uint8Array, room: number): Uint8Array | null {
  const source = Uint8Array.of(1, 2, ...bytes, 3)
  const target = new Uint8Array(room + 8).fill(0xee)
  const length = compress(source, 2, bytes.length, target, 4, room)
  expect(target.subarray(0, 4).every((byte) => byte === 0xee)).toBe(true)
  expect(target.subarray(4 + room).every((byte) => byte === 0xee)).toBe(true)
  return length === 0 ? null : target.slice(4, 4 + length)
}

test('what was compressed comes back', () => {
  fc.assert(
    fc.property(repetitive, (bytes) => {
      const small = compressed(bytes, bytes.length + Math.ceil(bytes.length / 32) + 4)
      expect(small === null).toBe(bytes.length === 0)
      if (small === null) return
      const back = new Uint8Array(bytes.length + 2)
      expect(decompress(small, 0, small.length, back, 1, bytes.length)).toBe(true)
      expect(back.slice(1, -1)).toEqual(bytes)
      expect(bytes.length).toBeLessThanOrEqual(mostDecompressed(small.length))
    }),
    { numRuns: 300 },
  )
})

test('what does not fit is no result', () => {
  fc.assert(
    fc.property(repetitive, fc.nat(200), (bytes, room) => {
      const small = compressed(bytes, room)
      const roomy = compressed(bytes, bytes.length * 2 + 4)
      if (small !== null) expect(small).toEqual(roomy)
      else if (roomy !== null) expect(roomy.length).toBeGreaterThan(room - 5)
    }),
    { numRuns: 300 },
  )
})

test('a string of one letter takes three bytes for 264', () => {
  const small = compressed(new Uint8Array(1000).fill(97), 996)!
  expect([...small.subarray(0, 5)]).toEqual([1, 97, 97, 0xe0, 255])
  expect(small.length).toBeLessThan(20)
})

test('decompressing touches nothing outside, whatever the bytes are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(600), (bytes, room) => {
      const target = new Uint8Array(room + 8).fill(0xee)
      decompress(bytes, 0, bytes.length, target, 4, room)
      expect(target.subarray(0, 4).every((byte) => byte === 0xee)).toBe(true)
      expect(target.subarray(4 + room).every((byte) => byte === 0xee)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('a wrong length is refused', () => {
  const bytes = bytesOf('abcabcabcabcabcabcabcabcabcabc')
  const small = compressed(bytes, 26)!
  const target = new Uint8Array(40)
  expect(decompress(small, 0, small.length, target, 0, 30)).toBe(true)
  expect(decompress(small, 0, small.length, target, 0, 29)).toBe(false)
  expect(decompress(small, 0, small.length, target, 0, 31)).toBe(false)
  expect(decompress(small, 0, small.length - 1, target, 0, 30)).toBe(false)
})
