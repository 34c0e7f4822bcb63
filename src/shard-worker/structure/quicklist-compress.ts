/* The compression of a quicklist's inner nodes (list-compress-depth): LZF, as in snapshots. Baton holder.
 *
 * Who only reads a compressed node expands it into a buffer of its thread; who changes one first gives it its listpack
 * back. Compressing is never necessary and expanding for good may find no room, so that "nodes near the ends are not
 * compressed" is what mostly holds, and nobody relies on it. */
import { assert } from '../../base/assert.ts'
import { compress, decompress } from '../../base/lzf.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import { checkListpack } from './listpack.ts'
import {
  COUNT_MASK,
  depthOf,
  endNode,
  isCompressed,
  isPlain,
  LZF,
  NODE_AT,
  NODE_BLOCK,
  NODE_COUNT,
  NODE_SIZE,
  nextNode,
  nodeAt,
  nodeBlock,
  nodeCount,
  nodeSize,
  nodesOf,
} from './quicklist-node.ts'

/** A listpack is compressed from this size on, and if it saves more than the second figure (quicklist.c of Redis). */
const MIN_COMPRESSED_BYTES = 48
const MIN_SAVED_BYTES = 8
const SCRATCH_BYTES = 64 * 1024

let scratchPacked = new Uint8Array(SCRATCH_BYTES)
let scratchExpanded = new Uint8Array(SCRATCH_BYTES)

/** The listpack of a compressed node, from offset 0 of the bytes returned on. Valid until the next call. */
export function expanded(arena: Arena, node: number): Uint8Array {
  const size = nodeSize(arena, node)
  if (scratchExpanded.length < size) scratchExpanded = new Uint8Array(size)
  else if (scratchExpanded.length > SCRATCH_BYTES && size <= SCRATCH_BYTES) {
    scratchExpanded = new Uint8Array(SCRATCH_BYTES)
  }
  const sound = decompress(arena.u8, nodeBlock(arena, node), nodeAt(arena, node), scratchExpanded, 0, size)
  assert(sound, 'what was compressed expands')
  return scratchExpanded
}

/** Gives a compressed node its listpack back for good; false when there is no room. */
export function expand(arena: Arena, node: number): boolean {
  if (!isCompressed(arena, node)) return true
  const { u8, u32 } = arena
  const size = nodeSize(arena, node)
  const block = arena.allocate(size)
  if (block === 0) return false
  const packed = nodeBlock(arena, node)
  const sound = decompress(u8, packed, nodeAt(arena, node), u8, block, size)
  assert(sound, 'what was compressed expands')
  arena.release(packed)
  u32[(node + NODE_BLOCK) >> 2] = block
  u32[(node + NODE_AT) >> 2] = block
  u32[(node + NODE_COUNT) >> 2] &= COUNT_MASK
  return true
}

/** Compresses a node, if that saves anything and there is room. */
function pack(arena: Arena, node: number): void {
  if (isPlain(arena, node) || isCompressed(arena, node)) return
  const { u8, u32 } = arena
  const size = nodeSize(arena, node)
  if (size < MIN_COMPRESSED_BYTES) return
  if (scratchPacked.length < size) scratchPacked = new Uint8Array(size)
  const packed = compress(u8, nodeAt(arena, node), size, scratchPacked, 0, size)
  const block = packed === 0 || packed + MIN_SAVED_BYTES >= size ? 0 : arena.allocate(packed)
  if (block !== 0) {
    u8.set(scratchPacked.subarray(0, packed), block)
    arena.release(nodeBlock(arena, node))
    u32[(node + NODE_BLOCK) >> 2] = block
    u32[(node + NODE_AT) >> 2] = packed
    u32[(node + NODE_SIZE) >> 2] = size
    u32[(node + NODE_COUNT) >> 2] |= LZF
  }
  if (scratchPacked.length > SCRATCH_BYTES) scratchPacked = new Uint8Array(SCRATCH_BYTES)
}

/**
 * After nodes came, went or changed: expands those nearer to an end than the depth, and compresses the first ones
 * beyond and `node`, unless that is 0. O(depth).
 */
export function keepDepth(arena: Arena, list: number, node: number): void {
  const depth = depthOf(arena, list)
  if (depth === 0) return
  let first = endNode(arena, list, true)
  let last = endNode(arena, list, false)
  let isNear = false
  for (let i = 0; i < depth && first !== 0; i++) {
    expand(arena, first)
    expand(arena, last)
    if (node === first || node === last) isNear = true
    first = nextNode(arena, first, true)
    last = nextNode(arena, last, false)
  }
  // With as few nodes as twice the depth, those from one end have reached the other's.
  if (nodesOf(arena, list) <= 2 * depth) return
  if (node !== 0 && !isNear) pack(arena, node)
  pack(arena, first)
  pack(arena, last)
}

/** Asserts that a compressed node holds a listpack of as many elements as it says. */
export function checkCompressed(arena: Arena, node: number): void {
  assert(nodeAt(arena, node) <= arena.capacity(nodeBlock(arena, node)), 'I3 a compressed node fits its block')
  const bytes = expanded(arena, node)
  checkListpack(bytes, 0, nodeSize(arena, node))
  assert((bytes[4] | (bytes[5] << 8)) === nodeCount(arena, node), "I3 a node's count is that of its listpack")
}
