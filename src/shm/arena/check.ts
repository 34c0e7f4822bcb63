/* Walks a whole arena and asserts what always holds between two calls. Baton holder; for tests and the debug mode.
 *
 * A1  the header is that of this buffer: magic, version, length; first <= fresh <= high <= end, all on page bounds.
 * A2  spans, large blocks and free runs tile the pages from first to fresh page, in the lengths that the page map
 *     names: so nothing overlaps and no page is lost.
 * A3  pages inside of a run, before the first page and from the fresh page on have tag 0; pages inside of a span lead
 *     to its first.
 * A4  no two free runs touch, and none touches the fresh page.
 * A5  each free run is in the bin of its length and nowhere else; a bin's bit is set exactly when it has a run.
 * A6  a span's free list names distinct blocks of the span, below its fresh block; used, at least 1, is the number of
 *     blocks handed out less the free ones.
 * A7  a span is on partial[class] exactly when its free list is not empty; it is bump[class] exactly when it has a
 *     fresh block.
 * A8  used bytes and block count are the sums over all live blocks.
 * A9  in poison mode, free bytes below the high page read 0xDE, but for the links of free blocks.
 *
 * Every loop is bounded by what the tiling, checked first, allows: a cycle or a wild link ends in an assertion.
 * Two passes: the first walks the pages and their free lists, the second walks bins and class lists and compares.
 */
import { assert } from '../../base/assert.ts'
import {
  BIN,
  BIN_BITS,
  BIN_COUNT,
  BLOCK_COUNT,
  BUMP,
  CLASS_COUNT,
  ENTRY_FREE,
  ENTRY_FRESH,
  ENTRY_LIMIT,
  ENTRY_NEXT,
  ENTRY_PAGES,
  ENTRY_PREV,
  ENTRY_SHIFT,
  ENTRY_TAG,
  ENTRY_USED,
  ENTRY_WORDS,
  FIRST_ENTRY,
  FRESH_ENTRY,
  HIGH_ENTRY,
  MAGIC,
  MAGIC_VALUE,
  MAP,
  offsetOfEntry,
  PAGE_BYTES,
  PAGE_COUNT,
  PAGE_SHIFT,
  PARTIAL,
  POISONED,
  pagesFor,
  TAG_FREE,
  TAG_FREE_END,
  TAG_RUN,
  USED_BYTES,
  VERSION,
  VERSION_VALUE,
} from './layout.ts'
import { binOf } from './page-run.ts'
import { assertPoisoned } from './poison.ts'
import { CLASS_BYTES, CLASS_SPAN_BLOCKS, CLASS_SPAN_PAGES } from './size-class.ts'

type Visit = ((offset: number, capacity: number) => void) | undefined

/** What the first pass counts, for the second to compare with. */
type Tally = {
  usedBytes: number
  blocks: number
  freeRuns: number
  /** Spans with a free list that is not empty, by class. */
  readonly partial: Int32Array
  /** Spans with a fresh block, by class. */
  readonly bump: Int32Array
}

/** Throws an AssertionError that names the first broken invariant; shows each live block to `visit`. O(arena). */
export function checkArena(i32: Int32Array, visit?: Visit): void {
  checkHeader(i32)
  const tally: Tally = {
    usedBytes: 0,
    blocks: 0,
    freeRuns: 0,
    partial: new Int32Array(CLASS_COUNT + 1),
    bump: new Int32Array(CLASS_COUNT + 1),
  }
  checkPages(i32, tally, visit)
  checkFreshPages(i32)
  checkBins(i32, tally)
  checkClassLists(i32, tally)
  assert(i32[USED_BYTES] === tally.usedBytes, 'A8 used bytes are the capacities of the live blocks')
  assert(i32[BLOCK_COUNT] === tally.blocks, 'A8 the block count is that of the live blocks')
}

function checkHeader(i32: Int32Array): void {
  assert(i32[MAGIC] === MAGIC_VALUE && i32[VERSION] === VERSION_VALUE, 'A1 magic and version')
  const pages = i32[PAGE_COUNT]
  assert(pages * PAGE_BYTES === i32.byteLength, 'A1 the arena is as long as its buffer')
  const first = i32[FIRST_ENTRY]
  const fresh = i32[FRESH_ENTRY]
  const high = i32[HIGH_ENTRY]
  const end = MAP + pages * ENTRY_WORDS
  assert(first === MAP + pagesFor(end << 2) * ENTRY_WORDS, 'A1 the first page follows the page map')
  assert(first <= fresh && fresh <= high && high <= end, 'A1 first, fresh and high page are in order')
  for (let entry = MAP; entry < first; entry += ENTRY_WORDS) {
    assert(i32[entry + ENTRY_TAG] === 0, 'A3 nothing starts before the first page')
  }
  assert(fresh % ENTRY_WORDS === 0 && high % ENTRY_WORDS === 0, 'A1 fresh and high page are on page bounds')
}

