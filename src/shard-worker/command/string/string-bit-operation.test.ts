import { expect, test } from 'vitest'
import { textOf } from '../../../base/bytes.ts'
import { DIRTY, EXPIRED_KEYS } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

test('BITOP takes short strings to go on with zeros', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('SET', 'a', '\xff\x0f\xf0\xaa\xff\xff')
  engine.must('SET', 'b', '\x0f\x0f')
  const result = (...words: string[]) => [engine.must('BITOP', ...words), engine.run('GET', words[1])]
  expect(result('AND', 'to', 'a', 'b')).toEqual([6, '\x0f\x0f\0\0\0\0'])
  expect(result('OR', 'to', 'b', 'none', 'a')).toEqual([6, '\xff\x0f\xf0\xaa\xff\xff'])
  expect(result('xor', 'to', 'a', 'b', 'a')).toEqual([6, '\x0f\x0f\0\0\0\0'])
  expect(result('NOT', 'to', 'a')).toEqual([6, '\x00\xf0\x0f\x55\0\0'])
  engine.check()
})

test('BITOP combines long strings of different lengths, word by word and at their ends', () => {
  const engine = new TestEngine({ shards: 3 })
  const bytes = (length: number, step: number) => Uint8Array.from({ length }, (_, i) => (i * step + (i >> 3)) & 255)
  const sources = [bytes(5003, 7), bytes(3002, 31), bytes(4999, 101)]
  sources.forEach((source, i) => {
    engine.must('SET', `s${i}`, textOf(source))
  })
  const at = (source: Uint8Array, i: number) => source[i] ?? 0
  const expected = (combine: (a: number, b: number) => number) =>
    textOf(Uint8Array.from({ length: 5003 }, (_, i) => sources.map((source) => at(source, i)).reduce(combine)))
  const result = (...words: string[]) => [engine.must('BITOP', ...words), engine.run('GET', 'to')]
  expect(result('AND', 'to', 's0', 's1', 's2')).toEqual([5003, expected((a, b) => a & b)])
  expect(result('OR', 'to', 's0', 's1', 's2')).toEqual([5003, expected((a, b) => a | b)])
  expect(result('XOR', 'to', 's0', 's1', 's2')).toEqual([5003, expected((a, b) => a ^ b)])
  expect(result('NOT', 'to', 's0')).toEqual([5003, textOf(sources[0].map((each) => ~each))])
  engine.check()
})

test('the target may be a source, of any type before, and volatile', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('SET', 'a', 'abcdefgh', 'EX', '100')
  expect(engine.run('BITOP', 'NOT', 'a', 'a')).toBe(8)
  expect(engine.run('BITOP', 'NOT', 'a', 'a')).toBe(8)
  expect([engine.run('GET', 'a'), engine.run('TTL', 'a'), engine.run('OBJECT', 'ENCODING', 'a')]).toEqual([
    'abcdefgh',
    -1,
    'raw',
  ])
  engine.putForeignValue('list')
  expect(engine.error('BITOP', 'OR', 'a', 'a', 'list')).toMatch(/^WRONGTYPE/)
  expect(engine.run('BITOP', 'OR', 'list', 'a')).toBe(8)
  expect(engine.run('GET', 'list')).toBe('abcdefgh')
  engine.check()
})

test('an empty result deletes the target', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('SET', 'to', 'x')
  expect(engine.run('BITOP', 'AND', 'to', 'none', 'nor')).toBe(0)
  expect(engine.run('EXISTS', 'to')).toBe(0)
  expect(engine.run('BITOP', 'AND', 'to', 'none')).toBe(0)
})

test('BITOP refuses what is no operation, and a second source of NOT', () => {
  const engine = new TestEngine()
  expect(engine.error('BITOP', 'NAND', 'to', 'a')).toBe('ERR syntax error')
  expect(engine.error('BITOP', 'NOT', 'to', 'a', 'b')).toBe('ERR BITOP NOT must be called with a single source key.')
})

test('an expired target is deleted as any other when the result is empty', () => {
  const engine = new TestEngine()
  const { counters } = engine.engine.shards[0]
  engine.must('SET', 'to', 'x', 'PX', '1')
  engine.nowMs += 1000
  const before = counters[DIRTY]
  expect(engine.must('BITOP', 'OR', 'to', 'none')).toBe(0)
  expect(counters[DIRTY] - before).toBe(1)
  expect(counters[EXPIRED_KEYS]).toBe(0)
  engine.check()
})
