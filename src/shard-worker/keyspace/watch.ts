/* Watched keys of one shard (https://redis.io/docs/interact/transactions/#optimistic-locking-using-check-and-set). A
 * watched key has a version that every change raises; a client's watch remembers the version it saw; EXEC goes ahead
 * only if all are still the same. Neither a change nor a client's going needs to visit other clients. Baton holder.
 *
 * Table, at the root's `watches`, allocated with the first watch:
 *
 *   0                      256                        512
 *   | keys u32[64] heads   | clients u32[64] heads    |
 *
 * Key node:    | next u32 | hash u32 | db u32 | watchers u32 | version f64 | length u32 | pad | key bytes |
 * Watch node:  | next u32 | key node u32 | client f64 | version f64 |
 *
 * I1  a key node's `watchers` counts the watch nodes that name it, and is not 0.
 * I2  the root's `watched` counts the key nodes; the table exists exactly while it is not 0.
 * I3  a client watches a key of a database at most once. */
import { assert } from '../../base/assert.ts'
import { copyBytes, equalBytes } from '../../base/bytes.ts'
import { keyHash } from '../../base/key-hash.ts'
import type { Arena } from '../../shm/arena/arena.ts'
import { ROOT_WATCHED, ROOT_WATCHES } from './shard-layout.ts'

const HEADS = 64
const CLIENT_HEADS = HEADS * 4
const TABLE_BYTES = HEADS * 8

const KEY_NEXT = 0
const KEY_HASH = 4
const KEY_DATABASE = 8
const KEY_WATCHERS = 12
const KEY_VERSION = 16
const KEY_LENGTH = 24
const KEY_BYTES = 32

const WATCH_NEXT = 0
const WATCH_KEY = 4
const WATCH_CLIENT = 8
const WATCH_VERSION = 16
const WATCH_NODE_BYTES = 24

const ROOT_WATCHES_WORD = ROOT_WATCHES >> 2
const ROOT_WATCHED_WORD = ROOT_WATCHED >> 2

/** A watched key as the visitors see it: valid during the call. */
export interface WatchedKey {
  db: number
  offset: number
  length: number
}

export class WatchTable {
  private readonly arena: Arena
  private readonly root: number

  constructor(arena: Arena) {
    this.arena = arena
    this.root = arena.root >> 2
  }

  /** Watched keys of the shard. Hot: every change asks. */
  get count(): number {
    return this.arena.u32[this.root + ROOT_WATCHED_WORD]
  }

  private get table(): number {
    return this.arena.u32[this.root + ROOT_WATCHES_WORD]
  }

  /**
   * Client `client` watches a key from now on, whose next `changesToCome` changes do not count; false when the arena is
   * full, with nothing changed.
   */
  watch(client: number, db: number, bytes: Uint8Array, offset: number, length: number, changesToCome = 0): boolean {
    const { arena } = this
    if (this.table === 0 && !this.allocateTable()) return false
    const key = this.findKey(db, bytes, offset, length) || this.addKey(db, bytes, offset, length)
    if (key === 0 || this.findWatch(client, key) !== 0) {
      this.releaseTableIfUnused()
      return key !== 0
    }
    const node = arena.allocate(WATCH_NODE_BYTES)
    if (node === 0) {
      if (arena.u32[(key + KEY_WATCHERS) >> 2] === 0) this.removeKey(key)
      this.releaseTableIfUnused()
      return false
    }
    const head = this.clientHead(client)
    arena.u32[(node + WATCH_NEXT) >> 2] = arena.u32[head]
    arena.u32[(node + WATCH_KEY) >> 2] = key
    arena.f64[(node + WATCH_CLIENT) >> 3] = client
    arena.f64[(node + WATCH_VERSION) >> 3] = arena.f64[(key + KEY_VERSION) >> 3] + changesToCome
    arena.u32[head] = node
    arena.u32[(key + KEY_WATCHERS) >> 2]++
    return true
  }

