/* The arguments of one command: ranges of one byte buffer. Argument 0 is the command's name. The framing fills it, the
 * handlers read it; it is reused for the next command, so nothing may keep it. Any thread, one at a time. Hot.
 *
 * I1  for i < count: offset[i] .. offset[i] + length[i] lies within bytes.
 * Bound: grows with the command, up to Redis's own limit of arguments; shrink() gives a large one back. */
import { copyBytes, equalBytes, equalsIgnoreCase, textOf } from './bytes.ts'
import { ARGUMENT_TOO_LONG } from './error-texts.ts'
import { LimitExceeded } from './limit-exceeded.ts'

/** `command` of arguments whose name was not looked up. */
export const NOT_LOOKED_UP = -2
const INITIAL_ARGUMENTS = 64
/** The longest text that is made of an argument: names, words, numbers, directives. */
export const MAX_TEXT_BYTES = 16 * 1024 * 1024
/** Thrown for a longer one. */
const TEXT_TOO_LONG = new LimitExceeded(ARGUMENT_TOO_LONG)

export class Args {
  bytes: Uint8Array
  count: number
  offset: Int32Array
  length: Int32Array
  /** The command's number once it was looked up ahead of its turn: -1 unknown name, NOT_LOOKED_UP. */
  command: number
  /** Whether shard and hash of the arguments that are keys are known, and they, by argument. */
  located: boolean
  keyShard: Int32Array
  keyHash: Int32Array

  constructor(bytes: Uint8Array = new Uint8Array(0), capacity = INITIAL_ARGUMENTS) {
    this.bytes = bytes
    this.count = 0
    this.offset = new Int32Array(capacity)
    this.length = new Int32Array(capacity)
    this.command = NOT_LOOKED_UP
    this.located = false
    this.keyShard = new Int32Array(capacity)
    this.keyHash = new Int32Array(capacity)
  }

  /** Appends one argument. */
  push(offset: number, length: number): void {
    if (this.count === this.offset.length) this.grow()
    this.offset[this.count] = offset
    this.length[this.count++] = length
  }

  private grow(): void {
    const offset = new Int32Array(this.offset.length * 2)
    const length = new Int32Array(this.offset.length * 2)
    offset.set(this.offset)
    length.set(this.length)
    this.offset = offset
    this.length = length
    this.keyShard = new Int32Array(offset.length)
    this.keyHash = new Int32Array(offset.length)
  }

  /** Forgets the arguments, and the memory of an unusually long command. */
  clear(): void {
    this.count = 0
    this.command = NOT_LOOKED_UP
    this.located = false
    if (this.offset.length > 1024 * INITIAL_ARGUMENTS) {
      this.offset = new Int32Array(INITIAL_ARGUMENTS)
      this.length = new Int32Array(INITIAL_ARGUMENTS)
      this.keyShard = new Int32Array(INITIAL_ARGUMENTS)
      this.keyHash = new Int32Array(INITIAL_ARGUMENTS)
    }
  }

  /** Whether argument 1 is the same as that of other arguments in the same bytes. Hot. */
  hasKeyOf(other: Args): boolean {
    const { bytes } = this
    const length = this.length[1]
    if (other.length[1] !== length || other.bytes !== bytes) return false
    return equalBytes(bytes, this.offset[1], bytes, other.offset[1], length)
  }

  /** Whether argument `index` spells `word` (upper-case, made with bytesOf) in any case. */
  is(index: number, word: Uint8Array): boolean {
    return equalsIgnoreCase(this.bytes, this.offset[index], this.length[index], word)
  }

  /**
   * The same up to argument `index`'s first zero byte, if it has any: Redis compares the words of its options, though
   * not of its subcommands, as C strings.
   */
  isOption(index: number, word: Uint8Array): boolean {
    const { bytes } = this
    const offset = this.offset[index]
    const length = this.length[index]
    const ends = length === word.length || (length > word.length && bytes[offset + word.length] === 0)
    return ends && equalsIgnoreCase(bytes, offset, word.length, word)
  }

  /** Argument `index` up to the first zero byte, as a latin1 string: what C would print of it. Allocates. */
  cText(index: number): string {
    const text = this.text(index)
    const end = text.indexOf('\0')
    return end < 0 ? text : text.slice(0, end)
  }

  /**
   * Argument `index` as a latin1 string. Allocates: not for the hot path. Throws LimitExceeded beyond MAX_TEXT_BYTES:
   * an argument may be longer than any string of V8's.
   */
  text(index: number): string {
    if (this.length[index] > MAX_TEXT_BYTES) throw TEXT_TOO_LONG
    return textOf(this.bytes, this.offset[index], this.length[index])
  }

  /** At most so many bytes of the beginning of argument `index`, as a latin1 string. */
  beginning(index: number, bytes: number): string {
    return textOf(this.bytes, this.offset[index], Math.min(bytes, this.length[index]))
  }

  /** A copy of argument `index`'s bytes. */
  copy(index: number): Uint8Array {
    return this.bytes.slice(this.offset[index], this.offset[index] + this.length[index])
  }

  /** The same arguments in bytes of their own. */
  clone(): Args {
    const copy = new Args(new Uint8Array(0), this.count)
    this.copyTo(copy, new Uint8Array(this.totalBytes()), 0)
    return copy
  }

  /** Gives `copy`, which has none, the same arguments, with their bytes from `at` on in `bytes`, which has room. */
  copyTo(copy: Args, bytes: Uint8Array, at: number): void {
    copy.bytes = bytes
    for (let i = 0; i < this.count; i++) {
      copyBytes(bytes, at, this.bytes, this.offset[i], this.length[i])
      copy.push(at, this.length[i])
      at += this.length[i]
    }
  }

  /** Bytes of all arguments together. */
  totalBytes(): number {
    let total = 0
    for (let i = 0; i < this.count; i++) total += this.length[i]
    return total
  }

  /** Arguments from latin1 strings, for tests and cold callers. */
  static of(...words: string[]): Args {
    let total = 0
    for (const word of words) total += word.length
    const args = new Args(new Uint8Array(total))
    let at = 0
    for (const word of words) {
      for (let i = 0; i < word.length; i++) args.bytes[at + i] = word.charCodeAt(i)
      args.push(at, word.length)
      at += word.length
    }
    return args
  }
}
