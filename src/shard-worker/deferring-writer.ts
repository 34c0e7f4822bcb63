/* Writes entries for a snapshot and leaves the compression of their strings to the thread that writes the file: whoever
 * runs commands only copies. Any thread. Hot while a snapshot runs.
 *
 * What has gathered is sent on by the owner (`send`) between two strings when it is enough, in the midst of an entry,
 * too: so it stays below GATHERED_BYTES and one string. A string too long for that is compressed here, and goes by
 * itself, but for one that is a whole value: that goes as it is, in pieces.
 *
 * I1  a mark stands for a whole string among the bytes that have gathered. */
import { VALUE_END } from './keyspace/open-value.ts'
import { COMPRESSED_ABOVE_BYTES } from './rdb/format.ts'
import { RdbWriter } from './rdb/writer.ts'

/** What gathers before it is sent. */
export const GATHERED_BYTES = 32 * 1024
/** A longer string is compressed by who saves it. */
const DEFERRED_MAX_BYTES = 64 * 1024
const INITIAL_MARKS = 1024
/** What of a string that is a value goes at once. */
const STRING_PIECE_BYTES = 64 * 1024

export class DeferringWriter extends RdbWriter {
  /** Place and length of each string to compress. */
  marks = new Uint32Array(2 * INITIAL_MARKS)
  markCount = 0
  /** Whether strings are to be compressed at all. */
  private readonly isCompressed: () => boolean
  /** Sends what has gathered, which ends in the midst of an entry. */
  private readonly send: () => void
  /** Sends a piece of a string that is a value. */
  private readonly sendPiece: (source: Uint8Array, offset: number, length: number) => void
  /** Whether the value that is written goes in steps. */
  isStepped = false

  constructor(
    isCompressed: () => boolean,
    send: () => void,
    sendPiece: (source: Uint8Array, offset: number, length: number) => void,
  ) {
    super()
    this.isCompressed = isCompressed
    this.send = send
    this.sendPiece = sendPiece
  }

  override clear(): void {
    super.clear()
    this.markCount = 0
  }

  override string(source: Uint8Array, offset: number, length: number): void {
    if (this.length >= GATHERED_BYTES || (length > DEFERRED_MAX_BYTES && this.length > 0)) this.send()
    const isLong = length > DEFERRED_MAX_BYTES
    this.compresses = isLong && this.isCompressed()
    if (!isLong && length > COMPRESSED_ABOVE_BYTES && this.isCompressed()) this.mark(length)
    super.string(source, offset, length)
    if (isLong) this.send()
  }

  override stringStep(source: Uint8Array, offset: number, length: number, cursor: number): number {
    if (!this.isStepped) return super.stringStep(source, offset, length, cursor)
    const bytes = Math.min(STRING_PIECE_BYTES, length - cursor)
    this.sendPiece(source, offset + cursor, bytes)
    return cursor + bytes === length ? VALUE_END : cursor + bytes
  }

  private mark(length: number): void {
    if (2 * this.markCount === this.marks.length) {
      const larger = new Uint32Array(2 * this.marks.length)
      larger.set(this.marks)
      this.marks = larger
    }
    this.marks[2 * this.markCount] = this.length
    this.marks[2 * this.markCount + 1] = length
    this.markCount++
  }
}
