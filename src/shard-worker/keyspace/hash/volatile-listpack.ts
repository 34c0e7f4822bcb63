/* The third element of the fields of a volatile listpack, their expiry, and the order it gives them (I5 of hash.ts).
 * Baton holder. */
import { copyBytes } from '../../../base/bytes.ts'
import { formatInteger, INTEGER_TEXT_BYTES } from '../../../base/number-text.ts'
import * as listpack from '../../structure/listpack.ts'
import type { HashView } from './hash-view.ts'

/** Bytes of the element that says that a field does not expire. */
export const NO_EXPIRY_BYTES = 2
/** Bytes of the element of any expiry, at most. */
export const EXPIRY_MAX_BYTES = 10

const scratchDigits = new Uint8Array(INTEGER_TEXT_BYTES + 4)
/* A field and its value as elements, on their way to another place. */
let scratchPair = new Uint8Array(256)

/** Inserts an expiry before `p`, an element or the end; 0 says none. Returns the element after it. */
export function insertExpiry(u8: Uint8Array, at: number, p: number, expiryMs: number): number {
  return listpack.insert(u8, at, p, scratchDigits, 0, formatInteger(scratchDigits, 0, expiryMs))
}

/**
 * Gives a field another expiry, or none (0), and the place that goes with it. What does not lengthen the listpack
 * cannot fail. Throws ARENA_FULL with nothing changed.
 */
export function setListpackExpiry(hash: HashView, field: number, expiryMs: number): void {
  const { u8 } = hash.arena
  const expiry = hash.expiryElement(field)
  if (listpack.integerAt(u8, expiry) === expiryMs) return
  const distance = field - hash.block
  const pairBytes = expiry - field
  const oldBytes = listpack.elementBytes(u8, expiry)
  const freshBytes = listpack.insertedBytes(scratchDigits, 0, formatInteger(scratchDigits, 0, expiryMs))
  hash.resizeListpack(listpack.listpackBytes(u8, hash.block) + freshBytes - oldBytes)
  const { block } = hash
  const from = block + distance
  if (scratchPair.length < pairBytes) scratchPair = new Uint8Array(2 * pairBytes)
  copyBytes(scratchPair, 0, u8, from, pairBytes)
  listpack.removeRange(u8, block, from, from + pairBytes + oldBytes, 3)
  const to = placeFor(hash, expiryMs)
  insertExpiry(u8, block, listpack.insertEncoded(u8, block, to, scratchPair, 0, pairBytes, 2), expiryMs)
  hash.reschedule()
}

/** The field before which one with this expiry belongs, or the end. */
function placeFor(hash: HashView, expiryMs: number): number {
  const { u8 } = hash.arena
  if (expiryMs === 0) return listpack.end(u8, hash.block)
  let p = listpack.first(hash.block)
  for (; !listpack.isEnd(u8, p); p = hash.nextField(p)) {
    const expiry = hash.expiryOf(p)
    if (expiry === 0 || expiry >= expiryMs) break
  }
  return p
}

/** Copies the pairs of a listpack to an empty volatile one; there must be NO_EXPIRY_BYTES more for each. */
export function copyWithoutExpiry(u8: Uint8Array, from: number, to: number): void {
  for (let p = listpack.first(from); !listpack.isEnd(u8, p); ) {
    const after = listpack.next(u8, listpack.next(u8, p))
    const end = listpack.insertEncoded(u8, to, listpack.end(u8, to), u8, p, after - p, 2)
    insertExpiry(u8, to, end, 0)
    p = after
  }
}

/** Takes out the expired ones among the first `limit` fields; returns how many there were. */
export function removeExpired(hash: HashView, limit: number): number {
  const { u8 } = hash.arena
  let expired = 0
  let p = listpack.first(hash.block)
  for (; expired < limit && !listpack.isEnd(u8, p) && hash.hasExpired(p); p = hash.nextField(p)) expired++
  if (expired === 0) return 0
  listpack.removeRange(u8, hash.block, listpack.first(hash.block), p, 3 * expired)
  hash.resizeListpack(listpack.listpackBytes(u8, hash.block))
  return expired
}
