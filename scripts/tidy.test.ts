import { expect, test } from 'vitest'
import { type House, house } from './tidy/house.ts'
import { Tree } from './tidy/tree.ts'
import { complaints } from './tidy.ts'

/* A house of three rooms; `head` is the comment every file opens with. */
const rooms: House = {
  layers: [
    { name: 'src/base', imports: [] },
    { name: 'src/engine/core.ts', imports: ['src/base'] },
    { name: 'src/engine', imports: ['src/base', 'src/engine/core.ts'] },
    { name: 'src/door', imports: ['src/engine/core.ts', 'src/base'] },
    { name: 'src/server', imports: ['src/**'] },
  ],
  entryPoints: ['src/server/main.ts'],
  testSupport: ['/testing.ts'],
  planned: [],
  longestFile: 20,
  longFiles: [],
  longestLine: 80,
}
const head = '/* What it is. */\n'

/** What the house says of these files, without the path when all complaints are about one file. */
function check(files: Record<string, string>, house: House = rooms): string[] {
  const withHeads = Object.entries(files).map(([path, text]) => [path, path.endsWith('.ts') ? head + text : text])
  return complaints(Tree.of(Object.fromEntries(withHeads)), house)
}

/** As `check`, for the rules named in brackets only: most trees here have loose ends that are not the point. */
function checkOnly(rule: string, files: Record<string, string>, house: House = rooms): string[] {
  return check(files, house).flatMap((line) => (line.endsWith(` (${rule})`) ? [line.slice(0, -rule.length - 3)] : []))
}

test('a tree in order has nothing said of it', () => {
  const tree = {
    'package.json': '{"dependencies": {"a": "1.2.3"}, "devDependencies": {"b": "2.0.0-beta.1"}}',
    'package-lock.json': '{"packages": {"": {}, "node_modules/a": {"integrity": "sha512-x"}}}',
    'src/base/sum.ts': 'export function sum(a: number, b: number): number {\n  return a + b\n}\n',
    'src/base/sum.test.ts': "import { sum } from './sum.ts'\nsum(1, 2)\n",
    'src/server/main.ts': "import { sum } from '../base/sum.ts'\nconsole.log(sum(1, 2))\n",
  }
  expect(check(tree)).toEqual([])
})

test('every complaint says where, what, and by which rule, in the order of the files', () => {
  expect(check({ 'src/server/main.ts': 'enum A {}\n', 'src/base/a.ts': '' })).toEqual([
    'src/base/a.ts:1: nothing imports it (deadFiles)',
    'src/server/main.ts:2: an enum: write constants (bans)',
  ])
})

test('a layer imports its own files, those it names, and no others', () => {
  const files = {
    'src/base/low.ts': "import '../door/door.ts'\n",
    'src/base/low.test.ts': "import '../server/main.ts'\n",
    'src/base/testing.ts': "import '../server/main.ts'\n",
    'src/engine/core.ts': "import '../base/low.ts'\nimport './room.ts'\n",
    'src/engine/room.ts': "import './core.ts'\n",
    'src/door/door.ts':
      "import '../engine/core.ts'\nimport type { Room } from '../engine/room.ts'\nimport './bell.ts'\n",
    'src/door/bell.ts': "new Worker(new URL('../server/main.ts', import.meta.url))\n",
    'src/server/main.ts': "import '../engine/room.ts'\n",
    'src/attic/dust.ts': '',
  }
  expect(checkOnly('layers', files)).toEqual([
    'src/attic/dust.ts:1: belongs to no layer of the house',
    'src/base/low.ts:2: src/base may not import src/door/door.ts',
    'src/door/bell.ts:2: src/door may not import src/server/main.ts',
    'src/door/door.ts:3: src/door may not import src/engine/room.ts',
    'src/engine/core.ts:3: src/engine/core.ts may not import src/engine/room.ts',
  ])
})

test('the house itself: whatever a layer names is a layer or file above it, so layers make no cycle', () => {
  const above = new Set<string>()
  for (const { name, imports } of house.layers) {
    for (const imported of imports) {
      const inside = imported.endsWith('/**') && `${name}/`.startsWith(imported.slice(0, -2))
      const known =
        above.has(imported.replace('/**', '')) || imported.endsWith('.ts') || inside || imported === 'src/**'
      expect(known, `${name} names ${imported}`).toBe(true)
    }
    above.add(name)
  }
})

test('a reference to a TypeScript file that is not there is found', () => {
  const files = {
    'src/server/main.ts': "export * from './gone.ts'\nimport fs from 'node:fs'\nimport data from './x.json'\n",
  }
  expect(checkOnly('missingFiles', files)).toEqual(['src/server/main.ts:2: there is no src/server/gone.ts'])
})

