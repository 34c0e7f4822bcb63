/* How many clients the operating system's limit of open files leaves room for. Main thread. Node.js raises the limit as
 * far as it may at its start, so what stands in /proc is what there is. */
import { readFileSync } from 'node:fs'
import type { Log } from '../observability/log.ts'
import type { Configuration } from './configuration/configuration.ts'

/** Descriptors for listeners, files, the log. */
const RESERVED = 32
/** Descriptors of a worker thread's event loop. */
const PER_WORKER = 8
const ASSUMED_LIMIT = 1024

/** The soft limit of open files, or null where it can't be read. */
export function openFilesLimit(limits: string = readLimits()): number | null {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(limits)
  if (match === null) return null
  return match[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match[1])
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1')
  } catch {
    return ''
  }
}

/**
 * Cuts `maxclients` to what the limit allows, saying so in the log. False, with the reason in the log, when there is
 * not even room for one.
 */
export function fitMaxClients(configuration: Configuration, log: Log, limit = openFilesLimit()): boolean {
  const { values } = configuration
  const reserved = RESERVED + PER_WORKER * values['shard-workers']
  const needed = values.maxclients + reserved
  if (limit === null) {
    log.warning(
      `Unable to obtain the current NOFILE limit, assuming ${ASSUMED_LIMIT} and setting the max clients ` +
        'configuration accordingly.',
    )
  }
  const available = limit ?? ASSUMED_LIMIT
  if (available >= needed) return true
  if (available <= reserved) {
    log.warning(
      `Your current 'ulimit -n' of ${available} is not enough for the server to start. Please increase your open ` +
        `file limit to at least ${needed}. Exiting.`,
    )
    return false
  }
  const wanted = values.maxclients
  configuration.assign('maxclients', String(available - reserved))
  if (limit === null) return true
  log.warning(`You requested maxclients of ${wanted} requiring at least ${needed} max file descriptors.`)
  log.warning(`Server can't set maximum open files to ${needed} because of OS error: Operation not permitted.`)
  log.warning(
    `Current maximum open files is ${available}. maxclients has been reduced to ${available - reserved} to ` +
      "compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
  )
  return true
}

/** CONFIG SET maxclients: null, or why the value can't be had. */
export function refuseMaxClients(configuration: Configuration, limit = openFilesLimit()): string | null {
  const { values } = configuration
  const most = (limit ?? ASSUMED_LIMIT) - RESERVED - PER_WORKER * values['shard-workers']
  if (values.maxclients <= most) return null
  return `The operating system is not able to handle the specified number of clients, try with ${most}`
}
