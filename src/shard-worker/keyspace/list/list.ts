/* Lists: their elements in a block of their own. Baton holder. Hot: pushing and popping allocate no JavaScript.
 *
 * listpack   the block holds a listpack with room around it (structure/listpack-block.ts):
 *
 *   0        4
 *   | at u32 | ... listpack ... |      at: where it begins, from the start of the block
 *
 * quicklist  the block is a quicklist (structure/quicklist.ts).
 *
 * A List is a view of the list that was opened last; two are kept for each shard, for commands on two lists. A list
 * begins as a listpack, becomes a quicklist before it would exceed list-max-listpack-size, and a listpack again when
 * what is left of it is one node of at most half of that, as in Redis 7.2.
 *
 * I1  a list has at least one element when a command has ended. */
import { assert } from '../../../base/assert.ts'
import { equalBytes } from '../../../base/bytes.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import * as listpack from '../../structure/listpack.ts'
import { createListpack, makeRoom, placed, shrink } from '../../structure/listpack-block.ts'
import { replyElements } from '../../structure/listpack-reply.ts'
import { look, looked } from '../../structure/listpack-search.ts'
import { appendShort, isShortText, prependShort, SHORT_OVERHEAD_BYTES } from '../../structure/listpack-short.ts'
import * as quicklist from '../../structure/quicklist.ts'
import { expand, expanded } from '../../structure/quicklist-compress.ts'
import {
  countOf,
  endNode,
  exceedsLimit,
  findNode,
  fitsListpack,
  found,
  frontRoom,
  isCompressed,
  isPlain,
  nextNode,
  nodeAt,
  nodeCount,
  nodeSize,
  nodesOf,
} from '../../structure/quicklist-node.ts'
import { blockOf, ENCODING_LISTPACK, ENCODING_QUICKLIST, encodingOf, setBlock, setKind, TYPE_LIST } from '../entry.ts'
import { ARENA_FULL, type Keyspace } from '../keyspace.ts'

/** Bytes at the start of a listpack's block that say where it begins. */
export const AT_BYTES = 4
const LISTPACK_KIND = TYPE_LIST | (ENCODING_LISTPACK << 4)
/** Bytes that a short element takes beside its text. */
const ELEMENT_OVERHEAD_BYTES = 2
const DEFAULT_FILL = -2
/** No fresh list gets more room than this ahead: what is more, grows. */
const MAX_FRESH_ROOM_BYTES = 8192
/** A listpack that has shrunk to one part in so many of its block gets a smaller one; a mask says how often to look. */
const WASTE = 4
const SHRINK_MASK = 7
/** More bytes than anybody needs to hear of. */
const LONG_BYTES = 1024 * 1024
/** A limit that no list reaches. */
const MOST_ELEMENTS = 0x7fffffff
/** What a push may allocate beside twice its element: a node, a quicklist, blocks of the classes in between. */
const PUSH_BYTES = 512 * 1024

/** list-max-listpack-size and its like, as the commands of a thread have them. */
export interface ListLimits {
  listMaxListpackSize: number
  listCompressDepth: number
  /** An element of so many bytes gets a node of its own. */
  quicklistPackedThreshold: number
}

const NO_LIMITS: ListLimits = { listMaxListpackSize: 0, listCompressDepth: 0, quicklistPackedThreshold: 0 }

export class List {
  readonly arena: Arena
  limits: ListLimits
  private entry: number
  /** Of the list that is open: its listpack's block, or its quicklist. */
  block: number
  isListpack: boolean
  /** Where the listpack begins. */
  at: number
  /**
   * The cursor: its node, 0 in a listpack; bytes with the listpack it is in, which begins at `base`; its element there.
   * In a plain node `p` is `base`, and bytes there are those of the element.
   */
  node: number
  bytes: Uint8Array
  base: number
  p: number
  /** The element that was read last, valid until the next change or read. */
  valueBytes: Uint8Array
  valueOffset: number
  valueLength: number

  constructor(arena: Arena) {
    this.arena = arena
    this.limits = NO_LIMITS
    this.entry = 0
    this.block = 0
    this.isListpack = true
    this.at = 0
    this.node = 0
    this.bytes = arena.u8
    this.base = 0
    this.p = 0
    this.valueBytes = arena.u8
    this.valueOffset = 0
    this.valueLength = 0
  }

