import { expect, test } from 'vitest'
import { createProgress, ERASE_LINE } from './progress.ts'
import { PLAIN } from './table.ts'
import { sampleResult, sampleRound } from './testing.ts'

function outputOf(isTTY: boolean): string {
  let text = ''
  const output = {
    isTTY,
    columns: 60,
    write: (part: string) => {
      text += part
    },
  }
  const { servers, cases } = sampleResult()
  const progress = createProgress(output, PLAIN, 2)
  const baseline = sampleRound({ opsPerSecond: 1e6, p99Ms: 2 })
  progress.caseStarted(cases[0].case, servers)
  progress.live('Redis 7.0.15', 0.5, 'x'.repeat(100))
  progress.roundDone(cases[0].case, servers[0], 0, baseline, null)
  progress.roundDone(cases[0].case, servers[1], 0, sampleRound({ opsPerSecond: 1.5e6 }, { errors: 4 }), baseline)
  progress.caseFailed(cases[0].case, 'gone')
  return text
}

test('in a pipe there is a line for each round and nothing else', () => {
  expect(outputOf(false).split('\n')).toEqual([
    'GET, P64',
    '[1/2]  1  Redis 7.0.15  1.00 M ops/s  p99 2.00',
    '[2/2]  1  Spinel 0.1.0  1.50 M ops/s  1.50x  4 errors',
    'GET, P64 failed: gone',
    '',
  ])
})

test('on a terminal the running round is redrawn within the width', () => {
  const text = outputOf(true)
  const live = text.split(ERASE_LINE).find((part) => part.startsWith('[0/2]'))
  expect(live).toMatch(/^\[0\/2\] █{8}░{8} Redis 7\.0\.15 {2}x+$/)
  expect(live).toHaveLength(59)
})
