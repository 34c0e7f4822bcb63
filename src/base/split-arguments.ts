/* A line of words as redis-cli, inline commands and redis.conf write it: words between white space, with "double
 * quotes" (escapes \n \r \t \b \a \xHH, and \c for any other c) and 'single quotes' (only \' is an escape). A quote
 * may open within a word; after the closing one only white space or the end may follow. A NUL byte ends the line. Any
 * thread.
 * The reverse is quoteArgument(). */

const NUL = 0
const BELL = 7
const BACKSPACE = 8
const TAB = 9
const NEWLINE = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const DOUBLE_QUOTE = 34
const SINGLE_QUOTE = 39
const BACKSLASH = 92
const LETTER_X = 120

/** isspace() of the C locale: what separates words. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CARRIAGE_RETURN)
}

/** What ends a word that is not quoted: unlike isSpace, vertical tab and form feed do not. */
function endsWord(byte: number): boolean {
  return byte === SPACE || byte === NEWLINE || byte === CARRIAGE_RETURN || byte === TAB
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** The byte that `\letter` stands for within double quotes. */
function escapedByte(letter: number): number {
  switch (letter) {
    case 110: // n
      return NEWLINE
    case 114: // r
      return CARRIAGE_RETURN
    case 116: // t
      return TAB
    case 98: // b
      return BACKSPACE
    case 97: // a
      return BELL
    default:
      return letter
  }
}

/** One word at a time over one line. `position` and `length` are the results of the last step. */
class WordReader {
  /** The word's bytes; valid up to `length` until the next call of read(). */
  readonly scratchWord: Uint8Array
  length = 0
  position: number
  private readonly bytes: Uint8Array
  private readonly to: number

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.bytes = bytes
    this.position = from
    this.to = to
    this.scratchWord = new Uint8Array(to - from)
  }

  /** Skips white space; false at the end of the line. */
  skipSpace(): boolean {
    while (this.position < this.to && isSpace(this.bytes[this.position])) this.position++
    return this.position < this.to
  }

  /** Reads one word into scratchWord; false if its quotes are unbalanced. */
  read(): boolean {
    this.length = 0
    while (this.position < this.to) {
      const byte = this.bytes[this.position]
      if (endsWord(byte)) return true
      this.position++
      if (byte === DOUBLE_QUOTE) return this.readDoubleQuoted()
      if (byte === SINGLE_QUOTE) return this.readSingleQuoted()
      this.put(byte)
    }
    return true
  }

  private put(byte: number): void {
    this.scratchWord[this.length++] = byte
  }

  private readDoubleQuoted(): boolean {
    const { bytes, to } = this
    while (this.position < to) {
      const byte = bytes[this.position++]
      if (byte === DOUBLE_QUOTE) return this.atWordEnd()
      if (byte !== BACKSLASH || this.position === to) {
        this.put(byte)
        continue
      }
      const letter = bytes[this.position++]
      const high = letter === LETTER_X && this.position + 1 < to ? hexDigit(bytes[this.position]) : -1
      const low = high >= 0 ? hexDigit(bytes[this.position + 1]) : -1
      if (low >= 0) {
        this.put(high * 16 + low)
        this.position += 2
      } else {
        this.put(escapedByte(letter))
      }
    }
    return false
  }

  private readSingleQuoted(): boolean {
    const { bytes, to } = this
    while (this.position < to) {
      const byte = bytes[this.position++]
      if (byte === SINGLE_QUOTE) return this.atWordEnd()
      if (byte === BACKSLASH && this.position < to && bytes[this.position] === SINGLE_QUOTE) {
        this.put(SINGLE_QUOTE)
        this.position++
      } else {
        this.put(byte)
      }
    }
    return false
  }

  /** Whether a closing quote is followed by white space or the end. */
  private atWordEnd(): boolean {
    return this.position === this.to || isSpace(this.bytes[this.position])
  }
}

/**
 * The words of bytes[from, to), each in bytes of its own; an empty array if there are none; null if a quote is not
 * closed or is followed by something else than white space. O(to - from).
 */
export function splitArguments(bytes: Uint8Array, from: number, to: number): Uint8Array[] | null {
  const nul = bytes.subarray(from, to).indexOf(NUL)
  const reader = new WordReader(bytes, from, nul < 0 ? to : from + nul)
  const words: Uint8Array[] = []
  while (reader.skipSpace()) {
    if (!reader.read()) return null
    words.push(reader.scratchWord.slice(0, reader.length))
  }
  return words
}

const ESCAPED: Record<string, string> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
}

/** A latin1 string in double quotes, all but printable ASCII escaped, so that splitArguments() reads it back. */
export function quoteArgument(text: string): string {
  const escaped = text.replace(/[\\"]|[^ -~]/g, (character) => {
    return ESCAPED[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${escaped}"`
}
