import { expect, test } from 'vitest'
import { Once } from './once.ts'
import { startThreads } from './testing.ts'

test('work runs once; when it throws, the next to ask tries again', () => {
  const once = new Once(new Int32Array(new SharedArrayBuffer(4)), 0)
  let runs = 0
  const fail = () => {
    throw new Error('no luck')
  }
  expect(() => once.run(fail)).toThrow('no luck')
  expect(once.isDone).toBe(false)
  expect([once.run(() => runs++), once.run(() => runs++), once.isDone, runs]).toEqual([true, false, true, 1])
})

test('of many threads one does each piece of work, and all see it done', async () => {
  const rounds = 20_000
  const buffer = new SharedArrayBuffer(8 * rounds)
  const done = await startThreads({ role: 'once', buffer, rounds, threads: 4 })
  expect(done.reduce((sum, count) => sum + count)).toBe(rounds)
}, 60_000)
