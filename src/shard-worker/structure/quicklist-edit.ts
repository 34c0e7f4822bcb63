/* Changes in the middle of a quicklist: elements inserted, replaced and removed, nodes split and merged, by Redis's
 * rules. Baton holder.
 *
 * A place is a node, which is not compressed, and an element p of its listpack; of a plain node p means nothing. Places
 * are valid until the next change. Whatever needs memory gets it before anything changes and returns false when there
 * is none; merging is given up then, for it is never necessary. */
import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import * as listpack from './listpack.ts'
import { makeRoom, placed } from './listpack-block.ts'
import { removeEqual } from './listpack-search.ts'
import { addNode, addToNode, copyToBlock, createElement, hasSpace, place, removeNode, tighten } from './quicklist.ts'
import { expand, keepDepth } from './quicklist-compress.ts'
import {
  COUNT,
  countOf,
  exceedsLimit,
  fillOf,
  findNode,
  found,
  isPlain,
  limitBytes,
  NODE_AT,
  NODE_BLOCK,
  NODE_COUNT,
  NODE_SIZE,
  nextNode,
  nodeAt,
  nodeBlock,
  nodeCount,
  nodeSize,
  PLAIN,
} from './quicklist-node.ts'

/** Of two listpacks made one, only one header and end remain. */
const MERGED_BYTES = listpack.EMPTY_LISTPACK_BYTES
/** See tighten(). */
const SPLIT_WASTE = 1.125
const SHRUNK_WASTE = 4

/* Inserting. */

/** Inserts an element after a place or before it; false when there is no room. `isLarge` gives it a plain node. */
export function insertElement(
  arena: Arena,
  list: number,
  node: number,
  p: number,
  after: boolean,
  bytes: Uint8Array,
  offset: number,
  length: number,
  isLarge: boolean,
): boolean {
  if (isLarge) {
    const large = addLarge(arena, list, node, p, after, bytes, offset, length)
    if (large !== 0) keepDepthAround(arena, list, large)
    return large !== 0
  }
  if (hasSpace(arena, list, node, length, false)) {
    const at = after ? listpack.next(arena.u8, p) : p
    return insertInto(arena, list, node, at, bytes, offset, length)
  }
  if (!isEdge(arena, node, p, after)) return insertBetween(arena, list, node, p, after, bytes, offset, length)
  const beside = nextNode(arena, node, after)
  if (beside !== 0 && hasSpace(arena, list, beside, length, false)) {
    const most = limitBytes(fillOf(arena, list))
    if (!expand(arena, beside) || !addToNode(arena, beside, after, bytes, offset, length, most)) return false
    arena.u32[(list + COUNT) >> 2]++
    keepDepth(arena, list, beside)
    return true
  }
  return insertNode(arena, list, node, after, bytes, offset, length)
}

/** Whether nothing in its node comes after element `p`, or before it. */
function isEdge(arena: Arena, node: number, p: number, after: boolean): boolean {
  if (isPlain(arena, node)) return true
  return after ? listpack.isEnd(arena.u8, listpack.next(arena.u8, p)) : p === listpack.first(nodeAt(arena, node))
}

/** Inserts an element into a node's listpack before `p`, which may be its end. */
function insertInto(
  arena: Arena,
  list: number,
  node: number,
  p: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  const distance = p - nodeAt(arena, node)
  if (!growBehind(arena, list, node, listpack.insertedBytes(bytes, offset, length))) return false
  const at = nodeAt(arena, node)
  listpack.insert(arena.u8, at, at + distance, bytes, offset, length)
  addToCounts(arena, list, node, 1)
  keepDepth(arena, list, node)
  return true
}

/** Makes sure of so much room behind a node's listpack, which may move. */
function growBehind(arena: Arena, list: number, node: number, growth: number): boolean {
  const block = nodeBlock(arena, node)
  const at = nodeAt(arena, node)
  if (at + listpack.listpackBytes(arena.u8, at) + growth <= block + arena.capacity(block)) return true
  if (!makeRoom(arena, block, at, 0, 0, growth, limitBytes(fillOf(arena, list)))) return false
  place(arena, node)
  return true
}

function addToCounts(arena: Arena, list: number, node: number, change: number): void {
  arena.u32[(node + NODE_COUNT) >> 2] += change
  arena.u32[(list + COUNT) >> 2] += change
}

/** Inserts an element in a node of its own beside another; false when there is no room. */
function insertNode(
  arena: Arena,
  list: number,
  beside: number,
  after: boolean,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  if (!createElement(arena, bytes, offset, length, false, 0, false)) return false
  const { block, at } = placed
  const node = addNode(arena, list, beside, after, block, at, 1, 0)
  if (node === 0) {
    arena.release(block)
    return false
  }
  keepDepth(arena, list, beside)
  keepDepth(arena, list, node)
  return true
}

