/* DUMP and RESTORE (https://redis.io/commands/restore/): a value as bytes that real Redis takes, and back. Baton
 * holder. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import {
  ACL_DANGEROUS,
  ACL_KEYSPACE,
  DENYOOM,
  family,
  HEAVY,
  oneKey,
  READONLY,
  WRITE,
} from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { NOT_INTEGER, parsedBig, parseInteger } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { setAccess } from '../../keyspace/entry.ts'
import { isSoundPayload, loadPayload, writePayload } from '../../rdb/payload.ts'
import { RdbError } from '../../rdb/reader.ts'

const REPLACE = bytesOf('REPLACE')
const ABSTTL = bytesOf('ABSTTL')
const IDLETIME = bytesOf('IDLETIME')
const FREQ = bytesOf('FREQ')
const MOST_FREQUENT = 255n

export const dumpCommands = family<Engine>('generic', [
  {
    name: 'DUMP',
    arity: 2,
    runs: 'shard',
    flags: READONLY | HEAVY,
    acl: ACL_KEYSPACE,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '2.6.0',
    complexity: 'O(n) in the bytes of the value',
    summary: 'A value as bytes, for RESTORE.',
    syntax: 'key',
    tips: ['nondeterministic_output'],
    handler: dump,
  },
  {
    name: 'RESTORE',
    arity: -4,
    runs: 'shard',
    flags: WRITE | DENYOOM | HEAVY,
    acl: ACL_KEYSPACE | ACL_DANGEROUS,
    keys: oneKey(1, 'OW', 'UPDATE'),
    since: '2.6.0',
    complexity: 'O(n) in the bytes of the value',
    summary: 'Makes the bytes that DUMP gave the value of a key.',
    syntax: 'key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]',
    history: [
      ['3.0.0', 'Added the `REPLACE` modifier.'],
      ['5.0.0', 'Added the `ABSTTL` modifier.'],
      ['5.0.0', 'Added the `IDLETIME` and `FREQ` options.'],
    ],
    handler: restore,
  },
])

function dump(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace, settings } = engine
  const entry = keyspace.findForRead(args.bytes, args.offset[1], args.length[1])
  if (entry === 0) return reply.nil()
  const payload = writePayload(keyspace, entry, settings)
  reply.bulk(payload.bytes, 0, payload.length)
  payload.clear()
}

interface RestoreOptions {
  replace: boolean
  absolute: boolean
  /** -1: not given. */
  idleSeconds: bigint
  frequency: bigint
}

/**
 * The new value stands beside the old one, which nobody sees, until all is well: a payload that is found broken at its
 * end, or an arena that is full then, costs the key nothing.
 */
function restore(engine: Engine, args: Args, reply: Reply): void {
  const options = parseOptions(args, reply)
  if (options === null) return
  const { keyspace } = engine
  const { bytes } = args
  const key = args.offset[1]
  const keyBytes = args.length[1]
  // Redis replaces what is there without a look whether it has expired.
  const old = options.replace ? keyspace.peek(bytes, key, keyBytes) : keyspace.findForWrite(bytes, key, keyBytes)
  if (old !== 0 && !options.replace) return reply.error(errors.BUSY_KEY)
  const ttl = integerArgument(args, 2)
  if (ttl === null) return reply.error(errors.NOT_AN_INTEGER)
  if (ttl < 0n) return reply.error(errors.INVALID_TTL)
  if (!isSoundPayload(bytes, args.offset[3], args.length[3], !engine.settings.skipChecksumValidation)) {
    return reply.error(errors.DUMP_VERSION_OR_CHECKSUM)
  }
  const entry = load(engine, args, reply)
  if (entry === 0) return
  const expireMs = ttl === 0n || options.absolute ? ttl : BigInt.asIntN(64, ttl + BigInt(engine.nowMs))
  if (ttl !== 0n && expireMs <= BigInt(engine.nowMs)) {
    keyspace.removeEntry(entry)
    if (old === 0) return reply.ok()
  } else finish(engine, entry, ttl === 0n ? null : expireMs, options)
  if (old !== 0) keyspace.removeEntry(old)
  keyspace.changed(bytes, key, keyBytes)
  reply.ok()
}

/** The entry of a payload; 0 when it is broken, with the error replied. */
function load(engine: Engine, args: Args, reply: Reply): number {
  const { keyspace, settings, access } = engine
  const { bytes, offset, length } = args
  const { expirePaused } = access
  // What is to be replaced stays for as long as the payload may turn out broken, though it may have expired.
  access.expirePaused = true
  try {
    return loadPayload(keyspace, settings, bytes, offset[1], length[1], offset[3], length[3])
  } catch (error) {
    if (!(error instanceof RdbError)) throw error
    engine.logVerbose(`Internal error in RDB reading -> ${error.message}`)
    reply.error(errors.BAD_DATA_FORMAT)
    return 0
  } finally {
    access.expirePaused = expirePaused
  }
}

/** Gives a fresh entry its expiry and its access field, or removes it when there is no room for the former. */
function finish({ keyspace, access }: Engine, entry: number, expireMs: bigint | null, options: RestoreOptions): void {
  let placed = entry
  if (expireMs !== null) {
    try {
      placed = keyspace.setExpire(entry, Number(expireMs & 0xffffffffn), Number(expireMs >> 32n))
    } catch (error) {
      keyspace.removeEntry(entry)
      throw error
    }
  }
  const { arena } = keyspace
  if (access.lfu && options.frequency >= 0n) setAccess(arena, placed, access.ofFrequency(Number(options.frequency)))
  if (!access.lfu && options.idleSeconds >= 0n) setAccess(arena, placed, access.ofIdle(Number(options.idleSeconds)))
}

/** The options from argument 4 on; null when they are wrong, with the error replied. */
function parseOptions(args: Args, reply: Reply): RestoreOptions | null {
  const options: RestoreOptions = { replace: false, absolute: false, idleSeconds: -1n, frequency: -1n }
  for (let i = 4; i < args.count; i++) {
    const hasMore = i + 1 < args.count
    if (args.isOption(i, REPLACE)) options.replace = true
    else if (args.isOption(i, ABSTTL)) options.absolute = true
    else if (args.isOption(i, IDLETIME) && hasMore && options.frequency < 0n) {
      const seconds = integerArgument(args, ++i)
      if (seconds === null || seconds < 0n) return refused(reply, seconds, errors.INVALID_IDLETIME)
      options.idleSeconds = seconds
    } else if (args.isOption(i, FREQ) && hasMore && options.idleSeconds < 0n) {
      const frequency = integerArgument(args, ++i)
      if (frequency === null || frequency < 0n || frequency > MOST_FREQUENT) {
        return refused(reply, frequency, errors.INVALID_FREQ)
      }
      options.frequency = frequency
    } else return refused(reply, 0n, errors.SYNTAX)
  }
  return options
}

function refused(reply: Reply, value: bigint | null, error: string): null {
  reply.error(value === null ? errors.NOT_AN_INTEGER : error)
  return null
}

/** An argument as an integer, null when it is none. */
function integerArgument(args: Args, index: number): bigint | null {
  const { bytes } = args
  const at = args.offset[index]
  const length = args.length[index]
  return parseInteger(bytes, at, length) === NOT_INTEGER ? null : parsedBig(bytes, at, length)
}
