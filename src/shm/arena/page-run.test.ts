import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena } from './arena.ts'
import { BIN_COUNT, MAX_ARENA_BYTES, PAGE_BYTES } from './layout.ts'
import { binOf } from './page-run.ts'

const ARENA_BYTES = 4 << 20
const PAGES = ARENA_BYTES / PAGE_BYTES
/** Header, root and the page map of 256 entries take the first two. */
const FIRST_PAGE = 2

describe('binOf', () => {
  test('bins grow with the length and end below BIN_COUNT', () => {
    let last = 0
    for (let pages = 1; pages <= MAX_ARENA_BYTES / PAGE_BYTES; pages++) {
      const bin = binOf(pages)
      if (bin !== last && bin !== last + 1) expect.fail(`bin ${bin} after ${last} at ${pages} pages`)
      last = bin
    }
    expect(last).toBeLessThan(BIN_COUNT)
  })
})

type Operation = { kind: 'take' | 'give'; value: number }

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), value: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('take' as const), value: fc.integer({ min: 1, max: PAGES }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('give' as const), value: fc.nat() }) },
)

test('runs behave as intervals of a plain array of pages, and one fits exactly when the longest gap is as long', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), (operations) => {
      const arena = Arena.create(ARENA_BYTES)
      const taken = new Uint8Array(PAGES).fill(1, 0, FIRST_PAGE)
      const runs: Array<{ page: number; pages: number }> = []
      for (const { kind, value } of operations) {
        if (kind === 'take') {
          // Above every size class, so that it is a run of pages: 9 pages at least.
          const pages = value + 8
          const fits = longestGap(taken) >= pages
          expect(arena.fits(pages * PAGE_BYTES)).toBe(fits)
          const offset = arena.allocate(pages * PAGE_BYTES)
          expect(offset !== 0).toBe(fits)
          if (offset === 0) continue
          const page = offset / PAGE_BYTES
          expect(taken.subarray(page, page + pages).every((t) => t === 0)).toBe(true)
          taken.fill(1, page, page + pages)
          runs.push({ page, pages })
        } else if (runs.length > 0) {
          const [{ page, pages }] = runs.splice(value % runs.length, 1)
          arena.release(page * PAGE_BYTES)
          taken.fill(0, page, page + pages)
        }
        arena.check()
      }
      for (const { page } of runs) arena.release(page * PAGE_BYTES)
      arena.check()
      expect(arena.fits((PAGES - FIRST_PAGE) * PAGE_BYTES)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

function longestGap(taken: Uint8Array): number {
  let longest = 0
  let gap = 0
  for (const t of taken) {
    gap = t === 0 ? gap + 1 : 0
    longest = Math.max(longest, gap)
  }
  return longest
}
