/* The commands on single bits of strings and on ranges of them: GETBIT, SETBIT, BITCOUNT, BITPOS. Whole bitmaps are
 * combined in string-bit-operation.ts, integers of any width within one are in string-bit-field.ts. Baton holder. */
import type { Args } from '../../../base/args.ts'
import { countBits, findBit } from '../../../base/bit-range.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_BITMAP, DENYOOM, FAST, family, oneKey, READONLY, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { BIG_INTEGER, NOT_INTEGER, parsed, parsedBig, parseInteger } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { ENCODING_RAW, setKind, stringLength, stringOffset, TYPE_STRING, typeOf } from '../../keyspace/entry.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import { assignString, resizeString } from '../../keyspace/string.ts'
import { KIND_RAW } from '../../keyspace/string-kind.ts'
import { defersGrowth } from './string-value.ts'

export const stringBitCommands = family<Engine>('bitmap', [
  {
    name: 'GETBIT',
    arity: 3,
    runs: 'shard',
    flags: READONLY | FAST,
    acl: ACL_BITMAP,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Replies with one bit of the string at a key; beyond its end there are zeros.',
    syntax: 'key offset:integer',
    handler: getbit,
  },
  {
    name: 'SETBIT',
    arity: 4,
    runs: 'shard',
    flags: WRITE | DENYOOM,
    acl: ACL_BITMAP,
    keys: oneKey(1, 'RW', 'ACCESS', 'UPDATE'),
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Sets or clears one bit of the string at a key, which grows if need be.',
    syntax: 'key offset:integer value:integer',
    handler: setbit,
  },
  {
    name: 'BITCOUNT',
    arity: -2,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_BITMAP,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '2.6.0',
    complexity: 'O(N) in the bytes counted',
    summary: 'Counts the bits that are set in the string at a key, or in a part of it.',
    syntax: 'key [start:integer end:integer [BYTE|BIT]]',
    history: [['7.0.0', 'The unit of the range: `BYTE` or `BIT`.']],
    handler: bitcount,
  },
  {
    name: 'BITPOS',
    arity: -3,
    runs: 'shard',
    flags: READONLY,
    acl: ACL_BITMAP,
    keys: oneKey(1, 'RO', 'ACCESS'),
    since: '2.8.7',
    complexity: 'O(N) in the bytes searched',
    summary: 'Finds the first bit that is set, or clear, in the string at a key.',
    syntax: 'key bit:integer [start:integer [end:integer [BYTE|BIT]]]',
    history: [['7.0.0', 'The unit of the range: `BYTE` or `BIT`.']],
    handler: bitpos,
  },
])

const BIT = bytesOf('BIT')
const BYTE = bytesOf('BYTE')
const UNIT_NONE = -1

/** A bit offset that no string within proto-max-bulk-len has. */
export const NO_OFFSET = -1

/** The bit offset in a range of bytes; NO_OFFSET when it is none. */
export function parseBitOffset(engine: Engine, bytes: Uint8Array, at: number, length: number, scale: number): number {
  const kind = parseInteger(bytes, at, length)
  if (kind === NOT_INTEGER) return NO_OFFSET
  const offset = scale * (kind === BIG_INTEGER ? Number(parsedBig(bytes, at, length)) : parsed())
  return offset < 0 || Math.floor(offset / 8) >= engine.settings.protoMaxBulkLen ? NO_OFFSET : offset
}

/**
 * The string at the key looked up last (`found`, or 0) with at least `bytes` bytes, zeros where there was nothing, and
 * raw from now on. Throws ARENA_FULL with nothing changed.
 */
export function stringForBits(keyspace: Keyspace, args: Args, found: number, bytes: number): number {
  const { arena } = keyspace
  const old = found === 0 ? 0 : stringLength(arena, found)
  let entry = found
  if (found === 0) entry = assignString(keyspace, 0, KIND_RAW, args.bytes, args.offset[1], args.length[1], bytes)
  else if (bytes > old) entry = resizeString(keyspace, found, bytes, true)
  setKind(arena, entry, TYPE_STRING, ENCODING_RAW)
  if (bytes > old) {
    const at = stringOffset(arena, entry)
    arena.u8.fill(0, at + old, at + bytes)
  }
  return entry
}