test('a cycle of imports is named once, with its way round; types and started threads make none', () => {
  const cycle = {
    'src/base/a.ts': "import { b } from './b.ts'\n",
    'src/base/b.ts': "import { type X, c } from './c.ts'\n",
    'src/base/c.ts': "import { a } from './a.ts'\n",
  }
  expect(checkOnly('cycles', cycle)).toEqual([
    'src/base/a.ts:1: imports itself: src/base/b.ts -> src/base/c.ts -> src/base/a.ts',
  ])
  const none = {
    'src/base/a.ts': "import { b } from './b.ts'\n",
    'src/base/b.ts': "import type { A } from './a.ts'\nimport { type A2 } from './a.ts'\n",
    'src/base/worker.ts': "import './starter.ts'\n",
    'src/base/starter.ts': "new Worker(new URL('./worker.ts', import.meta.url))\n",
  }
  expect(checkOnly('cycles', none)).toEqual([])
})

test('a file is alive when an entry point reaches it, by import, dynamic import, type or thread', () => {
  const files = {
    'src/server/main.ts': [
      "import './a.ts'",
      "await import('./b.ts')",
      "let c: import('./c.ts').C",
      "new Worker(new URL('./d.ts', import.meta.url))",
      '',
    ].join('\n'),
    'src/server/a.ts': "export { e } from './e.ts'\n",
    'src/server/b.ts': '',
    'src/server/c.ts': '',
    'src/server/d.ts': '',
    'src/server/e.ts': '',
    'src/server/lonely.ts': "import './lonelier.ts'\n",
    'src/server/lonelier.ts': '',
    'src/server/tested.ts': '',
    'src/server/testing.ts': '',
    'src/server/a.test.ts': "import './tested.ts'\nimport './testing.ts'\nimport './lonelier.ts'\n",
  }
  expect(checkOnly('deadFiles', files)).toEqual([
    'src/server/lonelier.ts:1: only tests import it: wire it in, or name it */testing.ts',
    'src/server/lonely.ts:1: nothing imports it',
    'src/server/tested.ts:1: only tests import it: wire it in, or name it */testing.ts',
  ])
})

test('a file that is planned may wait for its first user, with what it needs, as long as a test runs it', () => {
  const files = {
    'src/server/main.ts': "import './used.ts'\n",
    'src/server/used.ts': '',
    'src/server/planned.ts': "import './needed.ts'\n",
    'src/server/needed.ts': '',
    'src/server/untested.ts': '',
    'src/server/planned.test.ts': "import './planned.ts'\n",
  }
  const planning = (...names: string[]) => ({
    ...rooms,
    planned: names.map((name) => ({ path: `src/server/${name}.ts`, why: 'the next issue' })),
  })
  expect(checkOnly('deadFiles', files, planning('planned', 'untested'))).toEqual([
    'src/server/untested.ts:1: planned, but no test runs it',
  ])
  expect(checkOnly('deadFiles', files, planning('planned', 'untested', 'used', 'gone'))).toEqual([
    'src/server/gone.ts:1: planned, and not there: take it off the list',
    'src/server/untested.ts:1: planned, but no test runs it',
    'src/server/used.ts:1: put to use: take it off the list of planned files',
  ])
})

test('an export is alive when another file takes it, or its own uses it', () => {
  const files = {
    'src/base/a.ts': [
      'export const taken = 1, used = 2, dead = used',
      'export const { x, y: [z, ...rest], v: w = 1 } = taken',
      'export interface Shape { area: number }',
      'export function deadFunction(shape: Shape) {}',
      'export default class {}',
      '',
    ].join('\n'),
    'src/base/errors.ts': 'export const ONE = 1\nexport const TWO = 2\nexport type Three = 3\n',
    'src/base/whole.ts': 'export const ONE = 1\n',
    'src/base/b.ts': "export { q as r } from './c.ts'\n",
    'src/base/c.ts': 'export const q = 1\n',
    'src/server/main.ts': [
      "import { taken, x as mine } from '../base/a.ts'",
      "import * as errors from '../base/errors.ts'",
      "import * as whole from '../base/whole.ts'",
      'export const entry: errors.Three = f(errors.ONE, errors["TWO"], whole)',
      '',
    ].join('\n'),
  }
  expect(checkOnly('deadExports', files)).toEqual([
    'src/base/a.ts:2: nobody uses dead',
    'src/base/a.ts:3: nobody uses z',
    'src/base/a.ts:3: nobody uses rest',
    'src/base/a.ts:3: nobody uses w',
    'src/base/a.ts:5: nobody uses deadFunction',
    'src/base/a.ts:6: nobody uses default',
    'src/base/b.ts:2: nobody uses r',
  ])
  const precise = files['src/server/main.ts'].replace('errors["TWO"]', '2')
  expect(checkOnly('deadExports', { ...files, 'src/server/main.ts': precise })).toContain(
    'src/base/errors.ts:3: nobody uses TWO',
  )
})

