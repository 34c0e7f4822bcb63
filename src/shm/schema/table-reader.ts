/* Reads FlatBuffers tables: over flatbuffers.ByteBuffer, with every offset checked before it is followed. Any thread.
 *
 *   table:   | to vtable i32 | fields...      |      vtable: | vtable bytes u16 | table bytes u16 | field 0 u16 | ... |
 *   vector:  | count u32 | elements...        |      string: a vector of UTF-8 bytes, with a 0 after it
 *
 * A field's entry in the vtable is its offset in the table, 0 when it has its default; an offset is relative to where
 * it stands. The library trusts its bytes and reads what lies outside as 0 or NaN; frames come from our own threads, so
 * anything out of place here is a bug and is asserted.
 *
 * I1  whatever is read lies within the buffer.
 * I2  offsets point forward, so following them ends. */

import { isUtf8 } from 'node:buffer'
import type { ByteBuffer } from 'flatbuffers'
import { assert } from '../../base/assert.ts'

const OFFSET_BYTES = 4
const VTABLE_HEADER_BYTES = 4
const FIELD_BYTES = 2

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The root table of a finished buffer with this file identifier. */
export function rootTable(buffer: ByteBuffer, identifier: string): TableReader {
  assertWithin(buffer, 0, OFFSET_BYTES + identifier.length)
  assert(buffer.__has_identifier(identifier), 'a frame carries its file identifier')
  return new TableReader(buffer, follow(buffer, 0))
}

/** One table. Fields are numbered from 0 as the schema lists them (a union takes two: its type, then its value). */
export class TableReader {
  private readonly buffer: ByteBuffer
  private readonly position: number
  private readonly vtable: number
  private readonly vtableBytes: number

  constructor(buffer: ByteBuffer, position: number) {
    assertWithin(buffer, position, OFFSET_BYTES)
    this.buffer = buffer
    this.position = position
    this.vtable = position - buffer.readInt32(position)
    assertWithin(buffer, this.vtable, VTABLE_HEADER_BYTES)
    this.vtableBytes = buffer.readUint16(this.vtable)
    assertWithin(buffer, this.vtable, this.vtableBytes)
  }

  ubyte(field: number): number {
    const at = this.at(field, 1)
    return at === 0 ? 0 : this.buffer.readUint8(at)
  }

  ushort(field: number): number {
    const at = this.at(field, 2)
    return at === 0 ? 0 : this.buffer.readUint16(at)
  }

  uint(field: number): number {
    const at = this.at(field, 4)
    return at === 0 ? 0 : this.buffer.readUint32(at)
  }

  double(field: number): number {
    const at = this.at(field, 8)
    return at === 0 ? 0 : this.buffer.readFloat64(at)
  }

  /** A required string. */
  string(field: number): string {
    const bytes = this.bytes(field)
    assert(isUtf8(bytes), 'a string is UTF-8')
    return utf8.decode(bytes)
  }

  /** A required vector of bytes, copied. */
  bytes(field: number): Uint8Array {
    const at = this.at(field, OFFSET_BYTES)
    assert(at !== 0, 'a required field is there')
    const vector = follow(this.buffer, at)
    const first = vector + OFFSET_BYTES
    return this.buffer.bytes().slice(first, first + this.count(vector, 1))
  }

  /** A required table, as a union's value is. */
  table(field: number): TableReader {
    const at = this.at(field, OFFSET_BYTES)
    assert(at !== 0, 'a required field is there')
    return new TableReader(this.buffer, follow(this.buffer, at))
  }

  /** A vector of tables, each read by `read`; none when it is absent. */
  tables<T>(field: number, read: (table: TableReader) => T): T[] {
    const { buffer } = this
    return this.elements(field, OFFSET_BYTES, (at) => read(new TableReader(buffer, follow(buffer, at))))
  }

  /** A vector of structs of `bytes` each, read by `read` at their position; none when it is absent. */
  structs<T>(field: number, bytes: number, read: (buffer: ByteBuffer, at: number) => T): T[] {
    return this.elements(field, bytes, (at) => read(this.buffer, at))
  }

  private elements<T>(field: number, bytes: number, read: (at: number) => T): T[] {
    const at = this.at(field, OFFSET_BYTES)
    if (at === 0) return []
    const vector = follow(this.buffer, at)
    const count = this.count(vector, bytes)
    const first = vector + OFFSET_BYTES
    return Array.from({ length: count }, (_, i) => read(first + i * bytes))
  }

  private count(vector: number, elementBytes: number): number {
    assertWithin(this.buffer, vector, OFFSET_BYTES)
    const count = this.buffer.readUint32(vector)
    assertWithin(this.buffer, vector + OFFSET_BYTES, count * elementBytes)
    return count
  }

  /** Where the field stands, 0 when it has its default. */
  private at(field: number, bytes: number): number {
    const entry = VTABLE_HEADER_BYTES + field * FIELD_BYTES
    if (entry + FIELD_BYTES > this.vtableBytes) return 0
    const offset = this.buffer.readUint16(this.vtable + entry)
    if (offset === 0) return 0
    assertWithin(this.buffer, this.position + offset, bytes)
    return this.position + offset
  }
}

function follow(buffer: ByteBuffer, at: number): number {
  const offset = buffer.readUint32(at)
  assert(offset > 0, 'I2 offsets point forward')
  assertWithin(buffer, at + offset, OFFSET_BYTES)
  return at + offset
}

function assertWithin(buffer: ByteBuffer, at: number, bytes: number): void {
  assert(at >= 0 && at + bytes <= buffer.capacity(), 'I1 a frame is read within its bytes')
}
