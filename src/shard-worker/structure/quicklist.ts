/* The quicklist: a list of nodes in both directions, each with a run of elements in a listpack, so that the ends are
 * O(1), the middle costs a walk over nodes, and an element costs no pointers. Baton holder. Hot: plain functions of an
 * arena and the offsets of a quicklist and of nodes, which quicklist-node.ts draws.
 *
 * What makes nodes split and merge is Redis's, so that both servers cut the same list into the same nodes
 * (https://redis.io/docs/reference/optimization/memory-optimization/). Here are whole quicklists and their ends;
 * quicklist-edit.ts changes the middle, quicklist-compress.ts compresses it.
 *
 * I1  the links agree in both directions, and head and tail are the ends.
 * I2  count is the sum of the nodes' counts, none of which is 0; nodes is their number.
 * I3  a node's count is that of its listpack; a PLAIN node has one element, which fits its block. */
import { assert } from '../../base/assert.ts'
import { copyBytes } from '../../base/bytes.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import * as listpack from './listpack.ts'
import { checkListpackBlock, createListpack, makeRoom, placed, shrink } from './listpack-block.ts'
import { appendShort, prependShort, SHORT_OVERHEAD_BYTES } from './listpack-short.ts'
import { checkCompressed, expand, expanded, keepDepth } from './quicklist-compress.ts'
import {
  COUNT,
  COUNT_MASK,
  countOf,
  depthOf,
  ELEMENT_OVERHEAD_BYTES,
  endNode,
  exceedsLimit,
  fillOf,
  HEAD,
  isCompressed,
  isPlain,
  LZF,
  limitBytes,
  MAX_DEPTH,
  MAX_FILL,
  MIN_FILL,
  NODE_AT,
  NODE_BLOCK,
  NODE_BYTES,
  NODE_COUNT,
  NODE_NEXT,
  NODE_PREVIOUS,
  NODE_SIZE,
  NODES,
  nextNode,
  nodeAt,
  nodeBlock,
  nodeCount,
  nodeSize,
  nodesOf,
  OPTIONS,
  PLAIN,
  QUICKLIST_BYTES,
  TAIL,
} from './quicklist-node.ts'

/** Room of a fresh node at least. */
const FRESH_ROOM_BYTES = 121
/** A node that is no end any more gives back what it has beyond this. */
const CLOSED_WASTE = 1.125
/** A node at an end that has shrunk to one part in so many is given a smaller block. */
const OPEN_WASTE = 4
/** How many elements leave a node before somebody looks whether it has shrunk: a mask. */
const SHRINK_MASK = 7

/* Reading. */

/** Puts the text of the element at one end into `listpack.element`; there is one. */
export function readEnd(arena: Arena, list: number, atHead: boolean): void {
  const node = endNode(arena, list, atHead)
  if (isPlain(arena, node)) return readPlain(arena, node)
  let { u8 } = arena
  let at = nodeAt(arena, node)
  if (isCompressed(arena, node)) {
    u8 = expanded(arena, node)
    at = 0
  }
  listpack.read(u8, atHead ? listpack.first(at) : listpack.previous(u8, at, listpack.end(u8, at)))
}

/** Puts the element of a plain node into `listpack.element`. */
export function readPlain(arena: Arena, node: number): void {
  listpack.element.bytes = arena.u8
  listpack.element.offset = nodeAt(arena, node)
  listpack.element.length = nodeSize(arena, node)
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
  releaseNodes(arena, list, Number.POSITIVE_INFINITY)
}

/**
 * The same a part at a time: about `parts` nodes, from the head on, which is all that is kept up to date. What is left
 * of `parts`, 0 when it is to be called again.
 */
export function releaseNodes(arena: Arena, list: number, parts: number): number {
  let left = parts
  let node = endNode(arena, list, true)
  while (node !== 0) {
    const next = nextNode(arena, node, true)
    arena.release(nodeBlock(arena, node))
    arena.release(node)
    node = next
    if (--left > 0) continue
    arena.u32[(list + HEAD) >> 2] = node
    return 0
  }
  arena.release(list)
  return left
}

