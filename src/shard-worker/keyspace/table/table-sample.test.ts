import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../base/ports.ts'
import { randomEntry, sampleEntries } from './table-sample.ts'
import { TestTable } from './table-testing.ts'

describe('a sample', () => {
  test('holds entries of the table, as many as asked for while there are, and in time all of them', () => {
    const random = new SeededRandom(9)
    for (const [keys, removed] of [
      [1, 0],
      [3, 0],
      [500, 0],
      [3000, 2990],
    ]) {
      const tested = new TestTable()
      for (let i = 0; i < keys; i++) tested.insert(`key${i}`)
      for (let i = 0; i < removed; i++) tested.remove(`key${i}`)
      const live = new Set(tested.model.values())
      for (const count of [1, 5, 64, 10000]) {
        const seen = new Set<number>()
        for (let round = 0; round < 6000; round++) {
          sampleEntries(tested.table, random, count)
          const { scanned, scannedCount } = tested.table
          expect(scannedCount).toBeGreaterThan(0)
          expect(scannedCount).toBeLessThanOrEqual(Math.min(count, live.size))
          if (removed === 0) expect(scannedCount).toBe(Math.min(count, live.size))
          for (let i = 0; i < scannedCount; i++) seen.add(scanned[i])
          if (seen.size === live.size) break
        }
        expect(seen).toEqual(live)
      }
      tested.check()
    }
  })

  test('of an empty table is empty', () => {
    const { table } = new TestTable()
    sampleEntries(table, new SeededRandom(9), 5)
    expect(table.scannedCount).toBe(0)
  })
})

describe('a random entry', () => {
  /** Chi-square of the draws' counts, in standard deviations from its mean under fairness. */
  function unfairness(tested: TestTable): number {
    const random = new SeededRandom(4)
    const counts = new Map<number, number>()
    const draws = tested.table.used * 100
    for (let i = 0; i < draws; i++) {
      const entry = randomEntry(tested.table, random)
      counts.set(entry, (counts.get(entry) ?? 0) + 1)
    }
    let chiSquare = 0
    for (const entry of tested.model.values()) chiSquare += ((counts.get(entry) ?? 0) - 100) ** 2 / 100
    const freedom = tested.table.used - 1
    return (chiSquare - freedom) / Math.sqrt(2 * freedom)
  }

  test('is each one equally often: at rest, growing, shrinking, sparse', () => {
    const tested = new TestTable()
    expect(randomEntry(tested.table, new SeededRandom(1))).toBe(0)
    while (!tested.table.isRehashing || tested.table.used < 150) tested.insert(String(tested.model.size))
    tested.table.rehashStep(3)
    expect(tested.table.isRehashing).toBe(true)
    expect(unfairness(tested)).toBeLessThan(5)
    while (tested.table.rehashStep(1));
    expect(unfairness(tested)).toBeLessThan(5)
    tested.table.pauseRehash()
    for (const name of [...tested.model.keys()]) if (tested.model.size > 9) tested.remove(name)
    expect(unfairness(tested)).toBeLessThan(5)
    tested.table.resumeRehash()
    tested.table.shrinkIfSparse()
    tested.table.rehashStep(1)
    expect(tested.table.isRehashing).toBe(true)
    expect(unfairness(tested)).toBeLessThan(5)
  })
})
