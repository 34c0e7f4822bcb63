/* The background thread of a save: takes the entries that the threads which run commands have encoded out of their
 * rings, compresses their strings and writes them into the file. A thread of the pool; it blocks as it likes. It waits
 * for no thread but for the rest of an entry that has begun; one that is saved in parts waits aside (value-parts.ts).
 *
 * What the I/O thread sends comes first: it is what commands are about to change, and once its ring is full nobody is
 * served until it has room. The workers' rings may fill, for then their slices end.
 *
 * Parts of a shard's huge entries are taken in the order of their numbers, from whichever ring they come: a ring whose
 * next record is a later part stands still meanwhile. The part that was sent first of all that are not taken yet can
 * always be taken, so some ring moves on.
 *
 * Bound: the rings. When the disk is slow they fill, and whoever saves waits or stops (save-output.ts). */

import { type Disk, systemDisk } from '../../base/ports.ts'
import { lengthBytes, RdbWriter } from '../../shard-worker/rdb/writer.ts'
import {
  CHANNEL_DROPPED,
  CHANNEL_ENDING,
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
} from '../../shard-worker/save-channel.ts'
import { RingConsumer } from '../../shm/ring/ring.ts'
import { Doorbell } from '../../shm/sync/doorbell.ts'
import { SnapshotError, SnapshotFile, type SnapshotOptions } from './snapshot-file.ts'
import { ValueParts } from './value-parts.ts'

export interface WriteTask {
  memory: SaveMemory
  /** Of the I/O thread, which sleeps there when it waits for room. */
  ioDoorbell: { words: SharedArrayBuffer; index: number }
  options: SnapshotOptions
  /** rdb-key-save-delay: microseconds for each key. */
  keyDelayUs: number
}

export type WriteResult =
  | { status: 'saved'; bytes: number }
  | { status: 'dropped' }
  /** `reason` for the log. */
  | { status: 'failed'; reason: string }

/** How long to sleep when nothing rings. */
const SLEEP_MS = 100
/** Records taken from a ring before its producer hears of the room. */
const RECORDS_AT_ONCE = 16

class SnapshotWriter {
  private readonly channel: SaveChannel
  private readonly rings: readonly RingConsumer[]
  private readonly ioDoorbell: Doorbell
  private readonly disk: Disk
  private readonly options: SnapshotOptions
  private readonly file: SnapshotFile
  /** By shard: its huge entry that has begun, and how many parts of such have been taken. */
  private readonly parts: (ValueParts | undefined)[] = []
  private readonly partsTaken: number[] = []
  /** For what of a part has strings to be compressed. */
  private readonly partWriter = new RdbWriter()
  private readonly keyDelayUs: number
  /** Milliseconds of delay that have not been waited yet. */
  private owedMs = 0

  constructor(task: WriteTask, channel: SaveChannel, disk: Disk) {
    this.channel = channel
    this.disk = disk
    this.options = task.options
    this.partWriter.compresses = task.options.compresses
    this.rings = task.memory.rings.map((ring) => new RingConsumer(ring))
    this.ioDoorbell = new Doorbell(new Int32Array(task.ioDoorbell.words), task.ioDoorbell.index)
    this.keyDelayUs = task.keyDelayUs
    this.file = new SnapshotFile(task.options, disk)
  }

  run(): WriteResult {
    const { file, channel } = this
    let isSaved = false
    try {
      if (!this.takeAll()) return { status: 'dropped' }
      file.finish()
      if (!channel.commit()) return { status: 'dropped' }
      try {
        file.commit()
      } finally {
        channel.committed()
      }
      isSaved = true
      return { status: 'saved', bytes: file.bytes }
    } finally {
      for (const parts of this.parts) parts?.discard()
      if (!isSaved) file.discard()
    }
  }

  /** Writes what comes until there is nothing more to come; false when the save is dropped. */
  private takeAll(): boolean {
    const { channel, rings } = this
    for (;;) {
      // Looked at before the rings are: what they hold when it says so is all.
      const { state } = channel
      if (state === CHANNEL_DROPPED) return false
      channel.noteBuffered(rings.reduce((sum, ring) => sum + ring.heldBytes, 0))
      if (this.takeSome() > 0) continue
      if (state === CHANNEL_ENDING) return true
      channel.writer.prepareToSleep()
      if (channel.state === state && !rings.some((ring) => this.canTake(ring))) channel.writer.sleep(SLEEP_MS)
      else channel.writer.cancelSleep()
    }
  }

  /** Takes some records from each worker's ring, and after each of them all that there are from the I/O thread's. */
  private takeSome(): number {
    const io = this.rings.length - 1
    let taken = 0
    for (let i = 0; i < io; i++) {
      taken += this.takeFrom(i)
      for (let more = this.takeFrom(io); more > 0; more = this.takeFrom(io)) taken += more
    }
    return taken
  }