/** GETBIT key offset. */
function getbit(engine: Engine, args: Args, reply: Reply): void {
  const offset = parseBitOffset(engine, args.bytes, args.offset[2], args.length[2], 1)
  if (offset === NO_OFFSET) return reply.error(errors.BIT_OFFSET)
  const { keyspace } = engine
  const { arena } = keyspace
  const found = keyspace.findForRead(args.bytes, args.offset[1], args.length[1])
  if (found === 0) return reply.integer(0)
  if (typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  const byte = Math.floor(offset / 8)
  if (byte >= stringLength(arena, found)) return reply.integer(0)
  reply.integer((arena.u8[stringOffset(arena, found) + byte] >> (7 - (offset % 8))) & 1)
}

/** SETBIT key offset value: replies with the bit that was there. */
function setbit(engine: Engine, args: Args, reply: Reply): void {
  const { bytes } = args
  const offset = parseBitOffset(engine, bytes, args.offset[2], args.length[2], 1)
  if (offset === NO_OFFSET) return reply.error(errors.BIT_OFFSET)
  const kind = parseInteger(bytes, args.offset[3], args.length[3])
  const bit = parsed()
  if (kind === NOT_INTEGER || kind === BIG_INTEGER || (bit !== 0 && bit !== 1)) return reply.error(errors.BIT_VALUE)
  const { keyspace } = engine
  const { arena } = keyspace
  const found = keyspace.findForWrite(bytes, args.offset[1], args.length[1])
  if (found !== 0 && typeOf(arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
  const byte = Math.floor(offset / 8)
  const length = found === 0 ? 0 : stringLength(arena, found)
  if (defersGrowth(engine, keyspace, found, byte + 1, byte - length)) return
  const grows = found === 0 || byte >= length
  const entry = stringForBits(keyspace, args, found, byte + 1)
  const at = stringOffset(arena, entry) + byte
  const shift = 7 - (offset % 8)
  const old = (arena.u8[at] >> shift) & 1
  if (grows || old !== bit) {
    arena.u8[at] = (arena.u8[at] & ~(1 << shift)) | (bit << shift)
    keyspace.changed(bytes, args.offset[1], args.length[1])
  }
  reply.integer(old)
}

/* Ranges. */

/** What findRead() returns for a string that the worker is to deal with. */
const LATER = -1

/** The string to be read at argument 1; 0 when the reply has been given: for a missing key that is `absent`. */
function findRead(engine: Engine, args: Args, absent: number, reply: Reply): number {
  const { keyspace } = engine
  const { arena } = keyspace
  const found = keyspace.find(args.bytes, args.offset[1], args.length[1])
  const isString = found !== 0 && typeOf(arena, found) === TYPE_STRING
  if (isString && engine.defers(0, stringLength(arena, found))) return LATER
  keyspace.noteRead(found)
  if (isString) return found
  if (found === 0) reply.integer(absent)
  else reply.error(errors.WRONG_TYPE)
  return 0
}

/** Argument `index` as the end of a range, exact below 2^53: what lies beyond is far outside of any string. */
function rangeEnd(args: Args, index: number): number {
  const kind = parseInteger(args.bytes, args.offset[index], args.length[index])
  if (kind === NOT_INTEGER) return Number.NaN
  return kind === BIG_INTEGER ? Number(parsedBig(args.bytes, args.offset[index], args.length[index])) : parsed()
}

/** Whether the ends at `index` and after it stand in the wrong order, as exactly as they are written. */
function areCrossed(args: Args, index: number): boolean {
  const start = parsedBig(args.bytes, args.offset[index], args.length[index])
  const end = parsedBig(args.bytes, args.offset[index + 1], args.length[index + 1])
  return start > end
}

/** How many bits the unit at argument `index` has; UNIT_NONE when it is no unit. */
function unitBits(args: Args, index: number): number {
  if (args.isOption(index, BIT)) return 1
  return args.isOption(index, BYTE) ? 8 : UNIT_NONE
}

/** BITCOUNT key [start end [BYTE|BIT]]. */
function bitcount(engine: Engine, args: Args, reply: Reply): void {
  const found = findRead(engine, args, 0, reply)
  if (found <= 0) return
  const { arena } = engine.keyspace
  const at = stringOffset(arena, found)
  const bits = stringLength(arena, found) * 8
  if (args.count === 2) return reply.integer(countBits(arena.view, at, 0, bits - 1))
  if (args.count !== 4 && args.count !== 5) return reply.error(errors.SYNTAX)
  const start = rangeEnd(args, 2)
  const end = rangeEnd(args, 3)
  if (Number.isNaN(start) || Number.isNaN(end)) return reply.error(errors.NOT_AN_INTEGER)
  if (start < 0 && end < 0 && areCrossed(args, 2)) return reply.integer(0)
  const unit = args.count === 5 ? unitBits(args, 4) : 8
  if (unit === UNIT_NONE) return reply.error(errors.SYNTAX)
  reply.integer(countBits(arena.view, at, firstBitOf(start, unit, bits), lastBitOf(end, unit, bits)))
}

/** The first bit of a range that begins with unit `start`; a negative one counts from the end. */
function firstBitOf(start: number, unit: number, bits: number): number {
  return unit * (start < 0 ? Math.max(0, bits / unit + start) : start)
}

/** The last bit of a range that ends with unit `end`, likewise. */
function lastBitOf(end: number, unit: number, bits: number): number {
  const units = bits / unit
  const last = Math.min(end < 0 ? Math.max(0, units + end) : end, units - 1)
  return last * unit + unit - 1
}

/**
 * BITPOS key bit [start [end [BYTE|BIT]]]. Without an end a string goes on with zeros, so that a clear bit is always
 * found, but in a range that is empty.
 */
function bitpos(engine: Engine, args: Args, reply: Reply): void {
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
  const bit = kind === BIG_INTEGER ? UNIT_NONE : parsed()
  if (bit !== 0 && bit !== 1) return reply.error(errors.BITPOS_BIT)
  const found = findRead(engine, args, bit === 0 ? 0 : -1, reply)
  if (found <= 0) return
  const { arena } = engine.keyspace
  const at = stringOffset(arena, found)
  const bits = stringLength(arena, found) * 8
  let first = 0
  let last = bits - 1
  if (args.count > 3) {
    if (args.count > 6) return reply.error(errors.SYNTAX)
    const start = rangeEnd(args, 3)
    if (Number.isNaN(start)) return reply.error(errors.NOT_AN_INTEGER)
    const unit = args.count === 6 ? unitBits(args, 5) : 8
    if (unit === UNIT_NONE) return reply.error(errors.SYNTAX)
    const end = args.count > 4 ? rangeEnd(args, 4) : -1
    if (Number.isNaN(end)) return reply.error(errors.NOT_AN_INTEGER)
    first = firstBitOf(start, unit, bits)
    last = lastBitOf(end, unit, bits)
  }
  const position = findBit(arena.view, at, first, last, bit)
  if (position < 0 && bit === 0 && args.count <= 4 && first <= last) return reply.integer(bits)
  reply.integer(position)
}