  /** Makes this a view of the list that `entry` is. */
  open(entry: number): void {
    const { arena } = this
    this.entry = entry
    const block = blockOf(arena, entry)
    this.block = block
    this.isListpack = encodingOf(arena, entry) === ENCODING_LISTPACK
    if (this.isListpack) this.at = listpackAt(arena, block)
  }

  get isOpen(): boolean {
    return this.entry !== 0
  }

  close(): void {
    this.entry = 0
  }

  /** Whether another view is of the same list. */
  isSameAs(other: List): boolean {
    return this.isOpen && this.entry === other.entry && this.arena === other.arena
  }

  /** Deletes the list that is open with its key. */
  discard(keyspace: Keyspace): void {
    keyspace.removeEntry(this.entry)
    this.entry = 0
  }

  /**
   * Adds the key looked up last, which was not there, as a list without elements, and opens it; the caller adds some or
   * removes it. `textBytes` and `texts` tell what will be pushed at which end. Throws ARENA_FULL with nothing changed.
   */
  create(
    keyspace: Keyspace,
    bytes: Uint8Array,
    offset: number,
    length: number,
    textBytes: number,
    texts: number,
    atHead: boolean,
  ): void {
    const { arena } = this
    const room = Math.min(textBytes + texts * ELEMENT_OVERHEAD_BYTES, MAX_FRESH_ROOM_BYTES)
    if (!createListpack(arena, AT_BYTES, room, atHead)) throw ARENA_FULL
    const { block, at } = placed
    arena.u32[block >> 2] = at - block
    try {
      this.open(keyspace.insert(LISTPACK_KIND, bytes, offset, length, block))
    } catch (error) {
      arena.release(block)
      throw error
    }
  }

  /** Number of elements. */
  get count(): number {
    return this.isListpack ? listpack.listpackCount(this.arena.u8, this.at) : countOf(this.arena, this.block)
  }

  /* The ends. */

  /** Adds an element at one end. Its bytes may not lie in this list. Throws ARENA_FULL with nothing changed. O(1). */
  push(atHead: boolean, bytes: Uint8Array, offset: number, length: number): void {
    if (this.isListpack) return this.pushToListpack(atHead, bytes, offset, length)
    const isLarge = length >= this.limits.quicklistPackedThreshold
    if (!quicklist.push(this.arena, this.block, atHead, bytes, offset, length, isLarge)) throw ARENA_FULL
  }

  /**
   * What convertToAdd() and push() do for one element, if it is as short as most, no integer, and fits where it goes:
   * false, with nothing done, when there is more to it. O(1).
   */
  pushShort(atHead: boolean, bytes: Uint8Array, offset: number, length: number): boolean {
    if (!isShortText(bytes, offset, length) || length >= this.limits.quicklistPackedThreshold) return false
    const { arena } = this
    if (!this.isListpack) return quicklist.pushShort(arena, this.block, atHead, bytes, offset, length)
    const { u8, view } = arena
    const { at, block } = this
    const total = view.getUint32(at, true)
    if (exceedsLimit(this.limits.listMaxListpackSize, total + length, this.count + 1)) return false
    const grown = length + SHORT_OVERHEAD_BYTES
    if (atHead) {
      if (at - block < AT_BYTES + grown) return false
      this.at = prependShort(u8, view, at, total, bytes, offset, length)
      arena.u32[block >> 2] = this.at - block
    } else {
      if (at + total + grown > block + arena.capacity(block)) return false
      appendShort(u8, view, at, total, bytes, offset, length)
    }
    return true
  }

  private pushToListpack(atHead: boolean, bytes: Uint8Array, offset: number, length: number): void {
    const { arena } = this
    const { u8 } = arena
    const grown = listpack.insertedBytes(bytes, offset, length)
    if (atHead) {
      if (this.at - this.block < AT_BYTES + grown) this.makeRoom(grown, 0)
      this.at = listpack.prepend(u8, this.at, bytes, offset, length)
      arena.u32[this.block >> 2] = this.at - this.block
      return
    }
    const end = this.at + listpack.listpackBytes(u8, this.at)
    if (end + grown > this.block + arena.capacity(this.block)) this.makeRoom(0, grown)
    listpack.append(u8, this.at, bytes, offset, length)
  }

