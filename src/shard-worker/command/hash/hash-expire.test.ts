import { describe, expect, test } from 'vitest'
import { expireCycle, expireGlance } from '../../keyspace/expiry/expire-cycle.ts'
import { DIRTY, EXPIRED_FIELDS } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

const MAX_EXPIRY_MS = 2 ** 46 - 1

/** An engine with the hash `h` of fields f1 to f`count`, as a listpack or a table. */
function engineWith(encoding: string, count = 5, shards = 1): TestEngine {
  const engine = new TestEngine({ shards })
  if (encoding === 'hashtable') engine.engine.configure('hash-max-listpack-entries', '0')
  else engine.engine.configure('hash-max-listpack-entries', '512')
  for (let i = 1; i <= count; i++) engine.must('HSET', 'h', `f${i}`, `v${i}`)
  return engine
}

const expiredFields = (engine: TestEngine) => engine.engine.shards[0].counters[EXPIRED_FIELDS]
const fields = (...names: string[]) => ['FIELDS', String(names.length), ...names]
const sorted = (reply: unknown) => [...(reply as string[])].sort()

/** Lets the field expire in 10 ms, and the time pass. */
function letExpire(engine: TestEngine, ...names: string[]): void {
  engine.must('HPEXPIRE', 'h', '10', ...fields(...names))
  engine.nowMs += 11
}

