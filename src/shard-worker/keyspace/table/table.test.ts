import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf } from '../../../base/bytes.ts'
import { randomBelow, SeededRandom } from '../../../base/ports.ts'
import { keyOf } from '../testing.ts'
import { checkTable } from './table-check.ts'
import { BUCKET_BYTES, INITIAL_BUCKETS } from './table-layout.ts'
import { TestTable } from './table-testing.ts'

/** Mixed lengths, the empty key among them. */
function key(n: number): string {
  return n === 0 ? '' : n % 7 === 0 ? `key:${n}:`.padEnd(n % 90, 'x') : String(n)
}

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert'), from: fc.nat(400), count: fc.nat(60) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove'), from: fc.nat(400), count: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rehash'), from: fc.nat(9), count: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('pause', 'resume'), from: fc.nat(1), count: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear'), from: fc.nat(1), count: fc.nat(1) }) },
)

test('a table behaves as a Map, with its rehash at any point', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const tested = new TestTable()
      let pauses = 0
      for (const { kind, from, count } of operations) {
        if (kind === 'insert') for (let i = 0; i < count; i++) expect(tested.insert(key(from + i))).toBe(true)
        else if (kind === 'remove') for (let i = 0; i < count; i++) tested.remove(key(from + i))
        else if (kind === 'rehash') tested.table.rehashStep(from)
        else if (kind === 'clear') tested.clear()
        else if (kind === 'pause' && pauses++ >= 0) tested.table.pauseRehash()
        else if (pauses > 0 && pauses-- > 0) tested.table.resumeRehash()
        expect(tested.table.used).toBe(tested.model.size)
        tested.check()
      }
      expect(new Set(tested.scanAll())).toEqual(new Set(tested.model.keys()))
      tested.clear()
      tested.check()
      expect(tested.arena.blockCount).toBe(1)
    }),
    { numRuns: 40 },
  )
})

describe('size', () => {
  test('a table that is told what comes does not grow meanwhile, nor is it larger than one that has grown', () => {
    for (const count of [0, 1, 36, 37, 1000, 5000]) {
      const told = new TestTable()
      told.table.prepare(count)
      const before = told.table.bucketCounts
      const grown = new TestTable()
      for (let n = 0; n < count; n++) for (const each of [told, grown]) each.insert(key(n))
      expect(told.table.bucketCounts).toEqual(before)
      while (grown.table.rehashStep(100));
      expect(grown.table.bucketCounts[0]).toBe(count === 0 ? 0 : before[0])
      told.table.prepare(100_000)
      expect(told.table.bucketCounts).toEqual(before)
      told.check()
    }
  })

  test('a table that is told more than there is room for begins small', () => {
    const tested = new TestTable()
    tested.table.prepare(1e12)
    expect(tested.insert('key')).toBe(true)
    tested.check()
  })

  test('a table grows with its keys, finishes its rehash, and shrinks when they go', () => {
    const tested = new TestTable()
    for (let n = 0; n < 5000; n++) tested.insert(key(n))
    const [first, second] = tested.table.bucketCounts
    expect(Math.max(first, second)).toBeGreaterThanOrEqual(512)
    while (tested.table.rehashStep(10)) tested.check()
    expect(tested.table.bucketCounts[1]).toBe(0)
    for (let n = 0; n < 4990; n++) tested.remove(key(n))
    while (tested.table.rehashStep(10)) tested.check()
    tested.table.shrinkIfSparse()
    while (tested.table.rehashStep(10)) tested.check()
    expect(tested.table.bucketCounts[0]).toBe(INITIAL_BUCKETS)
    tested.check()
  })

  test('a full arena lets no table lose a key: chains grow longer instead', () => {
    const tested = new TestTable(256 * 1024)
    let n = 0
    while (tested.insert(key(n))) n++
    expect(n).toBeGreaterThan(500)
    tested.check()
    for (let i = 0; i < n; i += 2) tested.remove(key(i))
    tested.check()
    while (tested.insert(key(n))) n++
    tested.check()
  })

  test('a rehash waits, and loses nothing, while the arena has room for one large block but for no bucket', () => {
    const tested = new TestTable(256 * 1024)
    // Long chains first: without a larger bucket array the table stays at four buckets.
    tested.table.pauseRehash()
    while (tested.table.used < 600) expect(tested.insert(`k${tested.model.size}`)).toBe(true)
    tested.table.resumeRehash()
    tested.insert('the one that begins the rehash')
    expect(tested.table.isRehashing).toBe(true)
    // All is in use then but every other block of the size that some number of buckets takes together.
    for (const buckets of [12, 13, 14, 15, 16, 18, 20]) {
      const filler: number[] = []
      const large: number[] = []
      for (let i = 0; i < 6; i++) large.push(tested.arena.allocate(buckets * BUCKET_BYTES))
      for (const bytes of [16384, 4096, 1024, 64]) {
        for (let block = tested.arena.allocate(bytes); block !== 0; block = tested.arena.allocate(bytes))
          filler.push(block)
      }
      for (let i = 0; i < large.length; i += 2) tested.arena.release(large[i])
      for (let i = 0; i < 4; i++) tested.table.rehashStep(1)
      let count = 0
      checkTable(tested.table, () => count++)
      expect(count).toBe(tested.model.size)
      for (let i = 1; i < large.length; i += 2) tested.arena.release(large[i])
      for (const block of filler) tested.arena.release(block)
      tested.check()
    }
    while (tested.table.rehashStep(1)) tested.check()
    tested.check()
  })
})

