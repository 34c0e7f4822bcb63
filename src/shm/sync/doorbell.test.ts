import { expect, test } from 'vitest'
import { Doorbell } from './doorbell.ts'
import { STRESS, startThread, startThreads } from './testing.ts'

const word = () => new Int32Array(new SharedArrayBuffer(4))

test('ringing an awake consumer does nothing; ringing an announced one ends the sleep', () => {
  const i32 = word()
  const doorbell = new Doorbell(i32, 0)
  const other = new Doorbell(i32, 0)
  other.ring()
  doorbell.prepareToSleep()
  other.ring()
  doorbell.sleep()
  expect(Atomics.load(i32, 0)).toBe(0)
})

test('a sleep ends by its timeout, and the consumer counts as awake after it', () => {
  const i32 = word()
  const doorbell = new Doorbell(i32, 0)
  doorbell.prepareToSleep()
  doorbell.sleep(1)
  expect(Atomics.load(i32, 0)).toBe(0)
})

test('an asynchronous sleep ends when rung, when rung before it began, and when cancelled', async () => {
  const i32 = word()
  const doorbell = new Doorbell(i32, 0)
  const other = new Doorbell(i32, 0)
  doorbell.prepareToSleep()
  const rung = doorbell.sleepAsync()
  other.ring()
  await rung
  doorbell.prepareToSleep()
  other.ring()
  await doorbell.sleepAsync()
  doorbell.prepareToSleep()
  const first = doorbell.sleepAsync()
  doorbell.cancelSleep()
  doorbell.prepareToSleep()
  const second = doorbell.sleepAsync()
  await first
  expect(Atomics.load(i32, 0)).toBe(1)
  other.ring()
  await second
  expect(Atomics.load(i32, 0)).toBe(0)
})

test(
  'no wake-up is lost between threads: a lost one would sleep for ever',
  async () => {
    const common = { buffer: new SharedArrayBuffer(1024), rounds: 40_000 * STRESS }
    const sleeper = startThread({ ...common, role: 'sleeper', thread: 0, threads: 2 })
    const ringers = startThreads({ ...common, role: 'ringer', threads: 2 })
    expect(await ringers).toEqual([common.rounds, common.rounds])
    expect(await sleeper).toBeGreaterThan(0)
  },
  60_000 * STRESS,
)

test(
  'no wake-up is lost by an asynchronous sleeper',
  async () => {
    const rounds = 20_000 * STRESS
    const buffer = new SharedArrayBuffer(1024)
    const i32 = new Int32Array(buffer)
    const doorbell = new Doorbell(i32, 0)
    const ringers = startThreads({ role: 'ringer', buffer, rounds, threads: 2 })
    const given = () => Atomics.load(i32, 32) + Atomics.load(i32, 64)
    for (let taken = 0; taken < 2 * rounds; ) {
      taken = given()
      doorbell.prepareToSleep()
      if (given() !== taken || taken === 2 * rounds) doorbell.cancelSleep()
      else await doorbell.sleepAsync()
    }
    expect(await ringers).toEqual([rounds, rounds])
  },
  60_000 * STRESS,
)
