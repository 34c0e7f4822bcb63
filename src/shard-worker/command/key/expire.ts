/* Expiry of keys: setting, asking, taking away (https://redis.io/commands/expire/). Baton holder. Hot. */
import type { Args } from '../../../base/args.ts'
import { ACL_KEYSPACE, type CommandSpec, FAST, family, oneKey, READONLY, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import type { Engine } from '../../engine.ts'
import { bigExpireOf, ENTRY_HEADER_BYTES, expireOf, flagsOf, HAS_EXPIRE } from '../../keyspace/entry.ts'
import { conditionAt, GT, LT, NX, XX } from '../expire-condition.ts'
import { expiryHigh, expiryLow, isExpiryPast, MS_PER_SECOND, parseExpiry } from '../expiry-argument.ts'

/** A command that sets an expiry. `unitMs` of its argument; from now, or from 1970. */
function setter(
  name: string,
  since: string,
  argument: string,
  summary: string,
  unitMs: number,
  fromNow: boolean,
): CommandSpec<Engine> {
  const command = name.toLowerCase()
  return {
    name,
    arity: -3,
    runs: 'shard',
    flags: WRITE | FAST,
    acl: ACL_KEYSPACE,
    keys: oneKey(1, 'RW', 'UPDATE'),
    since,
    complexity: 'O(1)',
    summary,
    syntax: `key ${argument} [NX|XX|GT|LT]`,
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    handler: (engine, args, reply) => expire(engine, args, reply, command, unitMs, fromNow ? engine.nowMs : 0),
  }
}

/** A command that asks for an expiry: the time itself or what is left of it. */
function getter(name: string, since: string, summary: string, unitMs: number, fromNow: boolean): CommandSpec<Engine> {
  return {
    name,
    arity: 2,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_KEYSPACE,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since,
    complexity: 'O(1)',
    summary,
    syntax: 'key',
    ...(fromNow ? { tips: ['nondeterministic_output'], history: [['2.8.0', 'Added the -2 reply.']] as const } : {}),
    handler: (engine, args, reply) => ttl(engine, args, reply, unitMs, fromNow ? engine.nowMs : 0),
  }
}

export const expireCommands = family<Engine>('generic', [
  setter('EXPIRE', '1.0.0', 'seconds', 'Lets a key expire after some seconds.', MS_PER_SECOND, true),
  setter('PEXPIRE', '2.6.0', 'milliseconds', 'Lets a key expire after some milliseconds.', 1, true),
  setter(
    'EXPIREAT',
    '1.2.0',
    'unix-time-seconds:unix-time',
    'Lets a key expire at a Unix time in seconds.',
    MS_PER_SECOND,
    false,
  ),
  setter(
    'PEXPIREAT',
    '2.6.0',
    'unix-time-milliseconds:unix-time',
    'Lets a key expire at a Unix time in milliseconds.',
    1,
    false,
  ),
  getter('TTL', '1.0.0', 'Seconds until a key expires; -1: never, -2: no such key.', MS_PER_SECOND, true),
  getter('PTTL', '2.6.0', 'Milliseconds until a key expires; -1: never, -2: no such key.', 1, true),
  getter('EXPIRETIME', '7.0.0', 'The Unix time in seconds at which a key expires.', MS_PER_SECOND, false),
  getter('PEXPIRETIME', '7.0.0', 'The Unix time in milliseconds at which a key expires.', 1, false),
  {
    name: 'PERSIST',
    arity: 2,
    runs: 'shard',
    flags: WRITE | FAST,
    acl: ACL_KEYSPACE,
    keys: oneKey(1, 'RW', 'UPDATE'),
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Takes the expiry of a key away.',
    syntax: 'key',
    handler: persist,
  },
])

function expire(engine: Engine, args: Args, reply: Reply, command: string, unitMs: number, baseMs: number): void {
  const conditions = args.count === 3 ? 0 : parseConditions(args, reply)
  if (conditions < 0 || !parseExpiry(args, 2, unitMs, baseMs, false, command, reply)) return
  const { keyspace } = engine
  const { bytes } = args
  const entry = keyspace.findForWrite(bytes, args.offset[1], args.length[1])
  if (entry === 0 || (conditions !== 0 && !conditionsHold(keyspace.arena, entry, conditions))) return reply.integer(0)
  if (isExpiryPast(engine.nowMs)) keyspace.removeFound(entry, engine.access.freesExpired)
  else keyspace.setExpire(entry, expiryLow, expiryHigh)
  keyspace.changed(bytes, args.offset[1], args.length[1])
  reply.integer(1)
}

/** The conditions from argument 3 on as bits; -1 when they are unsound, with the error replied. */
function parseConditions(args: Args, reply: Reply): number {
  let conditions = 0
  for (let i = 3; i < args.count; i++) {
    const condition = conditionAt(args, i)
    if (condition === 0) {
      reply.error(errors.unsupportedOption(args.cText(i)))
      return -1
    }
    conditions |= condition
  }
  if (conditions & NX && conditions !== NX) {
    reply.error(errors.NX_WITH_OTHERS)
    return -1
  }
  if (conditions & GT && conditions & LT) {
    reply.error(errors.GT_WITH_LT)
    return -1
  }
  return conditions
}

/** Whether the conditions allow an entry the time that was read; a key that never expires has an endless one. */
function conditionsHold(arena: Arena, entry: number, conditions: number): boolean {
  if ((flagsOf(arena, entry) & HAS_EXPIRE) === 0) return (conditions & (XX | GT)) === 0
  if (conditions & NX) return false
  const at = (entry + ENTRY_HEADER_BYTES) >> 2
  const difference = expiryHigh - arena.i32[at + 1] || (expiryLow >>> 0) - arena.u32[at]
  return (conditions & GT) === 0 || difference > 0 ? (conditions & LT) === 0 || difference < 0 : false
}

function ttl(engine: Engine, args: Args, reply: Reply, unitMs: number, baseMs: number): void {
  const { keyspace } = engine
  const { arena } = keyspace
  const entry = keyspace.findWithoutTouch(args.bytes, args.offset[1], args.length[1])
  if (entry === 0) return reply.integer(-2)
  if ((flagsOf(arena, entry) & HAS_EXPIRE) === 0) return reply.integer(-1)
  const at = expireOf(arena, entry)
  if (!Number.isSafeInteger(at)) return farTtl(arena, entry, reply, unitMs, baseMs)
  const ms = Math.max(0, at - baseMs)
  reply.integer(unitMs === 1 ? ms : Math.floor((ms + MS_PER_SECOND / 2) / MS_PER_SECOND))
}

function farTtl(arena: Arena, entry: number, reply: Reply, unitMs: number, baseMs: number): void {
  const ms = bigExpireOf(arena, entry) - BigInt(baseMs)
  reply.bigInteger(unitMs === 1 ? ms : (ms + 500n) / 1000n)
}

function persist(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const entry = keyspace.findForWrite(args.bytes, args.offset[1], args.length[1])
  if (entry === 0 || !keyspace.removeExpire(entry)) return reply.integer(0)
  keyspace.changed(args.bytes, args.offset[1], args.length[1])
  reply.integer(1)
}
