/* Scripts that once showed a difference, and stay without one. `npm run fuzz` saves new ones into the same folder. */

import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Match } from './match.ts'
import { report } from './report.ts'
import type { Script } from './script.ts'
import { startMatch } from './start-match.ts'

const folder = new URL('regressions/', import.meta.url)

let match: Match

beforeAll(async () => {
  match = await startMatch()
})

afterAll(async () => {
  await match.stop()
})

test.each(readdirSync(folder))('%s', async (file) => {
  const script = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Script
  for (const mode of ['auto', 'never', 'always']) {
    await match.spinel.ask(['CONFIG', 'SET', 'inline-execution', mode])
    const mismatch = await match.play(script)
    expect(
      mismatch && report(script, mismatch, `npm run fuzz -- --replay test/differential/regressions/${file}`),
    ).toBeNull()
  }
})
