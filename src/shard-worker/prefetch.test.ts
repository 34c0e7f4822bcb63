import { expect, test } from 'vitest'
import { Random } from '../../test/support/random.ts'
import { bareEntry, emptyShard, keyOf } from './keyspace/testing.ts'
import { PREFETCH_KEYS, Prefetcher } from './prefetch.ts'

/** A shard with keys in its first database; or with fewer, if it is to be caught in the midst of growing. */
function shardWith(keys: number, growing = false) {
  const shard = emptyShard()
  const { keys: table } = shard.keyspaces[0]
  const hashes: number[] = []
  for (let i = 0; i < keys && !(growing && table.isRehashing); i++) {
    const entry = bareEntry(shard.arena, `key:${i}`)
    const hash = table.hashOf(entry)
    expect(keyOf(shard.arena, entry)).toBe(`key:${i}`)
    expect(table.insert(hash, entry)).toBe(true)
    hashes.push(hash)
  }
  return { shard, table, hashes }
}

test('it reads and changes nothing, whatever the tables are in the midst of and whatever it is asked for', () => {
  const random = new Random(11)
  const prefetcher = new Prefetcher()
  for (const [keys, growing] of [[0], [1], [12], [60], [400], [2000, true]] as const) {
    const { shard, table, hashes } = shardWith(keys, growing)
    expect(table.isRehashing).toBe(growing === true)
    const before = shard.arena.u8.slice()
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < PREFETCH_KEYS; i++) {
        const known = keys > 0 && random.chance(0.7)
        prefetcher.add(random.pick([table, shard.keyspaces[1].keys]), known ? random.pick(hashes) : random.next() | 0)
      }
      prefetcher.run()
    }
    expect(Buffer.compare(before, shard.arena.u8)).toBe(0)
  }
})

test('it holds as many keys as its bound, leaves out the rest, and is empty after each run', () => {
  const { table, hashes } = shardWith(100)
  const prefetcher = new Prefetcher()
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < PREFETCH_KEYS; i++) {
      expect(prefetcher.isFull).toBe(false)
      prefetcher.add(table, hashes[i])
    }
    expect(prefetcher.isFull).toBe(true)
    for (let i = 0; i < 10; i++) prefetcher.add(table, hashes[i])
    expect(prefetcher.isFull).toBe(true)
    prefetcher.run()
  }
  expect(prefetcher.isFull).toBe(false)
})

test('it loads the entries that the hashes name: what the loads add up to depends on them', () => {
  const { table, hashes, shard } = shardWith(40)
  const prefetcher = new Prefetcher()
  const sinkOf = (hash: number) => {
    prefetcher.add(table, hash)
    prefetcher.run()
    return prefetcher.sink
  }
  const bytes = new TextEncoder().encode('key:7')
  const entry = table.find(hashes[7], bytes, 0, bytes.length)
  const before = sinkOf(hashes[7])
  const others = hashes.filter((_, i) => i !== 7).map(sinkOf)
  shard.arena.u32[entry >> 2] += 1
  expect(sinkOf(hashes[7])).toBe(before + 1)
  // A key with the same tag in the same bucket shares the load; of forty keys hardly any does.
  const touched = hashes.filter((_, i) => i !== 7).filter((hash, i) => sinkOf(hash) !== others[i])
  expect(touched.length).toBeLessThan(3)
})
