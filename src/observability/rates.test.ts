import { describe, expect, test } from 'vitest'
import { Rate } from './rate.ts'
import { Rates } from './rates.ts'
import { TurnMaxima } from './turn-maxima.ts'

describe('a rate', () => {
  test('is the mean growth per second of the last sixteen samples', () => {
    const rate = new Rate()
    let value = 1000
    for (let ms = 100; ms <= 1700; ms += 100) rate.sample((value += 50), ms)
    expect(rate.perSecond).toBe(500)
    for (let ms = 1800; ms <= 2500; ms += 100) rate.sample(value, ms)
    expect(rate.perSecond).toBe(250)
    for (let ms = 2600; ms <= 3300; ms += 100) rate.sample(value, ms)
    expect(rate.perSecond).toBe(0)
  })

  test('counts from the first sample on, which only marks a beginning', () => {
    const rate = new Rate()
    rate.sample(1_000_000, 100)
    expect(rate.perSecond).toBe(0)
    rate.sample(1_000_016, 200)
    expect(rate.perSecond).toBe(10)
  })

  test('takes a counter that fell, or a clock that stood, for no growth', () => {
    const rate = new Rate()
    rate.sample(100, 100)
    rate.sample(50, 200)
    rate.sample(500, 200)
    expect(rate.perSecond).toBe(0)
  })

  test('begins anew after a reset', () => {
    const rate = new Rate()
    rate.sample(0, 100)
    rate.sample(1600, 200)
    expect(rate.perSecond).toBe(1000)
    rate.reset()
    expect(rate.perSecond).toBe(0)
    rate.sample(5000, 300)
    expect(rate.perSecond).toBe(0)
  })
})

test('the rates of INFO come from their counters', () => {
  const rates = new Rates()
  for (let i = 0; i <= 16; i++) {
    rates.sample(
      { commands: i * 10, bytesIn: i * 1024, bytesOut: i * 2048, loopTurns: i * 5, loopActiveUs: i * 500 },
      100 + i * 100,
    )
  }
  expect(rates.commandsPerSecond).toBe(100)
  expect(rates.inputKilobytesPerSecond).toBe(10)
  expect(rates.outputKilobytesPerSecond).toBe(20)
  expect(rates.turnsPerSecond).toBe(50)
  expect(rates.turnUs).toBe(100)
  rates.reset()
  expect(rates.turnUs).toBe(0)
})

test('the longest batch and the one with the most commands are remembered', () => {
  const turns = new TurnMaxima()
  turns.note(10, 5)
  turns.note(30, 6)
  turns.note(20, 16)
  expect([turns.longestUs, turns.mostCommands]).toEqual([30, 10])
  turns.reset()
  turns.note(1, 17)
  expect([turns.longestUs, turns.mostCommands]).toEqual([1, 1])
})
