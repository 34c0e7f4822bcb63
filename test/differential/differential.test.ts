/* The same generated streams of commands to redis-server and to Spinel: every byte of every reply, and all that the two
 * hold at the end, must be the same. A bounded count of seeds, in each way of running commands; `npm run fuzz` goes on
 * from there for as long as one likes. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INLINE_EXECUTION_MODES } from '../support/server.ts'
import { declaredShapes } from './declared-shapes.ts'
import { fuzzSeed } from './fuzz.ts'
import type { Match } from './match.ts'
import { report } from './report.ts'
import { startMatch } from './start-match.ts'

const SCRIPTS = 60
const MAX_STEPS = 100
/** Shrinking a failure takes longer than finding it. */
const TIMEOUT_MS = 300_000

describe.each(INLINE_EXECUTION_MODES.map((mode, i) => ({ mode, firstSeed: 1 + i * SCRIPTS })))(
  'with inline-execution $mode',
  ({ mode, firstSeed }) => {
    let match: Match

    beforeAll(async () => {
      match = await startMatch({ inlineExecution: mode })
    })

    afterAll(async () => {
      await match.stop()
    })

    test(
      `seeds ${firstSeed} to ${firstSeed + SCRIPTS - 1} are answered as redis-server answers them`,
      async () => {
        const shapes = declaredShapes()
        for (let seed = firstSeed; seed < firstSeed + SCRIPTS; seed++) {
          const failure = await fuzzSeed(match, seed, shapes, { maxSteps: MAX_STEPS })
          const replay = `npm run fuzz -- --seed ${seed} --scripts 1 --steps ${MAX_STEPS} --inline-execution ${mode}`
          expect(failure && report(failure.script, failure.mismatch, replay)).toBeNull()
        }
      },
      TIMEOUT_MS,
    )
  },
)
