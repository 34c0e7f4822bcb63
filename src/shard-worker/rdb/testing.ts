/* What the tests of the RDB format share: bytes in forms that are only read any more, and payloads of any bytes. */
import { Crc64 } from '../../base/crc64.ts'
import { NOT_INTEGER, parsedBig, parseInteger } from '../../base/number-text.ts'
import { listpackBytes } from '../structure/listpack.ts'
import { ListpackScratch } from './listpack-scratch.ts'
import { RdbText } from './reader.ts'
import { RdbWriter } from './writer.ts'

/** A latin1 string of these bytes. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256)
}

/** A listpack of these texts. */
export function listpackOf(texts: readonly string[]): Uint8Array {
  const scratch = new ListpackScratch()
  scratch.clear()
  const element = new RdbText()
  for (const text of texts) {
    element.bytes = Buffer.from(text, 'latin1')
    element.length = text.length
    scratch.append(element)
  }
  return scratch.bytes.slice(0, listpackBytes(scratch.bytes, 0))
}

/** A ziplist as Redis before 7.0 would have made it: integers in the shortest form. */
export function ziplistOf(texts: readonly string[]): Uint8Array {
  const entries: number[] = []
  let last = 10
  let before = 0
  for (const text of texts) {
    const begin = entries.length
    entries.push(...(before < 254 ? [before] : [0xfe, ...littleEndian(before, 4)]), ...ziplistBody(text))
    last = 10 + begin
    before = entries.length - begin
  }
  const total = 11 + entries.length
  const count = Math.min(texts.length, 0xffff)
  return Uint8Array.from([
    ...littleEndian(total, 4),
    ...littleEndian(last, 4),
    ...littleEndian(count, 2),
    ...entries,
    255,
  ])
}

function ziplistBody(text: string): number[] {
  const bytes = Buffer.from(text, 'latin1')
  if (parseInteger(bytes, 0, bytes.length) !== NOT_INTEGER) {
    const value = parsedBig(bytes, 0, bytes.length)
    if (value >= 0n && value <= 12n) return [0xf1 + Number(value)]
    for (const [code, width] of [
      [0xfe, 1],
      [0xc0, 2],
      [0xf0, 3],
      [0xd0, 4],
      [0xe0, 8],
    ]) {
      if (BigInt.asIntN(8 * width, value) !== value) continue
      return [code, ...Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))]
    }
  }
  const { length } = bytes
  if (length < 64) return [length, ...bytes]
  if (length < 16384) return [0x40 | (length >> 8), length & 255, ...bytes]
  return [0x80, ...littleEndian(length, 4).reverse(), ...bytes]
}

/** A zipmap of fields and values in turn, with `free` bytes behind each value. */
export function zipmapOf(texts: readonly string[], free = 0): Uint8Array {
  const bytes: number[] = [Math.min(texts.length / 2, 254)]
  for (const [i, text] of texts.entries()) {
    bytes.push(...(text.length < 254 ? [text.length] : [0xfe, ...littleEndian(text.length, 4)]))
    if (i % 2 === 1) bytes.push(free)
    bytes.push(...Buffer.from(text, 'latin1'))
    if (i % 2 === 1) bytes.push(...Array.from({ length: free }, () => 0x2a))
  }
  return Uint8Array.from([...bytes, 255])
}

/** A DUMP payload of an RDB type and what `write` writes, with a version and the checksum that belongs to it. */
export function payloadOf(rdbType: number, write: (writer: RdbWriter) => void, version = 10): Uint8Array {
  const writer = new RdbWriter()
  writer.byte(rdbType)
  write(writer)
  writer.byte(version & 255)
  writer.byte(version >> 8)
  return withChecksum(writer.bytes.slice(0, writer.length + 8))
}

/** The payload with its last eight bytes made its checksum. */
export function withChecksum(payload: Uint8Array): Uint8Array {
  const crc = new Crc64()
  crc.update(payload, 0, payload.length - 8)
  crc.write(payload, payload.length - 8)
  return payload
}
