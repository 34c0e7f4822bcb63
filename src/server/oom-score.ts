/* oom-score-adj (https://man7.org/linux/man-pages/man5/proc_pid_oom_score_adj.5.html): how readily Linux's
 * out-of-memory killer picks this process. Of the three values only the first is in use: there are neither replicas nor
 * child processes. Main thread. */
import { readFileSync, writeFileSync } from 'node:fs'
import { systemErrorText } from '../base/system-error.ts'
import type { Log } from '../observability/log.ts'
import type { Configuration } from './configuration/configuration.ts'

const SCORE_FILE = '/proc/self/oom_score_adj'
const LEAST_SCORE = -1000
const GREATEST_SCORE = 1000

/** Sets the score from oom-score-adj and oom-score-adj-values, now and when they change; `no` puts back what it was. */
export function followOomScore(configuration: Configuration, log: Log, file = SCORE_FILE): void {
  const { values } = configuration
  /** The score that the process came with, null while it has that one. */
  let original: number | null = null

  const apply = (): string | null => {
    const mode = values['oom-score-adj']
    if (mode === 'no' && original === null) return null
    try {
      if (mode === 'no') {
        writeFileSync(file, String(original))
        original = null
        return null
      }
      original ??= Number(readFileSync(file, 'latin1'))
      const [value] = values['oom-score-adj-values']
      const score = mode === 'absolute' ? value : original + value
      writeFileSync(file, String(Math.min(Math.max(score, LEAST_SCORE), GREATEST_SCORE)))
      return null
    } catch (error) {
      log.warning(`Unable to write oom_score_adj: ${systemErrorText(error)}`)
      return 'Failed to set current oom_score_adj. Check server logs.'
    }
  }
  apply()
  configuration.onChange(['oom-score-adj', 'oom-score-adj-values'], apply)
}
