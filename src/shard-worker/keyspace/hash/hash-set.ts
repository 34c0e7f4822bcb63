/* Setting several fields of a hash when memory is short: all of them or, when the arena is too full, none. Whatever may
 * fail is done first: the listpack gets its room, or becomes a table; entries are made, with a bucket for each. Baton
 * holder. Cold: with room to spare the fields are set one after the other (Hash.hasRoom). */
import type { Args } from '../../../base/args.ts'
import * as listpack from '../../structure/listpack.ts'
import { ARENA_FULL } from '../keyspace.ts'
import { BUCKET_BYTES } from '../table/table-layout.ts'
import type { Hash } from './hash.ts'
import { NO_EXPIRY_BYTES } from './volatile-listpack.ts'

/**
 * Sets the fields that are argument `first` and every second one from there to the arguments after them; returns how
 * many are new. Throws ARENA_FULL with nothing changed.
 */
export function setAllOrNone(hash: Hash, args: Args, first: number): number {
  if (hash.isListpack && staysListpack(hash, args, first)) return setInListpack(hash, args, first)
  const kept = hash.isListpack ? hash.convertKeeping() : 0
  try {
    const added = setInTable(hash, args, first)
    if (kept !== 0) hash.arena.release(kept)
    return added
  } catch (error) {
    if (kept !== 0) hash.revert(kept)
    throw error
  }
}

function staysListpack(hash: Hash, args: Args, first: number): boolean {
  if (args.count - first > 2 * hash.maxEntries) return false
  const fresh = new Set<string>()
  for (let i = first; i < args.count; i++) if (args.length[i] > hash.maxValue) return false
  for (let i = first; i < args.count; i += 2) {
    if (hash.locate(args.bytes, args.offset[i], args.length[i]) === 0) fresh.add(args.text(i))
  }
  return hash.count + fresh.size <= hash.maxEntries
}

function setInListpack(hash: Hash, args: Args, first: number): number {
  const { arena } = hash
  const { bytes, offset, length } = args
  let growth = 0
  for (let i = first; i < args.count; i++) growth += listpack.insertedBytes(bytes, offset[i], length[i])
  if (hash.isVolatile) growth += ((args.count - first) >> 1) * NO_EXPIRY_BYTES
  hash.resizeListpack(listpack.listpackBytes(arena.u8, hash.block) + growth)
  hash.keepsRoom = true
  let added = 0
  for (let i = first; i < args.count; i += 2) {
    if (hash.set(bytes, offset[i], length[i], bytes, offset[i + 1], length[i + 1], false)) added++
  }
  hash.keepsRoom = false
  hash.resizeListpack(listpack.listpackBytes(arena.u8, hash.block))
  return added
}

function setInTable(hash: Hash, args: Args, first: number): number {
  const { arena, table } = hash
  const { bytes, offset, length } = args
  const prepared: number[] = []
  const buckets: number[] = []
  try {
    for (let i = first; i < args.count; i += 2) {
      prepared.push(hash.prepareField(bytes, offset[i], length[i], bytes, offset[i + 1], length[i + 1]))
      const bucket = arena.allocate(BUCKET_BYTES)
      if (bucket === 0) throw ARENA_FULL
      buckets.push(bucket)
    }
  } catch (error) {
    for (const entry of prepared) hash.discardPrepared(entry)
    for (const bucket of buckets) arena.release(bucket)
    throw error
  }
  let added = 0
  table.pauseRehash()
  for (const [i, entry] of prepared.entries()) {
    const field = first + 2 * i
    arena.release(buckets[i])
    if (hash.storePrepared(entry, bytes, offset[field], length[field])) added++
  }
  table.resumeRehash()
  return added
}
