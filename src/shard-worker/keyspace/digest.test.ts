import { describe, expect, test } from 'vitest'
import { TestEngine } from '../testing.ts'
import { addValue, Digest, digestOf } from './digest.ts'

function digest(shards: number, ...commands: string[][]): string {
  const engine = new TestEngine({ shards })
  for (const words of commands) engine.must(...words)
  return digestOf(engine.engine.shards).hex
}

describe('the digest of all databases', () => {
  test('is what redis-server gives', () => {
    expect(digest(1)).toBe('0'.repeat(40))
    expect(digest(1, ['SET', 'a', '1'])).toBe('943d800368fb9c0e951138f1bc0e313ac769d91f')
  })

  test('tells data apart by key, value, volatility and database', () => {
    const data = ['MSET', 'a', '1', 'b', '2']
    const digests = [
      digest(1, data),
      digest(1, ['MSET', 'a', '2', 'b', '1']),
      digest(1, data, ['EXPIRE', 'a', '100']),
      digest(1, data, ['SWAPDB', '0', '1']),
      digest(1, data, ['COPY', 'a', 'a', 'DB', '1']),
    ]
    expect(new Set(digests).size).toBe(digests.length)
  })

  test('does not depend on shards, order, encoding or when a key expires', () => {
    const plain = digest(1, ['MSET', 'a', '1', 'b', '2'])
    expect(digest(3, ['MSET', 'b', '2', 'a', '1'])).toBe(plain)
    expect(digest(2, ['SET', 'b', '2'], ['APPEND', 'a', '1'])).toBe(plain)
    const volatile = digest(3, ['SET', 'a', '1', 'EX', '100'])
    expect(digest(1, ['SET', 'a', '1', 'EX', '500'])).toBe(volatile)
  })
})

test('mixing keeps the order, xoring does not', () => {
  const of = (...steps: ['mix' | 'xor', string][]) => {
    const made = new Digest()
    for (const [how, text] of steps) made[how](Buffer.from(text))
    return made.hex
  }
  expect(of(['mix', 'a'], ['mix', 'b'])).not.toBe(of(['mix', 'b'], ['mix', 'a']))
  expect(of(['xor', 'a'], ['xor', 'b'])).toBe(of(['xor', 'b'], ['xor', 'a']))
  expect(of(['xor', 'a'], ['xor', 'a'])).toBe('0'.repeat(40))
})

test('a value of a type without a digest of its own counts by its type', () => {
  const engine = new TestEngine()
  engine.putForeignValue('l')
  const { keyspace, entry } = engine.find('l')
  const made = new Digest()
  addValue(made, keyspace, entry)
  expect(made.hex).not.toBe('0'.repeat(40))
})
