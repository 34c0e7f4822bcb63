/* A thread's way into a snapshot: entries are encoded as the file has them and go by the thread's ring to the one that
 * writes the file. Each thread that runs commands has one. Hot while a snapshot runs.
 *
 * Entries gather until there are enough of them for a record, or flush() is called: at the end of a slice, and of a
 * run. Their strings are compressed by the thread that writes (see DeferringWriter). The parts of a huge entry, which
 * is saved in steps (keyspace/open-value.ts), go in records of their own.
 *
 * Bound: the ring. At the bound a worker waits for room. The I/O thread, which must not, keeps what does not fit in a
 * backlog, and reads no further commands from anybody until that is gone (`isStuck`): so the backlog is what one batch
 * or transaction has to save, no more. */
import { assert } from '../base/assert.ts'
import { Fifo } from '../base/fifo.ts'
import { RingProducer } from '../shm/ring/ring.ts'
import type { Doorbell } from '../shm/sync/doorbell.ts'
import { DeferringWriter, GATHERED_BYTES } from './deferring-writer.ts'
import type { Access } from './keyspace/access.ts'
import type { Keyspace } from './keyspace/keyspace.ts'
import { takePartNumber, VALUE_END } from './keyspace/open-value.ts'
import type { SaveSink } from './keyspace/save/save-hook.ts'
import { isLongValue, savedAccess, writeEntry, writeEntryHead, writeValueStep } from './rdb/codecs.ts'
import {
  CHANNEL_DROPPED,
  SAVED_DB,
  SAVED_FLAGS,
  SAVED_HEADER_BYTES,
  SAVED_IS_PART,
  SAVED_KEYS,
  SAVED_LAST,
  SAVED_MARK_BYTES,
  SAVED_MARKS,
  SAVED_MORE,
  SAVED_PART,
  SAVED_SHARD,
  SAVED_STRING,
  SaveChannel,
  type SaveMemory,
} from './save-channel.ts'
import type { EngineSettings } from './settings.ts'

/** Bytes of the largest record. */
const PIECE_BYTES = 256 * 1024
/** What gathers, one string more, and their marks. */
const LEAST_RECORD_BYTES = 128 * 1024
/** A slice begins no chain when the ring has less room, as a share of all: a few values that are not large fit then. */
const LEAST_ROOM_SHARE = 1 / 8
/**
 * A thread whose ring was full goes on when it has room for some of the largest records, or half of the ring if that is
 * less: the I/O thread serves nobody until then.
 */
const ROOM_BYTES = 4 * PIECE_BYTES
/** A full ring is looked at this often, should its doorbell not ring: the thread that writes may have failed. */
const ROOM_WAIT_MS = 100

interface Piece {
  db: number
  flags: number
  keys: number
  shard: number
  part: number
  /** As a record has them. */
  marks: Uint32Array
  bytes: Uint8Array
}

const NO_MARKS = new Uint32Array(0)

export class SaveOutput implements SaveSink<Keyspace> {
  private readonly channel: SaveChannel
  private readonly ring: RingProducer
  private readonly room: Doorbell
  private readonly access: Access
  private readonly settings: EngineSettings
  private readonly mayWait: boolean
  private readonly writer: DeferringWriter
  /** Database and number of the entries that have gathered. */
  private db = 0
  private keys = 0
  /** Whose huge entry it is that gathers, or null. */
  private stepped: Keyspace | null = null
  /** Whether the last record said that its entry goes on. */
  private isOpen = false
  private readonly backlog = new Fifo<Piece>()
  /** Called when something has had to go to the backlog. */
  onStuck: () => void = () => {}

  /** `thread` is the number of the ring; `mayWait`: whether the thread may wait for room. */
  constructor(memory: SaveMemory, thread: number, access: Access, settings: EngineSettings, mayWait: boolean) {
    this.channel = new SaveChannel(memory)
    this.ring = new RingProducer(memory.rings[thread])
    assert(this.ring.maxRecordBytes >= LEAST_RECORD_BYTES, 'what gathers before it is sent fits a record')
    this.room = this.channel.room[thread]
    this.access = access
    this.settings = settings
    this.mayWait = mayWait
    const { channel } = this
    this.writer = new DeferringWriter(
      () => channel.compresses,
      () => this.sendGathered(this.stepped === null ? SAVED_MORE : SAVED_IS_PART),
      (source, offset, length) => this.sendStringPiece(source, offset, length),
    )
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
    if (writer.length >= GATHERED_BYTES || db !== this.db || this.stepped !== null) this.flush()
    writer.version = this.channel.version
    this.db = db
    this.keys++
    writeEntry(writer, keyspace, entry, this.access, savedAccess(this.settings.maxmemoryPolicy))
    // The thread that writes waits for the rest of an entry that has begun, and takes nothing from others meanwhile.
    if (this.isOpen) this.flush()
  }

  isLong(keyspace: Keyspace, entry: number): boolean {
    return isLongValue(keyspace, entry)
  }

