import { describe, expect, test } from 'vitest'
import { bytesOf } from '../../../base/bytes.ts'
import { DIRTY } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

function filled(): TestEngine {
  const engine = new TestEngine({ shards: 3 })
  for (const db of [0, 2]) {
    engine.select(db)
    for (let i = 0; i < 100; i++) engine.must('SET', `key:${i}`, `${db}`)
    engine.must('PEXPIRE', 'key:7', '1000')
  }
  engine.select(0)
  return engine
}

/** Client `client` watches a key of a database; tells whether it changed. */
function watch(engine: TestEngine, client: number, db: number, key: string): () => boolean {
  const bytes = bytesOf(key)
  const shard = engine.engine.shards[engine.engine.shardOf(bytes, 0, bytes.length)]
  engine.engine.begin(engine.nowMs)
  shard.keyspaces[db].find(bytes, 0, bytes.length)
  shard.watches.watch(client, db, bytes, 0, bytes.length)
  return () => {
    engine.engine.begin(engine.nowMs)
    return shard.watches.isDirty(client, (watched) =>
      shard.keyspaces[watched.db].hasExpired(shard.arena.u8, watched.offset, watched.length),
    )
  }
}

test('DBSIZE counts the selected database over all shards', () => {
  const engine = filled()
  expect(engine.run('DBSIZE')).toBe(100)
  engine.select(1)
  expect(engine.run('DBSIZE')).toBe(0)
})

describe('flushing', () => {
  test('FLUSHDB empties the selected database, FLUSHALL all of them', () => {
    const engine = filled()
    const dirty = () => engine.engine.shards.reduce((sum, shard) => sum + shard.counters[DIRTY], 0)
    const before = dirty()
    expect(engine.run('FLUSHDB')).toBe('OK')
    expect(dirty() - before).toBe(100)
    expect(engine.run('DBSIZE')).toBe(0)
    engine.select(2)
    expect(engine.run('DBSIZE')).toBe(100)
    for (const how of ['sync', 'ASYNC']) expect(engine.run('FLUSHDB', how)).toBe('OK')
    engine.must('SET', 'a', '1')
    engine.select(0)
    expect(engine.run('FLUSHALL', 'Async')).toBe('OK')
    engine.select(2)
    expect(engine.run('DBSIZE')).toBe(0)
    engine.check()
    for (const shard of engine.engine.shards) expect(shard.arena.blockCount).toBe(1)
  })

  test('wrong arguments empty nothing', () => {
    const engine = filled()
    for (const words of [
      ['FLUSHDB', 'x'],
      ['FLUSHALL', 'SYNC', 'ASYNC'],
      ['FLUSHALL', 'now'],
    ]) {
      expect(engine.error(...words)).toBe('ERR syntax error')
    }
    expect(engine.run('DBSIZE')).toBe(100)
  })

  test('watched keys change only if they were there', () => {
    for (const command of ['FLUSHDB', 'FLUSHALL']) {
      const engine = filled()
      const there = watch(engine, 1, 0, 'key:3')
      const missing = watch(engine, 2, 0, 'none')
      const elsewhere = watch(engine, 3, 2, 'key:3')
      engine.must(command)
      expect([there(), missing(), elsewhere()]).toEqual([true, false, command === 'FLUSHALL'])
      engine.check()
    }
  })
})

describe('SWAPDB', () => {
  test('exchanges keys, expiries and what the expire cycle knows', () => {
    const engine = filled()
    engine.must('SET', 'only', 'in 0')
    expect(engine.run('SWAPDB', '0', '2')).toBe('OK')
    expect(engine.run('GET', 'key:1')).toBe('2')
    expect(engine.run('PTTL', 'key:7')).toBe(1000)
    expect(engine.run('GET', 'only')).toBe(null)
    engine.select(2)
    expect(engine.run('MGET', 'key:1', 'only')).toEqual(['0', 'in 0'])
    engine.check()
    expect(engine.run('SWAPDB', '2', '2')).toBe('OK')
    expect(engine.run('SWAPDB', '5', '2')).toBe('OK')
    expect(engine.run('DBSIZE')).toBe(0)
    engine.check()
  })

  test('watched keys change if either database has them', () => {
    const engine = filled()
    engine.must('SET', 'only0', '1')
    engine.select(2)
    engine.must('SET', 'only2', '1')
    engine.must('SET', 'gone2', '1', 'PX', '10')
    engine.nowMs += 11
    const changed = [
      watch(engine, 1, 0, 'only0'),
      watch(engine, 2, 0, 'only2'),
      watch(engine, 3, 2, 'only0'),
      watch(engine, 4, 0, 'none'),
      watch(engine, 5, 1, 'only0'),
      watch(engine, 6, 0, 'gone2'),
    ]
    engine.must('SWAPDB', '0', '2')
    expect(changed.map((ask) => ask())).toEqual([true, true, true, false, false, false])
    engine.check()
  })

  test('a database with itself is no change', () => {
    const engine = filled()
    const changed = watch(engine, 1, 0, 'key:1')
    engine.must('SWAPDB', '0', '0')
    expect(changed()).toBe(false)
  })

  test('refuses what is no database', () => {
    const engine = filled()
    expect(engine.error('SWAPDB', 'x', 'y')).toBe('ERR invalid first DB index')
    expect(engine.error('SWAPDB', '0', '1.5')).toBe('ERR invalid second DB index')
    expect(engine.error('SWAPDB', '2147483648', '0')).toBe('ERR invalid first DB index')
    expect(engine.error('SWAPDB', '0', '16')).toBe('ERR DB index is out of range')
    expect(engine.error('SWAPDB', '-1', '0')).toBe('ERR DB index is out of range')
  })
})
