/* Lists in the RDB format: written node by node, read in every form that Redis wrote. Baton holder.
 *
 *   LIST_QUICKLIST_2  count of nodes, then of each its container and a string: PACKED, a listpack; PLAIN, one element
 *   LIST_QUICKLIST    count of nodes, each a string that is a ziplist
 *   LIST_ZIPLIST      a string that is a ziplist
 *   LIST              count, then the elements, each a string
 *
 * A list that is one listpack is written as a quicklist of one node. What is read becomes a quicklist, with the nodes
 * that it was written with, and then a listpack if it fits one; but for LIST_ZIPLIST, as in Redis. */

import type { Arena } from '../../shm/arena/arena.ts'
import { blockOf, ENCODING_QUICKLIST, encodingOf, TYPE_LIST } from '../keyspace/entry.ts'
import { ARENA_FULL, type Keyspace } from '../keyspace/keyspace.ts'
import { List, listpackAt } from '../keyspace/list/list.ts'
import { VALUE_END } from '../keyspace/open-value.ts'
import * as listpack from '../structure/listpack.ts'
import { soundListpackCount } from '../structure/listpack-integrity.ts'
import * as quicklist from '../structure/quicklist.ts'
import {
  countOf,
  endNode,
  isCompressed,
  isPlain,
  nextNode,
  nodeAt,
  nodeBlock,
  nodeSize,
  nodesOf,
} from '../structure/quicklist-node.ts'
import { EmptyValue, type LoadTarget, type ValueCodec, type ValueLoader } from './codec.ts'
import {
  CONTAINER_PACKED,
  CONTAINER_PLAIN,
  RDB_LIST,
  RDB_LIST_QUICKLIST,
  RDB_LIST_QUICKLIST_2,
  RDB_LIST_ZIPLIST,
} from './format.ts'
import { ListpackScratch } from './listpack-scratch.ts'
import { RdbError, type RdbReader, type RdbText } from './reader.ts'
import type { RdbWriter } from './writer.ts'
import { firstEntry, readEntry, soundZiplistCount } from './ziplist.ts'

const KIND_QUICKLIST = TYPE_LIST | (ENCODING_QUICKLIST << 4)
/** No node that Redis writes has more elements. */
const MOST_IN_NODE = 0xffff
const NODES_PER_STEP = 8
const LONG_LIST_NODES = 4 * NODES_PER_STEP

export const listCodec: ValueCodec = {
  type: TYPE_LIST,
  rdbTypeOf: () => RDB_LIST_QUICKLIST_2,
  isLong: ({ arena }, entry) =>
    encodingOf(arena, entry) === ENCODING_QUICKLIST && nodesOf(arena, blockOf(arena, entry)) > LONG_LIST_NODES,
  writeStep(writer, { arena }, entry, cursor) {
    const block = blockOf(arena, entry)
    if (encodingOf(arena, entry) === ENCODING_QUICKLIST) return writeNodes(writer, arena, block, cursor)
    writer.integer(1)
    writePacked(writer, arena, listpackAt(arena, block))
    return VALUE_END
  },
  loaders: [
    [RDB_LIST_QUICKLIST_2, () => new ElementsLoader(readContainer)],
    [RDB_LIST_QUICKLIST, () => new ElementsLoader(readZiplistNode)],
    [RDB_LIST, () => new ElementsLoader(readElement)],
    [RDB_LIST_ZIPLIST, () => ziplistLoader],
  ],
}

/** Writes some nodes, after their number if `cursor` is 0; a cursor is the node that comes next. */
function writeNodes(writer: RdbWriter, arena: Arena, list: number, cursor: number): number {
  if (cursor === 0) writer.integer(nodesOf(arena, list))
  let node = cursor === 0 ? endNode(arena, list, true) : cursor
  for (let left = NODES_PER_STEP; left > 0 && node !== 0; left--) {
    writeNode(writer, arena, node)
    node = nextNode(arena, node, true)
  }
  return node === 0 ? VALUE_END : node
}

function writeNode(writer: RdbWriter, arena: Arena, node: number): void {
  const at = nodeAt(arena, node)
  if (isPlain(arena, node)) {
    writer.integer(CONTAINER_PLAIN)
    writer.string(arena.u8, at, nodeSize(arena, node))
  } else if (isCompressed(arena, node)) {
    writer.integer(CONTAINER_PACKED)
    writer.lzf(arena.u8, nodeBlock(arena, node), at, nodeSize(arena, node))
  } else writePacked(writer, arena, at)
}

function writePacked(writer: RdbWriter, { u8 }: Arena, at: number): void {
  writer.integer(CONTAINER_PACKED)
  writer.string(u8, at, listpack.listpackBytes(u8, at))
}

