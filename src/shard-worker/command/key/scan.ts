/* Commands that go through the keys of a database: KEYS, SCAN, RANDOMKEY. Baton holder of every shard.
 *
 * SCAN visits one shard after the other. Its cursor tells the shard and the cursor of the shard's table (see
 * Table.scanStep), which has at most 32 bits:
 *
 *   cursor = table cursor * shards + shard        0 begins at the first shard, and is the end after the last one
 *
 * So it stays below 2^53 for clients that keep it in a double, and the guarantee of each table is that of the whole: a
 * key that is there all the time is met. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_DANGEROUS, ACL_KEYSPACE, family, HEAVY, READONLY } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { globMatches } from '../../../base/glob.ts'
import { NOT_INTEGER, parsed, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import { randomBelow } from '../../../base/ports.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { keyLength, keyOffset, TYPE_NAMES, typeOf } from '../../keyspace/entry.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import { KEYSPACE_HITS, KEYSPACE_MISSES } from '../../keyspace/shard-layout.ts'
import { randomEntry } from '../../keyspace/table/table-sample.ts'

const MATCH = bytesOf('MATCH')
const COUNT = bytesOf('COUNT')
const TYPE = bytesOf('TYPE')
const DEFAULT_COUNT = 10
/** A call looks at this many buckets for each key that it should find, so that a sparse table does not hold it up. */
export const BUCKETS_PER_KEY = 10

const STAR = 42
const PLUS = 43
const MINUS = 45
const MAX_UINT64 = 2n ** 64n - 1n

/* What parseOptions found, until the next call. */
export let count = 0
/** Index of the pattern, 0 for none. */
export let pattern = 0
/** -1: any type; NO_TYPE: none. */
let wantedType = -1
const NO_TYPE = TYPE_NAMES.length

/* Where SCAN stands. */
let scanShard = 0
export let scanCursor = 0

export const scanCommands = family<Engine>('generic', [
  {
    name: 'KEYS',
    arity: 2,
    runs: 'all',
    flags: READONLY | HEAVY,
    acl: ACL_KEYSPACE | ACL_DANGEROUS,
    keys: [],
    since: '1.0.0',
    complexity: 'O(n) in the keys of the database',
    summary: 'Every key that matches a pattern.',
    syntax: 'pattern',
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
    handler: keys,
  },
  {
    name: 'SCAN',
    arity: -2,
    runs: 'all',
    flags: READONLY,
    acl: ACL_KEYSPACE,
    keys: [],
    since: '2.8.0',
    complexity: 'O(1) for a call, O(n) in the keys of the database for all calls until the cursor is 0 again',
    summary: 'Some keys, and a cursor to ask for more with.',
    syntax: 'cursor:integer [MATCH pattern] [COUNT count] [TYPE type:string]',
    tips: ['nondeterministic_output', 'request_policy:special', 'response_policy:special'],
    history: [['6.0.0', 'Added the `TYPE` subcommand.']],
    handler: scan,
  },
  {
    name: 'RANDOMKEY',
    arity: 1,
    runs: 'all',
    flags: READONLY,
    acl: ACL_KEYSPACE,
    keys: [],
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'A key drawn at random, each with the same chance.',
    syntax: '',
    tips: ['request_policy:all_shards', 'response_policy:special', 'nondeterministic_output'],
    handler: randomkey,
  },
])

function keys(engine: Engine, args: Args, reply: Reply): void {
  const mark = reply.length
  const any = isEverything(args, 1)
  let found = 0
  for (const shard of engine.shards) {
    const keyspace = shard.keyspaces[engine.db]
    const table = keyspace.keys
    let cursor = 0
    do {
      cursor = table.scanStep(cursor)
      for (let i = 0; i < table.scannedCount; i++) {
        const entry = table.scanned[i]
        if ((!any && !matches(args, 1, keyspace, entry)) || keyspace.isExpired(entry)) continue
        replyKey(reply, keyspace, entry)
        found++
      }
    } while (cursor !== 0)
  }
  reply.arrayFrom(mark, found)
}

function scan(engine: Engine, args: Args, reply: Reply): void {
  const shards = engine.shards.length
  if (!parseCursor(args, 1, shards)) return reply.error(errors.INVALID_CURSOR)
  const refusal = parseOptions(args, 2, true)
  if (refusal !== null) return reply.error(refusal)
  if (engine.defers(Math.min(count, keysOf(engine)), 0)) return
  const mark = reply.length
  let found = 0
  let sampled = 0
  let buckets = count * BUCKETS_PER_KEY
  do {
    const keyspace = engine.shards[scanShard].keyspaces[engine.db]
    const table = keyspace.keys
    scanCursor = table.scanStep(scanCursor)
    for (let i = 0; i < table.scannedCount; i++) {
      const entry = table.scanned[i]
      if (pattern !== 0 && !matches(args, pattern, keyspace, entry)) continue
      if (!isWanted(keyspace, entry)) continue
      replyKey(reply, keyspace, entry)
      found++
    }
    sampled += table.scannedCount
    if (scanCursor === 0) scanShard++
  } while (scanShard < shards && buckets-- > 0 && sampled < count)
  reply.arrayFrom(mark, found)
  const body = reply.length
  reply.array(2)
  reply.bulkInteger(scanShard === shards ? 0 : scanCursor * shards + scanShard)
  reply.moveBefore(mark, body)
}

