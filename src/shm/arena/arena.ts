/* The arena: a fixed SharedArrayBuffer with a size-class allocator. Baton holder: any thread may call, one at a time.
 *
 * All state is in the buffer and an Arena holds none, so that the shard's baton is all that a thread needs to go on
 * where another left off. layout.ts draws the memory, check.ts names the invariants.
 *
 *   up to 128 KiB   size-class.ts, span.ts   a free list in each span, else the next fresh block     O(1)
 *   above           page-run.ts              whole pages; free neighbours merge                      O(1), see there
 *
 * A block is never moved, cleared or touched while it is live. Offsets are multiples of 8; a block whose capacity is
 * a multiple of 64 starts on a cache line. Nothing is written to memory that has not been handed out.
 *
 * allocate and release of small blocks are the hottest functions of the server. Here they are whole, for blocks that
 * come from and go to a free list; the rarer cases are functions of their own below and in span.ts.
 */
import { assert } from '../../base/assert.ts'
import { checkArena } from './check.ts'
import {
  BLOCK_COUNT,
  BUMP,
  CLASS_COUNT,
  ENTRY_BYTES,
  ENTRY_FREE,
  ENTRY_NEXT,
  ENTRY_PAGES,
  ENTRY_PREV,
  ENTRY_SHIFT,
  ENTRY_TAG,
  ENTRY_USED,
  entryOfOffset,
  FIRST_ENTRY,
  FRESH_ENTRY,
  HEADER_END,
  HIGH_ENTRY,
  MAGIC,
  MAGIC_VALUE,
  MAP,
  MAX_ARENA_BYTES,
  MIN_ARENA_BYTES,
  offsetOfEntry,
  PAGE_BYTES,
  PAGE_COUNT,
  PAGE_SHIFT,
  PARTIAL,
  POISONED,
  pagesFor,
  ROOT,
  ROOT_BYTES,
  TAG_RUN,
  USED_BYTES,
  VERSION,
  VERSION_VALUE,
} from './layout.ts'
import { givePages, hasPages, takePages } from './page-run.ts'
import { assertPoisoned, POISON_WORD, poison } from './poison.ts'
import { CLASS_BYTES, CLASS_OF_UNITS, MAX_SMALL_BYTES } from './size-class.ts'
import { assertLiveBlock, closeSpan, linkPartial, takeFreshBlock } from './span.ts'

/**
 * Where an arena begins in its buffer, so that its offset 0 starts a cache line. V8 has a large buffer from the C
 * library: glibc's starts 16 bytes into a page, others start with the page. Without this every bucket lies across two
 * lines, and half of the small entries do.
 */
const LEAD_BYTES = isGlibc() ? 48 : 0
/** What a buffer is longer than its arena. */
const SPARE_BYTES = 64

function isGlibc(): boolean {
  // Node's types lack `excludeNetwork`: without it the names of the peers of open sockets are asked for.
  const source: { excludeNetwork?: boolean; getReport(): object } = process.report
  source.excludeNetwork = true
  const { header } = source.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime !== undefined
}

export class Arena {
  /** Arenas made while this is true poison what is released and find writes to it (poison.ts). Default false. */
  static poison = false

