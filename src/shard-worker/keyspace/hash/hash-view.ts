/* The hash that was opened last, as its block shows it: its fields, when they expire, and its place among the hashes of
 * which some do. What changes a hash is in hash.ts. Baton holder. Hot. hash-layout.ts draws the blocks.
 *
 * A field given by a number is its element in a listpack, its entry in a table. */
import type { Arena } from '../../../shm/arena/arena.ts'
import * as listpack from '../../structure/listpack.ts'
import { blockOf, flagsOf, HAS_EXPIRE, isVolatileHash, setBlock } from '../entry.ts'
import { FieldHeap, fieldExpiry, NOT_IN_HEAP, PREFIX_PLACE, PREFIX_SOONEST } from '../expiry/expiry-heap.ts'
import { ARENA_FULL, type Keyspace } from '../keyspace.ts'
import { Table } from '../table/table.ts'
import { isListpackEncoding, PREFIX_BYTES, PREFIX_FIELDS, textBytesOf } from './hash-layout.ts'

export class HashView {
  readonly arena: Arena
  /** The fields of a hashtable, and those of them that expire. */
  readonly table: Table
  readonly volatileFields: FieldHeap
  keyspace: Keyspace
  /** Of the key; 0 while no hash is open. */
  entry: number
  /** Where the listpack or table lies, and the bytes of the prefix before it. */
  block: number
  prefix: number
  isListpack: boolean
  isVolatile: boolean
  /** Elements of a listpack for each field. */
  width: number
  /** The listpack keeps the room it has: more is to be put into it, which must not fail. */
  keepsRoom: boolean

  constructor(keyspace: Keyspace) {
    const { arena } = keyspace
    this.arena = arena
    this.table = new Table(arena, 0, keyspace.keys.seed)
    this.volatileFields = new FieldHeap(arena, 0)
    this.keyspace = keyspace
    this.entry = 0
    this.block = 0
    this.prefix = 0
    this.isListpack = true
    this.isVolatile = false
    this.width = 2
    this.keepsRoom = false
  }

  /** Makes this a view of the hash that `entry` is. */
  open(entry: number): void {
    const kind = this.arena.u8[entry]
    this.entry = entry
    this.isListpack = isListpackEncoding(kind >> 4)
    this.isVolatile = isVolatileHash(kind)
    this.prefix = this.isVolatile ? PREFIX_BYTES : 0
    this.width = this.isVolatile ? 3 : 2
    this.block = blockOf(this.arena, entry) + this.prefix
    if (!this.isListpack) this.openTable()
  }

  protected openTable(): void {
    this.table.rebase(this.block)
    if (this.isVolatile) this.volatileFields.rebase(this.block - PREFIX_BYTES + PREFIX_FIELDS)
  }

  /** Whether a hash is open. */
  get isOpen(): boolean {
    return this.entry !== 0
  }

  close(): void {
    this.entry = 0
  }

  /** Number of fields, with expired ones that are still there. O(1). */
  get count(): number {
    if (!this.isListpack) return this.table.used
    const elements = listpack.listpackCount(this.arena.u8, this.block)
    return this.isVolatile ? elements / 3 : elements >> 1
  }

  /** Number of fields that have not expired. O(expired ones). */
  get liveCount(): number {
    const { count } = this
    if (!this.isVolatile) return count
    if (!this.isListpack) return count - this.volatileFields.countBefore(this.keyspace.shard.access.nowMs)
    let expired = 0
    for (let p = listpack.first(this.block); expired < count && this.hasExpired(p); p = this.nextField(p)) expired++
    return count - expired
  }

  /** Bytes of all fields and values, roughly: what they take in the arena. O(1). */
  get textBytes(): number {
    return textBytesOf(this.arena, this.block, this.isListpack)
  }

  /** A field, expired or not; 0 when it is not there. */
  locate(bytes: Uint8Array, offset: number, length: number): number {
    if (this.isListpack) {
      return listpack.find(this.arena.u8, listpack.first(this.block), bytes, offset, length, this.width - 1)
    }
    return this.table.find(this.table.hash(bytes, offset, length), bytes, offset, length)
  }

  /** The field after one in a listpack, or the end. */
  nextField(p: number): number {
    const { u8 } = this.arena
    const after = listpack.next(u8, listpack.next(u8, p))
    return this.isVolatile ? listpack.next(u8, after) : after
  }

  /** Whether a field's time has come. */
  hasExpired(field: number): boolean {
    if (!this.isVolatile) return false
    const expiry = this.expiryOf(field)
    return expiry !== 0 && expiry < this.keyspace.shard.access.nowMs
  }

  /** Unix milliseconds at which a field of a volatile hash expires; 0: never. */
  expiryOf(field: number): number {
    const { arena } = this
    if (this.isListpack) return listpack.integerAt(arena.u8, this.expiryElement(field))
    return flagsOf(arena, field) & HAS_EXPIRE ? fieldExpiry(arena, field) : 0
  }

  /** The third element of a field in a volatile listpack. */
  expiryElement(field: number): number {
    const { u8 } = this.arena
    return listpack.next(u8, listpack.next(u8, field))
  }

  /** When the first field of a volatile hash expires, 0 when none does. O(1). */
  get soonestExpiry(): number {
    if (this.isListpack) {
      const first = listpack.first(this.block)
      return listpack.isEnd(this.arena.u8, first) ? 0 : this.expiryOf(first)
    }
    const field = this.volatileFields.soonest
    return field === 0 ? 0 : this.expiryOf(field)
  }

  /** Gives a volatile hash the place in its database's heap that its fields ask for (I6); there must be room for it. */
  reschedule(): void {
    const { arena, keyspace, entry, soonestExpiry } = this
    const start = this.block - PREFIX_BYTES
    if (arena.u32[(start + PREFIX_PLACE) >> 2] === NOT_IN_HEAP) {
      if (soonestExpiry === 0) return
      arena.f64[(start + PREFIX_SOONEST) >> 3] = soonestExpiry
      keyspace.volatileHashes.add(entry)
    } else if (soonestExpiry === 0) {
      keyspace.volatileHashes.remove(entry)
    } else if (soonestExpiry !== arena.f64[(start + PREFIX_SOONEST) >> 3]) {
      arena.f64[(start + PREFIX_SOONEST) >> 3] = soonestExpiry
      keyspace.volatileHashes.changed(entry)
    }
  }

  /** Gives the listpack a block that holds `bytes`, and a smaller one when it wastes half of its own. */
  resizeListpack(bytes: number): void {
    const { arena, block, prefix } = this
    const start = block - prefix
    const capacity = arena.capacity(start) - prefix
    if (bytes <= capacity && (bytes * 2 > capacity || this.keepsRoom || !arena.fits(prefix + bytes))) return
    const used = listpack.listpackBytes(arena.u8, block)
    const moved = arena.allocate(prefix + Math.max(bytes, used))
    if (moved === 0) {
      if (bytes <= capacity) return
      throw ARENA_FULL
    }
    arena.u8.copyWithin(moved, start, block + used)
    setBlock(arena, this.entry, moved)
    this.block = moved + prefix
    arena.release(start)
  }
}
