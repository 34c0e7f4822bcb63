import { expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { bytesOf, textOf } from '../../base/bytes.ts'
import { Arena } from '../../shm/arena/arena.ts'
import * as listpack from './listpack.ts'
import { checkListpackBlock, createListpack, makeRoom, placed, shrink } from './listpack-block.ts'

const RESERVED = 4

function texts({ u8 }: Arena, at: number): string[] {
  const found: string[] = []
  for (let p = listpack.first(at); !listpack.isEnd(u8, p); p = listpack.next(u8, p)) {
    listpack.read(u8, p)
    found.push(textOf(listpack.element.bytes, listpack.element.offset, listpack.element.length))
  }
  return found
}

test.each([
  [1, 0],
  [2, 0],
  [3, 4096],
  [4, 4096],
])('elements come and go at both ends, seed %i, most %i', (seed, most) => {
  const random = new Random(seed)
  const arena = Arena.create(1024 * 1024)
  const { u8 } = arena
  expect(createListpack(arena, RESERVED, 20, seed % 2 === 0)).toBe(true)
  let { block, at } = placed
  const model: string[] = []
  for (let step = 0; step < 3000; step++) {
    const atFront = random.chance(0.5)
    if (random.chance(step % 1000 < 500 ? 0.7 : 0.3) || model.length === 0) {
      const text = random.chance(0.5) ? String(random.below(100_000)) : 'x'.repeat(random.below(100))
      const bytes = bytesOf(text)
      const grown = listpack.insertedBytes(bytes, 0, bytes.length)
      const end = block + arena.capacity(block)
      const fits = atFront ? at - block - RESERVED >= grown : listpack.end(u8, at) + 1 + grown <= end
      if (!fits) {
        expect(makeRoom(arena, block, at, RESERVED, atFront ? grown : 0, atFront ? 0 : grown, most)).toBe(true)
        block = placed.block
        at = placed.at
      }
      if (atFront) at = listpack.prepend(u8, at, bytes, 0, bytes.length)
      else listpack.append(u8, at, bytes, 0, bytes.length)
      if (atFront) model.unshift(text)
      else model.push(text)
    } else if (atFront) {
      at = listpack.removeFirst(u8, at)
      model.shift()
    } else {
      listpack.removeLast(u8, at)
      model.pop()
    }
    if (random.chance(0.05) && shrink(arena, block, at, RESERVED, 2)) {
      block = placed.block
      at = placed.at
    }
    checkListpackBlock(arena, block, at, RESERVED)
    expect(texts(arena, at)).toEqual(model)
  }
  expect(arena.blockCount).toBe(1)
  arena.check()
})

test('a full arena leaves everything as it is', () => {
  const arena = Arena.create(256 * 1024)
  expect(createListpack(arena, 0, 10, false)).toBe(true)
  const { block, at } = placed
  while (arena.allocate(64) !== 0);
  while (arena.allocate(8) !== 0);
  expect(makeRoom(arena, block, at, 0, 5000, 0, 8192)).toBe(false)
  expect(createListpack(arena, 0, 5000, false)).toBe(false)
  expect(shrink(arena, block, at, 0, 2)).toBe(false)
  checkListpackBlock(arena, block, at, 0)
})
