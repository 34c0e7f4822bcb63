/* Bytes and the strings that stand for them. A string that carries bytes is always latin1: one character per byte, so
 * any bytes survive the round trip. Any thread. Hot: copyBytes, equalBytes, equalsIgnoreCase. */

/** Below this many bytes a byte loop beats TypedArray.prototype.set (which wants a subarray). */
const LOOP_COPY_BYTES = 24

/** Copies `length` bytes between two buffers that do not overlap. */
export function copyBytes(
  target: Uint8Array,
  targetOffset: number,
  source: Uint8Array,
  sourceOffset: number,
  length: number,
): void {
  if (length < LOOP_COPY_BYTES) {
    for (let i = 0; i < length; i++) target[targetOffset + i] = source[sourceOffset + i]
  } else {
    target.set(source.subarray(sourceOffset, sourceOffset + length), targetOffset)
  }
}

/** Whether two ranges of `length` bytes are equal. */
export function equalBytes(a: Uint8Array, aOffset: number, b: Uint8Array, bOffset: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aOffset + i] !== b[bOffset + i]) return false
  return true
}

/** memcmp order with the shorter one first on a common prefix: negative, zero or positive. */
export function compareBytes(
  a: Uint8Array,
  aOffset: number,
  aLength: number,
  b: Uint8Array,
  bOffset: number,
  bLength: number,
): number {
  const shared = aLength < bLength ? aLength : bLength
  for (let i = 0; i < shared; i++) {
    const difference = a[aOffset + i] - b[bOffset + i]
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

/** The bytes of a latin1 string. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** A range of bytes as a latin1 string. Not for the hot path: it allocates. */
export function textOf(bytes: Uint8Array, offset = 0, length = bytes.length - offset): string {
  let text = ''
  for (let i = 0; i < length; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(offset + i, offset + Math.min(length, i + 4096)))
  }
  return text
}

/** Whether a range spells `word` (an upper-case ASCII word made with bytesOf), in any case. */
export function equalsIgnoreCase(bytes: Uint8Array, offset: number, length: number, word: Uint8Array): boolean {
  if (length !== word.length) return false
  for (let i = 0; i < length; i++) {
    let c = bytes[offset + i]
    if (c >= 97 && c <= 122) c -= 32
    if (c !== word[i]) return false
  }
  return true
}
