/* BITFIELD and BITFIELD_RO: integers of 1 to 64 bits anywhere in a string (https://redis.io/commands/bitfield/). Baton
 * holder. Fields are BigInts: 64 bits do not fit a number, and one way to compute them all is worth more here than the
 * nanoseconds of a second.
 *
 * All operations are read before the first of them runs, and the string is made as long as the farthest of those that
 * write reaches, whether they then write or not. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_BITMAP, DENYOOM, FAST, family, oneKey, READONLY, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { NOT_INTEGER, parsed, parsedBig, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { stringLength, stringOffset, TYPE_STRING, typeOf } from '../../keyspace/entry.ts'
import { NO_OFFSET, parseBitOffset, stringForBits } from './string-bit.ts'
import { defersGrowth } from './string-value.ts'

export const stringBitFieldCommands = family<Engine>('bitmap', [
  {
    name: 'BITFIELD',
    arity: -2,
    runs: 'shard',
    flags: WRITE | DENYOOM,
    acl: ACL_BITMAP,
    keys: [
      {
        ...oneKey(1, 'RW', 'ACCESS', 'UPDATE', 'VARIABLE_FLAGS')[0],
        notes: 'This command allows both access and modification of the key',
        flagsOf: bitfieldKeyFlags,
      },
    ],
    since: '3.2.0',
    complexity: 'O(1) for each operation',
    summary: 'Reads, sets and adds to integers of any width within the string at a key.',
    syntax:
      'key [<GET encoding offset:integer|[OVERFLOW <WRAP|SAT|FAIL>] ' +
      '<SET encoding offset:integer value:integer|INCRBY encoding offset:integer increment:integer>>...]',
    handler: bitfield,
  },
  {
    name: 'BITFIELD_RO',
    arity: -2,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_BITMAP,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '6.0.0',
    complexity: 'O(1) for each operation',
    summary: 'Reads integers of any width within the string at a key.',
    syntax: 'key [(GET encoding offset:integer)...]',
    handler: bitfieldRo,
  },
])

const GET = bytesOf('GET')
const SET = bytesOf('SET')
const INCRBY = bytesOf('INCRBY')
const OVERFLOW = bytesOf('OVERFLOW')
const OVERFLOWS = ['WRAP', 'SAT', 'FAIL'].map(bytesOf)
const WRAP = 0
const SAT = 1
const FAIL = 2
const HASH = 35
const LETTER_I = 105
const LETTER_U = 117

interface Operation {
  kind: 'get' | 'set' | 'incrby'
  isSigned: boolean
  bits: number
  /** Of its first bit. */
  offset: number
  /** What to set, or to add. */
  value: bigint
  overflow: number
}

/** BITFIELD key, then operations. */
function bitfield(engine: Engine, args: Args, reply: Reply): void {
  const operations = parseOperations(engine, args, reply)
  if (operations === null) return
  if (operations.every(({ kind }) => kind === 'get')) replyFields(engine, args, operations, reply)
  else operate(engine, args, operations, reply)
}

/** BITFIELD_RO key, then operations, all of them GET. */
function bitfieldRo(engine: Engine, args: Args, reply: Reply): void {
  const operations = parseOperations(engine, args, reply)
  if (operations === null) return
  if (operations.every(({ kind }) => kind === 'get')) replyFields(engine, args, operations, reply)
  else reply.error(errors.BITFIELD_RO_GET)
}

/** The operations; null after an error, which has been replied. */
function parseOperations(engine: Engine, args: Args, reply: Reply): Operation[] | null {
  const operations: Operation[] = []
  let overflow = WRAP
  for (let i = 2; i < args.count; ) {
    const left = args.count - i - 1
    if (args.isOption(i, OVERFLOW) && left >= 1) {
      overflow = OVERFLOWS.findIndex((word) => args.isOption(i + 1, word))
      if (overflow < 0) return refuse(reply, errors.BITFIELD_OVERFLOW)
      i += 2
      continue
    }
    const kind = kindAt(args, i, left)
    if (kind === null) return refuse(reply, errors.SYNTAX)
    const operation: Operation = { kind, isSigned: false, bits: 0, offset: 0, value: 0n, overflow }
    const error = parseOperation(engine, args, i, operation)
    if (error !== null) return refuse(reply, error)
    operations.push(operation)
    i += kind === 'get' ? 3 : 4
  }
  return operations
}

function refuse(reply: Reply, error: string): null {
  reply.error(error)
  return null
}

/** The operation that argument `index` names, if it has all of its arguments. */
function kindAt(args: Args, index: number, left: number): Operation['kind'] | null {
  if (args.isOption(index, GET) && left >= 2) return 'get'
  if (args.isOption(index, SET) && left >= 3) return 'set'
  return args.isOption(index, INCRBY) && left >= 3 ? 'incrby' : null
}

/** Reads the arguments behind an operation's name; the error, or null. */
function parseOperation(engine: Engine, args: Args, index: number, into: Operation): string | null {
  const { bytes } = args
  if (!parseEncoding(args, index + 1, into)) return errors.BITFIELD_TYPE
  // #n is the n-th field of this width.
  let at = args.offset[index + 2]
  let length = args.length[index + 2]
  const isCounted = length > 0 && bytes[at] === HASH
  if (isCounted) {
    at++
    length--
  }
  into.offset = parseBitOffset(engine, bytes, at, length, isCounted ? into.bits : 1)
  if (into.offset === NO_OFFSET) return errors.BIT_OFFSET
  if (into.kind === 'get') return null
  const kind = parseInteger(bytes, args.offset[index + 3], args.length[index + 3])
  if (kind === NOT_INTEGER) return errors.NOT_AN_INTEGER
  into.value = parsedBig(bytes, args.offset[index + 3], args.length[index + 3])
  return null
}