test('a source file opens with a comment, after its #! line if it has one; tests and root files need none', () => {
  const tree = Tree.of({
    'src/base/a.ts': 'export {}\n',
    'src/base/b.ts': '#!/usr/bin/env node\n/* A program. */\n',
    'src/base/c.ts': '#!/usr/bin/env node\nexport {}\n',
    'src/base/a.test.ts': 'export {}\n',
    'some.config.ts': 'export {}\n',
  })
  expect(complaints(tree, rooms).filter((line) => line.endsWith('(headers)'))).toEqual([
    'src/base/a.ts:1: opens without a comment that says what the file is (headers)',
    'src/base/c.ts:2: opens without a comment that says what the file is (headers)',
  ])
})

test('enums, any and a silenced compiler are refused, wherever they are code and not text', () => {
  const files = {
    'src/base/a.ts': [
      'enum Colour { Red }',
      'const list: any[] = []',
      '// @ts-ignore',
      "const text = 'enum, any and @ts-ignore'",
      '// enum, any',
      '',
    ].join('\n'),
  }
  expect(checkOnly('bans', files)).toEqual([
    'src/base/a.ts:2: an enum: write constants',
    'src/base/a.ts:3: any: name the type, or write unknown',
    'src/base/a.ts:4: a silenced compiler: mend the type',
  ])
})

test('a file that is too long is refused unless the list allows it, and the list only gets shorter', () => {
  const lines = (count: number) => '// line\n'.repeat(count - 1)
  expect(checkOnly('lengths', { 'src/base/a.ts': lines(20) })).toEqual([])
  expect(checkOnly('lengths', { 'src/base/a.ts': lines(21) })).toEqual([
    'src/base/a.ts:21: 21 lines, 20 at most: split it',
  ])
  const allowing = { ...rooms, longFiles: [{ path: 'src/base/a.ts', lines: 30, why: 'a table' }] }
  expect(checkOnly('lengths', { 'src/base/a.ts': lines(30) }, allowing)).toEqual([])
  expect(checkOnly('lengths', { 'src/base/a.ts': lines(31) }, allowing)).toHaveLength(1)
  expect(checkOnly('lengths', { 'src/base/a.ts': lines(20) }, allowing)).toEqual([
    'src/base/a.ts:1: no longer too long: take it off the list of long files',
  ])
})

test('a line that is too long is refused', () => {
  const files = { 'src/base/a.ts': `// ${'x'.repeat(77)}\n// ${'x'.repeat(78)}\n` }
  expect(checkOnly('lengths', files)).toEqual(['src/base/a.ts:3: 81 columns, 80 at most'])
})

test('hosts of registries, paths of one machine and loose ends are refused', () => {
  const [host, home, loose] = [`https://registry.${'example'}.org/a`, `/${'home'}/me/x`, `TO${'DO'}`]
  const files = {
    'README.md': `see ${host}\nthen ${home}, not docs/home/page\n${loose} in prose is a word\n`,
    'src/base/a.ts': `// ${loose}: later\n// ${loose} (#12): later\n`,
  }
  expect(checkOnly('strangersInText', files)).toEqual([
    `README.md:1: ${host.slice(8, -2)}: the host of a package registry`,
    `README.md:2: ${home.slice(0, -2)}: a path of one machine`,
    `src/base/a.ts:2: ${loose}: unfinished without an open issue: (#number)`,
  ])
})

test('a test stands beside what it tests, and all code is run by a test of its folder', () => {
  const files = {
    'src/base/a.ts': 'export const a = () => 1\n',
    'src/base/a.test.ts': "import { a } from './a.ts'\n",
    'src/base/b.ts': 'export function b() {}\n',
    'src/base/only-types.ts': 'export interface B { b: number }\n',
    'src/base/stray.test.ts': "import '../engine/core.ts'\n",
    'src/engine/core.ts': 'export class Core { step() {} }\n',
  }
  expect(checkOnly('testSubjects', files)).toEqual([
    'src/base/stray.test.ts:1: tests nothing beside it: there is no src/base/stray.ts',
  ])
  expect(checkOnly('untested', files)).toEqual([
    'src/base/b.ts:1: no test in its folder runs it',
    'src/engine/core.ts:1: no test in its folder runs it',
  ])
})

test('dependencies are pinned, and the lock file names no registry and lacks nothing', () => {
  const files = {
    'package.json': '{"dependencies": {"a": "^1.2.3"}, "devDependencies": {"b": "latest", "c": "1.0.0"}}',
    'package-lock.json': JSON.stringify({
      packages: {
        '': {},
        'node_modules/a': {
          integrity: 'x',
          resolved: 'somewhere',
          optionalDependencies: { 'a-linux': '1', 'a-mac': '1' },
        },
        'node_modules/b/node_modules/a-linux': {},
      },
    }),
  }
  expect(checkOnly('pinned', files)).toEqual([
    'package.json:1: a ^1.2.3: pin the exact version',
    'package.json:1: b latest: pin the exact version',
  ])
  expect(checkOnly('lockFile', files)).toEqual([
    'package-lock.json:1: node_modules/a names the registry it came from',
    'package-lock.json:1: node_modules/a wants a-mac, which is missing: npm ci would refuse',
    'package-lock.json:1: node_modules/b/node_modules/a-linux has no checksum',
  ])
})
