/* The whole command table: the engine's families first, so that a command has the same number here as in the workers,
 * then those of the I/O thread. Main thread. */

import type { Family } from '../base/command-spec.ts'
import { CommandTable } from '../base/command-table.ts'
import type { Session } from '../io/session/session.ts'
import { shardFamilies } from '../shard-worker/command/table.ts'
import type { Engine } from '../shard-worker/engine.ts'

/** Every command the server knows. Handlers take an Engine where `runs` is not 'io', a Session where it is. */
export function wholeTable(ioFamilies: readonly Family<Session>[]): CommandTable<never> {
  return new CommandTable<never>([...shardFamilies, ...ioFamilies])
}

export function engineTable(): CommandTable<Engine> {
  return new CommandTable<Engine>(shardFamilies)
}
