import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Session } from '../session/session.ts'
import { Pause } from './pause.ts'

/** As much of a session as a pause touches. */
class FakeSession {
  isBlocked = false
  postponed = 0
  resumed = 0

  postpone(): void {
    this.postponed++
  }

  resumeReading(): void {
    this.resumed++
  }
}

let now = 1000
let changes = 0
let pause: Pause

const session = () => new FakeSession() as FakeSession & Session
const advance = (ms: number) => {
  now += ms
  vi.advanceTimersByTime(ms)
}

beforeEach(() => {
  vi.useFakeTimers()
  now = 1000
  changes = 0
  pause = new Pause(() => now)
  pause.onChange = () => changes++
})

afterEach(() => {
  vi.useRealTimers()
})

describe('who is held', () => {
  test('all commands, or those that may write', () => {
    pause.begin(2000, false)
    expect([pause.holds(session(), false), pause.holds(session(), true)]).toEqual([false, true])
    pause.begin(2000, true)
    expect([pause.holds(session(), false), pause.holds(session(), true)]).toEqual([true, true])
  })

  test('a later pause makes it longer or stricter, never shorter or milder', () => {
    pause.begin(3000, true)
    pause.begin(2000, false)
    expect(pause).toMatchObject({ endMs: 3000, all: true })
    pause.begin(4000, false)
    expect(pause).toMatchObject({ endMs: 4000, all: true })
  })
})

describe('the end', () => {
  test('comes by itself, and those who wait go on once the batch at hand is over', () => {
    const waiting = [session(), session()]
    pause.begin(1500, true)
    for (const each of waiting) pause.postpone(each)
    expect(pause.waitingCount).toBe(2)
    expect(waiting.map(({ isBlocked, postponed }) => [isBlocked, postponed])).toEqual([
      [true, 1],
      [true, 1],
    ])
    advance(499)
    expect(pause.isActive).toBe(true)
    advance(1)
    expect(pause.isActive).toBe(false)
    expect(pause.waitingCount).toBe(0)
    vi.runAllTimers()
    expect(waiting.map(({ resumed }) => resumed)).toEqual([1, 1])
  })

  test('is told of, as its beginning is, before anybody goes on', () => {
    const each = session()
    pause.begin(1500, false)
    expect(changes).toBe(1)
    pause.postpone(each)
    pause.finish()
    expect([changes, each.resumed]).toEqual([2, 0])
    vi.runAllTimers()
    expect([changes, each.resumed]).toEqual([2, 1])
  })

  test('waits for the clock that commands see, though the timer may be early', () => {
    pause.begin(1500, true)
    vi.advanceTimersByTime(600)
    expect(pause.isActive).toBe(true)
    now = 1500
    vi.advanceTimersByTime(600)
    expect(pause.isActive).toBe(false)
  })

  test('may be further off than any timer reaches', () => {
    const far = 1000 + 3 * 2 ** 31
    pause.begin(far, true)
    advance(2 ** 31)
    expect(pause.isActive).toBe(true)
    advance(2 * 2 ** 31)
    expect(pause.isActive).toBe(false)
  })

  test('forgets nobody twice and resumes nobody who has gone', () => {
    const [gone, stays] = [session(), session()]
    pause.begin(1500, true)
    pause.postpone(gone)
    pause.postpone(stays)
    pause.postpone(stays)
    pause.forget(gone)
    pause.finish()
    vi.runAllTimers()
    expect([gone.resumed, stays.resumed]).toEqual([0, 1])
  })

  test('leaves nothing of the old pause for the next one', () => {
    pause.begin(1500, true)
    pause.finish()
    pause.begin(1200, false)
    expect(pause).toMatchObject({ endMs: 1200, all: false })
    advance(200)
    expect(pause.isActive).toBe(false)
    vi.runAllTimers()
    expect(changes).toBe(4)
  })
})
