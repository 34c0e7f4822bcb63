/* Strings in the RDB format. Baton holder. */
import { stringLength, stringOffset, TYPE_STRING, writeBytes } from '../keyspace/entry.ts'
import { assignString } from '../keyspace/string.ts'
import { kindOf } from '../keyspace/string-kind.ts'
import type { LoadTarget, ValueCodec } from './codec.ts'
import { RDB_STRING } from './format.ts'
import type { RdbReader } from './reader.ts'

/** Copying so many bytes takes a tenth of a slice. */
const LONG_STRING_BYTES = 64 * 1024

export const stringCodec: ValueCodec = {
  type: TYPE_STRING,
  rdbTypeOf: () => RDB_STRING,
  isLong: ({ arena }, entry) => stringLength(arena, entry) > LONG_STRING_BYTES,
  writeStep(writer, { arena }, entry, cursor) {
    return writer.stringStep(arena.u8, stringOffset(arena, entry), stringLength(arena, entry), cursor)
  },
  loaders: [[RDB_STRING, () => stringLoader]],
}

const stringLoader = {
  begin: () => {},
  step(reader: RdbReader, target: LoadTarget): boolean {
    const { keyspace, first: text } = target
    reader.string(text)
    target.lookUp()
    const kind = kindOf(text.bytes, text.offset, text.length)
    target.entry = assignString(keyspace, 0, kind, target.bytes, target.offset, target.length, text.length)
    const at = stringOffset(keyspace.arena, target.entry)
    writeBytes(keyspace.arena, at, text.bytes, text.offset, text.length)
    return true
  },
}