  /** Makes room before the listpack or behind it; throws ARENA_FULL with nothing changed. */
  makeRoom(front: number, back: number): void {
    if (!makeRoom(this.arena, this.block, this.at, AT_BYTES, front, back, 0)) throw ARENA_FULL
    this.follow()
  }

  /** Follows the listpack to where it was placed. */
  private follow(): void {
    const { arena } = this
    const { block, at } = placed
    this.block = block
    this.at = at
    arena.u32[block >> 2] = at - block
    setBlock(arena, this.entry, block)
  }

  /** Reads the element at one end; there is one. */
  readEnd(atHead: boolean): void {
    const { arena } = this
    if (this.isListpack) {
      const { u8 } = arena
      listpack.read(u8, atHead ? listpack.first(this.at) : listpack.previous(u8, this.at, listpack.end(u8, this.at)))
    } else {
      quicklist.readEnd(arena, this.block, atHead)
    }
    this.takeElement()
  }

  private takeElement(): void {
    this.valueBytes = listpack.element.bytes
    this.valueOffset = listpack.element.offset
    this.valueLength = listpack.element.length
  }

  /** Takes out the element at one end; there is one. See settle(). Throws ARENA_FULL with nothing changed. O(1). */
  dropEnd(atHead: boolean): void {
    const { arena } = this
    if (!this.isListpack) {
      if (!quicklist.dropEnd(arena, this.block, atHead)) throw ARENA_FULL
      return
    }
    const { u8 } = arena
    if (atHead) {
      this.at = listpack.removeFirst(u8, this.at)
      arena.u32[this.block >> 2] = this.at - this.block
    } else {
      listpack.removeLast(u8, this.at)
    }
    if ((listpack.listpackCount(u8, this.at) & SHRINK_MASK) === 0) this.shrinkListpack()
  }

  /** Gives a listpack that has become much smaller than its block another. */
  shrinkListpack(): void {
    if (shrink(this.arena, this.block, this.at, AT_BYTES, WASTE)) this.follow()
  }

  /* The middle: a cursor, valid until the next change. */

  /** Puts the cursor on the element with this index, from the end when it is negative; false when there is none. */
  seek(index: number): boolean {
    const { arena } = this
    const { count } = this
    const wanted = index < 0 ? index + count : index
    if (!(wanted >= 0 && wanted < count)) return false
    if (this.isListpack) {
      this.node = 0
      this.bytes = arena.u8
      this.base = this.at
      this.p = listpack.seek(arena.u8, this.at, wanted)
      return true
    }
    findNode(arena, this.block, wanted)
    this.enter(found.node)
    if (!isPlain(arena, this.node)) this.p = listpack.seek(this.bytes, this.base, found.offset)
    return true
  }

  /** Puts the cursor into a node, at no element of a listpack yet. */
  private enter(node: number): void {
    const { arena } = this
    this.node = node
    if (isCompressed(arena, node)) {
      this.bytes = expanded(arena, node)
      this.base = 0
      return
    }
    this.bytes = arena.u8
    this.base = nodeAt(arena, node)
    this.p = this.base
  }

  /** Puts the cursor on the first element of a node, 0 for none, or on its last one. */
  enterAt(node: number, first: boolean): boolean {
    if (node === 0) return false
    this.enter(node)
    if (isPlain(this.arena, node)) return true
    const { bytes, base } = this
    this.p = first ? listpack.first(base) : listpack.previous(bytes, base, listpack.end(bytes, base))
    return true
  }

  /** Moves the cursor to the next element or the one before; false, and no place, when there is none. */
  step(forward: boolean): boolean {
    const { node, bytes } = this
    if (node === 0 || !isPlain(this.arena, node)) {
      const p = forward ? listpack.next(bytes, this.p) : listpack.previous(bytes, this.base, this.p)
      if (p !== 0 && !listpack.isEnd(bytes, p)) {
        this.p = p
        return true
      }
      if (node === 0) return false
    }
    return this.enterAt(nextNode(this.arena, node, forward), forward)
  }

  /** How many nodes seek() walks over on its way to this index, roughly. */
  nodesTo(index: number): number {
    if (this.isListpack) return 0
    const { count } = this
    const distance = index < 0 ? -index : index
    return distance > count ? 0 : (Math.min(distance, count - distance) / count) * nodesOf(this.arena, this.block)
  }

