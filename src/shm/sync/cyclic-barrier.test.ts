import { expect, test } from 'vitest'
import { AssertionError } from '../../base/assert.ts'
import { CYCLIC_BARRIER_WORDS, CyclicBarrier } from './cyclic-barrier.ts'
import { STRESS, startThreads } from './testing.ts'

test('a party of one never waits', () => {
  const barrier = new CyclicBarrier(new Int32Array(new SharedArrayBuffer(4 * CYCLIC_BARRIER_WORDS)), 0, 1)
  expect([barrier.wait(), barrier.wait()]).toEqual([true, true])
  expect(() => new CyclicBarrier(new Int32Array(2), 0, 0)).toThrow(AssertionError)
})

test(
  'threads meet in every round, and each round has one last',
  async () => {
    const rounds = 1000 * STRESS
    const buffer = new SharedArrayBuffer(64)
    const last = await startThreads({ role: 'cyclic-barrier', buffer, rounds, threads: 4 })
    expect(last.reduce((sum, count) => sum + count)).toBe(rounds)
    expect([...new Int32Array(buffer, 0, CYCLIC_BARRIER_WORDS)]).toEqual([2 * rounds, 0])
  },
  60_000 * STRESS,
)
