import { describe, expect, test } from 'vitest'
import { Random } from '../../test/support/random.ts'
import { Args } from '../base/args.ts'
import { SlowCommandCapture, trimArguments } from './slow-command.ts'

const shown = (args: Args) => trimArguments(args).map((bytes) => Buffer.from(bytes).toString('latin1'))

describe('what is slow', () => {
  const thresholdOf = (slowlogUs: number, latencyMs: number) => {
    const capture = new SlowCommandCapture()
    capture.configure(slowlogUs, latencyMs)
    return capture.thresholdUs
  }

  test('is what either reader wants to know of', () => {
    expect(thresholdOf(10_000, 0)).toBe(10_000)
    expect(thresholdOf(10_000, 5)).toBe(5_000)
    expect(thresholdOf(3_000, 5)).toBe(3_000)
    expect(thresholdOf(0, 0)).toBe(0)
  })

  test('is nothing when both are off', () => {
    expect(thresholdOf(-1, 0)).toBe(Number.POSITIVE_INFINITY)
    expect(thresholdOf(-1, 5)).toBe(5_000)
  })
})

test('a capture keeps copies: the arguments may be overwritten', () => {
  const capture = new SlowCommandCapture()
  const args = Args.of('SET', 'key', 'value')
  expect(capture.pending).toBe(false)
  capture.capture(7, args, 12_345)
  args.bytes.fill(0)
  args.clear()
  expect(capture).toMatchObject({ pending: true, command: 7, durationUs: 12_345, argumentCount: 3 })
  expect(capture.arguments.map((bytes) => Buffer.from(bytes).toString())).toEqual(['SET', 'key', 'value'])
})

describe('trimming', () => {
  test('32 arguments are shown, of more 31 and how many there are besides', () => {
    const words = Array.from({ length: 40 }, (_, i) => `word${i}`)
    expect(shown(Args.of(...words.slice(0, 32)))).toEqual(words.slice(0, 32))
    expect(shown(Args.of(...words.slice(0, 33)))).toEqual([...words.slice(0, 31), '... (2 more arguments)'])
    expect(shown(Args.of(...words))).toEqual([...words.slice(0, 31), '... (9 more arguments)'])
  })

  test('128 bytes of an argument are shown, and how many there are besides', () => {
    expect(shown(Args.of('SET', 'x'.repeat(128)))).toEqual(['SET', 'x'.repeat(128)])
    expect(shown(Args.of('SET', 'x'.repeat(129)))).toEqual(['SET', `${'x'.repeat(128)}... (1 more bytes)`])
    expect(shown(Args.of('SET', 'x'.repeat(1000)))).toEqual(['SET', `${'x'.repeat(128)}... (872 more bytes)`])
  })

  test('bounds any command, and shows the beginning of it', () => {
    const random = new Random(3)
    for (let round = 0; round < 200; round++) {
      const words = Array.from({ length: random.between(1, 60) }, () => 'ab\0\xff'.repeat(random.below(60)))
      const trimmed = shown(Args.of(...words))
      expect(trimmed.length).toBe(Math.min(words.length, 32))
      for (const [i, word] of trimmed.entries()) {
        expect(word.length).toBeLessThanOrEqual(128 + 40)
        if (i < 31) expect(word.slice(0, 128)).toBe(words[i].slice(0, 128))
      }
    }
  })
})
