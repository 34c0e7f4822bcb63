import { describe, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import { bytesOf, textOf } from '../../../base/bytes.ts'
import { blockOf, encodingOf } from '../entry.ts'
import type { Keyspace } from '../keyspace.ts'
import { emptyShard } from '../testing.ts'
import { type ListLimits, listOf } from './list.ts'
import { insertAtCursor, keepRange, removeMatches, removeRange, replaceAtCursor } from './list-edit.ts'
import { eachElement } from './list-type.ts'

const KEY = bytesOf('list')
const PACKED_THRESHOLD_BYTES = 200
const TEXTS = ['', '7', '-12345678901', 'abc', 'abcabcabcabcabcabcabcabcabcabcabc', 'x'.repeat(70), 'y'.repeat(300)]

/** A list at one key beside the array that it should equal. */
class Tested {
  readonly shard = emptyShard()
  readonly keyspace: Keyspace = this.shard.keyspaces[0]
  readonly model: string[] = []
  private readonly limits: ListLimits

  constructor(limits: ListLimits) {
    this.limits = limits
  }

  private open() {
    const entry = this.keyspace.findForWrite(KEY, 0, KEY.length)
    const list = listOf(this.keyspace, this.limits)
    if (entry !== 0) list.open(entry)
    return list
  }

  push(atHead: boolean, text: string): void {
    const list = this.open()
    if (!list.isOpen) list.create(this.keyspace, KEY, 0, KEY.length, text.length, 1, atHead)
    list.convertToAdd(text.length, 1)
    list.push(atHead, bytesOf(text), 0, text.length)
    if (atHead) this.model.unshift(text)
    else this.model.push(text)
  }

  pop(atHead: boolean): void {
    const list = this.open()
    list.readEnd(atHead)
    expect(textOf(list.valueBytes, list.valueOffset, list.valueLength)).toBe(
      atHead ? this.model.shift() : this.model.pop(),
    )
    list.dropEnd(atHead)
    list.settle(this.keyspace)
  }

  insert(index: number, after: boolean, text: string): void {
    const list = this.open()
    list.convertToAdd(text.length, 1)
    expect(list.seek(index)).toBe(true)
    insertAtCursor(list, after, bytesOf(text), 0, text.length)
    this.model.splice(after ? index + 1 : index, 0, text)
  }

  replace(index: number, text: string): void {
    const list = this.open()
    list.convertToAdd(text.length, 1)
    expect(list.seek(index)).toBe(true)
    replaceAtCursor(list, bytesOf(text), 0, text.length)
    list.settle(this.keyspace)
    this.model[index] = text
  }

  removeMatches(fromHead: boolean, most: number, text: string): void {
    const list = this.open()
    const order = fromHead ? [...this.model.keys()] : [...this.model.keys()].toReversed()
    const matching = new Set(order.filter((index) => this.model[index] === text).slice(0, most))
    expect(removeMatches(list, fromHead, most, bytesOf(text), 0, text.length)).toBe(matching.size)
    if (matching.size > 0) list.settle(this.keyspace)
    this.become(this.model.filter((_, index) => !matching.has(index)))
  }

  removeRange(start: number, count: number): void {
    const list = this.open()
    removeRange(list, start, count)
    list.settle(this.keyspace)
    this.model.splice(start, count)
  }

  keepRange(start: number, count: number): void {
    const list = this.open()
    keepRange(list, start, count)
    list.settle(this.keyspace)
    this.become(this.model.slice(start, start + count))
  }

  private become(elements: readonly string[]): void {
    this.model.splice(0, this.model.length, ...elements)
  }

  /** Every invariant, and the elements: as a walk over the value finds them, and as the cursor does. */
  check(random: Random): void {
    this.shard.check()
    const { arena } = this.keyspace
    const entry = this.keyspace.find(KEY, 0, KEY.length)
    expect(entry !== 0).toBe(this.model.length > 0)
    if (entry === 0) return
    const elements: string[] = []
    eachElement(arena, blockOf(arena, entry), encodingOf(arena, entry), (element) => elements.push(textOf(element)))
    expect(elements).toEqual(this.model)
    const list = this.open()
    const index = random.below(this.model.length)
    expect(list.seek(random.chance(0.5) ? index : index - this.model.length)).toBe(true)
    for (let at = index, isThere = true; isThere; isThere = list.step(true), at++) {
      list.read()
      expect(textOf(list.valueBytes, list.valueOffset, list.valueLength)).toBe(this.model[at])
    }
    expect(list.seek(this.model.length)).toBe(false)
  }
}

function step(tested: Tested, random: Random): void {
  const { length } = tested.model
  const text = random.pick(TEXTS)
  const index = random.below(Math.max(1, length))
  const count = random.below(length - index + 1)
  const kind = length === 0 ? 0 : random.below(length > 60 ? 12 : 9)
  if (kind < 4) tested.push(random.chance(0.5), text)
  else if (kind === 4) tested.pop(random.chance(0.5))
  else if (kind === 5) tested.insert(index, random.chance(0.5), text)
  else if (kind === 6) tested.replace(index, text)
  else if (kind === 7) tested.removeMatches(random.chance(0.5), 1 + random.below(3), text)
  else if (kind === 8) tested.removeRange(index, Math.min(count, random.below(4)))
  else if (kind === 9) tested.removeRange(index, count)
  else if (kind === 10) tested.keepRange(index, Math.max(1, count))
  else tested.removeMatches(random.chance(0.5), length, text)
}

describe.each([
  { listMaxListpackSize: -1, listCompressDepth: 0 },
  { listMaxListpackSize: 5, listCompressDepth: 0 },
  { listMaxListpackSize: 5, listCompressDepth: 1 },
  { listMaxListpackSize: 16, listCompressDepth: 2 },
])('with list-max-listpack-size $listMaxListpackSize and list-compress-depth $listCompressDepth', (limits) => {
  test.each([1, 2, 3])('a list behaves as an array: seed %i', (seed) => {
    const random = new Random(seed)
    const tested = new Tested({ ...limits, quicklistPackedThreshold: PACKED_THRESHOLD_BYTES })
    for (let i = 0; i < 400; i++) {
      step(tested, random)
      tested.check(random)
    }
    if (tested.model.length > 0) tested.removeRange(0, tested.model.length)
    tested.check(random)
    expect(tested.keyspace.keys.used).toBe(0)
  })
})
