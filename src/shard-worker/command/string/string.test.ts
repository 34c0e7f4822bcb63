import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import { bigExpireOf, ENCODING_NAMES, encodingOf, flagsOf, HAS_EXPIRE } from '../../keyspace/entry.ts'
import { DIRTY, KEYSPACE_HITS, KEYSPACE_MISSES } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'
import { KEYS, StringCommands } from './testing.ts'

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
const SYNTAX = 'ERR syntax error'
const SHARD_FULL = 'OOM the shard that owns this key has no room left'

function encoding(engine: TestEngine, key: string): string | undefined {
  const { keyspace, entry } = engine.find(key)
  return entry === 0 ? undefined : ENCODING_NAMES[encodingOf(keyspace.arena, entry)]
}

/** When a key expires, Unix milliseconds; undefined for never. */
function expiry(engine: TestEngine, key: string): bigint | undefined {
  const { keyspace, entry } = engine.find(key)
  if (entry === 0 || (flagsOf(keyspace.arena, entry) & HAS_EXPIRE) === 0) return undefined
  return bigExpireOf(keyspace.arena, entry)
}

describe('encodings', () => {
  test.each([
    ['0', 'int'],
    ['-9223372036854775808', 'int'],
    ['9223372036854775807', 'int'],
    ['9223372036854775808', 'embstr'],
    ['007', 'embstr'],
    ['-0', 'embstr'],
    ['+1', 'embstr'],
    ['', 'embstr'],
    ['x'.repeat(44), 'embstr'],
    ['x'.repeat(45), 'raw'],
    ['1'.repeat(21), 'embstr'],
  ])('SET %j is %s', (value, name) => {
    const engine = new TestEngine()
    engine.must('SET', 'k', value)
    expect(encoding(engine, 'k')).toBe(name)
    expect(engine.run('GET', 'k')).toBe(value)
  })

  test('of what commands change', () => {
    const engine = new TestEngine()
    engine.must('APPEND', 'k', '12')
    expect(encoding(engine, 'k')).toBe('int')
    engine.must('APPEND', 'k', '')
    expect(encoding(engine, 'k')).toBe('raw')
    expect(engine.run('INCR', 'k')).toBe(13)
    expect(encoding(engine, 'k')).toBe('int')
    engine.must('INCRBYFLOAT', 'k', '1')
    expect(encoding(engine, 'k')).toBe('embstr')
    engine.must('SETRANGE', 'k', '0', '9')
    expect(encoding(engine, 'k')).toBe('raw')
    expect(engine.run('GETSET', 'k', '5')).toBe('94')
    expect(encoding(engine, 'k')).toBe('int')
    engine.must('INCRBYFLOAT', 'big', '1e60')
    expect(encoding(engine, 'big')).toBe('raw')
    engine.must('SETRANGE', 'new', '0', '1')
    expect(encoding(engine, 'new')).toBe('raw')
    engine.check()
  })
})

