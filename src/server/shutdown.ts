/* The end of the process: SHUTDOWN (https://redis.io/commands/shutdown/) and the signals that mean the same. Main
 * thread.
 *
 *   signal ---> next turn of the cron --> request() --+--> free what other processes see, exit 0
 *   SHUTDOWN --------------------------> request() ---+
 *
 * Nothing persists the data set: a shutdown that is to save is refused, and one that would have saved by itself,
 * because save points are configured, says in the log what is lost. */
import type { Log } from '../observability/log.ts'
import type { Configuration } from './configuration/configuration.ts'

export type ShutdownOption = 'save' | 'nosave' | 'now' | 'force'

/** What the process looks like to a shutdown. */
export interface ShutdownTarget {
  readonly configuration: Configuration
  readonly log: Log
  /** Takes back what other processes see of the server: its ports are free when this returns. */
  withdraw(): void
  /** Whether there is anything to lose. */
  hasData(): boolean
  exit(code: number): void
}

export class Shutdown {
  private readonly target: ShutdownTarget
  private signal: 'SIGTERM' | 'SIGINT' | null = null

  constructor(target: ShutdownTarget) {
    this.target = target
  }

  /**
   * SIGTERM or SIGINT has come: the next turn of the cron ends the process, unless SHUTDOWN ABORT comes first. A second
   * SIGINT is somebody at a terminal who does not want to wait.
   */
  signalled(signal: 'SIGTERM' | 'SIGINT'): void {
    const { log } = this.target
    if (this.signal !== null && signal === 'SIGINT') {
      log.fromSignal('You insist... exiting now.')
      this.target.exit(1)
      return
    }
    log.fromSignal(`Received ${signal} scheduling shutdown...`)
    this.signal = signal
  }

  /** In every turn of the cron: does what a signal has asked for. */
  obeySignal(): void {
    const { signal } = this
    if (signal === null) return
    const { values } = this.target.configuration
    const name = signal === 'SIGTERM' ? 'shutdown-on-sigterm' : 'shutdown-on-sigint'
    if (!this.request(values[name])) this.signal = null
  }

  /** Forgets a signal that has not been obeyed yet; false when there is none. */
  abort(): boolean {
    if (this.signal === null) return false
    this.signal = null
    this.target.log.notice('Shutdown manually aborted.')
    return true
  }

  /** Ends the process; false when it can't be ended as asked, and goes on. */
  request(options: readonly ShutdownOption[]): boolean {
    const { target } = this
    const { log, configuration } = target
    const { values } = configuration
    log.notice('User requested shutdown...')
    if (options.includes('save') && !this.maySkipSaving(options)) {
      log.warning('Errors trying to shut down the server. Check the logs for more information.')
      return false
    }
    if (values.save.length > 0 && options.length === 0 && target.hasData()) {
      log.warning('Save points are configured, but there is no persistence: the data set is lost.')
    }
    target.withdraw()
    log.warning('Redis is now ready to exit, bye bye...')
    target.exit(0)
    return true
  }

  private maySkipSaving(options: readonly ShutdownOption[]): boolean {
    const { log } = this.target
    if (options.includes('force')) {
      log.warning('Error trying to save the DB. Exit anyway.')
      return true
    }
    log.warning("Error trying to save the DB, can't exit.")
    return false
  }
}
