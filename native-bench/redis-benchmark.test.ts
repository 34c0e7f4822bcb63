import { expect, test } from 'vitest'
import { argumentsOf, parseCsv } from './redis-benchmark.ts'

const HEADER =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"'

test('a line of CSV becomes figures', () => {
  expect(
    parseCsv(`${HEADER}\n"MSET (10 keys)","91382.62","22.767","1.304","22.431","30.719","35.167","42.207"\n`),
  ).toEqual([
    {
      test: 'MSET (10 keys)',
      opsPerSecond: 91382.62,
      avgMs: 22.767,
      minMs: 1.304,
      p50Ms: 22.431,
      p95Ms: 30.719,
      p99Ms: 35.167,
      maxMs: 42.207,
    },
  ])
})

test('columns are found by name, other lines are passed over', () => {
  const columns = HEADER.split(',')
  const swapped = [columns[1], columns[0], '"new_column"', ...columns.slice(2)].join(',')
  const [row] = parseCsv(
    `WARNING: Could not fetch server CONFIG\n${swapped}\n"5.00","GET","7","1","2","3","4","5","6"\n`,
  )
  expect(row).toMatchObject({ test: 'GET', opsPerSecond: 5, avgMs: 1, maxMs: 6 })
})

test('a header without latencies (before 7.0) and a cell that is no number are refused', () => {
  expect(() => parseCsv('"SET","125000.00"\n')).toThrow(/lacks test, rps/)
  expect(() => parseCsv(`${HEADER}\n"GET","nan","1","2","3","4","5","6"\n`)).toThrow(/no number/)
})

test('the load is spelt as redis-benchmark wants it', () => {
  const load = { test: 'get', connections: 50, keyCount: 1000, valueBytes: 3, pipeline: 64 }
  expect(argumentsOf(load, { host: '127.0.0.1', port: 7000 }, 6400).join(' ')).toBe(
    '-h 127.0.0.1 -p 7000 -n 6400 -c 50 -r 1000 -d 3 -P 64 --csv -t get',
  )
})

test('a command of its own stands in the place of a test, behind all options', () => {
  const load = { test: 'hget', command: ['HGET', 'h', 'f'], connections: 1, keyCount: 1, valueBytes: 3, pipeline: 1 }
  const args = argumentsOf(load, { host: '127.0.0.1', port: 7000 }, 10)
  expect(args).not.toContain('-t')
  expect(args.slice(-4)).toEqual(['--csv', 'HGET', 'h', 'f'])
})
