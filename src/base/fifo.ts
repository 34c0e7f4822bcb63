/* A queue that grows: what an array with shift() is, without moving what stays and without growing for ever while it is
 * never quite empty. Any thread. Hot: push(), shift().
 *
 *   items   | c | . | . | a | b |     a is the oldest: `head` is its place, from which `length` items follow
 *                         ^head       each other, round the end. The room is a power of two.
 *
 * I1  places outside head .. head + length hold undefined: what has left is not kept alive.
 * Bound: room for at most twice the greatest length since it was last empty, or KEPT_ROOM. */

const INITIAL_ROOM = 16
/** More room than this is given back when the queue is empty. */
const KEPT_ROOM = 4096

export class Fifo<T> {
  length: number
  private items: (T | undefined)[]
  private head: number

  constructor() {
    this.length = 0
    this.items = new Array<T | undefined>(INITIAL_ROOM).fill(undefined)
    this.head = 0
  }

  /** Places there are. */
  get room(): number {
    return this.items.length
  }

  /** The oldest item, if any. */
  get first(): T | undefined {
    return this.items[this.head]
  }

  push(item: T): void {
    if (this.length === this.items.length) this.grow()
    this.items[(this.head + this.length) & (this.items.length - 1)] = item
    this.length++
  }

  /** Takes the oldest item out, if there is any. */
  shift(): T | undefined {
    if (this.length === 0) return undefined
    const { items, head } = this
    const item = items[head]
    items[head] = undefined
    this.head = (head + 1) & (items.length - 1)
    if (--this.length === 0 && items.length > KEPT_ROOM) {
      this.items = new Array<T | undefined>(INITIAL_ROOM).fill(undefined)
      this.head = 0
    }
    return item
  }

  private grow(): void {
    const { items, head, length } = this
    const larger = new Array<T | undefined>(items.length * 2).fill(undefined)
    for (let i = 0; i < length; i++) larger[i] = items[(head + i) & (items.length - 1)]
    this.items = larger
    this.head = 0
  }
}
