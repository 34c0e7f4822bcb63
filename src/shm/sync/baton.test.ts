import { expect, test } from 'vitest'
import { AssertionError } from '../../base/assert.ts'
import { Baton, backgroundThread, IO_THREAD, PARKED, threadName, workerThread } from './baton.ts'

test('in fresh memory the I/O thread holds every baton', () => {
  const i32 = new Int32Array(new SharedArrayBuffer(12))
  expect([0, 1, 2].map((index) => new Baton(i32, index).holder)).toEqual([IO_THREAD, IO_THREAD, IO_THREAD])
})

test('a baton goes from holder to holder, and only from its holder', () => {
  const i32 = new Int32Array(new SharedArrayBuffer(12))
  const baton = new Baton(i32, 1)
  baton.pass(IO_THREAD, workerThread(2))
  expect([baton.holder, baton.isHeldBy(workerThread(2)), baton.isHeldBy(IO_THREAD)]).toEqual([3, true, false])
  expect(() => baton.pass(IO_THREAD, workerThread(0))).toThrow(AssertionError)
  baton.pass(workerThread(2), PARKED)
  baton.pass(PARKED, backgroundThread(0))
  expect([...i32]).toEqual([0, backgroundThread(0), 0])
})

test('every thread has a number and a name of its own', () => {
  const threads = [IO_THREAD, PARKED, workerThread(0), workerThread(11), backgroundThread(0), backgroundThread(3)]
  expect(threads.map(threadName)).toEqual(['io', 'parked', 'worker-0', 'worker-11', 'background-0', 'background-3'])
  expect(new Set(threads).size).toBe(threads.length)
})
