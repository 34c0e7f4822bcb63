import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Clock } from '../base/ports.ts'
import { memoryOf, SESSION_BYTES } from '../io/session/describe.ts'
import type { Session } from '../io/session/session.ts'
import { Log } from '../observability/log.ts'
import { ClientEviction } from './client-eviction.ts'
import { Configuration } from './configuration/configuration.ts'

const KB = 1024
const clock: Clock = { nowMs: () => 0, monotonicUs: () => 0 }

/** As much of a session as is looked at. */
interface Client {
  queryBufferBytes: number
  noEvict: boolean
}

/** A server of such clients, who had to go, in order, and what was complained of. */
function crowd() {
  const configuration = new Configuration()
  const sessions = new Map<number, Session>()
  const evicted: number[] = []
  const warnings: string[] = []
  const log = new Log({ clock })
  log.notice = () => {}
  log.warning = (text) => warnings.push(text)
  const describeClient = (session: Session): string => {
    evicted.push(session.id)
    return ''
  }
  const eviction = new ClientEviction({ configuration, log, sessions, describeClient })
  const add = (id: number, bytes: number, noEvict = false): Client & Session => {
    const session = {
      id,
      queryBufferBytes: bytes - SESSION_BYTES,
      noEvict,
      type: 'normal',
      isClosed: false,
      accountedBytes: 0,
      outputBytes: 0,
      outputPieces: 0,
      transaction: { queuedBytes: 0, watchedBytes: 0 },
      wait: null,
      destroy() {
        sessions.delete(id)
        eviction.forget(session)
      },
    } as unknown as Client & Session
    sessions.set(id, session)
    eviction.account(session)
    return session
  }
  const set = (name: string, value: string) =>
    expect(configuration.set([[name, value]], { local: true, loading: false })).toBeNull()
  return { sessions, evicted, warnings, eviction, add, set }
}

test('size classes from the top, within one the oldest, and no more than must', () => {
  const { sessions, evicted, eviction, add, set } = crowd()
  for (const [id, size] of [300, 100, 520, 200, 600].entries()) add(id, size * KB)
  eviction.evict()
  expect(evicted).toEqual([])
  set('maxmemory-clients', '700kb')
  eviction.evict()
  expect(evicted).toEqual([2, 4])
  expect([...sessions.keys()]).toEqual([0, 1, 3])
  eviction.evict()
  expect(eviction.evicted).toBe(2)
})

test('a percentage is one of maxmemory, and means nothing without', () => {
  const { evicted, eviction, add, set } = crowd()
  set('maxmemory-clients', '50%')
  add(1, 900 * KB)
  eviction.evict()
  expect(evicted).toEqual([])
  set('maxmemory', '1000kb')
  eviction.evict()
  expect(evicted).toEqual([1])
})

test('no limit is so low that nobody could raise it', () => {
  const { evicted, eviction, add, set } = crowd()
  set('maxmemory-clients', '1')
  add(1, 100 * KB)
  eviction.evict()
  expect(evicted).toEqual([])
})

test('what a client has given back does not count against anybody', () => {
  const { evicted, eviction, add, set } = crowd()
  set('maxmemory-clients', '500kb')
  const first = add(1, 400 * KB)
  first.queryBufferBytes = 0
  add(2, 300 * KB)
  eviction.evict()
  expect(evicted).toEqual([])
})

test('clients that must stay are not looked at again for each batch', () => {
  const { evicted, eviction, warnings, add, set } = crowd()
  set('maxmemory-clients', '500kb')
  const kept = add(1, 600 * KB, true)
  for (let i = 0; i < 10; i++) eviction.evict()
  expect(warnings).toEqual(['Over client maxmemory after evicting all evictable clients'])
  expect(evicted).toEqual([])
  // One that need not stay is looked at at once.
  add(2, 10 * KB)
  eviction.evict()
  expect(evicted).toEqual([2])
  kept.noEvict = false
  eviction.turn()
  expect(evicted).toEqual([2, 1])
})

test('after it the rest fits, or only those that must stay are left', () => {
  const client = fc.record({ size: fc.integer({ min: 10, max: 400 }), mustStay: fc.boolean() })
  fc.assert(
    fc.property(fc.array(client), fc.integer({ min: 128, max: 2000 }), (clients, limit) => {
      const { sessions, evicted, eviction, add, set } = crowd()
      set('maxmemory-clients', `${limit}kb`)
      for (const [id, { size, mustStay }] of clients.entries()) {
        add(id, size * KB, mustStay)
        eviction.turn()
        const left = [...sessions.values()]
        const held = left.reduce((sum, session) => sum + memoryOf(session), 0)
        expect(held <= limit * KB || left.every(({ noEvict }) => noEvict)).toBe(true)
      }
      expect(evicted.filter((id) => clients[id].mustStay)).toEqual([])
      expect(eviction.evicted).toBe(evicted.length)
    }),
  )
})
