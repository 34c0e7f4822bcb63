import { describe, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import { TestEngine } from '../../testing.ts'

function all(engine: TestEngine, key: string): unknown {
  return engine.must('LRANGE', key, '0', '-1')
}

function listed(...elements: string[]): TestEngine {
  const engine = new TestEngine()
  engine.must('RPUSH', 'l', ...elements)
  engine.must('SET', 's', 'x')
  return engine
}

test('LSET replaces by index', () => {
  const engine = listed('a', 'b', 'c')
  expect(engine.must('LSET', 'l', '0', 'A')).toBe('OK')
  expect(engine.must('LSET', 'l', '-1', '1234567')).toBe('OK')
  // Redis looks at 32 bits of the index.
  expect(engine.must('LSET', 'l', '4294967297', 'B')).toBe('OK')
  expect(all(engine, 'l')).toEqual(['A', 'B', '1234567'])
  expect(engine.error('LSET', 'l', '3', 'x')).toBe('ERR index out of range')
  expect(engine.error('LSET', 'l', '-4', 'x')).toBe('ERR index out of range')
  expect(engine.error('LSET', 'l', 'x', 'x')).toBe('ERR value is not an integer or out of range')
  expect(engine.error('LSET', 'none', 'x', 'x')).toBe('ERR no such key')
  expect(engine.error('LSET', 's', 'x', 'x')).toMatch(/^WRONGTYPE/)
})

test('LINSERT inserts beside the first element that equals the pivot', () => {
  const engine = listed('a', 'b', 'a')
  expect(engine.must('LINSERT', 'l', 'BEFORE', 'a', 'x')).toBe(4)
  expect(engine.must('LINSERT', 'l', 'after', 'b', 'y')).toBe(5)
  expect(engine.must('LINSERT', 'l', 'AFTER', 'none', 'y')).toBe(-1)
  expect(engine.must('LINSERT', 'none', 'AFTER', 'a', 'y')).toBe(0)
  expect(all(engine, 'l')).toEqual(['x', 'a', 'b', 'y', 'a'])
  expect(engine.error('LINSERT', 's', 'BESIDE', 'a', 'x')).toBe('ERR syntax error')
  expect(engine.error('LINSERT', 's', 'AFTER', 'a', 'x')).toMatch(/^WRONGTYPE/)
})

test('LREM removes from either end, or all', () => {
  const engine = listed('a', 'b', 'a', 'c', 'a', '1', '1')
  expect(engine.must('LREM', 'l', '1', 'a')).toBe(1)
  expect(engine.must('LREM', 'l', '-1', 'a')).toBe(1)
  expect(all(engine, 'l')).toEqual(['b', 'a', 'c', '1', '1'])
  expect(engine.must('LREM', 'l', '-9', '1')).toBe(2)
  expect(engine.must('LREM', 'l', '0', 'none')).toBe(0)
  for (const element of ['a', 'b', 'c']) expect(engine.must('LREM', 'l', '0', element)).toBe(1)
  expect(engine.must('EXISTS', 'l')).toBe(0)
  expect(engine.must('LREM', 'l', '0', 'a')).toBe(0)
  expect(engine.error('LREM', 's', 'x', 'a')).toBe('ERR value is not an integer or out of range')
  expect(engine.error('LREM', 's', '1', 'a')).toMatch(/^WRONGTYPE/)
})

test('LTRIM keeps a range', () => {
  const engine = listed('a', 'b', 'c', 'd', 'e')
  expect(engine.must('LTRIM', 'l', '1', '-2')).toBe('OK')
  expect(all(engine, 'l')).toEqual(['b', 'c', 'd'])
  engine.must('LTRIM', 'l', '-2', '100')
  expect(all(engine, 'l')).toEqual(['c', 'd'])
  expect(engine.must('LTRIM', 'l', '5', '9')).toBe('OK')
  expect(engine.must('EXISTS', 'l')).toBe(0)
  expect(engine.must('LTRIM', 'l', '0', '1')).toBe('OK')
  expect(engine.error('LTRIM', 's', '0', 'x')).toBe('ERR value is not an integer or out of range')
  expect(engine.error('LTRIM', 's', '0', '1')).toMatch(/^WRONGTYPE/)
})

describe('LPOS', () => {
  test('tells positions', () => {
    const engine = listed('a', 'b', 'c', '1', '2', '3', 'c', 'c')
    expect(engine.must('LPOS', 'l', 'c')).toBe(2)
    expect(engine.must('LPOS', 'l', '3')).toBe(5)
    expect(engine.must('LPOS', 'l', 'c', 'RANK', '2')).toBe(6)
    expect(engine.must('LPOS', 'l', 'c', 'RANK', '-1')).toBe(7)
    expect(engine.must('LPOS', 'l', 'c', 'RANK', '-4')).toBe(null)
    expect(engine.must('LPOS', 'l', 'c', 'COUNT', '2')).toEqual([2, 6])
    expect(engine.must('LPOS', 'l', 'c', 'COUNT', '0', 'RANK', '-2')).toEqual([6, 2])
    expect(engine.must('LPOS', 'l', 'c', 'COUNT', '0', 'MAXLEN', '3')).toEqual([2])
    expect(engine.must('LPOS', 'l', 'c', 'MAXLEN', '2')).toBe(null)
    expect(engine.must('LPOS', 'l', 'c', 'MAXLEN', '2', 'COUNT', '1')).toEqual([])
    expect(engine.must('LPOS', 'none', 'c', 'COUNT', '1')).toEqual([])
    expect(engine.must('LPOS', 'none', 'c')).toBe(null)
  })

  test('refuses what Redis refuses', () => {
    const engine = listed('a')
    expect(engine.error('LPOS', 'l', 'a', 'RANK', '0')).toMatch(/^ERR RANK can't be zero: use 1 to start from/)
    expect(engine.error('LPOS', 'l', 'a', 'RANK', 'x')).toBe('ERR value is not an integer or out of range')
    expect(engine.error('LPOS', 'l', 'a', 'RANK', '-9223372036854775808')).toMatch(
      /^ERR value is out of range, value must/,
    )
    for (const value of ['-1', 'x']) {
      expect(engine.error('LPOS', 'l', 'a', 'COUNT', value)).toBe("ERR COUNT can't be negative")
      expect(engine.error('LPOS', 'l', 'a', 'MAXLEN', value)).toBe("ERR MAXLEN can't be negative")
    }
    expect(engine.error('LPOS', 'l', 'a', 'RANK')).toBe('ERR syntax error')
    expect(engine.error('LPOS', 'l', 'a', 'bogus', '1')).toBe('ERR syntax error')
    expect(engine.error('LPOS', 's', 'a')).toMatch(/^WRONGTYPE/)
  })
})

test.each([
  [1, '-2', '0'],
  [2, '4', '0'],
  [3, '3', '1'],
  [4, '-1', '1'],
  [5, '1', '2'],
])('a list is what an array is, seed %i, list-max-listpack-size %s, list-compress-depth %s', (seed, size, depth) => {
  const random = new Random(seed)
  const engine = new TestEngine()
  engine.engine.configure('list-max-listpack-size', size)
  engine.engine.configure('list-compress-depth', depth)
  engine.engine.configure('quicklist-packed-threshold', '500')
  engine.must('SET', 'other', 'x')
  const { arena } = engine.engine.shards[0]
  const before = arena.usedBytes
  let model: string[] = []
  const element = () =>
    random.pick([`${random.below(30)}`, 'ab'.repeat(random.below(20)), 'x'.repeat(random.below(700)), '-1.5'])
  for (let step = 0; step < 2000; step++) {
    const value = element()
    const index = random.between(-model.length, Math.max(0, model.length - 1))
    const at = index < 0 ? index + model.length : index
    switch (random.below(step % 700 < 400 ? 7 : 10)) {
      case 0:
      case 1:
        expect(engine.must('RPUSH', 'l', value, value)).toBe(model.push(value, value))
        break
      case 2:
        expect(engine.must('LPUSH', 'l', value)).toBe(model.unshift(value))
        break
      case 3:
        if (model.length === 0) break
        engine.must('LSET', 'l', String(index), value)
        model[at] = value
        break
      case 4:
      case 5: {
        const found = model.indexOf(value)
        const after = random.chance(0.5)
        const reply = engine.must('LINSERT', 'l', after ? 'AFTER' : 'BEFORE', value, 'new')
        if (found >= 0) model.splice(after ? found + 1 : found, 0, 'new')
        expect(reply).toBe(model.length === 0 ? 0 : found < 0 ? -1 : model.length)
        break
      }
      case 6:
        if (model.length > 0) expect(engine.must('LMOVE', 'l', 'l', 'LEFT', 'RIGHT')).toBe(model[0])
        if (model.length > 0) model.push(model.shift() as string)
        break
      case 7: {
        const most = random.between(-2, 2)
        const kept: string[] = []
        let left = most === 0 ? model.length : Math.abs(most)
        for (const each of most < 0 ? model.toReversed() : model) {
          if (each === value && left > 0) left--
          else kept.push(each)
        }
        expect(engine.must('LREM', 'l', String(most), value)).toBe(model.length - kept.length)
        model = most < 0 ? kept.reverse() : kept
        break
      }
      case 8: {
        const start = random.below(4)
        const stop = model.length - random.below(4)
        engine.must('LTRIM', 'l', String(start), String(stop))
        model = model.slice(start, stop + 1)
        break
      }
      case 9: {
        const count = random.below(5)
        const popped = engine.must('RPOP', 'l', String(count))
        if (model.length > 0)
          expect(popped).toEqual(model.splice(model.length - Math.min(count, model.length)).reverse())
      }
    }
    if (step % 20 === 0) {
      engine.check()
      expect(all(engine, 'l')).toEqual(model)
    }
    if (model.length > 0) expect(engine.must('LINDEX', 'l', String(random.below(model.length)))).toBeTypeOf('string')
    expect(engine.must('LLEN', 'l')).toBe(model.length)
    const position = model.indexOf(value)
    expect(engine.must('LPOS', 'l', value)).toBe(position < 0 ? null : position)
  }
  engine.must('DEL', 'l')
  engine.check()
  expect(arena.usedBytes).toBe(before)
})
