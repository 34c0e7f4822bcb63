/* The slow log: the newest commands that took at least slowlog-log-slower-than microseconds
 * (https://redis.io/commands/slowlog-get/). I/O thread; the workers' entries come as SlowCommand control frames.
 *
 * Bound: slowlog-max-len entries of at most 32 arguments of 128 bytes. */
import { SKIP_SLOWLOG } from '../../base/command-spec.ts'
import type { Command } from '../../base/command-table.ts'
import type { Values } from '../../server/configuration/directives/table.ts'
import { redacted } from './redaction.ts'

/** A command that took long, whoever ran it. */
export interface SlowCommand {
  readonly command: Command<never>
  readonly timeMs: number
  readonly durationUs: number
  /** Trimmed as they are shown. */
  readonly args: readonly Uint8Array[]
  /** Address and name of the client; empty when it has gone since. */
  readonly client: string
  readonly clientName: string
}

export interface SlowLogEntry {
  readonly id: number
  readonly timeSeconds: number
  readonly durationUs: number
  readonly args: readonly Uint8Array[]
  readonly client: string
  readonly clientName: string
}

export interface SlowLogContext {
  readonly values: Values
  /** Whether CONFIG SET of a directive tells a secret. */
  isSensitive(directive: string): boolean
}

export class SlowLog {
  private readonly context: SlowLogContext
  /** Newest first. */
  private entries: SlowLogEntry[] = []
  private nextId = 0

  constructor(context: SlowLogContext) {
    this.context = context
  }

  get length(): number {
    return this.entries.length
  }

  /** Notes a command, if it was slow enough. */
  record(slow: SlowCommand): void {
    const { values, isSensitive } = this.context
    const threshold = values['slowlog-log-slower-than']
    const maxLength = values['slowlog-max-len']
    if (threshold < 0 || maxLength === 0 || slow.durationUs < threshold || slow.command.flags & SKIP_SLOWLOG) return
    this.entries.unshift({
      id: this.nextId++,
      timeSeconds: Math.trunc(slow.timeMs / 1000),
      durationUs: Math.trunc(slow.durationUs),
      args: redacted(slow.command.fullName, slow.args, (name) => isSensitive(name)),
      client: slow.client,
      clientName: slow.clientName,
    })
    if (this.entries.length > maxLength) this.entries.length = maxLength
  }

  /** The newest entries, newest first. */
  newest(count: number): readonly SlowLogEntry[] {
    return this.entries.slice(0, count)
  }

  reset(): void {
    this.entries = []
  }
}
