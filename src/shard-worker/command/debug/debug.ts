/* The part of DEBUG that looks into shards. The rest of the container needs none and is declared with the server. Baton
 * holder.
 *
 * To Redis DEBUG is one command, hence opaque: COMMAND shows no subcommands, and a wrong number of arguments is an
 * unknown word. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import {
  ADMIN,
  type CommandSpec,
  type Family,
  family,
  type Handler,
  HEAVY,
  type KeySpec,
  keysToEnd,
  LOADING,
  NOSCRIPT,
  oneKey,
  type Place,
  PROTECTED,
  STALE,
} from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { globMatches } from '../../../base/glob.ts'
import { NOT_INTEGER, parsed, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { addValue, Digest, digestOf } from '../../keyspace/digest.ts'
import {
  accessOf,
  blockOf,
  ENCODING_HASHTABLE,
  ENCODING_INT,
  ENCODING_NAMES,
  ENCODING_QUICKLIST,
  ENCODING_SKIPLIST,
  encodingOf,
  keyLength,
  stringLength,
  stringOffset,
  TYPE_STRING,
  typeOf,
} from '../../keyspace/entry.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import type { Table } from '../../keyspace/table/table.ts'
import { bytesOfEntry } from '../../keyspace/value-type.ts'
import { referenceCount } from '../key/object.ts'
import { describeTables } from './debug-htstats.ts'
import { printListpack, printQuicklist, quicklistFields } from './debug-list.ts'
import { populate } from './debug-populate.ts'

const FULL = bytesOf('FULL')
export const DEBUG_FLAGS = ADMIN | NOSCRIPT | LOADING | STALE | PROTECTED

function subcommand(
  name: string,
  arity: number,
  runs: Place,
  keys: KeySpec[],
  summary: string,
  syntax: string,
  handler: Handler<Engine>,
): CommandSpec<Engine> {
  const complexity = runs === 'all' ? 'O(n) in the keys' : 'O(1) for each key'
  const flags = runs === 'shard' ? DEBUG_FLAGS : DEBUG_FLAGS | HEAVY
  return { name, arity, runs, flags, acl: 0, keys, since: '1.0.0', complexity, summary, syntax, handler }
}

const KEY = oneKey(2, 'RO')
const debugShardSubcommands: readonly CommandSpec<Engine>[] = [
  subcommand('OBJECT', 3, 'shard', KEY, 'How a value is stored.', 'key', object),
  subcommand('SDSLEN', 3, 'shard', KEY, 'Lengths of a key and its string.', 'key', sdslen),
  subcommand('DIGEST', 2, 'all', [], 'A digest of all data, equal where the data are.', '', digest),
  subcommand(
    'DIGEST-VALUE',
    -2,
    'shards',
    keysToEnd(2, 1, 'RO'),
    'Digests of the values at keys.',
    '[key...]',
    digestValue,
  ),
  subcommand('POPULATE', -3, 'all', [], 'Adds keys that are numbered.', 'count [prefix [size:integer]]', populate),
  subcommand('HTSTATS', -3, 'all', [], 'How full the tables of a database are.', 'db:integer [FULL]', htstats),
  subcommand('HTSTATS-KEY', -3, 'shard', KEY, 'How full the table of a value is.', 'key [FULL]', htstatsKey),
  subcommand('LISTPACK', 3, 'shard', KEY, 'Prints a listpack.', 'key', printListpack),
  subcommand('QUICKLIST', -3, 'shard', KEY, 'Prints a quicklist.', 'key [detail:integer]', printQuicklist),
  subcommand('CHECK', 2, 'all', [], 'Asserts every invariant of every shard.', '', check),
  subcommand('STRINGMATCH-LEN', 4, 'io', [], 'Whether a pattern matches a text.', 'pattern text', stringmatchLen),
]

/** The container, which the families of both threads declare, each with the subcommands that run there. */
export function debugContainer<Context>(subcommands: readonly CommandSpec<Context>[]): Family<Context> {
  return family<Context>('server', [
    {
      name: 'DEBUG',
      arity: -2,
      runs: 'io',
      flags: DEBUG_FLAGS,
      acl: 0,
      keys: [],
      since: '1.0.0',
      complexity: 'Depends on the subcommand',
      summary: 'For tests of the server.',
      syntax: '',
      opaque: true,
      syscmd: true,
      subcommands,
    },
  ])
}

export const debugCommands = debugContainer<Engine>(debugShardSubcommands)

