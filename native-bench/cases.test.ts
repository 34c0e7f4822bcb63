import { expect, test } from 'vitest'
import { casesOf } from './cases.ts'
import { parseOptions } from './options.ts'
import { TARGETS } from './targets.ts'

test('every case has an id of its own, and every target a case in the default set', () => {
  const ids = casesOf(parseOptions([], 2)).map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const target of TARGETS) for (const id of target.cases) expect(ids).toContain(id)
})

test('options reach the loads', () => {
  const options = parseOptions(
    '--tests get --connections 7 --keys 9 --value-size 11 --pipeline 4 --rate 50'.split(' '),
    2,
  )
  const cases = casesOf(options).filter(({ driver }) => driver !== 'memory' && driver !== 'snapshot')
  expect(cases.map(({ id }) => id)).toEqual([
    'pipeline-64/get',
    'pipeline-16/get',
    'unpipelined/get',
    'mix-4',
    'open-loop-50',
    'never-64/get',
  ])
  for (const benchCase of cases) {
    expect(benchCase).toMatchObject({ load: { connections: 7, keyCount: 9, valueBytes: 11 } })
  }
})

test('a snapshot is taken of as many keys as memory is measured with, while nothing but SETs come', () => {
  const [benchCase] = casesOf(parseOptions(['--scenario', 'snapshot', '--memory-keys', '5000'], 2))
  expect(benchCase).toMatchObject({ setup: 'fresh', load: { keyCount: 5000, mix: [{ command: 'set', weight: 1 }] } })
})

test('pops find a list, fields a hash, and whatever redis-benchmark has no test for is a command', () => {
  const cases = casesOf(parseOptions(['--scenario', 'collections', '--tests', 'lpop,hget,hset'], 2))
  expect(cases.map(({ id }) => id)).toEqual([
    ...['lpop', 'hset', 'hget'].map((test) => `collections-64/${test}`),
    ...['lpop', 'hset', 'hget'].map((test) => `collections-1/${test}`),
  ])
  expect(cases[0]).toMatchObject({ filling: 'list', load: { test: 'lpop' } })
  expect(cases[1]).toMatchObject({ filling: null })
  expect(cases[2]).toMatchObject({ filling: 'hash', load: { command: ['HGET', 'myhash', 'element:__rand_int__'] } })
})

test('an external server is measured only as it is', () => {
  const cases = casesOf(parseOptions(['--server', 'localhost:7000'], 2))
  expect(cases.every(({ setup }) => setup === 'shared')).toBe(true)
  expect(cases.length).toBeGreaterThan(5)
})
