import { expect, test } from 'vitest'
import { sampleResult } from './report/testing.ts'
import { judge, meets, TARGETS } from './targets.ts'

test('a limit is met by the limit itself, and missed just beyond it', () => {
  const [atLeast, atMost] = [TARGETS[0], TARGETS[1]]
  expect([1.5, 1.4999].map((ratio) => meets(atLeast, ratio))).toEqual([true, false])
  expect([0.75, 0.7501].map((ratio) => meets(atMost, ratio))).toEqual([true, false])
})

test('verdicts are ratios of paired rounds to Redis, or plain figures', () => {
  const verdicts = judge(sampleResult()).map(({ caseId, target, measured, met }) => [
    caseId,
    target.metric,
    measured,
    met,
  ])
  expect(verdicts).toEqual([
    ['pipeline-64/get', 'opsPerSecond', 2, true],
    ['pipeline-64/get', 'cpuMicros', 0.8, false],
    ['memory/3', 'bytesPerKey', 60, true],
  ])
})

test('what was not measured is not met, and a run without Spinel has no verdicts', () => {
  const result = sampleResult()
  for (const round of result.cases[0].rounds.spinel ?? []) round.metrics = { opsPerSecond: 1 }
  expect(judge(result)[1]).toMatchObject({ measured: null, met: false })
  for (const entry of result.cases) delete entry.rounds.spinel
  expect(judge(result).map(({ met }) => met)).toEqual([false, false, false])
  result.servers = result.servers.filter(({ role }) => role !== 'spinel')
  expect(judge(result)).toEqual([])
})
