/* The string commands that count: INCR and its kin over all 64 bits, INCRBYFLOAT in long doubles. Baton holder. Hot: a
 * counter below 2^53 costs no allocation; the rest of 64 bits goes through BigInt. */
import type { Args } from '../../../base/args.ts'
import { ACL_STRING, type CommandSpec, DENYOOM, FAST, family, oneKey, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { addLongDoubles, formatLongDouble, parseLongDouble, parseLongDoubleIn } from '../../../base/long-double.ts'
import {
  BIG_INTEGER,
  fitsInt64,
  formatInteger,
  integerTextBytes,
  NOT_INTEGER,
  parsed,
  parsedBig,
  parseInteger,
  SAFE_INTEGER,
} from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import {
  EMBSTR_MAX_BYTES,
  ENCODING_INT,
  setKind,
  stringLength,
  stringOffset,
  TYPE_STRING,
  typeOf,
} from '../../keyspace/entry.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import { assignString } from '../../keyspace/string.ts'
import { KIND_EMBSTR, KIND_INT, KIND_RAW } from '../../keyspace/string-kind.ts'

const MINUS = 45
const NINE = 57
/** An integer of so many digits is below 2^53. */
const SAFE_DIGITS = 15

/** What all that count have in common. */
const COUNTER = {
  runs: 'shard',
  flags: WRITE | DENYOOM | FAST,
  acl: ACL_STRING,
  keys: oneKey(1, 'RW', 'ACCESS', 'UPDATE'),
  complexity: 'O(1)',
} satisfies Partial<CommandSpec<Engine>>

export const stringCountCommands = family<Engine>('string', [
  {
    ...COUNTER,
    name: 'INCR',
    arity: 2,
    since: '1.0.0',
    summary: 'Adds one to the integer at a key; a missing key counts as 0.',
    syntax: 'key',
    handler: incr,
  },
  {
    ...COUNTER,
    name: 'DECR',
    arity: 2,
    since: '1.0.0',
    summary: 'Subtracts one from the integer at a key; a missing key counts as 0.',
    syntax: 'key',
    handler: decr,
  },
  {
    ...COUNTER,
    name: 'INCRBY',
    arity: 3,
    since: '1.0.0',
    summary: 'Adds to the integer at a key; a missing key counts as 0.',
    syntax: 'key increment:integer',
    handler: incrby,
  },
  {
    ...COUNTER,
    name: 'DECRBY',
    arity: 3,
    since: '1.0.0',
    summary: 'Subtracts from the integer at a key; a missing key counts as 0.',
    syntax: 'key decrement:integer',
    handler: decrby,
  },
  {
    ...COUNTER,
    name: 'INCRBYFLOAT',
    arity: 3,
    since: '2.6.0',
    summary: 'Adds to the number at a key, fractions included; a missing key counts as 0.',
    syntax: 'key increment:double',
    handler: incrbyfloat,
  },
])

/** INCR key. */
function incr(engine: Engine, args: Args, reply: Reply): void {
  add(engine.keyspace, args, 1, reply)
}

/** DECR key. */
function decr(engine: Engine, args: Args, reply: Reply): void {
  add(engine.keyspace, args, -1, reply)
}

/** INCRBY key increment. */
function incrby(engine: Engine, args: Args, reply: Reply): void {
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind === SAFE_INTEGER) add(engine.keyspace, args, parsed(), reply)
  else if (kind === BIG_INTEGER) addBig(engine.keyspace, args, bigArgument(args), reply)
  else reply.error(errors.NOT_AN_INTEGER)
}

/** DECRBY key decrement. */
function decrby(engine: Engine, args: Args, reply: Reply): void {
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
  if (kind === SAFE_INTEGER) return add(engine.keyspace, args, -parsed(), reply)
  const decrement = bigArgument(args)
  if (!fitsInt64(-decrement)) return reply.error(errors.DECREMENT_OVERFLOW)
  addBig(engine.keyspace, args, -decrement, reply)
}

function bigArgument(args: Args): bigint {
  return parsedBig(args.bytes, args.offset[2], args.length[2])
}

