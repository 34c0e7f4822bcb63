import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { BlockedClients, type WaitedKey, type WaitingClient } from './blocked-clients.ts'

class Client implements WaitingClient<Client> {
  waitsFor: WaitedKey<Client>[] = []
  readonly id: number

  constructor(id: number) {
    this.id = id
  }
}

/** Names of which some share a place in the filter. */
const hashOf = (name: string) => name.charCodeAt(0) % 3
const keyName = (name: string, db = 0) => ({ db, hash: hashOf(name), name })
const added = (table: BlockedClients<Client>, name: string, db = 0) =>
  table.added(db, hashOf(name), bytesOf(name), 0, name.length)
const ids = (key: WaitedKey<Client>) => [...key.clients].map(({ id }) => id)

test('a key is free until somebody waits for it, and when nobody does any more', () => {
  const table = new BlockedClients<Client>()
  const client = new Client(1)
  expect(table.isFree(hashOf('a'))).toBe(true)
  table.add(client, [keyName('a'), keyName('a'), keyName('b', 2)])
  expect([table.count, table.isFree(hashOf('a')), table.isFree(hashOf('c'))]).toEqual([2, false, true])
  expect(table.named('b').map(({ db, name }) => [db, name])).toEqual([[2, 'b']])
  table.remove(client)
  expect([table.count, table.isFree(hashOf('a')), table.named('a')]).toEqual([0, true, []])
  table.check()
})

test('clients of a key stand in the order in which they came; who comes again stands behind', () => {
  const table = new BlockedClients<Client>()
  const [first, second, third] = [new Client(1), new Client(2), new Client(3)]
  for (const client of [first, second, third]) table.add(client, [keyName('a')])
  table.remove(second)
  table.add(second, [keyName('a')])
  expect(ids(table.named('a')[0])).toEqual([1, 3, 2])
})

test('keys become ready once, in order, each in its own database', () => {
  const table = new BlockedClients<Client>()
  table.add(new Client(1), [keyName('a'), keyName('a', 1), keyName('b')])
  added(table, 'b')
  added(table, 'c')
  added(table, 'a', 1)
  added(table, 'b')
  table.check()
  const ready = table.takeReady()
  expect(ready.map(({ db, name }) => [db, name])).toEqual([
    [0, 'b'],
    [1, 'a'],
  ])
  expect(table.takeReady()).toEqual([])
  // Until it is looked after, one that comes again is not queued again.
  added(table, 'b')
  expect(table.takeReady()).toEqual([])
  ready[0].isReady = false
  added(table, 'b')
  expect(table.takeReady()).toEqual([ready[0]])
})

test('two databases that exchange their contents may have all of their keys ready', () => {
  const table = new BlockedClients<Client>()
  table.add(new Client(1), [keyName('a'), keyName('b', 1), keyName('c', 2), keyName('d', 1)])
  table.swapped(1, 0)
  expect(table.takeReady().map(({ name }) => name)).toEqual(['b', 'd', 'a'])
})

test('it behaves as a list of waits', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const operation = fc.record({
    kind: fc.constantFrom('add', 'remove', 'added', 'take'),
    client: fc.nat(5),
    keys: fc.array(fc.record({ name: fc.constantFrom(...names), db: fc.nat(1) }), { maxLength: 4 }),
  })
  fc.assert(
    fc.property(fc.array(operation), (operations) => {
      const table = new BlockedClients<Client>()
      const clients = Array.from({ length: 6 }, (_, id) => new Client(id))
      let model: { id: number; key: string }[] = []
      for (const { kind, client, keys } of operations) {
        if (kind === 'add' && clients[client].waitsFor.length === 0) {
          table.add(
            clients[client],
            keys.map(({ name, db }) => keyName(name, db)),
          )
          for (const key of new Set(keys.map(({ name, db }) => `${name}${db}`))) model.push({ id: client, key })
        } else if (kind === 'remove') {
          table.remove(clients[client])
          model = model.filter(({ id }) => id !== client)
        } else if (kind === 'added') for (const { name, db } of keys) added(table, name, db)
        else if (kind === 'take') {
          for (const key of table.takeReady()) key.isReady = false
        }
        table.check()
        for (const name of names) {
          for (const db of [0, 1]) {
            const key = table.named(name).find((each) => each.db === db)
            const waiting = model.filter((each) => each.key === `${name}${db}`).map(({ id }) => id)
            expect(key === undefined ? [] : ids(key)).toEqual(waiting)
          }
        }
      }
    }),
  )
})
