/* The ports through which time and chance enter the engine, and by which snapshots reach the disk. Production hands in
 * the operating system's; tests and simulations hand in ones they control, so the same inputs always give the same run.
 * Any thread. */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'

/** A source of time. */
export interface Clock {
  /** Wall-clock time in whole milliseconds since the Unix epoch. */
  nowMs(): number
  /** Monotonic time in microseconds (fractions allowed) since an arbitrary start. */
  monotonicUs(): number
}

/** A source of uniformly distributed bits. */
export interface Random {
  /** The next 32 random bits, as an unsigned integer in [0, 2^32). */
  next32(): number
}

/** Files. Every call blocks, and throws the system's error (system-error.ts). A file is its descriptor. */
export interface Disk {
  /** Opens a file for writing, and for reading back what was written; one that is there is emptied. */
  create(path: string): number
  /** Opens a file, or a directory to be synced, for reading. */
  open(path: string): number
  /** Bytes of the file. */
  size(file: number): number
  /** Reads up to `length` bytes, from `position` on or where the last read ended (null); 0 at the end. */
  read(file: number, target: Uint8Array, offset: number, length: number, position: number | null): number
  /** Appends up to `length` bytes; returns how many. */
  write(file: number, source: Uint8Array, offset: number, length: number): number
  /** Has what was written on the disk: the bytes and what is needed to read them; or all that is known of the file. */
  syncData(file: number): void
  sync(file: number): void
  close(file: number): void
  rename(from: string, to: string): void
  /** Removes a file, if it is there. */
  remove(path: string): void
}

/** The operating system's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => performance.now() * 1000,
}

/** The operating system's files. */
export const systemDisk: Disk = {
  create: (path) => openSync(path, 'w+'),
  open: (path) => openSync(path, 'r'),
  size: (file) => fstatSync(file).size,
  read: (file, target, offset, length, position) => readSync(file, target, offset, length, position),
  write: (file, source, offset, length) => writeSync(file, source, offset, length),
  syncData: (file) => fdatasyncSync(file),
  sync: (file) => fsyncSync(file),
  close: (file) => closeSync(file),
  rename: (from, to) => renameSync(from, to),
  remove: (path) => rmSync(path, { force: true }),
}

/** A small, fast, seeded generator (xorshift128, Marsaglia 2003): equal seeds give equal sequences. */
export class SeededRandom implements Random {
  private x: number
  private y: number
  private z: number
  private w: number

  constructor(seed: number) {
    this.x = seed | 0
    this.y = 362436069
    this.z = 521288629
    this.w = 88675123
    for (let i = 0; i < 16; i++) this.next32()
  }

  next32(): number {
    const t = this.x ^ (this.x << 11)
    this.x = this.y
    this.y = this.z
    this.z = this.w
    this.w = this.w ^ (this.w >>> 19) ^ t ^ (t >>> 8)
    return this.w >>> 0
  }
}

/** A uniform integer in [0, bound); `bound` at most 2^32. */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor((random.next32() / 4294967296) * bound)
}
