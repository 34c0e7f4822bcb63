/* LCS, the longest common subsequence of two strings (https://redis.io/commands/lcs/). Baton holder of both shards.
 *
 * The textbook table L[i][j], the length for the first i bytes of one string and the first j of the other, takes four
 * bytes a cell in Redis. The way back through it asks a cell but one thing, whether L[i-1][j] > L[i][j-1], so a bit is
 * kept of each and a row of lengths: a thirty-second part of the memory for the same answer. Redis's bound on its own
 * table is kept as it is, for its errors are to be the same.
 *
 * Bound: proto-max-bulk-len / 4 cells, about two nanoseconds each. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import { ACL_STRING, family, HEAVY, READONLY } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import { NOT_INTEGER, parsed, parsedBig, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { stringLength, stringOffset, TYPE_STRING, typeOf } from '../../keyspace/entry.ts'

export const stringLcsCommands = family<Engine>('string', [
  {
    name: 'LCS',
    arity: -3,
    runs: 'shards',
    flags: READONLY | HEAVY,
    acl: ACL_STRING,
    keys: [{ flags: ['RO', 'ACCESS'], begin: { index: 1 }, find: { last: 1, step: 1, limit: 0 } }],
    since: '7.0.0',
    complexity: 'O(N*M) in the lengths of the two strings',
    summary: 'Replies with the longest common subsequence of two strings, its length, or where its parts lie.',
    syntax: 'key1:key key2:key [LEN] [IDX] [MINMATCHLEN min-match-len:integer] [WITHMATCHLEN]',
    handler: lcs,
  },
])

const IDX = bytesOf('IDX')
const LEN = bytesOf('LEN')
const WITHMATCHLEN = bytesOf('WITHMATCHLEN')
const MINMATCHLEN = bytesOf('MINMATCHLEN')

/** What Redis's table takes for a cell. */
const CELL_BYTES = 4
/** Where proto-max-bulk-len allows more: 512 MiB of bits, numbered in 32 bits. */
const MAX_CELLS = 2 ** 32
const EMPTY = new Uint8Array(0)

/** A string's bytes where they lie. */
interface Text {
  bytes: Uint8Array
  at: number
  length: number
}

interface Options {
  wantsLength: boolean
  wantsRanges: boolean
  withLengths: boolean
  minimum: number
}

/** LCS key1 key2, then options. A missing key counts as empty. */
function lcs(engine: Engine, args: Args, reply: Reply): void {
  const a = textAt(engine, args, 1)
  const b = textAt(engine, args, 2)
  if (a === null || b === null) return reply.error(errors.LCS_NOT_STRINGS)
  const options = parseOptions(args, reply)
  if (options === null) return
  if (options.wantsLength && options.wantsRanges) return reply.error(errors.LCS_LEN_AND_IDX)
  const cells = (a.length + 1) * (b.length + 1)
  if (cells * CELL_BYTES > engine.settings.protoMaxBulkLen) return reply.error(errors.LCS_OVER_LIMIT)
  if (cells > MAX_CELLS) return reply.error(errors.LCS_NO_MEMORY)
  const table = new LcsTable(a, b)
  if (options.wantsRanges) replyRanges(table, options, reply)
  else if (options.wantsLength) reply.integer(table.length)
  else replySubsequence(table, reply)
}

/** The string of a key argument, null when the key holds something else. Both keys count as read, whatever follows. */
function textAt(engine: Engine, args: Args, index: number): Text | null {
  const keyspace = engine.keyspaceOf(args, index)
  const { arena } = keyspace
  const entry = keyspace.findForRead(args.bytes, args.offset[index], args.length[index])
  if (entry === 0) return { bytes: EMPTY, at: 0, length: 0 }
  if (typeOf(arena, entry) !== TYPE_STRING) return null
  return { bytes: arena.u8, at: stringOffset(arena, entry), length: stringLength(arena, entry) }
}

/** The options; null after an error, which has been replied. */
function parseOptions(args: Args, reply: Reply): Options | null {
  const options: Options = { wantsLength: false, wantsRanges: false, withLengths: false, minimum: 0 }
  for (let i = 3; i < args.count; i++) {
    if (args.isOption(i, IDX)) options.wantsRanges = true
    else if (args.isOption(i, LEN)) options.wantsLength = true
    else if (args.isOption(i, WITHMATCHLEN)) options.withLengths = true
    else if (args.isOption(i, MINMATCHLEN) && i + 1 < args.count) {
      i++
      const kind = parseInteger(args.bytes, args.offset[i], args.length[i])
      if (kind === NOT_INTEGER) {
        reply.error(errors.NOT_AN_INTEGER)
        return null
      }
      options.minimum = kind === SAFE_INTEGER ? parsed() : Number(parsedBig(args.bytes, args.offset[i], args.length[i]))
    } else {
      reply.error(errors.SYNTAX)
      return null
    }
  }
  return options
}