describe('SET', () => {
  test('takes its options in any order and case', () => {
    const engine = new TestEngine()
    expect(engine.run('SET', 'k', 'a', 'px', '5000', 'Nx', 'GET')).toBe(null)
    expect(expiry(engine, 'k')).toBe(BigInt(engine.nowMs + 5000))
    expect(engine.run('SET', 'k', 'b', 'nx')).toBe(null)
    expect(engine.run('SET', 'k', 'b', 'NX', 'GET')).toBe('a')
    expect(engine.run('SET', 'k', 'c', 'GET', 'XX', 'KEEPTTL')).toBe('a')
    expect(expiry(engine, 'k')).toBe(BigInt(engine.nowMs + 5000))
    expect(engine.run('SET', 'k', 'd')).toBe('OK')
    expect(expiry(engine, 'k')).toBe(undefined)
    expect(engine.run('SET', 'none', 'x', 'XX')).toBe(null)
    expect(engine.run('SET', 'none', 'x', 'XX', 'GET')).toBe(null)
    expect(engine.run('GET', 'none')).toBe(null)
    engine.check()
  })

  test('an option may be repeated, and its last time counts', () => {
    const engine = new TestEngine()
    engine.must('SET', 'k', 'a', 'EX', '10', 'EX', '20')
    expect(expiry(engine, 'k')).toBe(BigInt(engine.nowMs + 20_000))
  })

  test('refuses options that exclude each other, lack their time or are none', () => {
    const engine = new TestEngine()
    const wrong = [
      ['NX', 'XX'],
      ['XX', 'NX'],
      ['EX', '10', 'PX', '10'],
      ['KEEPTTL', 'EX', '10'],
      ['EXAT', '10', 'KEEPTTL'],
      ['EX'],
      ['PERSIST'],
      ['EX10'],
      [''],
      ['EX', '10', '20'],
    ]
    for (const options of wrong) expect(engine.error('SET', 'k', 'v', ...options), options.join(' ')).toBe(SYNTAX)
    expect(engine.run('GET', 'k')).toBe(null)
  })

  test('GET of a value that is no string sets nothing', () => {
    const engine = new TestEngine()
    engine.putForeignValue('k')
    expect(engine.error('SET', 'k', 'v', 'GET')).toBe(WRONG_TYPE)
    expect(engine.error('GET', 'k')).toBe(WRONG_TYPE)
    expect(engine.run('SET', 'k', 'v')).toBe('OK')
    expect(engine.run('GET', 'k')).toBe('v')
    engine.check()
  })

  test('a time that has passed leaves a key that nobody can see', () => {
    const engine = new TestEngine()
    engine.must('SET', 'k', 'v', 'EXAT', '1')
    expect(engine.engine.shards[0].keyspaces[0].keys.used).toBe(1)
    expect(engine.run('GET', 'k')).toBe(null)
    expect(engine.engine.shards[0].keyspaces[0].keys.used).toBe(0)
    engine.check()
  })
})

describe('times', () => {
  const NOW = BigInt(new TestEngine().nowMs)

  test.each([
    ['EX', '1', NOW + 1000n],
    ['PX', '1', NOW + 1n],
    ['EXAT', '99999999999', 99999999999000n],
    ['PXAT', '9223372036854775807', 9223372036854775807n],
    ['PXAT', '9007199254740993', 9007199254740993n],
    ['EX', '9007199254741', 9007199254741000n + NOW],
    ['EX', '9221668100000000', 9221668100000000000n + NOW],
  ])('%s %s', (option, time, at) => {
    const engine = new TestEngine()
    engine.must('SET', 'k', 'v', option, time)
    expect(expiry(engine, 'k')).toBe(at)
    engine.must('SET', 'k', 'v')
    engine.must('GETEX', 'k', option, time)
    expect(expiry(engine, 'k')).toBe(at)
    engine.check()
  })

  test.each([
    ['EX', '0'],
    ['EX', '-1'],
    ['EXAT', '9223372036854776'],
    ['EX', '9223372036854775'],
    ['PX', '9223372036854775807'],
    ['EX', '9223372036854775807'],
    ['PXAT', '-9223372036854775808'],
  ])('%s %s is invalid', (option, time) => {
    const engine = new TestEngine()
    engine.must('SET', 'k', 'v')
    expect(engine.error('SET', 'k', 'w', option, time)).toBe("ERR invalid expire time in 'set' command")
    expect(engine.error('GETEX', 'k', option, time)).toBe("ERR invalid expire time in 'getex' command")
    expect(engine.run('GETEX', 'none', option, time)).toBe(null)
    expect(engine.run('GET', 'k')).toBe('v')
    expect(expiry(engine, 'k')).toBe(undefined)
  })

  test('of SETEX and PSETEX, whose errors name them', () => {
    const engine = new TestEngine()
    engine.must('SETEX', 'k', '10', 'v')
    expect(expiry(engine, 'k')).toBe(NOW + 10_000n)
    engine.must('PSETEX', 'k', '10', 'w')
    expect(expiry(engine, 'k')).toBe(NOW + 10n)
    expect(engine.error('SETEX', 'k', '0', 'v')).toBe("ERR invalid expire time in 'setex' command")
    expect(engine.error('PSETEX', 'k', '-5', 'v')).toBe("ERR invalid expire time in 'psetex' command")
    expect(engine.error('SETEX', 'k', '1.5', 'v')).toBe(NOT_AN_INTEGER)
    engine.nowMs += 10
    expect(engine.run('GET', 'k')).toBe('w')
    engine.nowMs += 1
    expect(engine.run('GET', 'k')).toBe(null)
    engine.check()
  })
})

