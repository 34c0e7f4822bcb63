/* What nobody uses: files that no entry point reaches, exports that serve nobody. */

import type { House } from '../house.ts'
import type { Complaint, Tree } from '../tree.ts'
import { isTestSupport } from './imports.ts'

/** Every file is reached from an entry point or planned; test support and files under test/ from a test. */
export function* deadFiles(tree: Tree, house: House): Iterable<Complaint> {
  const reachableFrom = (paths: readonly string[]) =>
    tree.reachableFrom(paths.flatMap((path) => tree.source(path) ?? []))
  const product = reachableFrom(house.entryPoints)
  const planned = reachableFrom(house.planned.map(({ path }) => path))
  const tested = tree.reachableFrom(tree.sources.filter((source) => source.isTest))
  for (const source of tree.sources) {
    const { path } = source
    if (source.isTest || product.has(source) || planned.has(source) || path.endsWith('.bench.ts')) continue
    if (!tested.has(source)) {
      yield { path, line: 1, text: 'nothing imports it' }
    } else if (!path.startsWith('test/') && !isTestSupport(source, house)) {
      yield { path, line: 1, text: `only tests import it: wire it in, or name it *${house.testSupport.join(' or *')}` }
    }
  }
  for (const { path } of house.planned) {
    const source = tree.source(path)
    if (source === undefined) yield { path, line: 1, text: 'planned, and not there: take it off the list' }
    else if (product.has(source)) yield { path, line: 1, text: 'put to use: take it off the list of planned files' }
    else if (!tested.has(source)) yield { path, line: 1, text: 'planned, but no test runs it' }
  }
}

/** Every export is taken by another file, or of use in its own. (What is not exported, the compiler checks.) */
export function* deadExports(tree: Tree, house: House): Iterable<Complaint> {
  const taken = new Map(tree.sources.map((source) => [source, new Set<string>()]))
  for (const { to, names } of tree.edges) for (const name of names) taken.get(to)?.add(name)
  for (const source of tree.sources) {
    const names = taken.get(source)
    if (names?.has('*') || house.entryPoints.includes(source.path)) continue
    for (const { name, line } of source.syntax.exports) {
      if (names?.has(name) || (source.syntax.mentions.get(name) ?? 0) > 1) continue
      yield { path: source.path, line, text: `nobody uses ${name}` }
    }
  }
}
