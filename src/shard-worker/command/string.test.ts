import { expect, test } from 'vitest'
import { TestEngine } from '../testing.ts'

test('GET and SET', () => {
  const engine = new TestEngine()
  expect(engine.run('GET', 'a')).toBe(null)
  expect(engine.run('SET', 'a', '1')).toBe('OK')
  expect(engine.run('GET', 'a')).toBe('1')
  expect(engine.run('INCR', 'a')).toBe(2)
  expect(engine.run('MSET', 'a', 'x', 'b', 'y')).toBe('OK')
  expect(engine.run('MGET', 'a', 'b', 'c')).toEqual(['x', 'y', null])
  expect(engine.error('SET', 'a')).toBe("ERR wrong number of arguments for 'set' command")
  engine.check()
})