/** Adds the key with an empty quicklist, to which the steps of a loader append. */
function createList(target: LoadTarget): void {
  const { keyspace, settings } = target
  const { arena } = keyspace
  target.lookUp()
  const list = quicklist.createQuicklist(arena, settings.listMaxListpackSize, settings.listCompressDepth)
  if (list === 0) throw ARENA_FULL
  try {
    target.entry = keyspace.insert(KIND_QUICKLIST, target.bytes, target.offset, target.length, list)
  } catch (error) {
    quicklist.releaseQuicklist(arena, list)
    throw error
  }
}

/** A count, then so many nodes or elements, each read in one step by `read`. */
class ElementsLoader implements ValueLoader {
  private left = -1
  private readonly read: (reader: RdbReader, target: LoadTarget, list: number) => void

  constructor(read: (reader: RdbReader, target: LoadTarget, list: number) => void) {
    this.read = read
  }

  begin(): void {
    this.left = -1
  }

  step(reader: RdbReader, target: LoadTarget): boolean {
    if (this.left < 0) {
      const count = reader.integer()
      if (count === 0) throw new EmptyValue()
      createList(target)
      this.left = count
      return false
    }
    const { arena } = target.keyspace
    const list = blockOf(arena, target.entry)
    this.read(reader, target, list)
    if (--this.left > 0) return false
    if (countOf(arena, list) === 0) throw new EmptyValue()
    convert(target)
    return true
  }
}

const views: List[] = []

/** Makes a quicklist that has been loaded a listpack if it fits one. */
function convert({ keyspace, entry, settings }: LoadTarget): void {
  const view = viewOf(keyspace)
  view.limits = settings
  view.open(entry)
  view.convertIfSmall(false)
}

function viewOf({ arena, shard: { index } }: Keyspace): List {
  if (views[index]?.arena !== arena) views[index] = new List(arena)
  return views[index]
}

function readElement(reader: RdbReader, target: LoadTarget, list: number): void {
  reader.string(target.first)
  push(target, list, target.first)
}

function push({ keyspace, settings }: LoadTarget, list: number, { bytes, offset, length }: RdbText): void {
  const isLarge = length >= settings.quicklistPackedThreshold
  if (!quicklist.push(keyspace.arena, list, false, bytes, offset, length, isLarge)) throw ARENA_FULL
}

function readContainer(reader: RdbReader, target: LoadTarget, list: number): void {
  const { first: text, keyspace } = target
  const container = reader.integer()
  if (container !== CONTAINER_PACKED && container !== CONTAINER_PLAIN) {
    throw new RdbError('Quicklist integrity check failed.')
  }
  reader.string(text)
  const { bytes, offset, length } = text
  if (length === 0) throw new RdbError('Quicklist integrity check failed.')
  if (container === CONTAINER_PLAIN) {
    if (!quicklist.appendPlain(keyspace.arena, list, bytes, offset, length)) throw ARENA_FULL
    return
  }
  const count = soundListpackCount(bytes, offset, length)
  if (count < 0 || count > MOST_IN_NODE) throw new RdbError('Listpack integrity check failed.')
  if (count > 0 && !quicklist.appendListpack(keyspace.arena, list, bytes, offset, length)) throw ARENA_FULL
}

const scratch = new ListpackScratch()

function readZiplistNode(reader: RdbReader, target: LoadTarget, list: number): void {
  const { first: text, second: element, keyspace } = target
  reader.string(text)
  const count = soundZiplistCount(text.bytes, text.offset, text.length)
  if (count < 0 || count > MOST_IN_NODE) throw new RdbError('Ziplist integrity check failed.')
  if (count === 0) return
  scratch.clear()
  let p = firstEntry(text.offset)
  for (let i = 0; i < count; i++) {
    p = readEntry(text.bytes, p, element)
    scratch.append(element)
  }
  const bytes = listpack.listpackBytes(scratch.bytes, 0)
  if (!quicklist.appendListpack(keyspace.arena, list, scratch.bytes, 0, bytes)) throw ARENA_FULL
}

const ziplistLoader: ValueLoader = {
  begin: () => {},
  step(reader, target) {
    const { first: text, second: element } = target
    reader.string(text)
    const count = soundZiplistCount(text.bytes, text.offset, text.length)
    if (count < 0) throw new RdbError('List ziplist integrity check failed.')
    if (count === 0) throw new EmptyValue()
    createList(target)
    const list = blockOf(target.keyspace.arena, target.entry)
    let p = firstEntry(text.offset)
    for (let i = 0; i < count; i++) {
      p = readEntry(text.bytes, p, element)
      push(target, list, element)
    }
    return true
  },
}
