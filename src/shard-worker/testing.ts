/* An engine for tests: a few small shards in this process, a clock that the test sets, commands given as strings and
 * their replies as values. It does what the I/O thread would do around execute(): looks the command up, checks its
 * arity and selects the shard of its key. */
import { Args } from '../base/args.ts'
import { assert } from '../base/assert.ts'
import { bytesOf } from '../base/bytes.ts'
import type { Family } from '../base/command-spec.ts'
import type { Command } from '../base/command-table.ts'
import { CommandTable } from '../base/command-table.ts'
import * as errors from '../base/error-texts.ts'
import { type Clock, SeededRandom } from '../base/ports.ts'
import { Reply } from '../base/reply.ts'
import { Arena } from '../shm/arena/arena.ts'
import { shardFamilies } from './command/table.ts'
import { Engine } from './engine.ts'
import type { Keyspace } from './keyspace/keyspace.ts'
import { listOf } from './keyspace/list/list.ts'
import { Shard } from './keyspace/shard.ts'

/** An error reply as a value; `text` without the leading '-'. */
export class ErrorReply {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * A decoded reply. Simple and bulk strings are latin1 strings, null is null, integers are numbers (bigint from 2^53),
 * RESP3 doubles and booleans are themselves, arrays and pushes arrays, maps and sets Map and Set.
 */
export type Decoded =
  | string
  | number
  | bigint
  | boolean
  | null
  | ErrorReply
  | Decoded[]
  | Map<Decoded, Decoded>
  | Set<Decoded>

export interface TestEngineOptions {
  /** Default 1. */
  shards?: number
  /** Bytes of each arena, default 8 MiB. */
  arenaBytes?: number
  /** Default 16. */
  databases?: number
  /** Unix milliseconds at the start, default 2024-01-01. */
  nowMs?: number
  /** Default: all. */
  families?: readonly Family<Engine>[]
}

const START_MS = Date.UTC(2024, 0, 1)
const SEED = 0x5eed

export class TestEngine {
  readonly engine: Engine
  readonly reply: Reply
  /** Time of the next command; the test moves it. */
  nowMs: number

  constructor(options: TestEngineOptions = {}) {
    const arenas: Arena[] = []
    for (let i = 0; i < (options.shards ?? 1); i++) {
      const arena = Arena.create(options.arenaBytes ?? 8 * 1024 * 1024)
      Shard.initialize(arena, options.databases ?? 16, SEED)
      arenas.push(arena)
    }
    this.nowMs = options.nowMs ?? START_MS
    const clock: Clock = { nowMs: () => this.nowMs, monotonicUs: () => this.nowMs * 1000 }
    const commands = new CommandTable<Engine>(options.families ?? shardFamilies)
    this.engine = new Engine(commands, arenas, clock, new SeededRandom(SEED))
    this.reply = new Reply()
  }

  /** Runs a command and decodes its reply. Words are latin1. */
  run(...words: string[]): Decoded {
    return decodeReply(this.raw(...words))
  }

  /** Runs a command that must not fail; any error is thrown. */
  must(...words: string[]): Decoded {
    const value = this.run(...words)
    if (value instanceof ErrorReply) throw new Error(`${words.join(' ')}: ${value.text}`)
    return value
  }

  /** Runs a command that must fail; returns the error's text. */
  error(...words: string[]): string {
    const value = this.run(...words)
    assert(value instanceof ErrorReply, 'the command fails')
    return value.text
  }

  /** Runs a command; the reply as RESP, in latin1. */
  raw(...words: string[]): string {
    this.reply.reset()
    this.execute(Args.of(...words))
    return Buffer.from(this.reply.bytes.buffer, 0, this.reply.length).toString('latin1')
  }

  /** Puts a list of one element, x, at a key that does not exist: to be refused with WRONGTYPE by other families. */
  putForeignValue(key: string): void {
    const bytes = bytesOf(key)
    const { keyspace, entry } = this.find(key)
    assert(entry === 0, 'a foreign value gets a key of its own')
    const list = listOf(keyspace, this.engine.settings)
    list.create(keyspace, bytes, 0, bytes.length, 1, 1, false)
    list.push(false, bytesOf('x'), 0, 1)
  }

  /** The entry of a key in its keyspace, 0 for none. */
  find(key: string): { keyspace: Keyspace; entry: number } {
    const { engine } = this
    const bytes = bytesOf(key)
    engine.begin(this.nowMs)
    const keyspace = engine.shards[engine.shardOf(bytes, 0, bytes.length)].keyspaces[engine.db]
    return { keyspace, entry: keyspace.find(bytes, 0, bytes.length) }
  }

  /** Selects a database, as SELECT does. */
  select(db: number): void {
    this.engine.select(0, db)
  }

  /** Asserts every invariant of every shard. */
  check(): void {
    for (const shard of this.engine.shards) shard.check()
  }

  private execute(args: Args): void {
    const { engine, reply } = this
    const command = engine.commands.resolve(args)
    if (command === undefined) return reply.error(`ERR unknown command '${args.text(0)}'`)
    const container = command.handler === undefined
    if (container && args.count > 1) return reply.error(errors.unknownSubcommand(args.text(1), command.spec.name))
    if (container || !arityFits(command, args)) return reply.error(errors.wrongArity(command.fullName))
    const shard =
      command.runs === 'shard'
        ? engine.shardOf(args.bytes, args.offset[command.firstKey], args.length[command.firstKey])
        : 0
    engine.begin(this.nowMs)
    engine.select(shard, engine.db)
    engine.execute(command.id, args, reply)
  }
}

function arityFits(command: Command<Engine>, args: Args): boolean {
  return command.arity > 0 ? args.count === command.arity : args.count >= -command.arity
}

/** The value of one whole reply in RESP2 or RESP3. */
export function decodeReply(resp: string): Decoded {
  const decoder = new Decoder(resp)
  const value = decoder.next()
  assert(decoder.at === resp.length, 'a command has one reply')
  return value
}

class Decoder {
  at = 0
  private readonly resp: string

  constructor(resp: string) {
    this.resp = resp
  }

  next(): Decoded {
    const type = this.resp[this.at]
    const end = this.resp.indexOf('\r\n', this.at)
    assert(end > 0, 'a reply line ends')
    const line = this.resp.slice(this.at + 1, end)
    this.at = end + 2
    switch (type) {
      case '+':
        return line
      case '-':
        return new ErrorReply(line)
      case ':':
        return Number.isSafeInteger(Number(line)) ? Number(line) : BigInt(line)
      case ',':
        return Number(line.replace('inf', 'Infinity'))
      case '#':
        return line === 't'
      case '_':
        return null
      case '(':
        return BigInt(line)
      case '$':
        return line === '-1' ? null : this.bulk(Number(line))
      case '=':
        return this.bulk(Number(line)).slice(4)
      case '*':
      case '>':
        return line === '-1' ? null : this.items(Number(line))
      case '~':
        return new Set(this.items(Number(line)))
      case '%':
        return new Map(Array.from({ length: Number(line) }, () => [this.next(), this.next()] as const))
      case '|':
        this.items(2 * Number(line))
        return this.next()
    }
    throw new Error(`unknown reply type ${type}`)
  }

  private bulk(length: number): string {
    const text = this.resp.slice(this.at, this.at + length)
    assert(this.resp.slice(this.at + length, this.at + length + 2) === '\r\n', 'a bulk string is as long as it says')
    this.at += length + 2
    return text
  }

  private items(count: number): Decoded[] {
    return Array.from({ length: count }, () => this.next())
  }
}
