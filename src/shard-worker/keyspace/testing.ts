/* What the tests of the keyspace share: shards in poisoned arenas of their own, bare entries, and keys with bytes. */
import { bytesOf } from '../../base/bytes.ts'
import { SeededRandom } from '../../base/ports.ts'
import { Arena } from '../../shm/arena/arena.ts'
import { Access } from './access.ts'
import { entryBytes, headerBytes, keyFlags, keyLength, keyOffset, OUT_OF_LINE, writeHeader } from './entry.ts'
import { Shard } from './shard.ts'

export const SEED = 0x5bd1e995

/** An arena that finds writes to freed memory. */
export function poisonedArena(bytes: number): Arena {
  Arena.poison = true
  try {
    return Arena.create(bytes)
  } finally {
    Arena.poison = false
  }
}

/** An empty shard with a clock that stands at `nowMs`. */
export function emptyShard(bytes = 4 * 1024 * 1024, databases = 2, nowMs = 1_000_000, index = 0): Shard {
  const arena = poisonedArena(bytes)
  Shard.initialize(arena, databases, SEED)
  const access = new Access(new SeededRandom(1))
  access.at(nowMs)
  return new Shard(index, arena, access)
}

/** A block that reads as a string entry with this key and an empty value; 0 when the arena is full. */
export function bareEntry(arena: Arena, key: string): number {
  const flags = keyFlags(key.length) | OUT_OF_LINE
  const entry = arena.allocate(entryBytes(flags, key.length, 0))
  if (entry === 0) return 0
  writeHeader(arena, entry, 0, flags, key.length, 0, 0)
  arena.u8.set(bytesOf(key), entry + headerBytes(flags))
  return entry
}

/** The key of an entry. */
export function keyOf(arena: Arena, entry: number): string {
  const at = keyOffset(arena, entry)
  return Buffer.from(arena.u8.slice(at, at + keyLength(arena, entry))).toString('latin1')
}
