/* A heap of things that expire, the soonest first: the volatile fields of a hash, and the hashes of a database that
 * have such fields. Baton holder.
 *
 * Root word, anywhere in the arena: offset of the block, 0 = the heap is empty. Block, offsets in bytes:
 *
 *   0       4
 *   | count | item u32 | item u32 | ...          as many as the block's capacity allows
 *
 * An item is the arena offset of what expires. It tells its time and keeps its place in the heap itself, so that the
 * heap costs four bytes an item, and any item is found in O(1) when it changes or goes. A volatile field's entry
 * (entry.ts) has them in what it has to spare, for it has no access, and its time needs but 48 bits:
 *
 *   4                    8          14       15
 *   | place, low 24 bits | time u48 | unused | place, high 8 bits |
 *
 * I1  no item expires before the one at (place - 1) / 2.
 * I2  an item tells its place; a volatile hash in no heap tells NOT_IN_HEAP.
 * Bound: reserve() copies the block when it doubles: 4 MiB, or half a millisecond, for a million items. */
import { assert } from '../../../base/assert.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import { accessOf, ENTRY_HEADER_BYTES, lowHalf, setAccess, volatilePrefix } from '../entry.ts'

export const NOT_IN_HEAP = 0xffffffff
const ITEMS_OFFSET = 4
const ITEM_BYTES = 4
const FIRST_BYTES = 32
/** A block is given back for a smaller one when less than this part of it is in use. */
const SPARSE_PART = 4

/* Where a volatile hash keeps what the heap of its database needs, in its prefix (see hash.ts). */
export const PREFIX_PLACE = 0
export const PREFIX_SOONEST = 8

const FIELD_HIGH_PLACE = ENTRY_HEADER_BYTES + 7
const HIGH_TIME_MASK = 0xffff
const TWO_24 = 2 ** 24
const TWO_32 = 2 ** 32

abstract class ExpiryHeap {
  protected readonly arena: Arena
  /** Byte offset of the root word. */
  protected root: number

  constructor(arena: Arena, root: number) {
    this.arena = arena
    this.root = root
  }

  /** Unix milliseconds at which an item expires. */
  abstract timeOf(item: number): number
  abstract placeOf(item: number): number
  protected abstract setPlace(item: number, place: number): void

  private get block(): number {
    return this.arena.u32[this.root >> 2]
  }

  get count(): number {
    const { block } = this
    return block === 0 ? 0 : this.arena.u32[block >> 2]
  }

  /** The item that expires first, 0 when there is none. */
  get soonest(): number {
    return this.count === 0 ? 0 : this.itemAt(0)
  }

  /** Arena bytes of the heap. */
  get bytes(): number {
    const { block } = this
    return block === 0 ? 0 : this.arena.capacity(block)
  }

  /** Makes room for `extra` more items; false when the arena has none. */
  reserve(extra: number): boolean {
    const { arena, block, count } = this
    const wanted = ITEMS_OFFSET + (count + extra) * ITEM_BYTES
    if (block !== 0 && wanted <= arena.capacity(block)) return true
    const ample = Math.max(FIRST_BYTES, wanted, ITEMS_OFFSET + 2 * count * ITEM_BYTES)
    return this.moveTo(arena.allocate(ample)) || this.moveTo(arena.allocate(wanted))
  }

  private moveTo(fresh: number): boolean {
    if (fresh === 0) return false
    const { arena, block, count } = this
    if (block === 0) {
      arena.u32[fresh >> 2] = 0
    } else {
      arena.u8.copyWithin(fresh, block, block + ITEMS_OFFSET + count * ITEM_BYTES)
      arena.release(block)
    }
    arena.u32[this.root >> 2] = fresh
    return true
  }

  /** Adds an item, for which reserve() has made room. O(log n), O(1) for one that expires after most. */
  add(item: number): void {
    const { block, count } = this
    assert(block !== 0, 'room was made before')
    this.arena.u32[block >> 2] = count + 1
    this.rise(count, item)
  }

  /** Takes an item out; false when it is in no heap. */
  remove(item: number): boolean {
    const place = this.placeOf(item)
    if (place === NOT_IN_HEAP) return false
    const { arena, count } = this
    const last = this.itemAt(count - 1)
    this.setPlace(item, NOT_IN_HEAP)
    arena.u32[this.block >> 2] = count - 1
    if (last !== item) this.settle(place, last)
    this.shrink()
    return true
  }

  /** The time of an item in the heap has changed. */
  changed(item: number): void {
    this.settle(this.placeOf(item), item)
  }

  /** What was `item` lies at `to` now, and still expires at the same time. */
  moved(item: number, to: number): void {
    const place = this.placeOf(item)
    if (place !== NOT_IN_HEAP) this.put(place, to)
  }

  /** How many items expire before `nowMs`. O(that many). */
  countBefore(nowMs: number, place = 0): number {
    if (place >= this.count || this.timeOf(this.itemAt(place)) >= nowMs) return 0
    return 1 + this.countBefore(nowMs, 2 * place + 1) + this.countBefore(nowMs, 2 * place + 2)
  }