/** Adds to the counter that is key argument 1. */
function add(keyspace: Keyspace, args: Args, increment: number, reply: Reply): void {
  const { bytes } = args
  const { arena } = keyspace
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  const found = keyspace.findForWrite(bytes, keyAt, keyBytes)
  let value = increment
  let at = 0
  let oldLength = -1
  if (found !== 0) {
    if (typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
    at = stringOffset(arena, found)
    oldLength = stringLength(arena, found)
    if (increment === 1 && arena.u8[found] === KIND_INT && stepDigit(arena.u8, at, oldLength)) {
      keyspace.changed(bytes, keyAt, keyBytes)
      return reply.integerText(arena.u8, arena.view, at, oldLength)
    }
    const kind = parseInteger(arena.u8, at, oldLength)
    if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
    value += parsed()
    if (kind === BIG_INTEGER || value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) {
      return addBigTo(keyspace, args, found, BigInt(increment), reply)
    }
  }
  const length = integerTextBytes(value)
  if (length === oldLength) {
    setKind(arena, found, TYPE_STRING, ENCODING_INT)
  } else {
    at = stringOffset(arena, assignString(keyspace, found, KIND_INT, bytes, keyAt, keyBytes, length))
  }
  formatInteger(arena.u8, at, value)
  keyspace.changed(bytes, keyAt, keyBytes)
  reply.integerText(arena.u8, arena.view, at, length)
}

/** Adds one to an integer's last digit, in nine of ten counts all there is to do; false: it is a 9, or negative. */
function stepDigit(u8: Uint8Array, at: number, length: number): boolean {
  const last = at + length - 1
  const digit = u8[last]
  if (digit === NINE || u8[at] === MINUS || length > SAFE_DIGITS) return false
  u8[last] = digit + 1
  return true
}

function addBig(keyspace: Keyspace, args: Args, increment: bigint, reply: Reply): void {
  const found = keyspace.findForWrite(args.bytes, args.offset[1], args.length[1])
  if (found !== 0 && typeOf(keyspace.arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  addBigTo(keyspace, args, found, increment, reply)
}

/** The same in 64 bits; `found` is the string that was looked up last, or 0. */
function addBigTo(keyspace: Keyspace, args: Args, found: number, increment: bigint, reply: Reply): void {
  const { arena } = keyspace
  let value = increment
  if (found !== 0) {
    const at = stringOffset(arena, found)
    const length = stringLength(arena, found)
    if (parseInteger(arena.u8, at, length) === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
    value += parsedBig(arena.u8, at, length)
    if (!fitsInt64(value)) return reply.error(errors.INCREMENT_OVERFLOW)
  }
  storeText(keyspace, args, found, KIND_INT, value.toString())
  reply.bigInteger(value)
}

/** INCRBYFLOAT key increment. The result is embstr, or raw when long, even if it is an integer. */
function incrbyfloat(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const { arena } = keyspace
  const found = keyspace.findForWrite(args.bytes, args.offset[1], args.length[1])
  let value = parseLongDouble('0')
  if (found !== 0) {
    if (typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
    value = parseLongDoubleIn(arena.u8, stringOffset(arena, found), stringLength(arena, found))
  }
  const increment = parseLongDoubleIn(args.bytes, args.offset[2], args.length[2])
  if (value === null || increment === null) return reply.error(errors.NOT_A_FLOAT)
  const sum = addLongDoubles(value, increment)
  if (sum === null) return reply.error(errors.INCREMENT_NAN_OR_INFINITY)
  const text = formatLongDouble(sum)
  storeText(keyspace, args, found, text.length <= EMBSTR_MAX_BYTES ? KIND_EMBSTR : KIND_RAW, text)
  reply.bulkText(text)
}

/** Makes a latin1 text the value of the key that is argument 1, looked up last; its expiry stays. */
function storeText(keyspace: Keyspace, args: Args, found: number, kind: number, text: string): void {
  const { bytes } = args
  const keyAt = args.offset[1]
  const keyBytes = args.length[1]
  const entry = assignString(keyspace, found, kind, bytes, keyAt, keyBytes, text.length)
  const { u8 } = keyspace.arena
  const at = stringOffset(keyspace.arena, entry)
  for (let i = 0; i < text.length; i++) u8[at + i] = text.charCodeAt(i)
  keyspace.changed(bytes, keyAt, keyBytes)
}