/** The table's last cell, and the bits that lead back from it. */
class LcsTable {
  readonly a: Text
  readonly b: Text
  /** Length of the longest common subsequence. */
  readonly length: number
  /** Bit (i - 1) * b.length + (j - 1): L[i-1][j] > L[i][j-1]. */
  private readonly up: Uint32Array

  constructor(a: Text, b: Text) {
    this.a = a
    this.b = b
    this.up = new Uint32Array(Math.ceil((a.length * b.length) / 32))
    // The inner loop runs over the shorter string, for the rows' sake.
    this.length = a.length < b.length ? this.fillByColumns() : this.fillByRows()
  }

  private fillByRows(): number {
    const { a, b, up } = this
    const row = new Uint32Array(b.length + 1)
    let bit = 0
    for (let i = 0; i < a.length; i++) {
      const byte = a.bytes[a.at + i]
      let diagonal = 0
      let left = 0
      for (let j = 1; j <= b.length; j++, bit++) {
        const above = row[j]
        if (above > left) up[bit >>> 5] |= 1 << bit
        left = b.bytes[b.at + j - 1] === byte ? diagonal + 1 : above > left ? above : left
        row[j] = left
        diagonal = above
      }
    }
    return row[b.length]
  }

  private fillByColumns(): number {
    const { a, b, up } = this
    const column = new Uint32Array(a.length + 1)
    for (let j = 0; j < b.length; j++) {
      const byte = b.bytes[b.at + j]
      let diagonal = 0
      let above = 0
      for (let i = 1, bit = j; i <= a.length; i++, bit += b.length) {
        const left = column[i]
        if (above > left) up[bit >>> 5] |= 1 << bit
        above = a.bytes[a.at + i - 1] === byte ? diagonal + 1 : above > left ? above : left
        column[i] = above
        diagonal = left
      }
    }
    return column[a.length]
  }

  /** Whether the last bytes of the first i and the first j are the same, and so belong to the subsequence. */
  matches(i: number, j: number): boolean {
    return this.a.bytes[this.a.at + i - 1] === this.b.bytes[this.b.at + j - 1]
  }

  /** Where they differ: whether the way back goes to i - 1, rather than to j - 1. */
  leadsUp(i: number, j: number): boolean {
    const bit = (i - 1) * this.b.length + (j - 1)
    return (this.up[bit >>> 5] & (1 << bit)) !== 0
  }
}

function replySubsequence(table: LcsTable, reply: Reply): void {
  const found = new Uint8Array(table.length)
  let at = table.length
  for (let i = table.a.length, j = table.b.length; i > 0 && j > 0; ) {
    if (table.matches(i, j)) {
      found[--at] = table.a.bytes[table.a.at + --i]
      j--
    } else if (table.leadsUp(i, j)) i--
    else j--
  }
  reply.bulk(found, 0, found.length)
}

/** The ranges of bytes that follow each other in both strings, from the last to the first. */
function replyRanges(table: LcsTable, options: Options, reply: Reply): void {
  reply.map(2)
  reply.bulkText('matches')
  const mark = reply.length
  let count = 0
  let length = 0
  let i = table.a.length
  let j = table.b.length
  while (i > 0 && j > 0) {
    if (table.matches(i, j)) {
      i--
      j--
      length++
      if (i > 0 && j > 0 && table.matches(i, j)) continue
    } else if (table.leadsUp(i, j)) i--
    else j--
    if (length > 0 && length >= options.minimum) {
      replyRange(i, j, length, options.withLengths, reply)
      count++
    }
    length = 0
  }
  reply.arrayFrom(mark, count)
  reply.bulkText('len')
  reply.integer(table.length)
}

function replyRange(a: number, b: number, length: number, withLength: boolean, reply: Reply): void {
  reply.array(withLength ? 3 : 2)
  reply.array(2)
  reply.integer(a)
  reply.integer(a + length - 1)
  reply.array(2)
  reply.integer(b)
  reply.integer(b + length - 1)
  if (withLength) reply.integer(length)
}
