/* Changes in the middle of a list, in both encodings. Baton holder. All take the cursor away, and throw ARENA_FULL with
 * nothing changed. */
import * as listpack from '../../structure/listpack.ts'
import { removeEqual } from '../../structure/listpack-search.ts'
import { expand, keepDepth } from '../../structure/quicklist-compress.ts'
import {
  insertElement,
  keepElements,
  removeElements,
  removeFromNode,
  replaceElement,
} from '../../structure/quicklist-edit.ts'
import { depthOf, endNode, isCompressed, nextNode, nodeAt, nodesOf } from '../../structure/quicklist-node.ts'
import { ARENA_FULL } from '../keyspace.ts'
import type { List } from './list.ts'

const NONE = new Set<number>()

/** Inserts an element after the cursor's or before it. See List.convertToAdd(). */
export function insertAtCursor(list: List, after: boolean, bytes: Uint8Array, offset: number, length: number): void {
  const { arena } = list
  if (list.isListpack) {
    const p = after ? listpack.next(arena.u8, list.p) : list.p
    const distance = growBehind(list, p, listpack.insertedBytes(bytes, offset, length))
    listpack.insert(arena.u8, list.at, list.at + distance, bytes, offset, length)
    return
  }
  own(list)
  const isLarge = length >= list.limits.quicklistPackedThreshold
  if (!insertElement(arena, list.block, list.node, list.p, after, bytes, offset, length, isLarge)) throw ARENA_FULL
}

/** Gives the cursor's element another text. See List.convertToAdd(). */
export function replaceAtCursor(list: List, bytes: Uint8Array, offset: number, length: number): void {
  const { arena } = list
  if (list.isListpack) {
    const growth = listpack.insertedBytes(bytes, offset, length) - listpack.elementBytes(arena.u8, list.p)
    const distance = growBehind(list, list.p, growth)
    listpack.replace(arena.u8, list.at, list.at + distance, bytes, offset, length)
    list.shrinkListpack()
    return
  }
  own(list)
  const isLarge = length >= list.limits.quicklistPackedThreshold
  if (!replaceElement(arena, list.block, list.node, list.p, bytes, offset, length, isLarge)) throw ARENA_FULL
}

/** Takes out up to `most` elements with this text, from the head on or from the tail on; returns how many. O(n). */
export function removeMatches(
  list: List,
  fromHead: boolean,
  most: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  const { arena, block } = list
  if (list.isListpack) {
    const removed = removeEqual(arena.u8, list.at, fromHead, most, bytes, offset, length)
    if (removed > 0) list.shrinkListpack()
    return removed
  }
  const isCompressible = depthOf(arena, block) > 0
  const expandedNodes = isCompressible ? expandMatches(list, fromHead, most, bytes, offset, length) : NONE
  let removed = 0
  let next = 0
  for (let node = endNode(arena, block, fromHead); node !== 0 && removed < most; node = next) {
    next = nextNode(arena, node, fromHead)
    // What is compressed still has none.
    if (isCompressed(arena, node)) continue
    const nodes = nodesOf(arena, block)
    removed += removeFromNode(arena, block, node, fromHead, most - removed, bytes, offset, length)
    if (nodesOf(arena, block) < nodes) expandedNodes.delete(node)
  }
  if (removed === 0) return 0
  keepDepth(arena, block, 0)
  for (const node of expandedNodes) keepDepth(arena, block, node)
  return removed
}

/** Expands the compressed nodes with elements that removeMatches() is to take out: the part that may fail. */
function expandMatches(
  list: List,
  fromHead: boolean,
  most: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): Set<number> {
  const { arena, block } = list
  const nodes = new Set<number>()
  let left = most
  for (let isThere = list.seek(fromHead ? 0 : -1); isThere && left > 0; isThere = list.step(fromHead)) {
    if (list.moveToEqual(fromHead, bytes, offset, length, Number.POSITIVE_INFINITY) < 0) break
    left--
    if (isCompressed(arena, list.node)) nodes.add(list.node)
  }
  for (const node of nodes) {
    if (expand(arena, node)) continue
    for (const each of nodes) keepDepth(arena, block, each)
    throw ARENA_FULL
  }
  return nodes
}

/** Takes out `count` elements from index `start` on; there are as many. */
export function removeRange(list: List, start: number, count: number): void {
  const { arena } = list
  if (!list.isListpack) {
    if (!removeElements(arena, list.block, start, count)) throw ARENA_FULL
    return
  }
  list.at = listpack.removeElements(arena.u8, list.at, start, count)
  arena.u32[list.block >> 2] = list.at - list.block
  list.shrinkListpack()
}

/** Takes out all but `count` elements from index `start` on; there is at least one. */
export function keepRange(list: List, start: number, count: number): void {
  const { arena } = list
  if (!list.isListpack) {
    if (!keepElements(arena, list.block, start, count)) throw ARENA_FULL
    return
  }
  const end = start + count
  removeRange(list, end, list.count - end)
  removeRange(list, 0, start)
}

/** Makes sure of room behind the listpack, which may move; returns the distance of place `p` from its beginning. */
function growBehind(list: List, p: number, growth: number): number {
  const { arena, at } = list
  const end = at + listpack.listpackBytes(arena.u8, at)
  if (end + growth > list.block + arena.capacity(list.block)) list.makeRoom(0, growth)
  return p - at
}

/** Gives the cursor's node its listpack back if it is compressed. */
function own(list: List): void {
  const { arena, node } = list
  if (!isCompressed(arena, node)) return
  if (!expand(arena, node)) throw ARENA_FULL
  list.p += nodeAt(arena, node) - list.base
  list.base = nodeAt(arena, node)
  list.bytes = arena.u8
}
