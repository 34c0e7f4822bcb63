/* The quicklist: a list of nodes in both directions, each with a run of elements in a listpack, so that the ends are
 * O(1), the middle costs a walk over nodes, and an element costs no pointers. Baton holder. Hot: plain functions of an
 * arena and the offsets of a quicklist and of nodes.
 *
 * Quicklist, integers little-endian:
 *
 *   0      4      8       12      16         18          20
 *   | head | tail | count | nodes | fill i16 | depth u16 |
 *
 * head, tail  the nodes at the ends, 0 = none.   count  elements.   nodes  their number.
 * fill        what a node may hold: so many elements, or if negative the bytes in NODE_LIMIT_BYTES (see exceedsLimit).
 * depth       list-compress-depth.
 *
 * Node:
 *
 *   0          4      8       12   16          20     24
 *   | previous | next | block | at | count u32 | size |
 *
 * block   of a listpack (listpack-block.ts, nothing reserved), which begins at `at`; or of PLAIN bytes: one element
 *         that is large by itself, `size` bytes long.
 * count   elements in the low 24 bits, flags above.
 *
 * fill, depth and what makes nodes split and merge are Redis's, so that both servers cut the same list into the same
 * nodes (https://redis.io/docs/reference/optimization/memory-optimization/).
 *
 * I1  the links agree in both directions, and head and tail are the ends.
 * I2  count is the sum of the nodes' counts, none of which is 0; nodes is their number.
 * I3  a node's count is that of its listpack; a PLAIN node has one element, which fits its block. */
import { assert } from '../../base/assert.ts'
import { copyBytes } from '../../base/bytes.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import * as listpack from './listpack.ts'
import { checkListpackBlock, createListpack, makeRoom, placed, shrink } from './listpack-block.ts'

const QUICKLIST_BYTES = 20
const HEAD = 0
const TAIL = 4
const COUNT = 8
const NODES = 12
const OPTIONS = 16

const NODE_BYTES = 24
const NODE_PREVIOUS = 0
const NODE_NEXT = 4
const NODE_BLOCK = 8
const NODE_AT = 12
const NODE_COUNT = 16
const NODE_SIZE = 20

const COUNT_MASK = 0xffffff
const PLAIN = 1 << 24

/** Bytes of a node by fill: -1 to -5. */
const NODE_LIMIT_BYTES = [4096, 8192, 16384, 32768, 65536]
/** What a node of several elements may take when fill counts elements. */
const SAFE_NODE_BYTES = 8192
/** What an element may take beside its text, as far as limits are concerned. */
const ELEMENT_OVERHEAD_BYTES = 8
const MAX_FILL = 32767
const MIN_FILL = -NODE_LIMIT_BYTES.length
const MAX_DEPTH = 65535
/** Room of a fresh node at least. */
const FRESH_ROOM_BYTES = 121
/** A node that is no end any more gives back what it has beyond this. */
const CLOSED_WASTE = 1.125
/** A node at an end that has shrunk to one part in so many is given a smaller block. */
const OPEN_WASTE = 4
/** How many elements leave a node before somebody looks whether it has shrunk: a mask. */
const SHRINK_MASK = 7

/* Limits. */

/** Bytes that a node may take by `fill`. */
export function limitBytes(fill: number): number {
  if (fill >= 0) return SAFE_NODE_BYTES
  return NODE_LIMIT_BYTES[Math.min(-fill, NODE_LIMIT_BYTES.length) - 1]
}

/** Whether a listpack of so many bytes and elements is more than `fill` (list-max-listpack-size) allows. */
export function exceedsLimit(fill: number, bytes: number, count: number): boolean {
  return bytes > limitBytes(fill) || (fill >= 0 && count > Math.max(fill, 1))
}

/** Whether the only node of a quicklist may become a listpack: it holds at most what `fill` allows, or half of it. */
export function fitsListpack(fill: number, bytes: number, count: number, half: boolean): boolean {
  const shift = half ? 1 : 0
  return fill >= 0 ? count <= Math.max(fill, 1) >> shift : bytes <= limitBytes(fill) >> shift
}

function hasSpace(arena: Arena, list: number, node: number, length: number, isLarge: boolean): boolean {
  if (isLarge || isPlain(arena, node)) return false
  const bytes = listpack.listpackBytes(arena.u8, arena.u32[(node + NODE_AT) >> 2]) + length + ELEMENT_OVERHEAD_BYTES
  return !exceedsLimit(fillOf(arena, list), bytes, nodeCount(arena, node) + 1)
}

/* Reading. */

export function count(arena: Arena, list: number): number {
  return arena.u32[(list + COUNT) >> 2]
}

export function nodes(arena: Arena, list: number): number {
  return arena.u32[(list + NODES) >> 2]
}

