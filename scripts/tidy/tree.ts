/* The repository as the rules see it: the texts of all files that are committed or about to be, and the references
 * between the TypeScript ones. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { House } from './house.ts'
import { type Reference, Source } from './source.ts'

export interface Complaint {
  path: string
  line: number
  text: string
}

/** A rule reads the tree and says what it finds wrong; its name is printed with each complaint. */
export type Rule = (tree: Tree, house: House) => Iterable<Complaint>

/** A reference that leads to a file of the repository. */
export interface Edge extends Reference {
  from: Source
  to: Source
}

export class Tree {
  /** Every text file, by its path from the root. */
  readonly texts: ReadonlyMap<string, string>
  /** The TypeScript files, generated ones left out. */
  readonly sources: readonly Source[]
  readonly edges: readonly Edge[]
  private readonly byPath: ReadonlyMap<string, Source>
  private readonly edgesFrom = new Map<Source, Edge[]>()

  constructor(texts: ReadonlyMap<string, string>) {
    this.texts = texts
    this.sources = [...texts]
      .filter(([path]) => path.endsWith('.ts') && !path.includes('/generated/'))
      .map(([path, text]) => new Source(path, text))
    this.byPath = new Map(this.sources.map((source) => [source.path, source]))
    this.edges = this.sources.flatMap((from) =>
      from.syntax.references.flatMap((reference) => {
        const to = this.byPath.get(from.resolve(reference.specifier) ?? '')
        return to === undefined ? [] : [{ ...reference, from, to }]
      }),
    )
    for (const source of this.sources) this.edgesFrom.set(source, [])
    for (const edge of this.edges) this.edgesFrom.get(edge.from)?.push(edge)
  }

  /** The tree of files given by path; for tests. */
  static of(files: Record<string, string>): Tree {
    return new Tree(new Map(Object.entries(files)))
  }

  /** The files git tracks or would track, as they stand in `root`. */
  static read(root: string): Tree {
    const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
    const texts = new Map<string, string>()
    for (const name of new Set(list.toString().split('\0'))) {
      if (name === '') continue
      const text = readText(path.join(root, name))
      if (text !== undefined) texts.set(name, text)
    }
    return new Tree(texts)
  }

  source(path: string): Source | undefined {
    return this.byPath.get(path)
  }

  referencesOf(source: Source): readonly Edge[] {
    return this.edgesFrom.get(source) ?? []
  }

  /** Every file that can be reached from `starts`, those included. */
  reachableFrom(starts: Iterable<Source>): ReadonlySet<Source> {
    const reached = new Set(starts)
    for (const source of reached) {
      for (const edge of this.referencesOf(source)) reached.add(edge.to) // a Set's iteration sees what is added to it
    }
    return reached
  }
}

/** The file's text; undefined when it has been deleted, is no file, or holds zero bytes, which no text does. */
function readText(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8')
    return text.includes('\0') ? undefined : text
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EISDIR') return undefined
    throw error
  }
}
