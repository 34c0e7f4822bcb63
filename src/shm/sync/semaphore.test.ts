import { expect, test } from 'vitest'
import { AssertionError } from '../../base/assert.ts'
import { Semaphore } from './semaphore.ts'
import { STRESS, startThreads } from './testing.ts'

test('permits are given, taken and waited for', () => {
  const semaphore = new Semaphore(new Int32Array(new SharedArrayBuffer(4)), 0)
  expect([semaphore.tryAcquire(), semaphore.acquire(1)]).toEqual([false, false])
  semaphore.release(2)
  expect([semaphore.permits, semaphore.acquire(), semaphore.tryAcquire(), semaphore.tryAcquire()]).toEqual([
    2,
    true,
    true,
    false,
  ])
  expect(() => semaphore.release(0)).toThrow(AssertionError)
})

test(
  'never more threads inside than permits, and all permits come back',
  async () => {
    const buffer = new SharedArrayBuffer(12)
    const i32 = new Int32Array(buffer)
    new Semaphore(i32, 0).release(2)
    const taken = await startThreads({ role: 'semaphore', buffer, rounds: 20_000 * STRESS, threads: 4 })
    expect([...i32]).toEqual([2, 0, 0])
    expect(Math.min(...taken)).toBeGreaterThan(0)
  },
  60_000 * STRESS,
)
