import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { emptyShard } from './testing.ts'

const KEYS = ['', 'a', 'b', 'key:000000000042', 'x'.repeat(500)]
const CLIENTS = [1, 2, 65, 2 ** 40 + 1]

const operation = fc.record({
  kind: fc.constantFrom('watch', 'watch', 'watch', 'touch', 'touch', 'touchDatabase', 'unwatch', 'isDirty'),
  client: fc.constantFrom(...CLIENTS),
  db: fc.nat(1),
  key: fc.constantFrom(...KEYS),
})

test('a change that was to come when the watch began leaves it clean, the next one does not', () => {
  const { watches } = emptyShard(256 * 1024)
  const dirty = () => watches.isDirty(1, () => false)
  expect(watches.watch(1, 0, bytesOf('k'), 0, 1, 1)).toBe(true)
  expect(dirty()).toBe(false)
  watches.touch(0, bytesOf('k'), 0, 1)
  expect(dirty()).toBe(false)
  watches.touch(0, bytesOf('k'), 0, 1)
  expect(dirty()).toBe(true)
  watches.unwatch(1)
})

test('a change to expect is none to those for whom the key is as it was', () => {
  const { watches } = emptyShard(256 * 1024)
  const dirty = () => [1, 2, 3].map((client) => watches.isDirty(client, () => false))
  const touch = () => watches.touch(0, bytesOf('k'), 0, 1)
  watches.watch(1, 0, bytesOf('k'), 0, 1)
  touch()
  watches.watch(2, 0, bytesOf('k'), 0, 1)
  watches.watch(3, 1, bytesOf('k'), 0, 1)
  watches.expectChange(0, ({ length }) => length === 1)
  expect(dirty()).toEqual([true, false, false])
  touch()
  expect(dirty()).toEqual([true, false, false])
  touch()
  watches.touch(1, bytesOf('k'), 0, 1)
  expect(dirty()).toEqual([true, true, true])
  for (const client of [1, 2, 3]) watches.unwatch(client)
})

test('a watch table behaves as versions in Maps', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
      const shard = emptyShard(256 * 1024)
      const { watches } = shard
      const versions = new Map<string, number>()
      const seen = new Map<number, Map<string, number>>(CLIENTS.map((client) => [client, new Map()]))
      const version = (name: string) => versions.get(name) ?? 0
      const isDirty = (client: number) =>
        [...(seen.get(client) as Map<string, number>)].some(([n, v]) => version(n) !== v)
      for (const { kind, client, db, key } of operations) {
        const mine = seen.get(client) as Map<string, number>
        const name = `${db}:${key}`
        if (kind === 'watch') {
          expect(watches.watch(client, db, bytesOf(key), 0, key.length)).toBe(true)
          if (!mine.has(name)) mine.set(name, version(name))
        } else if (kind === 'touch') {
          watches.touch(db, bytesOf(key), 0, key.length)
          versions.set(name, version(name) + 1)
        } else if (kind === 'touchDatabase') {
          watches.touchDatabase(db, ({ length }) => length === key.length)
          for (const k of KEYS) if (k.length === key.length) versions.set(`${db}:${k}`, version(`${db}:${k}`) + 1)
        } else if (kind === 'unwatch') {
          watches.unwatch(client)
          mine.clear()
        }
        const visited: string[] = []
        const dirty = watches.isDirty(client, (watched) => {
          const bytes = shard.arena.u8.slice(watched.offset, watched.offset + watched.length)
          visited.push(`${watched.db}:${Buffer.from(bytes).toString('latin1')}`)
          return false
        })
        expect(dirty).toBe(isDirty(client))
        expect(visited.sort()).toEqual([...mine.keys()].sort())
        expect(watches.count).toBe(new Set([...seen.values()].flatMap((names) => [...names.keys()])).size)
        shard.check()
      }
      for (const client of CLIENTS) watches.unwatch(client)
      expect(shard.arena.blockCount).toBe(1)
      shard.check()
    }),
    { numRuns: 60 },
  )
})

describe('a full arena', () => {
  test('refuses a watch and keeps those there are', () => {
    for (let allocations = 0; allocations < 3; allocations++) {
      for (const before of [0, 1]) {
        const { arena, watches, ...shard } = withFirstWatches(before)
        const allocate = arena.allocate.bind(arena)
        let left = allocations
        arena.allocate = (bytes) => (left-- > 0 ? allocate(bytes) : 0)
        const watched = watches.watch(9, 0, bytesOf('new'), 0, 3)
        Reflect.deleteProperty(arena, 'allocate')
        // The table is there already when somebody watches; a key and a watch take a block each.
        expect(watched).toBe(allocations >= 3 - before)
        expect(watches.count).toBe(before + (watched ? 1 : 0))
        shard.check()
      }
    }
  })

  function withFirstWatches(count: number) {
    const shard = emptyShard(256 * 1024)
    for (let i = 0; i < count; i++) shard.watches.watch(1, 0, bytesOf(`k${i}`), 0, 2)
    return { arena: shard.arena, watches: shard.watches, check: () => shard.check() }
  }
})

test('a change while nobody watches is no matter', () => {
  const shard = emptyShard(256 * 1024)
  shard.watches.touch(0, bytesOf('a'), 0, 1)
  shard.watches.touchDatabase(0, () => true)
  shard.watches.unwatch(1)
  expect(shard.watches.isDirty(1, () => false)).toBe(false)
  shard.check()
})

test('a key whose time has come since it was watched has changed', () => {
  const { watches } = emptyShard(256 * 1024)
  watches.watch(1, 0, bytesOf('a'), 0, 1)
  expect(watches.isDirty(1, () => true)).toBe(true)
  watches.watch(2, 0, bytesOf('a'), 0, 1, 1)
  expect(watches.isDirty(2, () => true)).toBe(false)
})
