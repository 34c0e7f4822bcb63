/* One source file as the rules see it: its text, its lines, and what its syntax tree says about imports and exports.
 * A file is parsed the first time a rule asks. */

import path from 'node:path'
import { parseAst } from 'rolldown/parseAst'

/** A reference from one file to another: an import, a re-export, or `new URL('./worker.ts', import.meta.url)`. */
export interface Reference {
  specifier: string
  /** The names it takes; '*' stands for all of them. */
  names: string[]
  /** What `import * as` calls the whole module here. */
  namespace: string | undefined
  /** An import of types alone is gone when the program runs. */
  typesOnly: boolean
  line: number
}

interface NamedLine {
  name: string
  line: number
}

interface Syntax {
  references: readonly Reference[]
  exports: readonly NamedLine[]
  /** How often each name stands in the code, its declaration included. */
  mentions: ReadonlyMap<string, number>
  /** Constructs the house does without: enums and `any`. */
  banned: readonly NamedLine[]
  /** Whether there is a function body or a class: something a test could run. */
  runs: boolean
}

/** A node of the parser's ESTree, with the fields that are read here; each kind of node has some of them. */
interface Node {
  type: string
  start: number
  name?: string
  value?: unknown
  source?: Node | null
  specifiers?: Node[]
  imported?: Node
  exported?: Node
  local?: Node
  importKind?: 'type' | 'value'
  exportKind?: 'type' | 'value'
  declaration?: Node | null
  declarations?: Node[]
  id?: Node
  callee?: Node
  arguments?: (Node | undefined)[]
  object?: Node
  property?: Node
  computed?: boolean
  properties?: Node[]
  elements?: (Node | null)[]
  argument?: Node
  left?: Node
  right?: Node
}

export class Source {
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
  private parsed: Syntax | undefined

  constructor(path: string, text: string) {
    this.path = path
    this.text = text
    this.lines = text.replace(/\n$/, '').split('\n')
  }

  get isTest(): boolean {
    return this.path.endsWith('.test.ts')
  }

  get syntax(): Syntax {
    this.parsed ??= readSyntax(this.text)
    return this.parsed
  }

  /** The path a relative specifier means, from the repository's root; undefined for a package. */
  resolve(specifier: string): string | undefined {
    if (!specifier.startsWith('.')) return undefined
    return path.posix.join(path.posix.dirname(this.path), specifier)
  }
}

function readSyntax(text: string): Syntax {
  const references: Reference[] = []
  const exports: NamedLine[] = []
  const mentions = new Map<string, number>()
  const members = new Map<string, string[]>() // what stands after a dot, by what stands before it
  const banned: NamedLine[] = []
  let runs = false
  const lineOf = lineFinder(text)

  const refer = (node: Node, source: Node | null | undefined, names: string[]) => {
    if (typeof source?.value !== 'string') return
    const typesOnly = isType(node) || (node.specifiers?.length ? node.specifiers.every(isType) : false)
    const namespace = node.specifiers?.find(({ type }) => type === 'ImportNamespaceSpecifier')?.local?.name
    references.push({ specifier: source.value, names, namespace, typesOnly, line: lineOf(node.start) })
  }
  const readExport = (node: Node) => {
    const { specifiers = [] } = node
    refer(node, node.source, specifiers.map(localName))
    const names = [...specifiers.map(exportedName), ...declaredNames(node.declaration)]
    for (const name of names) exports.push({ name, line: lineOf(node.start) })
  }
  const readNew = (node: Node) => {
    const [target, origin] = node.arguments ?? []
    if (node.callee?.name === 'URL' && origin?.object?.type === 'MetaProperty') refer(node, target, [])
  }

  const readMember = ({ object, left, property, right, computed }: Node) => {
    const [before, after] = [object ?? left, property ?? right]
    if (before?.type !== 'Identifier' || after?.type !== 'Identifier' || computed) return
    members.set(nameOf(before), [...(members.get(nameOf(before)) ?? []), nameOf(after)])
  }

  walk(parseAst(text, { lang: 'ts', sourceType: 'module' }) as unknown as Node, (node) => {
    switch (node.type) {
      case 'ImportDeclaration':
        return refer(node, node.source, (node.specifiers ?? []).map(importedName))
      case 'ImportExpression':
      case 'TSImportType':
      case 'ExportAllDeclaration':
        return refer(node, node.source, ['*'])
      case 'NewExpression':
        return readNew(node)
      case 'ExportNamedDeclaration':
        return readExport(node)
      case 'ExportDefaultDeclaration':
        return void exports.push({ name: 'default', line: lineOf(node.start) })
      case 'TSEnumDeclaration':
        return void banned.push({ name: 'enum', line: lineOf(node.start) })
      case 'TSAnyKeyword':
        return void banned.push({ name: 'any', line: lineOf(node.start) })
      case 'Identifier':
        return void mentions.set(nameOf(node), (mentions.get(nameOf(node)) ?? 0) + 1)
      case 'MemberExpression':
      case 'TSQualifiedName':
        return readMember(node)
      case 'BlockStatement':
      case 'ArrowFunctionExpression':
        runs = true
    }
  })
  for (const { names, namespace } of references) {
    // `import * as errors` takes what follows `errors.`; everything, if `errors` is used in any other way.
    const taken = namespace === undefined ? [] : (members.get(namespace) ?? [])
    if (namespace !== undefined && taken.length + 1 === mentions.get(namespace)) names.splice(0, 1, ...taken)
  }
  return { references, exports, mentions, banned, runs }
}

function walk(node: Node, enter: (node: Node) => void): void {
  enter(node)
  for (const field of Object.values(node)) {
    for (const value of Array.isArray(field) ? field : [field]) {
      if (typeof value?.type === 'string') walk(value, enter)
    }
  }
}

function isType(node: Node): boolean {
  return node.importKind === 'type' || node.exportKind === 'type'
}

/** What an import specifier takes from the other module, whatever it is called here. */
function importedName(specifier: Node): string {
  if (specifier.type === 'ImportNamespaceSpecifier') return '*'
  if (specifier.type === 'ImportDefaultSpecifier') return 'default'
  return nameOf(specifier.imported)
}

function localName(specifier: Node): string {
  return nameOf(specifier.local)
}

function exportedName(specifier: Node): string {
  return nameOf(specifier.exported)
}

/** A module's name for something: an identifier, or a string. */
function nameOf(node: Node | null | undefined): string {
  return node?.name ?? String(node?.value)
}

function declaredNames(declaration: Node | null | undefined): string[] {
  if (!declaration) return []
  if (declaration.declarations !== undefined) return declaration.declarations.flatMap(({ id }) => patternNames(id))
  return [nameOf(declaration.id)]
}

/** The names that a declaration's left side binds: one, or those of a destructuring. */
function patternNames(pattern: Node | null | undefined): string[] {
  switch (pattern?.type) {
    case undefined:
      return []
    case 'ObjectPattern':
      return (pattern.properties ?? []).flatMap(({ value, argument }) => patternNames((value ?? argument) as Node))
    case 'ArrayPattern':
      return (pattern.elements ?? []).flatMap(patternNames)
    case 'AssignmentPattern':
      return patternNames(pattern.left)
    case 'RestElement':
      return patternNames(pattern.argument)
    default:
      return [nameOf(pattern)]
  }
}

/** Line numbers, from 1, of offsets into `text`. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (low + 1 < high) {
      const middle = (low + high) >>> 1
      if (starts[middle] <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}
