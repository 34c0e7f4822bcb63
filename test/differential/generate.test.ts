import { expect, test } from 'vitest'
import { declaredShapes } from './declared-shapes.ts'
import { generateScript } from './generate.ts'
import { comparableShapes } from './redis-7.2-differences.ts'

test.each([['HSET', 'HGET'], ['LCS'], ['RANDOMKEY'], ['RESET'], ['SCAN']])(
  'scripts of few commands come to be: %s',
  (...names) => {
    const shapes = declaredShapes()
    for (let seed = 0; seed < 200; seed++) {
      const { steps } = generateScript(seed, shapes, { maxSteps: 40, only: new Set(names) })
      expect(steps.length).toBeGreaterThan(0)
    }
  },
)

test('a seed is one script', () => {
  const shapes = declaredShapes()
  for (let seed = 0; seed < 20; seed++) expect(generateScript(seed, shapes)).toEqual(generateScript(seed, shapes))
})

test('commands that the oracle lacks are refused with a word, not with a crash', () => {
  const shapes = comparableShapes(declaredShapes(), 700)
  expect(() => generateScript(1, shapes, { only: new Set(['HEXPIRE']) })).toThrow('none of the commands')
})