/** Inserts an element between two of a node that can't take it: the node is split. */
function insertBetween(
  arena: Arena,
  list: number,
  node: number,
  p: number,
  after: boolean,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  const part = split(arena, list, node, node, p, after, listpack.insertedBytes(bytes, offset, length))
  if (part === 0) return false
  const added = addToNode(arena, part, after, bytes, offset, length, 0)
  assert(added, 'a split leaves room for what is inserted')
  arena.u32[(list + COUNT) >> 2]++
  keepDepth(arena, list, part)
  keepDepth(arena, list, mergeAround(arena, list, node))
  return true
}

/**
 * Inserts an element as a plain node, and splits the place's node if need be; returns it, 0 when there is no room. It
 * comes first, since it can be taken out again without memory. The caller calls keepDepth().
 */
function addLarge(
  arena: Arena,
  list: number,
  node: number,
  p: number,
  after: boolean,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  const block = copyToBlock(arena, bytes, offset, length)
  if (block === 0) return 0
  const large = addNode(arena, list, node, after, block, block, 1 | PLAIN, length)
  if (large === 0) {
    arena.release(block)
    return 0
  }
  if (isEdge(arena, node, p, after) || split(arena, list, node, large, p, after, 0) !== 0) return large
  removeNode(arena, list, large)
  return 0
}

function keepDepthAround(arena: Arena, list: number, node: number): void {
  const previous = nextNode(arena, node, false)
  const next = nextNode(arena, node, true)
  keepDepth(arena, list, 0)
  if (previous !== 0) keepDepth(arena, list, previous)
  if (next !== 0) keepDepth(arena, list, next)
}

/**
 * Moves what comes after element `p` of a node, or before it, into a new node after (or before) `beside`, with `room`
 * where it was cut off; returns that node, 0 when there is no room. O(bytes of the node).
 */
function split(
  arena: Arena,
  list: number,
  node: number,
  beside: number,
  p: number,
  after: boolean,
  room: number,
): number {
  const { u8, u32 } = arena
  const at = nodeAt(arena, node)
  const from = after ? listpack.next(u8, p) : listpack.first(at)
  const to = after ? listpack.end(u8, at) : p
  const block = arena.allocate(listpack.EMPTY_LISTPACK_BYTES + to - from + room)
  if (block === 0) return 0
  let moved = 0
  for (let each = from; each < to; each = listpack.next(u8, each)) moved++
  const partAt = after ? block + room : block
  listpack.copyRange(u8, partAt, from, to, moved)
  const part = addNode(arena, list, beside, after, block, partAt, moved, 0)
  if (part === 0) {
    arena.release(block)
    return 0
  }
  if (after) listpack.removeFrom(u8, at, from, moved)
  else u32[(node + NODE_AT) >> 2] = listpack.removeUpTo(u8, at, p, moved)
  addToCounts(arena, list, node, -moved)
  tighten(arena, node, SPLIT_WASTE)
  return part
}

/* Merging. */

/** Merges nodes around this one, as far as they fit into one; returns the node with its elements. */
function mergeAround(arena: Arena, list: number, center: number): number {
  const previous = nextNode(arena, center, false)
  if (previous !== 0) merge(arena, list, nextNode(arena, previous, false), previous)
  const next = nextNode(arena, center, true)
  if (next !== 0) merge(arena, list, next, nextNode(arena, next, true))
  const before = nextNode(arena, center, false)
  const target = merge(arena, list, before, center) ? before : center
  merge(arena, list, target, nextNode(arena, target, true))
  return target
}

/** Appends the elements of a node to those of the one before it, unless one is missing or both are too much for one. */
function merge(arena: Arena, list: number, node: number, next: number): boolean {
  if (node === 0 || next === 0 || isPlain(arena, node) || isPlain(arena, next)) return false
  const bytes = nodeSize(arena, node) + nodeSize(arena, next) - MERGED_BYTES
  const count = nodeCount(arena, next)
  if (exceedsLimit(fillOf(arena, list), bytes, nodeCount(arena, node) + count)) return false
  if (!expand(arena, node) || !expand(arena, next)) return false
  if (!growBehind(arena, list, node, nodeSize(arena, next) - MERGED_BYTES)) return false
  listpack.appendAll(arena.u8, nodeAt(arena, node), nodeAt(arena, next))
  addToCounts(arena, list, node, count)
  removeNode(arena, list, next)
  keepDepth(arena, list, node)
  return true
}

/* Replacing. */

/** Gives the element at a place another text; false when there is no room. */
export function replaceElement(
  arena: Arena,
  list: number,
  node: number,
  p: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  isLarge: boolean,
): boolean {
  if (isPlain(arena, node)) return replacePlain(arena, list, node, bytes, offset, length, isLarge)
  if (isLarge) return replaceByLarge(arena, list, node, p, bytes, offset, length)
  const distance = p - nodeAt(arena, node)
  const growth = listpack.insertedBytes(bytes, offset, length) - listpack.elementBytes(arena.u8, p)
  if (growth > 0 && !growBehind(arena, list, node, growth)) return false
  const at = nodeAt(arena, node)
  listpack.replace(arena.u8, at, at + distance, bytes, offset, length)
  if (growth < 0) tighten(arena, node, SHRUNK_WASTE)
  keepDepth(arena, list, node)
  return true
}

