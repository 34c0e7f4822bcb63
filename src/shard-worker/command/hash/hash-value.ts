/* What the hash commands share: opening the hash at argument 1. Baton holder. Hot. */
import type { Args } from '../../../base/args.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import type { Engine } from '../../engine.ts'
import { TYPE_HASH, typeOf } from '../../keyspace/entry.ts'
import { type Hash, hashOf } from '../../keyspace/hash/hash.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import * as listpack from '../../structure/listpack.ts'

/** What findHash() returns for a value of another type. */
export const FOREIGN = undefined
/** What findWhole() returns for a hash that the worker is to deal with. */
export const DEFERRED = false

/** The hash to be read at argument 1, opened; null when there is none. */
export function findHash(engine: Engine, args: Args): Hash | null | undefined {
  const { keyspace } = engine
  return openFound(keyspace, keyspace.findForRead(args.bytes, args.offset[1], args.length[1]))
}

/** The hash that an entry is, opened; null for no entry. */
export function openFound(keyspace: Keyspace, entry: number): Hash | null | undefined {
  if (entry === 0) return null
  if (typeOf(keyspace.arena, entry) !== TYPE_HASH) return FOREIGN
  const hash = hashOf(keyspace)
  hash.open(entry)
  return hash
}

/**
 * The same for a command that replies with all of the hash. DEFERRED when that is long work: the caller returns, and
 * the command runs again on the worker.
 */
export function findWhole(engine: Engine, args: Args): Hash | null | undefined | typeof DEFERRED {
  const { keyspace } = engine
  const entry = keyspace.find(args.bytes, args.offset[1], args.length[1])
  const hash = openFound(keyspace, entry)
  if (hash && engine.defers(2 * hash.count, hash.textBytes)) return DEFERRED
  keyspace.noteRead(entry)
  return hash
}

/** The same to be written; not open when there is none. Null after an error reply. */
export function openForWrite(engine: Engine, args: Args, reply: Reply): Hash | null {
  const { keyspace, settings } = engine
  const entry = keyspace.findForWrite(args.bytes, args.offset[1], args.length[1])
  const hash = hashOf(keyspace)
  hash.maxEntries = settings.hashMaxListpackEntries
  hash.maxValue = settings.hashMaxListpackValue
  if (entry === 0) {
    hash.close()
    return hash
  }
  if (typeOf(keyspace.arena, entry) !== TYPE_HASH) {
    reply.error(errors.WRONG_TYPE)
    return null
  }
  hash.open(entry)
  return hash
}

/** Adds the hash that openForWrite() did not find, with room for the arguments from 2 on, which the caller sets. */
export function createFor(args: Args, hash: Hash): void {
  const texts = args.count - 2
  let bytes = 0
  for (let i = 2; i < args.count; i++) bytes += args.length[i]
  hash.create(args.bytes, args.offset[1], args.length[1], bytes, texts)
}

/** Replies with an element of a listpack. */
export function replyElement(arena: Arena, p: number, reply: Reply): void {
  listpack.read(arena.u8, p)
  replyText(arena, listpack.element.bytes, listpack.element.offset, listpack.element.length, reply)
}

/** Replies with bytes that mostly lie in the arena: not so the digits of an integer in a listpack. */
export function replyText(arena: Arena, bytes: Uint8Array, offset: number, length: number, reply: Reply): void {
  if (bytes === arena.u8) reply.bulkShown(bytes, arena.view, offset, length)
  else reply.bulk(bytes, offset, length)
}
