import { describe, expect, test } from 'vitest'
import { bytesOf } from '../../../base/bytes.ts'
import { DIRTY } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

const SHORT = 'short'
const LONG = 'l'.repeat(3000)

function dirty(engine: TestEngine): number {
  return engine.engine.shards.reduce((sum, shard) => sum + shard.counters[DIRTY], 0)
}

/** Watches a key of a database as client 1, and tells whether it changed. */
function watch(engine: TestEngine, db: number, key: string): () => boolean {
  const bytes = bytesOf(key)
  const shard = engine.engine.shards[engine.engine.shardOf(bytes, 0, bytes.length)]
  shard.watches.watch(1, db, bytes, 0, bytes.length)
  return () => shard.watches.isDirty(1, () => false)
}

describe.each([1, 3])('with %i shards', (shards) => {
  test('RENAME takes value and expiry along and overwrites', () => {
    const engine = new TestEngine({ shards })
    for (const value of [SHORT, LONG]) {
      for (const to of ['b', 'c', 'd', 'e']) {
        engine.must('SET', 'a', value, 'PX', '100000')
        engine.must('SET', to, 'other value')
        engine.nowMs += 7000
        const before = dirty(engine)
        expect(engine.raw('RENAME', 'a', to)).toBe('+OK\r\n')
        expect(dirty(engine) - before).toBe(1)
        expect(engine.run('GET', 'a')).toBe(null)
        expect(engine.run('PTTL', to)).toBe(93_000)
        expect(engine.run('GET', to)).toBe(value)
        engine.check()
      }
    }
  })

  test('RENAME tells watchers of both keys', () => {
    for (const watched of ['a', 'b']) {
      const engine = new TestEngine({ shards })
      engine.must('SET', 'a', '1')
      const changed = watch(engine, 0, watched)
      engine.must('RENAME', 'a', 'a')
      expect(changed()).toBe(false)
      engine.must('RENAME', 'a', 'b')
      expect(changed()).toBe(true)
    }
  })

  test('RENAME of a missing or expired key fails; of a key to itself does nothing', () => {
    const engine = new TestEngine({ shards })
    expect(engine.error('RENAME', 'a', 'b')).toBe('ERR no such key')
    expect(engine.error('RENAMENX', 'a', 'a')).toBe('ERR no such key')
    engine.must('SET', 'a', '1', 'PX', '10')
    expect(engine.raw('RENAME', 'a', 'a')).toBe('+OK\r\n')
    expect(engine.run('RENAMENX', 'a', 'a')).toBe(0)
    engine.nowMs += 11
    expect(engine.error('RENAME', 'a', 'b')).toBe('ERR no such key')
  })

  test('RENAMENX keeps what is there', () => {
    const engine = new TestEngine({ shards })
    engine.must('MSET', 'a', '1', 'b', '2')
    expect(engine.run('RENAMENX', 'a', 'b')).toBe(0)
    expect(engine.run('RENAMENX', 'a', 'c')).toBe(1)
    expect(engine.run('MGET', 'a', 'b', 'c')).toEqual([null, '2', '1'])
    engine.must('PEXPIRE', 'b', '5')
    engine.nowMs += 6
    expect(engine.run('RENAMENX', 'c', 'b')).toBe(1)
    engine.check()
  })

  test('values of any type move and are copied', () => {
    const engine = new TestEngine({ shards })
    engine.putForeignValue('l')
    engine.must('RENAME', 'l', 'm')
    expect(engine.run('TYPE', 'm')).toBe('list')
    expect(engine.run('COPY', 'm', 'n')).toBe(1)
    expect(engine.run('MOVE', 'm', '1')).toBe(1)
    expect(engine.run('TYPE', 'n')).toBe('list')
    engine.check()
  })

  test('COPY copies value and expiry, replaces only when told, and counts as one change', () => {
    const engine = new TestEngine({ shards })
    for (const value of [SHORT, LONG, '12']) {
      engine.must('FLUSHALL')
      engine.must('SET', 'a', value, 'PX', '5000')
      engine.must('SET', 'b', 'old')
      expect(engine.run('COPY', 'a', 'b')).toBe(0)
      const changed = watch(engine, 0, 'b')
      const before = dirty(engine)
      expect(engine.run('COPY', 'a', 'b', 'REPLACE')).toBe(1)
      expect(dirty(engine) - before).toBe(1)
      expect(changed()).toBe(true)
      expect(engine.run('GET', 'b')).toBe(value)
      expect(engine.run('PTTL', 'b')).toBe(5000)
      engine.must('APPEND', 'a', 'more')
      expect(engine.run('GET', 'b')).toBe(value)
      expect(engine.run('COPY', 'none', 'b')).toBe(0)
      for (const shard of engine.engine.shards) shard.watches.unwatch(1)
      engine.check()
    }
  })

  test('COPY to another database, under the same key too', () => {
    const engine = new TestEngine({ shards })
    engine.must('SET', 'a', '1')
    expect(engine.run('COPY', 'a', 'a', 'DB', '3')).toBe(1)
    expect(engine.run('COPY', 'a', 'b', 'db', '3', 'replace')).toBe(1)
    expect(engine.run('COPY', 'a', 'a', 'DB', '3')).toBe(0)
    expect(engine.run('GET', 'b')).toBe(null)
    engine.select(3)
    expect(engine.run('MGET', 'a', 'b')).toEqual(['1', '1'])
  })

  test('MOVE takes a key to another database, unless it is there', () => {
    const engine = new TestEngine({ shards })
    engine.must('SET', 'a', LONG, 'PX', '5000')
    const changed = watch(engine, 1, 'a')
    expect(engine.run('MOVE', 'a', '1')).toBe(1)
    expect(changed()).toBe(true)
    expect(engine.run('MOVE', 'a', '1')).toBe(0)
    engine.must('SET', 'a', 'new')
    expect(engine.run('MOVE', 'a', '1')).toBe(0)
    engine.select(1)
    expect(engine.run('GET', 'a')).toBe(LONG)
    expect(engine.run('PTTL', 'a')).toBe(5000)
    engine.nowMs += 5001
    engine.select(0)
    expect(engine.run('MOVE', 'a', '1')).toBe(1)
    engine.check()
  })
})