export function fillOf(arena: Arena, list: number): number {
  return (arena.i32[(list + OPTIONS) >> 2] << 16) >> 16
}

export function depthOf(arena: Arena, list: number): number {
  return arena.u32[(list + OPTIONS) >> 2] >>> 16
}

/** The first node or the last one; 0 of an empty quicklist. */
export function endNode(arena: Arena, list: number, atHead: boolean): number {
  return arena.u32[(list + (atHead ? HEAD : TAIL)) >> 2]
}

/** The node after this one, or before it; 0 for none. */
export function nextNode(arena: Arena, node: number, forward: boolean): number {
  return arena.u32[(node + (forward ? NODE_NEXT : NODE_PREVIOUS)) >> 2]
}

export function nodeCount(arena: Arena, node: number): number {
  return arena.u32[(node + NODE_COUNT) >> 2] & COUNT_MASK
}

export function isPlain(arena: Arena, node: number): boolean {
  return (arena.u32[(node + NODE_COUNT) >> 2] & PLAIN) !== 0
}

/** Where a node's listpack begins, or the bytes of a plain one. */
export function nodeAt(arena: Arena, node: number): number {
  return arena.u32[(node + NODE_AT) >> 2]
}

/** Bytes of its block before a node's listpack. */
export function frontRoom(arena: Arena, node: number): number {
  return nodeAt(arena, node) - arena.u32[(node + NODE_BLOCK) >> 2]
}

/** Bytes of a node's listpack, or of its plain element. */
export function nodeSize(arena: Arena, node: number): number {
  if (isPlain(arena, node)) return arena.u32[(node + NODE_SIZE) >> 2]
  return listpack.listpackBytes(arena.u8, nodeAt(arena, node))
}

/** Puts the text of the element at one end into `listpack.element`; there is one. */
export function readEnd(arena: Arena, list: number, atHead: boolean): void {
  const node = endNode(arena, list, atHead)
  if (isPlain(arena, node)) return readPlain(arena, node)
  const at = nodeAt(arena, node)
  const { u8 } = arena
  listpack.read(u8, atHead ? listpack.first(at) : listpack.previous(u8, at, listpack.end(u8, at)))
}

/** Puts the element of a plain node into `listpack.element`. */
export function readPlain(arena: Arena, node: number): void {
  listpack.element.bytes = arena.u8
  listpack.element.offset = arena.u32[(node + NODE_BLOCK) >> 2]
  listpack.element.length = arena.u32[(node + NODE_SIZE) >> 2]
}

/* A whole quicklist. */

/** An empty quicklist; 0 when there is no room. */
export function createQuicklist(arena: Arena, fill: number, depth: number): number {
  const list = arena.allocate(QUICKLIST_BYTES)
  if (list === 0) return 0
  const word = list >> 2
  arena.u32[word + (HEAD >> 2)] = 0
  arena.u32[word + (TAIL >> 2)] = 0
  arena.u32[word + (COUNT >> 2)] = 0
  arena.u32[word + (NODES >> 2)] = 0
  const fitted = Math.max(MIN_FILL, Math.min(fill, MAX_FILL))
  arena.u32[word + (OPTIONS >> 2)] = (fitted & 0xffff) | (Math.min(depth, MAX_DEPTH) << 16)
  return list
}

/** Frees it with all its nodes. O(nodes). */
export function releaseQuicklist(arena: Arena, list: number): void {
  let node = endNode(arena, list, true)
  while (node !== 0) {
    const next = nextNode(arena, node, true)
    arena.release(arena.u32[(node + NODE_BLOCK) >> 2])
    arena.release(node)
    node = next
  }
  arena.release(list)
}

/** A copy in another arena or the same; 0 when that has no room. O(bytes). */
export function cloneQuicklist(from: Arena, list: number, to: Arena): number {
  const copy = createQuicklist(to, fillOf(from, list), depthOf(from, list))
  if (copy === 0) return 0
  for (let node = endNode(from, list, true); node !== 0; node = nextNode(from, node, true)) {
    const bytes = nodeSize(from, node)
    const append = isPlain(from, node) ? appendPlain : appendListpack
    if (append(to, copy, from.u8, nodeAt(from, node), bytes)) continue
    releaseQuicklist(to, copy)
    return 0
  }
  return copy
}

/** Arena bytes of all of it. O(nodes). */
export function quicklistBytes(arena: Arena, list: number): number {
  let bytes = arena.capacity(list)
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    bytes += arena.capacity(node) + arena.capacity(arena.u32[(node + NODE_BLOCK) >> 2])
  }
  return bytes
}