/** Hands the blocks of a quicklist to `visit` that releaseNodes() has left. */
export function ownNodes(arena: Arena, list: number, visit: (block: number) => void): void {
  visit(list)
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    visit(node)
    visit(nodeBlock(arena, node))
  }
}

/** A copy in another arena or the same, node by node as they are; 0 when that has no room. O(bytes). */
export function cloneQuicklist(from: Arena, list: number, to: Arena): number {
  const copy = createQuicklist(to, fillOf(from, list), depthOf(from, list))
  if (copy === 0) return 0
  for (let node = endNode(from, list, true); node !== 0; node = nextNode(from, node, true)) {
    if (cloneNode(from, node, to, copy)) continue
    releaseQuicklist(to, copy)
    return 0
  }
  return copy
}

function cloneNode(from: Arena, node: number, to: Arena, list: number): boolean {
  const size = nodeSize(from, node)
  const packed = isCompressed(from, node)
  const bytes = packed ? nodeAt(from, node) : size
  const block = copyToBlock(to, from.u8, packed ? nodeBlock(from, node) : nodeAt(from, node), bytes)
  if (block === 0) return false
  const countAndFlags = from.u32[(node + NODE_COUNT) >> 2]
  const tail = endNode(to, list, false)
  if (addNode(to, list, tail, true, block, packed ? bytes : block, countAndFlags, size) !== 0) return true
  to.release(block)
  return false
}

/** Arena bytes of all of it. O(nodes). */
export function quicklistBytes(arena: Arena, list: number): number {
  let bytes = arena.capacity(list)
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    bytes += arena.capacity(node) + arena.capacity(nodeBlock(arena, node))
  }
  return bytes
}

/** Adds a node with a copy of the `length` bytes of a listpack; false when there is no room. */
export function appendListpack(arena: Arena, list: number, bytes: Uint8Array, offset: number, length: number): boolean {
  const block = copyToBlock(arena, bytes, offset, length)
  return block !== 0 && appendOrRelease(arena, list, block, listpack.listpackCount(arena.u8, block), 0)
}

/** Adds a plain node with this element; false when there is no room. */
export function appendPlain(arena: Arena, list: number, bytes: Uint8Array, offset: number, length: number): boolean {
  const block = copyToBlock(arena, bytes, offset, length)
  return block !== 0 && appendOrRelease(arena, list, block, 1 | PLAIN, length)
}

/** Makes a block with a listpack the last node; false when there is no room, and the block stays the caller's. */
export function adoptListpack(arena: Arena, list: number, block: number, at: number): boolean {
  const count = listpack.listpackCount(arena.u8, at)
  return addEnd(arena, list, false, block, at, count, 0)
}

/** Takes the only node's block, with its listpack, out of a quicklist, which is freed; see `placed`. */
export function dissolve(arena: Arena, list: number): void {
  const node = endNode(arena, list, true)
  placed.block = nodeBlock(arena, node)
  placed.at = nodeAt(arena, node)
  arena.release(node)
  arena.release(list)
}

/** A block with a copy of these bytes; 0 when there is no room. */
export function copyToBlock(arena: Arena, bytes: Uint8Array, offset: number, length: number): number {
  const block = arena.allocate(length)
  if (block !== 0) copyBytes(arena.u8, block, bytes, offset, length)
  return block
}

function appendOrRelease(arena: Arena, list: number, block: number, countAndFlags: number, size: number): boolean {
  if (addEnd(arena, list, false, block, block, countAndFlags, size)) return true
  arena.release(block)
  return false
}

/** Makes a block the first node or the last one; false when there is no room. */
function addEnd(
  arena: Arena,
  list: number,
  atHead: boolean,
  block: number,
  at: number,
  countAndFlags: number,
  size: number,
): boolean {
  const end = endNode(arena, list, atHead)
  const node = addNode(arena, list, end, !atHead, block, at, countAndFlags, size)
  if (node === 0) return false
  if (end !== 0) tighten(arena, end, CLOSED_WASTE)
  keepDepth(arena, list, node)
  return true
}

/**
 * Makes a block a node after or before node `beside`, which is 0 in an empty quicklist only; 0 when there is no room,
 * and the block stays the caller's. The caller calls keepDepth().
 */
