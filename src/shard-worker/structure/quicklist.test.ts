import { describe, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { bytesOf, textOf } from '../../base/bytes.ts'
import { Arena } from '../../shm/arena/arena.ts'
import * as listpack from './listpack.ts'
import { isShortText } from './listpack-short.ts'
import * as quicklist from './quicklist.ts'
import { countOf, endNode, isPlain, nextNode, nodeAt, nodeSize, nodesOf } from './quicklist-node.ts'

const LARGE = 3000

function texts(arena: Arena, list: number): string[] {
  const { u8 } = arena
  const found: string[] = []
  const take = () => {
    found.push(textOf(listpack.element.bytes, listpack.element.offset, listpack.element.length))
  }
  let node = endNode(arena, list, true)
  for (; node !== 0; node = nextNode(arena, node, true)) {
    if (isPlain(arena, node)) {
      quicklist.readPlain(arena, node)
      take()
      continue
    }
    for (let p = listpack.first(nodeAt(arena, node)); !listpack.isEnd(u8, p); p = listpack.next(u8, p)) {
      listpack.read(u8, p)
      take()
    }
  }
  return found
}

function check(arena: Arena, lists: number[]): void {
  const owned = new Set<number>()
  for (const list of lists) quicklist.checkQuicklist(arena, list, (block) => owned.add(block))
  arena.check((block) => expect(owned.has(block)).toBe(true))
  expect(arena.blockCount).toBe(owned.size)
}

function push(arena: Arena, list: number, atHead: boolean, text: string): boolean {
  return quicklist.push(arena, list, atHead, bytesOf(text), 0, text.length, text.length >= LARGE)
}

test.each([
  [1, -2],
  [2, -1],
  [3, 4],
  [4, 0],
  [5, -5],
])('the ends behave as those of an array, seed %i, fill %i', (seed, fill) => {
  const random = new Random(seed)
  const arena = Arena.create(8 * 1024 * 1024)
  const list = quicklist.createQuicklist(arena, fill, 0)
  const model: string[] = []
  for (let step = 0; step < 4000; step++) {
    const atHead = random.chance(0.5)
    if (random.chance(step % 2000 < 1200 ? 0.75 : 0.25) || model.length === 0) {
      const text = random.chance(0.4)
        ? String(random.below(100_000))
        : 'x'.repeat(random.below(random.pick([9, 99, 4000])))
      expect(push(arena, list, atHead, text)).toBe(true)
      if (atHead) model.unshift(text)
      else model.push(text)
    } else {
      quicklist.readEnd(arena, list, atHead)
      const { bytes, offset, length } = listpack.element
      expect(textOf(bytes, offset, length)).toBe(atHead ? model.shift() : model.pop())
      quicklist.dropEnd(arena, list, atHead)
    }
    if (step % 50 === 0) {
      check(arena, [list])
      expect(texts(arena, list)).toEqual(model)
    }
  }
  const copy = quicklist.cloneQuicklist(arena, list, arena)
  check(arena, [list, copy])
  expect(texts(arena, copy)).toEqual(model)
  expect(quicklist.quicklistBytes(arena, list) + quicklist.quicklistBytes(arena, copy)).toBe(arena.usedBytes)
  quicklist.releaseQuicklist(arena, list)
  quicklist.releaseQuicklist(arena, copy)
  check(arena, [])
})

describe('nodes', () => {
  test('hold what fill says', () => {
    const arena = Arena.create(8 * 1024 * 1024)
    const counted = quicklist.createQuicklist(arena, 10, 0)
    const sized = quicklist.createQuicklist(arena, -1, 0)
    for (let i = 0; i < 1000; i++) {
      push(arena, counted, false, `element:${i}`)
      push(arena, sized, i % 2 === 0, `element:${i}`)
    }
    expect(nodesOf(arena, counted)).toBe(100)
    let node = endNode(arena, sized, true)
    for (; node !== 0; node = nextNode(arena, node, true)) {
      expect(nodeSize(arena, node)).toBeLessThanOrEqual(4096)
    }
    expect(nodesOf(arena, sized)).toBeLessThan(6)
    // No node but those at the ends has more than an eighth to spare.
    expect(quicklist.quicklistBytes(arena, counted)).toBeLessThan(100 * (24 + 10 * 14 + 7) * 1.2)
  })

  test('of large elements are plain', () => {
    const arena = Arena.create(1024 * 1024)
    const list = quicklist.createQuicklist(arena, -2, 0)
    for (const text of ['a', 'b'.repeat(LARGE), 'c', 'd'.repeat(LARGE)]) push(arena, list, false, text)
    expect(nodesOf(arena, list)).toBe(4)
    check(arena, [list])
  })

  test('are taken in whole, and a single one out', () => {
    const arena = Arena.create(1024 * 1024)
    const list = quicklist.createQuicklist(arena, -2, 0)
    const u8 = new Uint8Array(100)
    listpack.initializeListpack(u8, 0)
    listpack.insert(u8, 0, listpack.end(u8, 0), bytesOf('ab'), 0, 1)
    listpack.insert(u8, 0, listpack.end(u8, 0), bytesOf('ab'), 1, 1)
    expect(quicklist.appendListpack(arena, list, u8, 0, listpack.listpackBytes(u8, 0))).toBe(true)
    expect(quicklist.appendPlain(arena, list, bytesOf('plain'), 0, 5)).toBe(true)
    expect(texts(arena, list)).toEqual(['a', 'b', 'plain'])
    check(arena, [list])
    quicklist.dropEnd(arena, list, false)
    quicklist.dissolve(arena, list)
    expect(arena.blockCount).toBe(1)
  })
})

test('a full arena leaves a quicklist as it is', () => {
  const arena = Arena.create(256 * 1024)
  const list = quicklist.createQuicklist(arena, -2, 0)
  let pushed = 0
  while (push(arena, list, pushed % 2 === 0, 'y'.repeat(200 + (pushed % 7)))) pushed++
  expect(countOf(arena, list)).toBe(pushed)
  expect(quicklist.cloneQuicklist(arena, list, arena)).toBe(0)
  check(arena, [list])
})

test('check names what is broken', () => {
  const arena = Arena.create(1024 * 1024)
  const list = quicklist.createQuicklist(arena, 1, 0)
  for (const text of ['a', 'b', 'c']) push(arena, list, false, text)
  const node = endNode(arena, list, true)
  const broken = (word: number, value: number, what: string) => {
    const sound = arena.u32[word >> 2]
    arena.u32[word >> 2] = value
    expect(() => quicklist.checkQuicklist(arena, list, () => {})).toThrow(what)
    arena.u32[word >> 2] = sound
  }
  broken(list, nextNode(arena, node, true), 'I1')
  broken(list + 8, 4, 'I2')
  broken(node + 16, 2, 'I3')
  quicklist.checkQuicklist(arena, list, () => {})
})

test.each([-2, -1, 4, 0])('a short push is the same as any other, or is none, fill %i', (fill) => {
  const random = new Random(fill + 99)
  const arena = Arena.create(8 * 1024 * 1024)
  const [quick, plain] = [0, 0].map(() => quicklist.createQuicklist(arena, fill, 0))
  let short = 0
  for (let step = 0; step < 2000; step++) {
    const atHead = random.chance(0.5)
    const text = random.chance(0.05) ? 'y'.repeat(random.pick([64, 500, 3500])) : 'x'.repeat(random.below(64))
    const isShort = isShortText(bytesOf(text), 0, text.length)
    if (isShort && quicklist.pushShort(arena, quick, atHead, bytesOf(text), 0, text.length)) short++
    else expect(push(arena, quick, atHead, text)).toBe(true)
    expect(push(arena, plain, atHead, text)).toBe(true)
    expect(nodesOf(arena, quick)).toBe(nodesOf(arena, plain))
  }
  expect(short).toBeGreaterThan(fill === 0 ? -1 : 1000)
  check(arena, [quick, plain])
  expect(texts(arena, quick)).toEqual(texts(arena, plain))
})