  /** A key changed. */
  touch(db: number, bytes: Uint8Array, offset: number, length: number): void {
    if (this.count === 0) return
    const key = this.findKey(db, bytes, offset, length)
    if (key !== 0) this.arena.f64[(key + KEY_VERSION) >> 3]++
  }

  /** Every watched key of a database for which `changed` says so has changed: FLUSHDB, SWAPDB. */
  touchDatabase(db: number, changed: (key: WatchedKey) => boolean): void {
    this.eachKey((node) => {
      if (this.databaseOf(node) === db && changed(this.describe(node))) this.arena.f64[(node + KEY_VERSION) >> 3]++
    })
  }

  /**
   * The next change of every watched key of a database for which `comes` says so is none to those for whom the key is
   * as it was: a key that has expired already has come in the place of one that was not there.
   */
  expectChange(db: number, comes: (key: WatchedKey) => boolean): void {
    const { f64 } = this.arena
    this.eachWatch((node, key) => {
      const version = f64[(key + KEY_VERSION) >> 3]
      if (this.databaseOf(key) !== db || version > f64[(node + WATCH_VERSION) >> 3]) return
      if (comes(this.describe(key))) f64[(node + WATCH_VERSION) >> 3] = version + 1
    })
  }

  /**
   * Whether any key that a client watches has changed. `hasExpired` tells of each of them whether it is there still
   * though its time has come, which is a change to come.
   */
  isDirty(client: number, hasExpired: (key: WatchedKey) => boolean): boolean {
    const { u32, f64 } = this.arena
    if (this.table === 0) return false
    let dirty = false
    for (let node = u32[this.clientHead(client)]; node !== 0; node = u32[(node + WATCH_NEXT) >> 2]) {
      if (f64[(node + WATCH_CLIENT) >> 3] !== client) continue
      const key = u32[(node + WATCH_KEY) >> 2]
      const version = f64[(key + KEY_VERSION) >> 3] + (hasExpired(this.describe(key)) ? 1 : 0)
      if (version > f64[(node + WATCH_VERSION) >> 3]) dirty = true
    }
    return dirty
  }

  /** A client watches nothing any more. */
  unwatch(client: number): void {
    const { arena } = this
    if (this.table === 0) return
    let link = this.clientHead(client)
    while (arena.u32[link] !== 0) {
      const node = arena.u32[link]
      if (arena.f64[(node + WATCH_CLIENT) >> 3] !== client) {
        link = (node + WATCH_NEXT) >> 2
        continue
      }
      arena.u32[link] = arena.u32[(node + WATCH_NEXT) >> 2]
      const key = arena.u32[(node + WATCH_KEY) >> 2]
      if (--arena.u32[(key + KEY_WATCHERS) >> 2] === 0) this.removeKey(key)
      arena.release(node)
    }
    this.releaseTableIfUnused()
  }

  private allocateTable(): boolean {
    const table = this.arena.allocate(TABLE_BYTES)
    if (table === 0) return false
    this.arena.u8.fill(0, table, table + TABLE_BYTES)
    this.arena.u32[this.root + ROOT_WATCHES_WORD] = table
    return true
  }

  private releaseTableIfUnused(): void {
    if (this.count !== 0) return
    this.arena.release(this.table)
    this.arena.u32[this.root + ROOT_WATCHES_WORD] = 0
  }

  private keyHead(hash: number): number {
    return (this.table >> 2) + (hash & (HEADS - 1))
  }

  private clientHead(client: number): number {
    return ((this.table + CLIENT_HEADS) >> 2) + (client % HEADS)
  }

  private databaseOf(node: number): number {
    return this.arena.u32[(node + KEY_DATABASE) >> 2]
  }

  private describe(node: number): WatchedKey {
    return { db: this.databaseOf(node), offset: node + KEY_BYTES, length: this.arena.u32[(node + KEY_LENGTH) >> 2] }
  }