describe.each(['listpack', 'hashtable'])('fields of a %s', (encoding) => {
  test('get, keep, change and lose an expiry', () => {
    const engine = engineWith(encoding)
    expect(engine.must('HTTL', 'h', ...fields('f1', 'none'))).toEqual([-1, -2])
    expect(engine.must('HEXPIRE', 'h', '100', ...fields('f1', 'f2', 'none'))).toEqual([1, 1, -2])
    expect(engine.must('HTTL', 'h', ...fields('f1', 'f3', 'none'))).toEqual([100, -1, -2])
    engine.nowMs += 1
    expect(engine.must('HTTL', 'h', ...fields('f1'))).toEqual([100])
    expect(engine.must('HPTTL', 'h', ...fields('f1'))).toEqual([99_999])
    const at = engine.nowMs + 50_001
    expect(engine.must('HPEXPIREAT', 'h', String(at), ...fields('f1'))).toEqual([1])
    expect(engine.must('HPEXPIRETIME', 'h', ...fields('f1', 'f3', 'none'))).toEqual([at, -1, -2])
    expect(engine.must('HEXPIRETIME', 'h', ...fields('f1'))).toEqual([Math.ceil(at / 1000)])
    expect(engine.must('HEXPIREAT', 'h', '2000000000', ...fields('f2'))).toEqual([1])
    expect(engine.must('HEXPIRETIME', 'h', ...fields('f2'))).toEqual([2_000_000_000])
    expect(engine.must('HPERSIST', 'h', ...fields('f1', 'f3', 'none'))).toEqual([1, -1, -2])
    expect(engine.must('HTTL', 'h', ...fields('f1', 'f2'))).not.toContain(-2)
    expect(engine.must('HTTL', 'h', ...fields('f1'))).toEqual([-1])
    engine.check()
  })

  test('expire where the condition allows it', () => {
    const engine = engineWith(encoding)
    const expire = (seconds: number, condition: string, field = 'f1') =>
      engine.must('HEXPIRE', 'h', String(seconds), condition, ...fields(field))
    expect(expire(100, 'XX')).toEqual([0])
    expect(expire(100, 'GT')).toEqual([0])
    expect(expire(100, 'xx', 'none')).toEqual([-2])
    expect(expire(100, 'NX')).toEqual([1])
    expect(expire(200, 'NX')).toEqual([0])
    expect(expire(100, 'gt')).toEqual([0])
    expect(expire(101, 'GT')).toEqual([1])
    expect(expire(101, 'LT')).toEqual([0])
    expect(expire(99, 'LT')).toEqual([1])
    expect(expire(98, 'XX')).toEqual([1])
    expect(expire(500, 'LT', 'f2')).toEqual([1])
    expect(engine.must('HTTL', 'h', ...fields('f1', 'f2'))).toEqual([98, 500])
    engine.check()
  })

  test('are deleted at once by a time in the past, and the hash with the last of them', () => {
    const engine = engineWith(encoding)
    expect(engine.must('HPEXPIREAT', 'h', '1', ...fields('f1', 'f1'))).toEqual([2, -2])
    expect(engine.must('HEXPIRE', 'h', '0', ...fields('f2'))).toEqual([2])
    expect(engine.must('HPEXPIREAT', 'h', String(engine.nowMs), 'NX', ...fields('f3'))).toEqual([2])
    expect(engine.must('HEXPIREAT', 'h', '0', 'XX', ...fields('f4'))).toEqual([0])
    expect(sorted(engine.must('HKEYS', 'h'))).toEqual(['f4', 'f5'])
    expect(expiredFields(engine)).toBe(3)
    expect(engine.must('HPEXPIRE', 'h', '0', ...fields('f4', 'none', 'f5', 'f5'))).toEqual([2, -2, 2, -2])
    expect(engine.must('EXISTS', 'h')).toBe(0)
    engine.check()
  })

  test('lose their expiry when they are set, and keep it when they are added to', () => {
    const engine = engineWith(encoding)
    engine.must('HSET', 'h', 'n', '1', 'd', '1.5')
    engine.must('HEXPIRE', 'h', '100', ...fields('f1', 'f2', 'n', 'd'))
    expect(engine.must('HSET', 'h', 'f1', 'another', 'f2', 'v2')).toBe(0)
    expect(engine.must('HINCRBY', 'h', 'n', '1')).toBe(2)
    expect(engine.must('HINCRBY', 'h', 'n', '1000000000')).toBe(1_000_000_002)
    expect(engine.must('HINCRBYFLOAT', 'h', 'd', '0.25')).toBe('1.75')
    expect(engine.must('HSETNX', 'h', 'n', '7')).toBe(0)
    expect(engine.must('HTTL', 'h', ...fields('f1', 'f2', 'n', 'd'))).toEqual([-1, -1, 100, 100])
    expect(engine.must('HGET', 'h', 'f1')).toBe('another')
    engine.must('HDEL', 'h', 'n', 'd')
    engine.must('HSET', 'h', 'n', '1')
    expect(engine.must('HTTL', 'h', ...fields('n'))).toEqual([-1])
    engine.check()
  })

  test('that have expired are seen by nobody, but counted and deleted as Redis does it', () => {
    const engine = engineWith(encoding)
    letExpire(engine, 'f1', 'f2', 'f3')
    expect(engine.must('HLEN', 'h')).toBe(5)
    expect(sorted(engine.must('HKEYS', 'h'))).toEqual(['f4', 'f5'])
    expect(sorted(engine.must('HVALS', 'h'))).toEqual(['v4', 'v5'])
    expect(sorted(engine.must('HGETALL', 'h'))).toEqual(['f4', 'f5', 'v4', 'v5'])
    expect(sorted((engine.must('HSCAN', 'h', '0') as string[][])[1])).toEqual(['f4', 'f5', 'v4', 'v5'])
    expect(engine.must('HTTL', 'h', ...fields('f1', 'f4'))).toEqual([-2, -1])
    expect(engine.must('HPERSIST', 'h', ...fields('f1', 'f4'))).toEqual([-2, -1])
    expect(expiredFields(engine)).toBe(0)
    expect(engine.must('HGET', 'h', 'f1')).toBe(null)
    expect(expiredFields(engine)).toBe(1)
    expect(engine.must('HLEN', 'h')).toBe(4)
    expect(engine.must('HEXISTS', 'h', 'f2')).toBe(0)
    expect(engine.must('HSTRLEN', 'h', 'f3')).toBe(0)
    expect(expiredFields(engine)).toBe(3)
    expect(engine.must('HLEN', 'h')).toBe(2)
    letExpire(engine, 'f4', 'f5')
    expect(engine.must('HMGET', 'h', 'f1', 'f4', 'f5', 'f4')).toEqual([null, null, null, null])
    expect(engine.must('EXISTS', 'h')).toBe(0)
    engine.check()
  })

  test('that have expired are replaced, counted from 0, deleted, or live again', () => {
    const engine = engineWith(encoding)
    letExpire(engine, 'f1', 'f2', 'f3', 'f4', 'f5')
    expect(engine.must('HSET', 'h', 'f1', 'x')).toBe(0)
    expect(engine.must('HSETNX', 'h', 'f2', 'x')).toBe(1)
    expect(engine.must('HINCRBY', 'h', 'f3', '5')).toBe(5)
    expect(engine.must('HDEL', 'h', 'f4')).toBe(1)
    expect(engine.must('HEXPIRE', 'h', '100', 'NX', ...fields('f5'))).toEqual([0])
    expect(engine.must('HEXPIRE', 'h', '100', ...fields('f5'))).toEqual([1])
    expect(engine.must('HTTL', 'h', ...fields('f1', 'f2', 'f3', 'f5'))).toEqual([-1, -1, -1, 100])
    expect(engine.must('HGET', 'h', 'f5')).toBe('v5')
    engine.check()
  })

  test('of a hash that ends with the last of them can be made anew by the command that finds out', () => {
    for (const [words, reply] of [
      [['HSETNX', 'h', 'f1', 'x'], 1],
      [['HINCRBY', 'h', 'f1', '3'], 3],
      [['HINCRBYFLOAT', 'h', 'f1', '3'], '3'],
    ] as const) {
      const engine = engineWith(encoding, 1)
      letExpire(engine, 'f1')
      expect(engine.must(...words)).toBe(reply)
      expect(engine.must('HTTL', 'h', ...fields('f1'))).toEqual([-1])
      engine.check()
    }
  })

  test('are deleted by HRANDFIELD once they have expired', () => {
    const engine = engineWith(encoding)
    letExpire(engine, 'f1', 'f2')
    expect(sorted(engine.must('HRANDFIELD', 'h', '5'))).toEqual(['f3', 'f4', 'f5'])
    expect(expiredFields(engine)).toBe(2)
    letExpire(engine, 'f3', 'f4', 'f5')
    expect(engine.must('HRANDFIELD', 'h')).toBe(null)
    expect(engine.must('EXISTS', 'h')).toBe(0)
    engine.check()
  })

  test('stay, unseen, while a pause keeps them', () => {
    const engine = engineWith(encoding)
    letExpire(engine, 'f1')
    engine.engine.access.expirePaused = true
    expect(engine.must('HGET', 'h', 'f1')).toBe(null)
    expect(sorted(engine.must('HKEYS', 'h'))).toEqual(['f2', 'f3', 'f4', 'f5'])
    expireCycle(engine.engine, engine.engine.shards[0])
    expect(engine.must('HLEN', 'h')).toBe(5)
    engine.engine.access.expirePaused = false
    expireCycle(engine.engine, engine.engine.shards[0])
    expect(engine.must('HLEN', 'h')).toBe(4)
    engine.check()
  })

  test('are deleted by the active cycle, the soonest first, and hashes with them', () => {
    const engine = engineWith(encoding)
    for (let i = 0; i < 300; i++) {
      engine.must('HSET', `k${i}`, 'a', '1', 'b', '2')
      engine.must('HPEXPIRE', `k${i}`, String(10 + i), ...fields('a'))
      if (i % 2 === 0) engine.must('HPEXPIRE', `k${i}`, String(10 + i), ...fields('b'))
    }
    engine.must('HEXPIRE', 'h', '100', ...fields('f1'))
    engine.check()
    const [shard] = engine.engine.shards
    engine.nowMs += 10 + 150
    engine.must('EXISTS', 'h')
    expireCycle(engine.engine, shard)
    expect(expiredFields(engine)).toBe(150 + 75)
    expect(engine.must('DBSIZE')).toBe(1 + 300 - 75)
    expect(shard.keyspaces[0].volatileHashes.count).toBe(151)
    engine.check()
    engine.nowMs += 1_000_000
    engine.must('EXISTS', 'h')
    expireCycle(engine.engine, shard)
    expect(shard.keyspaces[0].volatileHashes.count).toBe(0)
    expect(engine.must('HLEN', 'h')).toBe(4)
    engine.check()
  })

  test('ask for a turn of the active cycle once they have expired', () => {
    const engine = engineWith(encoding)
    const [shard] = engine.engine.shards
    engine.must('HPEXPIRE', 'h', '10', ...fields('f1'))
    expect(expireGlance(engine.engine, shard)).toBe(false)
    engine.nowMs += 11
    engine.must('EXISTS', 'h')
    expect(expireGlance(engine.engine, shard)).toBe(true)
  })

  test('keep their expiry in a copy, under another key, in another database, shard or encoding', () => {
    const engine = engineWith(encoding, 5, 3)
    engine.must('HEXPIRE', 'h', '100', ...fields('f1', 'f2'))
    engine.must('COPY', 'h', 'copy')
    engine.must('RENAME', 'h', 'other')
    engine.must('SET', 'x', '1')
    engine.must('RENAME', 'other', 'x')
    engine.must('EXPIRE', 'x', '1000')
    expect(engine.must('HTTL', 'copy', ...fields('f1', 'f2', 'f3'))).toEqual([100, 100, -1])
    expect(engine.must('HTTL', 'x', ...fields('f1', 'f2', 'f3'))).toEqual([100, 100, -1])
    engine.must('MOVE', 'x', '1')
    engine.check()
    engine.select(1)
    expect(engine.must('HTTL', 'x', ...fields('f1', 'f2', 'f3'))).toEqual([100, 100, -1])
    engine.must('HSET', 'x', 'long', 'v'.repeat(100))
    expect(engine.must('OBJECT', 'ENCODING', 'x')).toBe('hashtable')
    expect(engine.must('HTTL', 'x', ...fields('f1', 'f2', 'f3'))).toEqual([100, 100, -1])
    engine.must('SWAPDB', '0', '1')
    engine.check()
    engine.must('FLUSHALL')
    engine.check()
  })

  test('count in INFO, MEMORY USAGE and the encoding, and leave nothing behind', () => {
    const engine = new TestEngine()
    if (encoding === 'hashtable') engine.engine.configure('hash-max-listpack-entries', '0')
    engine.must('SET', 'warm', '1')
    const [shard] = engine.engine.shards
    engine.must('HSET', 'h', 'f1', 'v1', 'f2', 'v2')
    const plain = engine.must('MEMORY', 'USAGE', 'h') as number
    expect(engine.must('OBJECT', 'ENCODING', 'h')).toBe(encoding)
    engine.must('HEXPIRE', 'h', '100', 'XX', ...fields('f1'))
    expect(engine.must('OBJECT', 'ENCODING', 'h')).toBe(encoding === 'listpack' ? 'listpackex' : 'hashtable')
    engine.must('HEXPIRE', 'h', '100', ...fields('f1', 'f2'))
    expect(engine.must('MEMORY', 'USAGE', 'h')).toBeGreaterThan(plain)
    expect(shard.keyspaces[0].volatileHashes.count).toBe(1)
    engine.must('HDEL', 'h', 'f1', 'f2')
    expect(shard.keyspaces[0].volatileHashes.count).toBe(0)
    for (const end of [['DEL', 'h'], ['SET', 'h', 'x'], ['FLUSHALL'], ['HPERSIST', 'h', ...fields('f1')]]) {
      engine.must('HSET', 'h', 'f1', 'v1')
      engine.must('HEXPIRE', 'h', '100', ...fields('f1'))
      engine.must(...end)
      expect(shard.keyspaces[0].volatileHashes.count).toBe(0)
      engine.check()
      engine.must('DEL', 'h')
    }
  })
})

