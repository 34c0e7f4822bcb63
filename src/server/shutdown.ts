/* The end of the process: SHUTDOWN (https://redis.io/commands/shutdown/) and the signals that mean the same. Main
 * thread.
 *
 *   signal ------> request() --+--> say goodbye, free what other processes see, exit 0
 *   SHUTDOWN -----> request() -+
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
  private isRequested = false

  constructor(target: ShutdownTarget) {
    this.target = target
  }

  /** SIGTERM or SIGINT has come. A second SIGINT is somebody at a terminal who does not want to wait. */
  signalled(signal: 'SIGTERM' | 'SIGINT'): void {
    const { log, configuration } = this.target
    if (this.isRequested && signal === 'SIGINT') {
      log.fromSignal('You insist... exiting now.')
      this.target.exit(1)
      return
    }
    log.fromSignal(`Received ${signal} scheduling shutdown...`)
    const { values } = configuration
    this.request(signal === 'SIGTERM' ? values['shutdown-on-sigterm'] : values['shutdown-on-sigint'])
  }

  /** Ends the process; false when it can't be ended as asked, and goes on. */
  request(options: readonly ShutdownOption[]): boolean {
    const { target } = this
    const { log, configuration } = target
    const { values } = configuration
    this.isRequested = true
    log.notice('User requested shutdown...')
    if (options.includes('save') && !this.maySkipSaving(options)) {
      log.warning('Errors trying to shut down the server. Check the logs for more information.')
      this.isRequested = false
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
