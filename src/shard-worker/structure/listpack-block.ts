/* A listpack in an arena block that may have room on both sides of it, so that elements come and go at either end
 * without moving the others: what a list, and each node of a quicklist, keeps its elements in. Baton holder. Hot.
 *
 *   block                    at                at + total           block + capacity
 *   | reserved bytes | front | listpack        | back               |
 *
 * The owner keeps `block` and `at`, and may have `reserved` bytes at the start of the block for itself, which it writes
 * anew when the block has moved. Where a function may move something, the outcome is in `placed`.
 *
 * I1  block + reserved <= at, and the listpack ends within the block.
 * Bound: a block that grows for more than its share of pushes at both ends in turn slides its listpack to the middle,
 * which costs O(bytes), only when at least an eighth of it is free; so a push is O(1) in the long run. */
import { assert } from '../../base/assert.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import * as listpack from './listpack.ts'

/** Where the last function of this file has put a listpack. Valid until the next call. */
export const placed = { block: 0, at: 0 }

/** A block is not worth shrinking below this. */
const KEPT_BYTES = 128
/** What a small block has to spare when it grows. */
const SPARE_BYTES = 16

/**
 * A block with an empty listpack and room for `room` bytes of elements, before it if they come at the front. False when
 * the arena has no room.
 */
export function createListpack(arena: Arena, reserved: number, room: number, atFront: boolean): boolean {
  const bytes = reserved + listpack.EMPTY_LISTPACK_BYTES + room
  const block = arena.allocate(bytes)
  if (block === 0) return false
  const at = atFront ? block + arena.capacity(block) - listpack.EMPTY_LISTPACK_BYTES : block + reserved
  listpack.initializeListpack(arena.u8, at)
  placed.block = block
  placed.at = at
  return true
}

/**
 * Makes room for `front` bytes before the listpack or `back` behind it, one of them 0. A block that has to grow doubles
 * up to `most` bytes, and grows by an eighth beyond. False when the arena has no room, with nothing changed.
 */
export function makeRoom(
  arena: Arena,
  block: number,
  at: number,
  reserved: number,
  front: number,
  back: number,
  most: number,
): boolean {
  const { u8 } = arena
  const total = listpack.listpackBytes(u8, at)
  const needed = reserved + front + total + back
  const free = arena.capacity(block) - needed
  placed.block = block
  if (free >= needed >> 3) {
    slide(u8, at, block + reserved + front + (free >> 1), total)
    return true
  }
  let moved = arena.allocate(grownBytes(needed, most))
  if (moved === 0) {
    if (free >= 0) {
      slide(u8, at, block + reserved + front + (front > 0 ? free : 0), total)
      return true
    }
    moved = arena.allocate(needed)
    if (moved === 0) return false
  }
  const to = front > 0 ? moved + arena.capacity(moved) - total : moved + reserved
  u8.copyWithin(to, at, at + total)
  arena.release(block)
  placed.block = moved
  placed.at = to
  return true
}

function grownBytes(needed: number, most: number): number {
  if (needed > most) return needed + (needed >> 3) + SPARE_BYTES
  return Math.min(most, 2 * needed)
}

function slide(u8: Uint8Array, at: number, to: number, total: number): void {
  u8.copyWithin(to, at, at + total)
  placed.at = to
}

/**
 * Moves the listpack to a smaller block if it takes no more than one part in `waste` of this one, or leaves everything
 * as it is when that finds no room; false when nothing has moved.
 */
export function shrink(arena: Arena, block: number, at: number, reserved: number, waste: number): boolean {
  const { u8 } = arena
  const capacity = arena.capacity(block)
  if (capacity <= KEPT_BYTES) return false
  const total = listpack.listpackBytes(u8, at)
  if ((total + reserved) * waste > capacity) return false
  const moved = arena.allocate(total + reserved)
  if (moved === 0) return false
  u8.copyWithin(moved + reserved, at, at + total)
  arena.release(block)
  placed.block = moved
  placed.at = moved + reserved
  return true
}

/** Asserts I1 and the listpack's own invariants. O(n). */
export function checkListpackBlock(arena: Arena, block: number, at: number, reserved: number): void {
  const end = block + arena.capacity(block)
  assert(at >= block + reserved && at < end, 'I1 the listpack begins within the block')
  listpack.checkListpack(arena.u8, at, end - at)
}