test('databases that are none, options that are none', () => {
  const engine = new TestEngine()
  engine.must('SET', 'a', '1')
  expect(engine.error('MOVE', 'a', 'x')).toBe('ERR value is not an integer or out of range')
  expect(engine.error('MOVE', 'a', '16')).toBe('ERR DB index is out of range')
  expect(engine.error('MOVE', 'a', '-1')).toBe('ERR DB index is out of range')
  const beyondInt = 'ERR value is out of range, value must between -2147483648 and 2147483647'
  expect(engine.error('MOVE', 'a', '2147483648')).toBe(beyondInt)
  expect(engine.error('COPY', 'a', 'b', 'DB', '9223372036854775807')).toBe(beyondInt)
  expect(engine.error('COPY', 'a', 'b', 'DB', '9223372036854775808')).toBe(
    'ERR value is not an integer or out of range',
  )
  expect(engine.error('COPY', 'a', 'b', 'DB', '99')).toBe('ERR DB index is out of range')
  expect(engine.error('COPY', 'a', 'b', 'DB')).toBe('ERR syntax error')
  expect(engine.error('COPY', 'a', 'b', 'FOO')).toBe('ERR syntax error')
  expect(engine.error('COPY', 'a', 'a')).toBe('ERR source and destination objects are the same')
  expect(engine.error('MOVE', 'a', '0')).toBe('ERR source and destination objects are the same')
})

test('a full arena refuses a copy and keeps both keys', () => {
  const engine = new TestEngine({ arenaBytes: 384 * 1024, databases: 2 })
  engine.must('SET', 'a', 'x'.repeat(200_000))
  engine.must('SET', 'b', 'old')
  expect(engine.error('COPY', 'a', 'b', 'REPLACE')).toBe('OOM the shard that owns this key has no room left')
  expect(engine.run('GET', 'b')).toBe('old')
  expect(engine.raw('RENAME', 'a', 'b')).toBe('+OK\r\n')
  expect(engine.run('STRLEN', 'b')).toBe(200_000)
  engine.check()
})

test('a full arena keeps nothing of a hash whose fields expire that it has refused to copy', () => {
  const engine = new TestEngine({ arenaBytes: 256 * 1024, databases: 2 })
  engine.must('HSET', 'a', 'field', 'value')
  engine.must('HPEXPIRE', 'a', '1000', 'FIELDS', '1', 'field')
  const long = 'b'.repeat(100_000)
  engine.must('SET', 'filler', 'x'.repeat(130_000))
  expect(engine.error('COPY', 'a', long, 'DB', '1')).toMatch(/^OOM/)
  engine.check()
  engine.must('DEL', 'filler')
  expect(engine.must('COPY', 'a', long, 'DB', '1')).toBe(1)
  engine.check()
})

test('a hash whose fields expire, and itself too, moves beside others like it', () => {
  for (let length = 1; length < 70; length++) {
    const engine = new TestEngine({ databases: 2 })
    const add = (key: string, fieldMs: number) => {
      engine.must('HSET', key, 'field', 'value')
      engine.must('HPEXPIRE', key, String(fieldMs), 'FIELDS', '1', 'field')
    }
    for (const key of ['a', 'b', 'c', 'd']) add(key, 1000)
    const moved = 'm'.repeat(length)
    add(moved, 500)
    engine.must('PEXPIRE', moved, '5000')
    engine.select(1)
    add('e', 1000)
    engine.select(0)
    expect(engine.must('MOVE', moved, '1')).toBe(1)
    engine.check()
    engine.select(1)
    expect(engine.must('HPTTL', moved, 'FIELDS', '1', 'field')).toEqual([500])
    expect(engine.must('PTTL', moved)).toBe(5000)
  }
})
