/* Commands that go through a hash or draw from it: HSCAN, HRANDFIELD. Baton holder.
 *
 * HSCAN gives all of a listpack at once; in a hashtable its cursor is that of the table (see Table.scanStep), with the
 * same guarantee as SCAN's. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_HASH, family, oneKey, READONLY } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { globMatches } from '../../../base/glob.ts'
import { BIG_INTEGER, NOT_INTEGER, parsed, parsedBig, parseInteger } from '../../../base/number-text.ts'
import { randomBelow } from '../../../base/ports.ts'
import { MAX_REPLY_BYTES, type Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { keyLength, keyOffset, replyValue } from '../../keyspace/entry.ts'
import type { Hash } from '../../keyspace/hash/hash.ts'
import { expireFields } from '../../keyspace/hash/hash-expiry.ts'
import { randomEntry } from '../../keyspace/table/table-sample.ts'
import * as listpack from '../../structure/listpack.ts'
import { BUCKETS_PER_KEY, count, parseCursor, parseOptions, pattern, scanCursor } from '../key/scan.ts'
import { FOREIGN, findHash, openFound, replyElement } from './hash-value.ts'

const WITHVALUES = bytesOf('WITHVALUES')
const MIN_INT64 = -(2n ** 63n)
const MAX_PAIRS = (2n ** 63n - 1n) / 2n

export const hashScanCommands = family<Engine>('hash', [
  {
    name: 'HSCAN',
    arity: -3,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_HASH,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '2.8.0',
    complexity: 'O(1) for a call, O(n) in the fields for all calls until the cursor is 0 again',
    summary: 'Some fields of a hash with their values, and a cursor to ask for more with.',
    syntax: 'key cursor:integer [MATCH pattern] [COUNT count]',
    tips: ['nondeterministic_output'],
    handler: hscan,
  },
  {
    name: 'HRANDFIELD',
    arity: -2,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_HASH,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '6.2.0',
    complexity: 'O(n) in the fields returned',
    summary: 'Fields of a hash drawn at random.',
    syntax: 'key [count [WITHVALUES]]',
    tips: ['nondeterministic_output'],
    handler: hrandfield,
  },
])

function hscan(engine: Engine, args: Args, reply: Reply): void {
  if (!parseCursor(args, 2, 1)) return reply.error(errors.INVALID_CURSOR)
  const refusal = parseOptions(args, 3, false)
  const { keyspace } = engine
  const entry = keyspace.find(args.bytes, args.offset[1], args.length[1])
  const hash = openFound(keyspace, entry)
  if (hash && refusal === null && defersPart(engine, hash, hash.isListpack ? hash.count : count)) return
  keyspace.noteRead(entry)
  if (hash === FOREIGN) return reply.error(errors.WRONG_TYPE)
  if (hash === null) {
    reply.array(2)
    reply.bulkInteger(0)
    return reply.array(0)
  }
  if (refusal !== null) return reply.error(refusal)
  const mark = reply.length
  const next = hash.isListpack ? 0 : scanCursor
  let found = 0
  let cursor = next
  if (hash.isListpack) found = scanListpack(hash, args, reply)
  else {
    const { arena, table } = hash
    let sampled = 0
    let buckets = count * BUCKETS_PER_KEY
    do {
      cursor = table.scanStep(cursor)
      sampled += table.scannedCount
      for (let i = 0; i < table.scannedCount; i++) {
        const entry = table.scanned[i]
        const at = keyOffset(arena, entry)
        if (!matches(args, arena.u8, at, keyLength(arena, entry)) || hash.hasExpired(entry)) continue
        reply.bulk(arena.u8, at, keyLength(arena, entry))
        replyValue(arena, entry, reply)
        found++
      }
    } while (cursor !== 0 && buckets-- > 0 && sampled < count)
  }
  reply.arrayFrom(mark, 2 * found)
  const body = reply.length
  reply.array(2)
  reply.bulkInteger(cursor)
  reply.moveBefore(mark, body)
}

/** Whether replying with so many of the fields and their values is work for the worker. */
function defersPart(engine: Engine, hash: Hash, fields: number): boolean {
  const { count: all, textBytes } = hash
  const told = Math.min(fields, all)
  return engine.defers(2 * told, (textBytes * told) / all)
}

/** Appends every pair whose field matches; returns how many. */
function scanListpack(hash: Hash, args: Args, reply: Reply): number {
  const { u8 } = hash.arena
  let found = 0
  for (let p = listpack.first(hash.block); !listpack.isEnd(u8, p); p = hash.nextField(p)) {
    listpack.read(u8, p)
    const { element } = listpack
    if (!matches(args, element.bytes, element.offset, element.length) || hash.hasExpired(p)) continue
    replyElement(hash.arena, p, reply)
    replyElement(hash.arena, listpack.next(u8, p), reply)
    found++
  }
  return found
}

function matches(args: Args, bytes: Uint8Array, offset: number, length: number): boolean {
  if (pattern === 0) return true
  return globMatches(args.bytes, args.offset[pattern], args.length[pattern], bytes, offset, length, false)
}

/** Of a bulk string in a reply: the empty one. */
const SHORTEST_BULK_BYTES = '$0\r\n\r\n'.length

