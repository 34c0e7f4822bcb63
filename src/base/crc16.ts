/* CRC16 (XMODEM: polynomial 0x1021, initial 0) and the hash slot of a key, as in the Redis Cluster specification
 * (https://redis.io/docs/reference/cluster-spec/). Any thread. Hot. */

/** Hash slots in a cluster. */
export const SLOT_COUNT = 16384

/* crcTable[k * 256 + byte]: what a byte contributes that k more bytes follow: four bytes then take one step, whose
 * look-ups do not wait for each other. */
export const crcTable = new Uint16Array(4 * 256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  crcTable[byte] = crc
}
for (let i = 256; i < crcTable.length; i++) crcTable[i] = (crcTable[i - 256] << 8) ^ crcTable[crcTable[i - 256] >> 8]

/** CRC16 of a range. */
export function crc16(bytes: Uint8Array, offset: number, length: number): number {
  let crc = 0
  let i = offset
  const end = offset + length
  for (; i + 4 <= end; i += 4) {
    crc =
      crcTable[768 | ((crc >> 8) ^ bytes[i])] ^
      crcTable[512 | ((crc & 0xff) ^ bytes[i + 1])] ^
      crcTable[256 | bytes[i + 2]] ^
      crcTable[bytes[i + 3]]
  }
  for (; i < end; i++) crc = ((crc << 8) & 0xffff) ^ crcTable[(crc >> 8) ^ bytes[i]]
  return crc
}

const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** The slot of a key: CRC16 of its hash tag (the bytes between the first `{` and the next `}`, if any) mod 16384. */
export function keySlot(bytes: Uint8Array, offset: number, length: number): number {
  const end = offset + length
  for (let i = offset; i < end; i++) if (bytes[i] === OPEN_BRACE) return taggedSlot(bytes, offset, length, i)
  return crc16(bytes, offset, length) & (SLOT_COUNT - 1)
}

function taggedSlot(bytes: Uint8Array, offset: number, length: number, open: number): number {
  const end = offset + length
  for (let close = open + 1; close < end; close++) {
    if (bytes[close] !== CLOSE_BRACE) continue
    if (close === open + 1) break
    return crc16(bytes, open + 1, close - open - 1) & (SLOT_COUNT - 1)
  }
  return crc16(bytes, offset, length) & (SLOT_COUNT - 1)
}
