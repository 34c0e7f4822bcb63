import { expect, test } from 'vitest'
import { type ArgumentDoc, documentArguments } from './command-arguments.ts'
import { oneKey } from './command-spec.ts'

/** An argument in short: TOKEN type name{members}, ? optional, * multiple, ** with its token. */
function show({ name, type, token, optional, multiple, multipleToken, keySpecIndex, members }: ArgumentDoc): string {
  const inside = members.length === 0 ? '' : `{${members.map(show).join(' ')}}`
  const marks = `${optional ? '?' : ''}${multipleToken ? '**' : multiple ? '*' : ''}`
  const spec = keySpecIndex < 0 ? '' : `#${keySpecIndex}`
  return `${token === null || type === 'pure-token' ? '' : `${token} `}${type}:${name}${spec}${inside}${marks}`
}

test.each([
  ['', []],
  ['key value', ['key:key#0', 'string:value']],
  ['key...', ['key:key#0*']],
  ['source destination', ['key:source#0', 'key:destination#1']],
  ['key increment', ['key:key#0', 'integer:increment']],
  ['increment:double', ['double:increment']],
  ['[NX|XX]', ['oneof:nx-or-xx{pure-token:nx pure-token:xx}?']],
  ['[EX seconds|KEEPTTL]', ['oneof:seconds-or-keepttl{EX integer:seconds pure-token:keepttl}?']],
  ['[MATCH pattern]', ['MATCH pattern:pattern?']],
  ['(key value)...', ['block:key-value{key:key#0 string:value}*']],
  ['[LIMIT offset count]', ['LIMIT block:offset-count{integer:offset integer:count}?']],
  ['[PREFIX prefix]...', ['PREFIX string:prefix?**']],
  ['[PREFIX prefix...]', ['PREFIX string:prefix?*']],
  ['ON|OFF', ['oneof:on-or-off{pure-token:on pure-token:off}']],
])('%s', (syntax, documented) => {
  expect(documentArguments(syntax, [...oneKey(1), ...oneKey(2)]).map(show)).toEqual(documented)
})

test('a key without a specification has no number', () => {
  expect(documentArguments('key', []).map(show)).toEqual(['key:key'])
})