  saveStep(keyspace: Keyspace, entry: number, db: number, cursor: number): number {
    const { writer } = this
    if (this.stepped !== keyspace) this.flush()
    this.stepped = keyspace
    this.db = db
    writer.version = this.channel.version
    if (cursor === 0) writeEntryHead(writer, keyspace, entry, this.access, savedAccess(this.settings.maxmemoryPolicy))
    writer.isStepped = true
    const next = writeValueStep(writer, keyspace, entry, cursor)
    writer.isStepped = false
    if (next === VALUE_END) {
      this.keys = 1
      this.sendGathered(SAVED_IS_PART | SAVED_LAST)
      this.stepped = null
    } else if (writer.length >= GATHERED_BYTES) this.sendGathered(SAVED_IS_PART)
    return next
  }

  /** Sends a piece of the string that is a huge value, after what has gathered of its entry. */
  private sendStringPiece(source: Uint8Array, offset: number, length: number): void {
    if (this.writer.length > 0) this.sendGathered(SAVED_IS_PART)
    this.send(0, SAVED_IS_PART | SAVED_STRING, NO_MARKS, source.subarray(offset, offset + length))
  }

  /** Sends what has gathered; to be called between entries, or steps of one. */
  flush(): void {
    if (this.writer.length > 0 || this.isOpen) this.sendGathered(this.stepped === null ? 0 : SAVED_IS_PART)
    this.stepped = null
  }

  /** Without marks it may be long, and goes in pieces. */
  private sendGathered(flags: number): void {
    const { writer } = this
    const { bytes, length, markCount } = writer
    const marks = markCount === 0 ? NO_MARKS : writer.marks.subarray(0, 2 * markCount)
    const largest = Math.min(PIECE_BYTES, this.ring.maxRecordBytes - SAVED_HEADER_BYTES - SAVED_MARK_BYTES * markCount)
    assert(markCount === 0 || length <= largest, 'what has marks fits a record')
    // Without bytes it tells that the entry has ended with the record before.
    for (let from = 0; from === 0 || from < length; from += largest) {
      const count = Math.min(largest, length - from)
      const isLast = from + count === length
      const more = this.stepped === null ? SAVED_MORE : SAVED_IS_PART
      this.send(from === 0 ? this.keys : 0, isLast ? flags : more, marks, bytes.subarray(from, from + count))
    }
    writer.clear()
    this.keys = 0
    this.isOpen = flags === SAVED_MORE
  }

  private send(keys: number, flags: number, marks: Uint32Array, bytes: Uint8Array): void {
    const { db, stepped } = this
    const shard = stepped === null ? 0 : stepped.shard.index
    const part = stepped === null ? 0 : takePartNumber(stepped.arena)
    while (this.isStuck || !this.push(db, flags, keys, shard, part, marks, bytes)) {
      if (!this.mayWait) {
        this.backlog.push({ db, flags, keys, shard, part, marks: marks.slice(), bytes: bytes.slice() })
        this.onStuck()
        return
      }
      this.waitForRoom()
    }
  }

  /** Puts a record into the ring; false when that is full. */
  private push(
    db: number,
    flags: number,
    keys: number,
    shard: number,
    part: number,
    marks: Uint32Array,
    bytes: Uint8Array,
  ): boolean {
    const { ring, channel } = this
    // Nobody takes anything any more: what is saved is lost on purpose.
    if (channel.state === CHANNEL_DROPPED) return true
    const markBytes = 4 * marks.length
    const offset = ring.reserve(SAVED_HEADER_BYTES + markBytes + bytes.length)
    if (offset < 0) return false
    const { i32, u8 } = ring
    i32[(offset + SAVED_DB) >> 2] = db
    i32[(offset + SAVED_FLAGS) >> 2] = flags
    i32[(offset + SAVED_KEYS) >> 2] = keys
    i32[(offset + SAVED_MARKS) >> 2] = marks.length >> 1
    i32[(offset + SAVED_SHARD) >> 2] = shard
    i32[(offset + SAVED_PART) >> 2] = part
    i32.set(marks, (offset + SAVED_HEADER_BYTES) >> 2)
    u8.set(bytes, offset + SAVED_HEADER_BYTES + markBytes)
    ring.commit(SAVED_HEADER_BYTES + markBytes + bytes.length)
    channel.writer.ring()
    return true
  }

  private waitForRoom(): void {
    this.room.prepareToSleep()
    if (this.hasRoom) this.room.cancelSleep()
    else this.room.sleep(ROOM_WAIT_MS)
  }

  private get hasRoom(): boolean {
    return this.ring.freeBytes >= Math.min(this.ring.capacity / 2, ROOM_BYTES) || this.channel.state === CHANNEL_DROPPED
  }

  /* The I/O thread's. */

  /** Moves what waits into the ring, as far as there is room. */
  drain(): void {
    for (let next = this.backlog.first; next !== undefined; next = this.backlog.first) {
      const { db, flags, keys, shard, part, marks, bytes } = next
      if (!this.push(db, flags, keys, shard, part, marks, bytes)) return
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
    this.stepped = null
    this.isOpen = false
    while (this.backlog.shift() !== undefined);
  }
}
