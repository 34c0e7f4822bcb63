/* Bits within a range of bytes, numbered as Redis's bitmaps are: bit 0 is the highest of the first byte. Any thread.
 *
 * Ranges are of bits, both ends included, relative to byte `at` of a view; their numbers may exceed 32 bits, so bytes
 * are found by division rather than by a shift. Four bytes are looked at together. */

/** Bits set in each nibble of a word. */
function countNibbles(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  return (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
}

/** Bits set in a word. */
function countWord(word: number): number {
  const nibbles = countNibbles(word)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Bits set in three words: as many as a nibble can count. */
function countThree(a: number, b: number, c: number): number {
  const nibbles = countNibbles(a) + countNibbles(b) + countNibbles(c)
  return Math.imul((nibbles & 0x0f0f0f0f) + ((nibbles >>> 4) & 0x0f0f0f0f), 0x01010101) >>> 24
}

/** Byte `byte` of the view with the bits before `first` and behind `last` taken for `fill`, 0 or 255. */
function masked(view: DataView, byte: number, first: number, last: number, fill: number): number {
  const kept = (0xff >>> first) & (0xff << (7 - last))
  return (view.getUint8(byte) & kept) | (fill & ~kept)
}

/** How many bits of first .. last are set. */
export function countBits(view: DataView, at: number, first: number, last: number): number {
  if (first > last) return 0
  const firstByte = at + Math.floor(first / 8)
  const lastByte = at + Math.floor(last / 8)
  if (firstByte === lastByte) return countWord(masked(view, firstByte, first % 8, last % 8, 0))
  let count = countWord(masked(view, firstByte, first % 8, 7, 0)) + countWord(masked(view, lastByte, 0, last % 8, 0))
  let byte = firstByte + 1
  for (; byte + 12 <= lastByte; byte += 12) {
    count += countThree(view.getInt32(byte, true), view.getInt32(byte + 4, true), view.getInt32(byte + 8, true))
  }
  for (; byte + 4 <= lastByte; byte += 4) count += countWord(view.getInt32(byte, true))
  for (; byte < lastByte; byte++) count += countWord(view.getUint8(byte))
  return count
}

/** Number of the first bit of first .. last that is `bit`, 0 or 1; -1 when there is none. */
export function findBit(view: DataView, at: number, first: number, last: number, bit: number): number {
  if (first > last) return -1
  const lastByte = at + Math.floor(last / 8)
  // What is not sought, in every bit of a byte or word.
  const other = bit === 0 ? -1 : 0
  let byte = at + Math.floor(first / 8)
  let value = masked(view, byte, first % 8, byte === lastByte ? last % 8 : 7, other & 0xff)
  if (value === (other & 0xff) && byte < lastByte) {
    byte = skipWords(view, byte + 1, lastByte, other)
    while (byte + 4 <= lastByte && view.getInt32(byte, true) === other) byte += 4
    while (byte < lastByte && view.getUint8(byte) === (other & 0xff)) byte++
    value = masked(view, byte, 0, byte === lastByte ? last % 8 : 7, other & 0xff)
  }
  const sought = (value ^ other) & 0xff
  return sought === 0 ? -1 : (byte - at) * 8 + Math.clz32(sought) - 24
}

/** Goes on from `byte` in steps of four words while all are `other`, 0 or -1; less than that before `end` is left. */
function skipWords(view: DataView, byte: number, end: number, other: number): number {
  let at = byte
  for (; at + 16 <= end; at += 16) {
    const a = view.getInt32(at, true) ^ other
    const b = view.getInt32(at + 4, true) ^ other
    const c = view.getInt32(at + 8, true) ^ other
    if ((a | b | c | (view.getInt32(at + 12, true) ^ other)) !== 0) break
  }
  return at
}
