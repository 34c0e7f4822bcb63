/* A huge entry on its way into a snapshot file: its parts, which come over several slices while other entries are
 * written, are kept aside until the last one is there, for an entry stands in one piece in the file. The thread that
 * writes the file; all calls block.
 *
 *   add, addString ... --last part--> copyTo, discard
 *
 *   | head, or all of it | piece of the string that is its value | piece | ...
 *                        ^headBytes
 *
 * Pieces of a string are compressed one by one: LZF refers back to nothing but what it has put out, so what is
 * compressed apart is one compressed string side by side. A piece that does not get smaller is kept somewhat larger, as
 * literals, and all are written uncompressed if that is no longer than they are.
 *
 * Bound: KEPT_BYTES in memory; what is more goes to a file without a name, and comes out of the page cache again. */
import { assert } from '../../base/assert.ts'
import { compress, decompress } from '../../base/lzf.ts'
import type { Disk } from '../../base/ports.ts'
import { LEAST_SAVED_BYTES } from '../../shard-worker/rdb/format.ts'
import { quietly, type SnapshotFile } from './snapshot-file.ts'

const KEPT_BYTES = 1024 * 1024
const COPIED_BYTES = 64 * 1024
/** A run of 32 literals takes one byte more, and compress() wants some to spare. */
const LITERALS_PER_BYTE = 32
const SPARE_BYTES = 16

export class ValueParts {
  private readonly disk: Disk
  private readonly path: string
  private readonly compresses: boolean
  /** What has not gone to the file. */
  private readonly kept = new Uint8Array(KEPT_BYTES)
  private keptBytes = 0
  private file = -1
  private fileBytes = 0
  private headBytes = 0
  /** Bytes of the string, and of each of its pieces as it came and as it is kept. */
  private stringBytes = 0
  private readonly lengths: number[] = []
  private readonly sizes: number[] = []
  private scratch = new Uint8Array(0)

  /** `path` is free for as long as it takes to open a file there. */
  constructor(disk: Disk, path: string, compresses: boolean) {
    this.disk = disk
    this.path = path
    this.compresses = compresses
  }

  /** Adds bytes as the file is to have them. Throws the disk's errors. */
  add(bytes: Uint8Array, offset: number, length: number): void {
    this.keep(bytes, offset, length)
    this.headBytes += length
  }

  /** Adds a piece of the string that is the value. Throws the disk's errors. */
  addString(bytes: Uint8Array, offset: number, length: number): void {
    this.stringBytes += length
    this.lengths.push(length)
    if (!this.compresses) {
      this.sizes.push(length)
      return this.keep(bytes, offset, length)
    }
    const room = length + Math.ceil(length / LITERALS_PER_BYTE) + SPARE_BYTES
    this.makeScratch(room)
    const small = compress(bytes, offset, length, this.scratch, 0, room)
    this.sizes.push(small)
    this.keep(this.scratch, 0, small)
  }

  private makeScratch(bytes: number): void {
    if (this.scratch.length < bytes) this.scratch = new Uint8Array(bytes)
  }

  private keep(bytes: Uint8Array, offset: number, length: number): void {
    if (this.keptBytes + length > KEPT_BYTES) this.writeOut(this.kept, 0, this.keptBytes)
    if (length > KEPT_BYTES) return this.writeOut(bytes, offset, length)
    this.kept.set(bytes.subarray(offset, offset + length), this.keptBytes)
    this.keptBytes += length
  }

  /** Moves bytes to the file, behind which nothing is kept then. */
  private writeOut(bytes: Uint8Array, offset: number, length: number): void {
    const { disk, path } = this
    if (this.file < 0) {
      this.file = disk.create(path)
      quietly(() => disk.remove(path))
    }
    for (let done = 0; done < length; ) done += disk.write(this.file, bytes, offset + done, length - done)
    this.fileBytes += length
    this.keptBytes = 0
  }

  /** Writes the entry into the file. Throws the disk's errors, and SnapshotError. */
  copyTo(file: SnapshotFile): void {
    const { headBytes, stringBytes, lengths, sizes } = this
    this.copy(file, 0, headBytes)
    if (lengths.length === 0) return
    const size = sizes.reduce((sum, each) => sum + each, 0)
    const isWorthIt = this.compresses && size + LEAST_SAVED_BYTES <= stringBytes
    if (isWorthIt) file.entries.lzfHead(size, stringBytes)
    else file.entries.integer(stringBytes)
    if (isWorthIt || !this.compresses) return this.copy(file, headBytes, size)
    let at = headBytes
    for (let i = 0; i < sizes.length; i++) {
      this.copyDecompressed(file, at, sizes[i], lengths[i])
      at += sizes[i]
    }
  }

  private copy(file: SnapshotFile, at: number, length: number): void {
    const end = at + length
    this.makeScratch(COPIED_BYTES)
    for (let from = at; from < end; from += COPIED_BYTES) {
      const count = Math.min(end - from, COPIED_BYTES)
      this.read(from, this.scratch, count)
      file.write(this.scratch, 0, count)
    }
  }

  private copyDecompressed(file: SnapshotFile, at: number, size: number, length: number): void {
    this.makeScratch(size + length)
    this.read(at, this.scratch, size)
    const isSound = decompress(this.scratch, 0, size, this.scratch.subarray(size), 0, length)
    assert(isSound, 'what was compressed here is decompressed here')
    file.write(this.scratch, size, length)
  }

  /** Reads a range of what was kept. */
  private read(at: number, target: Uint8Array, length: number): void {
    const { disk, fileBytes } = this
    let done = 0
    while (done < length && at + done < fileBytes) {
      const count = disk.read(this.file, target, done, Math.min(length, fileBytes - at) - done, at + done)
      if (count === 0) throw new Error('the parts of a value that were set aside are gone')
      done += count
    }
    if (done < length) target.set(this.kept.subarray(at + done - fileBytes, at + length - fileBytes), done)
  }

  /** Forgets everything, ready for the next entry. */
  discard(): void {
    const { file } = this
    this.file = -1
    this.fileBytes = 0
    this.keptBytes = 0
    this.headBytes = 0
    this.stringBytes = 0
    this.lengths.length = 0
    this.sizes.length = 0
    if (file >= 0) quietly(() => this.disk.close(file))
  }
}
