/* Spans: pages cut into blocks of one class. Baton holder; plain functions over i32.
 *
 * The life of a span: opened when its class has neither a free block nor a fresh one, and then the class's bump span
 * until its last block was handed out; on partial[class] while its free list has a block; closed, its pages given
 * back, when its last live block is released. So a class touches new memory only when none of its blocks is free.
 *
 *   opened --> bump[class] --> full --(a release)--> on partial[class] --(last live block released)--> closed
 *                                ^--(last free block handed out)--'
 *
 * A span may be on partial[class] and be its bump span as well.
 */
import { assert } from '../../base/assert.ts'
import {
  BLOCK_COUNT,
  BUMP,
  ENTRY_FREE,
  ENTRY_FRESH,
  ENTRY_LIMIT,
  ENTRY_NEXT,
  ENTRY_PAGES,
  ENTRY_PREV,
  ENTRY_SHIFT,
  ENTRY_TAG,
  ENTRY_USED,
  offsetOfEntry,
  PARTIAL,
  POISONED,
  USED_BYTES,
} from './layout.ts'
import { givePages, takePages } from './page-run.ts'
import { POISON_WORD, poison } from './poison.ts'
import { CLASS_BYTES, CLASS_SPAN_BLOCKS, CLASS_SPAN_PAGES } from './size-class.ts'

/** Hands out a block that never was, from the bump span or a new one; 0 when there are no pages for one. */
export function takeFreshBlock(i32: Int32Array, sizeClass: number): number {
  let entry = i32[BUMP + sizeClass]
  if (entry === 0) {
    entry = openSpan(i32, sizeClass)
    if (entry === 0) return 0
  }
  const bytes = CLASS_BYTES[sizeClass]
  const block = i32[entry + ENTRY_FRESH]
  if (block + bytes === i32[entry + ENTRY_LIMIT]) {
    i32[entry + ENTRY_FRESH] = 0
    i32[BUMP + sizeClass] = 0
  } else {
    i32[entry + ENTRY_FRESH] = block + bytes
  }
  i32[entry + ENTRY_USED]++
  i32[USED_BYTES] += bytes
  i32[BLOCK_COUNT]++
  return block
}

function openSpan(i32: Int32Array, sizeClass: number): number {
  const pages = CLASS_SPAN_PAGES[sizeClass]
  const entry = takePages(i32, pages)
  if (entry === 0) return 0
  const base = offsetOfEntry(entry)
  i32[entry + ENTRY_TAG] = sizeClass
  i32[entry + ENTRY_PAGES] = pages
  i32[entry + ENTRY_FREE] = 0
  i32[entry + ENTRY_FRESH] = base
  i32[entry + ENTRY_USED] = 0
  i32[entry + ENTRY_LIMIT] = base + CLASS_SPAN_BLOCKS[sizeClass] * CLASS_BYTES[sizeClass]
  for (let k = 1; k < pages; k++) i32[entry + (k << ENTRY_SHIFT) + ENTRY_TAG] = -k
  i32[BUMP + sizeClass] = entry
  return entry
}

/** Puts a span that has got its first free block on partial[class]. */
export function linkPartial(i32: Int32Array, entry: number, sizeClass: number): void {
  const next = i32[PARTIAL + sizeClass]
  i32[entry + ENTRY_NEXT] = next
  i32[entry + ENTRY_PREV] = 0
  if (next !== 0) i32[next + ENTRY_PREV] = entry
  i32[PARTIAL + sizeClass] = entry
}

function unlinkPartial(i32: Int32Array, entry: number, sizeClass: number): void {
  const next = i32[entry + ENTRY_NEXT]
  const prev = i32[entry + ENTRY_PREV]
  if (next !== 0) i32[next + ENTRY_PREV] = prev
  if (prev !== 0) i32[prev + ENTRY_NEXT] = next
  else i32[PARTIAL + sizeClass] = next
}

/** Gives the pages of a span without live blocks back. */
export function closeSpan(i32: Int32Array, entry: number, sizeClass: number, linked: boolean): void {
  if (linked) unlinkPartial(i32, entry, sizeClass)
  if (i32[BUMP + sizeClass] === entry) i32[BUMP + sizeClass] = 0
  const pages = i32[entry + ENTRY_PAGES]
  for (let k = 0; k < pages; k++) i32[entry + (k << ENTRY_SHIFT) + ENTRY_TAG] = 0
  if (i32[POISONED] !== 0) poison(i32, offsetOfEntry(entry), i32[entry + ENTRY_LIMIT] - offsetOfEntry(entry))
  givePages(i32, entry, pages)
}

/** Asserts that a live block of the span starts here. O(free blocks): for poison mode. */
export function assertLiveBlock(i32: Int32Array, entry: number, sizeClass: number, offset: number): void {
  const base = offsetOfEntry(entry)
  assert((offset - base) % CLASS_BYTES[sizeClass] === 0, 'the offset is the start of a block')
  const fresh = i32[entry + ENTRY_FRESH]
  assert(offset < (fresh !== 0 ? fresh : i32[entry + ENTRY_LIMIT]), 'the block has been handed out')
  // A free block reads as poison behind its link: only one that does can be on the list.
  if (i32[(offset >>> 2) + 1] !== POISON_WORD) return
  let free = i32[entry + ENTRY_FREE]
  for (let steps = 0; free !== 0 && steps < CLASS_SPAN_BLOCKS[sizeClass]; steps++) {
    assert(free !== offset, 'the block is not free already')
    free = i32[free >>> 2]
  }
}