describe('GETEX', () => {
  test('changes the lifetime and nothing else', () => {
    const engine = new TestEngine()
    engine.must('SET', 'k', 'v', 'EX', '100')
    const dirty = () => engine.engine.shards[0].counters[DIRTY]
    const before = dirty()
    expect(engine.run('GETEX', 'k')).toBe('v')
    expect(dirty()).toBe(before)
    expect(engine.run('GETEX', 'k', 'PERSIST')).toBe('v')
    expect(expiry(engine, 'k')).toBe(undefined)
    expect(dirty()).toBe(before + 1)
    expect(engine.run('GETEX', 'k', 'PERSIST')).toBe('v')
    expect(dirty()).toBe(before + 1)
    expect(engine.run('GETEX', 'k', 'EXAT', '1')).toBe('v')
    expect(engine.run('GET', 'k')).toBe(null)
    expect(dirty()).toBe(before + 2)
    expect(engine.error('GETEX', 'k', 'NX')).toBe(SYNTAX)
    expect(engine.error('GETEX', 'k', 'KEEPTTL')).toBe(SYNTAX)
    expect(engine.error('GETEX', 'k', 'PERSIST', 'EX', '5')).toBe(SYNTAX)
    engine.check()
  })
})

test('reading and deleting: GETDEL, GETSET, SETNX, STRLEN', () => {
  const engine = new TestEngine()
  expect(engine.run('SETNX', 'k', 'v')).toBe(1)
  expect(engine.run('SETNX', 'k', 'w')).toBe(0)
  expect(engine.run('STRLEN', 'k')).toBe(1)
  expect(engine.run('GETSET', 'k', 'longer')).toBe('v')
  expect(engine.run('STRLEN', 'k')).toBe(6)
  expect(engine.run('GETDEL', 'k')).toBe('longer')
  expect(engine.run('GETDEL', 'k')).toBe(null)
  expect(engine.run('STRLEN', 'k')).toBe(0)
  engine.putForeignValue('f')
  for (const words of [
    ['GETDEL', 'f'],
    ['GETSET', 'f', 'v'],
    ['STRLEN', 'f'],
    ['GETEX', 'f'],
    ['INCR', 'f'],
  ]) {
    expect(engine.error(...words)).toBe(WRONG_TYPE)
  }
  expect(engine.run('SETNX', 'f', 'v')).toBe(0)
  engine.check()
})

test('hits and misses are counted for reads alone', () => {
  const engine = new TestEngine()
  const { counters } = engine.engine.shards[0]
  engine.must('SET', 'k', 'v')
  engine.must('SETNX', 'k', 'v')
  engine.must('APPEND', 'k', 'v')
  expect([counters[KEYSPACE_HITS], counters[KEYSPACE_MISSES]]).toEqual([0, 0])
  engine.must('GET', 'k')
  engine.must('MGET', 'k', 'none', 'k')
  engine.must('SET', 'k', 'v', 'GET')
  engine.must('LCS', 'k', 'none')
  expect([counters[KEYSPACE_HITS], counters[KEYSPACE_MISSES]]).toEqual([5, 2])
})

