import { describe, expect, test } from 'vitest'
import { type Family, family, keysToEnd, NO_MANDATORY_KEYS, READONLY } from '../../base/command-spec.ts'
import type { Session } from '../../io/session/session.ts'
import { shardFamilies } from '../../shard-worker/command/table.ts'
import type { Decoded } from '../../shard-worker/testing.ts'
import { TestFamily } from '../testing.ts'
import { commandFamily } from './family.ts'

/** The engine's commands, COMMAND itself, and one that may have no keys. */
function setUp(): TestFamily {
  const common = { runs: 'io', acl: 0, since: '7.0.0', complexity: 'O(1)', summary: 'x', handler: () => {} } as const
  const loose = family<Session>('x', [
    {
      ...common,
      name: 'LOOSE',
      arity: -1,
      flags: NO_MANDATORY_KEYS | READONLY,
      keys: keysToEnd(1, 1, 'RO'),
      syntax: '[key...]',
    },
  ])
  const engine = shardFamilies as unknown as readonly Family<Session>[]
  const commands: TestFamily = new TestFamily([...engine, commandFamily(() => commands.table), loose])
  return commands
}

const commands = setUp()
const run = (...words: string[]) => commands.run('COMMAND', ...words)

describe('COMMAND INFO', () => {
  test('has ten fields', () => {
    expect(run('INFO', 'get')).toEqual([
      [
        'get',
        2,
        ['readonly', 'fast'],
        1,
        1,
        1,
        ['@read', '@string', '@fast'],
        [],
        [
          [
            'flags',
            ['RO', 'access'],
            'begin_search',
            ['type', 'index', 'spec', ['index', 1]],
            'find_keys',
            ['type', 'range', 'spec', ['lastkey', 0, 'keystep', 1, 'limit', 0]],
          ],
        ],
        [],
      ],
    ])
  })

  test('answers null for what does not exist, and hides the parts of an opaque container', () => {
    expect(run('INFO', 'nothing', 'get|x', 'debug|object')).toEqual([null, null, null])
    const [[name, , , , , , , , , subcommands]] = run('INFO', 'DEBUG') as Decoded[][]
    expect([name, subcommands]).toEqual(['debug', []])
  })

  test('a container has its parts, a part its own entry', () => {
    const [container] = run('INFO', 'object') as Decoded[][]
    const parts = (container[9] as Decoded[][]).map(([name]) => name)
    expect(parts).toContain('object|encoding')
    expect(run('INFO', 'object|encoding')).toEqual([
      (container[9] as Decoded[][]).find(([name]) => name === 'object|encoding'),
    ])
  })

  test('without names tells of all, as COMMAND does', () => {
    const all = run('INFO') as Decoded[]
    expect(all).toEqual(run())
    expect(all.length).toBe(run('COUNT'))
  })
})

describe('COMMAND DOCS', () => {
  test('tells what declarations say', () => {
    const [name, docs] = run('DOCS', 'getrange', 'nothing') as [string, Decoded[]]
    const fields = new Map(docs.map((each, index) => [each, docs[index + 1]]))
    expect([name, fields.get('since'), fields.get('group')]).toEqual(['getrange', '2.4.0', 'string'])
    expect(fields.get('arguments')).toEqual([
      ['name', 'key', 'type', 'key', 'display_text', 'key', 'key_spec_index', 0],
      ['name', 'start', 'type', 'integer', 'display_text', 'start'],
      ['name', 'end', 'type', 'integer', 'display_text', 'end'],
    ])
  })

  test('groups and options nest', () => {
    const [, docs] = run('DOCS', 'set') as [string, Decoded[]]
    const args = docs[docs.indexOf('arguments') + 1] as Decoded[][]
    const expiration = args.find((each) => String(each[1]).includes('seconds')) as Decoded[]
    expect(expiration.slice(2, 6)).toEqual(['type', 'oneof', 'flags', ['optional']])
    expect((expiration[7] as Decoded[][])[0]).toEqual([
      'name',
      'seconds',
      'type',
      'integer',
      'display_text',
      'seconds',
      'token',
      'EX',
    ])
  })

  test('every declaration can be described', () => {
    const all = run('DOCS') as Decoded[]
    expect(all.length).toBe(2 * (run('COUNT') as number))
  })
})

describe('COMMAND LIST', () => {
  test('filters by pattern, category and module', () => {
    expect(run('LIST', 'FILTERBY', 'PATTERN', 'GETR*')).toEqual(['getrange'])
    expect(run('LIST', 'filterby', 'pattern', 'object|e*')).toEqual(['object|encoding'])
    expect(run('LIST', 'FILTERBY', 'ACLCAT', 'String')).toContain('lcs')
    expect(run('LIST', 'FILTERBY', 'ACLCAT', 'string')).not.toContain('del')
    expect(run('LIST', 'FILTERBY', 'ACLCAT', 'nothing')).toEqual([])
    expect(run('LIST', 'FILTERBY', 'MODULE', 'x')).toEqual([])
    expect(run('LIST')).toContain('object|encoding')
  })

  test.each([['x'], ['FILTERBY', 'PATTERN'], ['FILTERBY', 'NAME', 'x'], ['FILTERBY', 'PATTERN', 'x', 'y']])(
    'refuses %s %s %s %s',
    (...words) => {
      expect(run('LIST', ...words)).toEqual({ text: 'ERR syntax error' })
    },
  )
})

describe('COMMAND GETKEYS', () => {
  test('finds the keys of a command line', () => {
    expect(run('GETKEYS', 'mset', 'a', '1', 'b', '2')).toEqual(['a', 'b'])
    expect(run('GETKEYS', 'object', 'encoding', 'k')).toEqual(['k'])
    expect(run('GETKEYS', 'LOOSE', 'a')).toEqual(['a'])
    expect(run('GETKEYS', 'LOOSE')).toEqual([])
  })

  test('and what is done to them', () => {
    expect(run('GETKEYSANDFLAGS', 'SET', 'k', 'v')).toEqual([['k', ['OW', 'update']]])
    expect(run('GETKEYSANDFLAGS', 'SET', 'k', 'v', 'nx', 'get')).toEqual([['k', ['RW', 'access', 'update']]])
  })

  test.each([
    [['nothing', 'k'], 'ERR Invalid command specified'],
    [['object', 'nothing', 'k'], 'ERR Invalid command specified'],
    [['get|x', 'k'], 'ERR Invalid command specified'],
    [['dbsize', 'k'], 'ERR The command has no key arguments'],
    [['get', 'k', 'x'], 'ERR Invalid number of arguments specified for command'],
  ])('of %s: %s', (words, text) => {
    expect(run('GETKEYS', ...words)).toEqual({ text })
  })
})

test('COMMAND HELP opens as every help does', () => {
  expect((run('HELP') as string[])[0]).toBe('COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:')
})
