/* The bytes of a command that has not arrived whole. I/O thread.
 *
 * I1  bytes[0 .. length) are received and belong to no finished command.
 * Bound: the owner's client-query-buffer-limit; an idle one holds no memory. */

const INITIAL_BYTES = 16 * 1024
/** How much larger a full buffer is made: in general, when it is large, and when the command has said it takes more. */
const GROWTH = 2
const LARGE_BYTES = 1024 * 1024
const LARGE_GROWTH = 1.25
const ANNOUNCED_GROWTH = 4
const NONE = new Uint8Array(0)

export class QueryBuffer {
  bytes: Uint8Array = NONE
  length = 0

  /** Appends a range. `needed` is what the command says it takes in all, 0 if that is not known. */
  append(source: Uint8Array, offset: number, count: number, needed: number): void {
    const wanted = this.length + count
    if (wanted > this.bytes.length) this.grow(wanted, needed)
    this.bytes.set(source.subarray(offset, offset + count), this.length)
    this.length = wanted
  }

  /**
   * An announced size is an upper bound and no more: a thousand clients that announce 512 MB and send ten bytes must
   * not have V8 collect garbage for memory that nobody has filled.
   */
  private grow(wanted: number, needed: number): void {
    const factor = needed > wanted ? ANNOUNCED_GROWTH : wanted > LARGE_BYTES ? LARGE_GROWTH : GROWTH
    const ahead = Math.max(INITIAL_BYTES, wanted, Math.trunc(this.bytes.length * factor))
    const capacity = needed > wanted ? Math.min(needed, ahead) : ahead
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
