/* SORT and SORT_RO (https://redis.io/commands/sort/). Their patterns name keys in any shard, so they run over all of
 * them. Baton holder of all. Elements are copied out of the arena and sorted there (sort-order.ts). */
import type { Args } from '../../../base/args.ts'
import { bytesOf, textOf } from '../../../base/bytes.ts'
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
} from '../../../base/command-spec.ts'
import { parseDouble } from '../../../base/double-text.ts'
import * as errors from '../../../base/error-texts.ts'
import { parsed, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { type List, listOf, storeList } from '../../keyspace/list/list.ts'
import { integerArgument } from '../integer-argument.ts'
import { FOREIGN, openFound } from '../list/list-value.ts'
import { orderByNumber, orderByText, Texts } from './sort-order.ts'
import { findValue, parsePattern, type SortPattern, value, varies } from './sort-pattern.ts'

const BY = bytesOf('BY')
const LIMIT = bytesOf('LIMIT')
const GET = bytesOf('GET')
const ASC = bytesOf('ASC')
const DESC = bytesOf('DESC')
const ALPHA = bytesOf('ALPHA')
const STORE = bytesOf('STORE')
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

function sort(engine: Engine, args: Args, reply: Reply, mayStore: boolean): void {
  const options = parseOptions(args, reply, mayStore)
  if (options === null) return
  const keyspace = engine.keyspaceOf(args, 1)
  const list = openFound(engine, keyspace, keyspace.findForRead(args.bytes, args.offset[1], args.length[1]))
  if (list === FOREIGN) return reply.error(errors.WRONG_TYPE)
  const all = list === null ? 0 : list.count
  const first = Math.min(Math.max(options.offset, 0), all)
  const chosen = options.count < 0 ? all - first : Math.min(options.count, all - first)
  const elements = new Texts()
  let order: Uint32Array | null = null
  if (options.isUnsorted) {
    if (list !== null) copyElements(list, first, chosen, !options.isDescending, elements)
  } else {
    if (list !== null) copyElements(list, 0, all, true, elements)
    order = ordered(engine, elements, options)
    if (order === null) return reply.error(errors.SORT_SCORE)
    order = order.subarray(first, first + chosen)
  }
  if (options.store !== 0) return store(engine, args, options, valuesOf(engine, elements, order, options), reply)
  replyValues(engine, elements, order, options, reply)
}

/** Copies `count` elements of a list, from index `first` on, counted from the tail if backward. */
function copyElements(list: List, first: number, count: number, forward: boolean, elements: Texts): void {
  if (count === 0) return
  list.seek(forward ? first : -1 - first)
  for (let left = count; left > 0; left--) {
    list.read()
    elements.add(list.valueBytes, list.valueOffset, list.valueLength)
    if (left > 1) list.step(forward)
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

/** The indexes of all elements in the order that is asked for; null when something is no number that should be one. */
function ordered(engine: Engine, elements: Texts, options: SortOptions): Uint32Array | null {
  const { by, isAlpha, isDescending, store } = options
  let order: Uint32Array
  if (isAlpha) {
    const weights = by === null ? elements : textWeights(engine, elements, by)
    // What is stored must not depend on the locale: Redis compares all bytes then, else as strcoll does.
    order = orderByText(store !== 0 ? weights : untilZeros(weights))
  } else {
    const numbers = numberWeights(engine, elements, by)
    if (numbers === null) return null
    order = orderByNumber(numbers, elements)
  }
  return isDescending ? order.reverse() : order
}

/** What BY stands for, for each element. */
function textWeights(engine: Engine, elements: Texts, by: SortPattern): Texts {
  const weights = new Texts()
  for (let i = 0; i < elements.count; i++) addValue(engine, by, elements, i, weights)
  return weights
}

/** The same as numbers, or those of the elements without BY; null when one is none. */
function numberWeights(engine: Engine, elements: Texts, by: SortPattern | null): Float64Array | null {
  const numbers = new Float64Array(elements.count)
  let areNumbers = true
  for (let i = 0; i < elements.count; i++) {
    const offset = elements.offset(i)
    const length = elements.length(i)
    if (by === null) numbers[i] = scoreOf(elements.bytes, offset, length)
    else if (findValue(engine, by, elements.bytes, offset, length)) {
      numbers[i] = scoreOf(value.bytes, value.offset, value.length)
    }
    if (Number.isNaN(numbers[i])) areNumbers = false
  }
  return areNumbers ? numbers : null
}

/** What strtod(3) reads, if that is all up to a zero byte; an empty text is 0. */
function scoreOf(bytes: Uint8Array, offset: number, length: number): number {
  if (parseInteger(bytes, offset, length) === SAFE_INTEGER) return parsed()
  const zero = bytes.subarray(offset, offset + length).indexOf(0)
  const text = textOf(bytes, offset, zero < 0 ? length : zero)
  return text === '' ? 0 : parseDouble(text.replace(/^[ \t-\r]+/, ''))
}

/** Texts cut at their first zero byte: these, if they have none. */
function untilZeros(texts: Texts): Texts {
  const cut = new Texts()
  for (let i = 0; i < texts.count; i++) {
    if (texts.isMissing(i)) cut.addMissing()
    else cut.add(texts.bytes, texts.offset(i), texts.length(i))
  }
  cut.cutAtZeros()
  return cut
}

/** Adds what a pattern stands for, given an element. */
function addValue(engine: Engine, pattern: SortPattern | null, elements: Texts, index: number, to: Texts): void {
  if (pattern !== null && findValue(engine, pattern, elements.bytes, elements.offset(index), elements.length(index))) {
    to.add(value.bytes, value.offset, value.length)
  } else to.addMissing()
}

/** What is returned: the elements in this order, as they are for null, or what each GET says of them. */
function valuesOf(engine: Engine, elements: Texts, order: Uint32Array | null, { gets }: SortOptions): Texts {
  const count = order === null ? elements.count : order.length
  const values = new Texts()
  for (let i = 0; i < count; i++) {
    const index = order === null ? i : order[i]
    if (gets.length === 0) values.add(elements.bytes, elements.offset(index), elements.length(index))
    for (const pattern of gets) addValue(engine, pattern, elements, index, values)
  }
  return values
}

function replyValues(
  engine: Engine,
  elements: Texts,
  order: Uint32Array | null,
  { gets }: SortOptions,
  reply: Reply,
): void {
  const count = order === null ? elements.count : order.length
  reply.array(count * Math.max(1, gets.length))
  for (let i = 0; i < count; i++) {
    const index = order === null ? i : order[i]
    if (gets.length === 0) elements.reply(index, reply)
    for (const pattern of gets) {
      const offset = elements.offset(index)
      const isThere = pattern !== null && findValue(engine, pattern, elements.bytes, offset, elements.length(index))
      if (isThere) reply.bulk(value.bytes, value.offset, value.length)
      else reply.nil()
    }
  }
}

/** Makes the values a list at the destination, in place of what is there. */
function store(engine: Engine, args: Args, { store: key }: SortOptions, values: Texts, reply: Reply): void {
  const { bytes } = args
  const offset = args.offset[key]
  const length = args.length[key]
  const keyspace = engine.keyspaceOf(args, key)
  // Redis deletes what is there, and counts that: it does not look whether it has expired.
  const isEmpty = values.count === 0
  const old = isEmpty ? keyspace.peek(bytes, offset, length) : keyspace.findForWrite(bytes, offset, length)
  if (isEmpty) {
    if (old !== 0) {
      keyspace.removeEntry(old)
      keyspace.changed(bytes, offset, length)
    }
    return reply.integer(0)
  }
  const elements = Array.from({ length: values.count }, (_each, i) => values.text(i))
  // A list in the place of another value is no new key to Redis: it serves nobody who waits for one.
  const { addedKeys } = engine.access
  if (old !== 0) engine.access.addedKeys = null
  try {
    storeList(keyspace, listOf(keyspace, engine.settings), bytes, offset, length, elements)
  } finally {
    engine.access.addedKeys = addedKeys
  }
  if (old !== 0) keyspace.removeEntry(old)
  keyspace.changed(bytes, offset, length, values.count)
  reply.integer(values.count)
}
