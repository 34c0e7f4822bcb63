/* Glob-style patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET use them: `*` any bytes, `?` one byte, `[abc]` `[a-z]`
 * `[^abc]` one byte of (or not of) a class, `\x` the byte x. Any thread. Hot: no allocation.
 *
 * As in Redis, and unlike a shell: an unclosed class reaches to the pattern's end; the bounds of a range are signed
 * bytes and may be given in either order; within a class `\x` is compared with its case; an empty text matches only an
 * empty pattern; a pattern with more than 1000 runs of `*` matches nothing.
 *
 * Only the last `*` is ever retried (a longer match for an earlier one would need the rest of the pattern to match
 * further right, which the retries have already refuted): O(pattern * text) at worst. */

const STAR = 42
const QUESTION_MARK = 63
const CLASS_OPEN = 91
const CLASS_CLOSE = 93
const BACKSLASH = 92
const CARET = 94
const DASH = 45
const MAX_STARS = 1000

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte
}

function signed(byte: number): number {
  return (byte << 24) >> 24
}

/** The offset past the class that begins at `at` (its `[`), which ends at or before `end`. */
function classEnd(pattern: Uint8Array, at: number, end: number): number {
  let p = at + 1
  if (p < end && pattern[p] === CARET) p++
  while (p < end && pattern[p] !== CLASS_CLOSE) {
    if (pattern[p] === BACKSLASH && p + 1 < end) p += 2
    else if (p + 2 < end && pattern[p + 1] === DASH) p += 3
    else p++
  }
  return p < end ? p + 1 : end
}

/** Whether `byte` is of the class pattern[at, end). */
function inClass(pattern: Uint8Array, at: number, end: number, byte: number, ignoreCase: boolean): boolean {
  let p = at + 1
  const inverted = p < end && pattern[p] === CARET
  if (inverted) p++
  let found = false
  while (p < end && pattern[p] !== CLASS_CLOSE) {
    if (pattern[p] === BACKSLASH && p + 1 < end) {
      if (pattern[p + 1] === byte) found = true
      p += 2
    } else if (p + 2 < end && pattern[p + 1] === DASH) {
      if (inRange(pattern[p], pattern[p + 2], byte, ignoreCase)) found = true
      p += 3
    } else {
      if (pattern[p] === byte || (ignoreCase && lower(pattern[p]) === lower(byte))) found = true
      p++
    }
  }
  return found !== inverted
}

function inRange(first: number, last: number, byte: number, ignoreCase: boolean): boolean {
  let low = signed(first)
  let high = signed(last)
  if (low > high) {
    const swapped = low
    low = high
    high = swapped
  }
  const value = signed(byte)
  if (ignoreCase) return lower(value) >= lower(low) && lower(value) <= lower(high)
  return value >= low && value <= high
}

/**
 * Whether pattern[patternOffset ..] of `patternLength` bytes matches text[textOffset ..] of `textLength` bytes.
 * `ignoreCase` folds ASCII letters.
 */
export function globMatches(
  pattern: Uint8Array,
  patternOffset: number,
  patternLength: number,
  text: Uint8Array,
  textOffset: number,
  textLength: number,
  ignoreCase: boolean,
): boolean {
  const patternEnd = patternOffset + patternLength
  const textEnd = textOffset + textLength
  let p = patternOffset
  let t = textOffset
  let retryPattern = -1
  let retryText = -1
  let stars = 0
  if (t === textEnd) return p === patternEnd
  for (;;) {
    if (t === textEnd) {
      while (p < patternEnd && pattern[p] === STAR) p++
      return p === patternEnd // a retry would have even less text for the same rest of the pattern
    }
    let next = -1
    if (p < patternEnd) {
      let byte = pattern[p]
      if (byte === STAR) {
        if (++stars > MAX_STARS) return false
        while (p < patternEnd && pattern[p] === STAR) p++
        if (p === patternEnd) return true
        retryPattern = p
        retryText = t
        continue
      }
      if (byte === QUESTION_MARK) {
        next = p + 1
      } else if (byte === CLASS_OPEN) {
        const end = classEnd(pattern, p, patternEnd)
        if (inClass(pattern, p, end, text[t], ignoreCase)) next = end
      } else {
        let after = p + 1
        if (byte === BACKSLASH && after < patternEnd) byte = pattern[after++]
        if (byte === text[t] || (ignoreCase && lower(byte) === lower(text[t]))) next = after
      }
    }
    if (next >= 0) {
      p = next
      t++
    } else {
      if (retryPattern < 0) return false
      p = retryPattern
      t = ++retryText
    }
  }
}
