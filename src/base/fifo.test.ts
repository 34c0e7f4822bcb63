import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from './fifo.ts'

test('a queue behaves as an array with push and shift', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 400 }), (operations) => {
      const queue = new Fifo<number>()
      const model: number[] = []
      for (const [i, isPush] of operations.entries()) {
        if (isPush) {
          queue.push(i)
          model.push(i)
        } else expect(queue.shift()).toBe(model.shift())
        expect(queue.length).toBe(model.length)
        expect(queue.first).toBe(model[0])
      }
    }),
  )
})

test('a queue that is never empty does not grow, and one that has been long gives its room back', () => {
  const queue = new Fifo<number>()
  queue.push(-1)
  for (let i = 0; i < 100_000; i++) {
    queue.push(i)
    expect(queue.shift()).toBe(i - 1)
  }
  expect(queue.room).toBe(16)
  for (let i = 0; i < 100_000; i++) queue.push(i)
  while (queue.length > 0) queue.shift()
  expect(queue.room).toBe(16)
})
