import { describe, expect, test } from 'vitest'
import { DIRTY, EXPIRED_KEYS } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

const MAX = 9223372036854775807n

function withKey(): TestEngine {
  const engine = new TestEngine({ shards: 2 })
  engine.must('SET', 'a', 'value')
  return engine
}

describe('setting an expiry', () => {
  test('from now and at a time, in seconds and in milliseconds', () => {
    const engine = withKey()
    const now = engine.nowMs
    for (const [command, argument, expected] of [
      ['EXPIRE', '100', now + 100_000],
      ['PEXPIRE', '1500', now + 1500],
      ['EXPIREAT', String(now / 1000 + 5), now + 5000],
      ['PEXPIREAT', String(now + 1), now + 1],
    ] as const) {
      expect(engine.run(command, 'a', argument)).toBe(1)
      expect(engine.run('PEXPIRETIME', 'a')).toBe(expected)
    }
    expect(engine.run('EXPIRE', 'none', '100')).toBe(0)
    engine.check()
  })

  test('a time that has come deletes the key at once, without counting it as expired', () => {
    for (const [command, argument] of [
      ['EXPIRE', '0'],
      ['EXPIRE', '-1'],
      ['PEXPIRE', '-9223372036854775808'],
      ['EXPIREAT', '-9223372036854775'],
      ['PEXPIREAT', '0'],
    ]) {
      const engine = withKey()
      expect(engine.run(command, 'a', argument)).toBe(1)
      expect(engine.run('DBSIZE')).toBe(0)
      const counters = engine.engine.shards.map((shard) => shard.counters)
      expect(counters.reduce((sum, each) => sum + each[EXPIRED_KEYS], 0)).toBe(0)
      expect(counters.reduce((sum, each) => sum + each[DIRTY], 0)).toBe(2)
      engine.check()
    }
  })

  test('the last millisecond that a key lives is the one it was given', () => {
    const engine = withKey()
    engine.must('PEXPIRE', 'a', '10')
    engine.nowMs += 10
    expect(engine.run('PTTL', 'a')).toBe(0)
    engine.nowMs += 1
    expect(engine.run('PTTL', 'a')).toBe(-2)
  })

  test('keeps all 64 bits', () => {
    const engine = withKey()
    for (const at of [MAX, MAX - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 53n - 1n]) {
      expect(engine.run('PEXPIREAT', 'a', String(at))).toBe(1)
      expect(BigInt(engine.run('PEXPIRETIME', 'a') as bigint)).toBe(at)
      expect(BigInt(engine.run('EXPIRETIME', 'a') as bigint)).toBe((at + 500n) / 1000n)
      expect(BigInt(engine.run('PTTL', 'a') as bigint)).toBe(at - BigInt(engine.nowMs))
      engine.check()
    }
    const most = MAX - BigInt(engine.nowMs)
    expect(engine.run('PEXPIRE', 'a', String(most))).toBe(1)
    expect(BigInt(engine.run('PEXPIRETIME', 'a') as bigint)).toBe(MAX)
    expect(engine.error('PEXPIRE', 'a', String(most + 1n))).toBe("ERR invalid expire time in 'pexpire' command")
  })

  test('what 64 bits do not hold is refused, by the name of the command', () => {
    const engine = withKey()
    expect(engine.error('EXPIRE', 'a', '9223372036854776')).toBe("ERR invalid expire time in 'expire' command")
    expect(engine.error('EXPIRE', 'a', '-9223372036854776')).toBe("ERR invalid expire time in 'expire' command")
    expect(engine.error('EXPIREAT', 'a', String(MAX))).toBe("ERR invalid expire time in 'expireat' command")
    expect(engine.error('PEXPIRE', 'a', String(MAX))).toBe("ERR invalid expire time in 'pexpire' command")
    expect(engine.error('PEXPIRE', 'none', String(MAX))).toBe("ERR invalid expire time in 'pexpire' command")
    expect(engine.error('PEXPIREAT', 'a', String(MAX + 1n))).toBe('ERR value is not an integer or out of range')
    expect(engine.error('EXPIRE', 'a', '1.5')).toBe('ERR value is not an integer or out of range')
    expect(engine.run('TTL', 'a')).toBe(-1)
  })
})