  private findKey(db: number, bytes: Uint8Array, offset: number, length: number): number {
    const { u32, u8 } = this.arena
    const hash = keyHash(bytes, offset, length, db)
    for (let node = u32[this.keyHead(hash)]; node !== 0; node = u32[(node + KEY_NEXT) >> 2]) {
      if (
        u32[(node + KEY_HASH) >> 2] === hash >>> 0 &&
        this.databaseOf(node) === db &&
        u32[(node + KEY_LENGTH) >> 2] === length &&
        equalBytes(u8, node + KEY_BYTES, bytes, offset, length)
      ) {
        return node
      }
    }
    return 0
  }

  private addKey(db: number, bytes: Uint8Array, offset: number, length: number): number {
    const { arena } = this
    const node = arena.allocate(KEY_BYTES + length)
    if (node === 0) return 0
    const hash = keyHash(bytes, offset, length, db)
    const head = this.keyHead(hash)
    arena.u32[(node + KEY_NEXT) >> 2] = arena.u32[head]
    arena.u32[(node + KEY_HASH) >> 2] = hash
    arena.u32[(node + KEY_DATABASE) >> 2] = db
    arena.u32[(node + KEY_WATCHERS) >> 2] = 0
    arena.f64[(node + KEY_VERSION) >> 3] = 0
    arena.u32[(node + KEY_LENGTH) >> 2] = length
    copyBytes(arena.u8, node + KEY_BYTES, bytes, offset, length)
    arena.u32[head] = node
    arena.u32[this.root + ROOT_WATCHED_WORD]++
    return node
  }

  private removeKey(key: number): void {
    const { u32 } = this.arena
    let link = this.keyHead(u32[(key + KEY_HASH) >> 2])
    while (u32[link] !== key) link = (u32[link] + KEY_NEXT) >> 2
    u32[link] = u32[(key + KEY_NEXT) >> 2]
    this.arena.release(key)
    u32[this.root + ROOT_WATCHED_WORD]--
  }

  private findWatch(client: number, key: number): number {
    const { u32, f64 } = this.arena
    let node = u32[this.clientHead(client)]
    while (node !== 0 && (f64[(node + WATCH_CLIENT) >> 3] !== client || u32[(node + WATCH_KEY) >> 2] !== key)) {
      node = u32[(node + WATCH_NEXT) >> 2]
    }
    return node
  }

  private eachKey(visit: (node: number) => void): void {
    if (this.table === 0) return
    const { u32 } = this.arena
    for (let head = 0; head < HEADS; head++) {
      for (let node = u32[(this.table >> 2) + head]; node !== 0; node = u32[(node + KEY_NEXT) >> 2]) visit(node)
    }
  }

  private eachWatch(visit: (node: number, key: number) => void): void {
    if (this.table === 0) return
    const { u32 } = this.arena
    const heads = (this.table + CLIENT_HEADS) >> 2
    for (let head = 0; head < HEADS; head++) {
      for (let node = u32[heads + head]; node !== 0; node = u32[(node + WATCH_NEXT) >> 2]) {
        visit(node, u32[(node + WATCH_KEY) >> 2])
      }
    }
  }

  /** Asserts I1 to I3 and hands every block to `own`. */
  check(own: (block: number) => void): void {
    const { u32 } = this.arena
    assert((this.table === 0) === (this.count === 0), 'I2 the table exists exactly while keys are watched')
    if (this.table === 0) return
    own(this.table)
    const watchers = new Map<number, number>()
    this.eachKey((node) => {
      own(node)
      watchers.set(node, 0)
    })
    assert(watchers.size === this.count, 'I2 watched counts the key nodes')
    this.eachWatch((node, key) => {
      own(node)
      assert(watchers.has(key), 'a watch names a key node')
      watchers.set(key, (watchers.get(key) as number) + 1)
    })
    for (const [node, count] of watchers) {
      assert(count > 0 && u32[(node + KEY_WATCHERS) >> 2] === count, 'I1 watchers counts the watch nodes')
    }
  }
}
