import { describe, expect, test } from 'vitest'
import { bytesOf, textOf } from '../../base/bytes.ts'
import { Arena } from '../../shm/arena/arena.ts'
import * as listpack from './listpack.ts'
import * as quicklist from './quicklist.ts'
import { expand, keepDepth } from './quicklist-compress.ts'
import { endNode, findNode, found, isCompressed, nextNode, nodeSize, nodesOf } from './quicklist-node.ts'

function listOf(arena: Arena, depth: number, nodes: number, textOfNode: (i: number) => string): number {
  const list = quicklist.createQuicklist(arena, 2, depth)
  for (let i = 0; i < 2 * nodes; i++) {
    const text = bytesOf(textOfNode(i))
    quicklist.push(arena, list, i % 4 < 2, text, 0, text.length, false)
  }
  return list
}

/** Which nodes are compressed, from the head on. */
function packed(arena: Arena, list: number): string {
  let marks = ''
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    marks += isCompressed(arena, node) ? 'c' : '.'
  }
  return marks
}

const repeated = (i: number) => `${i}`.repeat(40)

describe('the depth', () => {
  test.each([
    [0, '..........'],
    [1, '.cccccccc.'],
    [3, '...cccc...'],
    [5, '..........'],
    [65535, '..........'],
  ])('%i leaves %s', (depth, marks) => {
    const arena = Arena.create(1024 * 1024)
    const list = listOf(arena, depth, 10, repeated)
    expect(packed(arena, list)).toBe(marks)
    quicklist.checkQuicklist(arena, list, () => {})
  })

  test('is kept while elements come and go', () => {
    const arena = Arena.create(1024 * 1024)
    const list = listOf(arena, 2, 12, repeated)
    for (let i = 0; i < 10; i++) expect(quicklist.dropEnd(arena, list, i % 2 === 0)).toBe(true)
    const marks = packed(arena, list)
    expect(marks).toBe(`..${'c'.repeat(nodesOf(arena, list) - 4)}..`)
    while (nodesOf(arena, list) > 0) {
      expect(quicklist.dropEnd(arena, list, true)).toBe(true)
      quicklist.checkQuicklist(arena, list, () => {})
    }
  })
})

test('what is short or does not compress stays as it is', () => {
  const arena = Arena.create(1024 * 1024)
  expect(
    packed(
      arena,
      listOf(arena, 1, 4, (i) => String(i)),
    ),
  ).toBe('....')
  const noise = (i: number) =>
    Array.from({ length: 60 }, (_, j) => String.fromCharCode((i * 97 + j * j * 31) & 255)).join('')
  expect(packed(arena, listOf(arena, 1, 4, noise))).toBe('....')
})

test('a compressed node saves memory, reads as it was, and expands', () => {
  const arena = Arena.create(1024 * 1024)
  const list = listOf(arena, 1, 50, (i) => `${i}`.padEnd(200, 'z'))
  expect(quicklist.quicklistBytes(arena, list)).toBeLessThan(50 * 200)
  const copy = quicklist.cloneQuicklist(arena, list, arena)
  expect(packed(arena, copy)).toBe(packed(arena, list))
  quicklist.checkQuicklist(arena, copy, () => {})
  findNode(arena, list, 51)
  const { node } = found
  const size = nodeSize(arena, node)
  expect(isCompressed(arena, node)).toBe(true)
  expect(expand(arena, node)).toBe(true)
  expect(nodeSize(arena, node)).toBe(size)
  keepDepth(arena, list, node)
  expect(isCompressed(arena, node)).toBe(true)
})

test('without room to expand, an end stays compressed and is read all the same', () => {
  const arena = Arena.create(256 * 1024)
  const list = quicklist.createQuicklist(arena, -2, 1)
  const text = bytesOf('k'.repeat(8000))
  for (let i = 0; i < 4; i++) quicklist.push(arena, list, false, text, 0, text.length, false)
  while (arena.allocate(16 * 1024) !== 0);
  while (arena.allocate(64) !== 0);
  const last = endNode(arena, list, false)
  const inner = nextNode(arena, last, false)
  expect(isCompressed(arena, inner)).toBe(true)
  quicklist.removeNode(arena, list, last)
  expect(arena.allocate(8007)).not.toBe(0)
  expect(expand(arena, inner)).toBe(false)
  quicklist.readEnd(arena, list, false)
  const { bytes, offset, length } = listpack.element
  expect(textOf(bytes, offset, length)).toBe('k'.repeat(8000))
  quicklist.checkQuicklist(arena, list, () => {})
})
