/* The trace of one command that took long, kept until its thread reports it to the slow log and the latency monitor
 * (https://redis.io/commands/slowlog/, https://redis.io/docs/management/optimization/latency-monitor/). Arguments are
 * trimmed as Redis trims them. Any thread. */
import type { Args } from '../base/args.ts'
import { bytesOf } from '../base/bytes.ts'

const MAX_ARGUMENTS = 32
const MAX_ARGUMENT_BYTES = 128

export class SlowCommandCapture {
  /** Whether there is one to report. */
  pending = false
  command = 0
  durationUs = 0
  arguments: Uint8Array[] = []
  /** The real number of arguments. */
  argumentCount = 0
  /** Commands at least this slow are captured; Infinity: none. */
  thresholdUs = 10000

  /** `slowlogUs` below 0 and `latencyMs` of 0 switch their reader off. */
  configure(slowlogUs: number, latencyMs: number): void {
    const forSlowlog = slowlogUs < 0 ? Number.POSITIVE_INFINITY : slowlogUs
    const forLatency = latencyMs === 0 ? Number.POSITIVE_INFINITY : latencyMs * 1000
    this.thresholdUs = Math.min(forSlowlog, forLatency)
  }

  capture(command: number, args: Args, durationUs: number): void {
    this.pending = true
    this.command = command
    this.durationUs = durationUs
    this.argumentCount = args.count
    this.arguments = trimArguments(args)
  }
}

/** At most 32 arguments of at most 128 bytes, with a word on what is left out in place of the rest. */
export function trimArguments(args: Args): Uint8Array[] {
  const shown = Math.min(args.count, MAX_ARGUMENTS)
  const trimmed: Uint8Array[] = []
  for (let i = 0; i < shown; i++) {
    if (args.count > MAX_ARGUMENTS && i === shown - 1) {
      trimmed.push(bytesOf(`... (${args.count - MAX_ARGUMENTS + 1} more arguments)`))
      continue
    }
    const length = args.length[i]
    const kept = args.bytes.slice(args.offset[i], args.offset[i] + Math.min(length, MAX_ARGUMENT_BYTES))
    if (length <= MAX_ARGUMENT_BYTES) {
      trimmed.push(kept)
      continue
    }
    const note = bytesOf(`... (${length - MAX_ARGUMENT_BYTES} more bytes)`)
    const joined = new Uint8Array(kept.length + note.length)
    joined.set(kept)
    joined.set(note, kept.length)
    trimmed.push(joined)
  }
  return trimmed
}