  /** Whether a ring has a record whose turn it is. */
  private canTake(ring: RingConsumer): boolean {
    const offset = ring.next()
    return offset >= 0 && this.isItsTurn(ring, offset)
  }

  private isItsTurn({ i32 }: RingConsumer, offset: number): boolean {
    if ((i32[(offset + SAVED_FLAGS) >> 2] & SAVED_IS_PART) === 0) return true
    return i32[(offset + SAVED_PART) >> 2] === (this.partsTaken[i32[(offset + SAVED_SHARD) >> 2]] ?? 0)
  }

  /** Takes some records from a ring, to the end of the last entry; returns how many. */
  private takeFrom(index: number): number {
    const ring = this.rings[index]
    let taken = 0
    let isWhole = true
    while (!isWhole || taken < RECORDS_AT_ONCE) {
      const offset = ring.next()
      if (offset < 0) {
        if (isWhole) break
        if (this.channel.state === CHANNEL_DROPPED) break
        this.tellOfRoom(index)
        this.channel.writer.prepareToSleep()
        if (ring.isEmpty) this.channel.writer.sleep(SLEEP_MS)
        else this.channel.writer.cancelSleep()
        continue
      }
      if (!this.isItsTurn(ring, offset)) break
      const keys = ring.i32[(offset + SAVED_KEYS) >> 2]
      const flags = ring.i32[(offset + SAVED_FLAGS) >> 2]
      isWhole = (flags & SAVED_MORE) === 0
      if ((flags & SAVED_IS_PART) === 0) this.write(ring, offset)
      else this.file.attempt('rdbSaveRio', () => this.takePart(ring, offset, flags))
      ring.advance()
      taken++
      if (this.keyDelayUs !== 0) this.delay(keys)
    }
    if (taken > 0) this.tellOfRoom(index)
    return taken
  }

  /** Sets a part aside, and writes the entry if that was the last. */
  private takePart(ring: RingConsumer, offset: number, flags: number): void {
    const { i32, u8, length } = ring
    const shard = i32[(offset + SAVED_SHARD) >> 2]
    this.partsTaken[shard] = i32[(offset + SAVED_PART) >> 2] + 1
    const { temporary, compresses } = this.options
    this.parts[shard] ??= new ValueParts(this.disk, `${temporary}.${shard}`, compresses)
    const parts = this.parts[shard]
    if (flags & SAVED_STRING) parts.addString(u8, offset + SAVED_HEADER_BYTES, length - SAVED_HEADER_BYTES)
    else {
      const { partWriter } = this
      this.copyRecord(ring, offset, partWriter)
      parts.add(partWriter.bytes, 0, partWriter.length)
      partWriter.clear()
    }
    if ((flags & SAVED_LAST) === 0) return
    this.file.select(i32[(offset + SAVED_DB) >> 2])
    parts.copyTo(this.file)
    parts.discard()
  }

  private write(ring: RingConsumer, offset: number): void {
    this.file.select(ring.i32[(offset + SAVED_DB) >> 2])
    this.copyRecord(ring, offset, this.file.entries)
    this.file.flush()
  }

  /** Writes a record's bytes, its marked strings compressed. */
  private copyRecord(ring: RingConsumer, offset: number, writer: RdbWriter): void {
    const { u8, i32 } = ring
    const marks = i32[(offset + SAVED_MARKS) >> 2]
    const bytes = offset + SAVED_HEADER_BYTES + SAVED_MARK_BYTES * marks
    const end = offset + ring.length
    let from = bytes
    for (let mark = (offset + SAVED_HEADER_BYTES) >> 2; mark < bytes >> 2; mark += 2) {
      const prefix = bytes + i32[mark]
      const length = i32[mark + 1]
      writer.raw(u8, from, prefix - from)
      const string = prefix + lengthBytes(length)
      writer.string(u8, string, length)
      from = string + length
    }
    writer.raw(u8, from, end - from)
  }

  private tellOfRoom(index: number): void {
    this.channel.room[index].ring()
    if (index === this.rings.length - 1) this.ioDoorbell.ring()
  }

  /** A negative delay is that share of a microsecond, as in Redis. */
  private delay(keys: number): void {
    this.owedMs += (keys * (this.keyDelayUs > 0 ? this.keyDelayUs : -1 / this.keyDelayUs)) / 1000
    if (this.owedMs < 1) return
    this.channel.delay(this.owedMs)
    this.owedMs = 0
  }
}

/** What the pool runs. */
export function writeSnapshot(task: WriteTask, disk: Disk = systemDisk): WriteResult {
  const channel = new SaveChannel(task.memory)
  try {
    return new SnapshotWriter(task, channel, disk).run()
  } catch (error) {
    // Whoever waits for room must learn that nobody will make any.
    channel.drop()
    if (error instanceof SnapshotError) return { status: 'failed', reason: error.message }
    throw error
  }
}