describe('keys of 65535 bytes and more', () => {
  const long = (bytes: number) => 'l'.repeat(bytes)

  test('are told apart by length', () => {
    const tested = new TestTable(4 * 1024 * 1024)
    for (const bytes of [65534, 65535, 65536, 70000]) expect(tested.insert(long(bytes))).toBe(true)
    tested.check()
    for (const bytes of [65534, 65535, 65536, 70000]) tested.remove(long(bytes))
    tested.check()
  })

  test('a key of exactly 65535 bytes is not taken for a longer one that it begins, even under one hash', () => {
    const tested = new TestTable(4 * 1024 * 1024)
    tested.insert(long(70000))
    expect(tested.table.find(tested.hash(long(70000)), bytesOf(long(65535)), 0, 65535)).toBe(0)
  })
})

test('SCAN meets every key that is there throughout, whatever comes, goes and moves between its calls', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed)
    const tested = new TestTable()
    const stable = 1 + randomBelow(random, 300)
    const passing = randomBelow(random, 4) * 1000
    const growsFirst = randomBelow(random, 2) === 0
    for (let n = 0; n < stable; n++) tested.insert(`stable:${n}`)
    if (!growsFirst) for (let n = 0; n < passing; n++) tested.insert(`passing:${n}`)
    const missing = new Set([...tested.model.keys()].filter((name) => name.startsWith('stable')))
    let cursor = 0
    let next = growsFirst ? 0 : passing
    let up = growsFirst
    do {
      cursor = tested.table.scanStep(cursor)
      for (let i = 0; i < tested.table.scannedCount; i++) missing.delete(keyOf(tested.arena, tested.table.scanned[i]))
      const burst = randomBelow(random, 200)
      for (let i = 0; i < burst; i++) {
        if (up && next < passing) tested.insert(`passing:${next++}`)
        else if (!up && next > 0) tested.remove(`passing:${--next}`)
      }
      if (randomBelow(random, 10) === 0) up = !up
      tested.table.rehashStep(randomBelow(random, 5))
    } while (cursor !== 0)
    if (missing.size > 0) expect.fail(`seed ${seed}: SCAN missed ${[...missing].join(' ')}`)
    tested.check()
  }
})

test('SCAN visits each key once while a table does not change, mid-rehash too', () => {
  const tested = new TestTable()
  for (let n = 0; n < 1000; n++) {
    tested.insert(key(n))
    if (n % 37 !== 0) continue
    const keys = tested.scanAll()
    expect(keys.length).toBe(new Set(keys).size)
    expect(keys.length).toBe(tested.model.size)
  }
})

test('an array of buckets is not cleared when a rehash begins, and costs what it says', () => {
  const tested = new TestTable()
  for (let n = 0; n < 36; n++) tested.insert(key(n))
  const before = tested.arena.usedBytes
  tested.insert(key(36))
  const [first, second] = tested.table.bucketCounts
  expect([first, second]).toEqual([INITIAL_BUCKETS, 2 * INITIAL_BUCKETS])
  expect(tested.arena.usedBytes - before).toBeGreaterThanOrEqual(2 * INITIAL_BUCKETS * BUCKET_BYTES)
  tested.check()
})