  /** Bytes of the nodes with `count` elements from index `start` on, or of as many of them as make up a long reply. */
  bytesFrom(start: number, count: number): number {
    const { arena } = this
    if (this.isListpack) return listpack.listpackBytes(arena.u8, this.at)
    if (count === 0) return 0
    findNode(arena, this.block, start)
    let bytes = 0
    let left = count + found.offset
    for (let { node } = found; node !== 0 && left > 0 && bytes <= LONG_BYTES; node = nextNode(arena, node, true)) {
      bytes += nodeSize(arena, node)
      left -= nodeCount(arena, node)
    }
    return bytes
  }

  /** Reads the element at the cursor. */
  read(): void {
    if (this.node !== 0 && isPlain(this.arena, this.node)) quicklist.readPlain(this.arena, this.node)
    else listpack.read(this.bytes, this.p)
    this.takeElement()
  }

  /**
   * Moves the cursor on to the first element with this text among `most`, of which its own is the first; returns how
   * many it has passed over, or -1 when there is none, and it is at no place then. O(n).
   */
  moveToEqual(forward: boolean, bytes: Uint8Array, offset: number, length: number, most: number): number {
    const { arena } = this
    let passed = 0
    do {
      const { node } = this
      if (node !== 0 && isPlain(arena, node)) {
        if (nodeSize(arena, node) === length && equalBytes(arena.u8, this.p, bytes, offset, length)) return passed
        passed++
      } else {
        look(this.bytes, this.base, this.p, forward, bytes, offset, length, most - passed)
        passed += looked.passed
        if (looked.p !== 0) {
          this.p = looked.p
          return passed
        }
        if (node === 0) return -1
      }
    } while (passed < most && this.enterAt(nextNode(arena, this.node, forward), forward))
    return -1
  }

  /** Replies with `count` elements from index `start` on, forward or backward; there are as many. O(start + count). */
  replyRange(reply: Reply, start: number, count: number, forward: boolean): void {
    const { arena } = this
    this.seek(start)
    for (let left = count; left > 0; ) {
      const { node } = this
      if (forward && this.bytes === arena.u8 && (node === 0 || !isPlain(arena, node))) {
        left = replyElements(arena.u8, arena.view, this.p, left, reply)
        if (left > 0) this.enterAt(nextNode(arena, node, true), true)
        continue
      }
      this.read()
      this.reply(reply)
      if (--left > 0) this.step(forward)
    }
  }

  /** Replies with the element that was read last. */
  reply(reply: Reply): void {
    const { arena, valueBytes, valueOffset, valueLength } = this
    if (valueBytes === arena.u8) reply.bulkShown(valueBytes, arena.view, valueOffset, valueLength)
    else reply.bulk(valueBytes, valueOffset, valueLength)
  }

  /* Encodings. */

  /**
   * Makes a listpack that could not take `texts` more elements with `textBytes` together a quicklist. To be called
   * before they are added. Throws ARENA_FULL with nothing changed.
   */
  convertToAdd(textBytes: number, texts: number): void {
    if (!this.isListpack) return
    const { listMaxListpackSize, listCompressDepth } = this.limits
    const { u8 } = this.arena
    const bytes = listpack.listpackBytes(u8, this.at) + textBytes
    if (exceedsLimit(listMaxListpackSize, bytes, this.count + texts)) {
      this.convertToQuicklist(listMaxListpackSize, listCompressDepth)
    }
  }

  /** Undoes convertToAdd() when what was to be added found no room; one without elements is the caller's to remove. */
  revert(wasListpack: boolean): void {
    if (!wasListpack || this.isListpack || this.count === 0) return
    this.take(toListpack(this.arena, this.block, MOST_ELEMENTS, false))
  }

  convertToQuicklist(fill: number, depth: number): void {
    const { arena } = this
    const list = quicklist.createQuicklist(arena, fill, depth)
    if (list === 0) throw ARENA_FULL
    if (this.count === 0) {
      arena.release(this.block)
    } else if (!quicklist.adoptListpack(arena, list, this.block, this.at)) {
      quicklist.releaseQuicklist(arena, list)
      throw ARENA_FULL
    }
    this.block = list
    this.isListpack = false
    this.setBlock(ENCODING_QUICKLIST)
  }

