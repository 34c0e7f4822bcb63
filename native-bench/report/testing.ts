/* A small result for tests: one redis-benchmark case, one of our own generator, one of memory, on two servers. */

import { casesOf } from '../cases.ts'
import { parseOptions } from '../options.ts'
import type { BenchResult, Metric, Round } from '../result.ts'
import { PERCENTILES } from '../result.ts'
import type { Role } from '../role.ts'

export function sampleRound(metrics: Partial<Record<Metric, number>>, changes: Partial<Round> = {}): Round {
  return {
    metrics,
    seconds: 1,
    commands: 1000,
    errors: 0,
    firstError: null,
    rssBytes: 10 << 20,
    serverCores: 0.9,
    clientCores: 0.5,
    otherCores: 0,
    percentiles: null,
    sendLagP99Ms: null,
    unanswered: 0,
    ...changes,
  }
}

/** Redis at 1, 1.1 and 1.2 million operations a second; Spinel at twice that, with 0.8 of the CPU. */
export function sampleResult(): BenchResult {
  const cases = casesOf(parseOptions(['--tests', 'get', '--pipeline', '16'], 2))
  const caseOf = (id: string) => {
    const found = cases.find((benchCase) => benchCase.id === id)
    if (found === undefined) throw new Error(`no case ${id}`)
    return found
  }
  const speeds = [1, 1.1, 1.2].map((factor) => factor * 1e6)
  const curve = (factor: number): number[] => PERCENTILES.map((_, i) => factor * (i + 1))
  const facts = (role: Role, label: string) => ({ role, label, version: '1', command: label.toLowerCase() })
  return {
    format: 'spinel-bench-1',
    startedAt: '2026-01-02T03:04:05.000Z',
    finishedAt: '2026-01-02T03:05:05.000Z',
    commandLine: ['--quick'],
    machine: {
      cores: 2,
      cpuModel: 'A <CPU> & more',
      memoryBytes: 4 << 30,
      kernel: 'Linux 6',
      node: 'v26',
      redisBenchmark: 'redis-benchmark 7',
      commit: null,
    },
    servers: [facts('redis', 'Redis 7.0.15'), facts('spinel', 'Spinel 0.1.0')],
    cases: [
      {
        case: caseOf('pipeline-64/get'),
        failure: null,
        rounds: {
          redis: speeds.map((speed) => sampleRound({ opsPerSecond: speed, cpuMicros: 0.5, p50Ms: 1, p99Ms: 2 })),
          spinel: speeds.map((speed) => sampleRound({ opsPerSecond: 2 * speed, cpuMicros: 0.4, p50Ms: 0.5, p99Ms: 1 })),
        },
      },
      {
        case: caseOf('mix-16'),
        failure: null,
        rounds: {
          redis: [
            sampleRound({ opsPerSecond: 5e5, cpuMicros: 1, p50Ms: 1, p99Ms: 2, p999Ms: 3 }, { percentiles: curve(1) }),
          ],
          spinel: [
            sampleRound({ opsPerSecond: 6e5, cpuMicros: 1, p50Ms: 1, p99Ms: 2, p999Ms: 4 }, { percentiles: curve(2) }),
          ],
        },
      },
      {
        case: caseOf('memory/3'),
        failure: null,
        rounds: { redis: [sampleRound({ bytesPerKey: 115 })], spinel: [sampleRound({ bytesPerKey: 60 })] },
      },
    ],
  }
}
