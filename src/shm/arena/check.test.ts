import { describe, expect, test } from 'vitest'
import { Arena } from './arena.ts'
import {
  BIN,
  BIN_BITS,
  BLOCK_COUNT,
  BUMP,
  ENTRY_FREE,
  ENTRY_FRESH,
  ENTRY_LIMIT,
  ENTRY_NEXT,
  ENTRY_PAGES,
  ENTRY_PREV,
  ENTRY_TAG,
  ENTRY_USED,
  ENTRY_WORDS,
  entryOfOffset,
  FIRST_ENTRY,
  FRESH_ENTRY,
  HIGH_ENTRY,
  MAGIC,
  MAP,
  PAGE_BYTES,
  PAGE_COUNT,
  PARTIAL,
  TAG_FREE,
  TAG_RUN,
  USED_BYTES,
} from './layout.ts'
import { CLASS_OF_UNITS } from './size-class.ts'

const classOf = (bytes: number): number => CLASS_OF_UNITS[(bytes + 7) >>> 3]

/**
 * An arena with something of everything, in pages from the first:
 *
 *   | A: 64 bytes, full but for 3 | B: 64 bytes, bump | C: 9216 bytes, 4 pages, 1 live | run, 12 | free, 10 | run, 9 |
 */
function build() {
  const arena = Arena.create(2 << 20)
  const { i32 } = arena
  const perPage = PAGE_BYTES / 64
  const small = Array.from({ length: perPage + 10 }, () => arena.allocate(64))
  const freed = [small[5], small[9], small[100]]
  for (const offset of freed) arena.release(offset)
  const medium = arena.allocate(9216)
  const large = arena.allocate(12 * PAGE_BYTES)
  const gap = arena.allocate(10 * PAGE_BYTES)
  const last = arena.allocate(9 * PAGE_BYTES)
  arena.release(gap)
  arena.check()
  return {
    arena,
    i32,
    freed,
    small,
    large,
    last,
    a: entryOfOffset(small[0]),
    b: entryOfOffset(small[perPage]),
    c: entryOfOffset(medium),
    run: entryOfOffset(large),
    free: entryOfOffset(gap),
    lastRun: entryOfOffset(last),
  }
}

type Built = ReturnType<typeof build>