  /** Frees the block; the items, which know nothing of it, are the caller's. */
  clear(): void {
    const { arena, block } = this
    if (block !== 0) arena.release(block)
    arena.u32[this.root >> 2] = 0
  }

  /** Gives back the block that reserve() allocated in vain. */
  dropIfEmpty(): void {
    if (this.count === 0) this.clear()
  }

  private shrink(): void {
    const { arena, block, count } = this
    if (count === 0) return this.clear()
    const wanted = ITEMS_OFFSET + count * ITEM_BYTES
    if (wanted * SPARSE_PART <= arena.capacity(block) && wanted > FIRST_BYTES) this.moveTo(arena.allocate(2 * wanted))
  }

  private itemAt(place: number): number {
    return this.arena.u32[(this.block + ITEMS_OFFSET + place * ITEM_BYTES) >> 2]
  }

  private put(place: number, item: number): void {
    this.arena.u32[(this.block + ITEMS_OFFSET + place * ITEM_BYTES) >> 2] = item
    this.setPlace(item, place)
  }

  /** Puts an item at a free place or where it belongs instead. */
  private settle(place: number, item: number): void {
    const parent = (place - 1) >> 1
    if (place > 0 && this.timeOf(this.itemAt(parent)) > this.timeOf(item)) this.rise(place, item)
    else this.sink(place, item)
  }

  private rise(from: number, item: number): void {
    const time = this.timeOf(item)
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = this.itemAt(parent)
      if (this.timeOf(above) <= time) break
      this.put(place, above)
      place = parent
    }
    this.put(place, item)
  }

  private sink(from: number, item: number): void {
    const { count } = this
    const time = this.timeOf(item)
    let place = from
    for (let child = 2 * place + 1; child < count; child = 2 * place + 1) {
      if (child + 1 < count && this.timeOf(this.itemAt(child + 1)) < this.timeOf(this.itemAt(child))) child++
      const below = this.itemAt(child)
      if (this.timeOf(below) >= time) break
      this.put(place, below)
      place = child
    }
    this.put(place, item)
  }

  /** Asserts I1 and I2, and hands the block to `own` and each item to `visit`. O(n). */
  check(own: (block: number) => void, visit: (item: number) => void): void {
    const { block, count } = this
    if (block === 0) return
    own(block)
    assert(count > 0, 'an empty heap has no block')
    assert(ITEMS_OFFSET + count * ITEM_BYTES <= this.arena.capacity(block), 'the items fit the block')
    for (let place = 0; place < count; place++) {
      const item = this.itemAt(place)
      assert(this.placeOf(item) === place, 'I2 an item tells its place')
      const parent = this.itemAt(Math.max(0, (place - 1) >> 1))
      assert(this.timeOf(parent) <= this.timeOf(item), 'I1 no item expires before its parent')
      visit(item)
    }
  }
}

/** Hands the block of the heap with this root to `visit`, if it has one: its items may be gone. */
export function ownHeap(arena: Arena, root: number, visit: (block: number) => void): void {
  const block = arena.u32[root >> 2]
  if (block !== 0) visit(block)
}

/** Unix milliseconds at which a volatile field expires. */
export function fieldExpiry(arena: Arena, entry: number): number {
  const at = (entry + ENTRY_HEADER_BYTES) >> 2
  return arena.u32[at] + (arena.u32[at + 1] & HIGH_TIME_MASK) * TWO_32
}

/** Writes it, and leaves the place there. */
export function writeFieldExpiry(arena: Arena, entry: number, expiryMs: number): void {
  const at = (entry + ENTRY_HEADER_BYTES) >> 2
  arena.u32[at] = lowHalf(expiryMs)
  arena.u32[at + 1] = (arena.u32[at + 1] & ~HIGH_TIME_MASK) | Math.floor(expiryMs / TWO_32)
}

/** The volatile fields of a hash that is a table: items are their entries. */
export class FieldHeap extends ExpiryHeap {
  /** Makes this a view of the heap with another root. */
  rebase(root: number): void {
    this.root = root
  }

  timeOf(item: number): number {
    return fieldExpiry(this.arena, item)
  }

  placeOf(item: number): number {
    return accessOf(this.arena, item) + this.arena.u8[item + FIELD_HIGH_PLACE] * TWO_24
  }

  protected setPlace(item: number, place: number): void {
    setAccess(this.arena, item, place)
    this.arena.u8[item + FIELD_HIGH_PLACE] = place >>> 24
  }
}

/** The hashes of a database that have volatile fields: items are their entries; place and time stand in the prefix. */
export class HashHeap extends ExpiryHeap {
  timeOf(item: number): number {
    return this.arena.f64[(volatilePrefix(this.arena, item) + PREFIX_SOONEST) >> 3]
  }

  placeOf(item: number): number {
    return this.arena.u32[(volatilePrefix(this.arena, item) + PREFIX_PLACE) >> 2]
  }

  protected setPlace(item: number, place: number): void {
    this.arena.u32[(volatilePrefix(this.arena, item) + PREFIX_PLACE) >> 2] = place
  }
}
