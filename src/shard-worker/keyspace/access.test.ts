import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../base/ports.ts'
import { Access } from './access.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

function access(nowMs: number, lfu: boolean): Access {
  const made = new Access(new SeededRandom(7))
  made.lfu = lfu
  made.at(nowMs)
  return made
}

describe('LRU', () => {
  test('is the clock in seconds, and idle time what has passed since', () => {
    const now = access(1_700_000_000_000, false)
    const field = now.initial()
    now.at(1_700_000_000_000 + 59_000)
    expect(now.idleSeconds(field)).toBe(59)
    expect(now.idleSeconds(now.touched(field))).toBe(0)
  })

  test('wraps after 194 days', () => {
    const wrap = 2 ** 24 * 1000 * 100
    const now = access(wrap - 1000, false)
    const field = now.initial()
    now.at(wrap + 1000)
    expect(now.lruClock).toBe(1)
    // Redis's formula loses one second at the wrap.
    expect(now.idleSeconds(field)).toBe(1)
  })
})

describe('LFU', () => {
  test('a new key starts at 5', () => {
    const now = access(1_700_000_000_000, true)
    expect(now.frequency(now.initial())).toBe(5)
  })

  test('decays by one for each period, down to 0', () => {
    const now = access(1_700_000_000_000, true)
    const field = now.initial()
    now.at(1_700_000_000_000 + 3 * MINUTE_MS)
    expect(now.frequency(field)).toBe(2)
    now.lfuDecayMinutes = 2
    expect(now.frequency(field)).toBe(4)
    now.lfuDecayMinutes = 0
    expect(now.frequency(field)).toBe(5)
    now.lfuDecayMinutes = 1
    now.at(1_700_000_000_000 + DAY_MS)
    expect(now.frequency(field)).toBe(0)
  })

  test('the minutes wrap after 45 days', () => {
    const now = access(65535 * MINUTE_MS, true)
    const field = now.initial()
    now.at(65537 * MINUTE_MS)
    expect(now.frequency(field)).toBe(4)
  })

  test('counts logarithmically: 100 touches give about 10, a million 255', () => {
    const now = access(1_700_000_000_000, true)
    let field = now.initial()
    for (let i = 0; i < 100; i++) field = now.touched(field)
    expect(now.frequency(field)).toBeGreaterThanOrEqual(8)
    expect(now.frequency(field)).toBeLessThanOrEqual(13)
    for (let i = 0; i < 1_000_000; i++) field = now.touched(field)
    expect(now.frequency(field)).toBe(255)
  })

  test('with a factor of 0 each touch counts, and 255 is the end', () => {
    const now = access(1_700_000_000_000, true)
    now.lfuLogFactor = 0
    let field = now.initial()
    for (let i = 0; i < 10; i++) field = now.touched(field)
    expect(now.frequency(field)).toBe(15)
    for (let i = 0; i < 300; i++) field = now.touched(field)
    expect(now.frequency(field)).toBe(255)
  })
})
