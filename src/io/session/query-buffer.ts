/* The bytes of a command that has not arrived whole. I/O thread.
 *
 * I1  bytes[0 .. length) are received and belong to no finished command.
 * Bound: the owner's client-query-buffer-limit; an idle one holds no memory, all of them together one spare room. */

const INITIAL_BYTES = 16 * 1024
/** How much larger a full buffer is made: in general, when it is large, and when the command has said it takes more. */
const GROWTH = 2
const LARGE_BYTES = 1024 * 1024
const LARGE_GROWTH = 1.25
const ANNOUNCED_GROWTH = 4
const NONE = new Uint8Array(0)
/** Room within these bounds that one buffer gives up serves the next that needs about as much. */
const SPARE_LEAST_BYTES = 64 * 1024
const SPARE_MOST_BYTES = 512 * 1024

/**
 * The room given up last. Pipelines longer than one read need such room again and again; made anew each time it would
 * be garbage outside the JavaScript heap, which V8 collects late.
 */
let spare: Uint8Array = NONE

function roomFor(capacity: number): Uint8Array {
  if (spare.length < capacity || spare.length > 2 * capacity) return new Uint8Array(capacity)
  const room = spare
  spare = NONE
  return room
}

function giveUp(room: Uint8Array): void {
  if (room.length >= SPARE_LEAST_BYTES && room.length <= SPARE_MOST_BYTES) spare = room
}

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
    const bytes = roomFor(capacity)
    bytes.set(this.bytes.subarray(0, this.length))
    giveUp(this.bytes)
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

  /** Drops everything, memory included: what `bytes` was belongs to the next that needs room. */
  clear(): void {
    giveUp(this.bytes)
    this.bytes = NONE
    this.length = 0
  }
}
