/* What MSET and MSETNX do once nothing forbids it: put the values at their keys, in however many shards, all of them
 * or, when an arena is too full, none. Baton holder of all the shards. Hot: while there is plenty of room, which is
 * checked in constant time for each key, they are stored one after the other. Only near the end is every block taken
 * first and put in place afterwards, which cannot fail. */
import type { Args } from '../../../base/args.ts'
import type { Engine } from '../../engine.ts'
import { stringOffset, writeBytes } from '../../keyspace/entry.ts'
import { ARENA_FULL, type Keyspace } from '../../keyspace/keyspace.ts'
import { discardPrepared, prepareString, storePrepared } from '../../keyspace/string.ts'
import { kindOf } from '../../keyspace/string-kind.ts'
import { BUCKET_BYTES } from '../../keyspace/table/table-layout.ts'
import { storeArgument } from './string-value.ts'

/* What hasRoomFor reckons with: an entry, a value's block and a bucket for each string, and their headers; of each size
 * of block a span begun anew (see size-class.ts). */
const ALLOCATIONS_PER_STRING = 3
const MOST_SPANS = 97
const MOST_SPAN_BYTES = 15 * 16 * 1024
const STRING_OVERHEAD_BYTES = 128

/** Stores the arguments from 1 on, key and value in turn. Throws ARENA_FULL with nothing changed. */
export function storePairs(engine: Engine, args: Args): void {
  if (!hasPlenty(engine, args)) return storeAllOrNone(engine, args)
  for (let i = 1; i < args.count; i += 2) {
    const keyspace = engine.keyspaceOf(args, i)
    const found = keyspace.findForWrite(args.bytes, args.offset[i], args.length[i])
    storeArgument(keyspace, args, i, i + 1, found, true)
  }
}

function hasPlenty(engine: Engine, args: Args): boolean {
  let bytes = 0
  for (let i = 1; i < args.count; i++) bytes += args.length[i]
  const pairs = (args.count - 1) >> 1
  let checked: Keyspace | null = null
  for (let i = 1; i < args.count; i += 2) {
    const keyspace = engine.keyspaceOf(args, i)
    if (keyspace === checked) continue
    if (!hasRoomFor(keyspace, pairs, bytes)) return false
    checked = keyspace
  }
  return true
}

/**
 * Whether `strings` strings of `bytes` together, keys included, surely find room, each with a new block, a bucket and a
 * larger table; false says nothing.
 */
function hasRoomFor(keyspace: Keyspace, strings: number, bytes: number): boolean {
  const spans = Math.min(ALLOCATIONS_PER_STRING * strings, MOST_SPANS) * MOST_SPAN_BYTES
  const tables = 2 * keyspace.keys.bucketBytes
  return keyspace.arena.fits(bytes + (bytes >> 2) + strings * STRING_OVERHEAD_BYTES + spans + tables)
}

/** A value ready to be put at its key, and the room for a bucket that this may take. */
interface Prepared {
  keyspace: Keyspace
  key: number
  entry: number
  bucket: number
}

function storeAllOrNone(engine: Engine, args: Args): void {
  const prepared: Prepared[] = []
  try {
    for (let i = 1; i < args.count; i += 2) prepare(engine, args, i, prepared)
  } catch (error) {
    for (const { keyspace, entry, bucket } of prepared) {
      discardPrepared(keyspace, entry)
      if (bucket !== 0) keyspace.arena.release(bucket)
    }
    throw error
  }
  for (const { keyspace } of prepared) keyspace.keys.pauseRehash()
  for (const { keyspace, key, entry, bucket } of prepared) {
    keyspace.arena.release(bucket)
    const found = keyspace.findForWrite(args.bytes, args.offset[key], args.length[key])
    storePrepared(keyspace, found, entry)
    keyspace.changed(args.bytes, args.offset[key], args.length[key])
  }
  for (const { keyspace } of prepared) keyspace.keys.resumeRehash()
}

/** Appends the prepared value of key argument `key`. Throws ARENA_FULL; what is in `prepared` is to be given back. */
function prepare(engine: Engine, args: Args, key: number, prepared: Prepared[]): void {
  const keyspace = engine.keyspaceOf(args, key)
  const { arena } = keyspace
  const { bytes } = args
  const valueAt = args.offset[key + 1]
  const valueBytes = args.length[key + 1]
  if (!keyspace.keys.begin()) throw ARENA_FULL
  const kind = kindOf(bytes, valueAt, valueBytes)
  const entry = prepareString(keyspace, kind, bytes, args.offset[key], args.length[key], valueBytes)
  const bucket = arena.allocate(BUCKET_BYTES)
  prepared.push({ keyspace, key, entry, bucket })
  if (bucket === 0) throw ARENA_FULL
  writeBytes(arena, stringOffset(arena, entry), bytes, valueAt, valueBytes)
}
