/* Lists as values: how the keyspace frees, copies, measures, checks and digests them. Baton holder. See list.ts. */
import { assert } from '../../../base/assert.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import * as listpack from '../../structure/listpack.ts'
import { checkListpackBlock } from '../../structure/listpack-block.ts'
import * as quicklist from '../../structure/quicklist.ts'
import { expanded } from '../../structure/quicklist-compress.ts'
import {
  countOf,
  endNode,
  isCompressed,
  isPlain,
  nextNode,
  nodeAt,
  nodeSize,
  nodesOf,
} from '../../structure/quicklist-node.ts'
import { ENCODING_LISTPACK, ENCODING_QUICKLIST, TYPE_LIST } from '../entry.ts'
import { registerValueType, releaseWhole } from '../value-type.ts'
import { AT_BYTES, listpackAt } from './list.ts'

function cloneListpack(from: Arena, block: number, to: Arena): number {
  const at = listpackAt(from, block)
  const bytes = listpack.listpackBytes(from.u8, at)
  const copy = to.allocate(AT_BYTES + bytes)
  if (copy === 0) return 0
  to.u8.set(from.u8.subarray(at, at + bytes), copy + AT_BYTES)
  to.u32[copy >> 2] = AT_BYTES
  return copy
}

/** Hands copies of all elements to `visit`. Cold. */
export function eachElement(arena: Arena, block: number, encoding: number, visit: (element: Uint8Array) => void): void {
  if (encoding === ENCODING_LISTPACK) return eachOfListpack(arena.u8, listpackAt(arena, block), visit)
  for (let node = endNode(arena, block, true); node !== 0; node = nextNode(arena, node, true)) {
    const at = nodeAt(arena, node)
    if (isPlain(arena, node)) visit(arena.u8.slice(at, at + nodeSize(arena, node)))
    else if (isCompressed(arena, node)) eachOfListpack(expanded(arena, node), 0, visit)
    else eachOfListpack(arena.u8, at, visit)
  }
}

function eachOfListpack(u8: Uint8Array, at: number, visit: (element: Uint8Array) => void): void {
  for (let p = listpack.first(at); !listpack.isEnd(u8, p); p = listpack.next(u8, p)) {
    listpack.read(u8, p)
    const { bytes, offset, length } = listpack.element
    visit(bytes.slice(offset, offset + length))
  }
}

registerValueType(TYPE_LIST, {
  name: 'list',
  release(arena, block, encoding) {
    if (encoding === ENCODING_LISTPACK) arena.release(block)
    else quicklist.releaseQuicklist(arena, block)
  },
  effort: (arena, block, encoding) => (encoding === ENCODING_LISTPACK ? 1 : nodesOf(arena, block)),
  releasePart(arena, block, encoding, parts) {
    if (encoding === ENCODING_LISTPACK) return releaseWhole(arena, block, encoding, parts)
    return quicklist.releaseNodes(arena, block, parts)
  },
  ownRest(arena, block, encoding, visit) {
    if (encoding === ENCODING_LISTPACK) visit(block)
    else quicklist.ownNodes(arena, block, visit)
  },
  clone(from, block, to, encoding) {
    if (encoding === ENCODING_LISTPACK) return cloneListpack(from, block, to)
    return quicklist.cloneQuicklist(from, block, to)
  },
  bytes(arena, block, encoding) {
    return encoding === ENCODING_LISTPACK ? arena.capacity(block) : quicklist.quicklistBytes(arena, block)
  },
  check(arena, block, visit, encoding) {
    if (encoding === ENCODING_QUICKLIST) {
      quicklist.checkQuicklist(arena, block, visit)
      assert(countOf(arena, block) > 0, 'I1 a list has an element')
      return
    }
    visit(block)
    const at = listpackAt(arena, block)
    checkListpackBlock(arena, block, at, AT_BYTES)
    assert(listpack.listpackCount(arena.u8, at) > 0, 'I1 a list has an element')
  },
  digest(arena, block, digest, encoding) {
    eachElement(arena, block, encoding, (element) => digest.mix(element))
  },
})