describe('counting', () => {
  test('INCR of any integer, a step at a time, is what integers give', () => {
    const engine = new TestEngine()
    const digits = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n })
    const nearCarry = fc.tuple(fc.nat(18), fc.bigInt(-3n, 3n)).map(([power, apart]) => 10n ** BigInt(power) + apart)
    fc.assert(
      fc.property(fc.oneof(digits, nearCarry), fc.integer({ min: 1, max: 12 }), (start, steps) => {
        engine.must('SET', 'k', String(start))
        for (let step = 1n; step <= BigInt(steps); step++) {
          engine.must('INCR', 'k')
          expect(engine.run('GET', 'k')).toBe(String(start + step))
          expect(encoding(engine, 'k')).toBe('int')
        }
      }),
    )
    engine.check()
  })

  test('is exact over all of int64', () => {
    const engine = new TestEngine()
    for (const [start, command, by, end] of [
      ['9007199254740991', 'INCR', '', '9007199254740992'],
      ['9007199254740992', 'INCR', '', '9007199254740993'],
      ['9007199254740993', 'DECRBY', '3', '9007199254740990'],
      ['-9007199254740991', 'DECR', '', '-9007199254740992'],
      ['9223372036854775806', 'INCR', '', '9223372036854775807'],
      ['-1', 'DECRBY', '9223372036854775807', '-9223372036854775808'],
      ['-9223372036854775808', 'INCRBY', '9223372036854775807', '-1'],
      ['99', 'INCR', '', '100'],
      ['-10', 'INCR', '', '-9'],
      ['0', 'INCRBY', '9007199254740993', '9007199254740993'],
    ]) {
      engine.must('SET', 'k', start)
      engine.must(command, 'k', ...(by === '' ? [] : [by]))
      expect(engine.run('GET', 'k'), `${start} ${command} ${by}`).toBe(end)
      expect(encoding(engine, 'k')).toBe('int')
    }
    engine.check()
  })

  test('beyond it is refused and changes nothing', () => {
    const engine = new TestEngine()
    for (const [start, command, by] of [
      ['9223372036854775807', 'INCR', ''],
      ['-9223372036854775808', 'DECR', ''],
      ['9223372036854775000', 'INCRBY', '1000'],
      ['-9223372036854775000', 'DECRBY', '1000'],
      ['1', 'INCRBY', '9223372036854775807'],
    ]) {
      engine.must('SET', 'k', start)
      const error = engine.error(command, 'k', ...(by === '' ? [] : [by]))
      expect(error).toBe('ERR increment or decrement would overflow')
      expect(engine.run('GET', 'k')).toBe(start)
    }
    expect(engine.error('DECRBY', 'k', '-9223372036854775808')).toBe('ERR decrement would overflow')
    expect(engine.error('INCRBY', 'k', '9223372036854775808')).toBe(NOT_AN_INTEGER)
    engine.must('SET', 'k', 'abc')
    for (const words of [
      ['INCR', 'k'],
      ['INCRBY', 'k', '9223372036854775807'],
    ]) {
      expect(engine.error(...words)).toBe(NOT_AN_INTEGER)
    }
  })

  test('keeps the expiry', () => {
    const engine = new TestEngine()
    engine.must('SET', 'k', '9', 'EX', '100')
    engine.must('INCR', 'k')
    engine.must('INCRBYFLOAT', 'k', '0.5')
    engine.must('APPEND', 'k', '1')
    engine.must('SETRANGE', 'k', '9', '1')
    expect(expiry(engine, 'k')).toBe(BigInt(engine.nowMs + 100_000))
    expect(engine.run('GET', 'k')).toBe('10.51\0\0\0\x001')
    engine.check()
  })

  test('in fractions', () => {
    const engine = new TestEngine()
    expect(engine.run('INCRBYFLOAT', 'k', '10.50')).toBe('10.5')
    expect(engine.run('INCRBYFLOAT', 'k', '-5.0e1')).toBe('-39.5')
    expect(engine.error('INCRBYFLOAT', 'k', 'inf')).toBe('ERR increment would produce NaN or Infinity')
    expect(engine.error('INCRBYFLOAT', 'k', ' 1')).toBe('ERR value is not a valid float')
    expect(engine.run('GET', 'k')).toBe('-39.5')
  })
})

