import { expect, test } from 'vitest'
import { Args } from '../../base/args.ts'
import { Reply } from '../../base/reply.ts'
import type { Engine } from '../engine.ts'
import { parseTimeout } from './timeout-argument.ts'

/** What a text means at Unix ms 1000: milliseconds, or the error. */
function timeout(text: string): number | string {
  const reply = new Reply()
  return parseTimeout({ nowMs: 1000 } as Engine, Args.of('BLPOP', 'k', text), 2, reply) ?? reply.lastError
}

test('seconds with decimals become milliseconds, rounded up', () => {
  const texts = ['0', '1', '0.001', '0.0001', '1.0005', '0.1', '1e1', '-0', '0x10', '9223372036854774']
  expect(texts.map(timeout)).toEqual([0, 1000, 1, 1, 1001, 100, 10000, 0, 16000, 9223372036854774000])
})

test('less than a millisecond too little is for ever, and -0.001 is that in the binary format, as with Redis', () => {
  expect(['-0.0005', '-0.001'].map(timeout)).toEqual([0, 0])
})

test('what is no time is refused', () => {
  const negative = 'ERR timeout is negative'
  expect(['-1', '-0.002', '-inf', '-1e300'].map(timeout)).toEqual([negative, negative, negative, negative])
  const outOfRange = 'ERR timeout is out of range'
  expect(['inf', '1e300', '9223372036854775807', '9223372036854775.807'].map(timeout)).toEqual([
    outOfRange,
    outOfRange,
    outOfRange,
    outOfRange,
  ])
  const noFloat = 'ERR timeout is not a float or out of range'
  expect(['', 'a', '1s', ' 1', 'nan', '1e5000'].map(timeout)).toEqual(Array(6).fill(noFloat))
})
