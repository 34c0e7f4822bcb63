import { expect, expectTypeOf, test } from 'vitest'
import { type ParseContext, Refusal } from '../directive.ts'
import { DirectoryHost } from '../host.ts'
import type { SavePoint } from '../special-types.ts'
import { type DirectiveName, directiveNames, directives, directivesByName, type Values } from './table.ts'

const context: ParseContext = {
  source: 'file',
  repeated: false,
  host: new DirectoryHost('/'),
  shown: (name) => {
    const target = directivesByName.get(name)
    return target === undefined ? '' : target.directive.show(target.directive.preset)
  },
  warn: () => {},
}

const presetText = (name: DirectiveName) => directives[name].show(directives[name].preset)

/** Directives whose preset is not a value that a line can give. */
const UNSET = new Set<DirectiveName>(['replicaof', 'dir'])

test.each(directiveNames.filter((name) => !UNSET.has(name)))('%s takes its own preset', (name) => {
  const { parse, preset, show } = directives[name]
  const text = presetText(name)
  for (const words of [[text], text.split(' ')]) {
    const value = parse(words, preset, context)
    if (!(value instanceof Refusal)) expect(show(value)).toBe(text)
  }
  const values = [[text], text.split(' ')].map((words) => parse(words, preset, context))
  expect(values.some((value) => !(value instanceof Refusal))).toBe(true)
})

test.each(directiveNames.filter((name) => !UNSET.has(name)))('%s is not written unless it has to be', (name) => {
  const { rewrite, preset } = directives[name]
  const always = new Set<DirectiveName>(['save', 'latency-tracking-info-percentiles'])
  for (const { text, force } of rewrite(name, preset, preset)) {
    expect(text.startsWith(`${name} `)).toBe(true)
    expect(force).toBe(always.has(name))
  }
})

test('names and aliases are unique and in lower case', () => {
  const names = directiveNames.flatMap((name) => [name, directives[name].alias ?? []].flat())
  expect(new Set(names).size).toBe(names.length)
  expect(directivesByName.size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[a-z0-9_-]+$/)
})

test('an alias leads to the directive', () => {
  expect(directivesByName.get('slave-read-only')?.primary).toBe('replica-read-only')
  expect(directivesByName.get('slave-read-only')?.name).toBe('slave-read-only')
  expect(directivesByName.get('hash-max-ziplist-value')?.primary).toBe('hash-max-listpack-value')
  expect(directivesByName.get('lua-time-limit')?.primary).toBe('busy-reply-threshold')
})

test('values have the types that programs expect', () => {
  const seen = (name: DirectiveName) => directives[name].see(directives[name].preset)
  const values = Object.fromEntries(directiveNames.map((name) => [name, seen(name)])) as unknown as Values
  expectTypeOf(values.port).toEqualTypeOf<number>()
  expectTypeOf(values.appendonly).toEqualTypeOf<boolean>()
  expectTypeOf(values['inline-execution']).toEqualTypeOf<'auto' | 'never' | 'always'>()
  expectTypeOf(values.requirepass).toEqualTypeOf<Uint8Array>()
  expectTypeOf(values.save).toEqualTypeOf<readonly SavePoint[]>()
  expectTypeOf(values.logfile).toEqualTypeOf<string>()
  expectTypeOf(values['maxmemory-clients']).toEqualTypeOf<number>()
  expect(values.port).toBe(6379)
  expect(values.appendonly).toBe(false)
  expect(values['inline-execution']).toBe('auto')
  expect(values.requirepass.length).toBe(0)
  expect(values.save.length).toBe(3)
  expect(values['shard-workers']).toBeGreaterThanOrEqual(1)
  expect(values['client-output-buffer-limit'].replica).toEqual({ hard: 2 ** 28, soft: 2 ** 26, softSeconds: 60 })
  expect(values.replicaof).toBeNull()
})
