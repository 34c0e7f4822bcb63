/* The bytes of a command that has not arrived whole. I/O thread.
 *
 * I1  bytes[0 .. length) are received and belong to no finished command.
 * Bound: the owner's client-query-buffer-limit; an idle one holds no memory. */

const INITIAL_BYTES = 16 * 1024
const NONE = new Uint8Array(0)

export class QueryBuffer {
  bytes: Uint8Array = NONE
  length = 0

  /** Appends a range. `needed` is what the command is known to take in all: the buffer is made that large at once. */
  append(source: Uint8Array, offset: number, count: number, needed: number): void {
    const wanted = this.length + count
    if (wanted > this.bytes.length) this.grow(Math.max(wanted, needed))
    this.bytes.set(source.subarray(offset, offset + count), this.length)
    this.length = wanted
  }

  private grow(wanted: number): void {
    const doubled = Math.max(INITIAL_BYTES, this.bytes.length * 2)
    // Up to a megabyte by doubling; a large argument's size is known and taken exactly.
    const capacity =
      wanted > 1024 * 1024 ? Math.max(wanted, Math.min(doubled, wanted * 1.25) | 0) : Math.max(doubled, wanted)
    const bytes = new Uint8Array(capacity)
    bytes.set(this.bytes.subarray(0, this.length))
    this.bytes = bytes
  }

  /** Drops the first `count` bytes. */
  discard(count: number): void {
    if (count === this.length) {
      this.clear()
      return
    }
    if (count === 0) return
    this.bytes.copyWithin(0, count, this.length)
    this.length -= count
  }

  /** Gives back the room that nothing fills. */
  shrink(): void {
    if (this.bytes.length > this.length) this.bytes = this.bytes.slice(0, this.length)
  }

  /** Drops everything, memory included. */
  clear(): void {
    this.bytes = NONE
    this.length = 0
  }
}
