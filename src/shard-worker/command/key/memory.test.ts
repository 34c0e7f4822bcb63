import { expect, test } from 'vitest'
import { bytesOfEntry } from '../../keyspace/value-type.ts'
import { TestEngine } from '../../testing.ts'

test('MEMORY USAGE grows with key, value and expiry, and covers what the arena gave', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('SET', 'a', 'x')
  const small = engine.must('MEMORY', 'USAGE', 'a') as number
  expect(small).toBeGreaterThanOrEqual(16)
  expect(small).toBeLessThan(64)
  engine.must('PEXPIRE', 'a', '1000')
  expect(engine.must('MEMORY', 'USAGE', 'a')).toBeGreaterThan(small)
  engine.must('SET', 'a', 'x'.repeat(100_000), 'KEEPTTL')
  const { keyspace, entry } = engine.find('a')
  const usage = engine.must('MEMORY', 'USAGE', 'a', 'SAMPLES', '0') as number
  expect(usage).toBeGreaterThan(100_000)
  expect(usage).toBeGreaterThan(bytesOfEntry(keyspace.arena, entry))
  expect(engine.run('MEMORY', 'USAGE', 'none', 'samples', '5')).toBe(null)
  engine.nowMs += 5000
  expect(engine.run('MEMORY', 'USAGE', 'a')).toBe(usage)
})

test('MEMORY USAGE of unsound arguments', () => {
  const engine = new TestEngine()
  for (const words of [['SAMPLES'], ['SAMPLES', '-1'], ['SAMPLES', '-9223372036854775808'], ['FOO', '1']]) {
    expect(engine.error('MEMORY', 'USAGE', 'a', ...words)).toBe('ERR syntax error')
  }
  expect(engine.error('MEMORY', 'USAGE', 'a', 'SAMPLES', 'x')).toBe('ERR value is not an integer or out of range')
})
