import { expect, test } from 'vitest'
import { HELP, parseOptions } from './options.ts'
import { SCENARIOS } from './scenarios.ts'

test('without arguments everything is measured, with one load thread on two cores', () => {
  const options = parseOptions([], 2)
  expect(options.scenarios).toEqual(SCENARIOS)
  expect(options).toMatchObject({ rounds: 5, threads: 1, connections: 50, keys: 100_000, inlineExecution: null })
  expect(parseOptions([], 16).threads).toBe(4)
})

test('options are read', () => {
  const args = '--scenario memory,pipeline --rounds 2 --seconds 0.3 --inline-execution never --server [::1]:7000'
  const more = '--mix set=1,get=3 --distribution zipf:1.2 --rate 5000 --tests SET,lpush --json out.json'
  expect(parseOptions(`${args} ${more}`.split(' '), 2)).toMatchObject({
    scenarios: ['pipeline', 'memory'],
    rounds: 2,
    seconds: 0.3,
    inlineExecution: 'never',
    external: { host: '::1', port: 7000 },
    mix: [
      { command: 'set', weight: 1 },
      { command: 'get', weight: 3 },
    ],
    distribution: { kind: 'zipf', theta: 1.2 },
    rate: 5000,
    tests: ['set', 'lpush'],
    json: 'out.json',
  })
  expect(parseOptions(['--quick'], 2)).toMatchObject({ rounds: 3, seconds: 0.4 })
})

test.each([
  [['--scenario', 'speed'], /--scenario takes pipeline/],
  [['--rounds', '0'], /--rounds takes a whole number above 0/],
  [['--rounds', '1.5'], /whole number/],
  [['--seconds', 'x'], /--seconds takes a number above 0/],
  [['--server', 'host'], /HOST:PORT/],
  [['--mix', 'frobnicate=1'], /no command 'frobnicate'/],
  [['--mix', 'get=0'], /weight above 0/],
  [['--distribution', 'zipf:0'], /zipf:THETA/],
  [['--inline-execution', 'sometimes'], /auto, never, always/],
  [['--colour'], /--colour/],
])('%j is refused with a reason', (args, reason) => {
  expect(() => parseOptions(args, 2)).toThrow(reason)
})

test('the help names every option', () => {
  const names = [...HELP.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name)
  for (const name of names.filter((name) => name !== 'help' && name !== 'quick')) {
    expect(() => parseOptions([`--${name}`, ''], 2)).not.toThrow(/Unknown option/)
  }
  expect(names.length).toBeGreaterThan(20)
})
