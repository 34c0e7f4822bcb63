import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Arena } from '../../../shm/arena/arena.ts'
import { ENTRY_HEADER_BYTES, HAS_EXPIRE, writeHeader } from '../entry.ts'
import { FieldHeap, writeFieldExpiry } from './expiry-heap.ts'

/** An entry without a key that expires. */
function makeItem(arena: Arena, time: number): number {
  const item = arena.allocate(ENTRY_HEADER_BYTES + 8)
  writeHeader(arena, item, 0, HAS_EXPIRE, 0, 0, 0)
  writeFieldExpiry(arena, item, time)
  return item
}

const times = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 48 - 1 }))
const operation = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), time: times }),
  fc.record({ kind: fc.constant('change' as const), time: times, which: fc.nat() }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('move' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('pop' as const) }),
)

test('a heap knows its soonest item, and how many come before a time, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const arena = Arena.create(256 * 1024)
      const root = arena.allocate(8)
      arena.u32[root >> 2] = 0
      const heap = new FieldHeap(arena, root)
      const model = new Map<number, number>()
      const pick = (which: number) => [...model.keys()][which % model.size]
      const drop = (item: number) => {
        expect(heap.remove(item)).toBe(true)
        expect(heap.remove(item)).toBe(false)
        model.delete(item)
        arena.release(item)
      }
      for (const each of operations) {
        if (each.kind === 'add') {
          const item = makeItem(arena, each.time)
          expect(heap.reserve(1)).toBe(true)
          heap.add(item)
          model.set(item, each.time)
        } else if (model.size === 0) continue
        else if (each.kind === 'change') {
          const item = pick(each.which)
          writeFieldExpiry(arena, item, each.time)
          heap.changed(item)
          model.set(item, each.time)
        } else if (each.kind === 'remove') drop(pick(each.which))
        else if (each.kind === 'pop') drop(heap.soonest)
        else {
          const item = pick(each.which)
          const time = model.get(item) ?? 0
          const moved = makeItem(arena, time)
          heap.moved(item, moved)
          model.delete(item)
          model.set(moved, time)
          arena.release(item)
        }
        expect(heap.count).toBe(model.size)
        const soonest = Math.min(...model.values())
        if (model.size > 0) expect(heap.timeOf(heap.soonest)).toBe(soonest)
        for (const before of [soonest, 10, 2 ** 45]) {
          expect(heap.countBefore(before)).toBe([...model.values()].filter((time) => time < before).length)
        }
        heap.check(
          () => {},
          (item) => expect(model.has(item)).toBe(true),
        )
      }
      for (const item of [...model.keys()]) drop(item)
      expect(arena.blockCount).toBe(1)
    }),
  )
})

test('a heap without room says so, and is as it was', () => {
  const arena = Arena.create(256 * 1024)
  const root = arena.allocate(8)
  arena.u32[root >> 2] = 0
  const heap = new FieldHeap(arena, root)
  heap.reserve(1)
  heap.add(makeItem(arena, 5))
  expect(heap.reserve(1_000_000)).toBe(false)
  expect(heap.count).toBe(1)
  expect(heap.reserve(2)).toBe(true)
})