function hrandfield(engine: Engine, args: Args, reply: Reply): void {
  if (args.count === 2) return oneField(engine, args, reply)
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
  const big = kind === BIG_INTEGER ? parsedBig(args.bytes, args.offset[2], args.length[2]) : BigInt(parsed())
  if (big === MIN_INT64) return reply.error(errors.NOT_A_RANGED_LONG)
  const withValues = args.count === 4 && args.isOption(3, WITHVALUES)
  if (args.count > 4 || (args.count === 4 && !withValues)) return reply.error(errors.SYNTAX)
  if (withValues && (big > MAX_PAIRS || big < -MAX_PAIRS)) return reply.error(errors.OUT_OF_RANGE)
  const { keyspace } = engine
  const entry = keyspace.find(args.bytes, args.offset[1], args.length[1])
  const found = openFound(keyspace, entry)
  const many = Number(big)
  if (found && defersDraw(engine, found, many)) return
  keyspace.noteRead(entry)
  if (found === FOREIGN) return reply.error(errors.WRONG_TYPE)
  const hash = found
  if (hash !== null) expireFields(hash, Number.MAX_SAFE_INTEGER)
  if (hash === null || !hash.isOpen || big === 0n) return reply.array(0)
  // Refused before it is drawn for a minute.
  if (-many * SHORTEST_BULK_BYTES > MAX_REPLY_BYTES) return reply.error(errors.REPLY_TOO_LARGE)
  const drawn = many < 0 ? -many : Math.min(many, hash.count)
  reply.array(withValues && !reply.resp3 ? 2 * drawn : drawn)
  if (many < 0 || drawn === 1) drawWithRepeats(engine, hash, drawn, withValues, reply)
  else if (hash.isListpack || drawn * LISTED_PART > hash.count) drawFromList(engine, hash, drawn, withValues, reply)
  else drawFromTable(engine, hash, drawn, withValues, reply)
}

/** Whether drawing `many` fields, with repeats if that is negative, is work for the worker. */
function defersDraw(engine: Engine, hash: Hash, many: number): boolean {
  if (many < 0) return engine.defers(-many, (hash.textBytes / hash.count) * -many)
  return defersPart(engine, hash, many * LISTED_PART > hash.count ? hash.count : many)
}

/** More than this part of the fields are drawn from a list of all: by then few draws would find a fresh one. */
const LISTED_PART = 3

/** Fields that are drawn one by one, each from all. */
function drawWithRepeats(engine: Engine, hash: Hash, drawn: number, withValues: boolean, reply: Reply): void {
  // Walking to each would be quadratic.
  const fields = hash.isListpack && drawn > 1 ? fieldsOf(hash) : null
  for (let i = 0; i < drawn; i++) {
    const field = fields === null ? randomField(engine, hash) : fields[randomBelow(engine.random, fields.length)]
    replyPair(hash, field, withValues, reply)
  }
}

/** Different fields, in the order in which they lie there: every subset has the same chance. O(fields). */
function drawFromList(engine: Engine, hash: Hash, drawn: number, withValues: boolean, reply: Reply): void {
  const fields = fieldsOf(hash)
  let wanted = drawn
  for (let i = 0; wanted > 0; i++) {
    if (randomBelow(engine.random, fields.length - i) >= wanted) continue
    replyPair(hash, fields[i], withValues, reply)
    wanted--
  }
}

/** Different fields of a table that has many more: as often as one comes again, another is drawn. */
function drawFromTable(engine: Engine, hash: Hash, drawn: number, withValues: boolean, reply: Reply): void {
  const seen = new Set<number>()
  while (seen.size < drawn) {
    const field = randomEntry(hash.table, engine.random)
    if (seen.has(field)) continue
    seen.add(field)
    replyPair(hash, field, withValues, reply)
  }
}

function randomField(engine: Engine, hash: Hash): number {
  if (!hash.isListpack) return randomEntry(hash.table, engine.random)
  return listpack.seek(hash.arena.u8, hash.block, hash.width * randomBelow(engine.random, hash.count))
}

function oneField(engine: Engine, args: Args, reply: Reply): void {
  const hash = findHash(engine, args)
  if (hash === FOREIGN) return reply.error(errors.WRONG_TYPE)
  if (hash !== null) expireFields(hash, Number.MAX_SAFE_INTEGER)
  if (hash === null || !hash.isOpen) return reply.nil()
  replyPair(hash, randomField(engine, hash), false, reply)
}

/** The offset of every field: an element or an entry. O(n). */
function fieldsOf(hash: Hash): Int32Array {
  const { arena, table } = hash
  const { u8 } = arena
  const fields = new Int32Array(hash.count)
  let at = 0
  if (hash.isListpack) {
    for (let p = listpack.first(hash.block); !listpack.isEnd(u8, p); p = hash.nextField(p)) fields[at++] = p
    return fields
  }
  let cursor = 0
  do {
    cursor = table.scanStep(cursor)
    for (let i = 0; i < table.scannedCount; i++) fields[at++] = table.scanned[i]
  } while (cursor !== 0)
  return fields
}

function replyPair(hash: Hash, field: number, withValue: boolean, reply: Reply): void {
  const { arena } = hash
  if (withValue && reply.resp3) reply.array(2)
  if (hash.isListpack) {
    replyElement(arena, field, reply)
    if (withValue) replyElement(arena, listpack.next(arena.u8, field), reply)
    return
  }
  reply.bulk(arena.u8, keyOffset(arena, field), keyLength(arena, field))
  if (withValue) replyValue(arena, field, reply)
}
