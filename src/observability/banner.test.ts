import { expect, test } from 'vitest'
import { SPINEL_VERSION } from '../base/version.ts'
import { logo, runningLine, startingLines } from './banner.ts'

const facts = { pid: 4321, port: 7000, mode: 'cluster' } as const

test('the logo names what a waiting program looks for', () => {
  const text = logo(facts)
  expect(text).toMatch(/ PID: 4321$/m)
  expect(text).toMatch(/ Port: 7000$/m)
  expect(text).toMatch(/ Running in cluster mode$/m)
  expect(text).toContain(`Spinel ${SPINEL_VERSION} (Redis 7.2.4), 64 bit`)
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

test('without a logo, the lines that Redis writes', () => {
  expect(startingLines(4321)[1]).toMatch(/^Spinel version=\S+, redis=7\.2\.4, bits=64, .*pid=4321, just started$/)
  expect(runningLine(facts)).toBe('Running mode=cluster, port=7000.')
})
