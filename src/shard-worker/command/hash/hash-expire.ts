/* Expiry of the fields of hashes, as Redis 7.4 has it (https://redis.io/docs/latest/commands/hexpire/). Baton holder.
 *
 * Times are Unix milliseconds below 2^46: doubles hold them. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import {
  ACL_HASH,
  type CommandSpec,
  DENYOOM,
  FAST,
  family,
  oneKey,
  READONLY,
  WRITE,
} from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { NOT_INTEGER, parsed, parsedBig, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import type { Hash } from '../../keyspace/hash/hash.ts'
import { finishExpiries, persist, prepareExpiries, revertExpiries, setExpiry } from '../../keyspace/hash/hash-expiry.ts'
import { EXPIRED_FIELDS } from '../../keyspace/shard-layout.ts'
import { conditionAt, GT, LT, NX, XX } from '../expire-condition.ts'
import { MS_PER_SECOND } from '../expiry-argument.ts'
import { FOREIGN, findHash, openForWrite } from './hash-value.ts'

/** The latest time a field may expire at. */
const MAX_EXPIRY_MS = 2 ** 46 - 1
const FIELDS = bytesOf('FIELDS')

/* What is replied for a field. */
const NO_FIELD = -2
const NO_EXPIRY = -1
const CONDITION_NOT_MET = 0
const DONE = 1
const DELETED = 2

/** A command that sets the expiry of fields. `unitMs` of its argument; from now, or from 1970. */
function setter(
  name: string,
  argument: string,
  summary: string,
  unitMs: number,
  fromNow: boolean,
): CommandSpec<Engine> {
  const command = name.toLowerCase()
  return {
    name,
    arity: -6,
    runs: 'shard',
    flags: WRITE | DENYOOM | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RW', 'UPDATE'),
    since: '7.4.0',
    complexity: 'O(1) for each field',
    summary,
    syntax: `key ${argument} [NX|XX|GT|LT] FIELDS numfields field...`,
    handler: (engine, args, reply) => hexpire(engine, args, reply, command, unitMs, fromNow ? engine.nowMs : 0),
  }
}

/** A command that asks for the expiry of fields: the time itself or what is left of it. */
function getter(name: string, summary: string, unitMs: number, fromNow: boolean): CommandSpec<Engine> {
  return {
    name,
    arity: -5,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '7.4.0',
    complexity: 'O(1) for each field',
    summary,
    syntax: 'key FIELDS numfields field...',
    handler: (engine, args, reply) => httl(engine, args, reply, unitMs, fromNow ? engine.nowMs : 0),
  }
}

export const hashExpireCommands = family<Engine>('hash', [
  setter('HEXPIRE', 'seconds:integer', 'Lets fields of a hash expire after some seconds.', MS_PER_SECOND, true),
  setter('HPEXPIRE', 'milliseconds:integer', 'Lets fields of a hash expire after some milliseconds.', 1, true),
  setter(
    'HEXPIREAT',
    'unix-time-seconds:unix-time',
    'Lets fields of a hash expire at a Unix time in seconds.',
    MS_PER_SECOND,
    false,
  ),
  setter(
    'HPEXPIREAT',
    'unix-time-milliseconds:unix-time',
    'Lets fields of a hash expire at a Unix time in milliseconds.',
    1,
    false,
  ),
  getter('HTTL', 'Seconds until fields expire; -1: never, -2: no such field.', MS_PER_SECOND, true),
  getter('HPTTL', 'Milliseconds until fields expire; -1: never, -2: no such field.', 1, true),
  getter('HEXPIRETIME', 'The Unix times in seconds at which fields expire.', MS_PER_SECOND, false),
  getter('HPEXPIRETIME', 'The Unix times in milliseconds at which fields expire.', 1, false),
  {
    name: 'HPERSIST',
    arity: -5,
    runs: 'shard',
    flags: WRITE | FAST,
    acl: ACL_HASH,
    keys: oneKey(1, 'RW', 'UPDATE'),
    since: '7.4.0',
    complexity: 'O(1) for each field',
    summary: 'Takes the expiry of fields away.',
    syntax: 'key FIELDS numfields field...',
    handler: hpersist,
  },
])

function hexpire(engine: Engine, args: Args, reply: Reply, command: string, unitMs: number, baseMs: number): void {
  const hash = openForWrite(engine, args, reply)
  if (hash === null) return
  const when = parseWhen(args, reply, command, unitMs, baseMs)
  if (when < 0) return
  const condition = conditionAt(args, 3)
  const count = condition === 0 ? 4 : 5
  if (!parseFields(args, count, errors.HASH_FIELDS_NOT_ABOVE_ZERO, reply)) return
  if (!hash.isOpen) return replyNoFields(args, count, reply)
  const kept = prepareExpiries(hash, args.count - count - 1)
  reply.array(args.count - count - 1)
  let changed = 0
  let i = count + 1
  try {
    for (; i < args.count; i++) {
      const outcome = expireArgument(engine, hash, args, i, when, condition)
      if (outcome > 0) changed++
      reply.integer(outcome)
    }
  } catch (error) {
    while (--i > count) restoreExpiry(hash, args, i)
    revertExpiries(hash, kept)
    throw error
  }
  finishExpiries(hash, kept)
  if (hash.count === 0) hash.discard()
  if (changed > 0) engine.keyspace.changed(args.bytes, args.offset[1], args.length[1], changed)
}

