import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PendingBatches } from './pending-batches.ts'

test('pending batches behave as a queue through every growth', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: -40, max: -1 }))), (steps) => {
      const pending = new PendingBatches()
      const model: number[] = []
      let time = 0
      for (const step of steps) {
        for (let i = 0; i < step; i++) {
          pending.push(time)
          model.push(time++)
        }
        for (let i = 0; i > step && model.length > 0; i--) expect(pending.shift()).toBe(model.shift())
        expect(pending.size).toBe(model.length)
      }
    }),
  )
})

test('there is nothing to take from an empty queue', () => {
  expect(() => new PendingBatches().shift()).toThrow(/a batch is pending/)
})
