import { describe, expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import { Args } from '../../../base/args.ts'
import { ErrorReply, TestEngine } from '../../testing.ts'

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'

function all(engine: TestEngine, key: string): unknown {
  return engine.must('LRANGE', key, '0', '-1')
}

test('pushes and pops at either end', () => {
  const engine = new TestEngine()
  expect(engine.must('RPUSH', 'l', 'a', 'b', 'c')).toBe(3)
  expect(engine.must('LPUSH', 'l', '1', '2')).toBe(5)
  expect(all(engine, 'l')).toEqual(['2', '1', 'a', 'b', 'c'])
  expect(engine.must('LPUSHX', 'none', 'x')).toBe(0)
  expect(engine.must('RPUSHX', 'none', 'x', 'y')).toBe(0)
  expect(engine.must('EXISTS', 'none')).toBe(0)
  expect(engine.must('RPUSHX', 'l', 'd')).toBe(6)
  expect(engine.must('LPUSHX', 'l', '3')).toBe(7)
  expect(engine.must('LPOP', 'l')).toBe('3')
  expect(engine.must('RPOP', 'l')).toBe('d')
  expect(engine.must('LPOP', 'l', '2')).toEqual(['2', '1'])
  expect(engine.must('RPOP', 'l', '2')).toEqual(['c', 'b'])
  expect(engine.must('LPOP', 'l', '0')).toEqual([])
  expect(engine.must('LLEN', 'l')).toBe(1)
  expect(engine.must('RPOP', 'l', '9223372036854775807')).toEqual(['a'])
  expect(engine.must('EXISTS', 'l')).toBe(0)
  expect(engine.raw('LPOP', 'l')).toBe('$-1\r\n')
  expect(engine.raw('LPOP', 'l', '1')).toBe('*-1\r\n')
  engine.check()
})

test('reads by index, from either end', () => {
  const engine = new TestEngine()
  engine.must('RPUSH', 'l', 'a', 'b', 'c', 'd')
  expect(engine.must('LINDEX', 'l', '0')).toBe('a')
  expect(engine.must('LINDEX', 'l', '-1')).toBe('d')
  expect(engine.must('LINDEX', 'l', '4')).toBe(null)
  expect(engine.must('LINDEX', 'l', '-5')).toBe(null)
  expect(engine.must('LINDEX', 'none', '0')).toBe(null)
  expect(engine.must('LRANGE', 'l', '1', '2')).toEqual(['b', 'c'])
  expect(engine.must('LRANGE', 'l', '-100', '100')).toEqual(['a', 'b', 'c', 'd'])
  expect(engine.must('LRANGE', 'l', '3', '1')).toEqual([])
  expect(engine.must('LRANGE', 'l', '4', '9')).toEqual([])
  expect(engine.must('LRANGE', 'l', '-9223372036854775808', '9223372036854775807')).toEqual(['a', 'b', 'c', 'd'])
  expect(engine.must('LRANGE', 'none', '0', '-1')).toEqual([])
  expect(engine.must('LLEN', 'none')).toBe(0)
})

test('moves elements between lists of any shards, and within one', () => {
  const engine = new TestEngine({ shards: 3 })
  for (const [source, destination] of [
    ['a', 'b'],
    ['{x}a', '{x}b'],
  ]) {
    engine.must('RPUSH', source, '1', '2', '3', '4')
    expect(engine.must('LMOVE', source, destination, 'LEFT', 'RIGHT')).toBe('1')
    expect(engine.must('LMOVE', source, destination, 'right', 'left')).toBe('4')
    expect(engine.must('RPOPLPUSH', source, destination)).toBe('3')
    expect(all(engine, destination)).toEqual(['3', '4', '1'])
    expect(engine.must('LMOVE', source, destination, 'RIGHT', 'RIGHT')).toBe('2')
    expect(engine.must('EXISTS', source)).toBe(0)
    expect(engine.must('LMOVE', source, destination, 'LEFT', 'RIGHT')).toBe(null)
    expect(engine.must('LMOVE', destination, destination, 'LEFT', 'RIGHT')).toBe('3')
    expect(all(engine, destination)).toEqual(['4', '1', '2', '3'])
    expect(engine.must('RPOPLPUSH', destination, destination)).toBe('3')
    expect(engine.must('LMOVE', destination, destination, 'LEFT', 'LEFT')).toBe('3')
    expect(all(engine, destination)).toEqual(['3', '4', '1', '2'])
    engine.must('RPUSH', source, 'single')
    expect(engine.must('LMOVE', source, source, 'LEFT', 'RIGHT')).toBe('single')
    expect(all(engine, source)).toEqual(['single'])
    engine.check()
  }
})

test('errors are those of Redis, in its order', () => {
  const engine = new TestEngine()
  engine.must('SET', 's', 'x')
  engine.must('RPUSH', 'l', 'x')
  for (const words of [
    ['LPUSH', 's', 'x'],
    ['RPUSHX', 's', 'x'],
    ['LPOP', 's'],
    ['RPOP', 's', '1'],
    ['LLEN', 's'],
    ['LINDEX', 's', 'x'],
    ['LRANGE', 's', '0', '1'],
    ['LMOVE', 's', 'l', 'LEFT', 'LEFT'],
    ['LMOVE', 'l', 's', 'LEFT', 'LEFT'],
  ]) {
    expect(engine.error(...words), words.join(' ')).toBe(WRONG_TYPE)
  }
  expect(engine.must('RPOPLPUSH', 'none', 's')).toBe(null)
  expect(engine.error('LINDEX', 'l', 'x')).toBe(NOT_AN_INTEGER)
  expect(engine.error('LRANGE', 's', '0', 'x')).toBe(NOT_AN_INTEGER)
  expect(engine.error('LPOP', 's', '-1')).toBe('ERR value is out of range, must be positive')
  expect(engine.error('LPOP', 's', 'x')).toBe('ERR value is out of range, must be positive')
  expect(engine.error('LPOP', 'l', '1', '2')).toBe("ERR wrong number of arguments for 'lpop' command")
  expect(engine.error('LMOVE', 's', 'l', 'LEFT', 'UP')).toBe('ERR syntax error')
})

describe('encodings', () => {
  test('change with list-max-listpack-size, and back at half of it', () => {
    const engine = new TestEngine()
    engine.engine.configure('list-max-listpack-size', '4')
    const encoding = () => engine.must('OBJECT', 'ENCODING', 'l')
    engine.must('RPUSH', 'l', '1', '2', '3', '4')
    expect(encoding()).toBe('listpack')
    engine.must('RPUSH', 'l', '5')
    expect(encoding()).toBe('quicklist')
    for (let i = 0; i < 2; i++) engine.must('RPOP', 'l')
    expect(encoding()).toBe('quicklist')
    engine.must('RPOP', 'l')
    expect(encoding()).toBe('listpack')
    engine.must('DEL', 'l')
    engine.must('RPUSH', 'l', '1', '2', '3', '4', '5')
    expect(encoding()).toBe('quicklist')
    engine.engine.configure('list-max-listpack-size', '-1')
    engine.must('RPUSH', 'm', 'x'.repeat(4000))
    engine.must('RPUSH', 'm', 'x'.repeat(89))
    expect(engine.must('OBJECT', 'ENCODING', 'm')).toBe('quicklist')
    engine.check()
  })

  test('give memory back', () => {
    const engine = new TestEngine()
    engine.must('SET', 'other', 'x')
    const { arena } = engine.engine.shards[0]
    const before = arena.usedBytes
    const random = new Random(3)
    for (let i = 0; i < 20_000; i++) engine.must(random.pick(['LPUSH', 'RPUSH']), 'l', `element:${i}`)
    engine.check()
    expect(arena.usedBytes - before).toBeLessThan(20_000 * 15 * 1.05)
    for (let i = 0; i < 20_000; i++) engine.must(random.pick(['LPOP', 'RPOP']), 'l')
    expect(engine.must('EXISTS', 'l')).toBe(0)
    expect(arena.usedBytes).toBe(before)
  })
})

test('what is long is left to the worker', () => {
  const engine = new TestEngine()
  for (let i = 0; i < 300; i++) engine.must('RPUSH', 'long', ...Array.from({ length: 20 }, (_, j) => `e${i}:${j}`))
  for (let i = 0; i < 30; i++) engine.must('RPUSH', 'large', 'x'.repeat(10_000))
  const runs = (...words: string[]): boolean => {
    const args = Args.of(...words)
    engine.engine.select(0, 0)
    engine.reply.reset()
    return engine.engine.runShort(engine.engine.commands.resolve(args)?.id ?? -1, args, engine.reply)
  }
  expect(runs('LRANGE', 'long', '0', '-1')).toBe(false)
  expect(runs('LRANGE', 'long', '-1000', '-1')).toBe(true)
  expect(runs('LRANGE', 'large', '0', '-1')).toBe(false)
  expect(runs('LRANGE', 'large', '3', '5')).toBe(true)
  expect(runs('LPOP', 'long', '2000')).toBe(false)
  expect(runs('RPOP', 'large', '20')).toBe(false)
  expect(runs('LINDEX', 'long', '3000')).toBe(true)
  expect(engine.must('LLEN', 'long')).toBe(6000)
  expect(engine.must('LLEN', 'large')).toBe(30)
  expect(runs('LPOP', 'long', '1000')).toBe(true)
})

test('a full arena changes nothing', () => {
  const engine = new TestEngine({ arenaBytes: 1024 * 1024 })
  engine.must('RPUSH', 'small', 'a', 'b')
  let i = 0
  while (!(engine.run('RPUSH', 'l', `${i}${'v'.repeat(300)}`) instanceof ErrorReply)) i++
  expect(engine.must('LLEN', 'l')).toBe(i)
  const big = 'v'.repeat(200_000)
  expect(engine.error('LPUSH', 'fresh', 'a', big)).toMatch(/^OOM/)
  expect(engine.must('EXISTS', 'fresh')).toBe(0)
  expect(engine.error('LPUSH', 'small', 'c', big)).toMatch(/^OOM/)
  expect(engine.error('RPUSH', 'small', 'c', big, 'd')).toMatch(/^OOM/)
  expect(all(engine, 'small')).toEqual(['a', 'b'])
  expect(engine.must('OBJECT', 'ENCODING', 'small')).toBe('listpack')
  expect(engine.error('COPY', 'l', 'copy')).toMatch(/^OOM/)
  const [last] = engine.must('LRANGE', 'l', '-1', '-1') as string[]
  expect(engine.must('RPOPLPUSH', 'l', 'l')).toBe(last)
  expect(engine.must('LINDEX', 'l', '0')).toBe(last)
  expect(engine.must('LLEN', 'l')).toBe(i)
  engine.check()
})
