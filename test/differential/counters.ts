/* What both servers count while a script runs: changes since the last save, hits and misses, expired keys. They are
 * compared as what a script adds to them. */

import type { ReplyTree } from '../support/resp.ts'

export type Counters = Readonly<Record<string, number>>

/** Fields of INFO that two sound servers agree about; Redis has the last one from 7.4 on. */
const COMPARED = [
  'rdb_changes_since_last_save',
  'keyspace_hits',
  'keyspace_misses',
  'expired_keys',
  'evicted_keys',
  'total_error_replies',
  'expired_subkeys',
]

export const COUNTING_COMMAND = ['INFO', 'everything']

/** The counters in the reply to COUNTING_COMMAND. */
export function countersIn({ text }: ReplyTree): Counters {
  return Object.fromEntries(COMPARED.map((name) => [name, Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1])]))
}

/**
 * What was added, as a text to compare, of what the `oracle` counts. `iterations`: how often the match itself went on
 * with an HSCAN, which looks its key up anew, and how often is the server's own affair; not a number when the hits
 * can't be compared at all.
 */
export function added(before: Counters, after: Counters, oracle: Counters, iterations = 0): string {
  return COMPARED.filter((name) => !Number.isNaN(oracle[name]))
    .map((name) => {
      const excused = name.startsWith('keyspace') ? iterations * Number(name === 'keyspace_hits') : 0
      return `${name} ${after[name] - before[name] - excused}`
    })
    .join(', ')
}

/** Whether a command looks keys up by chance: SCAN with a TYPE looks at each key that its cursor comes by. */
export function looksUpByChance([name, , ...options]: readonly string[]): boolean {
  return name.toUpperCase() === 'SCAN' && options.some((word) => /^type/i.test(word))
}