describe('conditions', () => {
  test('NX, XX, GT and LT; no expiry is an endless one', () => {
    const engine = withKey()
    expect(engine.run('EXPIRE', 'a', '100', 'XX')).toBe(0)
    expect(engine.run('EXPIRE', 'a', '100', 'GT')).toBe(0)
    expect(engine.run('EXPIRE', 'a', '100', 'NX')).toBe(1)
    expect(engine.run('EXPIRE', 'a', '200', 'nx')).toBe(0)
    expect(engine.run('EXPIRE', 'a', '100', 'GT')).toBe(0)
    expect(engine.run('EXPIRE', 'a', '100', 'LT')).toBe(0)
    expect(engine.run('EXPIRE', 'a', '101', 'GT')).toBe(1)
    expect(engine.run('EXPIRE', 'a', '99', 'XX', 'LT')).toBe(1)
    expect(engine.run('EXPIRE', 'a', '99', 'XX', 'XX')).toBe(1)
    expect(engine.run('EXPIRE', 'a', '-1', 'GT')).toBe(0)
    engine.must('PERSIST', 'a')
    expect(engine.run('EXPIRE', 'a', '50', 'LT')).toBe(1)
    expect(engine.run('EXPIRE', 'a', '-1', 'LT')).toBe(1)
    expect(engine.run('EXISTS', 'a')).toBe(0)
  })

  test('compare all 64 bits', () => {
    const engine = withKey()
    const middle = 2n ** 60n
    for (const [at, condition, replied] of [
      [middle, 'NX', 1],
      [middle, 'GT', 0],
      [middle, 'LT', 0],
      [middle + 1n, 'LT', 0],
      [middle + 1n, 'GT', 1],
      [middle, 'LT', 1],
      [middle - 2n ** 32n, 'GT', 0],
      [middle + 2n ** 32n - 1n, 'GT', 1],
    ] as const) {
      expect(engine.run('PEXPIREAT', 'a', String(at), condition)).toBe(replied)
    }
  })

  test('that contradict each other or are none', () => {
    const engine = withKey()
    const nx = 'ERR NX and XX, GT or LT options at the same time are not compatible'
    for (const other of ['XX', 'GT', 'LT']) expect(engine.error('EXPIRE', 'a', '1', other, 'NX')).toBe(nx)
    expect(engine.error('EXPIRE', 'a', '1', 'GT', 'XX', 'LT')).toBe(
      'ERR GT and LT options at the same time are not compatible',
    )
    expect(engine.error('EXPIRE', 'a', 'x', 'foo\0bar')).toBe('ERR Unsupported option foo')
    expect(engine.error('EXPIRE', 'a', '1', 'a\r\nb')).toBe('ERR Unsupported option a  b')
    expect(engine.run('EXPIRE', 'a', '1', 'NX\0X')).toBe(1)
  })
})

test('TTL rounds to the nearest second; -1 without expiry, -2 without key', () => {
  const engine = withKey()
  expect(engine.run('TTL', 'a')).toBe(-1)
  expect(engine.run('PEXPIRETIME', 'a')).toBe(-1)
  for (const command of ['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME']) expect(engine.run(command, 'none')).toBe(-2)
  engine.must('PEXPIRE', 'a', '1499')
  expect(engine.run('TTL', 'a')).toBe(1)
  engine.must('PEXPIRE', 'a', '1500')
  expect(engine.run('TTL', 'a')).toBe(2)
})

test('PERSIST takes the expiry away', () => {
  const engine = withKey()
  expect(engine.run('PERSIST', 'a')).toBe(0)
  expect(engine.run('PERSIST', 'none')).toBe(0)
  engine.must('PEXPIRE', 'a', '10')
  expect(engine.run('PERSIST', 'a')).toBe(1)
  engine.nowMs += 1000
  expect(engine.run('GET', 'a')).toBe('value')
  engine.check()
})
