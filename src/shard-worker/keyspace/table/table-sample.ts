/* Entries of a table drawn at random: RANDOMKEY, HRANDFIELD, eviction. Baton holder. What is drawn together is left in
 * the table's `scanned`. */
import { AssertionError } from '../../../base/assert.ts'
import { type Random, randomBelow } from '../../../base/ports.ts'
import type { Table } from './table.ts'
import { BUCKET_SHIFT, BUCKET_WAYS, BUCKETS0, BUCKETS1, MASK0, MASK1, REHASH } from './table-layout.ts'

/** Chains that are drawn before the table is walked. */
const RANDOM_TRIES = 200
/** Chains that a sample looks at for each entry wanted, before it takes what it has. */
const CHAINS_PER_SAMPLE = 10
/** Entries a chain is expected to hold at most, for fair sampling. */
const FAIR_CHAIN_ENTRIES = 2 * BUCKET_WAYS

/** A uniformly drawn entry, 0 in an empty table. Expected O(1); a table emptied by removals is walked at worst. */
export function randomEntry(table: Table, random: Random): number {
  if (table.used === 0) return 0
  for (let tries = 0; tries < RANDOM_TRIES; tries++) {
    const head = randomChain(table, random)
    if (head === 0) continue
    table.scannedCount = 0
    table.collect(head)
    const draw = randomBelow(random, Math.max(FAIR_CHAIN_ENTRIES, table.scannedCount))
    if (draw < table.scannedCount) return table.scanned[draw]
  }
  return randomByWalk(table, random)
}

/** A random chain, each with the same chance; 0 = drawn where there is none, draw again. */
function randomChain({ arena, base }: Table, random: Random): number {
  const { i32 } = arena
  const mask0 = i32[base + MASK0]
  const buckets0 = i32[base + BUCKETS0]
  if (i32[base + REHASH] < 0) return buckets0 + (randomBelow(random, mask0 + 1) << BUCKET_SHIFT)
  const mask1 = i32[base + MASK1]
  const smallMask = Math.min(mask0, mask1)
  const index = randomBelow(random, Math.max(mask0, mask1) + 1)
  const inSecond = (index & smallMask) < i32[base + REHASH]
  const mask = inSecond ? mask1 : mask0
  if (index > mask) return 0
  return (inSecond ? i32[base + BUCKETS1] : buckets0) + (index << BUCKET_SHIFT)
}

function randomByWalk(table: Table, random: Random): number {
  let skip = randomBelow(random, table.used)
  let cursor = 0
  do {
    cursor = table.scanStep(cursor)
    if (skip < table.scannedCount) return table.scanned[skip]
    skip -= table.scannedCount
  } while (cursor !== 0)
  throw new AssertionError('I3 used counts the entries that a walk meets')
}

/**
 * Puts up to `count` entries of neighbouring chains into `scanned`, from a random chain on, no entry twice, and at
 * least one unless the table is empty; with `count` as large as a table that is not sparse, all of them. Faster than
 * drawing each alone, and nearly as fair. Bound: CHAINS_PER_SAMPLE chains for each entry, beside randomEntry()'s.
 */
export function sampleEntries(table: Table, random: Random, count: number): void {
  const wanted = Math.min(count, table.used)
  table.scannedCount = 0
  if (wanted === 0) return
  const mask = smallMask(table)
  let chains = Math.min(wanted * CHAINS_PER_SAMPLE, mask + 1)
  for (let cursor = random.next32() & mask; chains > 0 && table.scannedCount < wanted; chains--) {
    const from = table.scannedCount
    cursor = table.gather(cursor)
    if (table.scannedCount > wanted) drawFrom(table, random, from, wanted)
  }
  if (table.scannedCount > 0) return
  table.scanned[0] = randomEntry(table, random)
  table.scannedCount = 1
}

/** The mask of the smaller array. */
function smallMask({ arena, base }: Table): number {
  const { i32 } = arena
  return i32[base + REHASH] < 0 ? i32[base + MASK0] : Math.min(i32[base + MASK0], i32[base + MASK1])
}

/** Leaves `end` scanned entries, those from `from` on drawn from all that are there. */
function drawFrom(table: Table, random: Random, from: number, end: number): void {
  const { scanned, scannedCount } = table
  for (let i = from; i < end; i++) {
    const draw = i + randomBelow(random, scannedCount - i)
    const drawn = scanned[draw]
    scanned[draw] = scanned[i]
    scanned[i] = drawn
  }
  table.scannedCount = end
}
