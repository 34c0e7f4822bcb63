/* npm run tidy: the rules of the house (CONTRIBUTING.md), checked over the whole tree in well under a second.
 * Prints `path:line: what is wrong (rule)` for each breach and exits 1 if there is any. */

import { fileURLToPath } from 'node:url'
import { type House, house } from './tidy/house.ts'
import { deadExports, deadFiles } from './tidy/rules/dead.ts'
import { cycles, layers, missingFiles } from './tidy/rules/imports.ts'
import { lockFile, pinned } from './tidy/rules/packages.ts'
import { testSubjects, untested } from './tidy/rules/tests.ts'
import { bans, headers, lengths, strangersInText } from './tidy/rules/text.ts'
import { type Rule, Tree } from './tidy/tree.ts'

const rules: Record<string, Rule> = {
  layers,
  missingFiles,
  cycles,
  deadFiles,
  deadExports,
  headers,
  bans,
  lengths,
  strangersInText,
  testSubjects,
  untested,
  pinned,
  lockFile,
}

/** One line for each breach of any rule, in the order of paths. */
export function complaints(tree: Tree, house: House): string[] {
  return Object.entries(rules)
    .flatMap(([name, rule]) => [...rule(tree, house)].map((complaint) => ({ ...complaint, name })))
    .sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1))
    .map(({ path, line, text, name }) => `${path}:${line}: ${text} (${name})`)
}

if (import.meta.main) {
  const tree = Tree.read(fileURLToPath(new URL('..', import.meta.url)))
  const found = complaints(tree, house)
  for (const line of found) console.log(line)
  console.log(
    found.length === 0 ? `tidy: ${tree.sources.length} files, nothing to say` : `tidy: ${found.length} to mend`,
  )
  process.exitCode = found.length === 0 ? 0 : 1
}
