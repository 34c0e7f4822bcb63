/* What is written and read of the values of one type: each type has one codec, named in codecs.ts. Baton holder. */
import { textOf } from '../../base/bytes.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { EngineSettings } from '../settings.ts'
import { RdbError, type RdbReader, RdbText } from './reader.ts'
import type { RdbWriter } from './writer.ts'

export interface ValueCodec {
  /** Of which type (entry.ts) the values are. */
  type: number
  /** How writeValue() will write this value: an RDB type. */
  rdbTypeOf(keyspace: Keyspace, entry: number, version: number): number
  /** Whether writing the value takes so long that a snapshot stops within it. */
  isLong(keyspace: Keyspace, entry: number): boolean
  /**
   * Writes what stands at `cursor`, 0 at first, and returns the cursor of what comes next, or VALUE_END. Bound: some
   * ten microseconds, or one string. Nothing but the cursor is kept, so any thread can go on while the value stays as
   * it is.
   */
  writeStep(writer: RdbWriter, keyspace: Keyspace, entry: number, cursor: number): number
  /** What reads values, by each RDB type that stands for this type. */
  loaders: readonly (readonly [rdbType: number, create: () => ValueLoader])[]
}

/**
 * Reads one value after another, each in steps, of which every one reads one element: a value may be longer than the
 * bytes that are there. One that throws has changed nothing in the reader but its place, nor in what was loaded before.
 */
export interface ValueLoader {
  /** A value begins. */
  begin(): void
  /** Reads on; true when the value is whole. Throws RdbError, EmptyValue, MORE_BYTES or ARENA_FULL. */
  step(reader: RdbReader, target: LoadTarget): boolean
}

/** An entry that the key of a value has already stays beside the new one, makes an error, or is removed. */
export type Duplicates = 'keep' | 'refuse' | 'replace'

/** A collection without elements, as early versions could write them: no key for a file, an error for RESTORE. */
export class EmptyValue extends RdbError {}

/** The key whose value is loaded. */
export class LoadTarget {
  keyspace!: Keyspace
  bytes: Uint8Array = new Uint8Array(0)
  offset = 0
  length = 0
  /** What has been loaded so far: an entry of the key, beside the one it may have had before; 0 at first. */
  entry = 0
  /** What becomes of an entry that the key has already. */
  duplicates: Duplicates = 'keep'
  readonly settings: EngineSettings
  /* For the strings of one element, and what is in them. */
  readonly first = new RdbText()
  readonly second = new RdbText()
  readonly third = new RdbText()

  constructor(settings: EngineSettings) {
    this.settings = settings
  }

  /** A value of this key is loaded from now on. */
  begin(keyspace: Keyspace, bytes: Uint8Array, offset: number, length: number): void {
    this.keyspace = keyspace
    this.bytes = bytes
    this.offset = offset
    this.length = length
    this.entry = 0
  }

  /** Makes the key the one that was looked up last, as inserting it asks for. Throws RdbError for a duplicate. */
  lookUp(): void {
    const { keyspace, bytes, offset, length } = this
    const old = keyspace.find(bytes, offset, length)
    if (old === 0 || this.duplicates === 'keep') return
    if (this.duplicates === 'refuse') {
      throw new RdbError(`RDB has duplicated key '${textOf(bytes, offset, length)}' in DB ${keyspace.index}`)
    }
    keyspace.removeFound(old)
    keyspace.find(bytes, offset, length)
  }

  /** Removes what was loaded. */
  discard(): void {
    if (this.entry !== 0) this.keyspace.removeEntry(this.entry)
    this.entry = 0
  }

  /** Gives outsized memory back. */
  release(): void {
    this.first.release()
    this.second.release()
    this.third.release()
  }
}
