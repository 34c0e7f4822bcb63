import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Arena } from './arena.ts'
import { PAGE_BYTES } from './layout.ts'
import { POISON_BYTE } from './poison.ts'

const MIB = 1 << 20

beforeEach(() => {
  Arena.poison = true
})

afterEach(() => {
  Arena.poison = false
})

describe('poison mode', () => {
  test('belongs to the arena, whatever the thread that attaches has set', () => {
    const arena = Arena.create(MIB)
    Arena.poison = false
    expect(Arena.attach(arena.buffer).poisoned).toBe(true)
    expect(Arena.create(MIB).poisoned).toBe(false)
  })

  test.each([8, 48, 20_000, 200_000])('hands out and fills released blocks of %i bytes with 0xDE', (bytes) => {
    const arena = Arena.create(MIB)
    const keep = arena.allocate(bytes)
    const offset = arena.allocate(bytes)
    const block = arena.u8.subarray(offset, offset + arena.capacity(offset))
    expect(block.every((byte) => byte === POISON_BYTE)).toBe(true)
    block.fill(1)
    arena.release(offset)
    // A block on a free list has its link in the first four bytes.
    expect(block.subarray(4).every((byte) => byte === POISON_BYTE)).toBe(true)
    expect(arena.allocate(bytes)).toBe(offset)
    expect(block.every((byte) => byte === POISON_BYTE)).toBe(true)
    arena.release(keep)
    arena.check()
  })

  test.each([8, 48, 20_000, 200_000])('finds a write to a released block of %i bytes', (bytes) => {
    const arena = Arena.create(MIB)
    arena.allocate(bytes)
    const offset = arena.allocate(bytes)
    arena.release(offset)
    arena.u8[offset + 5] = 0
    expect(() => arena.check()).toThrow('A9')
    expect(() => arena.allocate(bytes)).toThrow('A9')
  })

  test('finds a write behind the end of a span, to a block not yet handed out, to a page or run given back', () => {
    const writes = [
      (arena: Arena) => arena.allocate(24) + PAGE_BYTES - 1,
      (arena: Arena) => arena.allocate(24) + 24,
      (arena: Arena) => {
        const offset = arena.allocate(24)
        arena.release(offset)
        return offset
      },
      (arena: Arena) => {
        const offset = arena.allocate(200_000)
        arena.allocate(24)
        arena.release(offset)
        return offset + 100_000
      },
    ]
    for (const write of writes) {
      const arena = Arena.create(MIB)
      arena.u8[write(arena)] = 0
      expect(() => arena.check()).toThrow('A9')
    }
  })

  test('finds a write to a block or page that is then handed out', () => {
    const arena = Arena.create(MIB)
    const small = arena.allocate(24)
    arena.u8[small + 24] = 0
    expect(() => arena.allocate(24)).toThrow('A9')
    const large = arena.allocate(300_000)
    arena.release(large)
    arena.u8[large + 200_000] = 0
    expect(() => arena.allocate(300_000)).toThrow('A9')
  })

  test('finds a block released twice, and an offset inside of one', () => {
    const arena = Arena.create(MIB)
    const offsets = Array.from({ length: 10 }, () => arena.allocate(40))
    arena.release(offsets[3])
    arena.release(offsets[5])
    expect(() => arena.release(offsets[3])).toThrow('the block is not free already')
    expect(() => arena.release(offsets[4] + 8)).toThrow('the offset is the start of a block')
    expect(() => arena.release(offsets[9] + 40)).toThrow('the block has been handed out')
    arena.check()
  })

  test('survives a reset: what was live is poison as well', () => {
    const arena = Arena.create(MIB)
    const small = arena.allocate(100)
    const large = arena.allocate(300_000)
    arena.u8.fill(1, small, small + 100)
    arena.u8.fill(1, large, large + 300_000)
    arena.reset()
    arena.check()
    expect(arena.u8[large + 1000]).toBe(POISON_BYTE)
    expect(arena.allocate(500_000)).not.toBe(0)
  })

  test('is off by default: nothing is written to a released large block', () => {
    Arena.poison = false
    const arena = Arena.create(MIB)
    const offset = arena.allocate(300_000)
    arena.u8.fill(1, offset, offset + 300_000)
    arena.release(offset)
    expect(arena.u8.subarray(offset, offset + 300_000).every((byte) => byte === 1)).toBe(true)
  })
})
