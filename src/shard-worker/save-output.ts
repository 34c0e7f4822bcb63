/* A thread's way into a snapshot: entries are encoded as the file has them and go by the thread's ring to the one that
 * writes the file. Each thread that runs commands has one. Hot while a snapshot runs.
 *
 * Entries gather until there are enough of them for a record, or flush() is called: at the end of a slice, and of a
 * run.
 *
 * Bound: the ring. At the bound a worker waits for room. The I/O thread, which must not, keeps what does not fit in a
 * backlog, and reads no further commands from anybody until that is gone (`isStuck`): so the backlog is what one batch
 * or transaction has to save, no more. */
import { Fifo } from '../base/fifo.ts'
import { RingProducer } from '../shm/ring/ring.ts'
import type { Doorbell } from '../shm/sync/doorbell.ts'
import type { Access } from './keyspace/access.ts'
import type { Keyspace } from './keyspace/keyspace.ts'
import type { SaveSink } from './keyspace/save-hook.ts'
import { savedAccess, writeEntry } from './rdb/codecs.ts'
import { RdbWriter } from './rdb/writer.ts'
import {
  CHANNEL_DROPPED,
  SAVED_DB,
  SAVED_FLAGS,
  SAVED_HEADER_BYTES,
  SAVED_KEYS,
  SAVED_MORE,
  SaveChannel,
  type SaveMemory,
} from './save-channel.ts'
import type { EngineSettings } from './settings.ts'

/** Entries gather until they are this many bytes. */
const GATHERED_BYTES = 32 * 1024
/** Bytes of the largest record. */
const PIECE_BYTES = 256 * 1024
/** A slice begins no chain when the ring has less room, as a share of all: a few values that are not large fit then. */
const LEAST_ROOM_SHARE = 1 / 8
/** A full ring is looked at this often, should its doorbell not ring: the thread that writes may have failed. */
const ROOM_WAIT_MS = 100

interface Piece {
  db: number
  flags: number
  keys: number
  bytes: Uint8Array
}

export class SaveOutput implements SaveSink<Keyspace> {
  private readonly channel: SaveChannel
  private readonly ring: RingProducer
  private readonly room: Doorbell
  private readonly access: Access
  private readonly settings: EngineSettings
  private readonly mayWait: boolean
  private readonly writer = new RdbWriter()
  /** Database and number of the entries that have gathered. */
  private db = 0
  private keys = 0
  private readonly backlog = new Fifo<Piece>()
  /** Called when something has had to go to the backlog. */
  onStuck: () => void = () => {}

  /** `thread` is the number of the ring; `mayWait`: whether the thread may wait for room. */
  constructor(memory: SaveMemory, thread: number, access: Access, settings: EngineSettings, mayWait: boolean) {
    this.channel = new SaveChannel(memory)
    this.ring = new RingProducer(memory.rings[thread])
    this.room = this.channel.room[thread]
    this.access = access
    this.settings = settings
    this.mayWait = mayWait
  }

  /** Whether something waits for room. */
  get isStuck(): boolean {
    return this.backlog.length > 0
  }

  /** Whether a slice had better stop: too little room, or saving is slowed down and what was saved is not written. */
  isFull(): boolean {
    const { ring } = this
    if (this.settings.rdbKeySaveDelay !== 0) return this.writer.length > 0 || !ring.isEmpty
    return ring.freeBytes < ring.capacity * LEAST_ROOM_SHARE
  }

  save(keyspace: Keyspace, entry: number, db: number): void {
    const { writer } = this
    if (writer.length >= GATHERED_BYTES || (db !== this.db && writer.length > 0)) this.flush()
    writer.version = this.channel.version
    writer.compresses = this.channel.compresses
    this.db = db
    this.keys++
    writeEntry(writer, keyspace, entry, this.access, savedAccess(this.settings.maxmemoryPolicy))
  }

  /** Sends what has gathered. */
  flush(): void {
    const { writer } = this
    const { bytes, length } = writer
    if (length === 0) return
    const largest = Math.min(PIECE_BYTES, this.ring.maxRecordBytes - SAVED_HEADER_BYTES)
    for (let from = 0; from < length; from += largest) {
      const count = Math.min(largest, length - from)
      this.send(from === 0 ? this.keys : 0, from + count < length ? SAVED_MORE : 0, bytes.subarray(from, from + count))
    }
    writer.clear()
    this.keys = 0
  }

  private send(keys: number, flags: number, bytes: Uint8Array): void {
    while (this.isStuck || !this.push(this.db, flags, keys, bytes)) {
      if (!this.mayWait) {
        this.backlog.push({ db: this.db, flags, keys, bytes: bytes.slice() })
        this.onStuck()
        return
      }
      this.waitForRoom()
    }
  }

  /** Puts a record into the ring; false when that is full. */
  private push(db: number, flags: number, keys: number, bytes: Uint8Array): boolean {
    const { ring, channel } = this
    // Nobody takes anything any more: what is saved is lost on purpose.
    if (channel.state === CHANNEL_DROPPED) return true
    const offset = ring.reserve(SAVED_HEADER_BYTES + bytes.length)
    if (offset < 0) return false
    const { i32, u8 } = ring
    i32[(offset + SAVED_DB) >> 2] = db
    i32[(offset + SAVED_FLAGS) >> 2] = flags
    i32[(offset + SAVED_KEYS) >> 2] = keys
    u8.set(bytes, offset + SAVED_HEADER_BYTES)
    ring.commit(SAVED_HEADER_BYTES + bytes.length)
    channel.writer.ring()
    return true
  }

  private waitForRoom(): void {
    this.room.prepareToSleep()
    if (this.hasRoom) this.room.cancelSleep()
    else this.room.sleep(ROOM_WAIT_MS)
  }

  private get hasRoom(): boolean {
    return this.ring.freeBytes >= this.ring.capacity / 2 || this.channel.state === CHANNEL_DROPPED
  }

  /* The I/O thread's. */

  /** Moves what waits into the ring, as far as there is room. */
  drain(): void {
    for (let next = this.backlog.first; next !== undefined; next = this.backlog.first) {
      if (!this.push(next.db, next.flags, next.keys, next.bytes)) return
      this.backlog.shift()
    }
  }

  /** Whether drain() would do anything. */
  get canDrain(): boolean {
    return this.isStuck && this.hasRoom
  }

  /** Forgets what has not been sent: the save is given up. */
  drop(): void {
    this.writer.clear()
    this.keys = 0
    while (this.backlog.shift() !== undefined);
  }
}
