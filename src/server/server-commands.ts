/* The families of the server group, tied to the server they tell of. Main thread. */
import type { Family } from '../base/command-spec.ts'
import type { Session } from '../io/session/session.ts'
import { commandFamily } from '../observability/introspection/family.ts'
import { configFamily } from './command/config.ts'
import type { Server } from './server.ts'

export function serverFamilies(server: Server): Family<Session>[] {
  return [configFamily(() => server), commandFamily(() => server.commands)]
}
