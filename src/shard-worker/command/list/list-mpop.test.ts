import { expect, test } from 'vitest'
import { TestEngine } from '../../testing.ts'

test('LMPOP takes from the first list that is there', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('RPUSH', 'b', '1', '2', '3', '4')
  engine.must('RPUSH', 'c', 'x')
  expect(engine.must('LMPOP', '3', 'a', 'b', 'c', 'LEFT')).toEqual(['b', ['1']])
  expect(engine.must('LMPOP', '3', 'a', 'b', 'c', 'right', 'count', '2')).toEqual(['b', ['4', '3']])
  expect(engine.must('LMPOP', '2', 'c', 'b', 'LEFT', 'COUNT', '9223372036854775807')).toEqual(['c', ['x']])
  expect(engine.must('LMPOP', '1', 'b', 'RIGHT', 'COUNT', '10')).toEqual(['b', ['2']])
  expect(engine.raw('LMPOP', '2', 'a', 'b', 'LEFT')).toBe('*-1\r\n')
  expect(engine.must('EXISTS', 'a', 'b', 'c')).toBe(0)
  engine.check()
})

test('LMPOP refuses what Redis refuses', () => {
  const engine = new TestEngine()
  engine.must('SET', 's', 'x')
  engine.must('RPUSH', 'l', 'x')
  const numkeys = 'ERR numkeys should be greater than 0'
  for (const count of ['0', '-1', 'x', '']) expect(engine.error('LMPOP', count, 'l', 'LEFT')).toBe(numkeys)
  for (const words of [
    ['2', 'l', 'LEFT'],
    ['1', 'l', 'UP'],
    ['1', 'l', 'LEFT', 'COUNT'],
    ['1', 'l', 'LEFT', 'COUNT', '1', 'COUNT', '2'],
    ['1', 'l', 'LEFT', 'bogus', '1'],
    ['9223372036854775807', 'l', 'LEFT'],
  ]) {
    expect(engine.error('LMPOP', ...words), words.join(' ')).toBe('ERR syntax error')
  }
  for (const count of ['0', '-1', 'x']) {
    expect(engine.error('LMPOP', '1', 'l', 'LEFT', 'COUNT', count)).toBe('ERR count should be greater than 0')
  }
  expect(engine.error('LMPOP', '2', 's', 'l', 'LEFT')).toMatch(/^WRONGTYPE/)
  expect(engine.must('LMPOP', '2', 'l', 's', 'LEFT')).toEqual(['l', ['x']])
})
