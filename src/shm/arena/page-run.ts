/* Runs of pages: where spans and large blocks come from and go back to. Baton holder; plain functions over i32.
 *
 * A free run knows its length at both ends, so that a neighbour that becomes free finds it and the two become one:
 *
 *   | FREE, pages 5 | 0 | 0 | 0 | FREE_END, pages 5 |        | FREE, pages 1 |
 *      ^ linked in bin[binOf(5)]
 *
 * Bins: one for each length up to 15 pages, then eight to a doubling. Taking is a good fit in O(1): a bit search finds
 * the first bin that holds nothing too short. Only runs of 16 pages and more share a bin with shorter ones; of those
 * the first few are tried before going on to a larger bin, and all of them when there is nothing else.
 *
 * Free runs come before fresh pages: they are resident already, fresh ones may not be. What is left of a run that was
 * too long is its end: small spans then pack to one side. A run that is freed next to the fresh pages becomes fresh
 * again instead of going to a bin, so that the largest gap is one gap.
 *
 * A block of 512 MB costs what one page does: the map entries inside a run are never visited, and nothing is cleared.
 */
import {
  BIN,
  BIN_BITS,
  BIN_COUNT,
  ENTRY_NEXT,
  ENTRY_PAGES,
  ENTRY_PREV,
  ENTRY_SHIFT,
  ENTRY_TAG,
  FRESH_ENTRY,
  HIGH_ENTRY,
  MAP,
  offsetOfEntry,
  PAGE_COUNT,
  POISONED,
  TAG_FREE,
  TAG_FREE_END,
} from './layout.ts'
import { poison } from './poison.ts'

/** Bins below this hold runs of one length each. */
const EXACT_BINS = 16
/** How many runs of a bin of several lengths are tried before a larger bin is. */
const TRIES = 8

/** The bin for a free run of this length: the length itself up to 15, then its exponent and its next three bits. */
export function binOf(pages: number): number {
  if (pages < EXACT_BINS) return pages
  const shift = 28 - Math.clz32(pages)
  return (shift << 3) + (pages >> shift)
}

/** Takes pages out of the pool: the entry of the first, all their tags 0; or 0 when no gap is that long. */
export function takePages(i32: Int32Array, pages: number): number {
  const entry = findRun(i32, pages)
  if (entry === 0) return takeFreshPages(i32, pages)
  const found = i32[entry + ENTRY_PAGES]
  unlinkRun(i32, entry, found)
  if (found > pages) linkRun(i32, entry + (pages << ENTRY_SHIFT), found - pages)
  return entry
}

/** Gives pages back to the pool. Their tags are 0 by now. */
export function givePages(i32: Int32Array, entry: number, pages: number): void {
  const before = i32[entry - (1 << ENTRY_SHIFT) + ENTRY_TAG]
  if (before === TAG_FREE || before === TAG_FREE_END) {
    const more = i32[entry - (1 << ENTRY_SHIFT) + ENTRY_PAGES]
    entry -= more << ENTRY_SHIFT
    pages += more
    unlinkRun(i32, entry, more)
  }
  const after = entry + (pages << ENTRY_SHIFT)
  if (after === i32[FRESH_ENTRY]) {
    i32[FRESH_ENTRY] = entry
    return
  }
  if (i32[after + ENTRY_TAG] === TAG_FREE) {
    const more = i32[after + ENTRY_PAGES]
    unlinkRun(i32, after, more)
    pages += more
  }
  linkRun(i32, entry, pages)
}

/** Whether takePages would find that many. */
export function hasPages(i32: Int32Array, pages: number): boolean {
  return pages <= freshPages(i32) || findRun(i32, pages) !== 0
}

function freshPages(i32: Int32Array): number {
  return i32[PAGE_COUNT] - ((i32[FRESH_ENTRY] - MAP) >> ENTRY_SHIFT)
}

function takeFreshPages(i32: Int32Array, pages: number): number {
  if (pages > freshPages(i32)) return 0
  const entry = i32[FRESH_ENTRY]
  const end = entry + (pages << ENTRY_SHIFT)
  i32[FRESH_ENTRY] = end
  const high = i32[HIGH_ENTRY]
  if (end > high) {
    i32[HIGH_ENTRY] = end
    // Pages that were in use before are poisoned already: whoever gave them back did it.
    if (i32[POISONED] !== 0) poison(i32, offsetOfEntry(high), offsetOfEntry(end) - offsetOfEntry(high))
  }
  return entry
}

/** A free run of at least that many pages, still linked; 0 when no bin has one. */
function findRun(i32: Int32Array, pages: number): number {
  const own = binOf(pages)
  let entry = i32[BIN + own]
  for (let tries = 0; entry !== 0 && tries < TRIES; tries++) {
    if (i32[entry + ENTRY_PAGES] >= pages) return entry
    entry = i32[entry + ENTRY_NEXT]
  }
  const larger = firstRunFrom(i32, own + 1)
  if (larger !== 0) return larger
  while (entry !== 0 && i32[entry + ENTRY_PAGES] < pages) entry = i32[entry + ENTRY_NEXT]
  return entry
}

function firstRunFrom(i32: Int32Array, bin: number): number {
  let word = bin >> 5
  let bits = i32[BIN_BITS + word] & (-1 << (bin & 31))
  while (bits === 0) {
    if (++word === BIN_COUNT >> 5) return 0
    bits = i32[BIN_BITS + word]
  }
  return i32[BIN + (word << 5) + 31 - Math.clz32(bits & -bits)]
}

function linkRun(i32: Int32Array, entry: number, pages: number): void {
  const bin = binOf(pages)
  const next = i32[BIN + bin]
  // The end first: in a run of one page it is the same entry, and TAG_FREE is what it must say.
  const end = entry + ((pages - 1) << ENTRY_SHIFT)
  i32[end + ENTRY_TAG] = TAG_FREE_END
  i32[end + ENTRY_PAGES] = pages
  i32[entry + ENTRY_TAG] = TAG_FREE
  i32[entry + ENTRY_PAGES] = pages
  i32[entry + ENTRY_NEXT] = next
  i32[entry + ENTRY_PREV] = 0
  if (next !== 0) i32[next + ENTRY_PREV] = entry
  i32[BIN + bin] = entry
  i32[BIN_BITS + (bin >> 5)] |= 1 << (bin & 31)
}

function unlinkRun(i32: Int32Array, entry: number, pages: number): void {
  const next = i32[entry + ENTRY_NEXT]
  const prev = i32[entry + ENTRY_PREV]
  if (next !== 0) i32[next + ENTRY_PREV] = prev
  if (prev !== 0) i32[prev + ENTRY_NEXT] = next
  else {
    const bin = binOf(pages)
    i32[BIN + bin] = next
    if (next === 0) i32[BIN_BITS + (bin >> 5)] &= ~(1 << (bin & 31))
  }
  i32[entry + ENTRY_TAG] = 0
  i32[entry + ((pages - 1) << ENTRY_SHIFT) + ENTRY_TAG] = 0
}
