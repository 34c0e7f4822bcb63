/* Replies as a client sees them: where one ends in a byte stream, and what it says.
 *
 * Written from the protocol's description, and apart from the server's own codec on purpose: a test that decodes with
 * the code under test cannot see that code's mistakes. Bytes are held as latin1 strings (one char per byte), so a reply
 * prints, compares and goes into JSON without loss.
 *
 * Reference: redis.io/docs/reference/protocol-spec (RESP2 and RESP3). */

/** The bytes are no reply of either protocol: the server is broken, not the test. */
export class MalformedReply extends Error {}

export interface ReplyTree {
  /** First byte of the reply: one of + - : $ * _ # , ( ! = % ~ > and | for an attribute before a reply. */
  marker: string
  /** Text of a scalar, latin1; '' for an aggregate. */
  text: string
  /** Members of an aggregate; of a map or attribute keys and values in turn. */
  items: ReplyTree[]
  /** A null of either protocol: $-1, *-1 or _. */
  isNull: boolean
}

const CR = 13
const LF = 10
const AGGREGATES = '*%~>|'
const BLOBS = '$!='
const LINES = '+-:_#,('

/**
 * The offset just after the reply that starts at `offset`, or, if it is not all there, minus the least total length
 * that the buffer must reach before it is worth asking again.
 */
export function endOfReply(bytes: Uint8Array, length: number, offset: number): number {
  let position = offset
  let wanted = 1
  while (wanted > 0) {
    if (position >= length) return -(length + 1)
    const marker = String.fromCharCode(bytes[position])
    const lineEnd = endOfLine(bytes, length, position)
    if (lineEnd < 0) return -(length + 1)
    wanted--
    if (BLOBS.includes(marker)) {
      const size = lengthOnLine(bytes, position, lineEnd)
      position = lineEnd
      if (size < 0) continue
      position += size + 2
      if (position > length) return -position
      if (bytes[position - 2] !== CR || bytes[position - 1] !== LF) throw new MalformedReply('bulk without CRLF')
    } else if (AGGREGATES.includes(marker)) {
      const count = lengthOnLine(bytes, position, lineEnd)
      position = lineEnd
      if (marker === '|') wanted += 2 * count + 1
      else if (count > 0) wanted += marker === '%' ? 2 * count : count
    } else if (LINES.includes(marker)) {
      position = lineEnd
    } else {
      throw new MalformedReply(`a reply starts with byte ${bytes[position]}`)
    }
  }
  return position
}

function endOfLine(bytes: Uint8Array, length: number, offset: number): number {
  for (let i = offset + 1; i < length; i++) {
    if (bytes[i] !== LF) continue
    if (bytes[i - 1] !== CR) throw new MalformedReply('LF without CR in a reply line')
    return i + 1
  }
  return -1
}

function lengthOnLine(bytes: Uint8Array, offset: number, lineEnd: number): number {
  const digits = latin1(bytes.subarray(offset + 1, lineEnd - 2))
  if (!/^(-1|\d+)$/.test(digits)) throw new MalformedReply(`length ${JSON.stringify(digits)}`)
  return Number(digits)
}

/** Decodes one whole reply, as returned by `RawClient.read`. An attribute comes as the parent of its reply. */
export function decodeReply(bytes: Uint8Array): ReplyTree {
  const cursor = { position: 0 }
  const tree = decodeAt(bytes, cursor)
  if (cursor.position !== bytes.length) throw new MalformedReply('bytes after the reply')
  return tree
}

function decodeAt(bytes: Uint8Array, cursor: { position: number }): ReplyTree {
  const start = cursor.position
  const marker = String.fromCharCode(bytes[start])
  const lineEnd = endOfLine(bytes, bytes.length, start)
  if (lineEnd < 0) throw new MalformedReply('unfinished reply')
  const line = latin1(bytes.subarray(start + 1, lineEnd - 2))
  cursor.position = lineEnd
  if (BLOBS.includes(marker)) {
    if (line === '-1') return { marker, text: '', items: [], isNull: true }
    const size = Number(line)
    cursor.position += size + 2
    return { marker, text: latin1(bytes.subarray(lineEnd, lineEnd + size)), items: [], isNull: false }
  }
  if (!AGGREGATES.includes(marker)) return { marker, text: line, items: [], isNull: marker === '_' }
  if (line === '-1') return { marker, text: '', items: [], isNull: true }
  const pairs = marker === '%' || marker === '|'
  const count = Number(line) * (pairs ? 2 : 1) + (marker === '|' ? 1 : 0)
  const items: ReplyTree[] = []
  for (let i = 0; i < count; i++) items.push(decodeAt(bytes, cursor))
  return { marker, text: '', items, isNull: false }
}

/** A tree as nested plain values, for readable expectations: null, number, string, Error, array; maps as pairs. */
export type PlainReply = null | number | string | boolean | Error | PlainReply[]

export function plain(tree: ReplyTree): PlainReply {
  if (tree.isNull) return null
  if (tree.marker === ':') return Number(tree.text)
  if (tree.marker === '#') return tree.text === 't'
  if (tree.marker === '-' || tree.marker === '!') return new Error(tree.text)
  if (tree.marker === '=') return tree.text.slice(4)
  if (AGGREGATES.includes(tree.marker)) return tree.items.map(plain)
  return tree.text
}

/** One command as a RESP array of bulk strings. Strings are taken as latin1: one char is one byte. */
export function encodeCommand(args: readonly (string | number | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`, 'latin1')]
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? arg : Buffer.from(String(arg), 'latin1')
    parts.push(Buffer.from(`$${bytes.length}\r\n`, 'latin1'), bytes, CRLF)
  }
  return Buffer.concat(parts)
}

const CRLF = Buffer.from('\r\n', 'latin1')

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Bytes as redis-cli would quote them, cut to `limit` characters. */
export function quoted(text: string, limit = 200): string {
  let result = ''
  for (const char of text) {
    const code = char.charCodeAt(0)
    if (char === '"' || char === '\\') result += `\\${char}`
    else if (char === '\n') result += '\\n'
    else if (char === '\r') result += '\\r'
    else if (code < 32 || code > 126) result += `\\x${code.toString(16).padStart(2, '0')}`
    else result += char
    if (result.length > limit) return `"${result}"... (${text.length} bytes)`
  }
  return `"${result}"`
}
