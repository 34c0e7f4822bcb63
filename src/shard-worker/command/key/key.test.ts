import { expect, test } from 'vitest'
import { DIRTY, KEYSPACE_HITS, KEYSPACE_MISSES } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

function total(engine: TestEngine, counter: number): number {
  return engine.engine.shards.reduce((sum, shard) => sum + shard.counters[counter], 0)
}

test('DEL and UNLINK delete keys of several shards and count those that were there', () => {
  for (const del of ['DEL', 'UNLINK']) {
    const engine = new TestEngine({ shards: 3 })
    engine.must('MSET', 'a', '1', 'b', '2', 'c', 'x'.repeat(5000), 'd', '4')
    engine.must('PEXPIRE', 'd', '10')
    const before = total(engine, DIRTY)
    engine.nowMs += 11
    expect(engine.run(del, 'a', 'b', 'c', 'd', 'a', 'none')).toBe(3)
    expect(total(engine, DIRTY) - before).toBe(3)
    expect(engine.run('DBSIZE')).toBe(0)
    engine.check()
  }
})

test('EXISTS counts a key as often as it is named, and hits and misses', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('MSET', 'a', '1', 'b', '2')
  expect(engine.run('EXISTS', 'a', 'a', 'b', 'none')).toBe(3)
  expect(total(engine, KEYSPACE_HITS)).toBe(3)
  expect(total(engine, KEYSPACE_MISSES)).toBe(1)
})

test('TYPE names the type, none for no key', () => {
  const engine = new TestEngine()
  engine.must('SET', 'a', '1')
  engine.putForeignValue('l')
  expect(engine.raw('TYPE', 'a')).toBe('+string\r\n')
  expect(engine.raw('TYPE', 'l')).toBe('+list\r\n')
  expect(engine.raw('TYPE', 'none')).toBe('+none\r\n')
})

test('TOUCH renews the idle time, for a client under NO-TOUCH too; EXISTS, TYPE and TTL leave it', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('MSET', 'a', '1', 'b', '2')
  engine.nowMs += 50_000
  for (const command of ['EXISTS', 'TYPE', 'TTL']) engine.must(command, 'a')
  expect(engine.run('OBJECT', 'IDLETIME', 'a')).toBe(50)
  engine.engine.access.noTouch = true
  engine.must('GET', 'a')
  expect(engine.run('OBJECT', 'IDLETIME', 'a')).toBe(50)
  expect(engine.run('TOUCH', 'a', 'b', 'none')).toBe(2)
  expect(engine.run('OBJECT', 'IDLETIME', 'a')).toBe(0)
  expect(engine.engine.access.noTouch).toBe(true)
})
