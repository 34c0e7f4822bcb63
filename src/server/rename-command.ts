/* rename-command: commands under other names, or none. Main thread, at start. */
import type { CommandTable } from '../base/command-table.ts'
import { shardFamilies } from '../shard-worker/command/table.ts'
import { ioFamilies } from './server-commands.ts'

/**
 * What checks the `rename-command` lines of a configuration, one after the other: null, or why a line is refused. The
 * commands are declared before there is a server.
 */
export function renameCheck(): (words: readonly string[]) => string | null {
  const families = [...shardFamilies, ...ioFamilies(noServer)]
  const names = new Set(families.flatMap(({ commands }) => commands.map(({ name }) => name.toLowerCase())))
  return ([from, to]) => {
    const target = to.toLowerCase()
    if (!names.has(from.toLowerCase())) return 'No such command in rename-command'
    names.delete(from.toLowerCase())
    if (target !== '' && names.has(target)) return 'Target command name already exists'
    if (target !== '') names.add(target)
    return null
  }
}

function noServer(): never {
  throw new Error('declarations are read without a server')
}

/** Renames as configured; the lines have been checked. */
export function renameCommands(table: CommandTable<never>, renames: readonly (readonly string[])[]): void {
  for (const [from, to] of renames) table.rename(from, to)
}