const corruptions: Array<[invariant: string, what: string, corrupt: (built: Built) => void]> = [
  [
    'A1 magic',
    'the magic is overwritten',
    ({ i32 }) => {
      i32[MAGIC] = 0
    },
  ],
  [
    'A1 the arena is as long',
    'the page count is off',
    ({ i32 }) => {
      i32[PAGE_COUNT]++
    },
  ],
  [
    'A1 first, fresh and high',
    'the fresh page passes the high page',
    ({ i32 }) => {
      i32[FRESH_ENTRY] += ENTRY_WORDS
    },
  ],
  [
    'A1 first, fresh and high',
    'the high page passes the end',
    ({ i32 }) => {
      i32[HIGH_ENTRY] += 1000 * ENTRY_WORDS
    },
  ],
  [
    'A1 fresh and high page are on page bounds',
    'the fresh page is askew',
    ({ i32 }) => {
      i32[FRESH_ENTRY] -= 4
    },
  ],
  [
    'A2 a span or run starts',
    'a span loses its tag',
    ({ i32, a }) => {
      i32[a + ENTRY_TAG] = 0
    },
  ],
  [
    'A2 a span or run starts',
    'a run is a page short',
    ({ i32, run }) => {
      i32[run + ENTRY_PAGES]--
    },
  ],
  [
    'A2 it ends before',
    'a run is endless',
    ({ i32, run }) => {
      i32[run + ENTRY_PAGES] = 1 << 20
    },
  ],
  [
    'A2 it ends before',
    'a run has no pages',
    ({ i32, run }) => {
      i32[run + ENTRY_PAGES] = 0
    },
  ],
  [
    'A2 a span is as long',
    'a span takes the class of another',
    ({ i32, c }) => {
      i32[c + ENTRY_TAG] = classOf(64)
    },
  ],
  [
    'A1 the first page follows',
    'the first page moves',
    ({ i32 }) => {
      i32[FIRST_ENTRY] += ENTRY_WORDS
    },
  ],
  [
    'A3 nothing starts before',
    'a page of the header has a tag',
    ({ i32 }) => {
      i32[MAP] = TAG_FREE
    },
  ],
  [
    'A2 a free run has an end',
    'a free run loses its end',
    ({ i32, free }) => {
      i32[free + 9 * ENTRY_WORDS + ENTRY_TAG] = 0
    },
  ],
  [
    'A2 a free run is as long from its end',
    'a free run forgets its length at the end',
    ({ i32, free }) => {
      i32[free + 9 * ENTRY_WORDS + ENTRY_PAGES] = 9
    },
  ],
  [
    'A3 nothing starts inside of a large block',
    'a page in a large block has a tag',
    ({ i32, run }) => {
      i32[run + 3 * ENTRY_WORDS + ENTRY_TAG] = TAG_FREE
    },
  ],
  [
    'A3 nothing starts inside of a free run',
    'a page in a free run has a tag',
    ({ i32, free }) => {
      i32[free + 3 * ENTRY_WORDS + ENTRY_TAG] = TAG_RUN
    },
  ],
  [
    'A3 a page inside of a span leads',
    'a page of a span leads astray',
    ({ i32, c }) => {
      i32[c + 2 * ENTRY_WORDS + ENTRY_TAG] = -1
    },
  ],
  [
    'A3 nothing starts in a fresh page',
    'a fresh page has a tag',
    ({ arena, i32, last }) => {
      arena.release(last)
      i32[i32[FRESH_ENTRY] + ENTRY_TAG] = TAG_RUN
    },
  ],
  [
    'A4 free runs do not touch',
    'a large block turns free without its neighbour',
    ({ i32, run }) => {
      i32[run + ENTRY_TAG] = TAG_FREE
      i32[run + 11 * ENTRY_WORDS + ENTRY_TAG] = i32[run + 21 * ENTRY_WORDS + ENTRY_TAG]
      i32[run + 11 * ENTRY_WORDS + ENTRY_PAGES] = 12
    },
  ],
  [
    'A4 no free run touches the fresh page',
    'the fresh page moves back to a free run',
    ({ i32, lastRun }) => {
      i32[FRESH_ENTRY] = lastRun
    },
  ],
  [
    'A5 a bin has a run when',
    'a bin loses its bit',
    ({ i32 }) => {
      i32[BIN_BITS] = 0
    },
  ],
  [
    'A5 a bin has a run when',
    'a bin loses its run',
    ({ i32 }) => {
      i32[BIN + 10] = 0
    },
  ],
  [
    'A5 every free run is in a bin',
    'a bin and its bit are lost',
    ({ i32 }) => {
      i32[BIN + 10] = i32[BIN_BITS] = 0
    },
  ],
  [
    'A5 a bin lists free runs',
    'a bin names a large block',
    ({ i32, run }) => {
      i32[BIN + 10] = run
    },
  ],
  [
    'A5 a bin lists free runs',
    'a bin names what is no entry',
    ({ i32 }) => {
      i32[BIN + 10] = 3
    },
  ],
  [
    'A5 a free run is in the bin of its length',
    'a free run is in another bin',
    ({ i32, free }) => {
      i32[BIN + 10] = 0
      i32[BIN + 11] = free
      i32[BIN_BITS] = 1 << 11
    },
  ],
  [
    'A5 a bin is linked both ways',
    'a free run has a wrong neighbour',
    ({ i32, free, run }) => {
      i32[free + ENTRY_PREV] = run
    },
  ],
  [
    'A5 a bin is linked both ways',
    'a bin is a cycle',
    ({ i32, free }) => {
      i32[free + ENTRY_NEXT] = free
    },
  ],
  [
    'A6 a free list names blocks of its span',
    'a link leads into another span',
    ({ i32, freed, small }) => {
      i32[freed[0] >> 2] = small[260]
    },
  ],
  [
    'A6 a free list names blocks of its span',
    'a link leads between two blocks',
    ({ i32, freed }) => {
      i32[freed[0] >> 2] = freed[0] + 8
    },
  ],
  [
    'A6 a free list names blocks of its span',
    'text overwrites a link',
    ({ arena, freed }) => {
      arena.u8.set(new TextEncoder().encode('user:1'), freed[1])
    },
  ],
  [
    'A6 a free list names blocks of its span',
    'a link leads to a fresh block',
    ({ i32, b }) => {
      i32[b + ENTRY_FREE] = i32[b + ENTRY_FRESH]
    },
  ],
  [
    'A6 a free list names each block once',
    'a free list is a cycle',
    ({ i32, freed }) => {
      i32[freed[0] >> 2] = freed[2]
    },
  ],
  [
    'A6 used counts',
    'a live block is on the free list',
    ({ i32, freed, small }) => {
      i32[small[7] >> 2] = i32[freed[2] >> 2]
      i32[freed[2] >> 2] = small[7]
    },
  ],
  [
    'A6 used counts',
    'a free block is lost',
    ({ i32, a, freed }) => {
      i32[a + ENTRY_FREE] = i32[freed[2] >> 2]
    },
  ],
  [
    'A6 used counts',
    'a span counts wrong',
    ({ i32, c }) => {
      i32[c + ENTRY_USED]++
    },
  ],
  [
    'A6 the fresh block',
    'the fresh block is askew',
    ({ i32, b }) => {
      i32[b + ENTRY_FRESH] += 8
    },
  ],
  [
    'A6 the fresh block',
    'the fresh block lies behind the span',
    ({ i32, b }) => {
      i32[b + ENTRY_FRESH] += PAGE_BYTES
    },
  ],
  [
    'A6 a span ends with',
    'a span has a wrong limit',
    ({ i32, a }) => {
      i32[a + ENTRY_LIMIT] -= 64
    },
  ],
  [
    'A6 a span without live blocks',
    'an empty span stays open',
    ({ i32, c }) => {
      i32[c + ENTRY_FRESH] -= 9216
      i32[c + ENTRY_USED] = 0
    },
  ],
  [
    'A7 every span with a free block is listed',
    'a span is off its list',
    ({ i32 }) => {
      i32[PARTIAL + classOf(64)] = 0
    },
  ],
  [
    'A7 a listed span has a free block',
    'a full span is listed',
    ({ i32, b }) => {
      i32[PARTIAL + classOf(64)] = b
    },
  ],
  [
    'A7 a class lists its own spans',
    'a class lists a span of another',
    ({ i32, c }) => {
      i32[PARTIAL + classOf(64)] = c
    },
  ],
  [
    'A7 a class list is linked both ways',
    'a class list is a cycle',
    ({ i32, a }) => {
      i32[a + ENTRY_NEXT] = a
    },
  ],
  [
    'A7 a span with a fresh block',
    'a class loses its bump span',
    ({ i32 }) => {
      i32[BUMP + classOf(64)] = 0
    },
  ],
  [
    'A7 a span that a class bumps',
    'a class bumps a span of another',
    ({ i32, c }) => {
      i32[BUMP + classOf(72)] = c
    },
  ],
  [
    'A8 used bytes',
    'the used bytes are off',
    ({ i32 }) => {
      i32[USED_BYTES] += 8
    },
  ],
  [
    'A8 the block count',
    'the block count is off',
    ({ i32 }) => {
      i32[BLOCK_COUNT]--
    },
  ],
]

describe('check', () => {
  test.each(corruptions)('finds %s: %s', (invariant, _what, corrupt) => {
    const built = build()
    corrupt(built)
    expect(() => built.arena.check()).toThrow(invariant)
  })

  test('shows each live block once', () => {
    const { arena, freed, small, large } = build()
    const seen = new Map<number, number>()
    arena.check((offset, capacity) => {
      expect(seen.has(offset)).toBe(false)
      seen.set(offset, capacity)
    })
    expect(seen.size).toBe(arena.blockCount)
    expect(seen.get(large)).toBe(12 * PAGE_BYTES)
    for (const offset of small) expect(seen.get(offset)).toBe(freed.includes(offset) ? undefined : 64)
  })
})
