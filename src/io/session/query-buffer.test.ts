import fc from 'fast-check'
import { expect, test } from 'vitest'
import { QueryBuffer } from './query-buffer.ts'

test('a query buffer holds what was appended and not discarded', () => {
  const step = fc.record({
    append: fc.nat(20_000),
    announced: fc.nat(100_000),
    discard: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const query = new QueryBuffer()
      let model: number[] = []
      let next = 0
      for (const { append, announced, discard } of steps) {
        const bytes = Uint8Array.from({ length: append }, () => next++ & 255)
        query.append(bytes, 0, append, announced)
        model = [...model, ...bytes]
        expect(query.length).toBe(model.length)
        expect(query.bytes.length).toBeGreaterThanOrEqual(query.length)
        const gone = Math.floor(discard * model.length)
        query.discard(gone)
        model = model.slice(gone)
        expect(Buffer.compare(query.bytes.subarray(0, query.length), Uint8Array.from(model))).toBe(0)
        if (query.length === 0) expect(query.bytes.length).toBe(0)
      }
    }),
    { numRuns: 15 },
  )
})

test('room grows with what has come, not with what was announced, and never beyond that', () => {
  const query = new QueryBuffer()
  const announced = 10_000_000
  const read = new Uint8Array(65_536)
  query.append(read, 0, 100, announced)
  expect(query.bytes.length).toBeLessThan(20_000)
  let rooms = 1
  while (query.length < announced) {
    const before = query.bytes.length
    query.append(read, 0, Math.min(read.length, announced - query.length), announced)
    if (query.bytes.length !== before) rooms++
    expect(query.bytes.length).toBeLessThanOrEqual(Math.max(4 * query.length, 16 * 1024))
  }
  expect(query.bytes.length).toBe(announced)
  expect(rooms).toBeLessThan(8)
})

test('room to spare is given back', () => {
  const query = new QueryBuffer()
  query.append(new Uint8Array(100), 0, 100, 0)
  query.shrink()
  expect(query.bytes.length).toBe(100)
  query.clear()
  expect(query.bytes.length).toBe(0)
})

test('room given up serves the next that needs as much, and no smaller one', () => {
  const [first, second, third] = [new QueryBuffer(), new QueryBuffer(), new QueryBuffer()]
  const read = new Uint8Array(100_000)
  first.append(read, 0, read.length, 0)
  const room = first.bytes
  first.clear()
  second.append(read, 0, 100, 0)
  expect(second.bytes).not.toBe(room)
  third.append(read, 0, 90_000, 0)
  expect(third.bytes).toBe(room)
  second.append(read, 0, 90_000, 0)
  expect(second.bytes).not.toBe(room)
})
