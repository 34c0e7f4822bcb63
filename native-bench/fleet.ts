/* The servers of a run, started together as a case's set-up wants them: one after another they take their rounds, the
 * others idle meanwhile (which costs a sound server nothing, and shows when it does). */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Setup } from './cases.ts'
import type { Options } from './options.ts'
import type { RunningServer } from './process.ts'
import { attachServer, findProgram, startServer } from './process.ts'
import { type Role, SUBJECT } from './role.ts'

/** What can be started, in the order in which the servers take turns. */
export interface Contender {
  role: Role
  command: string[]
}

/** The servers that take part: those asked for, or those installed. Throws when one asked for is missing. */
export function contendersOf(options: Options): Contender[] {
  const commands: [Role, string[]][] = [
    ['redis', options.redisCommand],
    ['valkey', options.valkeyCommand],
    ['spinel', options.spinelCommand ?? [join(import.meta.dirname, '..', 'bin', 'spinel-server')]],
  ]
  return commands.flatMap(([role, command]) => {
    const wanted = options.servers === null ? role !== 'valkey' : options.servers.includes(role)
    const isOptional = options.servers === null && role === 'valkey'
    if (!wanted && !isOptional) return []
    if (role === SUBJECT && options.external !== null) return [{ role, command }]
    const program = command[0].includes('/') ? command[0] : findProgram(command[0])
    if (program !== null && existsSync(program)) return [{ role, command: [program, ...command.slice(1)] }]
    if (isOptional) return []
    throw new Error(`${role}: there is no ${command[0]} (see --${role}-command and --servers)`)
  })
}

/** Starts every contender; when one fails, those already running are stopped. */
export async function startFleet(
  contenders: readonly Contender[],
  options: Options,
  setup: Setup,
): Promise<RunningServer[]> {
  const servers: RunningServer[] = []
  try {
    for (const { role, command } of contenders) {
      const isExternal = role === SUBJECT && options.external !== null
      servers.push(
        isExternal && options.external !== null
          ? await attachServer(role, options.external)
          : await startServer(role, command, role === SUBJECT ? directivesOf(options, setup) : []),
      )
    }
    return servers
  } catch (error) {
    await stopFleet(servers)
    throw error
  }
}

export async function stopFleet(servers: readonly RunningServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()))
}

/** Spinel's own directives: the `never` set-up overrides the option. */
function directivesOf(options: Options, setup: Setup): string[] {
  const mode = setup === 'never' ? 'never' : options.inlineExecution
  return mode === null ? [] : ['--inline-execution', mode]
}
