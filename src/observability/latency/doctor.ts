/* LATENCY DOCTOR: what the latency events say, and what to do about them. Pure; any thread. */
import type { LatencyMonitor, LatencySeries } from './monitor.ts'

export interface DoctorFacts {
  readonly thresholdMs: number
  /** slowlog-log-slower-than. */
  readonly slowlogUs: number
  readonly hz: number
  readonly nowSeconds: number
}

/** What may help against an event. */
function advice(event: string, facts: DoctorFacts): string[] {
  switch (event) {
    case 'command':
      return [
        ...slowLogAdvice(facts),
        'SLOWLOG GET names the slow commands: look for those that walk many keys or large values.',
      ]
    case 'fast-command':
      return [
        'Commands that do little took long: the process did not get the processor. Look for other load on the ' +
          'machine, for noisy neighbours of a virtual machine, for swapping, and for too many threads (shard-workers).',
      ]
    case 'expire-cycle':
      return facts.hz < 100
        ? ['Many keys expire at the same time. Spread their times, or raise hz so that each turn does less.']
        : ['Many keys expire at the same time. Spread their times.']
    default:
      return []
  }
}

function slowLogAdvice({ slowlogUs, thresholdMs }: DoctorFacts): string[] {
  const wanted = thresholdMs * 1000
  if (slowlogUs < 0) return [`The slow log is off. CONFIG SET slowlog-log-slower-than ${wanted} turns it on.`]
  if (slowlogUs > wanted) {
    return [`The slow log misses part of these. CONFIG SET slowlog-log-slower-than ${wanted} lets it see them all.`]
  }
  return []
}

export function latencyReport(monitor: LatencyMonitor, facts: DoctorFacts): string {
  if (monitor.events.size === 0 && facts.thresholdMs === 0) {
    return (
      'Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> turns it on; then ask again ' +
      'after a while.\n'
    )
  }
  if (monitor.events.size === 0) return 'No event has taken as long as latency-monitor-threshold. All is well.\n'
  const lines = [...monitor.events].map(([event, series], index) => `${index + 1}. ${describe(event, series, facts)}`)
  const advices = new Set([...monitor.events.keys()].flatMap((event) => advice(event, facts)))
  const suggestions = [...advices].map((each) => `- ${each}`)
  const closing =
    suggestions.length === 0
      ? ['There is no standard advice for these events.']
      : ['What may help:', '', ...suggestions]
  return `Events that took at least latency-monitor-threshold:\n\n${lines.join('\n')}\n\n${closing.join('\n')}\n`
}

function describe(event: string, series: LatencySeries, { nowSeconds }: DoctorFacts): string {
  const { samples, maxMs } = series
  const count = samples.length
  const average = Math.trunc(samples.reduce((sum, { latencyMs }) => sum + latencyMs, 0) / count)
  const deviation = Math.trunc(samples.reduce((sum, { latencyMs }) => sum + Math.abs(latencyMs - average), 0) / count)
  const period = Math.max(1, nowSeconds - samples[0].time) / count
  return (
    `${event}: ${count} latency spikes (average ${average}ms, mean deviation ${deviation}ms, ` +
    `period ${period.toFixed(2)} sec). Worst all time event ${maxMs}ms.`
  )
}
