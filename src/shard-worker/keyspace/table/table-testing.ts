/* A table for its tests, in an arena of its own, beside the Map that it should equal. */
import { expect } from 'vitest'
import { bytesOf } from '../../../base/bytes.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import { bareEntry, keyOf, poisonedArena, SEED } from '../testing.ts'
import { Table } from './table.ts'
import { checkTable, ownBuckets } from './table-check.ts'
import { TABLE_BYTES } from './table-layout.ts'

export class TestTable {
  readonly arena: Arena
  readonly table: Table
  readonly model = new Map<string, number>()
  private readonly descriptor: number

  constructor(arenaBytes = 2 * 1024 * 1024) {
    this.arena = poisonedArena(arenaBytes)
    this.descriptor = this.arena.allocate(TABLE_BYTES)
    Table.initialize(this.arena, this.descriptor)
    this.table = new Table(this.arena, this.descriptor, SEED)
  }

  hash(key: string): number {
    return this.table.hash(bytesOf(key), 0, key.length)
  }

  find(key: string): number {
    return this.table.find(this.hash(key), bytesOf(key), 0, key.length)
  }

  /** False when the arena is full. */
  insert(key: string): boolean {
    if (this.model.has(key)) return true
    const entry = bareEntry(this.arena, key)
    if (entry === 0) return false
    if (!this.table.insert(this.hash(key), entry)) {
      this.arena.release(entry)
      return false
    }
    this.model.set(key, entry)
    return true
  }

  remove(key: string): void {
    const entry = this.find(key)
    expect(entry).toBe(this.model.get(key) ?? 0)
    if (entry === 0) return
    this.table.removeFound()
    this.arena.release(entry)
    this.model.delete(key)
    this.table.shrinkIfSparse()
  }

  clear(): void {
    for (const entry of this.model.values()) this.arena.release(entry)
    this.model.clear()
    this.table.clear()
  }

  /** Invariants, the model, and that every block is owned by the table or an entry. */
  check(): void {
    const met = new Set<number>()
    checkTable(this.table, (entry) => met.add(entry))
    expect(met).toEqual(new Set(this.model.values()))
    for (const [key, entry] of this.model) if (this.find(key) !== entry) expect.fail(`${key} is not found`)
    const owned = new Set<number>([this.descriptor, ...met])
    ownBuckets(this.table, (block) => owned.add(block))
    let live = 0
    this.arena.check((block) => {
      live++
      if (!owned.has(block)) expect.fail('a live block has no owner')
    })
    expect(live).toBe(owned.size)
  }

  scanAll(): string[] {
    const keys: string[] = []
    let cursor = 0
    do {
      cursor = this.table.scanStep(cursor)
      for (let i = 0; i < this.table.scannedCount; i++) keys.push(keyOf(this.arena, this.table.scanned[i]))
    } while (cursor !== 0)
    return keys
  }
}
