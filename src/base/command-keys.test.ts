import { describe, expect, test } from 'vitest'
import { Args } from './args.ts'
import { hasKeys, keyArguments } from './command-keys.ts'
import { type KeySpec, keysToEnd, oneKey } from './command-spec.ts'

const keynum: KeySpec = {
  flags: ['RO'],
  begin: { index: 2 },
  find: { keyNumIndex: 0, firstKey: 1, step: 1 },
}

/** The keys as words, null for arguments that contradict the specification. */
function keysOf(specs: readonly KeySpec[], command: string, first = 0): string[] | null {
  const args = Args.of(...command.split(' '))
  return keyArguments(specs, args, first)?.map(({ index }) => args.text(index)) ?? null
}

describe('keys', () => {
  test.each<[string, readonly KeySpec[], string, string[] | null]>([
    ['one', oneKey(1, 'RW'), 'GET a', ['a']],
    ['to the end', keysToEnd(1, 1, 'RW'), 'DEL a b c', ['a', 'b', 'c']],
    ['every second', keysToEnd(1, 2, 'OW'), 'MSET a 1 b 2', ['a', 'b']],
    ['two specifications', [...oneKey(1, 'RW'), ...oneKey(2, 'OW')], 'RENAME a b', ['a', 'b']],
    ['none where one must be', oneKey(1, 'RW'), 'GET', null],
    ['counted', [keynum], 'EVAL x 2 a b c', ['a', 'b']],
    ['counted too far', [keynum], 'EVAL x 3 a b', null],
    ['counted with no number', [keynum], 'EVAL x two a b', null],
    ['counted below zero', [keynum], 'EVAL x -1 a', null],
    ['no count at all', [keynum], 'EVAL x', null],
    [
      'after a keyword',
      [{ flags: ['OW'], begin: { keyword: 'STORE', startFrom: 1 }, find: { last: 0, step: 1, limit: 0 } }],
      'GEO a b store d',
      ['d'],
    ],
    [
      'after a keyword from the end',
      [{ flags: ['RO'], begin: { keyword: 'KEYS', startFrom: -2 }, find: { last: -1, step: 1, limit: 0 } }],
      'MIGRATE h p x KEYS a b',
      ['a', 'b'],
    ],
    [
      'a keyword that is not there',
      [{ flags: ['OW'], begin: { keyword: 'STORE', startFrom: 1 }, find: { last: 0, step: 1, limit: 0 } }],
      'GEO a b',
      [],
    ],
    [
      'the first half',
      [{ flags: ['RO'], begin: { keyword: 'STREAMS', startFrom: 1 }, find: { last: -1, step: 1, limit: 2 } }],
      'XREAD STREAMS a b 0 0',
      ['a', 'b'],
    ],
    ['what is no key', oneKey(1, 'NOT_KEY'), 'PUBLISH channel', []],
  ])('%s', (_about, specs, command, keys) => {
    expect(keysOf(specs, command)).toEqual(keys)
  })

  test('of a command that stands behind others', () => {
    expect(keysOf(keysToEnd(1, 1, 'RW'), 'COMMAND GETKEYS DEL a b', 2)).toEqual(['a', 'b'])
  })

  test('what is done to them may depend on the arguments', () => {
    const specs: KeySpec[] = [
      { ...oneKey(1, 'RW', 'VARIABLE_FLAGS')[0], flagsOf: (args, first) => [`ARGC${args.count - first}`] },
    ]
    expect(keyArguments(specs, Args.of('x', 'SET', 'a', 'b'), 1)).toEqual([{ index: 2, flags: ['ARGC3'] }])
  })

  test('a channel does not make a command one with keys', () => {
    expect(hasKeys(oneKey(1, 'NOT_KEY'))).toBe(false)
    expect(hasKeys([...oneKey(1, 'NOT_KEY'), ...oneKey(2, 'RO')])).toBe(true)
    expect(hasKeys([])).toBe(false)
  })
})
