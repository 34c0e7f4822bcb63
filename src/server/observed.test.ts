import { expect, test } from 'vitest'
import { Configuration } from './configuration/configuration.ts'
import { observe } from './observed.ts'
import type { Server } from './server.ts'

/** As much of a server as is observed. */
function setUp(...directives: [string, string[]][]) {
  const configuration = new Configuration()
  for (const [name, words] of directives) expect(configuration.take(name, words)).toBeNull()
  const sequencer = { workers: 2, handedOver: 0, barriers: 0, holds: 0, pendingRuns: 0 }
  const sessions = new Map<number, object>()
  const clients = { sessions, received: 7, rejected: 1, eviction: { evicted: 3 } }
  const dispatcher = { blocking: { clients: { count: 5 } } }
  const server = { configuration, shards: { sequencer, engine: {} }, dispatcher, clients, sessions }
  return { sequencer, sessions, observed: observe(server as unknown as Server) }
}

test('the listeners are those of the configuration, each under its number', () => {
  const { observed } = setUp(['port', ['7000']], ['bind', ['127.0.0.1', '-::1']], ['unixsocket', ['/run/s']])
  expect([...observed.listeners()]).toEqual([
    [0, 'name=tcp,bind=127.0.0.1,bind=-::1,port=7000'],
    [1, 'name=unix,bind=/run/s'],
  ])
  expect([
    ...setUp(['port', ['0']], ['unixsocket', ['/s']])
      .observed.listeners()
      .keys(),
  ]).toEqual([1])
})

test('clients are counted by what they wait for', () => {
  const { sessions, observed } = setUp()
  sessions.set(1, { isBlocked: false, wait: null })
  sessions.set(2, { isBlocked: true, wait: null })
  sessions.set(3, { isBlocked: true, wait: { isTimed: true } })
  sessions.set(4, { isBlocked: true, wait: { isTimed: false } })
  const counts = { connected: 4, blocked: 3, timed: 1, blockingKeys: 5, received: 7, rejected: 1, evicted: 3 }
  expect(observed.clients()).toEqual(counts)
})

test('the counts of the sequencer are read as they are', () => {
  const { sequencer, observed } = setUp()
  Object.assign(sequencer, { handedOver: 5, barriers: 2, holds: 1, pendingRuns: 3 })
  const { workers, handedOver, barriers, holds, pendingRuns } = observed.fleet
  expect([workers, handedOver, barriers, holds, pendingRuns]).toEqual([2, 5, 2, 1, 3])
  expect(observed.isSensitive('requirepass')).toBe(true)
})
