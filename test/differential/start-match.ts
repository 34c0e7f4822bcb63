/* Starts the two servers of a match, configured alike. */

import type { InlineExecution } from '../support/server.ts'
import { startOracle, startSpinel } from '../support/server.ts'
import { Contestant, type Played } from './contestant.ts'
import { Match } from './match.ts'

/** Small enough that its limits are met with little data. */
const MAX_BULK = '1mb'

/* Payloads are compared uncompressed: Redis's compressor looks into memory that it has not cleared. An idle Redis looks
 * for clients whose time is up with each turn of its cron only. */
export const DIRECTIVES = {
  'enable-debug-command': 'yes',
  hz: 500,
  'proto-max-bulk-len': MAX_BULK,
  rdbcompression: 'no',
  'sanitize-dump-payload': 'yes',
}
/** What the oracle writes, by its version. */
const RDB_VERSIONS: readonly [RegExp, number][] = [
  [/redis_version:7\.0/, 10],
  [/redis_version:7\.2/, 11],
]

export interface MatchOptions {
  /** Default: auto. */
  inlineExecution?: InlineExecution
  /** Starts what plays in Spinel's place. */
  spinel?: () => Promise<Played>
}

export async function startMatch({ inlineExecution = 'auto', spinel }: MatchOptions = {}): Promise<Match> {
  const oracle = await Contestant.create(() => startOracle({ directives: DIRECTIVES }))
  try {
    const { text } = await oracle.ask(['INFO', 'server'])
    const spinelDirectives = {
      'shard-workers': 2,
      shards: 4,
      'inline-execution': inlineExecution,
      'rdb-version': RDB_VERSIONS.find(([version]) => version.test(text))?.[1] ?? 12,
    }
    const startIt = spinel ?? (() => startSpinel({ directives: DIRECTIVES, spinelDirectives }))
    return await Match.create(oracle, await Contestant.create(startIt))
  } catch (error) {
    await oracle.stop(false)
    throw error
  }
}
