/* SORT and SORT_RO (https://redis.io/commands/sort/). Their patterns name keys in any shard, so they run over all of
 * them. Baton holder of all. Not hot: elements are copied out of the arena and sorted by JavaScript. */
import type { Args } from '../../base/args.ts'
import { bytesOf, textOf } from '../../base/bytes.ts'
import {
  ACL_DANGEROUS,
  ACL_LIST,
  ACL_SET,
  ACL_SORTEDSET,
  DENYOOM,
  family,
  HEAVY,
  type KeySpec,
  oneKey,
  READONLY,
  WRITE,
} from '../../base/command-spec.ts'
import { parseDouble } from '../../base/double-text.ts'
import * as errors from '../../base/error-texts.ts'
import type { Reply } from '../../base/reply.ts'
import type { Engine } from '../engine.ts'
import { blockOf, encodingOf, TYPE_LIST, typeOf } from '../keyspace/entry.ts'
import { listOf, storeList } from '../keyspace/list.ts'
import { eachElement } from '../keyspace/list-type.ts'
import { integerArgument } from './integer-argument.ts'
import { parsePattern, type SortPattern, valueByPattern, varies } from './sort-pattern.ts'

const BY = bytesOf('BY')
const LIMIT = bytesOf('LIMIT')
const GET = bytesOf('GET')
const ASC = bytesOf('ASC')
const DESC = bytesOf('DESC')
const ALPHA = bytesOf('ALPHA')
const STORE = bytesOf('STORE')
const NOTHING = new Uint8Array(0)
const ACL = ACL_SET | ACL_SORTEDSET | ACL_LIST | ACL_DANGEROUS
const STORED: KeySpec = {
  flags: ['OW', 'UPDATE'],
  begin: { keyword: 'STORE', startFrom: 2 },
  find: { last: 0, step: 1, limit: 0 },
  isUnknown: true,
  notes:
    "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument" +
    ' array',
}
const MATCHED: KeySpec = {
  flags: ['RO', 'ACCESS'],
  begin: { index: 0 },
  find: { last: 0, step: 1, limit: 0 },
  isUnknown: true,
  notes:
    "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key" +
    ' we sort',
}
const OPTIONS =
  'key [BY by-pattern:pattern] [LIMIT offset:integer count:integer] [(GET get-pattern:pattern)...] [ASC|DESC] [ALPHA]'

export const sortCommands = family<Engine>('generic', [
  {
    name: 'SORT',
    arity: -2,
    runs: 'all',
    flags: WRITE | DENYOOM | HEAVY,
    acl: ACL,
    keys: [...oneKey(1, 'RO', 'ACCESS'), MATCHED, STORED],
    since: '1.0.0',
    complexity: 'O(n+m*log(m)): n elements, m of them returned',
    summary: 'The elements of a list in order, or what stands at keys made of them; stored if need be.',
    syntax: `${OPTIONS} [STORE destination:key]`,
    handler: (engine, args, reply) => sort(engine, args, reply, true),
  },
  {
    name: 'SORT_RO',
    arity: -2,
    runs: 'all',
    flags: READONLY | HEAVY,
    acl: ACL,
    keys: [...oneKey(1, 'RO', 'ACCESS'), MATCHED],
    since: '7.0.0',
    complexity: 'O(n+m*log(m)): n elements, m of them returned',
    summary: 'The elements of a list in order, or what stands at keys made of them.',
    syntax: OPTIONS,
    handler: (engine, args, reply) => sort(engine, args, reply, false),
  },
])

interface SortOptions {
  isDescending: boolean
  isAlpha: boolean
  offset: number
  /** Negative: all. */
  count: number
  by: SortPattern | null
  /** BY something that is the same for all: the order of the list. */
  isUnsorted: boolean
  /** Null: a pattern that stands for nothing. */
  gets: (SortPattern | null)[]
  /** The argument that names the destination, 0 for none. */
  store: number
}

interface Row {
  element: Uint8Array
  score: number
  /** What BY and ALPHA sort by. */
  weight: Uint8Array | null
}

function sort(engine: Engine, args: Args, reply: Reply, mayStore: boolean): void {
  const options = parseOptions(args, reply, mayStore)
  if (options === null) return
  const elements = elementsOf(engine, args)
  if (elements === null) return reply.error(errors.WRONG_TYPE)
  const rows = elements.map((element): Row => ({ element, score: 0, weight: null }))
  if (options.isUnsorted) {
    if (options.isDescending) rows.reverse()
  } else {
    if (!weigh(engine, rows, options)) return reply.error(errors.SORT_SCORE)
    rows.sort(comparison(options))
  }
  const first = Math.min(Math.max(options.offset, 0), rows.length)
  const chosen = options.count < 0 ? rows.slice(first) : rows.slice(first, first + options.count)
  const values = chosen.flatMap(({ element }) => valuesOf(engine, element, options))
  if (options.store !== 0) return store(engine, args, options.store, values, reply)
  reply.array(values.length)
  for (const value of values) {
    if (value === null) reply.nil()
    else reply.bulk(value, 0, value.length)
  }
}

