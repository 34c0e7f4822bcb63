/* What the text of a file must have, and what must not be in it. */

import type { House } from '../house.ts'
import type { Complaint, Tree } from '../tree.ts'

/** A source file opens with a comment that says what it is. */
export function* headers(tree: Tree): Iterable<Complaint> {
  for (const { path, lines, isTest } of tree.sources) {
    const first = lines[0].startsWith('#!') ? 1 : 0
    if (!isTest && path.includes('/') && !lines[first].startsWith('/*')) {
      yield { path, line: first + 1, text: 'opens without a comment that says what the file is' }
    }
  }
}

/** Node.js strips types but compiles no enums, and `any` or a silenced compiler hides what the types would tell. */
export function* bans(tree: Tree): Iterable<Complaint> {
  const instead = new Map([
    ['enum', 'an enum: write constants'],
    ['any', 'any: name the type, or write unknown'],
  ])
  for (const { path, lines, syntax } of tree.sources) {
    for (const { name, line } of syntax.banned) yield { path, line, text: instead.get(name) ?? name }
    for (const [index, line] of lines.entries()) {
      if (/^\s*(\/\/|\/\*).*@ts-(ignore|expect-error|nocheck)/.test(line)) {
        yield { path, line: index + 1, text: 'a silenced compiler: mend the type' }
      }
    }
  }
}

/** A file is read in one sitting. The table of long files is a ratchet: it may only get shorter. */
export function* lengths(tree: Tree, house: House): Iterable<Complaint> {
  const allowed = new Map(house.longFiles.map((file) => [file.path, file]))
  for (const { path, lines } of tree.sources) {
    const limit = allowed.get(path)?.lines ?? house.longestFile
    if (lines.length > limit) yield { path, line: limit + 1, text: `${lines.length} lines, ${limit} at most: split it` }
    for (const [index, line] of lines.entries()) {
      if (line.length > house.longestLine) {
        yield { path, line: index + 1, text: `${line.length} columns, ${house.longestLine} at most` }
      }
    }
  }
  for (const { path } of house.longFiles) {
    const lines = tree.source(path)?.lines.length ?? 0
    if (lines <= house.longestFile)
      yield { path, line: 1, text: 'no longer too long: take it off the list of long files' }
  }
}

/* Each pattern is spelt so that it does not match itself. */
const strangers: readonly { pattern: RegExp; text: string; in: RegExp }[] = [
  { pattern: /\bregistry\.[\w-]+\.\w+/, text: 'the host of a package registry', in: /./ },
  { pattern: /(^|[\s"'`(=:])\/(home|Users|root|work)\/[\w.-]+/, text: 'a path of one machine', in: /./ },
  {
    pattern: /\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b(?! ?\(#\d+\))/,
    text: 'unfinished without an open issue: (#number)',
    in: /\.ts$/,
  },
]

/** Nothing of one machine, and no loose ends. */
export function* strangersInText(tree: Tree): Iterable<Complaint> {
  for (const [path, text] of tree.texts) {
    const rules = strangers.filter((stranger) => stranger.in.test(path))
    for (const [index, line] of text.split('\n').entries()) {
      for (const { pattern, text } of rules) {
        const [found] = pattern.exec(line) ?? []
        if (found !== undefined) yield { path, line: index + 1, text: `${found.trim()}: ${text}` }
      }
    }
  }
}