/** A2, A3, A4, A6 and, for the bytes of what is free, A9. */
function checkPages(i32: Int32Array, tally: Tally, visit: Visit): void {
  const fresh = i32[FRESH_ENTRY]
  let entry = i32[FIRST_ENTRY]
  let afterFree = false
  while (entry < fresh) {
    const tag = i32[entry + ENTRY_TAG]
    const pages = i32[entry + ENTRY_PAGES]
    assert((tag > 0 && tag <= CLASS_COUNT) || tag === TAG_RUN || tag === TAG_FREE, 'A2 a span or run starts here')
    assert(pages > 0 && pages <= (fresh - entry) >> ENTRY_SHIFT, 'A2 it ends before the fresh page')
    assert(!(afterFree && tag === TAG_FREE), 'A4 free runs do not touch')
    afterFree = tag === TAG_FREE
    if (tag === TAG_FREE) checkFreeRun(i32, entry, pages, tally)
    else if (tag === TAG_RUN) checkLargeBlock(i32, entry, pages, tally, visit)
    else checkSpan(i32, entry, tag, tally, visit)
    entry += pages << ENTRY_SHIFT
  }
  assert(!afterFree, 'A4 no free run touches the fresh page')
}

function checkFreeRun(i32: Int32Array, entry: number, pages: number, tally: Tally): void {
  const last = entry + ((pages - 1) << ENTRY_SHIFT)
  if (pages > 1) {
    assert(i32[last + ENTRY_TAG] === TAG_FREE_END, 'A2 a free run has an end')
    assert(i32[last + ENTRY_PAGES] === pages, 'A2 a free run is as long from its end')
  }
  for (let inner = entry + ENTRY_WORDS; inner < last; inner += ENTRY_WORDS) {
    assert(i32[inner + ENTRY_TAG] === 0, 'A3 nothing starts inside of a free run')
  }
  if (i32[POISONED] !== 0) assertPoisoned(i32, offsetOfEntry(entry), pages << PAGE_SHIFT)
  tally.freeRuns++
}

function checkLargeBlock(i32: Int32Array, entry: number, pages: number, tally: Tally, visit: Visit): void {
  for (let k = 1; k < pages; k++) {
    assert(i32[entry + (k << ENTRY_SHIFT) + ENTRY_TAG] === 0, 'A3 nothing starts inside of a large block')
  }
  tally.blocks++
  tally.usedBytes += pages << PAGE_SHIFT
  visit?.(offsetOfEntry(entry), pages << PAGE_SHIFT)
}

function checkSpan(i32: Int32Array, entry: number, sizeClass: number, tally: Tally, visit: Visit): void {
  const bytes = CLASS_BYTES[sizeClass]
  const pages = CLASS_SPAN_PAGES[sizeClass]
  const base = offsetOfEntry(entry)
  const limit = base + CLASS_SPAN_BLOCKS[sizeClass] * bytes
  assert(i32[entry + ENTRY_PAGES] === pages, 'A2 a span is as long as its class says')
  assert(i32[entry + ENTRY_LIMIT] === limit, 'A6 a span ends with its last block')
  for (let k = 1; k < pages; k++) {
    assert(i32[entry + (k << ENTRY_SHIFT) + ENTRY_TAG] === -k, 'A3 a page inside of a span leads to its first')
  }
  const fresh = i32[entry + ENTRY_FRESH]
  const end = fresh === 0 ? limit : fresh
  assert(end >= base && end <= limit && (end - base) % bytes === 0, 'A6 the fresh block is a block of its span')
  const handedOut = (end - base) / bytes
  const isFree = markFreeBlocks(i32, entry, base, bytes, handedOut)
  let live = 0
  for (let k = 0; k < handedOut; k++) {
    if (isFree[k] !== 0) continue
    live++
    visit?.(base + k * bytes, bytes)
  }
  assert(live > 0, 'A6 a span without live blocks is closed')
  assert(i32[entry + ENTRY_USED] === live, 'A6 used counts the live blocks of the span')
  if (i32[POISONED] !== 0) assertPoisoned(i32, end, base + (pages << PAGE_SHIFT) - end)
  tally.blocks += live
  tally.usedBytes += live * bytes
  if (i32[entry + ENTRY_FREE] !== 0) tally.partial[sizeClass]++
  if (fresh !== 0) {
    tally.bump[sizeClass]++
    assert(i32[BUMP + sizeClass] === entry, 'A7 a span with a fresh block is the one that its class bumps')
  }
}