export function addNode(
  arena: Arena,
  list: number,
  beside: number,
  after: boolean,
  block: number,
  at: number,
  countAndFlags: number,
  size: number,
): number {
  const node = arena.allocate(NODE_BYTES)
  if (node === 0) return 0
  const { u32 } = arena
  const next = beside === 0 ? 0 : after ? nextNode(arena, beside, true) : beside
  const previous = beside === 0 ? 0 : after ? beside : nextNode(arena, beside, false)
  const word = node >> 2
  u32[word + (NODE_PREVIOUS >> 2)] = previous
  u32[word + (NODE_NEXT >> 2)] = next
  u32[word + (NODE_BLOCK >> 2)] = block
  u32[word + (NODE_AT >> 2)] = at
  u32[word + (NODE_COUNT >> 2)] = countAndFlags
  u32[word + (NODE_SIZE >> 2)] = size
  u32[(previous !== 0 ? previous + NODE_NEXT : list + HEAD) >> 2] = node
  u32[(next !== 0 ? next + NODE_PREVIOUS : list + TAIL) >> 2] = node
  u32[(list + NODES) >> 2]++
  u32[(list + COUNT) >> 2] += countAndFlags & COUNT_MASK
  return node
}

/** Gives a node's listpack a smaller block if it takes no more than one part in `waste` of its own. */
export function tighten(arena: Arena, node: number, waste: number): void {
  if (isPlain(arena, node) || isCompressed(arena, node)) return
  if (shrink(arena, nodeBlock(arena, node), nodeAt(arena, node), 0, waste)) place(arena, node)
}

/** Has a node follow its listpack to where that was placed. */
export function place(arena: Arena, node: number): void {
  arena.u32[(node + NODE_BLOCK) >> 2] = placed.block
  arena.u32[(node + NODE_AT) >> 2] = placed.at
}

/* The ends. */

/** Whether an element of `length` bytes may be added to a node. */
export function hasSpace(arena: Arena, list: number, node: number, length: number, isLarge: boolean): boolean {
  if (isLarge || isPlain(arena, node)) return false
  const bytes = nodeSize(arena, node) + length + ELEMENT_OVERHEAD_BYTES
  return !exceedsLimit(fillOf(arena, list), bytes, nodeCount(arena, node) + 1)
}

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
  if (end === 0 || !hasSpace(arena, list, end, length, isLarge) || !expand(arena, end)) {
    return pushNode(arena, list, atHead, bytes, offset, length, isLarge)
  }
  if (!addToNode(arena, end, atHead, bytes, offset, length, limitBytes(fillOf(arena, list)))) return false
  arena.u32[(list + COUNT) >> 2]++
  return true
}

/**
 * What push() does, for a text that isShortText() calls one and a node that has room for it as it is: false, with
 * nothing done, when there is more to it. O(1).
 */
export function pushShort(
  arena: Arena,
  list: number,
  atHead: boolean,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  const { u8, u32, view } = arena
  const word = u32[(list + (atHead ? HEAD : TAIL)) >> 2] >> 2
  if (word === 0) return false
  const count = u32[word + (NODE_COUNT >> 2)]
  if (count & (PLAIN | LZF)) return false
  const at = u32[word + (NODE_AT >> 2)]
  const total = view.getUint32(at, true)
  if (exceedsLimit(fillOf(arena, list), total + length + ELEMENT_OVERHEAD_BYTES, (count & COUNT_MASK) + 1)) return false
  const block = u32[word + (NODE_BLOCK >> 2)]
  const grown = length + SHORT_OVERHEAD_BYTES
  if (atHead) {
    if (at - block < grown) return false
    u32[word + (NODE_AT >> 2)] = prependShort(u8, view, at, total, bytes, offset, length)
  } else {
    if (at + total + grown > block + arena.capacity(block)) return false
    appendShort(u8, view, at, total, bytes, offset, length)
  }
  u32[word + (NODE_COUNT >> 2)] = count + 1
  u32[(list + COUNT) >> 2]++
  return true
}

