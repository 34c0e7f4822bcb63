import { expect, test } from 'vitest'
import { DIRTY } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
const BIT_OFFSET = 'ERR bit offset is not an integer or out of range'
const BIT_VALUE = 'ERR bit is not an integer or out of range'
const dirtyOf = (engine: TestEngine) => engine.engine.shards.reduce((sum, shard) => sum + shard.counters[DIRTY], 0)

test('SETBIT grows a string, GETBIT reads beyond its end', () => {
  const engine = new TestEngine()
  expect(engine.run('SETBIT', 'k', '1', '1')).toBe(0)
  expect(engine.run('GET', 'k')).toBe('@')
  expect(engine.run('SETBIT', 'k', '30', '1')).toBe(0)
  expect(engine.run('GET', 'k')).toBe('@\0\0\x02')
  expect(engine.run('SETBIT', 'k', '1', '0')).toBe(1)
  expect(['0', '30', '31', '1000'].map((offset) => engine.run('GETBIT', 'k', offset))).toEqual([0, 1, 0, 0])
  engine.must('SET', 'n', '1')
  expect(engine.run('SETBIT', 'n', '6', '1')).toBe(0)
  expect([engine.run('GET', 'n'), engine.run('OBJECT', 'ENCODING', 'n')]).toEqual(['3', 'raw'])
  expect(engine.run('GETBIT', 'none', '5')).toBe(0)
  engine.check()
})

test('a bit that stays as it is changes nothing but the length', () => {
  const engine = new TestEngine()
  engine.must('SETBIT', 'k', '7', '0')
  expect(dirtyOf(engine)).toBe(1)
  engine.must('SETBIT', 'k', '3', '0')
  expect(dirtyOf(engine)).toBe(1)
  engine.must('SETBIT', 'k', '9', '0')
  expect(dirtyOf(engine)).toBe(2)
})

test('offsets end where proto-max-bulk-len does, bits are 0 or 1, and only strings have them', () => {
  const engine = new TestEngine({ arenaBytes: 32 * 1024 * 1024 })
  engine.engine.configure('proto-max-bulk-len', String(1024 * 1024))
  expect(engine.run('SETBIT', 'k', '8388607', '1')).toBe(0)
  for (const offset of ['8388608', '-1', '4294967296', '9223372036854775807', '9223372036854775808', 'x', '']) {
    expect(engine.error('SETBIT', 'k', offset, '1')).toBe(BIT_OFFSET)
    expect(engine.error('GETBIT', 'k', offset)).toBe(BIT_OFFSET)
  }
  for (const bit of ['2', '-1', '10', 'x', '9223372036854775807']) {
    expect(engine.error('SETBIT', 'k', '0', bit)).toBe(BIT_VALUE)
  }
  engine.putForeignValue('list')
  for (const words of [
    ['SETBIT', 'list', '0', '1'],
    ['GETBIT', 'list', '0'],
    ['BITCOUNT', 'list'],
    ['BITPOS', 'list', '1'],
  ])
    expect(engine.error(...words)).toBe(WRONG_TYPE)
  engine.check()
})

test('a string that finds no room to grow stays as it was', () => {
  const engine = new TestEngine({ arenaBytes: 1024 * 1024 })
  engine.must('SET', 'k', 'text')
  const full = 'OOM the shard that owns this key has no room left'
  for (const words of [
    ['SETBIT', 'k', '80000000', '1'],
    ['SETBIT', 'new', '80000000', '1'],
    ['BITFIELD', 'k', 'SET', 'u8', '80000000', '1'],
  ]) {
    expect(engine.error(...words)).toBe(full)
  }
  expect([engine.run('GET', 'k'), engine.run('EXISTS', 'new')]).toEqual(['text', 0])
  engine.must('SET', 'half', 'x'.repeat(600_000))
  expect(engine.error('BITOP', 'NOT', 'k', 'half')).toBe(full)
  expect(engine.run('GET', 'k')).toBe('text')
  engine.check()
})

test('BITCOUNT counts bytes or bits of a range', () => {
  const engine = new TestEngine()
  engine.must('SET', 'k', 'foobar')
  expect(engine.run('BITCOUNT', 'k')).toBe(26)
  expect(engine.run('BITCOUNT', 'k', '0', '0')).toBe(4)
  expect(engine.run('BITCOUNT', 'k', '1', '1', 'byte')).toBe(6)
  expect(engine.run('BITCOUNT', 'k', '5', '30', 'BIT')).toBe(17)
  expect(engine.run('BITCOUNT', 'k', '-2', '-1')).toBe(7)
  expect(engine.run('BITCOUNT', 'k', '4', '3')).toBe(0)
  expect(engine.run('BITCOUNT', 'k', '-1', '-9223372036854775808')).toBe(0)
  expect(engine.run('BITCOUNT', 'none', 'x')).toBe(0)
  expect(engine.error('BITCOUNT', 'k', '0')).toBe('ERR syntax error')
  expect(engine.error('BITCOUNT', 'k', '0', '1', 'bits')).toBe('ERR syntax error')
  expect(engine.error('BITCOUNT', 'k', '0', 'x')).toBe('ERR value is not an integer or out of range')
})

test('BITPOS finds a clear bit behind the end, unless an end was given', () => {
  const engine = new TestEngine()
  engine.must('SET', 'k', '\xff\xff\xff')
  expect(engine.run('BITPOS', 'k', '0')).toBe(24)
  expect(engine.run('BITPOS', 'k', '0', '1')).toBe(24)
  expect(engine.run('BITPOS', 'k', '0', '0', '-1')).toBe(-1)
  expect(engine.run('BITPOS', 'k', '0', '3')).toBe(-1)
  expect(engine.run('BITPOS', 'k', '1', '7', '15', 'BIT')).toBe(7)
  expect([engine.run('BITPOS', 'none', '0'), engine.run('BITPOS', 'none', '1')]).toEqual([0, -1])
  engine.must('SET', 'empty', '')
  expect(engine.run('BITPOS', 'empty', '0')).toBe(-1)
  expect(engine.error('BITPOS', 'k', '2')).toBe('ERR The bit argument must be 1 or 0.')
})