function object(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace, access } = engine
  const { arena } = keyspace
  const entry = keyspace.peek(args.bytes, args.offset[2], args.length[2])
  if (entry === 0) return reply.error(errors.NO_SUCH_KEY)
  const lru = accessOf(arena, entry)
  reply.simple(
    `Value at:0x${entry.toString(16).padStart(12, '0')} refcount:${referenceCount(engine, keyspace, entry)} ` +
      `encoding:${ENCODING_NAMES[encodingOf(arena, entry)]} serializedlength:${serializedLength(keyspace, entry)} ` +
      `lru:${lru} lru_seconds_idle:${access.idleSeconds(lru)}` +
      (encodingOf(arena, entry) === ENCODING_QUICKLIST ? quicklistFields(arena, blockOf(arena, entry)) : ''),
  )
}

/** Bytes of a value in a snapshot, uncompressed. */
function serializedLength(keyspace: Keyspace, entry: number): number {
  const { arena } = keyspace
  if (typeOf(arena, entry) !== TYPE_STRING) return bytesOfEntry(keyspace.arena, entry)
  const length = stringLength(arena, entry)
  if (length <= 11 && parseInteger(arena.u8, stringOffset(arena, entry), length) === SAFE_INTEGER) {
    const value = parsed()
    if (value >= -(2 ** 7) && value < 2 ** 7) return 2
    if (value >= -(2 ** 15) && value < 2 ** 15) return 3
    if (value >= -(2 ** 31) && value < 2 ** 31) return 5
  }
  return length + (length < 2 ** 6 ? 1 : length < 2 ** 14 ? 2 : 5)
}

function sdslen(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const { arena } = keyspace
  const entry = keyspace.peek(args.bytes, args.offset[2], args.length[2])
  if (entry === 0) return reply.error(errors.NO_SUCH_KEY)
  if (typeOf(arena, entry) !== TYPE_STRING || encodingOf(arena, entry) === ENCODING_INT) {
    return reply.error(errors.NOT_SDS_ENCODED)
  }
  const value = stringLength(arena, entry)
  const all = bytesOfEntry(keyspace.arena, entry)
  const key = keyLength(arena, entry)
  reply.simple(
    `key_sds_len:${key}, key_sds_avail:0, key_zmalloc: ${key}, ` +
      `val_sds_len:${value}, val_sds_avail:${all - key - value}, val_zmalloc: ${all - key}`,
  )
}

function digest(engine: Engine, _args: Args, reply: Reply): void {
  reply.simple(digestOf(engine.shards).hex)
}

function digestValue(engine: Engine, args: Args, reply: Reply): void {
  reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) {
    const keyspace = engine.keyspaceOf(args, i)
    const entry = keyspace.peek(args.bytes, args.offset[i], args.length[i])
    const value = new Digest()
    if (entry !== 0) addValue(value, keyspace, entry)
    reply.simple(value.hex)
  }
}

function htstats(engine: Engine, args: Args, reply: Reply): void {
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
  const db = kind === SAFE_INTEGER ? parsed() : -1
  if (db < 0 || db >= engine.databases) return reply.error(errors.DEBUG_DB_OUT_OF_RANGE)
  const full = args.count >= 4 && args.isOption(3, FULL)
  const keys: Table[] = []
  const expires: Table[] = []
  for (const shard of engine.shards) {
    keys.push(shard.keyspaces[db].keys)
    expires.push(shard.keyspaces[db].expires)
  }
  reply.verbatim('txt', `[Dictionary HT]\n${describeTables(keys, full)}[Expires HT]\n${describeTables(expires, full)}`)
}

/** DEBUG CHECK, which Redis lacks: a broken invariant ends the process, as every failed assertion does. */
function check(engine: Engine, _args: Args, reply: Reply): void {
  for (const shard of engine.shards) shard.check()
  reply.ok()
}

function htstatsKey(engine: Engine, args: Args, reply: Reply): void {
  const { keyspace } = engine
  const entry = keyspace.findWithoutTouch(args.bytes, args.offset[2], args.length[2])
  if (entry === 0) return reply.error(errors.NO_SUCH_KEY)
  const encoding = encodingOf(keyspace.arena, entry)
  if (encoding !== ENCODING_HASHTABLE && encoding !== ENCODING_SKIPLIST) return reply.error(errors.NOT_A_HASH_TABLE)
  reply.verbatim('txt', `Hash table 0 stats (main hash table):\n arena bytes: ${bytesOfEntry(keyspace.arena, entry)}\n`)
}

function stringmatchLen(_engine: Engine, args: Args, reply: Reply): void {
  const { bytes, offset, length } = args
  const matched = globMatches(bytes, offset[2], length[2], bytes, offset[3], length[3], false)
  reply.integer(matched ? 1 : 0)
}