/** Argument 2 as Unix milliseconds; negative when it is none, with the error replied. */
function parseWhen(args: Args, reply: Reply, command: string, unitMs: number, baseMs: number): number {
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind === NOT_INTEGER) {
    reply.error(errors.NOT_AN_INTEGER)
    return -1
  }
  const value = kind === SAFE_INTEGER ? parsed() : Number(parsedBig(args.bytes, args.offset[2], args.length[2]))
  const when = value * unitMs + baseMs
  if (value < 0) reply.error(errors.NEGATIVE_HASH_EXPIRE)
  else if (when > MAX_EXPIRY_MS) reply.error(errors.invalidExpire(command))
  else return when
  return -1
}

/** Whether argument `count` tells how many fields follow, behind the word FIELDS; if not, the error is replied. */
function parseFields(args: Args, count: number, notPositive: string, reply: Reply): boolean {
  if (!args.isOption(count - 1, FIELDS)) {
    reply.error(errors.HASH_FIELDS_MISSING)
    return false
  }
  const kind = parseInteger(args.bytes, args.offset[count], args.length[count])
  const isNegative = args.bytes[args.offset[count]] === 45
  if (kind === NOT_INTEGER || isNegative || (kind === SAFE_INTEGER && parsed() < 1)) reply.error(notPositive)
  else if (kind !== SAFE_INTEGER || parsed() !== args.count - count - 1) reply.error(errors.HASH_FIELDS_MISMATCH)
  else return true
  return false
}

function replyNoFields(args: Args, count: number, reply: Reply): void {
  reply.array(args.count - count - 1)
  for (let i = count + 1; i < args.count; i++) reply.integer(NO_FIELD)
}

/* By argument: the expiry that the field had, NO_EXPIRY if it has that still. */
let scratchBefore = new Float64Array(16)

/**
 * Lets the field that is argument `index` expire if the condition holds, or deletes it if its time has come; what is to
 * be replied.
 */
function expireArgument(
  engine: Engine,
  hash: Hash,
  args: Args,
  index: number,
  when: number,
  condition: number,
): number {
  if (index >= scratchBefore.length) scratchBefore = grown(scratchBefore, args.count)
  scratchBefore[index] = NO_EXPIRY
  const field = hash.locate(args.bytes, args.offset[index], args.length[index])
  if (field === 0) return NO_FIELD
  const before = hash.expiryOf(field)
  if (before === 0 ? condition === XX || condition === GT : !replaces(before, when, condition)) return CONDITION_NOT_MET
  if (when > engine.nowMs) {
    setExpiry(hash, field, when)
    scratchBefore[index] = before
    return DONE
  }
  hash.removeLocated(field)
  engine.keyspace.shard.counters[EXPIRED_FIELDS]++
  return DELETED
}

function grown(scratch: Float64Array, count: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * count)
  larger.set(scratch)
  return larger
}

/** Gives a field the expiry back that expireArgument() has taken from it; that never fails. */
function restoreExpiry(hash: Hash, args: Args, index: number): void {
  const before = scratchBefore[index]
  if (before === NO_EXPIRY) return
  const field = hash.locate(args.bytes, args.offset[index], args.length[index])
  if (before === 0) persist(hash, field)
  else setExpiry(hash, field, before)
}

/** Whether a condition lets an expiry take the place of another. */
function replaces(before: number, when: number, condition: number): boolean {
  if (condition === GT) return when > before
  return condition === LT ? when < before : condition !== NX
}

function httl(engine: Engine, args: Args, reply: Reply, unitMs: number, baseMs: number): void {
  const hash = findHash(engine, args)
  if (hash === FOREIGN) return reply.error(errors.WRONG_TYPE)
  if (!parseFields(args, 3, errors.HASH_FIELDS_NOT_POSITIVE, reply)) return
  if (hash === null) return replyNoFields(args, 3, reply)
  reply.array(args.count - 4)
  for (let i = 4; i < args.count; i++) {
    const field = hash.locate(args.bytes, args.offset[i], args.length[i])
    if (field === 0 || hash.hasExpired(field)) {
      reply.integer(NO_FIELD)
      continue
    }
    const expiry = hash.isVolatile ? hash.expiryOf(field) : 0
    reply.integer(expiry === 0 ? NO_EXPIRY : Math.ceil((expiry - baseMs) / unitMs))
  }
}

function hpersist(engine: Engine, args: Args, reply: Reply): void {
  const hash = openForWrite(engine, args, reply)
  if (hash === null || !parseFields(args, 3, errors.HASH_FIELDS_NOT_POSITIVE, reply)) return
  if (!hash.isOpen) return replyNoFields(args, 3, reply)
  reply.array(args.count - 4)
  let isChanged = false
  for (let i = 4; i < args.count; i++) {
    const outcome = persistField(hash, hash.locate(args.bytes, args.offset[i], args.length[i]))
    if (outcome === DONE) isChanged = true
    reply.integer(outcome)
  }
  if (isChanged) engine.keyspace.changed(args.bytes, args.offset[1], args.length[1])
}

function persistField(hash: Hash, field: number): number {
  if (field === 0 || hash.hasExpired(field)) return NO_FIELD
  if (!hash.isVolatile || hash.expiryOf(field) === 0) return NO_EXPIRY
  persist(hash, field)
  return DONE
}
