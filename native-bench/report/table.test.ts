import { expect, test } from 'vitest'
import { notesOf, PLAIN, renderTable } from './table.ts'
import { sampleResult, sampleRound } from './testing.ts'

test('the table has a line for each case and server, aligned, with medians and ratios', () => {
  const lines = renderTable(sampleResult(), PLAIN).split('\n')
  expect(lines[0]).toMatch(
    /^case +server +ops\/s +ratio +CPU µs\/cmd +ratio +p50 ms +ratio +p99 ms +ratio +p99.9 ms +ratio$/,
  )
  expect(lines[1]).toMatch(/^GET, P64 +Redis 7\.0\.15 +1\.10 M +0\.500 +1\.00 +2\.00$/)
  expect(lines[2]).toMatch(/^ +Spinel 0\.1\.0 +2\.20 M +2\.00x +0\.400 +0\.80x +0\.500 +0\.50x +1\.00 +0\.50x$/)
  const ends = lines.slice(1, 3).map((line) => line.indexOf(' M') + 2)
  expect(ends).toEqual([lines[0].indexOf('ops/s') + 5, lines[0].indexOf('ops/s') + 5])
})

test('targets are listed as met or missed', () => {
  const text = renderTable(sampleResult(), PLAIN)
  expect(text).toContain('Targets: 2 of 3 met')
  expect(text).toMatch(/^met +GET, P64 +throughput ≥ 1\.50x +2\.00x$/m)
  expect(text).toMatch(/^missed +GET, P64 +CPU per command ≤ 0\.75x +0\.80x$/m)
  expect(text).toMatch(/^met +3-byte values +memory per key ≤ 70 bytes +60\.0$/m)
})

test('notes warn of a busy machine, a load at its limit, late sends and errors', () => {
  const result = sampleResult()
  expect(notesOf(result)).toHaveLength(1)
  result.cases[0].rounds.spinel = [
    sampleRound(
      { opsPerSecond: 1 },
      { clientCores: 0.99, otherCores: 0.8, errors: 1, firstError: 'ERR no', sendLagP99Ms: 1.5, unanswered: 3 },
    ),
  ]
  const notes = notesOf(result).join('\n')
  expect(notes).toContain('* the load had no CPU left')
  expect(notes).toContain('1 of 8 rounds shared the machine')
  expect(notes).toContain('sent up to 1.50 ms late')
  expect(notes).toContain('3 batches were never answered')
  expect(notes).toContain('the first: ERR no')
  expect(renderTable(result, PLAIN)).toMatch(/Spinel 0\.1\.0 +\*1\.00/)
})

test('a failed case is named with its reason', () => {
  const result = sampleResult()
  result.cases[1].failure = 'connection refused'
  expect(renderTable(result, PLAIN)).toContain('Failed: mix, P16: connection refused')
})
