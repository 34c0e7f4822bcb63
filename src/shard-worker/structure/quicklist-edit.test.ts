import { expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { bytesOf, textOf } from '../../base/bytes.ts'
import { Arena } from '../../shm/arena/arena.ts'
import * as listpack from './listpack.ts'
import * as quicklist from './quicklist.ts'
import { expand, expanded } from './quicklist-compress.ts'
import { insertElement, keepElements, removeElements, removeFromNode, replaceElement } from './quicklist-edit.ts'
import {
  countOf,
  endNode,
  fillOf,
  findNode,
  found,
  isCompressed,
  isPlain,
  limitBytes,
  nextNode,
  nodeAt,
  nodeCount,
  nodeSize,
} from './quicklist-node.ts'

const LARGE = 300

function texts(arena: Arena, list: number): string[] {
  const all: string[] = []
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    const packed = isCompressed(arena, node)
    const u8 = packed ? expanded(arena, node) : arena.u8
    const at = packed ? 0 : nodeAt(arena, node)
    if (isPlain(arena, node)) {
      all.push(textOf(u8, at, nodeSize(arena, node)))
      continue
    }
    for (let p = listpack.first(at); !listpack.isEnd(u8, p); p = listpack.next(u8, p)) {
      listpack.read(u8, p)
      all.push(textOf(listpack.element.bytes, listpack.element.offset, listpack.element.length))
    }
  }
  return all
}

function check(arena: Arena, list: number): void {
  const owned = new Set<number>()
  quicklist.checkQuicklist(arena, list, (block) => owned.add(block))
  arena.check((block) => expect(owned.has(block)).toBe(true))
  expect(arena.blockCount).toBe(owned.size)
}

/** The place of the element with this index; its node is expanded. */
function placeOf(arena: Arena, list: number, index: number): { node: number; p: number } {
  findNode(arena, list, index)
  const { node, offset } = found
  expect(expand(arena, node)).toBe(true)
  return { node, p: isPlain(arena, node) ? 0 : listpack.seek(arena.u8, nodeAt(arena, node), offset) }
}

/** Where a text stands in others, up to `most` times from one end on. */
function placesOf(text: string, texts: readonly string[], fromHead: boolean, most: number): number[] {
  const places = texts.flatMap((each, i) => (each === text ? [i] : []))
  return fromHead ? places.slice(0, most) : places.slice(Math.max(0, places.length - most))
}

test.each([
  [1, -1, 0],
  [2, -2, 1],
  [3, 5, 0],
  [4, 3, 2],
  [5, 1, 1],
  [6, -1, 3],
])('the middle behaves as that of an array, seed %i, fill %i, depth %i', (seed, fill, depth) => {
  const random = new Random(seed)
  const arena = Arena.create(16 * 1024 * 1024)
  const list = quicklist.createQuicklist(arena, fill, depth)
  const model: string[] = []
  for (let step = 0; step < 2500; step++) {
    const length = random.chance(0.05) ? random.between(LARGE, 2 * LARGE) : random.below(100)
    const text = random.chance(0.3) ? String(random.below(100_000)) : `${'ab'.repeat(length).slice(0, length)}`
    const bytes = bytesOf(text)
    const isLarge = text.length >= LARGE
    const index = random.below(Math.max(1, model.length))
    const draw = random.below(step % 1000 < 600 ? 8 : 14)
    if (model.length === 0 || draw === 0) {
      expect(quicklist.push(arena, list, false, bytes, 0, bytes.length, isLarge)).toBe(true)
      model.push(text)
    } else if (draw < 5) {
      const after = random.chance(0.5)
      const { node, p } = placeOf(arena, list, index)
      expect(insertElement(arena, list, node, p, after, bytes, 0, bytes.length, isLarge)).toBe(true)
      model.splice(after ? index + 1 : index, 0, text)
    } else if (draw < 8) {
      const { node, p } = placeOf(arena, list, index)
      expect(replaceElement(arena, list, node, p, bytes, 0, bytes.length, isLarge)).toBe(true)
      model[index] = text
    } else if (draw < 12) {
      const { node } = placeOf(arena, list, index)
      const start = index - found.offset
      const wanted = model[index]
      const fromHead = random.chance(0.5)
      const most = random.pick([1, 2, 1000])
      const gone = placesOf(wanted, model.slice(start, start + nodeCount(arena, node)), fromHead, most)
      const bytesWanted = bytesOf(wanted)
      expect(removeFromNode(arena, list, node, fromHead, most, bytesWanted, 0, wanted.length)).toBe(gone.length)
      for (const place of gone.toReversed()) model.splice(start + place, 1)
    } else if (draw === 12 && random.chance(0.2)) {
      const start = random.below(Math.min(5, model.length))
      const count = model.length - start - random.below(Math.min(5, model.length - start))
      expect(keepElements(arena, list, start, count)).toBe(true)
      model.splice(start + count)
      model.splice(0, start)
    } else if (draw < 13) {
      const count = random.between(1, Math.min(20, model.length - index))
      expect(removeElements(arena, list, index, count)).toBe(true)
      model.splice(index, count)
    } else {
      const atHead = random.chance(0.5)
      expect(quicklist.dropEnd(arena, list, atHead)).toBe(true)
      if (atHead) model.shift()
      else model.pop()
    }
    expect(countOf(arena, list)).toBe(model.length)
    if (step % 25 === 0) {
      check(arena, list)
      expect(texts(arena, list)).toEqual(model)
    }
  }
  expect(removeElements(arena, list, 0, model.length)).toBe(true)
  check(arena, list)
})

test('nodes that came to hold less are merged', () => {
  const arena = Arena.create(1024 * 1024)
  const list = quicklist.createQuicklist(arena, -1, 0)
  const text = bytesOf('x'.repeat(100))
  for (let i = 0; i < 120; i++) quicklist.push(arena, list, false, text, 0, 100, false)
  for (let i = 0; i < 200; i++) {
    const { node, p } = placeOf(arena, list, 20)
    expect(insertElement(arena, list, node, p, true, text, 0, 100, false)).toBe(true)
  }
  let small = 0
  let nodes = 0
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    nodes++
    expect(nodeSize(arena, node)).toBeLessThanOrEqual(limitBytes(fillOf(arena, list)))
    if (nodeSize(arena, node) < 1024) small++
  }
  expect(small).toBeLessThan(3)
  expect(nodes).toBeLessThan(16)
  check(arena, list)
})

test('a full arena leaves a quicklist as it is', () => {
  const arena = Arena.create(512 * 1024)
  const list = quicklist.createQuicklist(arena, -2, 1)
  const random = new Random(7)
  const text = (length: number) => bytesOf('q'.repeat(length))
  for (let i = 0; i < 300; i++)
    quicklist.push(arena, list, false, bytesOf(`${random.next()}`.repeat(20)), 0, 180, false)
  while (arena.allocate(8 * 1024) !== 0);
  const before = texts(arena, list)
  let refused = 0
  for (let i = 0; i < 300; i++) {
    findNode(arena, list, i)
    const { node, offset } = found
    if (!expand(arena, node)) continue
    const p = listpack.seek(arena.u8, nodeAt(arena, node), offset)
    const large = text(20_000)
    expect(insertElement(arena, list, node, p, i % 2 === 0, large, 0, large.length, true)).toBe(false)
    expect(replaceElement(arena, list, node, p, large, 0, large.length, i % 2 === 0)).toBe(false)
    refused++
  }
  expect(refused).toBeGreaterThan(10)
  expect(texts(arena, list)).toEqual(before)
  quicklist.checkQuicklist(arena, list, () => {})
})