function replacePlain(
  arena: Arena,
  list: number,
  node: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  isLarge: boolean,
): boolean {
  if (!isLarge) {
    if (!insertElement(arena, list, node, 0, true, bytes, offset, length, false)) return false
    removeNode(arena, list, node)
    keepDepth(arena, list, 0)
    return true
  }
  const block = copyToBlock(arena, bytes, offset, length)
  if (block === 0) return false
  arena.release(nodeBlock(arena, node))
  const { u32 } = arena
  u32[(node + NODE_BLOCK) >> 2] = block
  u32[(node + NODE_AT) >> 2] = block
  u32[(node + NODE_SIZE) >> 2] = length
  return true
}

/** Puts a plain node in the place of an element of a listpack. */
function replaceByLarge(
  arena: Arena,
  list: number,
  node: number,
  p: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  const large = addLarge(arena, list, node, p, true, bytes, offset, length)
  if (large === 0) return false
  // The element is the last one of its node now.
  if (nodeCount(arena, node) === 1) {
    removeNode(arena, list, node)
  } else {
    listpack.removeLast(arena.u8, nodeAt(arena, node))
    addToCounts(arena, list, node, -1)
    mergeAround(arena, list, large)
  }
  keepDepthAround(arena, list, large)
  return true
}

/* Removing. */

/**
 * Takes elements with this text out of a node, which is not compressed, up to `most` from one end on; returns how many.
 * The node goes with its last one. The caller calls keepDepth(), when it has removed all that it wants to. O(bytes).
 */
export function removeFromNode(
  arena: Arena,
  list: number,
  node: number,
  fromHead: boolean,
  most: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  const { u8 } = arena
  const at = nodeAt(arena, node)
  let removed = 0
  if (!isPlain(arena, node)) removed = removeEqual(u8, at, fromHead, most, bytes, offset, length)
  else if (nodeSize(arena, node) === length && equalBytes(u8, at, bytes, offset, length)) removed = 1
  if (removed === nodeCount(arena, node)) {
    removeNode(arena, list, node)
  } else if (removed > 0) {
    addToCounts(arena, list, node, -removed)
    tighten(arena, node, SHRUNK_WASTE)
  }
  return removed
}

/**
 * Takes out `count` elements from index `start` on; there are as many. False when a compressed node of which some are
 * to stay has no room to expand; nothing has changed then. O(nodes).
 */
export function removeElements(arena: Arena, list: number, start: number, count: number): boolean {
  if (!expandEnds(arena, list, start, count)) return false
  cut(arena, list, start, count)
  const [first, last] = scratchCut
  keepDepth(arena, list, first)
  if (last !== first) keepDepth(arena, list, last)
  return true
}

/** The same with all but `count` elements from index `start` on, of which there is at least one. */
export function keepElements(arena: Arena, list: number, start: number, count: number): boolean {
  const end = start + count
  const after = countOf(arena, list) - end
  if (!expandEnds(arena, list, 0, start) || !expandEnds(arena, list, end, after)) return false
  cut(arena, list, end, after)
  cut(arena, list, 0, start)
  keepDepth(arena, list, 0)
  return true
}

/* The nodes that cut() has left a part of, 0 for none: the first and the last of them. */
const scratchCut = new Int32Array(2)

/** Takes out elements; the nodes at the ends of the range are not compressed. The caller calls keepDepth(). */
function cut(arena: Arena, list: number, start: number, count: number): void {
  scratchCut.fill(0)
  if (count === 0) return
  findNode(arena, list, start)
  let { node, offset: from } = found
  for (let left = count; left > 0; from = 0) {
    const next = nextNode(arena, node, true)
    const held = nodeCount(arena, node)
    const removed = Math.min(left, held - from)
    if (removed === held) {
      removeNode(arena, list, node)
    } else {
      removeSome(arena, list, node, from, removed)
      if (scratchCut[0] === 0) scratchCut[0] = node
      scratchCut[1] = node
    }
    left -= removed
    node = next
  }
}

/** Expands the nodes of which only a part is to be removed: the first one and the last one at most. */
function expandEnds(arena: Arena, list: number, start: number, count: number): boolean {
  if (count === 0) return true
  findNode(arena, list, start)
  let { node, offset: from } = found
  for (let left = count; left > 0; from = 0) {
    const held = nodeCount(arena, node)
    const removed = Math.min(left, held - from)
    if (removed < held && !expand(arena, node)) return false
    left -= removed
    node = nextNode(arena, node, true)
  }
  return true
}

/** Takes out a part of a node. */
function removeSome(arena: Arena, list: number, node: number, from: number, removed: number): void {
  const { u8, u32 } = arena
  const at = nodeAt(arena, node)
  u32[(node + NODE_AT) >> 2] = listpack.removeElements(u8, at, from, removed)
  addToCounts(arena, list, node, -removed)
  tighten(arena, node, SHRUNK_WASTE)
}
