import { expect, test } from 'vitest'
import { TestEngine } from '../../testing.ts'

test('OBJECT ENCODING names the encoding', () => {
  const engine = new TestEngine({ shards: 3 })
  engine.must('MSET', 'int', '123', 'embstr', 'x'.repeat(44), 'raw', 'x'.repeat(45), 'appended', 'a')
  engine.must('APPEND', 'appended', 'b')
  engine.putForeignValue('list')
  for (const key of ['int', 'embstr', 'raw']) expect(engine.run('OBJECT', 'encoding', key)).toBe(key)
  expect(engine.run('OBJECT', 'ENCODING', 'appended')).toBe('raw')
  expect(engine.run('OBJECT', 'ENCODING', 'list')).toBe('listpack')
  for (const word of ['ENCODING', 'FREQ', 'IDLETIME', 'REFCOUNT']) expect(engine.run('OBJECT', word, 'none')).toBe(null)
})

test('OBJECT IDLETIME or FREQ, as the policy has it', () => {
  const engine = new TestEngine()
  engine.must('SET', 'a', 'x')
  engine.nowMs += 120_000
  expect(engine.run('OBJECT', 'IDLETIME', 'a')).toBe(120)
  expect(engine.error('OBJECT', 'FREQ', 'a')).toMatch(/^ERR An LFU maxmemory policy is not selected, access frequency/)
  expect(engine.run('OBJECT', 'FREQ', 'none')).toBe(null)
  engine.engine.configure('maxmemory-policy', 'allkeys-lfu')
  engine.must('SET', 'b', 'x')
  expect(engine.run('OBJECT', 'FREQ', 'b')).toBe(5)
  engine.nowMs += 180_000
  expect(engine.run('OBJECT', 'FREQ', 'b')).toBe(2)
  expect(engine.error('OBJECT', 'IDLETIME', 'a')).toMatch(/^ERR An LFU maxmemory policy is selected, idle time not/)
})

test('OBJECT REFCOUNT is what Redis says of its shared integers', () => {
  const engine = new TestEngine()
  engine.must(
    'MSET',
    'zero',
    '0',
    'last',
    '9999',
    'next',
    '10000',
    'negative',
    '-1',
    'text',
    'x',
    'big',
    '9223372036854775807',
  )
  const counts = ['zero', 'last', 'next', 'negative', 'text', 'big'].map((key) => engine.run('OBJECT', 'REFCOUNT', key))
  expect(counts).toEqual([2147483647, 2147483647, 1, 1, 1, 1])
  const first = () => engine.run('OBJECT', 'REFCOUNT', 'zero')
  engine.engine.configure('maxmemory-policy', 'allkeys-lru')
  expect(first()).toBe(2147483647)
  engine.engine.configure('maxmemory', '1000000000')
  expect(first()).toBe(1)
  engine.engine.configure('maxmemory-policy', 'volatile-lfu')
  expect(first()).toBe(1)
  engine.engine.configure('maxmemory-policy', 'allkeys-random')
  expect(first()).toBe(2147483647)
})

test('OBJECT HELP and what is no subcommand', () => {
  const engine = new TestEngine()
  const help = engine.must('OBJECT', 'HELP') as string[]
  expect(help[0]).toBe('OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:')
  expect(help).toContain('IDLETIME <key>')
  expect(engine.error('OBJECT', 'nosuch', 'a')).toBe("ERR unknown subcommand 'nosuch'. Try OBJECT HELP.")
  expect(engine.error('OBJECT', 'ENCODING')).toBe("ERR wrong number of arguments for 'object|encoding' command")
})
