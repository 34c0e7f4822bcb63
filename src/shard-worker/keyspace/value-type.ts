/* What the keyspace needs to know of a value that lives in a block of its own, by type. Each data type registers one;
 * embedded strings need none. Baton holder. */
import { assert } from '../../base/assert.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import { blockOf, encodingOf, flagsOf, OUT_OF_LINE, STRING_BLOCK_HEADER_BYTES, TYPE_STRING, typeOf } from './entry.ts'

export interface ValueType {
  /** What TYPE answers. */
  name: string
  /** Frees the value. */
  release(arena: Arena, block: number, encoding: number): void
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

/** Arena bytes of a key and its value. */
export function bytesOfEntry(arena: Arena, entry: number): number {
  const own = arena.capacity(entry)
  if ((flagsOf(arena, entry) & OUT_OF_LINE) === 0) return own
  return own + valueTypeOf(typeOf(arena, entry)).bytes(arena, blockOf(arena, entry), encodingOf(arena, entry))
}

registerValueType(TYPE_STRING, {
  name: 'string',
  release: (arena, block) => arena.release(block),
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
