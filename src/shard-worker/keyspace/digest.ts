/* Digests of data by which two servers can be compared: the same as Redis's DEBUG DIGEST gives for the same data. Baton
 * holder; cold.
 *
 * A digest is 20 bytes. What has an order is mixed in, what has none is xored in:
 *
 *   xor(d, data)  d = d xor SHA1(data)
 *   mix(d, data)  d = SHA1(d xor SHA1(data))
 *
 *   value      mix type (32 bits, big-endian), then by type; for a string: mix its bytes; xor "!!expire!!" if volatile
 *   key        mix the key, then its value as above
 *   databases  from the first on, but for empty ones: mix its number (as the type), then xor each key's digest */
import { hash } from 'node:crypto'
import { bytesOf } from '../../base/bytes.ts'
import {
  blockOf,
  encodingOf,
  flagsOf,
  HAS_EXPIRE,
  keyLength,
  keyOffset,
  stringLength,
  stringOffset,
  TYPE_STRING,
  typeOf,
} from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { Shard } from './shard.ts'
import { valueTypeOf } from './value-type.ts'

const DIGEST_BYTES = 20
const VOLATILE = bytesOf('!!expire!!')

export class Digest {
  readonly bytes = new Uint8Array(DIGEST_BYTES)

  /** Adds what has no order. */
  xor(data: Uint8Array): void {
    const sha1 = hash('sha1', data, 'buffer')
    for (let i = 0; i < DIGEST_BYTES; i++) this.bytes[i] ^= sha1[i]
  }

  /** Adds what comes after all that was mixed in before. */
  mix(data: Uint8Array): void {
    this.xor(data)
    this.bytes.set(hash('sha1', this.bytes, 'buffer'))
  }

  /** Mixes in a number as 32 bits, big-endian. */
  mixNumber(value: number): void {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, value)
    this.mix(bytes)
  }

  get hex(): string {
    return Buffer.from(this.bytes).toString('hex')
  }
}

/** Adds the value of an entry, and whether it expires, to a digest. */
export function addValue(digest: Digest, keyspace: Keyspace, entry: number): void {
  const { arena } = keyspace
  const type = typeOf(arena, entry)
  digest.mixNumber(type)
  if (type === TYPE_STRING) {
    const at = stringOffset(arena, entry)
    digest.mix(arena.u8.slice(at, at + stringLength(arena, entry)))
  } else {
    valueTypeOf(type).digest?.(arena, blockOf(arena, entry), digest, encodingOf(arena, entry))
  }
  if (flagsOf(arena, entry) & HAS_EXPIRE) digest.xor(VOLATILE)
}

/** The digest of all databases of all shards. O(everything). */
export function digestOf(shards: readonly Shard[]): Digest {
  const total = new Digest()
  for (let db = 0; db < shards[0].keyspaces.length; db++) {
    if (shards.every((shard) => shard.keyspaces[db].keys.used === 0)) continue
    total.mixNumber(db)
    for (const shard of shards) addKeys(total, shard.keyspaces[db])
  }
  return total
}

function addKeys(total: Digest, keyspace: Keyspace): void {
  const { keys, arena } = keyspace
  let cursor = 0
  do {
    cursor = keys.scanStep(cursor)
    for (let i = 0; i < keys.scannedCount; i++) {
      const entry = keys.scanned[i]
      const digest = new Digest()
      const at = keyOffset(arena, entry)
      digest.mix(arena.u8.slice(at, at + keyLength(arena, entry)))
      addValue(digest, keyspace, entry)
      total.xor(digest.bytes)
    }
  } while (cursor !== 0)
}
