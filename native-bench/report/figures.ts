/* How figures are written: one place, so that table, progress and page agree. Pure; no locale. */

import type { Metric } from '../result.ts'

export interface MetricFacts {
  label: string
  unit: string
  better: 'higher' | 'lower'
  format: (value: number) => string
}

export const METRICS: Readonly<Record<Metric, MetricFacts>> = {
  opsPerSecond: { label: 'throughput', unit: 'ops/s', better: 'higher', format: formatCount },
  cpuMicros: { label: 'CPU per command', unit: 'µs', better: 'lower', format: (micros) => significant(micros, 3) },
  p50Ms: { label: 'p50', unit: 'ms', better: 'lower', format: (ms) => significant(ms, 3) },
  p99Ms: { label: 'p99', unit: 'ms', better: 'lower', format: (ms) => significant(ms, 3) },
  p999Ms: { label: 'p99.9', unit: 'ms', better: 'lower', format: (ms) => significant(ms, 3) },
  maxMs: { label: 'max', unit: 'ms', better: 'lower', format: (ms) => significant(ms, 3) },
  extraBytes: { label: 'extra memory', unit: 'MiB', better: 'lower', format: (bytes) => (bytes / 2 ** 20).toFixed(1) },
  saveSeconds: { label: 'save', unit: 's', better: 'lower', format: (seconds) => significant(seconds, 3) },
  bytesPerKey: { label: 'memory per key', unit: 'bytes', better: 'lower', format: (bytes) => bytes.toFixed(1) },
}

/** 5.21 M, 152 k, 940. */
export function formatCount(value: number): string {
  if (value >= 1e6) return `${significant(value / 1e6, 3)} M`
  if (value >= 1e3) return `${significant(value / 1e3, 3)} k`
  return significant(value, 3)
}

/** 1.79x */
export function formatRatio(ratio: number): string {
  return `${ratio.toFixed(2)}x`
}

export function formatBytes(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(1)} GiB`
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

/** So many significant digits, never in exponent form, no digits lost left of the point. */
export function significant(value: number, digits: number): string {
  if (value === 0) return '0'
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1
  return value.toFixed(Math.min(Math.max(digits - whole, 0), 6))
}
