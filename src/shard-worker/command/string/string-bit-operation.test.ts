import { expect, test } from 'vitest'
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