describe('what is wrong with a command', () => {
  const engine = engineWith('listpack')
  engine.must('SET', 's', 'x')

  test.each(['HEXPIRE', 'HPEXPIRE', 'HEXPIREAT', 'HPEXPIREAT'])('%s tells as Redis 7.4 does', (name) => {
    const error = (...words: string[]) => engine.error(name, 'h', ...words)
    expect(engine.error(name, 's', 'x', 'y', '1', 'f1')).toMatch(/^WRONGTYPE/)
    expect(error('x', ...fields('f1'))).toBe('ERR value is not an integer or out of range')
    expect(error('-1', ...fields('f1'))).toBe('ERR invalid expire time, must be >= 0')
    expect(error('-9223372036854775808', ...fields('f1'))).toBe('ERR invalid expire time, must be >= 0')
    const tooLate = `ERR invalid expire time in '${name.toLowerCase()}' command`
    expect(error('9223372036854775807', ...fields('f1'))).toBe(tooLate)
    expect(error(String(MAX_EXPIRY_MS + 1), ...fields('f1'))).toBe(tooLate)
    expect(error('100', '1', 'f1', 'x')).toMatch(
      /^ERR Mandatory argument FIELDS is missing or not at the right position/,
    )
    expect(error('100', 'NX', '1', 'f1')).toMatch(/^ERR Mandatory argument FIELDS/)
    expect(error('100', 'NX', 'GT', 'FIELDS', '1', 'f1')).toMatch(/^ERR Mandatory argument FIELDS/)
    for (const count of ['0', '-1', 'x', '1.0', '-9223372036854775808']) {
      expect(error('100', 'FIELDS', count, 'f1')).toBe('ERR Parameter `numFields` should be greater than 0')
    }
    for (const count of ['2', '9223372036854775807']) {
      expect(error('100', 'FIELDS', count, 'f1')).toBe(
        'ERR The `numfields` parameter must match the number of arguments',
      )
    }
    expect(error('100', 'FIELDS', '1')).toBe(`ERR wrong number of arguments for '${name.toLowerCase()}' command`)
    expect(engine.must(name, 'none', '100', ...fields('f1', 'f2'))).toEqual([-2, -2])
    expect(engine.error(name, 'none', 'x', ...fields('f1'))).toMatch(/^ERR value is not/)
  })

  test.each(['HTTL', 'HPTTL', 'HEXPIRETIME', 'HPEXPIRETIME', 'HPERSIST'])('%s tells as Redis 7.4 does', (name) => {
    expect(engine.error(name, 's', 'x', '1', 'f1')).toMatch(/^WRONGTYPE/)
    expect(engine.error(name, 'h', 'x', '1', 'f1')).toMatch(/^ERR Mandatory argument FIELDS is missing/)
    expect(engine.error(name, 'h', 'FIELDS', '0', 'f1')).toBe('ERR Number of fields must be a positive integer')
    expect(engine.error(name, 'h', 'FIELDS', 'x', 'f1')).toBe('ERR Number of fields must be a positive integer')
    expect(engine.error(name, 'h', 'FIELDS', '3', 'f1')).toMatch(/^ERR The `numfields` parameter must match/)
    expect(engine.error(name, 'h', 'FIELDS', '1')).toMatch(/^ERR wrong number of arguments/)
    expect(engine.must(name, 'none', ...fields('f1', 'f2'))).toEqual([-2, -2])
  })

  test('the latest time is accepted', () => {
    expect(engine.must('HPEXPIREAT', 'h', String(MAX_EXPIRY_MS), ...fields('f1'))).toEqual([1])
    expect(engine.must('HPEXPIRETIME', 'h', ...fields('f1'))).toEqual([MAX_EXPIRY_MS])
  })
})

