/* HINCRBY over all 64 bits and HINCRBYFLOAT in long doubles. Baton holder. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_HASH, DENYOOM, FAST, family, oneKey, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { addLongDoubles, formatLongDouble, parseLongDouble, parseLongDoubleIn } from '../../../base/long-double.ts'
import {
  fitsInt64,
  formatInteger,
  INTEGER_TEXT_BYTES,
  NOT_INTEGER,
  parsed,
  parsedBig,
  parseInteger,
  SAFE_INTEGER,
} from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import type { Hash } from '../../keyspace/hash/hash.ts'
import { createFor, openForWrite } from './hash-value.ts'

const scratchDigits = new Uint8Array(INTEGER_TEXT_BYTES + 4)

export const hashCountCommands = family<Engine>('hash', [
  {
    name: 'HINCRBY',
    arity: 4,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RW', 'ACCESS', 'UPDATE'),
    since: '2.0.0',
    complexity: 'O(1)',
    summary: 'Adds to the integer in a field of a hash; a missing field counts as 0.',
    syntax: 'key field increment:integer',
    handler: hincrby,
  },
  {
    name: 'HINCRBYFLOAT',
    arity: 4,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RW', 'ACCESS', 'UPDATE'),
    since: '2.6.0',
    complexity: 'O(1)',
    summary: 'Adds to the number in a field of a hash; a missing field counts as 0.',
    syntax: 'key field increment:double',
    handler: hincrbyfloat,
  },
])

function hincrby(engine: Engine, args: Args, reply: Reply): void {
  const at = args.offset[3]
  const length = args.length[3]
  const kind = parseInteger(args.bytes, at, length)
  if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
  let sum = parsed()
  const hash = openForWrite(engine, args, reply)
  if (hash === null) return
  let isSafe = kind === SAFE_INTEGER
  const isThere = hash.isOpen && hash.find(args.bytes, args.offset[2], args.length[2])
  if (isThere) {
    const before = parseInteger(hash.valueBytes, hash.valueOffset, hash.valueLength)
    if (before === NOT_INTEGER) return reply.error(errors.HASH_NOT_AN_INTEGER)
    isSafe &&= before === SAFE_INTEGER
    sum += parsed()
  }
  if (!isSafe || !Number.isSafeInteger(sum)) return addBig(engine, args, hash, isThere, reply)
  store(engine, args, hash, scratchDigits, formatInteger(scratchDigits, 0, sum))
  reply.integer(sum)
}

/** Adds argument 3 to the value that is found, if one is, where doubles would not be exact. */
function addBig(engine: Engine, args: Args, hash: Hash, isThere: boolean, reply: Reply): void {
  let value = parsedBig(args.bytes, args.offset[3], args.length[3])
  if (isThere) value += parsedBig(hash.valueBytes, hash.valueOffset, hash.valueLength)
  if (!fitsInt64(value)) return reply.error(errors.INCREMENT_OVERFLOW)
  const text = value.toString()
  store(engine, args, hash, bytesOf(text), text.length)
  reply.bigInteger(value)
}

function hincrbyfloat(engine: Engine, args: Args, reply: Reply): void {
  const increment = parseLongDoubleIn(args.bytes, args.offset[3], args.length[3])
  if (increment === null) return reply.error(errors.NOT_A_FLOAT)
  if (increment.infinite) return reply.error(errors.NAN_OR_INFINITY)
  const hash = openForWrite(engine, args, reply)
  if (hash === null) return
  let value = parseLongDouble('0')
  if (hash.isOpen && hash.find(args.bytes, args.offset[2], args.length[2])) {
    value = parseLongDoubleIn(hash.valueBytes, hash.valueOffset, hash.valueLength)
  }
  if (value === null) return reply.error(errors.HASH_NOT_A_FLOAT)
  const sum = addLongDoubles(value, increment)
  if (sum === null) return reply.error(errors.INCREMENT_NAN_OR_INFINITY)
  const text = formatLongDouble(sum)
  store(engine, args, hash, bytesOf(text), text.length)
  reply.bulkText(text)
}

/** Makes the first `length` bytes of a text the value of the field that is argument 2. */
function store(engine: Engine, args: Args, hash: Hash, text: Uint8Array, length: number): void {
  const { keyspace } = engine
  const isNew = !hash.isOpen
  if (isNew) createFor(args, hash)
  try {
    hash.set(args.bytes, args.offset[2], args.length[2], text, 0, length, true)
  } catch (error) {
    if (isNew) hash.discard()
    throw error
  }
  keyspace.changed(args.bytes, args.offset[1], args.length[1])
}
