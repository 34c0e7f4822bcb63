import { expect, test } from 'vitest'
import { SeededRandom } from '../../base/ports.ts'
import { TestFamily } from '../../observability/testing.ts'
import { timeFamily } from './time.ts'

function setUp() {
  const now = { ms: 1_700_000_000_000, us: 0 }
  const clock = { nowMs: () => now.ms, monotonicUs: () => now.us }
  const commands = new TestFamily([timeFamily(() => ({ clock, random: new SeededRandom(1) }))])
  const time = () => {
    const [seconds, microseconds] = commands.run('TIME') as string[]
    return Number(seconds) * 1e6 + Number(microseconds)
  }
  return { now, time, commands }
}

test('TIME fills the milliseconds of the clock in, and never goes back', () => {
  const { now, time, commands } = setUp()
  expect(commands.run('TIME')).toEqual(['1700000000', '0'])
  let last = time()
  for (let us = 100; us < 20_000; us += 137) {
    now.us = us
    now.ms = 1_700_000_000_000 + Math.trunc((us + 300) / 1000)
    const next = time()
    expect(next).toBeGreaterThanOrEqual(last)
    expect(Math.trunc(next / 1000)).toBe(now.ms)
    last = next
  }
})

test('TIME follows a clock that was set', () => {
  const { now, time } = setUp()
  time()
  now.ms -= 5_000
  now.us += 10
  expect(Math.trunc(time() / 1000)).toBe(now.ms)
  now.ms += 60_000
  expect(Math.trunc(time() / 1000)).toBe(now.ms)
})

test('LOLWUT draws, for any version', () => {
  const { commands } = setUp()
  expect(commands.run('LOLWUT')).toContain('Redis ver. 7.2')
  expect(commands.run('LOLWUT', 'VERSION', '5', '1', '2')).toContain('Redis ver. 7.2')
  expect(commands.run('LOLWUT', 'version', 'x')).toEqual({ text: 'ERR value is not an integer or out of range' })
})