test('a full arena changes nothing', () => {
  const engine = new TestEngine({ arenaBytes: 1024 * 1024 })
  engine.must('HSET', 'small', 'a', '1', 'b', '2')
  engine.engine.configure('hash-max-listpack-entries', '0')
  engine.must('HSET', 'table', 'a', '1', 'b', '2')
  for (let bytes = 4096; bytes >= 8; bytes /= 2) {
    for (let i = 0; !engine.raw('SET', `fill:${bytes}:${i}`, 'x'.repeat(bytes)).startsWith('-'); i++);
  }
  for (const key of ['small', 'table']) {
    const before = engine.must('HGETALL', key)
    expect(engine.error('HEXPIRE', key, '100', ...fields('a', 'b'))).toMatch(/^OOM/)
    expect(engine.must('HGETALL', key)).toEqual(before)
    expect(engine.must('HTTL', key, ...fields('a', 'b'))).toEqual([-1, -1])
    engine.check()
  }
})

test('each field whose expiry is set or that is deleted is a change, HPERSIST is one for all', () => {
  const engine = new TestEngine()
  engine.must('HSET', 'h', 'a', '1', 'b', '2', 'c', '3')
  const changes = (...words: string[]): number => {
    const { counters } = engine.engine.shards[0]
    const before = counters[DIRTY]
    engine.must(...words)
    return counters[DIRTY] - before
  }
  expect(changes('HEXPIRE', 'h', '100', 'FIELDS', '3', 'a', 'b', 'none')).toBe(2)
  expect(changes('HEXPIRE', 'h', '100', 'NX', 'FIELDS', '3', 'a', 'b', 'c')).toBe(1)
  expect(changes('HPERSIST', 'h', 'FIELDS', '2', 'a', 'b')).toBe(1)
  expect(changes('HPERSIST', 'h', 'FIELDS', '1', 'a')).toBe(0)
  expect(changes('HEXPIREAT', 'h', '1', 'FIELDS', '3', 'a', 'b', 'c')).toBe(3)
})
