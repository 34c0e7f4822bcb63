/* Who may import whom: the layers of the house, no reference to a file that is not there, and no cycles. */

import type { House, Layer } from '../house.ts'
import type { Source } from '../source.ts'
import type { Complaint, Tree } from '../tree.ts'

/** An import obeys the table of layers. */
export function* layers(tree: Tree, house: House): Iterable<Complaint> {
  for (const { from, to, line } of tree.edges) {
    if (from.isTest || isTestSupport(from, house)) continue
    const importer = layerOf(from.path, house)
    const imported = layerOf(to.path, house)
    if (importer === undefined || importer === imported) continue
    if (!importer.imports.some((name) => covers(name, to.path, imported))) {
      yield { path: from.path, line, text: `${importer.name} may not import ${to.path}` }
    }
  }
  for (const source of tree.sources) {
    if (source.path.includes('/') && layerOf(source.path, house) === undefined) {
      yield { path: source.path, line: 1, text: 'belongs to no layer of the house' }
    }
  }
}

/** A relative reference names a file of the repository, with its extension. */
export function* missingFiles(tree: Tree): Iterable<Complaint> {
  for (const source of tree.sources) {
    for (const { specifier, line } of source.syntax.references) {
      const target = source.resolve(specifier)
      if (target === undefined || tree.texts.has(target)) continue
      if (specifier.endsWith('.ts')) yield { path: source.path, line, text: `there is no ${target}` }
    }
  }
}

/** No file imports itself, however long the way round. Two files of one layer may describe each other's types. */
export function* cycles(tree: Tree): Iterable<Complaint> {
  const done = new Set<Source>()
  const trail: Source[] = []
  const found: Source[][] = []

  const visit = (source: Source) => {
    if (done.has(source)) return
    const at = trail.indexOf(source)
    if (at >= 0) {
      found.push(trail.slice(at))
      return
    }
    trail.push(source)
    for (const { names, typesOnly, to } of tree.referencesOf(source)) {
      if (names.length > 0 && !typesOnly) visit(to) // a thread's file is named, not imported, by who starts it
    }
    trail.pop()
    done.add(source)
  }
  for (const source of tree.sources) visit(source)

  for (const ring of found) {
    const path = ring[0].path
    yield {
      path,
      line: 1,
      text: `imports itself: ${[...ring.slice(1), ring[0]].map((source) => source.path).join(' -> ')}`,
    }
  }
}

export function isTestSupport(source: Source, house: House): boolean {
  return house.testSupport.some((ending) => source.path.endsWith(ending))
}

function layerOf(file: string, house: House): Layer | undefined {
  let best: Layer | undefined
  for (const layer of house.layers) {
    const inside = file === layer.name || file.startsWith(`${layer.name}/`)
    if (inside && layer.name.length > (best?.name.length ?? 0)) best = layer
  }
  return best
}

/** Whether `name`, as the table of layers writes it, covers a file of the layer `owner`. */
function covers(name: string, file: string, owner: Layer | undefined): boolean {
  if (name.endsWith('/**')) return file.startsWith(name.slice(0, -2))
  return name === owner?.name || name === file
}
