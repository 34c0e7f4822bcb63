import { expect, test } from 'vitest'
import { Args } from '../../../base/args.ts'
import { Reply } from '../../../base/reply.ts'
import { RAN } from '../../engine.ts'
import { TYPE_LIST } from '../../keyspace/entry.ts'
import { TestEngine } from '../../testing.ts'

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
const SYNTAX = 'ERR syntax error'

/** Tries a command for a client that can wait: the reply, or null when it waits. */
function attempt({ engine }: TestEngine, ...words: string[]): string | null {
  const args = Args.of(...words)
  const reply = new Reply()
  engine.select(0, 0)
  const isDone = engine.runOrWait(engine.commands.resolve(args)?.id ?? -1, args, reply, false) === RAN
  const text = Buffer.from(reply.bytes.buffer, 0, reply.length).toString('latin1')
  if (!isDone) expect(text).toBe('')
  return isDone ? text : null
}

test('takes what is there, from the first key that has some', () => {
  for (const shards of [1, 4]) {
    const engine = new TestEngine({ shards })
    engine.must('RPUSH', 'b', '1', '2', '3')
    expect(engine.must('BLPOP', 'a', 'b', '0')).toEqual(['b', '1'])
    expect(engine.must('BRPOP', 'b', 'a', '1.5')).toEqual(['b', '3'])
    expect(engine.must('BLMOVE', 'b', 'c', 'LEFT', 'RIGHT', '0')).toBe('2')
    expect(engine.must('EXISTS', 'b')).toBe(0)
    engine.must('RPUSH', 'c', '4')
    expect(engine.must('BRPOPLPUSH', 'c', 'c', '0')).toBe('4')
    expect(engine.must('LRANGE', 'c', '0', '-1')).toEqual(['4', '2'])
    expect(engine.must('BLMPOP', '0', '3', 'a', 'b', 'c', 'RIGHT', 'COUNT', '9')).toEqual(['c', ['2', '4']])
    expect(engine.must('EXISTS', 'c')).toBe(0)
    engine.check()
  }
})

test('where nobody can wait it answers as if the time were up', () => {
  const engine = new TestEngine()
  expect(engine.raw('BLPOP', 'a', 'b', '0')).toBe('*-1\r\n')
  expect(engine.raw('BRPOP', 'a', '0')).toBe('*-1\r\n')
  expect(engine.raw('BLMPOP', '0', '2', 'a', 'b', 'LEFT')).toBe('*-1\r\n')
  expect(engine.raw('BLMOVE', 'a', 'b', 'left', 'right', '0')).toBe('$-1\r\n')
  expect(engine.raw('BRPOPLPUSH', 'a', 'b', '0')).toBe('$-1\r\n')
})

test('a client that can wait does, and says for what', () => {
  const engine = new TestEngine({ shards: 4 })
  expect(attempt(engine, 'BLPOP', 'a', 'b', '1.5')).toBeNull()
  expect([engine.engine.awaitedType, engine.engine.awaitedMs]).toEqual([TYPE_LIST, 1500])
  expect(attempt(engine, 'BRPOPLPUSH', 'a', 'b', '0')).toBeNull()
  expect(attempt(engine, 'BLMPOP', '0', '2', 'a', 'b', 'LEFT', 'COUNT', '2')).toBeNull()
  expect(engine.engine.awaitedMs).toBe(0)
  expect(engine.engine.statistics.totalCalls).toBe(0)
  engine.must('RPUSH', 'b', '1', '2')
  expect(attempt(engine, 'BLPOP', 'a', 'b', '0')).toBe('*2\r\n$1\r\nb\r\n$1\r\n1\r\n')
  expect(attempt(engine, 'BLMOVE', 'b', 'a', 'LEFT', 'LEFT', '0')).toBe('$1\r\n2\r\n')
  expect(engine.engine.statistics.totalCalls).toBe(2)
  // What comes next may not wait because the last one could.
  expect(engine.raw('BLPOP', 'b', '0')).toBe('*-1\r\n')
})

test('a key of the wrong type is an error, unless one before it has an element', () => {
  const engine = new TestEngine({ shards: 4 })
  engine.must('SET', 's', 'x')
  engine.must('RPUSH', 'l', '1')
  expect(attempt(engine, 'BLPOP', 'a', 's', 'l', '0')).toBe(`-${WRONG_TYPE}\r\n`)
  expect(engine.error('BLMOVE', 's', 'l', 'LEFT', 'LEFT', '0')).toBe(WRONG_TYPE)
  expect(engine.error('BRPOPLPUSH', 'l', 's', '0')).toBe(WRONG_TYPE)
  expect(engine.must('LLEN', 'l')).toBe(1)
  // The source decides whether there is anything to do.
  expect(attempt(engine, 'BLMOVE', 'a', 's', 'LEFT', 'LEFT', '0')).toBeNull()
  expect(engine.must('BRPOP', 'l', 's', '0')).toEqual(['l', '1'])
})

test('arguments are looked at in order, before any key', () => {
  const engine = new TestEngine()
  engine.must('SET', 's', 'x')
  expect(engine.error('BLPOP', 's', 'x')).toBe('ERR timeout is not a float or out of range')
  expect(engine.error('BLMOVE', 's', 'd', 'UP', 'DOWN', 'x')).toBe(SYNTAX)
  expect(engine.error('BLMOVE', 's', 'd', 'LEFT', 'DOWN', 'x')).toBe(SYNTAX)
  expect(engine.error('BLMOVE', 's', 'd', 'LEFT', 'RIGHT', '-1')).toBe('ERR timeout is negative')
  expect(engine.error('BRPOPLPUSH', 's', 'd', 'inf')).toBe('ERR timeout is out of range')
  expect(engine.error('BLMPOP', 'x', '0', 's', 'LEFT')).toBe('ERR numkeys should be greater than 0')
  expect(engine.error('BLMPOP', 'x', '2', 's', 'LEFT')).toBe(SYNTAX)
  expect(engine.error('BLMPOP', 'x', '1', 's', 'UP')).toBe(SYNTAX)
  expect(engine.error('BLMPOP', 'x', '1', 's', 'LEFT', 'COUNT', '0')).toBe('ERR count should be greater than 0')
  expect(engine.error('BLMPOP', 'x', '1', 's', 'LEFT')).toBe('ERR timeout is not a float or out of range')
})