/** Adds a node with a copy of the `length` bytes of a listpack; false when there is no room. */
export function appendListpack(arena: Arena, list: number, bytes: Uint8Array, offset: number, length: number): boolean {
  const block = copyToBlock(arena, bytes, offset, length)
  return (
    block !== 0 && adoptOrRelease(arena, list, block, block, listpack.listpackCount(arena.u8, block), length, false)
  )
}

/** Adds a plain node with this element; false when there is no room. */
export function appendPlain(arena: Arena, list: number, bytes: Uint8Array, offset: number, length: number): boolean {
  const block = copyToBlock(arena, bytes, offset, length)
  return block !== 0 && adoptOrRelease(arena, list, block, block, 1 | PLAIN, length, false)
}

/** Makes a block with a listpack the last node; false when there is no room, and the block stays the caller's. */
export function adoptListpack(arena: Arena, list: number, block: number, at: number): boolean {
  const { u8 } = arena
  return adopt(arena, list, block, at, listpack.listpackCount(u8, at), listpack.listpackBytes(u8, at), false)
}

/** Takes the only node's block, with its listpack, out of a quicklist, which is freed; see `placed`. */
export function dissolve(arena: Arena, list: number): void {
  const node = endNode(arena, list, true)
  placed.block = arena.u32[(node + NODE_BLOCK) >> 2]
  placed.at = nodeAt(arena, node)
  arena.release(node)
  arena.release(list)
}

function copyToBlock(arena: Arena, bytes: Uint8Array, offset: number, length: number): number {
  const block = arena.allocate(length)
  if (block !== 0) copyBytes(arena.u8, block, bytes, offset, length)
  return block
}

function adoptOrRelease(
  arena: Arena,
  list: number,
  block: number,
  at: number,
  countAndFlags: number,
  size: number,
  atHead: boolean,
): boolean {
  if (adopt(arena, list, block, at, countAndFlags, size, atHead)) return true
  arena.release(block)
  return false
}

/** Makes a block the first node or the last one; false when there is no room. */
function adopt(
  arena: Arena,
  list: number,
  block: number,
  at: number,
  countAndFlags: number,
  size: number,
  atHead: boolean,
): boolean {
  const node = arena.allocate(NODE_BYTES)
  if (node === 0) return false
  const { u32 } = arena
  const end = endNode(arena, list, atHead)
  const word = node >> 2
  u32[word + (NODE_PREVIOUS >> 2)] = atHead ? 0 : end
  u32[word + (NODE_NEXT >> 2)] = atHead ? end : 0
  u32[word + (NODE_BLOCK >> 2)] = block
  u32[word + (NODE_AT >> 2)] = at
  u32[word + (NODE_COUNT >> 2)] = countAndFlags
  u32[word + (NODE_SIZE >> 2)] = size
  if (end !== 0) u32[(end + (atHead ? NODE_PREVIOUS : NODE_NEXT)) >> 2] = node
  u32[(list + (atHead ? HEAD : TAIL)) >> 2] = node
  if (end === 0) u32[(list + (atHead ? TAIL : HEAD)) >> 2] = node
  u32[(list + NODES) >> 2]++
  u32[(list + COUNT) >> 2] += countAndFlags & COUNT_MASK
  if (end !== 0) tighten(arena, end, CLOSED_WASTE)
  return true
}

/** Gives a node's listpack a smaller block if it wastes its own. */
function tighten(arena: Arena, node: number, waste: number): void {
  if (isPlain(arena, node)) return
  if (shrink(arena, arena.u32[(node + NODE_BLOCK) >> 2], nodeAt(arena, node), 0, waste)) place(arena, node)
}

/** Has a node follow its listpack to where that was placed. */
function place(arena: Arena, node: number): void {
  arena.u32[(node + NODE_BLOCK) >> 2] = placed.block
  arena.u32[(node + NODE_AT) >> 2] = placed.at
}

/* The ends. */

/**
 * Adds an element at one end; the bytes may lie in the arena, but not in this quicklist. `isLarge` gives it a plain
 * node of its own. False when there is no room, with nothing changed. O(1).
 */
export function push(
  arena: Arena,
  list: number,
  atHead: boolean,
  bytes: Uint8Array,
  offset: number,
  length: number,
  isLarge: boolean,
): boolean {
  const end = endNode(arena, list, atHead)
  if (end === 0 || !hasSpace(arena, list, end, length, isLarge)) {
    return pushNode(arena, list, atHead, bytes, offset, length, isLarge)
  }
  if (!addToNode(arena, end, atHead, bytes, offset, length, limitBytes(fillOf(arena, list)))) return false
  arena.u32[(list + COUNT) >> 2]++
  return true
}

