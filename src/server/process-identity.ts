/* What other processes see of this one: its title in the process table, and its pid file. Main thread. */
import { rmSync, writeFileSync } from 'node:fs'
import { systemErrorText } from '../base/system-error.ts'
import type { Log } from '../observability/log.ts'
import type { Configuration } from './configuration/configuration.ts'
import { expandTitle, titleVariables } from './configuration/process-title.ts'

const PROGRAM = 'spinel-server'
/** Where a server in the background writes its pid when no `pidfile` says otherwise. */
const BACKGROUND_PID_FILE = '/var/run/redis.pid'

/** Sets the title from proc-title-template, and again when what it shows changes. */
export function followTitle(configuration: Configuration): void {
  if (!configuration.values['set-proc-title']) return
  const apply = (): null => {
    const variables = titleVariables((name) => configuration.shown(name), PROGRAM, configuration.file)
    process.title = expandTitle(configuration.values['proc-title-template'], variables) ?? PROGRAM
    return null
  }
  apply()
  configuration.onChange(['proc-title-template', 'port', 'bind'], apply)
}

/** Writes the pid file, if there is to be one; its path, or '' for none. A failure is told and ignored. */
export function writePidFile(configuration: Configuration, log: Log, inBackground: boolean): string {
  const { pidfile } = configuration.values
  const path = pidfile === '' && inBackground ? BACKGROUND_PID_FILE : pidfile
  if (path === '') return ''
  try {
    writeFileSync(path, `${process.pid}\n`)
  } catch (error) {
    log.warning(`Failed to write PID file: ${systemErrorText(error)}`)
  }
  return path
}

export function removePidFile(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // Somebody else's directory: it stays.
  }
}
