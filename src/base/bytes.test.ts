import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf, copyBytes, copyWords, equalBytes, equalsIgnoreCase, textOf, viewOf } from './bytes.ts'

const CAPACITY = 700

/** A buffer of its own, private or shared, seen from an offset on, with bytes that tell their places. */
function buffer(shared: boolean, skip: number, seed: number): Uint8Array {
  const memory = shared ? new SharedArrayBuffer(CAPACITY + skip) : new ArrayBuffer(CAPACITY + skip)
  const bytes = new Uint8Array(memory, skip)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + seed) & 255
  return bytes
}

const copyCase = fc.record({
  sharedSource: fc.boolean(),
  sharedTarget: fc.boolean(),
  skip: fc.nat(9),
  from: fc.nat(40),
  to: fc.nat(40),
  length: fc.oneof(fc.nat(20), fc.nat(260), fc.nat(600)),
})

describe('copies take the range and touch nothing else', () => {
  test('by bytes', () => {
    fc.assert(
      fc.property(copyCase, ({ sharedSource, sharedTarget, skip, from, to, length }) => {
        const source = buffer(sharedSource, skip, 7)
        const target = buffer(sharedTarget, skip, 100)
        const expected = Uint8Array.from(target)
        for (let i = 0; i < length; i++) expected[to + i] = source[from + i]
        copyBytes(target, to, source, from, length)
        expect(Uint8Array.from(target)).toEqual(expected)
      }),
    )
  })

  test('by words', () => {
    fc.assert(
      fc.property(copyCase, ({ sharedSource, sharedTarget, skip, from, to, length }) => {
        const source = buffer(sharedSource, skip, 7)
        const target = buffer(sharedTarget, skip, 100)
        const expected = Uint8Array.from(target)
        for (let i = 0; i < length; i++) expected[to + i] = source[from + i]
        const targetView = new DataView(target.buffer, target.byteOffset, target.byteLength)
        copyWords(target, targetView, to, source, viewOf(source), from, length)
        expect(Uint8Array.from(target)).toEqual(expected)
      }),
    )
  })
})

test('a view shows the buffer asked for, whichever was asked for before', () => {
  const first = buffer(false, 3, 1)
  const second = buffer(true, 0, 2)
  for (const bytes of [first, second, first, first, second]) {
    const view = viewOf(bytes)
    expect(view.byteLength).toBe(bytes.byteLength)
    for (const at of [0, 5, CAPACITY - 1]) expect(view.getUint8(at)).toBe(bytes[at])
  }
})

test('text survives as bytes, longer than an argument list too', () => {
  const text = Array.from({ length: 10_000 }, (_, i) => String.fromCharCode(i & 255)).join('')
  expect(textOf(bytesOf(text))).toBe(text)
  expect(textOf(bytesOf(text), 250, 20)).toBe(text.slice(250, 270))
})

test('comparing may ignore the case of letters, and of nothing else', () => {
  const bytes = bytesOf('..Get..get')
  expect(equalBytes(bytes, 2, bytes, 7, 3)).toBe(false)
  expect(equalBytes(bytes, 3, bytes, 8, 2)).toBe(true)
  expect(equalsIgnoreCase(bytes, 2, 3, bytesOf('GET'))).toBe(true)
  expect(equalsIgnoreCase(bytes, 2, 4, bytesOf('GET'))).toBe(false)
  // Only letters have a case: bit 5 apart is not the same.
  expect(equalsIgnoreCase(bytesOf('{'), 0, 1, bytesOf('['))).toBe(false)
})