/** Adds an element at one end of a node's listpack. */
function addToNode(
  arena: Arena,
  node: number,
  atHead: boolean,
  bytes: Uint8Array,
  offset: number,
  length: number,
  most: number,
): boolean {
  const { u8, u32 } = arena
  const grown = listpack.insertedBytes(bytes, offset, length)
  const block = u32[(node + NODE_BLOCK) >> 2]
  let at = u32[(node + NODE_AT) >> 2]
  if (atHead) {
    if (at - block < grown) {
      if (!makeRoom(arena, block, at, 0, grown, 0, most)) return false
      place(arena, node)
      at = placed.at
    }
    u32[(node + NODE_AT) >> 2] = listpack.prepend(u8, at, bytes, offset, length)
  } else {
    if (at + listpack.listpackBytes(u8, at) + grown > block + arena.capacity(block)) {
      if (!makeRoom(arena, block, at, 0, 0, grown, most)) return false
      place(arena, node)
      at = placed.at
    }
    listpack.append(u8, at, bytes, offset, length)
  }
  u32[(node + NODE_COUNT) >> 2]++
  return true
}

/** Adds an element at one end in a node of its own. */
function pushNode(
  arena: Arena,
  list: number,
  atHead: boolean,
  bytes: Uint8Array,
  offset: number,
  length: number,
  isLarge: boolean,
): boolean {
  if (isLarge) {
    const block = copyToBlock(arena, bytes, offset, length)
    return block !== 0 && adoptOrRelease(arena, list, block, block, 1 | PLAIN, length, atHead)
  }
  const grown = listpack.insertedBytes(bytes, offset, length)
  if (!createListpack(arena, 0, Math.max(grown, FRESH_ROOM_BYTES), atHead)) return false
  const { block } = placed
  let { at } = placed
  if (atHead) at = listpack.prepend(arena.u8, at, bytes, offset, length)
  else listpack.append(arena.u8, at, bytes, offset, length)
  return adoptOrRelease(arena, list, block, at, 1, 0, atHead)
}

/** Takes out the element at one end; there is one. O(1). */
export function dropEnd(arena: Arena, list: number, atHead: boolean): void {
  const { u8, u32 } = arena
  const node = endNode(arena, list, atHead)
  const left = nodeCount(arena, node) - 1
  if (left === 0) return removeNode(arena, list, node)
  if (atHead) u32[(node + NODE_AT) >> 2] = listpack.removeFirst(u8, nodeAt(arena, node))
  else listpack.removeLast(u8, nodeAt(arena, node))
  u32[(node + NODE_COUNT) >> 2] = left
  u32[(list + COUNT) >> 2]--
  if ((left & SHRINK_MASK) === 0) tighten(arena, node, OPEN_WASTE)
}

/** Takes out a node with its elements. O(1). */
function removeNode(arena: Arena, list: number, node: number): void {
  const { u32 } = arena
  const previous = nextNode(arena, node, false)
  const next = nextNode(arena, node, true)
  u32[(previous !== 0 ? previous + NODE_NEXT : list + HEAD) >> 2] = next
  u32[(next !== 0 ? next + NODE_PREVIOUS : list + TAIL) >> 2] = previous
  u32[(list + NODES) >> 2]--
  u32[(list + COUNT) >> 2] -= nodeCount(arena, node)
  arena.release(u32[(node + NODE_BLOCK) >> 2])
  arena.release(node)
}

/* Checking. */

/** Asserts I1 to I3, and hands every block to `visit`. O(elements). */
export function checkQuicklist(arena: Arena, list: number, visit: (block: number) => void): void {
  const { u32 } = arena
  visit(list)
  let elements = 0
  let seen = 0
  let previous = 0
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    assert(nextNode(arena, node, false) === previous, 'I1 the links agree in both directions')
    assert(seen < nodes(arena, list), 'I2 nodes is their number')
    const block = u32[(node + NODE_BLOCK) >> 2]
    visit(node)
    visit(block)
    checkNode(arena, node, block)
    elements += nodeCount(arena, node)
    seen++
    previous = node
  }
  assert(previous === endNode(arena, list, false), 'I1 the last node is the tail')
  assert(seen === nodes(arena, list) && elements === count(arena, list), 'I2 count is the sum of the nodes')
}

function checkNode(arena: Arena, node: number, block: number): void {
  const at = nodeAt(arena, node)
  assert(nodeCount(arena, node) > 0, 'I2 no node is empty')
  if (isPlain(arena, node)) {
    assert(nodeCount(arena, node) === 1 && at === block, 'I3 a plain node has one element')
    assert(nodeSize(arena, node) <= arena.capacity(block), 'I3 a plain element fits its block')
    return
  }
  checkListpackBlock(arena, block, at, 0)
  assert(listpack.listpackCount(arena.u8, at) === nodeCount(arena, node), "I3 a node's count is that of its listpack")
}
