/* What a quicklist and its nodes are made of, and how much a node may hold. Baton holder. Hot: plain functions of an
 * arena and the offsets of a quicklist and of nodes. What is done to them stands in quicklist.ts and its neighbours.
 *
 * Quicklist, integers little-endian:
 *
 *   0      4      8       12      16         18          20
 *   | head | tail | count | nodes | fill i16 | depth u16 |
 *
 * head, tail  the nodes at the ends, 0 = none.   count  elements.   nodes  their number.
 * fill        what a node may hold: so many elements, or if negative the bytes in NODE_LIMIT_BYTES (see exceedsLimit).
 * depth       list-compress-depth: nodes that far from both ends are not compressed; 0: no node is.
 *
 * Node:
 *
 *   0          4      8       12   16          20     24
 *   | previous | next | block | at | count u32 | size |
 *
 * block   holds a listpack (listpack-block.ts, nothing reserved), which begins at `at`; or with the flag PLAIN the
 *         `size` bytes of one element that is large by itself, also from `at` on; or with LZF a listpack of `size`
 *         bytes compressed to `at` bytes.
 * count   elements in the low 24 bits, flags above. */
import type { Arena } from '../../shm/arena/arena.ts'
import * as listpack from './listpack.ts'

export const QUICKLIST_BYTES = 20
export const HEAD = 0
export const TAIL = 4
export const COUNT = 8
export const NODES = 12
export const OPTIONS = 16

export const NODE_BYTES = 24
export const NODE_PREVIOUS = 0
export const NODE_NEXT = 4
export const NODE_BLOCK = 8
export const NODE_AT = 12
export const NODE_COUNT = 16
export const NODE_SIZE = 20

export const COUNT_MASK = 0xffffff
export const PLAIN = 1 << 24
export const LZF = 1 << 25

/** Bytes of a node by fill: -1 to -5. */
const NODE_LIMIT_BYTES = [4096, 8192, 16384, 32768, 65536]
/** What a node of several elements may take when fill counts elements. */
const SAFE_NODE_BYTES = 8192
/** What an element may take beside its text, as far as limits are concerned. */
export const ELEMENT_OVERHEAD_BYTES = 8
export const MAX_FILL = 32767
export const MIN_FILL = -NODE_LIMIT_BYTES.length
export const MAX_DEPTH = 65535

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

/* Reading. */

export function countOf(arena: Arena, list: number): number {
  return arena.u32[(list + COUNT) >> 2]
}

export function nodesOf(arena: Arena, list: number): number {
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

export function isCompressed(arena: Arena, node: number): boolean {
  return (arena.u32[(node + NODE_COUNT) >> 2] & LZF) !== 0
}

export function nodeBlock(arena: Arena, node: number): number {
  return arena.u32[(node + NODE_BLOCK) >> 2]
}

/** Where a node's listpack begins, or the bytes of a plain one; of a compressed one the bytes it takes. */
export function nodeAt(arena: Arena, node: number): number {
  return arena.u32[(node + NODE_AT) >> 2]
}

/** What findNode() has found. */
export const found = { node: 0, offset: 0 }

/** Finds the node of the element with this index, 0 <= index < count, and its index there; see `found`. O(nodes). */
export function findNode(arena: Arena, list: number, index: number): void {
  const count = countOf(arena, list)
  const forward = index < count / 2
  let left = forward ? index : count - 1 - index
  let node = endNode(arena, list, forward)
  for (let held = nodeCount(arena, node); left >= held; held = nodeCount(arena, node)) {
    left -= held
    node = nextNode(arena, node, forward)
  }
  found.node = node
  found.offset = forward ? left : nodeCount(arena, node) - 1 - left
}

/** Bytes of its block before a node's listpack. */
export function frontRoom(arena: Arena, node: number): number {
  return nodeAt(arena, node) - nodeBlock(arena, node)
}

/** Bytes of a node's listpack, uncompressed, or of its plain element. */
export function nodeSize(arena: Arena, node: number): number {
  if (arena.u32[(node + NODE_COUNT) >> 2] & (PLAIN | LZF)) return arena.u32[(node + NODE_SIZE) >> 2]
  return listpack.listpackBytes(arena.u8, nodeAt(arena, node))
}
