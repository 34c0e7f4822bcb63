/* LZF, the compression of snapshots and of the inner nodes of lists: Marc Lehmann's format, bit for bit what Redis
 * reads (http://oldhome.schmorp.de/marc/liblzf.html). Any thread. Hot: plain functions of byte ranges, nothing
 * allocated.
 *
 *   000nnnnn  n + 1 bytes                      these bytes as they are: 1 to 32
 *   nnnooooo  oooooooo                         n + 2 bytes (3 to 8) from o + 1 bytes before: n is 1 to 6
 *   111ooooo  nnnnnnnn  oooooooo               n + 9 bytes (9 to 264) from o + 1 bytes before
 *
 * Any reader takes what any writer made, but compress() makes the choices of liblzf, so that DUMP gives the bytes that
 * Redis gives: one candidate for each hash of three bytes, and two positions noted after each match.
 *
 * I1  what is written never exceeds the room given; what does not fit is no result, not a partial one.
 * I2  decompress() reads and writes within its ranges whatever the bytes are. */

const MAX_LITERAL = 32
const MAX_DISTANCE = 8192
const MAX_MATCH = 264
/** A match this long takes three bytes. */
const LONG_MATCH = 9
const HASH_SLOTS = 65536
const MAX_SOURCE = 2 ** 30 - 2

/** Most bytes that `length` compressed ones can stand for: three make 264. */
export function mostDecompressed(length: number): number {
  return length * 88
}

/* Where a hash was met last, counted on from one call to the next, so that what former calls noted is too far back to
 * be believed and the table need not be cleared: 256 KiB for every string of 21 bytes. */
const scratchMet = new Int32Array(HASH_SLOTS)
let scratchBase = 0

/**
 * Compresses a range into at most `room` bytes; returns how many, 0 when they do not suffice. The ranges do not
 * overlap; nothing above 1 GiB is compressed.
 */
export function compress(
  source: Uint8Array,
  offset: number,
  length: number,
  target: Uint8Array,
  at: number,
  room: number,
): number {
  if (length === 0 || room === 0 || length > MAX_SOURCE) return 0
  if (scratchBase > MAX_SOURCE) {
    scratchMet.fill(0)
    scratchBase = 0
  }
  const end = offset + length
  const targetEnd = at + room
  // What is noted is shift + position, above scratchBase whatever the position; the first byte is never a candidate.
  const shift = scratchBase + 1 - offset
  scratchBase += length + 1
  let from = offset
  let to = at + 1
  let literals = 0
  while (from < end - 2) {
    const slot = slotOf(source, from)
    const before = scratchMet[slot] - shift
    scratchMet[slot] = from + shift
    const distance = from - before - 1
    if (before <= offset || distance >= MAX_DISTANCE || !startsAlike(source, before, from)) {
      if (to >= targetEnd) return 0
      target[to++] = source[from++]
      if (++literals === MAX_LITERAL) {
        target[to - literals - 1] = literals - 1
        literals = 0
        to++
      }
      continue
    }
    const bytes = matchLength(source, before, from, mostMatched(end - from))
    if (literals === 0) to--
    else target[to - literals - 1] = literals - 1
    if (to + 4 >= targetEnd) return 0
    to = writeMatch(target, to, distance, bytes) + 1
    literals = 0
    from += bytes
    if (from >= end - 2) break
    scratchMet[slotOf(source, from - 2)] = from - 2 + shift
    scratchMet[slotOf(source, from - 1)] = from - 1 + shift
  }
  return writeTail(source, from, end, target, at, to, literals, targetEnd)
}

function slotOf(source: Uint8Array, p: number): number {
  const second = source[p + 1]
  return (((source[p] << 8) | second) - ((second << 8) | source[p + 2]) * 5) & (HASH_SLOTS - 1)
}

function startsAlike(source: Uint8Array, a: number, b: number): boolean {
  return source[a] === source[b] && source[a + 1] === source[b + 1] && source[a + 2] === source[b + 2]
}

/** How far liblzf looks at most with so many bytes left: it stops two before the end, but compares sixteen at once. */
function mostMatched(left: number): number {
  const most = left - 2 < MAX_MATCH ? left - 2 : MAX_MATCH
  if (most <= 16) return most < 3 ? 3 : most
  return most < 19 ? 19 : most
}

/** How long the two ranges are alike, at least 3, at most `most`. */
function matchLength(source: Uint8Array, a: number, b: number, most: number): number {
  let bytes = 3
  while (bytes < most && source[a + bytes] === source[b + bytes]) bytes++
  return bytes
}

function writeMatch(target: Uint8Array, at: number, distance: number, bytes: number): number {
  let to = at
  if (bytes < LONG_MATCH) {
    target[to++] = (distance >> 8) | ((bytes - 2) << 5)
  } else {
    target[to++] = (distance >> 8) | 0xe0
    target[to++] = bytes - LONG_MATCH
  }
  target[to++] = distance & 0xff
  return to
}

/** The last bytes, which begin no match; returns the compressed length. */
function writeTail(
  source: Uint8Array,
  from: number,
  end: number,
  target: Uint8Array,
  at: number,
  to: number,
  literals: number,
  targetEnd: number,
): number {
  if (to + 3 > targetEnd) return 0
  while (from < end) {
    target[to++] = source[from++]
    if (++literals === MAX_LITERAL) {
      target[to - literals - 1] = literals - 1
      literals = 0
      to++
    }
  }
  if (literals === 0) return to - 1 - at
  target[to - literals - 1] = literals - 1
  return to - at
}

/** Whether a range decompresses to exactly `room` bytes, which are written then; else some of them may be. */
export function decompress(
  source: Uint8Array,
  offset: number,
  length: number,
  target: Uint8Array,
  at: number,
  room: number,
): boolean {
  const end = offset + length
  const targetEnd = at + room
  let from = offset
  let to = at
  while (from < end) {
    const head = source[from++]
    if (head < MAX_LITERAL) {
      const bytes = head + 1
      if (from + bytes > end || to + bytes > targetEnd) return false
      for (let i = 0; i < bytes; i++) target[to++] = source[from++]
      continue
    }
    let bytes = head >> 5
    if (bytes === 7) {
      if (from >= end) return false
      bytes += source[from++]
    }
    if (from >= end) return false
    let before = to - (((head & 31) << 8) | source[from++]) - 1
    bytes += 2
    if (before < at || to + bytes > targetEnd) return false
    // A match may reach into what it writes: byte by byte, from the front.
    for (let i = 0; i < bytes; i++) target[to++] = target[before++]
  }
  return to === targetEnd
}