  readonly buffer: SharedArrayBuffer
  readonly u8: Uint8Array
  readonly i32: Int32Array
  readonly u32: Uint32Array
  readonly f64: Float64Array
  /** For words that are not aligned. */
  readonly view: DataView
  /** Offset, a multiple of 64, of ROOT_BYTES that belong to the owner: zero at first and after reset. */
  readonly root: number
  /** Whether this arena poisons what is released. Never changes: a copy of the header's flag. */
  readonly poisoned: boolean

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    const bytes = buffer.byteLength - SPARE_BYTES
    this.u8 = new Uint8Array(buffer, LEAD_BYTES, bytes)
    this.i32 = new Int32Array(buffer, LEAD_BYTES, bytes >> 2)
    this.u32 = new Uint32Array(buffer, LEAD_BYTES, bytes >> 2)
    this.f64 = new Float64Array(buffer, LEAD_BYTES, bytes >> 3)
    this.view = new DataView(buffer, LEAD_BYTES, bytes)
    this.root = ROOT
    this.poisoned = this.i32[POISONED] !== 0
  }

  /**
   * A new arena of that many bytes, rounded down to a multiple of 16 KiB; from 256 KiB to just under 2 GiB. Only
   * address space is taken: memory becomes resident as it is first touched.
   */
  static create(bytes: number): Arena {
    assert(bytes >= MIN_ARENA_BYTES && bytes <= MAX_ARENA_BYTES, 'an arena has from 256 KiB to just under 2 GiB')
    const pages = Math.floor(bytes / PAGE_BYTES)
    const buffer = new SharedArrayBuffer(pages * PAGE_BYTES + SPARE_BYTES)
    const i32 = new Int32Array(buffer, LEAD_BYTES)
    const firstPage = pagesFor((MAP << 2) + pages * ENTRY_BYTES)
    i32[MAGIC] = MAGIC_VALUE
    i32[VERSION] = VERSION_VALUE
    i32[PAGE_COUNT] = pages
    i32[FIRST_ENTRY] = MAP + (firstPage << ENTRY_SHIFT)
    i32[POISONED] = Arena.poison ? 1 : 0
    i32[FRESH_ENTRY] = i32[FIRST_ENTRY]
    i32[HIGH_ENTRY] = i32[FIRST_ENTRY]
    return new Arena(buffer)
  }

  /** The arena in this buffer, made by create in any thread. */
  static attach(buffer: SharedArrayBuffer): Arena {
    const arena = new Arena(buffer)
    assert(arena.i32[MAGIC] === MAGIC_VALUE && arena.i32[VERSION] === VERSION_VALUE, 'the buffer holds an arena')
    assert(arena.i32[PAGE_COUNT] * PAGE_BYTES === arena.u8.length, 'the arena is as long as its buffer')
    return arena
  }

  /** The offset of a block of at least that many bytes, not zeroed; 0 when it does not fit. */
  allocate(bytes: number): number {
    if (!(bytes >= 0 && bytes <= MAX_SMALL_BYTES)) return this.allocateRun(bytes)
    const { i32 } = this
    const sizeClass = CLASS_OF_UNITS[(bytes + 7) >>> 3]
    const entry = i32[PARTIAL + sizeClass]
    if (entry === 0) return this.allocateFresh(bytes, sizeClass)
    const block = i32[entry + ENTRY_FREE]
    const free = i32[block >>> 2]
    i32[entry + ENTRY_FREE] = free
    if (free === 0) {
      const next = i32[entry + ENTRY_NEXT]
      i32[PARTIAL + sizeClass] = next
      if (next !== 0) i32[next + ENTRY_PREV] = 0
    }
    i32[entry + ENTRY_USED]++
    i32[USED_BYTES] += CLASS_BYTES[sizeClass]
    i32[BLOCK_COUNT]++
    if (this.poisoned) this.unpoison(block, CLASS_BYTES[sizeClass])
    return block
  }

  /** Frees the live block at this offset. */
  release(offset: number): void {
    const { i32 } = this
    let entry = entryOfOffset(offset)
    let tag = i32[entry + ENTRY_TAG]
    if (tag < 0) {
      entry += tag << ENTRY_SHIFT
      tag = i32[entry + ENTRY_TAG]
    }
    if (tag > CLASS_COUNT) {
      this.releaseRun(offset, entry)
      return
    }
    assert(tag > 0 && (offset & 7) === 0, 'a live block is released')
    if (this.poisoned) {
      assertLiveBlock(i32, entry, tag, offset)
      poison(i32, offset, CLASS_BYTES[tag])
    }
    const free = i32[entry + ENTRY_FREE]
    const used = i32[entry + ENTRY_USED] - 1
    i32[offset >>> 2] = free
    i32[entry + ENTRY_FREE] = offset
    i32[entry + ENTRY_USED] = used
    i32[USED_BYTES] -= CLASS_BYTES[tag]
    i32[BLOCK_COUNT]--
    if (used === 0) closeSpan(i32, entry, tag, free !== 0)
    else if (free === 0) linkPartial(i32, entry, tag)
  }

  /** How many bytes the live block at this offset can hold: what was asked for or more. */
  capacity(offset: number): number {
    const { i32 } = this
    const entry = entryOfOffset(offset)
    const tag = i32[entry + ENTRY_TAG]
    const sizeClass = tag < 0 ? i32[entry + (tag << ENTRY_SHIFT) + ENTRY_TAG] : tag
    assert(sizeClass > 0 && sizeClass <= TAG_RUN, 'a live block has a capacity')
    return sizeClass === TAG_RUN ? i32[entry + ENTRY_PAGES] << PAGE_SHIFT : CLASS_BYTES[sizeClass]
  }

  /** Whether allocate would find room. O(1) but for large blocks in a nearly full arena. */
  fits(bytes: number): boolean {
    const { i32 } = this
    assert(bytes >= 0, 'a block has a size')
    if (bytes <= MAX_SMALL_BYTES) {
      const sizeClass = CLASS_OF_UNITS[(bytes + 7) >>> 3]
      if (i32[PARTIAL + sizeClass] !== 0 || i32[BUMP + sizeClass] !== 0) return true
    }
    return bytes <= MAX_ARENA_BYTES && hasPages(i32, pagesFor(bytes))
  }

  /** The sum of the capacities of all live blocks. */
  get usedBytes(): number {
    return this.i32[USED_BYTES]
  }

  /** What the arena needs for itself, as far as it is in use: header, root, and the page map up to the high page. */
  get overheadBytes(): number {
    return (this.i32[HIGH_ENTRY] - this.i32[FIRST_ENTRY] + MAP) * 4
  }

  /** What may be resident: all that was ever in use, overheadBytes included. Never shrinks. */
  get touchedBytes(): number {
    return offsetOfEntry(this.i32[HIGH_ENTRY]) - offsetOfEntry(this.i32[FIRST_ENTRY]) + this.overheadBytes
  }

  get totalBytes(): number {
    return this.u8.length
  }

  /** How many blocks are live. */
  get blockCount(): number {
    return this.i32[BLOCK_COUNT]
  }

  /** Frees every block and zeroes the root. O(pages in use), not O(blocks); memory stays resident and is used first. */
  reset(): void {
    this.releaseAll()
    this.i32.fill(0, ROOT >> 2, (ROOT + ROOT_BYTES) >> 2)
  }

  /** Frees every block, and leaves the root as it is. */
  releaseAll(): void {
    const { i32 } = this
    const first = i32[FIRST_ENTRY]
    const fresh = i32[FRESH_ENTRY]
    if (this.poisoned) poison(i32, offsetOfEntry(first), offsetOfEntry(fresh) - offsetOfEntry(first))
    i32.fill(0, first, fresh)
    i32.fill(0, PARTIAL, HEADER_END)
    i32[FRESH_ENTRY] = first
    i32[USED_BYTES] = 0
    i32[BLOCK_COUNT] = 0
  }

  /** Walks the whole arena and throws an AssertionError naming the invariant it finds broken (check.ts). */
  check(visit?: (offset: number, capacity: number) => void): void {
    checkArena(this.i32, visit)
  }

  /** A block of a class that has no free one: a fresh one, or else pages for it alone, or 0. */
  private allocateFresh(bytes: number, sizeClass: number): number {
    const block = takeFreshBlock(this.i32, sizeClass)
    // A span may be longer than any gap while its block would fit one.
    if (block === 0) return this.allocateRun(bytes)
    if (this.poisoned) assertPoisoned(this.i32, block, CLASS_BYTES[sizeClass])
    return block
  }

  private allocateRun(bytes: number): number {
    const { i32 } = this
    assert(bytes >= 0, 'a block has a size')
    if (bytes > MAX_ARENA_BYTES) return 0
    const pages = pagesFor(bytes)
    const entry = takePages(i32, pages)
    if (entry === 0) return 0
    i32[entry + ENTRY_TAG] = TAG_RUN
    i32[entry + ENTRY_PAGES] = pages
    i32[USED_BYTES] += pages << PAGE_SHIFT
    i32[BLOCK_COUNT]++
    const offset = offsetOfEntry(entry)
    if (this.poisoned) assertPoisoned(i32, offset, pages << PAGE_SHIFT)
    return offset
  }

  private releaseRun(offset: number, entry: number): void {
    const { i32 } = this
    assert(i32[entry + ENTRY_TAG] === TAG_RUN && offset === offsetOfEntry(entry), 'a live block is released')
    const pages = i32[entry + ENTRY_PAGES]
    if (this.poisoned) poison(i32, offset, pages << PAGE_SHIFT)
    i32[entry + ENTRY_TAG] = 0
    i32[USED_BYTES] -= pages << PAGE_SHIFT
    i32[BLOCK_COUNT]--
    givePages(i32, entry, pages)
  }

  /** Takes the link out of a block that comes from a free list, and asserts that the rest is as release left it. */
  private unpoison(block: number, bytes: number): void {
    this.i32[block >>> 2] = POISON_WORD
    assertPoisoned(this.i32, block, bytes)
  }
}
