import { expect, test } from 'vitest'
import { AssertionError } from '../../base/assert.ts'
import { Mutex } from './mutex.ts'
import { STRESS, startThreads } from './testing.ts'

test('one holder at a time; a lock gives up after its time', () => {
  const i32 = new Int32Array(new SharedArrayBuffer(8))
  const mutex = new Mutex(i32, 1)
  const other = new Mutex(i32, 1)
  expect([mutex.lock(), other.tryLock(), other.lock(1)]).toEqual([true, false, false])
  mutex.unlock()
  expect([other.tryLock(), mutex.tryLock()]).toEqual([true, false])
  other.unlock()
  expect([...i32]).toEqual([0, 0])
  expect(() => mutex.unlock()).toThrow(AssertionError)
})

test(
  'threads count under the lock without losing one',
  async () => {
    const buffer = new SharedArrayBuffer(8)
    const taken = await startThreads({ role: 'mutex', buffer, rounds: 20_000 * STRESS, threads: 4 })
    expect([...new Int32Array(buffer)]).toEqual([0, taken.reduce((sum, count) => sum + count)])
    expect(Math.min(...taken)).toBeGreaterThan(0)
  },
  60_000 * STRESS,
)
