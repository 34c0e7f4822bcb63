/* The shared memory between the threads that save entries and the one that writes the file. Every thread.
 *
 * Who runs a command may have to save what it changes, so every thread that runs commands has a ring of its own to the
 * writing thread: rings have one producer each (src/shm/ring), and in which order entries come does not matter.
 *
 *   shard workers 0 .. W-1 --ring 0 .. W-1--+
 *                                           +--> the writing thread --> file
 *   I/O thread -------------ring W----------+
 *
 * Words of the control block, each on a line of its own:
 *
 *   0       1         2            3          4      32               64                    64 + 32 w
 *   | state | version | compressed | buffered | most | writer's bell  | room bell of ring 0 | ... ring W
 *
 * state   OPEN from the start of a save; ENDING: the rings hold all that there is; COMMITTING: the file is being put in
 *         the old one's place; DONE. DROPPED: nothing more is to be written.
 *
 *         OPEN --> ENDING --> COMMITTING --> DONE        a save that has come to COMMITTING can't be dropped any more:
 *           +---------+--> DROPPED                       whoever drops it waits for that moment
 *
 * version, compressed  how this file is written, whatever is configured meanwhile.
 * buffered, most       bytes that lie in the rings, and the most that ever lay there during this save.
 *
 * Record:
 *
 *   0    4       8      12      16      20     24                               24 + 8 marks
 *   | db | flags | keys | marks | shard | part | (place u32, length u32) * marks | bytes ... |
 *
 * db     of the entries, as numbered at the epoch.
 * flags  MORE: the last entry goes on in the ring's next record. PART: the record is a part of a huge entry of `shard`,
 *        number `part` of all that this shard sends (keyspace/open-value.ts): parts may come by several rings, and are
 *        to be taken in the order of their numbers. STRING: the bytes are a part of the string that is its value, as
 *        they are. LAST: its last part.
 * keys   entries that begin in it; of a huge one that ends in it.
 * marks  strings that the writing thread is to compress: their length prefixes stand at these places of the bytes, and
 *        so many bytes follow.
 *
 * Bound: SAVE_RING_BYTES a thread. A worker whose ring is full waits for the writing thread, which waits for nobody but
 * for the rest of an entry that has begun. The I/O thread never waits: see SaveOutput. */
import { formatRing, ringBytes } from '../shm/ring/ring.ts'
import { Doorbell } from '../shm/sync/doorbell.ts'

export const CHANNEL_OPEN = 1
export const CHANNEL_ENDING = 2
export const CHANNEL_DROPPED = 3
const CHANNEL_COMMITTING = 4
const CHANNEL_DONE = 5

export const SAVED_DB = 0
export const SAVED_FLAGS = 4
export const SAVED_KEYS = 8
export const SAVED_MARKS = 12
export const SAVED_SHARD = 16
export const SAVED_PART = 20
export const SAVED_HEADER_BYTES = 24
export const SAVED_MARK_BYTES = 8
/** The last entry of the record goes on in the next one. */
export const SAVED_MORE = 1
export const SAVED_IS_PART = 2
export const SAVED_STRING = 4
export const SAVED_LAST = 8

/** Address space; pages are there when they are first written. */
const SAVE_RING_BYTES = 16 * 1024 * 1024
const LINE_WORDS = 32
const STATE = 0
const VERSION = 1
const COMPRESSED = 2
const BUFFERED = 3
const MOST_BUFFERED = 4

/** What is handed to each thread. */
export interface SaveMemory {
  control: SharedArrayBuffer
  rings: SharedArrayBuffer[]
}

export function createSaveMemory(threads: number, ringCapacity = SAVE_RING_BYTES): SaveMemory {
  const rings = Array.from({ length: threads }, () => {
    const ring = new SharedArrayBuffer(ringBytes(ringCapacity))
    formatRing(ring, 0, ringCapacity)
    return ring
  })
  return { control: new SharedArrayBuffer((2 + threads) * LINE_WORDS * 4), rings }
}

export class SaveChannel {
  /** Rung when there is something to write, or the state has changed. */
  readonly writer: Doorbell
  /** Rung when ring i has room again. */
  readonly room: readonly Doorbell[]
  private readonly words: Int32Array

  constructor({ control, rings }: SaveMemory) {
    this.words = new Int32Array(control)
    this.writer = new Doorbell(this.words, LINE_WORDS)
    this.room = rings.map((_ring, i) => new Doorbell(this.words, (2 + i) * LINE_WORDS))
  }

  get state(): number {
    return Atomics.load(this.words, STATE)
  }

  /** RDB version of the file. */
  get version(): number {
    return this.words[VERSION]
  }

  /** Whether its strings are compressed. */
  get compresses(): boolean {
    return this.words[COMPRESSED] !== 0
  }

  /** Bytes in the rings when the writing thread last looked. */
  get buffered(): number {
    return this.words[BUFFERED]
  }

  get mostBuffered(): number {
    return this.words[MOST_BUFFERED]
  }

  /** The thread that writes. */
  noteBuffered(bytes: number): void {
    this.words[BUFFERED] = bytes
    if (bytes > this.words[MOST_BUFFERED]) this.words[MOST_BUFFERED] = bytes
  }

  /** I/O thread: a save begins. Before the epoch, so that every thread that saves an entry knows. */
  open(version: number, compresses: boolean): void {
    this.words[VERSION] = version
    this.words[COMPRESSED] = compresses ? 1 : 0
    this.words[BUFFERED] = 0
    this.words[MOST_BUFFERED] = 0
    Atomics.store(this.words, STATE, CHANNEL_OPEN)
  }

  /** I/O thread: the rings hold all that there is. */
  end(): void {
    Atomics.compareExchange(this.words, STATE, CHANNEL_OPEN, CHANNEL_ENDING)
    this.writer.ring()
  }

  /** Any thread: nothing more is to be written, and the old file stays. False: it is too late, the new one is there. */
  drop(): boolean {
    for (;;) {
      const { state } = this
      if (state === CHANNEL_DONE) return false
      if (state === CHANNEL_COMMITTING) Atomics.wait(this.words, STATE, CHANNEL_COMMITTING)
      else if (Atomics.compareExchange(this.words, STATE, state, CHANNEL_DROPPED) === state) break
    }
    Atomics.notify(this.words, STATE)
    this.writer.ring()
    return true
  }

  /** The thread that writes: whether it may put the new file in the old one's place. committed() follows. */
  commit(): boolean {
    return Atomics.compareExchange(this.words, STATE, CHANNEL_ENDING, CHANNEL_COMMITTING) === CHANNEL_ENDING
  }

  committed(): void {
    Atomics.store(this.words, STATE, CHANNEL_DONE)
    Atomics.notify(this.words, STATE)
  }

  /** The thread that writes: waits so long, unless the save is dropped meanwhile. */
  delay(ms: number): void {
    const { state } = this
    if (state !== CHANNEL_DROPPED) Atomics.wait(this.words, STATE, state, ms)
  }
}
