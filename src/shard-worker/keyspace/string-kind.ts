/* Which encoding a string gets. Baton holder. Hot.
 *
 * An integer is stored as its decimal text, which is its only one (see number-text.ts), with the encoding int. */
import { INTEGER_TEXT_BYTES, NOT_INTEGER, parseInteger } from '../../base/number-text.ts'
import { EMBSTR_MAX_BYTES, ENCODING_EMBSTR, ENCODING_INT, ENCODING_RAW, TYPE_STRING } from './entry.ts'

const NINE = 57

export const KIND_RAW = TYPE_STRING | (ENCODING_RAW << 4)
export const KIND_INT = TYPE_STRING | (ENCODING_INT << 4)
export const KIND_EMBSTR = TYPE_STRING | (ENCODING_EMBSTR << 4)

/** The kind of a value set whole: int if it is one, else embstr or raw by length. */
export function kindOf(bytes: Uint8Array, offset: number, length: number): number {
  const mayBeInteger = length <= INTEGER_TEXT_BYTES && length > 0 && bytes[offset] <= NINE
  if (mayBeInteger && parseInteger(bytes, offset, length) !== NOT_INTEGER) return KIND_INT
  return length <= EMBSTR_MAX_BYTES ? KIND_EMBSTR : KIND_RAW
}