/** Adds an element at one end of a node's listpack; the caller counts it. False when there is no room. */
export function addToNode(
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
  if (!createElement(arena, bytes, offset, length, isLarge, FRESH_ROOM_BYTES, atHead)) return false
  const { block, at } = placed
  if (addEnd(arena, list, atHead, block, at, isLarge ? 1 | PLAIN : 1, length)) return true
  arena.release(block)
  return false
}

/**
 * Puts an element into a block of its own for a node to come, with a listpack that has at least `room` unless it is
 * large; see `placed`. False when there is no room.
 */
export function createElement(
  arena: Arena,
  bytes: Uint8Array,
  offset: number,
  length: number,
  isLarge: boolean,
  room: number,
  atFront: boolean,
): boolean {
  if (isLarge) {
    placed.block = copyToBlock(arena, bytes, offset, length)
    placed.at = placed.block
    return placed.block !== 0
  }
  const grown = listpack.insertedBytes(bytes, offset, length)
  if (!createListpack(arena, 0, Math.max(grown, room), atFront)) return false
  if (atFront) placed.at = listpack.prepend(arena.u8, placed.at, bytes, offset, length)
  else listpack.append(arena.u8, placed.at, bytes, offset, length)
  return true
}

/** Takes out the element at one end; there is one. False when its node is compressed and can't expand. O(1). */
export function dropEnd(arena: Arena, list: number, atHead: boolean): boolean {
  const { u8, u32 } = arena
  const node = endNode(arena, list, atHead)
  const left = nodeCount(arena, node) - 1
  if (left === 0) {
    removeNode(arena, list, node)
    keepDepth(arena, list, 0)
    return true
  }
  if (!expand(arena, node)) return false
  if (atHead) u32[(node + NODE_AT) >> 2] = listpack.removeFirst(u8, nodeAt(arena, node))
  else listpack.removeLast(u8, nodeAt(arena, node))
  u32[(node + NODE_COUNT) >> 2] = left
  u32[(list + COUNT) >> 2]--
  if ((left & SHRINK_MASK) === 0) tighten(arena, node, OPEN_WASTE)
  return true
}

/** Takes out a node with its elements. The caller calls keepDepth(). O(1). */
export function removeNode(arena: Arena, list: number, node: number): void {
  const { u32 } = arena
  const previous = nextNode(arena, node, false)
  const next = nextNode(arena, node, true)
  u32[(previous !== 0 ? previous + NODE_NEXT : list + HEAD) >> 2] = next
  u32[(next !== 0 ? next + NODE_PREVIOUS : list + TAIL) >> 2] = previous
  u32[(list + NODES) >> 2]--
  u32[(list + COUNT) >> 2] -= nodeCount(arena, node)
  arena.release(nodeBlock(arena, node))
  arena.release(node)
}

/* Checking. */

/** Asserts I1 to I3, and hands every block to `visit`. O(elements). */
export function checkQuicklist(arena: Arena, list: number, visit: (block: number) => void): void {
  visit(list)
  let elements = 0
  let seen = 0
  let previous = 0
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    assert(nextNode(arena, node, false) === previous, 'I1 the links agree in both directions')
    assert(seen < nodesOf(arena, list), 'I2 nodes is their number')
    const block = nodeBlock(arena, node)
    visit(node)
    visit(block)
    checkNode(arena, node, block)
    elements += nodeCount(arena, node)
    seen++
    previous = node
  }
  assert(previous === endNode(arena, list, false), 'I1 the last node is the tail')
  assert(seen === nodesOf(arena, list) && elements === countOf(arena, list), 'I2 count is the sum of the nodes')
}

function checkNode(arena: Arena, node: number, block: number): void {
  const at = nodeAt(arena, node)
  assert(nodeCount(arena, node) > 0, 'I2 no node is empty')
  if (isPlain(arena, node)) {
    assert(nodeCount(arena, node) === 1 && at === block, 'I3 a plain node has one element')
    assert(nodeSize(arena, node) <= arena.capacity(block), 'I3 a plain element fits its block')
    return
  }
  if (isCompressed(arena, node)) return checkCompressed(arena, node)
  checkListpackBlock(arena, block, at, 0)
  assert(listpack.listpackCount(arena.u8, at) === nodeCount(arena, node), "I3 a node's count is that of its listpack")
}
