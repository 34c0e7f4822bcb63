import { expect, test } from 'vitest'
import { Args, MAX_TEXT_BYTES } from './args.ts'
import { bytesOf } from './bytes.ts'
import { LimitExceeded } from './limit-exceeded.ts'

const WORD = bytesOf('COUNT')

test('arguments are ranges of one buffer', () => {
  const args = Args.of('SET', '', 'v\xff\0')
  expect(args.count).toBe(3)
  expect([args.text(0), args.text(1), args.text(2)]).toEqual(['SET', '', 'v\xff\0'])
  expect([...args.copy(2)]).toEqual([118, 255, 0])
  expect(args.totalBytes()).toBe(6)
})

test('grow without bound, and give what an unusual command took back', () => {
  const args = new Args(bytesOf('x'))
  for (let i = 0; i < 100_000; i++) args.push(0, 1)
  expect([args.count, args.length[99_999]]).toEqual([100_000, 1])
  args.clear()
  expect(args.count).toBe(0)
  expect(args.offset.length).toBeLessThan(100_000)
})

test('words are compared in any case; those of options like C strings, up to a zero byte', () => {
  const args = Args.of('count', 'COUNT\0x', 'COUNTS', 'COUN', 'COUN\0')
  expect([0, 1, 2, 3, 4].map((i) => args.is(i, WORD))).toEqual([true, false, false, false, false])
  expect([0, 1, 2, 3, 4].map((i) => args.isOption(i, WORD))).toEqual([true, true, false, false, false])
  expect([1, 2].map((i) => args.cText(i))).toEqual(['COUNT', 'COUNTS'])
})

test('one that is too long for a text is refused as a text, and shows its beginning', () => {
  const args = new Args(new Uint8Array(MAX_TEXT_BYTES + 1).fill(120))
  args.push(0, MAX_TEXT_BYTES + 1)
  args.push(0, MAX_TEXT_BYTES)
  expect(() => args.text(0)).toThrow(LimitExceeded)
  expect(() => args.cText(0)).toThrow(LimitExceeded)
  expect(args.text(1).length).toBe(MAX_TEXT_BYTES)
  expect([args.beginning(0, 3), args.beginning(1, 0)]).toEqual(['xxx', ''])
  expect(Args.of('ab').beginning(0, 3)).toBe('ab')
})

test('the key of one command is compared with that of another, whatever its length', () => {
  const keys = ['', 'k', 'key', 'keys', 'key:1', 'key:2', 'yek:2', 'key:00012345', 'key:00012346', 'zey:00012345']
  const bytes = bytesOf(keys.join(''))
  const named = (key: string, shift: number) => {
    const args = new Args(bytes)
    args.push(0, shift)
    args.push(keys.slice(0, keys.indexOf(key)).join('').length, key.length)
    return args
  }
  for (const a of keys) for (const b of keys) expect(named(a, 1).hasKeyOf(named(b, 2)), `${a} ${b}`).toBe(a === b)
  const elsewhere = named('key', 1)
  elsewhere.bytes = bytes.slice()
  expect(elsewhere.hasKeyOf(named('key', 1))).toBe(false)
})
