/* The CRC64 of snapshots and DUMP payloads: Jones's polynomial 0xad93d23594c935a9 ("An Improved 64-bit Cyclic
 * Redundancy Check for Protein Sequences", 2002), bits reflected, from 0, not inverted. Any thread. Hot.
 *
 * A CRC is kept as two 32-bit halves, for BigInt allocates. Eight bytes take one step (Kounavis and Berry, "A
 * Systematic Approach to Building High Performance Software-Based CRC Generators", 2005): look-ups that do not wait for
 * each other. */
import { viewOf } from './bytes.ts'

const POLYNOMIAL_LOW = 0xac4bc9b5
const POLYNOMIAL_HIGH = 0x95ac9329
const STEP_BYTES = 8
export const CRC64_BYTES = 8

/* Halves, low before high, of what a byte contributes that k more bytes follow: at 2 * (k * 256 + byte). Together they
 * fill a cache line of eight entries, and all of them 16 KiB. */
const table = new Int32Array(2 * STEP_BYTES * 256)
for (let byte = 0; byte < 256; byte++) {
  let low = byte
  let high = 0
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (carry) {
      low ^= POLYNOMIAL_LOW
      high ^= POLYNOMIAL_HIGH
    }
  }
  table[2 * byte] = low
  table[2 * byte + 1] = high
}
for (let i = 2 * 256; i < table.length; i += 2) {
  const low = table[i - 512]
  const high = table[i - 511]
  const byte = 2 * (low & 255)
  table[i] = ((low >>> 8) | (high << 24)) ^ table[byte]
  table[i + 1] = (high >>> 8) ^ table[byte + 1]
}

/** A CRC64 of bytes that come piece by piece. */
export class Crc64 {
  low = 0
  high = 0

  reset(): void {
    this.low = 0
    this.high = 0
  }

  /** Goes on over a range. */
  update(bytes: Uint8Array, offset: number, length: number): void {
    const view = viewOf(bytes)
    let { low, high } = this
    let at = offset
    const end = offset + length
    for (const stepsEnd = end - (STEP_BYTES - 1); at < stepsEnd; at += STEP_BYTES) {
      const first = low ^ view.getInt32(at, true)
      const second = high ^ view.getInt32(at + 4, true)
      const a = ((first & 255) << 1) + 3584
      const b = ((first >>> 7) & 510) + 3072
      const c = ((first >>> 15) & 510) + 2560
      const d = ((first >>> 23) & 510) + 2048
      const e = ((second & 255) << 1) + 1536
      const f = ((second >>> 7) & 510) + 1024
      const g = ((second >>> 15) & 510) + 512
      const h = (second >>> 23) & 510
      low = table[a] ^ table[b] ^ table[c] ^ table[d] ^ table[e] ^ table[f] ^ table[g] ^ table[h]
      high =
        table[a + 1] ^
        table[b + 1] ^
        table[c + 1] ^
        table[d + 1] ^
        table[e + 1] ^
        table[f + 1] ^
        table[g + 1] ^
        table[h + 1]
    }
    for (; at < end; at++) {
      const i = 2 * ((low ^ bytes[at]) & 255)
      low = ((low >>> 8) | (high << 24)) ^ table[i]
      high = (high >>> 8) ^ table[i + 1]
    }
    this.low = low
    this.high = high
  }

  /** Its digits. */
  get hex(): string {
    return ((BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0)).toString(16)
  }

  /** Writes it as snapshots and payloads end: little-endian. */
  write(bytes: Uint8Array, at: number): void {
    const view = viewOf(bytes)
    view.setInt32(at, this.low, true)
    view.setInt32(at + 4, this.high, true)
  }

  /** Makes it the one that write() wrote here. */
  read(bytes: Uint8Array, at: number): void {
    const view = viewOf(bytes)
    this.low = view.getInt32(at, true)
    this.high = view.getInt32(at + 4, true)
  }

  /** Whether these bytes are what write() would write. */
  isAt(bytes: Uint8Array, at: number): boolean {
    const view = viewOf(bytes)
    return view.getInt32(at, true) === this.low && view.getInt32(at + 4, true) === this.high
  }
}
