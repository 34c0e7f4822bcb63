/* The families that the I/O thread runs, tied to the server they tell of. Main thread. */
import type { Family } from '../base/command-spec.ts'
import { clientFamily } from '../io/command/client.ts'
import { connectionFamily } from '../io/command/connection.ts'
import { transactionFamily } from '../io/routing/transaction.ts'
import type { Session } from '../io/session/session.ts'
import { infoFamily } from '../observability/info/family.ts'
import { commandFamily } from '../observability/introspection/family.ts'
import { latencyFamily } from '../observability/latency/family.ts'
import { memoryFamily } from '../observability/memory/family.ts'
import { slowLogFamily } from '../observability/slow-log/family.ts'
import { configFamily } from './command/config.ts'
import { debugFamily } from './command/debug.ts'
import { persistenceFamily } from './command/persistence.ts'
import { replicationFamily } from './command/replication.ts'
import { shutdownFamily } from './command/shutdown.ts'
import { timeFamily } from './command/time.ts'
import { debugContext } from './debug-context.ts'
import type { ServerParts } from './parts.ts'

/** `server` is asked only when a command runs: the declarations can be read without one. */
export function ioFamilies(server: () => ServerParts): Family<Session>[] {
  return [
    connectionFamily(server),
    clientFamily(() => server().clients),
    transactionFamily(() => server().dispatcher),
    shutdownFamily(server),
    configFamily(server),
    commandFamily(() => server().commands),
    infoFamily(() => server().observatory),
    slowLogFamily(() => server().observatory.slowLog),
    latencyFamily(() => server().observatory),
    memoryFamily(() => server().observatory),
    timeFamily(() => server().engine),
    persistenceFamily(server),
    ...replicationFamily(() => server().observatory.replication),
    debugFamily(() => debugContext(server())),
  ]
}