describe('ranges', () => {
  test('GETRANGE counts from either end', () => {
    const engine = new TestEngine()
    engine.must('SET', 'k', 'Hello World')
    for (const [start, end, part] of [
      ['0', '4', 'Hello'],
      ['-5', '-1', 'World'],
      ['-100', '100', 'Hello World'],
      ['5', '3', ''],
      ['-1', '-5', ''],
      ['-100', '-200', ''],
      ['-200', '-100', 'H'],
      ['11', '20', ''],
      ['-9223372036854775808', '9223372036854775807', 'Hello World'],
      ['-9007199254740993', '-9007199254740994', ''],
      ['-9007199254740994', '-9007199254740993', 'H'],
    ]) {
      expect(engine.run('GETRANGE', 'k', start, end), `${start} ${end}`).toBe(part)
      expect(engine.run('SUBSTR', 'k', start, end)).toBe(part)
    }
    expect(engine.run('GETRANGE', 'none', '0', '-1')).toBe('')
    expect(engine.error('GETRANGE', 'k', '0', 'x')).toBe(NOT_AN_INTEGER)
    expect(engine.error('GETRANGE', 'k', '1.0', '2')).toBe(NOT_AN_INTEGER)
  })

  test('SETRANGE fills a gap with zero bytes, also where others lived before', () => {
    const engine = new TestEngine()
    engine.must('SET', 'k', 'x'.repeat(1500))
    engine.must('GETDEL', 'k')
    expect(engine.run('SETRANGE', 'k', '1490', 'end')).toBe(1493)
    expect(engine.run('GET', 'k')).toBe(`${'\0'.repeat(1490)}end`)
    engine.must('SET', 'k', 'short')
    expect(engine.run('SETRANGE', 'k', '8', 'y')).toBe(9)
    expect(engine.run('GET', 'k')).toBe('short\0\0\0y')
    expect(engine.run('SETRANGE', 'k', '1', 'HO')).toBe(9)
    expect(engine.run('GET', 'k')).toBe('sHOrt\0\0\0y')
    expect(engine.run('SETRANGE', 'k', '100', '')).toBe(9)
    expect(engine.run('SETRANGE', 'none', '100', '')).toBe(0)
    expect(engine.run('GET', 'none')).toBe(null)
    expect(engine.error('SETRANGE', 'k', '-1', 'x')).toBe('ERR offset is out of range')
    engine.check()
  })

  test('no string grows beyond proto-max-bulk-len', () => {
    const engine = new TestEngine()
    engine.engine.configure('proto-max-bulk-len', '1000')
    const tooLong = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'
    expect(engine.run('SETRANGE', 'k', '999', 'x')).toBe(1000)
    expect(engine.error('APPEND', 'k', 'x')).toBe(tooLong)
    expect(engine.run('APPEND', 'k', '')).toBe(1000)
    expect(engine.error('SETRANGE', 'k', '1000', 'x')).toBe(tooLong)
    expect(engine.error('SETRANGE', 'k', '9223372036854775807', 'x')).toBe(tooLong)
    expect(engine.error('SETRANGE', 'none', '1000', 'x')).toBe(tooLong)
    engine.check()
  })

  test('APPEND over the edge of what an entry embeds', () => {
    const engine = new TestEngine()
    let model = ''
    for (let i = 0; i < 400; i++) {
      const part = 'abcdefghij'.slice(0, i % 11)
      model += part
      expect(engine.run('APPEND', 'k', part)).toBe(model.length)
      if (i % 50 === 0) engine.check()
    }
    expect(engine.run('GET', 'k')).toBe(model)
  })
})

describe('several keys', () => {
  test('MGET answers null for what is no string; MSETNX sets all or none', () => {
    const engine = new TestEngine({ shards: 3 })
    engine.putForeignValue('f')
    expect(engine.run('MSET', 'a', '1', 'b', '2', 'a', '3')).toBe('OK')
    expect(engine.run('MGET', 'a', 'b', 'f', 'none', 'a')).toEqual(['3', '2', null, null, '3'])
    expect(engine.run('MSETNX', 'c', '1', 'b', '2')).toBe(0)
    expect(engine.run('GET', 'c')).toBe(null)
    expect(engine.run('MSETNX', 'c', '1', 'c', '2')).toBe(1)
    expect(engine.run('GET', 'c')).toBe('2')
    expect(engine.error('MSET', 'a', '1', 'b')).toBe("ERR wrong number of arguments for 'mset' command")
    expect(engine.error('MSETNX', 'a', '1', 'b')).toBe("ERR wrong number of arguments for 'msetnx' command")
    engine.check()
  })

  test('MSET removes expiries', () => {
    const engine = new TestEngine({ shards: 3 })
    engine.must('SET', 'a', '1', 'EX', '100')
    engine.must('MSET', 'a', '2', 'b', '3')
    expect(expiry(engine, 'a')).toBe(undefined)
  })

  /** Values that fill an arena of 256 KiB before they are all there, over keys some of which have values already. */
  test('MSET into a full shard changes nothing, in any shard', () => {
    let refused = 0
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed)
      const engine = new TestEngine({ shards: 3, arenaBytes: 256 * 1024, databases: 1 })
      const model = new Map<string, string>()
      for (let round = 0; round < 40; round++) {
        const pairs: string[] = []
        for (let i = random.between(1, 12); i > 0; i--) {
          pairs.push(`key:${random.below(40)}`, 'v'.repeat(random.pick([1, 30, 500, 1500, 9000, 20000])))
        }
        const expected = new Map(model)
        for (let i = 0; i < pairs.length; i += 2) expected.set(pairs[i], pairs[i + 1])
        const reply = engine.raw('MSET', ...pairs)
        if (reply === '+OK\r\n') for (const [key, value] of expected) model.set(key, value)
        else {
          expect(reply).toBe(`-${SHARD_FULL}\r\n`)
          refused++
        }
        engine.check()
        for (let i = 0; i < 40; i++) expect(engine.run('GET', `key:${i}`)).toBe(model.get(`key:${i}`) ?? null)
        if (random.chance(0.3)) engine.must('SET', `key:${random.below(40)}`, 'short', 'EX', '100')
        for (let i = 0; i < 40; i++) {
          const value = engine.run('GET', `key:${i}`)
          if (typeof value === 'string') model.set(`key:${i}`, value)
        }
      }
    }
    expect(refused).toBeGreaterThan(30)
  })
})

