/* Where everything in an arena is. Any thread: constants and pure functions.
 *
 * An arena is one fixed SharedArrayBuffer, less than 2 GiB so that every offset is an int32. It is cut into pages of
 * 16 KiB; what a page is used for stands in the page map, so a block needs no header of its own.
 *
 *   0          2048          10240                    first page              fresh page      high page        end
 *   | header   | root, 8 KiB | page map, 32 bytes each | spans, runs, free runs | fresh pages ................. |
 *
 * root        belongs to the owner of the arena, zeroed by create and reset.
 * fresh page  from here on nothing is in use and all tags are 0.
 * high page   from here on nothing has ever been used: no byte has been touched, so none is resident. The fresh page
 *             moves back when the pages before it are freed (and on reset), the high page never does.
 *
 * Header. Offsets in bytes; each field an int32, 0 = none. "Entry" is how this allocator names a page: the index into
 * i32 of its page map entry, so that following a link needs no arithmetic.
 *
 *   0    magic, version, pages, first entry            set once
 *   64   used bytes, block count, poisoned,            the counters that each call changes: one cache line
 *        fresh entry, high entry
 *   128  partial[class]   first span of the class with a block on its free list
 *   528  bump[class]      the one span of the class that has blocks never handed out
 *   928  bin bits, 128    bit b: bin b has a run
 *   944  bin[b]           first free run of the bin, doubly linked through the map entries
 *
 * Page map entry, eight int32. The tag says what the page is:
 *
 *   tag            what                                          fields in use
 *   0              inside of a run, or fresh                     none
 *   1..96          first page of a span of blocks of this class  all
 *   -k             k pages after the first page of its span      none
 *   TAG_RUN        first page of a run that is one large block   pages
 *   TAG_FREE       first page of a free run                      pages, next, prev
 *   TAG_FREE_END   last page of a free run of two or more        pages
 *
 *   0     4       8      12     16     20      24     28      32
 *   | tag | pages | next | prev | free | fresh | used | limit |
 *
 *   pages  in this span or run.
 *   next, prev  entries: the neighbours on partial[class], or in the bin.
 *   free   offset of the first block on the span's free list.
 *   fresh  offset of the first block that was never handed out; 0 when all have been.
 *   used   live blocks of the span.
 *   limit  offset of the end of the span's last block; the rest of the span (at most 1/32) is lost.
 *
 * A span, and a block of it on the free list (blocks of 8 bytes and up; the link is the only thing written to it):
 *
 *   | live | free | live | free | fresh ........... | lost |        | next free: int32 | as the owner left it ... |
 *             ^-------------/      ^ entry.fresh      ^ entry.limit
 */
import { assert } from '../../base/assert.ts'

export const PAGE_SHIFT = 14
export const PAGE_BYTES = 1 << PAGE_SHIFT

export const MIN_ARENA_BYTES = 1 << 18
/** Just under 2 GiB: every offset, and the sum of all capacities, is an int32. */
export const MAX_ARENA_BYTES = 2 ** 31 - PAGE_BYTES

/** Small classes have the numbers 1 to CLASS_COUNT. */
export const CLASS_COUNT = 96
export const BIN_COUNT = 128

// Indexes into i32.
export const MAGIC = 0 >> 2
export const VERSION = 4 >> 2
export const PAGE_COUNT = 8 >> 2
export const FIRST_ENTRY = 12 >> 2
export const USED_BYTES = 64 >> 2
export const BLOCK_COUNT = 68 >> 2
export const POISONED = 72 >> 2
export const FRESH_ENTRY = 76 >> 2
export const HIGH_ENTRY = 80 >> 2
export const PARTIAL = 128 >> 2
export const BUMP = 528 >> 2
export const BIN_BITS = 928 >> 2
export const BIN = 944 >> 2
export const HEADER_END = BIN + BIN_COUNT

export const ROOT = 2048
export const ROOT_BYTES = 8192
/** Index into i32 of page 0's entry. */
export const MAP = (ROOT + ROOT_BYTES) >> 2

export const MAGIC_VALUE = 0x4e455241
export const VERSION_VALUE = 1

export const ENTRY_SHIFT = 3
export const ENTRY_WORDS = 1 << ENTRY_SHIFT
export const ENTRY_BYTES = 4 * ENTRY_WORDS
export const ENTRY_TAG = 0
export const ENTRY_PAGES = 1
export const ENTRY_NEXT = 2
export const ENTRY_PREV = 3
export const ENTRY_FREE = 4
export const ENTRY_FRESH = 5
export const ENTRY_USED = 6
export const ENTRY_LIMIT = 7

export const TAG_RUN = 128
export const TAG_FREE = 129
export const TAG_FREE_END = 130

assert(PARTIAL + CLASS_COUNT + 1 <= BUMP && BUMP + CLASS_COUNT + 1 <= BIN_BITS, 'the class lists have room')
assert(BIN_BITS + BIN_COUNT / 32 <= BIN && HEADER_END <= ROOT >> 2, 'the bins have room')
assert(ROOT % 64 === 0 && MAP % ENTRY_WORDS === 0, 'root and map entries are aligned')
assert(CLASS_COUNT < TAG_RUN, 'a class is not another tag')

/** The page map entry of the page that holds this offset. */
export function entryOfOffset(offset: number): number {
  return MAP + ((offset >>> PAGE_SHIFT) << ENTRY_SHIFT)
}

/** The offset of the first byte of this entry's page. */
export function offsetOfEntry(entry: number): number {
  return ((entry - MAP) >> ENTRY_SHIFT) << PAGE_SHIFT
}

/** How many whole pages hold that many bytes (below 2 GiB); one for none. */
export function pagesFor(bytes: number): number {
  return (bytes + (PAGE_BYTES - 1)) >>> PAGE_SHIFT || 1
}
