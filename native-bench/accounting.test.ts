import { expect, test } from 'vitest'
import { CpuAccount, parseBusyTicks, parseProcessStat, parseResidentBytes, processCpuMicros } from './accounting.ts'

test('the ticks of a process are found behind a name with brackets and spaces', () => {
  const stat = '42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 700 30 5 2 20 0 11 0 1234 1000 200'
  expect(parseProcessStat(stat)).toEqual({ own: 730, children: 7 })
})

test('busy time of the machine leaves out idle time and interrupts, and counts a missing steal column as none', () => {
  expect(parseBusyTicks('cpu  100 1 10 5000 300 2 3 4 0 0\ncpu0 1 1 1 1')).toBe(115)
  expect(parseBusyTicks('cpu  100 1 10 5000 300 2 3\ncpu0 1')).toBe(111)
})

test('resident memory is read in kB', () => {
  expect(parseResidentBytes('Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t1\n')).toBe(2 << 20)
})

test('an account of this very process charges its work to server and client alike', () => {
  const before = processCpuMicros(process.pid)
  const account = new CpuAccount(process.pid)
  let sum = 0
  while (processCpuMicros(process.pid) < before + 30_000) for (let i = 0; i < 1e5; i++) sum += Math.sqrt(i)
  const use = account.end()
  expect(sum).toBeGreaterThan(0)
  expect(use.serverMicros).toBeGreaterThanOrEqual(20_000)
  expect(use.clientCores).toBeGreaterThan(0)
  expect(new CpuAccount(null).end().serverMicros).toBeNull()
})
