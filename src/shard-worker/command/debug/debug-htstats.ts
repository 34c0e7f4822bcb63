/* What DEBUG HTSTATS says of the tables of a database, those of all shards taken together. Baton holder of every shard.
 * The lines are Redis's; a slot is a chain of buckets, so one with up to twelve keys is as good as one with one. */
import type { Table } from '../../keyspace/table/table.ts'
import { chainLengths } from '../../keyspace/table/table-check.ts'

/** Longer chains are counted together, as there. */
const LENGTHS = 50

/** Text about the first arrays of these tables, and about the second ones where a rehash runs. */
export function describeTables(tables: readonly Table[], full: boolean): string {
  const first = describeArrays(tables, 0, full)
  return tables.some((table) => table.isRehashing) ? first + describeArrays(tables, 1, full) : first
}

function describeArrays(tables: readonly Table[], which: 0 | 1, full: boolean): string {
  const lengths: number[] = []
  for (const table of tables) {
    for (const [length, chains] of chainLengths(table, which).entries()) {
      const at = Math.min(length, LENGTHS - 1)
      lengths[at] = (lengths[at] ?? 0) + (chains ?? 0)
    }
  }
  let size = 0
  let used = 0
  for (let length = 0; length < lengths.length; length++) {
    size += lengths[length] ?? 0
    used += length * (lengths[length] ?? 0)
  }
  const heading = `Hash table ${which} stats (${which === 0 ? 'main hash table' : 'rehashing target'}):\n`
  if (used === 0) return `${heading}No stats available for empty dictionaries\n`
  const counts = `${heading} table size: ${size}\n number of elements: ${used}\n`
  return full ? counts + describeChains(lengths, size, used) : counts
}

function describeChains(lengths: readonly number[], size: number, used: number): string {
  const slots = size - (lengths[0] ?? 0)
  const average = (used / slots).toFixed(2)
  let text =
    ` different slots: ${slots}\n max chain length: ${lengths.length - 1}\n` +
    ` avg chain length (counted): ${average}\n avg chain length (computed): ${average}\n Chain length distribution:\n`
  for (const [length, chains] of lengths.entries()) {
    if (chains) text += `   ${length}: ${chains} (${((chains / size) * 100).toFixed(2)}%)\n`
  }
  return text
}
