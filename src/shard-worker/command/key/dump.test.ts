import { expect, test } from 'vitest'
import { DIRTY, EXPIRED_KEYS } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

test('an expired key is replaced as any other', () => {
  const engine = new TestEngine()
  const { counters } = engine.engine.shards[0]
  engine.must('SET', 'from', 'y')
  engine.must('SET', 'to', 'x', 'PX', '1')
  engine.nowMs += 1000
  const before = counters[DIRTY]
  const emptyList = '\n\x0b\x0b\0\0\0\n\0\0\0\0\0\xff\n\0~\x1a\xcf\xd9+\xcaAq'
  expect(engine.error('RESTORE', 'to', '0', emptyList, 'REPLACE')).toBe('ERR Bad data format')
  expect(engine.must('DBSIZE')).toBe(2)
  engine.must('RESTORE', 'to', '0', String(engine.must('DUMP', 'from')), 'REPLACE')
  expect(engine.must('GET', 'to')).toBe('y')
  expect(counters[DIRTY] - before).toBe(1)
  expect(counters[EXPIRED_KEYS]).toBe(0)
  engine.check()
})
