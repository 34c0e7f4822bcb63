/* BITOP: bitmaps combined bit by bit (https://redis.io/commands/bitop/). Baton holder of all shards.
 *
 * The result is made in a block of its own, source by source, so that the target may be a source, too. Bound: the
 * longest source. */
import type { Args } from '../../../base/args.ts'
import { bytesOf, copyBytes } from '../../../base/bytes.ts'
import { ACL_BITMAP, DENYOOM, family, HEAVY, keysToEnd, oneKey, WRITE } from '../../../base/command-spec.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import type { Engine } from '../../engine.ts'
import { stringLength, stringOffset, TYPE_STRING, typeOf } from '../../keyspace/entry.ts'
import { ARENA_FULL, type Keyspace } from '../../keyspace/keyspace.ts'
import { discardPrepared, prepareString, storePrepared } from '../../keyspace/string.ts'
import { KIND_RAW } from '../../keyspace/string-kind.ts'
import { BUCKET_BYTES } from '../../keyspace/table/table-layout.ts'

export const stringBitOperationCommands = family<Engine>('bitmap', [
  {
    name: 'BITOP',
    arity: -4,
    runs: 'shards',
    flags: WRITE | DENYOOM | HEAVY,
    acl: ACL_BITMAP,
    keys: [...oneKey(2, 'OW', 'UPDATE'), ...keysToEnd(3, 1, 'RO', 'ACCESS')],
    since: '2.6.0',
    complexity: 'O(N) in the bytes of all strings',
    summary: 'Combines the bits of several strings and puts the result at a key.',
    syntax: '<AND|OR|XOR|NOT> destkey:key key...',
    handler: bitop,
  },
])

const OPERATIONS = ['AND', 'OR', 'XOR', 'NOT'].map(bytesOf)
const AND = 0
const OR = 1
const NOT = 3
const TARGET = 2
const FIRST_SOURCE = 3

/** BITOP operation destkey key... Replies with the length of the result; an empty one deletes the target. */
function bitop(engine: Engine, args: Args, reply: Reply): void {
  const operation = OPERATIONS.findIndex((word) => args.isOption(1, word))
  if (operation < 0) return reply.error(errors.SYNTAX)
  if (operation === NOT && args.count !== FIRST_SOURCE + 1) return reply.error(errors.BITOP_NOT_ONE_SOURCE)
  const sources = new Int32Array(args.count)
  let longest = 0
  for (let i = FIRST_SOURCE; i < args.count; i++) {
    const keyspace = engine.keyspaceOf(args, i)
    const found = keyspace.findForRead(args.bytes, args.offset[i], args.length[i])
    if (found === 0) continue
    if (typeOf(keyspace.arena, found) !== TYPE_STRING) return reply.error(errors.WRONG_TYPE)
    sources[i] = found
    longest = Math.max(longest, stringLength(keyspace.arena, found))
  }
  const keyspace = engine.keyspaceOf(args, TARGET)
  if (longest === 0) removeTarget(keyspace, args)
  else {
    store(keyspace, args, longest, (at) => {
      copySource(keyspace.arena, at, longest, engine.keyspaceOf(args, FIRST_SOURCE).arena, sources[FIRST_SOURCE])
      for (let i = FIRST_SOURCE + 1; i < args.count; i++) {
        combine(operation, keyspace.arena, at, longest, engine.keyspaceOf(args, i).arena, sources[i])
      }
      if (operation === NOT) invert(keyspace.arena, at, longest)
    })
  }
  reply.integer(longest)
}

function removeTarget(keyspace: Keyspace, args: Args): void {
  // Redis deletes what is there, and counts that: it does not look whether it has expired.
  const found = keyspace.peek(args.bytes, args.offset[TARGET], args.length[TARGET])
  if (found === 0) return
  keyspace.removeEntry(found)
  keyspace.changed(args.bytes, args.offset[TARGET], args.length[TARGET])
}

/** Puts a raw string of `length` bytes at the target, which `fill` writes. All or nothing. */
function store(keyspace: Keyspace, args: Args, length: number, fill: (at: number) => void): void {
  const { arena, keys } = keyspace
  const keyAt = args.offset[TARGET]
  const keyBytes = args.length[TARGET]
  if (!keys.begin()) throw ARENA_FULL
  const entry = prepareString(keyspace, KIND_RAW, args.bytes, keyAt, keyBytes, length)
  // The room that a new bucket may take.
  const bucket = arena.allocate(BUCKET_BYTES)
  if (bucket === 0) {
    discardPrepared(keyspace, entry)
    throw ARENA_FULL
  }
  const at = stringOffset(arena, entry)
  fill(at)
  keys.pauseRehash()
  arena.release(bucket)
  storePrepared(keyspace, keyspace.findForWrite(args.bytes, keyAt, keyBytes), entry)
  keys.resumeRehash()
  keyspace.changed(args.bytes, keyAt, keyBytes)
}

/** Combines a source, 0 for an empty one, with the `length` bytes at `at`. */
function combine(operation: number, target: Arena, at: number, length: number, arena: Arena, source: number): void {
  const bytes = source === 0 ? 0 : stringLength(arena, source)
  if (operation === AND) target.u8.fill(0, at + bytes, at + length)
  if (bytes === 0) return
  const from = stringOffset(arena, source)
  // A long string lies in a block of its own, behind a word. One loop for each operation: to choose one for each word
  // costs more than the word.
  const words = ((at | from) & 3) === 0 ? bytes & ~3 : 0
  if (operation === AND) andWords(target.i32, at >> 2, arena.i32, from >> 2, words >> 2)
  else if (operation === OR) orWords(target.i32, at >> 2, arena.i32, from >> 2, words >> 2)
  else xorWords(target.i32, at >> 2, arena.i32, from >> 2, words >> 2)
  for (let i = words; i < bytes; i++) target.u8[at + i] = combined(operation, target.u8[at + i], arena.u8[from + i])
}

function combined(operation: number, a: number, b: number): number {
  if (operation === AND) return a & b
  return operation === OR ? a | b : a ^ b
}

function andWords(target: Int32Array, at: number, source: Int32Array, from: number, count: number): void {
  for (let i = 0; i < count; i++) target[at + i] &= source[from + i]
}

function orWords(target: Int32Array, at: number, source: Int32Array, from: number, count: number): void {
  for (let i = 0; i < count; i++) target[at + i] |= source[from + i]
}

function xorWords(target: Int32Array, at: number, source: Int32Array, from: number, count: number): void {
  for (let i = 0; i < count; i++) target[at + i] ^= source[from + i]
}

/** Makes the `length` bytes at `at` the first source, 0 for an empty one, and zeros. */
function copySource(target: Arena, at: number, length: number, arena: Arena, source: number): void {
  const bytes = source === 0 ? 0 : stringLength(arena, source)
  if (bytes > 0) copyBytes(target.u8, at, arena.u8, stringOffset(arena, source), bytes)
  target.u8.fill(0, at + bytes, at + length)
}

function invert({ u8, i32 }: Arena, at: number, length: number): void {
  const words = (at & 3) === 0 ? length & ~3 : 0
  for (let i = at >> 2, end = (at + words) >> 2; i < end; i++) i32[i] = ~i32[i]
  for (let i = at + words; i < at + length; i++) u8[i] = ~u8[i]
}
