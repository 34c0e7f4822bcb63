/* Text of configuration files, as latin1 strings that carry bytes (one character a byte), so that any password or path
 * survives reading, CONFIG GET and rewriting. Programs and the file system see it decoded. Any thread. */
import { bytesOf, textOf } from '../../base/bytes.ts'
import { splitArguments } from '../../base/split-arguments.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** The text that bytes spell in UTF-8. */
export function decodeText(text: string): string {
  return decoder.decode(bytesOf(text))
}

/** The UTF-8 bytes of a text. */
export function encodeText(text: string): string {
  return textOf(encoder.encode(text))
}

/** The words of a line (see splitArguments); null if its quotes are unbalanced. */
export function splitWords(line: string): string[] | null {
  const bytes = bytesOf(line)
  return splitArguments(bytes, 0, bytes.length)?.map((word) => textOf(word)) ?? null
}

/** Folds ASCII letters only: other bytes have no case. */
export function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