/** i1 to i64, u1 to u63; as a C string it ends at a zero byte. */
function parseEncoding(args: Args, index: number, into: Operation): boolean {
  const { bytes } = args
  const at = args.offset[index]
  const length = args.cText(index).length
  into.isSigned = bytes[at] === LETTER_I
  if (length < 2 || (!into.isSigned && bytes[at] !== LETTER_U)) return false
  if (parseInteger(bytes, at + 1, length - 1) !== SAFE_INTEGER) return false
  into.bits = parsed()
  return into.bits >= 1 && into.bits <= (into.isSigned ? 64 : 63)
}

/** Replies with fields that are only read. */
function replyFields(engine: Engine, args: Args, operations: readonly Operation[], reply: Reply): void {
  const { keyspace } = engine
  const { arena } = keyspace
  const found = keyspace.findForRead(args.bytes, args.offset[1], args.length[1])
  if (found !== 0 && typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  const at = found === 0 ? 0 : stringOffset(arena, found)
  const length = found === 0 ? 0 : stringLength(arena, found)
  reply.array(operations.length)
  for (const operation of operations) reply.bigInteger(readField(arena.u8, at, length, operation))
}

function operate(engine: Engine, args: Args, operations: readonly Operation[], reply: Reply): void {
  const { keyspace } = engine
  const { arena } = keyspace
  const found = keyspace.findForWrite(args.bytes, args.offset[1], args.length[1])
  if (found !== 0 && typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  let needed = 0
  for (const { kind, offset, bits } of operations) {
    if (kind !== 'get') needed = Math.max(needed, Math.floor((offset + bits - 1) / 8) + 1)
  }
  const oldLength = found === 0 ? 0 : stringLength(arena, found)
  if (defersGrowth(engine, keyspace, found, needed, needed - oldLength)) return
  const grows = found === 0 || needed > oldLength
  const entry = stringForBits(keyspace, args, found, needed)
  const at = stringOffset(arena, entry)
  const length = stringLength(arena, entry)
  let changes = 0
  reply.array(operations.length)
  for (const operation of operations) {
    const old = readField(arena.u8, at, length, operation)
    if (operation.kind === 'get') reply.bigInteger(old)
    else {
      const fresh = newValue(operation, old)
      if (fresh === null) reply.nil()
      else {
        writeField(arena.u8, at, operation, fresh)
        reply.bigInteger(operation.kind === 'set' ? old : fresh)
        if (grows || fresh !== old) changes++
      }
    }
  }
  if (changes === 0) return
  keyspace.changed(args.bytes, args.offset[1], args.length[1], changes)
}

/** The field's value in the string of `length` bytes at `at`, beyond which there are zeros. */
function readField(u8: Uint8Array, at: number, length: number, { offset, bits, isSigned }: Operation): bigint {
  const first = Math.floor(offset / 8)
  const last = Math.floor((offset + bits - 1) / 8)
  let value = 0n
  for (let byte = first; byte <= last; byte++) value = (value << 8n) | BigInt(byte < length ? u8[at + byte] : 0)
  value >>= BigInt(last * 8 + 8 - offset - bits)
  return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
}

/** Writes the low bits of a value where the field lies. */
function writeField(u8: Uint8Array, at: number, { offset, bits }: Operation, value: bigint): void {
  const first = Math.floor(offset / 8)
  const last = Math.floor((offset + bits - 1) / 8)
  const shift = BigInt(last * 8 + 8 - offset - bits)
  let mask = ((1n << BigInt(bits)) - 1n) << shift
  let rest = BigInt.asUintN(bits, value) << shift
  for (let byte = last; byte >= first; byte--) {
    const kept = u8[at + byte] & ~Number(mask & 0xffn)
    u8[at + byte] = kept | Number(rest & 0xffn)
    mask >>= 8n
    rest >>= 8n
  }
}

/** What SET or INCRBY makes of a field's value; null when it must not overflow and would. */
function newValue({ kind, isSigned, bits, value, overflow }: Operation, old: bigint): bigint | null {
  const base = kind === 'set' ? (isSigned ? value : BigInt.asUintN(64, value)) : old
  const increment = kind === 'set' ? 0n : value
  const sum = base + increment
  const highest = (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n
  const lowest = isSigned ? -highest - 1n : 0n
  if (sum >= lowest && sum <= highest) return sum
  if (overflow === FAIL) return null
  if (overflow === SAT) return isAbove(base, sum, highest, isSigned && bits !== 64) ? highest : lowest
  return isSigned ? BigInt.asIntN(bits, sum) : BigInt.asUintN(bits, sum)
}

/**
 * Whether a value out of range counts as too high. Redis asks how much could be added, in 64 bits, and for a SET of a
 * signed field far below its range that wraps: it saturates at the top.
 */
function isAbove(base: bigint, sum: bigint, highest: bigint, wraps: boolean): boolean {
  return sum > highest || (wraps && BigInt.asIntN(64, highest - base) < 0n && base < 0n)
}

/** A BITFIELD that only reads, only reads its key. */
function bitfieldKeyFlags(args: Args, first: number): readonly string[] {
  for (let i = first + 2; i < args.count; ) {
    const left = args.count - i - 1
    if (args.isOption(i, GET) && left >= 2) i += 3
    else if (args.isOption(i, OVERFLOW) && left >= 1) i += 2
    else return ['RW', 'ACCESS', 'UPDATE']
  }
  return ['RO', 'ACCESS']
}
