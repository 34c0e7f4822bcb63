/* Who waits for which keys: the blocked clients of BLPOP and its like, in the order in which they came, and the keys
 * that have become ready. I/O thread. Hot: isFree(), which every quick command asks.
 *
 *   names    name -> WaitedKey (db 0), WaitedKey (db 3), ...     names are rare, and databases rarer
 *   filter   | count | count | ...                               by the low bits of a key's hash
 *   WaitedKey.clients   Client, Client, ...                      a set keeps the order in which they came
 *
 * I1  a client is in `clients` of each of its keys, or of none.
 * I2  a key is in `names` exactly while somebody waits for it, once for its database.
 * I3  `count` counts those keys, and filter[f] those of them whose hash ends in f.
 * I4  `ready` holds a key at most once, and each of its keys says so.
 * Bound: what the commands of the connected clients name. */

import { MAX_TEXT_BYTES } from '../../base/args.ts'
import { assert } from '../../base/assert.ts'
import { bytesOf, textOf } from '../../base/bytes.ts'
import type { AddedKeys } from '../../shard-worker/keyspace/added-keys.ts'

/** Counters of the filter, a power of two: with hundreds of keys waited for, few others pass. */
const FILTER_SIZE = 4096

/** A client that waits for keys. */
export interface WaitingClient<Client> {
  /** Those it is in the queues of; the table's to write. */
  waitsFor: WaitedKey<Client>[]
}

export interface KeyName {
  readonly db: number
  /** The keyspace's hash of its bytes. */
  readonly hash: number
  /** Its bytes, as latin1 text. */
  readonly name: string
}

export class WaitedKey<Client> implements KeyName {
  readonly db: number
  readonly hash: number
  readonly name: string
  readonly bytes: Uint8Array
  /** In the order in which they are served. */
  readonly clients = new Set<Client>()
  /** It has come into being, and its clients have yet to be looked after. */
  isReady = false

  constructor({ db, hash, name }: KeyName) {
    this.db = db
    this.hash = hash
    this.name = name
    this.bytes = bytesOf(name)
  }
}

export class BlockedClients<Client extends WaitingClient<Client>> implements AddedKeys {
  /** Keys waited for, each database's for itself. */
  count = 0
  private readonly names = new Map<string, WaitedKey<Client>[]>()
  private readonly filter = new Int32Array(FILTER_SIZE)
  private ready: WaitedKey<Client>[] = []

  /** Whether surely nobody waits for a key with this hash. */
  isFree(hash: number): boolean {
    return this.count === 0 || this.filter[hash & (FILTER_SIZE - 1)] === 0
  }

  /** The keys of this name that are waited for, one for each database. */
  named(name: string): readonly WaitedKey<Client>[] {
    return this.names.get(name) ?? []
  }

  /** The same of a name in bytes, with its hash. */
  namedBy(hash: number, bytes: Uint8Array, offset: number, length: number): readonly WaitedKey<Client>[] {
    // No client waits for a key of a longer name.
    return this.isFree(hash) || length > MAX_TEXT_BYTES ? [] : this.named(textOf(bytes, offset, length))
  }

  /** A client that waits for nothing waits for these keys from now on, behind all others. */
  add(client: Client, keys: readonly KeyName[]): void {
    assert(client.waitsFor.length === 0, 'I1 a client waits once')
    for (const each of keys) {
      const key = this.find(each) ?? this.insert(each)
      if (key.clients.has(client)) continue
      key.clients.add(client)
      client.waitsFor.push(key)
    }
  }

  /** A client waits for nothing any more. */
  remove(client: Client): void {
    for (const key of client.waitsFor) {
      key.clients.delete(client)
      if (key.clients.size === 0) this.erase(key)
    }
    client.waitsFor = []
  }

  private find({ name, db }: KeyName): WaitedKey<Client> | undefined {
    return this.named(name).find((key) => key.db === db)
  }

  private insert(named: KeyName): WaitedKey<Client> {
    const key = new WaitedKey<Client>(named)
    const namesakes = this.names.get(key.name)
    if (namesakes === undefined) this.names.set(key.name, [key])
    else namesakes.push(key)
    this.filter[key.hash & (FILTER_SIZE - 1)]++
    this.count++
    return key
  }

  private erase(key: WaitedKey<Client>): void {
    const namesakes = this.names.get(key.name)
    assert(namesakes !== undefined, 'I2 a key that is waited for is in the table')
    if (namesakes.length === 1) this.names.delete(key.name)
    else namesakes.splice(namesakes.indexOf(key), 1)
    this.filter[key.hash & (FILTER_SIZE - 1)]--
    this.count--
  }

  /* AddedKeys. */

  added(db: number, hash: number, bytes: Uint8Array, offset: number, length: number): void {
    for (const key of this.namedBy(hash, bytes, offset, length)) if (key.db === db) this.makeReady(key)
  }

  swapped(first: number, second: number): void {
    for (const db of [first, second]) {
      for (const namesakes of this.names.values()) {
        for (const key of namesakes) if (key.db === db) this.makeReady(key)
      }
    }
  }

  private makeReady(key: WaitedKey<Client>): void {
    if (key.isReady) return
    key.isReady = true
    this.ready.push(key)
  }

  /** Takes the keys that have become ready, in that order; `isReady` is the caller's to clear when it comes to one. */
  takeReady(): readonly WaitedKey<Client>[] {
    const { ready } = this
    if (ready.length > 0) this.ready = []
    return ready
  }

  /** Asserts I1 to I4. O(everything). */
  check(): void {
    const filter = new Int32Array(FILTER_SIZE)
    let count = 0
    for (const [name, namesakes] of this.names) {
      assert(namesakes.length > 0, 'I2 a name is there for a key')
      assert(new Set(namesakes.map(({ db }) => db)).size === namesakes.length, 'I2 once for a database')
      for (const key of namesakes) {
        assert(key.name === name, 'I2 a key is found by its name')
        assert(key.clients.size > 0, 'I2 somebody waits for each key')
        for (const client of key.clients) assert(client.waitsFor.includes(key), 'I1 a client knows its keys')
        filter[key.hash & (FILTER_SIZE - 1)]++
        count++
      }
    }
    assert(count === this.count, 'I3 count')
    assert(
      filter.every((each, at) => each === this.filter[at]),
      'I3 filter',
    )
    assert(new Set(this.ready).size === this.ready.length, 'I4 ready once')
    for (const key of this.ready) assert(key.isReady, 'I4 a key knows that it is ready')
  }
}
