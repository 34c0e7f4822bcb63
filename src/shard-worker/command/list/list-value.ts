/* What the list commands share: opening the list at a key, taking elements out of it, moving one to another list.
 * Commands that block are served by the same functions. Baton holder. Hot. */
import type { Args } from '../../../base/args.ts'
import { bytesOf, copyBytes } from '../../../base/bytes.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { TYPE_LIST, typeOf } from '../../keyspace/entry.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import { type List, listOf } from '../../keyspace/list/list.ts'
import { removeRange } from '../../keyspace/list/list-edit.ts'
import '../../keyspace/list/list-type.ts'

/** What findList() returns for a value of another type. */
export const FOREIGN = undefined

const LEFT = bytesOf('LEFT')
const RIGHT = bytesOf('RIGHT')
const SCRATCH_BYTES = 64 * 1024

/** The list to be read at argument 1, opened; null when there is none. */
export function findList(engine: Engine, args: Args): List | null | undefined {
  const { keyspace } = engine
  return openFound(engine, keyspace, keyspace.findForRead(args.bytes, args.offset[1], args.length[1]))
}

/** The list that an entry is, opened; null for no entry. */
export function openFound(engine: Engine, keyspace: Keyspace, entry: number): List | null | undefined {
  if (entry === 0) return null
  if (typeOf(keyspace.arena, entry) !== TYPE_LIST) return FOREIGN
  const list = listOf(keyspace, engine.settings)
  list.open(entry)
  return list
}

/** Whether a command that walks over the list at argument 1 is left to the worker: see Engine.defers(). */
export function deferred(engine: Engine, args: Args): boolean {
  const { keyspace } = engine
  const list = openFound(engine, keyspace, keyspace.find(args.bytes, args.offset[1], args.length[1]))
  return list ? engine.defers(list.count, 0) : false
}

/** Whether a command that walks to an index of the list at argument 1 is left to the worker. */
export function deferredSeek(engine: Engine, args: Args, index: number): boolean {
  const { keyspace } = engine
  const list = openFound(engine, keyspace, keyspace.find(args.bytes, args.offset[1], args.length[1]))
  return list ? engine.defers(list.nodesTo(index), 0) : false
}

/** Whether taking up to `most` elements from one end of the list at argument `key` is left to the worker. */
export function deferredPops(
  engine: Engine,
  keyspace: Keyspace,
  args: Args,
  key: number,
  atHead: boolean,
  most: number,
): boolean {
  const list = openFound(engine, keyspace, keyspace.find(args.bytes, args.offset[key], args.length[key]))
  if (!list) return false
  const popped = Math.min(most, list.count)
  return engine.defers(popped, list.bytesFrom(atHead ? 0 : list.count - popped, popped))
}

/** The list to be written at argument `key` of `keyspace`; not open when there is none. Null after an error reply. */
export function openForWrite(
  engine: Engine,
  keyspace: Keyspace,
  args: Args,
  key: number,
  reply: Reply,
  which: 0 | 1 = 0,
): List | null {
  const entry = keyspace.findForWrite(args.bytes, args.offset[key], args.length[key])
  const list = listOf(keyspace, engine.settings, which)
  if (entry === 0) return list
  if (typeOf(keyspace.arena, entry) !== TYPE_LIST) {
    reply.error(errors.WRONG_TYPE)
    return null
  }
  list.open(entry)
  return list
}

/** Whether argument `index` is LEFT, the head, or RIGHT, the tail; undefined after a syntax error. */
export function parseEnd(args: Args, index: number, reply: Reply): boolean | undefined {
  if (args.isOption(index, LEFT)) return true
  if (args.isOption(index, RIGHT)) return false
  reply.error(errors.SYNTAX)
  return undefined
}

/** Replies with the element at one end of the list that is open, at key argument `key`, and takes it out. */
export function popElement(
  keyspace: Keyspace,
  list: List,
  args: Args,
  key: number,
  atHead: boolean,
  reply: Reply,
): void {
  list.readEnd(atHead)
  list.reply(reply)
  list.dropEnd(atHead)
  list.settle(keyspace)
  keyspace.changed(args.bytes, args.offset[key], args.length[key])
}

/** Replies with an array of up to `most` elements at one end, from the end on, and takes them out. */
export function popElements(
  keyspace: Keyspace,
  list: List,
  args: Args,
  key: number,
  atHead: boolean,
  most: number,
  reply: Reply,
): void {
  const count = Math.min(most, list.count)
  reply.array(count)
  list.replyRange(reply, atHead ? 0 : -1, count, atHead)
  removeRange(list, atHead ? 0 : list.count - count, count)
  list.settle(keyspace)
  keyspace.changed(args.bytes, args.offset[key], args.length[key], count)
}

/**
 * Moves an element from one end of the list at argument 1 to one end of the list at argument 2, and replies with it, or
 * null when there is none.
 */
export function moveElement(engine: Engine, args: Args, fromHead: boolean, toHead: boolean, reply: Reply): void {
  const source = engine.keyspaceOf(args, 1)
  const from = openForWrite(engine, source, args, 1, reply)
  if (from === null) return
  if (!from.isOpen) return reply.nil()
  const target = engine.keyspaceOf(args, 2)
  const to = openForWrite(engine, target, args, 2, reply, 1)
  if (to === null) return
  from.readyEnd(fromHead)
  from.readEnd(fromHead)
  from.reply(reply)
  if (to.isSameAs(from)) {
    rotate(from, fromHead, toHead)
  } else {
    pushMoved(target, to, args, from, toHead)
    from.dropEnd(fromHead)
    target.wakeWatchers(args.bytes, args.offset[2], args.length[2])
  }
  from.settle(source)
  source.changed(args.bytes, args.offset[1], args.length[1])
}

/** Pushes what was read last in `from` to the list at argument 2, which is made if it is not open. */
function pushMoved(target: Keyspace, to: List, args: Args, from: List, toHead: boolean): void {
  const { valueBytes, valueOffset, valueLength } = from
  const isNew = !to.isOpen
  if (isNew) to.create(target, args.bytes, args.offset[2], args.length[2], valueLength, 1, toHead)
  const wasListpack = to.isListpack
  try {
    to.convertToAdd(valueLength, 1)
    to.push(toHead, valueBytes, valueOffset, valueLength)
  } catch (error) {
    if (isNew) to.discard(target)
    else to.revert(wasListpack)
    throw error
  }
}

let scratch = new Uint8Array(SCRATCH_BYTES)

/** Takes what was read last at one end out and adds it at one end of the same list. */
function rotate(list: List, fromHead: boolean, toHead: boolean): void {
  const { valueBytes, valueOffset, valueLength } = list
  const isShort = !list.hasRoom(valueLength)
  // It goes where it is.
  if (isShort && fromHead === toHead) return
  if (valueLength > scratch.length) scratch = new Uint8Array(valueLength)
  copyBytes(scratch, 0, valueBytes, valueOffset, valueLength)
  if (isShort) {
    // What is taken first might find no way back.
    list.push(toHead, scratch, 0, valueLength)
    list.dropEnd(fromHead)
  } else {
    list.dropEnd(fromHead)
    list.convertToAdd(valueLength, 1)
    list.push(toHead, scratch, 0, valueLength)
  }
  if (scratch.length > SCRATCH_BYTES) scratch = new Uint8Array(SCRATCH_BYTES)
}
