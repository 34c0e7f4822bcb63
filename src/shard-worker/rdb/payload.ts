/* DUMP payloads (https://redis.io/commands/dump/): one value without its key, and a footer. Baton holder.
 *
 *   | RDB type | value | version u16 | CRC64 of all before |     integers little-endian */
import { CRC64_BYTES, Crc64 } from '../../base/crc64.ts'
import { ARENA_FULL, type Keyspace } from '../keyspace/keyspace.ts'
import type { EngineSettings } from '../settings.ts'
import { LoadTarget } from './codec.ts'
import { createLoaders, writeTypedValue } from './codecs.ts'
import { NEWEST_VERSION, payloadVersion, rdbTypeName } from './format.ts'
import { RdbError, RdbReader, TooLongString } from './reader.ts'
import { RdbWriter } from './writer.ts'

const VERSION_BYTES = 2
const FOOTER_BYTES = VERSION_BYTES + CRC64_BYTES

const crc = new Crc64()
const scratchWriter = new RdbWriter()

/** The payload of an entry's value: the bytes of a writer, valid until the next call. */
export function writePayload(keyspace: Keyspace, entry: number, settings: EngineSettings): RdbWriter {
  const writer = scratchWriter
  writer.clear()
  writer.version = settings.rdbVersion
  writer.compresses = settings.rdbCompression
  writeTypedValue(writer, keyspace, entry)
  writer.byte(payloadVersion(writer.bytes[0], writer.version))
  writer.byte(0)
  crc.reset()
  crc.update(writer.bytes, 0, writer.length)
  writer.ensure(CRC64_BYTES)
  crc.write(writer.bytes, writer.length)
  writer.length += CRC64_BYTES
  return writer
}

/** Whether a payload has a version that can be read, and, unless told not to look, its checksum. */
export function isSoundPayload(bytes: Uint8Array, offset: number, length: number, checksum: boolean): boolean {
  if (length < FOOTER_BYTES) return false
  const footer = offset + length - FOOTER_BYTES
  if ((bytes[footer] | (bytes[footer + 1] << 8)) > NEWEST_VERSION) return false
  if (!checksum) return true
  crc.reset()
  crc.update(bytes, offset, length - CRC64_BYTES)
  return crc.isAt(bytes, footer + VERSION_BYTES)
}

const reader = new RdbReader()
const loaders = createLoaders()

/**
 * Adds the value of a sound payload to a keyspace under a key, beside an entry that the key may have already; returns
 * the new entry. Throws RdbError or ARENA_FULL with nothing changed. Bytes after the value are let pass, as in Redis.
 */
export function loadPayload(
  keyspace: Keyspace,
  settings: EngineSettings,
  bytes: Uint8Array,
  key: number,
  keyLength: number,
  payload: number,
  payloadLength: number,
): number {
  const target = new LoadTarget(settings)
  target.begin(keyspace, bytes, key, keyLength)
  reader.open(bytes, payload, payloadLength - FOOTER_BYTES)
  reader.mostBytes = keyspace.arena.totalBytes
  try {
    const rdbType = reader.byte()
    const loader = loaders[rdbType]
    if (loader === undefined) throw new RdbError(`Values of type ${rdbTypeName(rdbType)} cannot be read`)
    loader.begin()
    while (!loader.step(reader, target));
    return target.entry
  } catch (error) {
    target.discard()
    throw error instanceof TooLongString ? ARENA_FULL : error
  } finally {
    reader.open(NOTHING, 0, 0)
  }
}

const NOTHING = new Uint8Array(0)
