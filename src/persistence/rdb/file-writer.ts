/* What stands in a snapshot file around the keys (docs/format/rdb.md). The keys themselves are written by writeEntry()
 * where the shards are. Any thread.
 *
 *   REDIS version | AUX name value ... | SELECTDB n | RESIZEDB keys expires | keys ... | SELECTDB ... | EOF | CRC64
 *
 * A database may be announced more than once, as each shard's keys come. */
import { CRC64_BYTES, type Crc64 } from '../../base/crc64.ts'
import { REDIS_VERSION } from '../../base/version.ts'
import { OPCODE_AUX, OPCODE_EOF, OPCODE_RESIZEDB, OPCODE_SELECTDB } from '../../shard-worker/rdb/format.ts'
import type { RdbWriter } from '../../shard-worker/rdb/writer.ts'

export interface FileHead {
  /** Unix seconds of the moment that the file shows. */
  createdSeconds: number
  /** Bytes in use then. */
  usedMemory: number
  /** Whether it is the base of an append-only file. */
  isAofBase: boolean
}

/** What a file begins with. */
export function writeFileHead(writer: RdbWriter, head: FileHead): void {
  const magic = Buffer.from(`REDIS${String(writer.version).padStart(4, '0')}`, 'latin1')
  writer.raw(magic, 0, magic.length)
  aux(writer, 'redis-ver', REDIS_VERSION)
  aux(writer, 'redis-bits', '64')
  aux(writer, 'ctime', String(head.createdSeconds))
  aux(writer, 'used-mem', String(head.usedMemory))
  aux(writer, 'aof-base', head.isAofBase ? '1' : '0')
}

function aux(writer: RdbWriter, name: string, value: string): void {
  writer.byte(OPCODE_AUX)
  writer.text(name)
  writer.text(value)
}

/** What stands before the keys of a database: how many come, at most, and how many of them expire. */
export function writeDatabaseHead(writer: RdbWriter, db: number, keys: number, expires: number): void {
  writer.byte(OPCODE_SELECTDB)
  writer.integer(db)
  writer.byte(OPCODE_RESIZEDB)
  writer.integer(keys)
  writer.integer(expires)
}

/** What stands after the last key, and is the last that the checksum counts. */
export function writeFileEnd(writer: RdbWriter): void {
  writer.byte(OPCODE_EOF)
}

/** The checksum of all that was written, eight zero bytes where there is to be none (`rdbchecksum no`). */
export function writeChecksum(writer: RdbWriter, crc: Crc64 | null): void {
  writer.ensure(CRC64_BYTES)
  if (crc === null) writer.bytes.fill(0, writer.length, writer.length + CRC64_BYTES)
  else crc.write(writer.bytes, writer.length)
  writer.length += CRC64_BYTES
}
