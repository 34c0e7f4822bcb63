/* What the keyspace needs to know of a value that lives in a block of its own, by type. Each data type registers one;
 * embedded strings need none. Baton holder. */
import { assert } from '../../base/assert.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import {
  blockOf,
  checkEntry,
  encodingOf,
  flagsOf,
  OUT_OF_LINE,
  STRING_BLOCK_HEADER_BYTES,
  TYPE_STRING,
  typeOf,
} from './entry.ts'

export interface ValueType {
  /** What TYPE answers. */
  name: string
  /** Frees the value. */
  release(arena: Arena, block: number, encoding: number): void
  /** In how many parts it can be freed, by the measure of Redis's lazyfreeGetFreeEffort. O(1). */
  effort(arena: Arena, block: number, encoding: number): number
  /**
   * Frees about `parts` of them, 1 at least, of a value that nobody can see any more; what is left of `parts`, 0 when
   * it is to be called again.
   */
  releasePart(arena: Arena, block: number, encoding: number, parts: number): number
  /** Hands each block that releasePart() has left to `visit`. */
  ownRest(arena: Arena, block: number, encoding: number, visit: (block: number) => void): void
  /** A deep copy in another (or the same) arena; 0 when it has no room, with nothing left behind. */
  clone(from: Arena, block: number, to: Arena, encoding: number): number
  /** Arena bytes of the value. */
  bytes(arena: Arena, block: number, encoding: number): number
  /** Asserts the value's own invariants, and hands each of its blocks to `visit`. */
  check(arena: Arena, block: number, visit: (block: number) => void, encoding: number): void
  /** Adds the value to a digest as Redis does; see digest.ts. */
  digest?(
    arena: Arena,
    block: number,
    digest: { xor(data: Uint8Array): void; mix(data: Uint8Array): void },
    encoding: number,
  ): void
}

const registered: (ValueType | undefined)[] = []

export function registerValueType(type: number, valueType: ValueType): void {
  assert(registered[type] === undefined, 'a type is registered once')
  registered[type] = valueType
}

export function valueTypeOf(type: number): ValueType {
  const valueType = registered[type]
  assert(valueType !== undefined, 'every stored type is registered')
  return valueType
}

/** Frees the value of an entry, unless another has taken it over (block 0); call only with OUT_OF_LINE. */
export function releaseBlock(arena: Arena, entry: number): void {
  const block = blockOf(arena, entry)
  if (block !== 0) valueTypeOf(typeOf(arena, entry)).release(arena, block, encodingOf(arena, entry))
}

/** releasePart() of a value that is one block. */
export function releaseWhole(arena: Arena, block: number, _encoding: number, parts: number): number {
  arena.release(block)
  return parts
}

/** Arena bytes of a key and its value. */
export function bytesOfEntry(arena: Arena, entry: number): number {
  const own = arena.capacity(entry)
  if ((flagsOf(arena, entry) & OUT_OF_LINE) === 0) return own
  return own + valueTypeOf(typeOf(arena, entry)).bytes(arena, blockOf(arena, entry), encodingOf(arena, entry))
}

/** Asserts the invariants of an entry and its value, and hands their blocks to `own`. O(n) in the value. */
export function ownEntry(arena: Arena, entry: number, own: (block: number) => void): void {
  own(entry)
  checkEntry(arena, entry)
  if ((flagsOf(arena, entry) & OUT_OF_LINE) === 0) return
  valueTypeOf(typeOf(arena, entry)).check(arena, blockOf(arena, entry), own, encodingOf(arena, entry))
}

registerValueType(TYPE_STRING, {
  name: 'string',
  release: (arena, block) => arena.release(block),
  effort: () => 1,
  releasePart: releaseWhole,
  ownRest: (_arena, block, _encoding, visit) => visit(block),
  clone(from, block, to) {
    const bytes = STRING_BLOCK_HEADER_BYTES + from.u32[block >> 2]
    const copy = to.allocate(bytes)
    if (copy !== 0) to.u8.set(from.u8.subarray(block, block + bytes), copy)
    return copy
  },
  bytes: (arena, block) => arena.capacity(block),
  check(arena, block, visit) {
    assert(arena.u32[block >> 2] + STRING_BLOCK_HEADER_BYTES <= arena.capacity(block), 'a string fits its block')
    visit(block)
  },
})
