/* HINCRBY over all 64 bits and HINCRBYFLOAT in long doubles. Baton holder. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_HASH, DENYOOM, FAST, family, oneKey, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { addLongDoubles, formatLongDouble, parseLongDouble, parseLongDoubleIn } from '../../../base/long-double.ts'
import { fitsInt64, NOT_INTEGER, parsedBig, parseInteger } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import type { Hash } from '../../keyspace/hash/hash.ts'
import { createFor, openForWrite } from './hash-value.ts'

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
  if (parseInteger(args.bytes, at, length) === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
  const hash = openForWrite(engine, args, reply)
  if (hash === null) return
  let value = parsedBig(args.bytes, at, length)
  if (hash.isOpen && hash.find(args.bytes, args.offset[2], args.length[2])) {
    const { valueBytes, valueOffset, valueLength } = hash
    if (parseInteger(valueBytes, valueOffset, valueLength) === NOT_INTEGER) {
      return reply.error(errors.HASH_NOT_AN_INTEGER)
    }
    value += parsedBig(valueBytes, valueOffset, valueLength)
    if (!fitsInt64(value)) return reply.error(errors.INCREMENT_OVERFLOW)
  }
  store(engine, args, hash, value.toString())
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
  store(engine, args, hash, text)
  reply.bulkText(text)
}

/** Makes a text the value of the field that is argument 2. */
function store(engine: Engine, args: Args, hash: Hash, text: string): void {
  const { keyspace } = engine
  const isNew = !hash.isOpen
  if (isNew) createFor(args, hash)
  try {
    hash.set(args.bytes, args.offset[2], args.length[2], bytesOf(text), 0, text.length, true)
  } catch (error) {
    if (isNew) hash.discard()
    throw error
  }
  keyspace.changed(args.bytes, args.offset[1], args.length[1])
}