  private setBlock(encoding: number): void {
    setKind(this.arena, this.entry, TYPE_LIST, encoding)
    setBlock(this.arena, this.entry, this.block)
  }

  /**
   * After elements went: deletes a list without any, and makes a quicklist of one node a listpack once that has come
   * to half of what a listpack may hold, so that a list on the border does not change all the time.
   */
  settle(keyspace: Keyspace): void {
    if (this.count === 0) return this.discard(keyspace)
    this.convertIfSmall(true)
  }

  /** Makes a quicklist of one node a listpack if it fits one, with `half` one half as large as they may be. */
  convertIfSmall(half: boolean): void {
    if (this.isListpack) return
    const block = toListpack(this.arena, this.block, this.limits.listMaxListpackSize, half)
    if (block !== 0) this.take(block)
  }

  /** Has the listpack in a block from now on. */
  private take(block: number): void {
    assert(block !== 0, 'what was a listpack can be one again')
    this.block = block
    this.at = listpackAt(this.arena, block)
    this.isListpack = true
    this.setBlock(ENCODING_LISTPACK)
  }

  /** Makes sure that dropEnd() at this end does not fail; throws ARENA_FULL with nothing changed. */
  readyEnd(atHead: boolean): void {
    const { arena } = this
    if (!this.isListpack && !expand(arena, endNode(arena, this.block, atHead))) throw ARENA_FULL
  }

  /** Whether an element of `length` bytes surely finds room at an end; false says nothing. */
  hasRoom(length: number): boolean {
    return this.arena.fits(2 * length + PUSH_BYTES)
  }
}

/**
 * The block of a listpack with what is in a quicklist, which is gone then, if that is one node that fits one by
 * list-max-listpack-size (see convertIfSmall); else, or if there is no room, 0, and nothing has changed.
 */
export function toListpack(arena: Arena, list: number, fill: number, half: boolean): number {
  if (nodesOf(arena, list) !== 1) return 0
  const node = endNode(arena, list, true)
  if (isPlain(arena, node) || isCompressed(arena, node)) return 0
  const bytes = nodeSize(arena, node)
  if (!fitsListpack(fill, bytes, nodeCount(arena, node), half)) return 0
  const fits = frontRoom(arena, node) >= AT_BYTES
  const fresh = fits ? 0 : arena.allocate(AT_BYTES + bytes)
  if (!fits && fresh === 0) return 0
  quicklist.dissolve(arena, list)
  const { block, at } = placed
  if (fits) {
    arena.u32[block >> 2] = at - block
    return block
  }
  arena.u8.copyWithin(fresh + AT_BYTES, at, at + bytes)
  arena.u32[fresh >> 2] = AT_BYTES
  arena.release(block)
  return fresh
}

/**
 * Adds the key looked up last as a list of these elements, of at least one, in the encoding that fits them; an entry
 * that it has already is the caller's to remove afterwards. Throws ARENA_FULL with nothing changed. As in Redis, the
 * nodes are those of a list that knows no configuration.
 */
export function storeList(
  keyspace: Keyspace,
  list: List,
  bytes: Uint8Array,
  offset: number,
  length: number,
  elements: readonly Uint8Array[],
): void {
  list.create(keyspace, bytes, offset, length, 0, 0, false)
  try {
    list.convertToQuicklist(DEFAULT_FILL, 0)
    for (const element of elements) list.push(false, element, 0, element.length)
    list.convertIfSmall(false)
  } catch (error) {
    list.discard(keyspace)
    throw error
  }
}

const views: (List[] | undefined)[] = []

/** A view of lists in a keyspace's shard, which is not open yet: one of two. */
export function listOf(keyspace: Keyspace, limits: ListLimits, which: 0 | 1 = 0): List {
  const { index } = keyspace.shard
  let pair = views[index]
  if (pair === undefined || pair[0].arena !== keyspace.arena) {
    pair = [new List(keyspace.arena), new List(keyspace.arena)]
    views[index] = pair
  }
  const view = pair[which]
  view.limits = limits
  view.close()
  return view
}

/** Where the listpack begins that a block of a list holds. */
export function listpackAt(arena: Arena, block: number): number {
  return block + arena.u32[block >> 2]
}
