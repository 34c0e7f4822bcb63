import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from './bytes.ts'
import { CRC64_BYTES, Crc64 } from './crc64.ts'

const REFLECTED = 0x95ac9329ac4bc9b5n

function bitByBit(bytes: Uint8Array): bigint {
  let crc = 0n
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ REFLECTED : crc >> 1n
  }
  return crc
}

function valueOf(crc: Crc64): bigint {
  return (BigInt(crc.high >>> 0) << 32n) | BigInt(crc.low >>> 0)
}

test('it is the CRC of the catalogues', () => {
  const crc = new Crc64()
  crc.update(bytesOf('123456789'), 0, 9)
  expect(valueOf(crc)).toBe(0xe9c6d914c4b8d9can)
})

test('eight bytes at a time, in any pieces, give what one bit at a time gives', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), (pieces) => {
      const crc = new Crc64()
      for (const piece of pieces) crc.update(Uint8Array.of(7, ...piece, 7), 1, piece.length)
      const all = Uint8Array.from(pieces.flatMap((piece) => [...piece]))
      expect(valueOf(crc)).toBe(bitByBit(all))
      const written = new Uint8Array(CRC64_BYTES + 1)
      crc.write(written, 1)
      expect(new DataView(written.buffer).getBigUint64(1, true)).toBe(valueOf(crc))
      expect(crc.isAt(written, 1)).toBe(true)
      const read = new Crc64()
      read.read(written, 1)
      expect(read.hex).toBe(valueOf(crc).toString(16))
      written[CRC64_BYTES] ^= 1
      expect(crc.isAt(written, 1)).toBe(false)
    }),
  )
})

test('it begins anew', () => {
  const crc = new Crc64()
  crc.update(bytesOf('something else'), 0, 14)
  crc.reset()
  crc.update(bytesOf('123456789'), 0, 9)
  expect(valueOf(crc)).toBe(0xe9c6d914c4b8d9can)
})
