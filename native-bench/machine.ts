/* What the figures were measured on. */

import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import type { MachineFacts } from './result.ts'

export function readMachine(redisBenchmark: string | null): MachineFacts {
  return {
    cores: availableParallelism(),
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    redisBenchmark: redisBenchmark === null ? 'none' : (firstLine(redisBenchmark, ['--version']) ?? 'unknown'),
    commit: firstLine('git', ['-C', import.meta.dirname, 'rev-parse', '--short', 'HEAD']),
  }
}

function firstLine(program: string, args: readonly string[]): string | null {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n')[0]
  } catch {
    return null
  }
}
