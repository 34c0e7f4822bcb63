/* The end of the process: SHUTDOWN (https://redis.io/commands/shutdown/) and the signals that mean the same. Main
 * thread.
 *
 *   signal ---> next turn of the cron --> request() --+--> save --> free what other processes see, exit 0
 *   SHUTDOWN --------------------------> request() ---+       \\--> failed: go on
 *
 * The data set is saved when save points are configured, or when SAVE asks for it, while nothing else runs: what a
 * client was told is in the file. */
import type { Log } from '../observability/log.ts'
import type { Configuration } from './configuration/configuration.ts'

export type ShutdownOption = 'save' | 'nosave' | 'now' | 'force'

/** What the process looks like to a shutdown. */
export interface ShutdownTarget {
  readonly configuration: Configuration
  readonly log: Log
  /** Takes back what other processes see of the server: its ports are free when this returns. */
  withdraw(): void
  readonly isLoading: boolean
  /** Saves the data set, which nothing else touches; false, with the reason in the log, when that failed. */
  saveNow(): boolean
  /** Whether a background save runs, and giving it up. */
  readonly isSaving: boolean
  dropSave(): void
  /** Runs `action` while nothing else touches any shard; false when it can't be asked for now. */
  exclusively(action: () => void): boolean
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
    this.target.exclusively(() => {
      if (this.signal !== null && !this.request(values[name])) this.signal = null
    })
  }

  /** Forgets a signal that has not been obeyed yet; false when there is none. */
  abort(): boolean {
    if (this.signal === null) return false
    this.signal = null
    this.target.log.notice('Shutdown manually aborted.')
    return true
  }

  /**
   * Ends the process; false when it can't be ended as asked, and goes on. Nothing else touches a shard meanwhile,
   * unless the data set is being loaded, of which nothing is saved.
   */
  request(options: readonly ShutdownOption[]): boolean {
    const { target } = this
    const { log, configuration } = target
    const hasPoints = configuration.values.save.length > 0 && !options.includes('nosave')
    log.notice('User requested shutdown...')
    if (target.isSaving) {
      log.warning('There is a background save. It is given up.')
      target.dropSave()
    }
    if (!target.isLoading && (hasPoints || options.includes('save')) && !this.save(options)) {
      log.warning('Errors trying to shut down the server. Check the logs for more information.')
      return false
    }
    target.withdraw()
    log.warning('Redis is now ready to exit, bye bye...')
    target.exit(0)
    return true
  }

  /** Whether the process may end now, as far as the data set is concerned. */
  private save(options: readonly ShutdownOption[]): boolean {
    const { log } = this.target
    log.notice('Saving the final RDB snapshot before exiting.')
    if (this.target.saveNow()) return true
    const isForced = options.includes('force')
    log.warning(`Error trying to save the DB${isForced ? '. Exit anyway.' : ", can't exit."}`)
    return isForced
  }
}