/** The number of keys in the selected database. */
function keysOf(engine: Engine): number {
  let keys = 0
  for (const shard of engine.shards) keys += shard.keyspaces[engine.db].keys.used
  return keys
}

/** Reads an argument into scanShard and scanCursor as strtoul would; false when it is no cursor. */
export function parseCursor(args: Args, index: number, shards: number): boolean {
  const { bytes } = args
  const offset = args.offset[index]
  const length = args.length[index]
  if (length === 1 && bytes[offset] === 48) {
    scanShard = 0
    scanCursor = 0
    return true
  }
  const text = args.cText(index)
  if (!/^[+-]?\d+$|^$/.test(text)) return false
  const sign = bytes[offset]
  const magnitude = BigInt(sign === PLUS || sign === MINUS ? text.slice(1) : text)
  if (magnitude > MAX_UINT64) return false
  const cursor = BigInt.asUintN(64, sign === MINUS ? -magnitude : magnitude)
  scanShard = Number(cursor % BigInt(shards))
  scanCursor = Number((cursor / BigInt(shards)) & 0xffffffffn)
  return true
}

/** Reads the options of SCAN, or those of HSCAN, which has no TYPE; an error or null. */
export function parseOptions(args: Args, first: number, hasType: boolean): string | null {
  count = DEFAULT_COUNT
  pattern = 0
  wantedType = -1
  for (let i = first; i < args.count; i += 2) {
    if (i + 1 === args.count) return errors.SYNTAX
    if (args.isOption(i, COUNT)) {
      const kind = parseInteger(args.bytes, args.offset[i + 1], args.length[i + 1])
      if (kind === NOT_INTEGER) return errors.NOT_AN_INTEGER
      count = kind === SAFE_INTEGER ? parsed() : args.bytes[args.offset[i + 1]] === MINUS ? -1 : Number.MAX_SAFE_INTEGER
      if (count < 1) return errors.SYNTAX
    } else if (args.isOption(i, MATCH)) {
      pattern = isEverything(args, i + 1) ? 0 : i + 1
    } else if (hasType && args.isOption(i, TYPE)) {
      wantedType = typeNamed(args, i + 1)
    } else {
      return errors.SYNTAX
    }
  }
  return null
}

/** The type that an argument names in any case; one that no key has when it names none. */
function typeNamed(args: Args, index: number): number {
  const text = args.cText(index).toLowerCase()
  const type = TYPE_NAMES.indexOf(text)
  return type < 0 ? NO_TYPE : type
}

/** Whether SCAN shows an entry. One that has expired is deleted on the way; with TYPE that is a lookup and counts. */
function isWanted(keyspace: Keyspace, entry: number): boolean {
  const { counters } = keyspace.shard
  if (keyspace.isExpired(entry)) {
    keyspace.expireEntry(entry)
    if (wantedType >= 0) counters[KEYSPACE_MISSES]++
    return false
  }
  if (wantedType < 0) return true
  counters[KEYSPACE_HITS]++
  return typeOf(keyspace.arena, entry) === wantedType
}

/** Expired keys that RANDOMKEY passes over in a pause before it takes one. */
const RANDOMKEY_TRIES = 100

function randomkey(engine: Engine, _args: Args, reply: Reply): void {
  for (let tries = 1; ; tries++) {
    const total = keysOf(engine)
    if (total === 0) return reply.nil()
    let skip = randomBelow(engine.random, total)
    let index = 0
    while (skip >= engine.shards[index].keyspaces[engine.db].keys.used) {
      skip -= engine.shards[index++].keyspaces[engine.db].keys.used
    }
    const keyspace = engine.shards[index].keyspaces[engine.db]
    const entry = randomEntry(keyspace.keys, engine.random)
    // While a pause keeps expired keys, there may be no others.
    const isLastTry = engine.access.expirePaused && tries === RANDOMKEY_TRIES
    if (isLastTry || !keyspace.isExpired(entry)) return replyKey(reply, keyspace, entry)
    keyspace.expireEntry(entry)
  }
}

/** Whether a pattern is the single star, which needs no matching. */
function isEverything(args: Args, index: number): boolean {
  return args.length[index] === 1 && args.bytes[args.offset[index]] === STAR
}

function matches(args: Args, index: number, keyspace: Keyspace, entry: number): boolean {
  const { arena } = keyspace
  const key = keyOffset(arena, entry)
  return globMatches(args.bytes, args.offset[index], args.length[index], arena.u8, key, keyLength(arena, entry), false)
}

function replyKey(reply: Reply, keyspace: Keyspace, entry: number): void {
  const { arena } = keyspace
  reply.bulk(arena.u8, keyOffset(arena, entry), keyLength(arena, entry))
}
