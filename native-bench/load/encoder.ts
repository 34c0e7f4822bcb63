/* Batches of commands, encoded before the run so that sending one costs a single write of ready bytes.
 *
 * A command of the mix is compiled once: its RESP bytes with the digits of every key left open. All keys have the same
 * length, so a command is one copy and twelve digits for each key.
 *
 *   *2\r\n$3\r\nGET\r\n$16\r\nkey:............\r\n
 *                            ^ digitsAt
 *
 * The pool of batches is a sample of the endless stream that mix and key distribution describe, bounded in bytes,
 * batches and commands; a run goes round and round in it. At 100,000 keys and a pipeline of 16 or more it covers the
 * key space. */

import type { Random } from '../../src/base/ports.ts'
import type { KeyPicker } from './key-distribution.ts'
import { createKeyPicker, uniform } from './key-distribution.ts'
import { COMMANDS, COUNTER, KEY, MEMBER, pick, VALUE } from './mix.ts'
import type { LoadSettings } from './settings.ts'

const POOL_BYTES = 16 << 20
const POOL_BATCHES = 32_768
const POOL_COMMANDS = 262_144
const KEY_DIGITS = 12
const DIGIT_0 = 48

/** What stands before a key's digits. */
const PREFIXES: Readonly<Record<string, string>> = { [KEY]: 'key:', [COUNTER]: 'counter:', [MEMBER]: 'element:' }

/** A command in RESP with its keys open. */
export class CommandTemplate {
  readonly bytes: Buffer
  private readonly digitsAt: readonly number[]

  /** `args` are ASCII text or the placeholders of mix.ts. */
  constructor(args: readonly string[], value: string) {
    const digitsAt: number[] = []
    let text = `*${args.length}\r\n`
    for (const arg of args) {
      const prefix = PREFIXES[arg]
      const filled = prefix === undefined ? (arg === VALUE ? value : arg) : prefix + '0'.repeat(KEY_DIGITS)
      text += `$${filled.length}\r\n${filled}`
      if (prefix !== undefined) digitsAt.push(text.length - KEY_DIGITS)
      text += '\r\n'
    }
    this.bytes = Buffer.from(text, 'latin1')
    this.digitsAt = digitsAt
  }

  /** Writes the command with the keys that `keys` gives; returns where it ends. There must be room. */
  writeTo(target: Buffer, at: number, keys: KeyPicker): number {
    this.bytes.copy(target, at)
    for (const digits of this.digitsAt) writeDigits(target, at + digits, keys.next())
    return at + this.bytes.length
  }
}

function writeDigits(target: Buffer, at: number, number: number): void {
  let rest = number
  for (let i = at + KEY_DIGITS - 1; rest > 0; i--) {
    const quotient = Math.floor(rest / 10)
    target[i] = DIGIT_0 + rest - 10 * quotient
    rest = quotient
  }
}

/** Encodes the pool of batches; one Buffer for each. */
export function encodeBatches(settings: LoadSettings, random: Random): Buffer[] {
  const keys = createKeyPicker(settings.distribution, settings.keyCount, random)
  const value = 'x'.repeat(settings.valueBytes)
  const templates = new Map(
    settings.mix.map(({ command }) => [command, new CommandTemplate(COMMANDS[command], value)] as const),
  )
  const longest = Math.max(...[...templates.values()].map(({ bytes }) => bytes.length))
  const scratch = Buffer.allocUnsafe(longest * settings.pipeline)
  const count = Math.min(POOL_BATCHES, Math.ceil(POOL_COMMANDS / settings.pipeline))
  const batches: Buffer[] = []
  let poolBytes = 0
  while (batches.length === 0 || (batches.length < count && poolBytes < POOL_BYTES)) {
    let length = 0
    for (let i = 0; i < settings.pipeline; i++) {
      const { command } = pick(settings.mix, uniform(random))
      length = templates.get(command)?.writeTo(scratch, length, keys) ?? length
    }
    batches.push(Buffer.from(scratch.subarray(0, length)))
    poolBytes += length
  }
  return batches
}