/** The options from argument 2 on; null after an error reply. */
function parseOptions(args: Args, reply: Reply, mayStore: boolean): SortOptions | null {
  const options: SortOptions = {
    isDescending: false,
    isAlpha: false,
    offset: 0,
    count: -1,
    by: null,
    isUnsorted: false,
    gets: [],
    store: 0,
  }
  for (let i = 2; i < args.count; i++) {
    const left = args.count - 1 - i
    if (args.isOption(i, ASC)) options.isDescending = false
    else if (args.isOption(i, DESC)) options.isDescending = true
    else if (args.isOption(i, ALPHA)) options.isAlpha = true
    else if (args.isOption(i, LIMIT) && left >= 2) {
      options.offset = integerArgument(args, ++i)
      options.count = integerArgument(args, ++i)
      if (Number.isNaN(options.offset + options.count)) {
        reply.error(errors.NOT_AN_INTEGER)
        return null
      }
    } else if (mayStore && args.isOption(i, STORE) && left >= 1) {
      options.store = ++i
    } else if (args.isOption(i, BY) && left >= 1) {
      const pattern = args.copy(++i)
      options.by = parsePattern(pattern)
      // Once unsorted, always so: a later BY does not undo it.
      if (!varies(pattern)) options.isUnsorted = true
    } else if (args.isOption(i, GET) && left >= 1) {
      options.gets.push(parsePattern(args.copy(++i)))
    } else {
      reply.error(errors.SYNTAX)
      return null
    }
  }
  return options
}

/** Copies of the elements of the list at argument 1; null for a value of another type. */
function elementsOf(engine: Engine, args: Args): Uint8Array[] | null {
  const keyspace = engine.keyspaceOf(args, 1)
  const { arena } = keyspace
  const entry = keyspace.findForRead(args.bytes, args.offset[1], args.length[1])
  const elements: Uint8Array[] = []
  if (entry === 0) return elements
  if (typeOf(arena, entry) !== TYPE_LIST) return null
  eachElement(arena, blockOf(arena, entry), encodingOf(arena, entry), (element) => elements.push(element))
  return elements
}

/** Finds what each row is sorted by; false when something is no number that should be one. */
function weigh(engine: Engine, rows: Row[], { by, isAlpha }: SortOptions): boolean {
  let areNumbers = true
  for (const row of rows) {
    const value = by === null ? row.element : valueByPattern(engine, by, row.element)
    if (value === null) continue
    if (isAlpha) {
      row.weight = value
    } else {
      row.score = scoreOf(value)
      if (Number.isNaN(row.score)) areNumbers = false
    }
  }
  return areNumbers
}

/** What strtod(3) reads, if that is all up to a zero byte; an empty text is 0. */
function scoreOf(value: Uint8Array): number {
  const text = textOf(untilZero(value))
  return text === '' ? 0 : parseDouble(text.replace(/^[ \t-\r]+/, ''))
}

function comparison({ by, isAlpha, isDescending, store }: SortOptions): (a: Row, b: Row) => number {
  const direction = isDescending ? -1 : 1
  if (!isAlpha) {
    return (a, b) => {
      if (a.score !== b.score) return a.score > b.score ? direction : -direction
      return direction * Buffer.compare(a.element, b.element)
    }
  }
  // What is stored must not depend on the locale: Redis compares all bytes then, else as strcoll does.
  const text = store !== 0 ? (bytes: Uint8Array) => bytes : untilZero
  if (by === null) return (a, b) => direction * Buffer.compare(text(a.element), text(b.element))
  return (a, b) => {
    if (a.weight === null || b.weight === null) {
      return a.weight === b.weight ? 0 : a.weight === null ? -direction : direction
    }
    return direction * Buffer.compare(text(a.weight), text(b.weight))
  }
}

function untilZero(bytes: Uint8Array): Uint8Array {
  const zero = bytes.indexOf(0)
  return zero < 0 ? bytes : bytes.subarray(0, zero)
}

/** What is returned of a row: itself, or what each GET says. */
function valuesOf(engine: Engine, element: Uint8Array, { gets }: SortOptions): (Uint8Array | null)[] {
  if (gets.length === 0) return [element]
  return gets.map((pattern) => (pattern === null ? null : valueByPattern(engine, pattern, element)))
}

/** Makes the values a list at argument `key`, in place of what is there. */
function store(engine: Engine, args: Args, key: number, values: (Uint8Array | null)[], reply: Reply): void {
  const { bytes } = args
  const offset = args.offset[key]
  const length = args.length[key]
  const keyspace = engine.keyspaceOf(args, key)
  // Redis deletes what is there, and counts that: it does not look whether it has expired.
  const isEmpty = values.length === 0
  const old = isEmpty ? keyspace.peek(bytes, offset, length) : keyspace.findForWrite(bytes, offset, length)
  if (isEmpty) {
    if (old !== 0) {
      keyspace.removeEntry(old)
      keyspace.changed(bytes, offset, length)
    }
    return reply.integer(0)
  }
  const elements = values.map((value) => value ?? NOTHING)
  // A list in the place of another value is no new key to Redis: it serves nobody who waits for one.
  const { addedKeys } = engine.access
  if (old !== 0) engine.access.addedKeys = null
  try {
    storeList(keyspace, listOf(keyspace, engine.settings), bytes, offset, length, elements)
  } finally {
    engine.access.addedKeys = addedKeys
  }
  if (old !== 0) keyspace.removeEntry(old)
  keyspace.changed(bytes, offset, length, values.length)
  reply.integer(values.length)
}
