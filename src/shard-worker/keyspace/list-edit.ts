/* Changes in the middle of a list, in both encodings. Baton holder. All take the cursor away, and throw ARENA_FULL with
 * nothing changed. */
import * as listpack from '../structure/listpack.ts'
import { expand, keepDepth } from '../structure/quicklist-compress.ts'
import {
  insertElement,
  keepElements,
  removeElement,
  removeElements,
  replaceElement,
  tightenAll,
} from '../structure/quicklist-edit.ts'
import { depthOf, isCompressed, nextNode, nodeAt } from '../structure/quicklist-node.ts'
import { ARENA_FULL } from './keyspace.ts'
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
  const isCompressible = !list.isListpack && depthOf(list.arena, list.block) > 0
  const nodes = isCompressible ? expandMatches(list, fromHead, most, bytes, offset, length) : NONE
  let removed = 0
  for (let isThere = list.seek(fromHead ? 0 : -1); isThere && removed < most; ) {
    if (list.matches(bytes, offset, length)) {
      isThere = removeAtCursor(list, fromHead, nodes)
      removed++
    } else {
      isThere = list.step(fromHead)
    }
  }
  if (removed > 0) tidyUp(list, nodes)
  return removed
}

/** After elements went here and there: gives their room back, and compresses what was expanded. */
function tidyUp(list: List, expandedNodes: Set<number>): void {
  if (list.isListpack) return list.shrinkListpack()
  const { arena, block } = list
  tightenAll(arena, block)
  keepDepth(arena, block, 0)
  for (const node of expandedNodes) keepDepth(arena, block, node)
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
  const nodes = new Set<number>()
  let left = most
  for (let isThere = list.seek(fromHead ? 0 : -1); isThere && left > 0; isThere = list.step(fromHead)) {
    if (!list.matches(bytes, offset, length)) continue
    left--
    if (isCompressed(list.arena, list.node)) nodes.add(list.node)
  }
  for (const node of nodes) {
    if (expand(list.arena, node)) continue
    for (const each of nodes) keepDepth(list.arena, list.block, each)
    throw ARENA_FULL
  }
  return nodes
}

/**
 * Takes the cursor's element out, and its node from `nodes` if it goes, and moves the cursor to the next one or the one
 * before; false when there is none.
 */
function removeAtCursor(list: List, forward: boolean, nodes: Set<number>): boolean {
  const { arena, node } = list
  if (list.isListpack) {
    listpack.remove(arena.u8, list.at, list.p)
    return stay(list, forward)
  }
  const beside = nextNode(arena, node, forward)
  if (removeElement(arena, list.block, node, list.p)) {
    nodes.delete(node)
    return list.enterAt(beside, forward)
  }
  return stay(list, forward) || list.enterAt(beside, forward)
}

/** After the cursor's element went: the one in its place now, or the one before that, of the same listpack. */
function stay(list: List, forward: boolean): boolean {
  if (forward) return !listpack.isEnd(list.bytes, list.p)
  list.p = listpack.previous(list.bytes, list.base, list.p)
  return list.p !== 0
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
