/* Tests stand beside the code they test. */

import path from 'node:path'
import type { House } from '../house.ts'
import type { Source } from '../source.ts'
import type { Complaint, Tree } from '../tree.ts'
import { isTestSupport } from './imports.ts'

/** A test in src has its subject beside it: the file of its name, or anything in its folder when named for that. */
export function* testSubjects(tree: Tree): Iterable<Complaint> {
  for (const source of tree.sources) {
    if (!source.isTest || !source.path.startsWith('src/')) continue
    const subject = source.path.replace('.test.ts', '.ts')
    const folder = path.posix.dirname(source.path)
    const named =
      tree.source(subject) !== undefined || path.posix.basename(subject, '.ts') === path.posix.basename(folder)
    const imports = tree.referencesOf(source).some(({ to }) => path.posix.dirname(to.path) === folder)
    if (!named && !imports) {
      yield { path: source.path, line: 1, text: `tests nothing beside it: there is no ${subject}` }
    }
  }
}

/** Every file of src that has code to run is imported by a test of its own folder, itself or through its neighbours. */
export function* untested(tree: Tree, house: House): Iterable<Complaint> {
  const testsIn = new Map<string, Source[]>()
  for (const source of tree.sources) {
    if (!source.isTest) continue
    const folder = path.posix.dirname(source.path)
    testsIn.set(folder, [...(testsIn.get(folder) ?? []), source])
  }
  for (const source of tree.sources) {
    if (!source.path.startsWith('src/') || source.isTest || isTestSupport(source, house)) continue
    if (!source.syntax.runs || house.entryPoints.includes(source.path)) continue
    const tests = testsIn.get(path.posix.dirname(source.path)) ?? []
    if (!tree.reachableFrom(tests).has(source)) {
      yield { path: source.path, line: 1, text: 'no test in its folder runs it' }
    }
  }
}