/** Walks a span's free list: 1 for each of the blocks handed out so far that is free. */
function markFreeBlocks(i32: Int32Array, entry: number, base: number, bytes: number, handedOut: number): Uint8Array {
  const isFree = new Uint8Array(handedOut)
  let block = i32[entry + ENTRY_FREE]
  while (block !== 0) {
    const index = (block - base) / bytes
    assert(Number.isInteger(index) && index >= 0 && index < handedOut, 'A6 a free list names blocks of its span')
    assert(isFree[index] === 0, 'A6 a free list names each block once')
    isFree[index] = 1
    if (i32[POISONED] !== 0) assertPoisoned(i32, block + 4, bytes - 4)
    block = i32[block >>> 2]
  }
  return isFree
}

/** The rest of A3 and A9: pages that were in use once and are fresh again. */
function checkFreshPages(i32: Int32Array): void {
  const fresh = i32[FRESH_ENTRY]
  const high = i32[HIGH_ENTRY]
  for (let entry = fresh; entry < high; entry += ENTRY_WORDS) {
    assert(i32[entry + ENTRY_TAG] === 0, 'A3 nothing starts in a fresh page')
  }
  if (i32[POISONED] !== 0) assertPoisoned(i32, offsetOfEntry(fresh), offsetOfEntry(high) - offsetOfEntry(fresh))
}

/** A5. Each run that is found in a bin is one of the tiling; if there are as many, they are the same. */
function checkBins(i32: Int32Array, tally: Tally): void {
  let runs = 0
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    const bit = (i32[BIN_BITS + (bin >> 5)] >>> (bin & 31)) & 1
    assert((bit === 1) === (i32[BIN + bin] !== 0), 'A5 a bin has a run when its bit says so')
    let prev = 0
    for (let entry = i32[BIN + bin]; entry !== 0; entry = i32[entry + ENTRY_NEXT]) {
      assert(isEntry(i32, entry) && i32[entry + ENTRY_TAG] === TAG_FREE, 'A5 a bin lists free runs')
      assert(binOf(i32[entry + ENTRY_PAGES]) === bin, 'A5 a free run is in the bin of its length')
      assert(i32[entry + ENTRY_PREV] === prev, 'A5 a bin is linked both ways')
      assert(++runs <= tally.freeRuns, 'A5 a free run is in one bin once')
      prev = entry
    }
  }
  assert(runs === tally.freeRuns, 'A5 every free run is in a bin')
}

/** A7. */
function checkClassLists(i32: Int32Array, tally: Tally): void {
  for (let sizeClass = 0; sizeClass <= CLASS_COUNT; sizeClass++) {
    let spans = 0
    let prev = 0
    for (let entry = i32[PARTIAL + sizeClass]; entry !== 0; entry = i32[entry + ENTRY_NEXT]) {
      assert(isEntry(i32, entry) && i32[entry + ENTRY_TAG] === sizeClass, 'A7 a class lists its own spans')
      assert(i32[entry + ENTRY_FREE] !== 0, 'A7 a listed span has a free block')
      assert(i32[entry + ENTRY_PREV] === prev, 'A7 a class list is linked both ways')
      assert(++spans <= tally.partial[sizeClass], 'A7 a span is listed once')
      prev = entry
    }
    assert(spans === tally.partial[sizeClass], 'A7 every span with a free block is listed')
    const bumps = i32[BUMP + sizeClass] !== 0 ? 1 : 0
    assert(bumps === tally.bump[sizeClass], 'A7 a span that a class bumps has a fresh block')
  }
}

function isEntry(i32: Int32Array, entry: number): boolean {
  return entry >= i32[FIRST_ENTRY] && entry < i32[FRESH_ENTRY] && entry % ENTRY_WORDS === 0
}
