/* The reply of a container's HELP subcommand: a heading, the subcommands with what they do, and HELP itself. The lines
 * are Redis's, since clients and tests compare them. Any thread. */
import type { Reply } from './reply.ts'

/** `container` is upper-case; `lines` are the subcommands, each with its indented explanation. */
export function writeHelp(reply: Reply, container: string, lines: readonly string[]): void {
  reply.array(lines.length + 3)
  reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`)
  for (const line of lines) reply.simple(line)
  reply.simple('HELP')
  reply.simple('    Print this help.')
}
