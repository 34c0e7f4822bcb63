/* Walks a whole database of a shard and asserts its invariants. Baton holder; cold: for tests and the debug mode. */
import { assert } from '../../base/assert.ts'
import { blockOf, checkEntry, encodingOf, flagsOf, HAS_EXPIRE, OUT_OF_LINE, typeOf } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import { checkTable, ownBuckets } from './table-check.ts'
import { valueTypeOf } from './value-type.ts'

/** Asserts I1 (see keyspace.ts) and the invariants of tables, entries and values; hands every block to `own`. O(n). */
export function checkKeyspace(keyspace: Keyspace, own: (block: number) => void): void {
  const { arena, keys, expires } = keyspace
  let volatileCount = 0
  checkTable(keys, (entry) => {
    own(entry)
    checkEntry(arena, entry)
    const flags = flagsOf(arena, entry)
    if (flags & HAS_EXPIRE) volatileCount++
    if (flags & OUT_OF_LINE)
      valueTypeOf(typeOf(arena, entry)).check(arena, blockOf(arena, entry), own, encodingOf(arena, entry))
  })
  checkTable(expires, (entry) => {
    assert((flagsOf(arena, entry) & HAS_EXPIRE) !== 0, 'I1 only volatile entries are in expires')
  })
  assert(volatileCount === expires.used, 'I1 every volatile entry is in expires')
  ownBuckets(keys, own)
  ownBuckets(expires, own)
}
