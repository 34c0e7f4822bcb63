/* Loads a snapshot file from the disk, in slices. The thread that holds the batons of every shard; reading blocks it
 * for CHUNK_BYTES at a time, which the page cache has nearly always read ahead.
 *
 * Bound: one chunk beside the loader's window. */
import type { Disk } from '../../base/ports.ts'
import { systemErrorCode, systemErrorText } from '../../base/system-error.ts'
import { type LoadHost, type LoadOptions, RdbFileError, RdbFileLoader } from './file-loader.ts'

const CHUNK_BYTES = 256 * 1024

export class FileLoad {
  readonly loader: RdbFileLoader
  /** Bytes of the file. */
  readonly totalBytes: number
  private readonly chunk = new Uint8Array(CHUNK_BYTES)
  private readonly disk: Disk
  private descriptor: number

  private constructor(disk: Disk, descriptor: number, totalBytes: number, host: LoadHost, options: LoadOptions) {
    this.disk = disk
    this.descriptor = descriptor
    this.totalBytes = totalBytes
    this.loader = new RdbFileLoader(host, options, totalBytes)
  }

  /** Opens a file; null when there is none. Throws RdbFileError. */
  static open(disk: Disk, path: string, host: LoadHost, options: LoadOptions): FileLoad | null {
    let descriptor = -1
    try {
      descriptor = disk.open(path)
      return new FileLoad(disk, descriptor, disk.size(descriptor), host, options)
    } catch (error) {
      if (descriptor >= 0) disk.close(descriptor)
      if (systemErrorCode(error) === 'ENOENT') return null
      throw new RdbFileError(`Fatal error: can't open the RDB file ${path} for reading: ${systemErrorText(error)}`)
    }
  }

  /** Loads about `budgetBytes`; true when the file is loaded. Throws RdbFileError. */
  step(budgetBytes: number): boolean {
    const { loader } = this
    const stop = loader.loadedBytes + budgetBytes
    for (;;) {
      const left = stop - loader.loadedBytes
      const outcome = loader.step(Math.max(left, 1))
      if (outcome === 'done') return true
      if (outcome === 'more') this.readChunk()
      if (loader.loadedBytes >= stop) return false
    }
  }

  private readChunk(): void {
    const { chunk } = this
    let bytes: number
    try {
      bytes = this.disk.read(this.descriptor, chunk, 0, CHUNK_BYTES, null)
    } catch (error) {
      throw new RdbFileError(`Error reading the RDB file: ${systemErrorText(error)}`)
    }
    if (bytes === 0) this.loader.end()
    else this.loader.feed(chunk, 0, bytes)
  }

  close(): void {
    if (this.descriptor >= 0) this.disk.close(this.descriptor)
    this.descriptor = -1
  }
}
