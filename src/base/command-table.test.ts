import { describe, expect, test } from 'vitest'
import { Args } from './args.ts'
import { AssertionError } from './assert.ts'
import { type CommandSpec, family, type KeySpec } from './command-spec.ts'
import { CommandTable, lastKeyOf } from './command-table.ts'
import { writeHelp } from './help.ts'
import { Reply } from './reply.ts'

const common = {
  arity: -1,
  runs: 'io',
  flags: 0,
  acl: 0,
  keys: [],
  since: '1.0.0',
  complexity: 'O(1)',
  summary: '',
  syntax: '',
} as const

const spec = (name: string): CommandSpec<null> => ({ ...common, name, handler: () => {} })

const container = (name: string, ...subcommands: string[]): CommandSpec<null> => ({
  ...common,
  name,
  subcommands: subcommands.map(spec),
})

describe('a container of several families', () => {
  const engine = family('server', [container('DEBUG', 'OBJECT', 'DIGEST'), spec('GET')])
  const io = family('server', [spec('PING'), container('DEBUG', 'SLEEP')])

  test('has the subcommands of all, and the numbers that the first family alone would give', () => {
    const alone = new CommandTable([engine])
    const both = new CommandTable([engine, io])
    for (const { id, fullName } of alone.commands) expect(both.commands[id].fullName).toBe(fullName)
    const words = (word: string) => both.resolve(Args.of('debug', word))?.fullName
    expect([words('object'), words('sleep'), words('nothing')]).toEqual(['debug|object', 'debug|sleep', 'debug'])
    expect(both.byName('DEBUG')?.children.length).toBe(3)
    expect(both.topLevel.map(({ fullName }) => fullName)).toEqual(['debug', 'get', 'ping'])
  })

  test('declares each command and subcommand once', () => {
    expect(() => new CommandTable([engine, engine])).toThrow(AssertionError)
    expect(() => new CommandTable([family('x', [spec('GET')]), engine])).toThrow(AssertionError)
    const again = family('server', [container('DEBUG', 'DIGEST')])
    expect(() => new CommandTable([engine, again])).toThrow(AssertionError)
  })
})

test('names are found in any case, subcommands behind a bar', () => {
  const table = new CommandTable([family('server', [container('CONFIG', 'GET', 'SET'), spec('GET')])])
  expect(table.byName('get')?.fullName).toBe('get')
  expect(table.byName('Config|Set')?.fullName).toBe('config|set')
  for (const name of ['', 'config|', 'config|get|x', 'get|x', 'nothing', '|get']) {
    expect(table.byName(name), name).toBeUndefined()
  }
})

test('a renamed command answers to its new name alone, one without a name to none', () => {
  const table = new CommandTable([family('server', [spec('GET'), spec('SET'), spec('FLUSHALL')])])
  table.rename('get', 'fetch')
  table.rename('FLUSHALL', '')
  // What was looked up last is not remembered by its old name.
  expect(table.byName('flushall')).toBeUndefined()
  expect(table.byName('get')).toBeUndefined()
  expect(table.byName('FETCH')?.fullName).toBe('get')
  expect(table.byName('set')?.fullName).toBe('set')
  expect(table.byName('flushall')).toBeUndefined()
  expect(table.byName('')).toBeUndefined()
  expect(table.topLevel.map(({ fullName }) => fullName)).toEqual(['get', 'set'])
  table.rename('fetch', 'get')
  expect(table.byName('get')?.fullName).toBe('get')
})

describe('keys', () => {
  const lastKey = (find: KeySpec['find'], ...words: string[]) => {
    const keys: KeySpec[] = [{ flags: ['RW'], begin: { index: 1 }, find }]
    const table = new CommandTable([family('x', [{ ...spec('POP'), runs: 'shards', keys }])])
    return lastKeyOf(table.commands[0], Args.of('POP', ...words))
  }

  test('of a range end where the range or the arguments do', () => {
    expect(lastKey({ last: 0, step: 1, limit: 0 }, 'a', 'b')).toBe(1)
    expect(lastKey({ last: -2, step: 1, limit: 0 }, 'a', 'b', '0')).toBe(2)
  })

  test('that an argument counts are as many, as far as there are', () => {
    const counted = { keyNumIndex: 0, firstKey: 1, step: 1 }
    expect(lastKey(counted, '2', 'a', 'b', 'LEFT')).toBe(3)
    for (const count of ['9', '9007199254740991']) expect(lastKey(counted, count, 'a', 'b', 'LEFT')).toBe(4)
    for (const count of ['0', '-1', 'x', '', '9223372036854775807']) expect(lastKey(counted, count, 'a')).toBe(1)
  })
})

test('HELP stands between a heading and itself', () => {
  const reply = new Reply()
  writeHelp(reply, 'THING', ['DO', '    Does it.'])
  expect(Buffer.from(reply.bytes.buffer, 0, reply.length).toString()).toBe(
    '*5\r\n+THING <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+DO\r\n+    Does it.\r\n+HELP\r\n' +
      '+    Print this help.\r\n',
  )
})
