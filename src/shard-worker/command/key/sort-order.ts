/* The order of many texts, by a number for each or by their bytes, for SORT. Any thread. Texts lie in one buffer, and
 * orders are arrays of their indexes: an object and a comparison by a closure for each made SORT nine times as slow as
 * Redis's, and filled the heap.
 *
 * Numbers are sorted natively, as doubles, and each index then finds its place among them by bisection, so that equal
 * ones stay in the order in which they came. Texts get numbers, too: the first six bytes behind what all of them begin
 * with. What is equal in these is compared whole. */
import { copyBytes } from '../../../base/bytes.ts'
import type { Reply } from '../../../base/reply.ts'
import { ARENA_FULL } from '../../keyspace/keyspace.ts'

const FIRST_TEXTS = 64
const FIRST_BYTES = 1024
const MAX_BYTES = 2 ** 31 - 1
/** So many bytes a double takes as a whole number. */
const RANK_BYTES = 6
/** What a text that is not there begins with: less than any other. */
const NO_RANK = -1

/**
 * Texts, one behind the other; some may be missing. Text i lies from ends[i - 1] to ends[i]. More than any shard could
 * hold are refused with ARENA_FULL.
 */
export class Texts {
  bytes = new Uint8Array(FIRST_BYTES)
  count = 0
  private ends = new Int32Array(FIRST_TEXTS)
  private missing: Set<number> | null = null

  add(bytes: Uint8Array, offset: number, length: number): void {
    const from = this.count === 0 ? 0 : this.ends[this.count - 1]
    const needed = from + length
    if (needed > this.bytes.length) {
      if (needed > MAX_BYTES) throw ARENA_FULL
      const grown = new Uint8Array(Math.min(Math.max(2 * this.bytes.length, needed), MAX_BYTES))
      grown.set(this.bytes.subarray(0, from))
      this.bytes = grown
    }
    copyBytes(this.bytes, from, bytes, offset, length)
    this.close(needed)
  }

  addMissing(): void {
    this.missing ??= new Set()
    this.missing.add(this.count)
    this.close(this.count === 0 ? 0 : this.ends[this.count - 1])
  }

  private close(end: number): void {
    if (this.count === this.ends.length) {
      const grown = new Int32Array(2 * this.count)
      grown.set(this.ends)
      this.ends = grown
    }
    this.ends[this.count++] = end
  }

  isMissing(index: number): boolean {
    return this.missing?.has(index) === true
  }

  offset(index: number): number {
    return index === 0 ? 0 : this.ends[index - 1]
  }

  length(index: number): number {
    return this.ends[index] - this.offset(index)
  }

  /** A view of a text, valid until the next one is added. */
  text(index: number): Uint8Array {
    return this.bytes.subarray(this.offset(index), this.ends[index])
  }

  reply(index: number, reply: Reply): void {
    if (this.isMissing(index)) reply.nil()
    else reply.bulk(this.bytes, this.offset(index), this.length(index))
  }

  /** Cuts each text where its first zero byte is: what a C string has. */
  cutAtZeros(): void {
    const { bytes, count } = this
    let to = 0
    for (let i = 0, from = 0; i < count; i++) {
      const end = this.ends[i]
      for (let at = from; at < end && bytes[at] !== 0; at++) bytes[to++] = bytes[at]
      this.ends[i] = to
      from = end
    }
  }

  /** Below zero, zero or above: the order of two texts by their bytes. */
  compare(a: number, b: number): number {
    const { bytes } = this
    const aLength = this.length(a)
    const bLength = this.length(b)
    const both = Math.min(aLength, bLength)
    for (let i = 0, p = this.offset(a), q = this.offset(b); i < both; i++, p++, q++) {
      if (bytes[p] !== bytes[q]) return bytes[p] - bytes[q]
    }
    return aLength - bLength
  }
}

/** The indexes of texts in the order of their numbers, none of them NaN, and of their bytes where those are equal. */
export function orderByNumber(numbers: Float64Array, texts: Texts): Uint32Array {
  const count = numbers.length
  const sorted = numbers.slice().sort()
  const taken = new Uint32Array(count)
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const at = firstNotBelow(sorted, numbers[i])
    order[at + taken[at]++] = i
  }
  for (let at = 0; at < count; at += taken[at]) if (taken[at] > 1) orderEqual(order, at, taken[at], texts)
  return order
}

/** The indexes of texts in the order of their bytes; missing ones come first. */
export function orderByText(texts: Texts): Uint32Array {
  const { count } = texts
  const shared = sharedBytes(texts)
  const ranks = new Float64Array(count)
  for (let i = 0; i < count; i++) ranks[i] = texts.isMissing(i) ? NO_RANK : rankOf(texts, i, shared)
  return orderByNumber(ranks, texts)
}

/** Orders `count` indexes from `at` on by the bytes of their texts. */
function orderEqual(order: Uint32Array, at: number, count: number, texts: Texts): void {
  let isOrdered = true
  for (let i = at + 1; i < at + count && isOrdered; i++) isOrdered = texts.compare(order[i - 1], order[i]) <= 0
  if (isOrdered) return
  const equal = Array.from(order.subarray(at, at + count))
  order.set(
    equal.sort((a, b) => texts.compare(a, b)),
    at,
  )
}

/** The first place in ascending numbers where one is not below `number`. */
function firstNotBelow(sorted: Float64Array, number: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle] < number) low = middle + 1
    else high = middle
  }
  return low
}

/** How many bytes all texts begin with. */
function sharedBytes(texts: Texts): number {
  let model = 0
  while (model < texts.count && texts.isMissing(model)) model++
  if (model === texts.count) return 0
  const { bytes } = texts
  const from = texts.offset(model)
  let shared = texts.length(model)
  for (let i = model + 1; i < texts.count && shared > 0; i++) {
    if (texts.isMissing(i)) continue
    const offset = texts.offset(i)
    const most = Math.min(shared, texts.length(i))
    shared = 0
    while (shared < most && bytes[offset + shared] === bytes[from + shared]) shared++
  }
  return shared
}

/** The bytes of a text behind the first `shared` as a number; what is not there counts as zeros. */
function rankOf(texts: Texts, index: number, shared: number): number {
  const { bytes } = texts
  const from = texts.offset(index) + shared
  const end = texts.offset(index) + texts.length(index)
  let rank = 0
  for (let i = 0; i < RANK_BYTES; i++) rank = rank * 256 + (from + i < end ? bytes[from + i] : 0)
  return rank
}
