/* Batches of commands, encoded before the run so that sending one costs a single write of ready bytes.
 *
 *   bytes   | batch 0: `pipeline` commands | batch 1 | ... |
 *   start[] |                              |         |     |   start[i]..start[i + 1] is batch i
 *
 * The pool is a sample of the endless stream that the mix and the key distribution describe, bounded in bytes and
 * batches; a run goes round and round in it. At 100,000 keys and pipeline 16 or more it covers the key space. */

import type { Random } from '../../src/base/ports.ts'
import type { KeyPicker } from './key-distribution.ts'
import { createKeyPicker, uniform } from './key-distribution.ts'
import { COMMANDS, COUNTER, KEY, MEMBER, pick, VALUE } from './mix.ts'
import type { LoadSettings } from './settings.ts'

const POOL_BYTES = 16 << 20
const POOL_BATCHES = 32_768
const POOL_COMMANDS = 262_144
const KEY_DIGITS = 12

/** key:000000000042, sixteen bytes, as redis-benchmark names its keys. */
export function keyName(prefix: string, number: number): string {
  return `${prefix}:${String(number).padStart(KEY_DIGITS, '0')}`
}

/** A growing byte buffer. */
export class CommandWriter {
  bytes: Buffer
  length = 0

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity)
  }

  /** Appends one command in RESP. Arguments are ASCII. */
  command(args: readonly string[]): void {
    this.text(`*${args.length}\r\n`)
    for (const arg of args) this.text(`$${arg.length}\r\n${arg}\r\n`)
  }

  /** The bytes so far; they stay valid, the writer starts anew behind them only after reset(). */
  written(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  reset(): void {
    this.length = 0
  }

  private text(text: string): void {
    if (this.length + text.length > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.length + text.length))
      this.bytes.copy(larger, 0, 0, this.length)
      this.bytes = larger
    }
    this.length += this.bytes.write(text, this.length, 'latin1')
  }
}

/** Encodes a pool of batches; one Buffer for each, all views of the same memory. */
export function encodeBatches(settings: LoadSettings, random: Random): Buffer[] {
  const keys = createKeyPicker(settings.distribution, settings.keyCount, random)
  const value = 'x'.repeat(settings.valueBytes)
  const writer = new CommandWriter(1 << 20)
  const starts: number[] = []
  const batches = Math.max(1, Math.min(POOL_BATCHES, Math.ceil(POOL_COMMANDS / settings.pipeline)))
  while (starts.length < batches && (starts.length < 1 || writer.length < POOL_BYTES)) {
    starts.push(writer.length)
    for (let i = 0; i < settings.pipeline; i++) {
      const { command } = pick(settings.mix, uniform(random))
      writer.command(COMMANDS[command].map((arg) => fillIn(arg, keys, value)))
    }
  }
  const all = writer.written()
  return starts.map((start, i) => all.subarray(start, starts[i + 1] ?? all.length))
}

function fillIn(arg: string, keys: KeyPicker, value: string): string {
  switch (arg) {
    case KEY:
      return keyName('key', keys.next())
    case COUNTER:
      return keyName('counter', keys.next())
    case MEMBER:
      return keyName('element', keys.next())
    case VALUE:
      return value
    default:
      return arg
  }
}
