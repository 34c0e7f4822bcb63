/* The server's log, in redis-server's form:
 *
 *   1234:M 22 Nov 2026 20:42:11.123 * text
 *
 *   1234   process id
 *   M      role: M primary, S replica, C child of a save, X Sentinel
 *   time   local
 *   *      level: . debug, - verbose, * notice, # warning
 *
 * Main thread only; other threads send their lines to it.
 *
 * I1  a line is with the operating system when the call returns: nothing is lost when the process is killed.
 * I2  a line is one write, so lines of several processes on one file never mix.
 *
 * The file is opened for each line, as Redis does: a log rotated by renaming goes on in a new file without a signal,
 * and a relative path follows the working directory. That costs three system calls a line. A line that can't be
 * written is dropped: a full disk must not stop the server. A full pipe is waited for, as a blocking write would. */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Clock } from '../base/ports.ts'
import { systemErrorCode } from '../base/system-error.ts'

export const LOG_LEVELS = ['debug', 'verbose', 'notice', 'warning', 'nothing'] as const

/** The values of `loglevel`, from the most to the least talkative; `nothing` silences even warnings. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Primary, replica, child, Sentinel. */
export type LogRole = 'M' | 'S' | 'C' | 'X'

const STDOUT = 1
const PIPE_RETRY_MS = 1
const LEVEL_MARKS = '.-*#'
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const pipeRetry = new Int32Array(new SharedArrayBuffer(4))

/** `22 Nov 2026 20:42:11.123`, local time. */
export function logTime(ms: number): string {
  const time = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  const milliseconds = String(time.getMilliseconds()).padStart(3, '0')
  return `${two(time.getDate())} ${MONTHS[time.getMonth()]} ${time.getFullYear()} ${clock}.${milliseconds}`
}

/** Writes all of `bytes`, whatever the descriptor takes at a time. Throws what the operating system answers. */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written)
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'EAGAIN') Atomics.wait(pipeRetry, 0, 0, PIPE_RETRY_MS)
      else if (code !== 'EINTR') throw error
    }
  }
}

export interface LogOptions {
  readonly clock: Clock
  /** Default: this process. */
  readonly pid?: number
  /** Where lines go when no file is named: a descriptor. Default: standard output. */
  readonly descriptor?: number
}

export class Log {
  /** Shown in each line. Set when the server becomes a replica or a primary. */
  role: LogRole = 'M'
  /** Lines below this level are not written. Follows `loglevel`. */
  level: LogLevel = 'notice'
  /** The file to append to, relative to the working directory; empty: standard output. Follows `logfile`. */
  file = ''
  private readonly clock: Clock
  private readonly pid: number
  private readonly descriptor: number
  private readonly encoder = new TextEncoder()

  constructor(options: LogOptions) {
    this.clock = options.clock
    this.pid = options.pid ?? process.pid
    this.descriptor = options.descriptor ?? STDOUT
  }

  debug(text: string): void {
    this.line(0, text)
  }

  /** A line that another thread has sent: level 0 is debug, 3 a warning. */
  received(level: number, text: string): void {
    this.line(Math.min(level, LEVEL_MARKS.length - 1), text)
  }

  verbose(text: string): void {
    this.line(1, text)
  }

  notice(text: string): void {
    this.line(2, text)
  }

  warning(text: string): void {
    this.line(3, text)
  }

  /** Whether a line of this level would be written: asked before an expensive text is built. */
  writes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.level)
  }

  /** A warning that a signal has come, in the form that Redis gives it. */
  fromSignal(text: string): void {
    if (!this.writes('warning')) return
    this.write(`${this.pid}:signal-handler (${Math.floor(this.clock.nowMs() / 1000)}) ${text}\n`)
  }

  /** Writes a report as it is, at level warning. */
  report(text: string): void {
    if (this.writes('warning')) this.write(text)
  }

  /** Writes text as it is, without the line's head: the logo, a report. At level notice. */
  raw(text: string): void {
    if (this.writes('notice')) this.write(text)
  }

  private line(level: number, text: string): void {
    if (!this.writes(LOG_LEVELS[level])) return
    this.write(`${this.pid}:${this.role} ${logTime(this.clock.nowMs())} ${LEVEL_MARKS[level]} ${text}\n`)
  }

  private write(text: string): void {
    const bytes = this.encoder.encode(text)
    try {
      if (this.file === '') {
        writeAll(this.descriptor, bytes)
        return
      }
      const descriptor = openSync(this.file, 'a')
      try {
        writeAll(descriptor, bytes)
      } finally {
        closeSync(descriptor)
      }
    } catch {
      // Nowhere left to say it.
    }
  }
}
