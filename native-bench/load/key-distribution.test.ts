import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/ports.ts'
import { createKeyPicker, distributionText, parseDistribution } from './key-distribution.ts'

const KEYS = 1000
const DRAWS = 200_000

function draw(text: string, keys: number): Int32Array {
  const picker = createKeyPicker(parseDistribution(text), keys, new SeededRandom(7))
  const counts = new Int32Array(keys)
  for (let i = 0; i < DRAWS; i++) {
    const key = picker.next()
    if (!Number.isInteger(key) || key < 0 || key >= keys) throw new Error(`${key} is no key of ${keys}`)
    counts[key]++
  }
  return counts
}

/** Pearson's statistic against the exact shares: its mean is the number of keys, its deviation sqrt(2 * keys). */
function chiSquare(counts: Int32Array, weight: (rank: number) => number): number {
  const weights = Array.from(counts, (_, i) => weight(i + 1))
  const total = weights.reduce((sum, each) => sum + each, 0)
  return weights.reduce((sum, each, i) => {
    const expected = (DRAWS * each) / total
    return sum + (counts[i] - expected) ** 2 / expected
  }, 0)
}

const TOLERATED = KEYS + 5 * Math.sqrt(2 * KEYS)

describe('zipf', () => {
  test.each([0.5, 0.99, 1, 1.2])('with theta %d gives rank k a share proportional to k^-theta', (theta) => {
    const counts = draw(`zipf:${theta}`, KEYS)
    expect(chiSquare(counts, (rank) => rank ** -theta)).toBeLessThan(TOLERATED)
  })

  test('the test can tell one theta from another', () => {
    expect(chiSquare(draw('zipf:0.99', KEYS), (rank) => rank ** -0.9)).toBeGreaterThan(TOLERATED)
  })

  test('a key space of one has one key', () => {
    expect(draw('zipf', 1)[0]).toBe(DRAWS)
  })
})

test('uniform gives every key the same share', () => {
  expect(chiSquare(draw('uniform', KEYS), () => 1)).toBeLessThan(TOLERATED)
})

test('equal seeds give equal keys', () => {
  const keys = (): number[] => {
    const picker = createKeyPicker({ kind: 'zipf', theta: 0.8 }, KEYS, new SeededRandom(99))
    return Array.from({ length: 50 }, () => picker.next())
  }
  expect(keys()).toEqual(keys())
})

test('the option is read and written', () => {
  expect(distributionText(parseDistribution('ZIPF'))).toBe('zipf:0.99')
  expect(distributionText(parseDistribution('uniform'))).toBe('uniform')
  expect(() => parseDistribution('normal')).toThrow(/neither uniform nor zipf/)
})
