/* The checker must accept what one thread could have done, and refuse each way in which a sharded server could go
 * wrong: canaries for the suite beside it. */

import { expect, test } from 'vitest'
import { linearize, type Operation } from './checker.ts'
import type { Action, Command, Result } from './history.ts'
import { stringModel } from './model.ts'

/** An operation of `client` from instant `called` to `returned`. */
function operation(client: number, called: number, returned: number, command: Command, reply: unknown): Step {
  return { client, action: { commands: [command] }, result: [reply] as Result, called, returned }
}

type Step = Operation<Action, Result>

function transaction(client: number, called: number, returned: number, commands: Command[], result: Result): Step {
  return { client, action: { commands }, result, called, returned }
}

test('an empty history is in order', () => {
  expect(linearize([], stringModel)).toEqual([])
})

test('overlapping operations may take effect in either order', () => {
  const set = operation(1, 1, 4, ['SET', 'k', 'a'], 'OK')
  expect(linearize([set, operation(2, 2, 3, ['GET', 'k'], 'a')], stringModel)).toEqual([0, 1])
  expect(linearize([set, operation(2, 2, 3, ['GET', 'k'], null)], stringModel)).toEqual([1, 0])
})

test('a read that started after a write was acknowledged must see it', () => {
  const history = [operation(1, 1, 2, ['SET', 'k', 'a'], 'OK'), operation(2, 3, 4, ['GET', 'k'], null)]
  expect(linearize(history, stringModel)).toBeNull()
})

test('a value may not be seen and then be gone again', () => {
  const history = [
    operation(1, 1, 9, ['SET', 'k', 'a'], 'OK'),
    operation(2, 2, 3, ['GET', 'k'], 'a'),
    operation(3, 4, 5, ['GET', 'k'], null),
  ]
  expect(linearize(history, stringModel)).toBeNull()
})

test('two keys written together are never seen apart', () => {
  const write = operation(1, 1, 9, ['MSET', 'a', '1', 'b', '1'], 'OK')
  expect(linearize([write, operation(2, 2, 3, ['MGET', 'a', 'b'], ['1', '1'])], stringModel)).not.toBeNull()
  expect(linearize([write, operation(2, 2, 3, ['MGET', 'a', 'b'], ['1', null])], stringModel)).toBeNull()
})

test('two readers may not see two writers in opposite orders', () => {
  const history = [
    operation(1, 1, 20, ['SET', 'a', '1'], 'OK'),
    operation(2, 1, 20, ['SET', 'b', '1'], 'OK'),
    operation(3, 2, 3, ['GET', 'a'], '1'),
    operation(3, 4, 5, ['GET', 'b'], null),
    operation(4, 2, 3, ['GET', 'b'], '1'),
    operation(4, 4, 5, ['GET', 'a'], null),
  ]
  expect(linearize(history, stringModel)).toBeNull()
})

test('a lost increment is found', () => {
  const history = [
    operation(1, 1, 5, ['INCRBY', 'n', 1], 1),
    operation(2, 2, 4, ['INCRBY', 'n', 1], 1),
    operation(3, 6, 7, ['GET', 'n'], '1'),
  ]
  expect(linearize(history, stringModel)).toBeNull()
})

test('commands of one pipeline take effect in order', () => {
  const history = [operation(1, 1, 3, ['SET', 'k', 'a'], 'OK'), operation(1, 1, 4, ['GET', 'k'], null)]
  expect(linearize(history, stringModel)).toBeNull()
  expect(linearize(history.toReversed(), stringModel)).toEqual([0, 1])
})

test('a transaction is one operation', () => {
  const transfer = transaction(
    1,
    1,
    9,
    [
      ['INCRBY', 'a', -1],
      ['INCRBY', 'b', 1],
    ],
    [-1, 1],
  )
  expect(linearize([transfer, operation(2, 2, 3, ['MGET', 'a', 'b'], ['-1', '1'])], stringModel)).not.toBeNull()
  expect(linearize([transfer, operation(2, 2, 3, ['MGET', 'a', 'b'], ['-1', null])], stringModel)).toBeNull()
})

test('many overlapping operations are searched without trying every order', () => {
  const writes = Array.from({ length: 12 }, (_, i) => operation(i, 1, 100, ['SET', `k${i}`, 'x'], 'OK'))
  const wrong = operation(20, 101, 102, ['GET', 'k0'], 'y')
  expect(linearize([...writes, wrong], stringModel)).toBeNull()
})
