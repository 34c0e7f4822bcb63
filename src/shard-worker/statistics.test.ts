import { expect, test } from 'vitest'
import { Statistics } from './statistics.ts'

const GET = 0
const SET = 1
const KEYS = 2
const COMMANDS = 3

const calls = ({ calls }: Statistics) => [...calls]

test('the commands of a batch share its time', () => {
  const statistics = new Statistics(COMMANDS)
  for (const command of [GET, GET, SET, GET]) statistics.count(command)
  expect(statistics.isBatchEmpty).toBe(false)
  statistics.endBatch(40)
  expect([calls(statistics), [...statistics.microseconds]]).toEqual([
    [3, 1, 0],
    [30, 10, 0],
  ])
  expect([statistics.totalCalls, statistics.totalUs, statistics.isBatchEmpty]).toEqual([4, 40, true])
  expect(statistics.histograms[GET]?.total).toBe(3)
})

test('what was timed by itself is not shared', () => {
  const statistics = new Statistics(COMMANDS)
  statistics.count(GET)
  statistics.timed(KEYS, 100)
  statistics.endBatch(105)
  expect([...statistics.microseconds]).toEqual([5, 0, 100])
  statistics.timed(KEYS, 100)
  statistics.endBatch(0)
  statistics.count(GET)
  statistics.endBatch(7)
  expect(statistics.microseconds[GET]).toBe(12)
})

test('a batch loses no call, however its commands alternate', () => {
  const statistics = new Statistics(COMMANDS)
  for (let i = 0; i < 10_000; i++) statistics.count(i % COMMANDS)
  statistics.endBatch(10_000)
  expect(statistics.totalCalls).toBe(10_000)
})

test('errors count by their code, whether the command ran or not', () => {
  const statistics = new Statistics(COMMANDS)
  statistics.fail(GET, 'WRONGTYPE Operation')
  statistics.reject(SET, 'ERR wrong number')
  statistics.reject(-1, 'ERR unknown')
  statistics.error('SHORT')
  expect([...statistics.errors]).toEqual([
    ['WRONGTYPE', 1],
    ['ERR', 2],
    ['SHORT', 1],
  ])
  expect([[...statistics.failed], [...statistics.rejected]]).toEqual([
    [1, 0, 0],
    [0, 1, 0],
  ])
  expect([statistics.totalErrors, statistics.errorsSeen]).toEqual([4, 4])
})

test('what is exported can be added up elsewhere', () => {
  const one = new Statistics(COMMANDS)
  one.timed(GET, 3)
  one.fail(GET, 'ERR x')
  one.reject(KEYS, 'NOPERM x')
  const other = new Statistics(COMMANDS)
  other.timed(GET, 5)
  other.merge(one.export(9))
  expect(one.export(9).id).toBe(9)
  expect([calls(other), other.microseconds[GET], other.failed[GET], other.rejected[KEYS]]).toEqual([[2, 0, 0], 8, 1, 1])
  expect([other.totalCalls, other.totalErrors, other.histograms[GET]?.total]).toEqual([2, 2, 2])
})

test('a reset forgets all but that there were errors', () => {
  const statistics = new Statistics(COMMANDS)
  statistics.timed(GET, 3)
  statistics.fail(GET, 'ERR x')
  statistics.reset()
  expect(statistics.export(1)).toEqual({ id: 1, commands: [], errors: [], counters: [] })
  expect([statistics.totalCalls, statistics.totalErrors, statistics.errorsSeen]).toEqual([0, 0, 1])
})

test('histograms are kept only while latency is tracked', () => {
  const statistics = new Statistics(COMMANDS)
  statistics.trackLatency = false
  statistics.timed(GET, 3)
  expect(statistics.histograms[GET]).toBeUndefined()
})
