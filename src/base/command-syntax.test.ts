import { expect, test } from 'vitest'
import type { Grammar } from './command-syntax.ts'
import { parseSyntax } from './command-syntax.ts'

/** The tree as a fully bracketed text. */
function show(grammar: Grammar): string {
  switch (grammar.kind) {
    case 'token':
      return `'${grammar.text}'`
    case 'value':
      return grammar.type === null ? grammar.name : `${grammar.name}:${grammar.type}`
    case 'sequence':
      return `(${grammar.items.map(show).join(' ')})`
    case 'choice':
      return `{${grammar.options.map(show).join(' | ')}}`
    case 'optional':
      return `[${show(grammar.item)}]`
    case 'repeat':
      return `${show(grammar.item)}+`
  }
}

test.each([
  ['', '()'],
  ['key', 'key'],
  ['key value', '(key value)'],
  ['key...', 'key+'],
  ['key [key ...]', '(key [key+])'],
  ['(key value)...', '(key value)+'],
  ['key value [key value ...]', '(key value [(key value)+])'],
  ['increment:double', 'increment:double'],
  ['ON|OFF|SKIP', "{'ON' | 'OFF' | 'SKIP'}"],
  ['key <ON|OFF>', "(key {'ON' | 'OFF'})"],
  ['key ON|OFF count', "(key {'ON' | 'OFF'} count)"],
  ['[EX seconds|PX milliseconds|KEEPTTL]', "[{('EX' seconds) | ('PX' milliseconds) | 'KEEPTTL'}]"],
  ['cursor [MATCH pattern] [COUNT count]', "(cursor [('MATCH' pattern)] [('COUNT' count)])"],
  ['[version [AUTH username password]]', "[(version [('AUTH' username password)])]"],
  ['(ID id|TYPE NORMAL|MASTER)...', "{('ID' id) | ('TYPE' 'NORMAL') | 'MASTER'}+"],
  ['host <key|""> db', "(host {key | ''} db)"],
])('reads %s', (syntax, tree) => {
  expect(show(parseSyntax(syntax))).toBe(tree)
})

test.each(['[key', 'key]', '...', '|x', 'key (a b', 'a {b}'])('refuses %s', (syntax) => {
  expect(() => parseSyntax(syntax)).toThrow(/syntax:/)
})