describe('LCS', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('MSET', 'a', 'ohmytext', 'b', 'mynewtext', 'long', 'x'.repeat(600))

  test('the subsequence, its length, and where it lies', () => {
    expect(engine.run('LCS', 'a', 'b')).toBe('mytext')
    expect(engine.run('LCS', 'b', 'a')).toBe('mytext')
    expect(engine.run('LCS', 'a', 'b', 'LEN')).toBe(6)
    const ranges = [
      [
        [4, 7],
        [5, 8],
      ],
      [
        [2, 3],
        [0, 1],
      ],
    ]
    expect(engine.run('LCS', 'a', 'b', 'IDX')).toEqual(['matches', ranges, 'len', 6])
    expect(engine.run('LCS', 'a', 'b', 'IDX', 'MINMATCHLEN', '4')).toEqual(['matches', [ranges[0]], 'len', 6])
    expect(engine.run('LCS', 'a', 'b', 'IDX', 'WITHMATCHLEN')).toEqual([
      'matches',
      [
        [...ranges[0], 4],
        [...ranges[1], 2],
      ],
      'len',
      6,
    ])
    engine.reply.resp3 = true
    expect(engine.run('LCS', 'a', 'b', 'IDX')).toEqual(
      new Map<string, unknown>([
        ['matches', ranges],
        ['len', 6],
      ]),
    )
    engine.reply.resp3 = false
  })

  test('a missing key is empty, a foreign one an error, before any option is read', () => {
    expect(engine.run('LCS', 'a', 'none')).toBe('')
    expect(engine.run('LCS', 'none', 'a', 'LEN')).toBe(0)
    expect(engine.run('LCS', 'none', 'none', 'IDX')).toEqual(['matches', [], 'len', 0])
    engine.putForeignValue('f')
    expect(engine.error('LCS', 'a', 'f', 'WHAT')).toBe('ERR The specified keys must contain string values')
    expect(engine.error('LCS', 'a', 'b', 'WHAT')).toBe(SYNTAX)
    expect(engine.error('LCS', 'a', 'b', 'MINMATCHLEN')).toBe(SYNTAX)
    expect(engine.error('LCS', 'a', 'b', 'MINMATCHLEN', 'x')).toBe(NOT_AN_INTEGER)
    expect(engine.error('LCS', 'a', 'b', 'IDX', 'LEN')).toBe(
      'ERR If you want both the length and indexes, please just use IDX.',
    )
  })

  test('is refused where the table of Redis would exceed proto-max-bulk-len', () => {
    engine.engine.configure('proto-max-bulk-len', String(601 * 601 * 4))
    expect(engine.run('LCS', 'long', 'long', 'LEN')).toBe(600)
    engine.engine.configure('proto-max-bulk-len', String(601 * 601 * 4 - 1))
    expect(engine.error('LCS', 'long', 'long', 'LEN')).toBe(
      'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
    )
  })
})

test('the number of shards shows in no reply, and every run leaves every shard whole', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const engines = [1, 3].map((shards) => new TestEngine({ shards, arenaBytes: 16 * 1024 * 1024 }))
    const make = new StringCommands(new Random(seed), { nowMs: () => engines[0].nowMs, limitBytes: 100_000 })
    for (const engine of engines) {
      engine.engine.configure('proto-max-bulk-len', '100000')
      engine.putForeignValue('foreign')
    }
    for (let i = 0; i < 300; i++) {
      const command = make.next()
      const [one, three] = engines.map((engine) => engine.raw(...command))
      expect(three).toBe(one)
      for (const engine of engines) engine.nowMs += i % 7 === 0 ? 50_000_000 : 1
    }
    for (const engine of engines) engine.check()
    for (const key of KEYS) expect(engines[1].find(key).entry !== 0).toBe(engines[0].find(key).entry !== 0)
  }
})
