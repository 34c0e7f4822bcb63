/* The server as its observatory sees it. Main thread. */
import { memoryOf } from '../io/session/describe.ts'
import type { ClientCounts } from '../observability/info/context.ts'
import type { Observed } from '../observability/observatory.ts'
import type { Values } from './configuration/directives/table.ts'
import type { ServerParts } from './parts.ts'

/* Numbers of the listeners in INFO server. */
const TCP_LISTENER = 0
const UNIX_LISTENER = 1

export function observe(server: ServerParts): Observed {
  const { configuration, shards } = server
  const { sequencer } = shards
  return {
    values: configuration.values,
    get configFile() {
      return configuration.file
    },
    isSensitive: (directive) => configuration.isSensitive(directive),
    clock: server.clock,
    engine: shards.engine,
    commands: server.commands,
    sessions: server.sessions,
    clientMemory: {
      total: memoryOf,
      input: (session) => session.queryBufferBytes,
      output: (session) => session.outputBytes,
    },
    traffic: server.traffic,
    fleet: {
      workers: sequencer.workers,
      get handedOver() {
        return sequencer.handedOver
      },
      get barriers() {
        return sequencer.barriers
      },
      get holds() {
        return sequencer.holds
      },
      get pendingRuns() {
        return sequencer.pendingRuns
      },
      broadcast: (frame) => sequencer.broadcast(frame),
      ask: (frame) => sequencer.ask(frame),
    },
    endTiming: () => server.endTiming(),
    turns: server.turns,
    cronUs: () => server.cron.busyUs,
    clients: () => clientCounts(server),
    memoryExceeded: () => server.keyEviction.exceeded,
    saves: () => server.persistence.figures(),
    loads: () => server.loading.figures(),
    listeners: () => listeners(configuration.values),
  }
}

function clientCounts(server: ServerParts): ClientCounts {
  const { sessions, received, rejected } = server.clients
  let blocked = 0
  let timed = 0
  for (const { isBlocked, wait } of sessions.values()) {
    if (isBlocked) blocked++
    if (wait?.isTimed) timed++
  }
  const { evicted } = server.clients.eviction
  const blockingKeys = server.dispatcher.blocking.clients.count
  return { connected: sessions.size, blocked, timed, blockingKeys, received, rejected, evicted }
}

function listeners(values: Values): Map<number, string> {
  const found = new Map<number, string>()
  if (values.port !== 0) {
    const addresses = values.bind.map((address) => `bind=${address}`).join(',')
    found.set(TCP_LISTENER, `name=tcp,${addresses},port=${values.port}`)
  }
  if (values.unixsocket !== '') found.set(UNIX_LISTENER, `name=unix,bind=${values.unixsocket}`)
  return found
}
