/* Replies that two sound servers give differently, and what must still be equal in them. This table is the only place
 * that excuses a difference between servers of one version; redis-7.2-differences.ts excuses those between versions.
 *
 * A form is asked only if the bytes differ and neither reply is an error or a null: those must be equal as they are. */

import type { ReplyTree } from '../support/resp.ts'

export interface Comparison {
  /** The command's words. */
  words: string[]
  /** Bound on the time that lay between one server's clock readings and the other's. */
  slackMs: number
  /** The command ran in EXEC. */
  inTransaction: boolean
}

export interface CanonicalForm {
  reason: string
  same(oracle: ReplyTree, spinel: ReplyTree, comparison: Comparison): boolean
  /** The command that continues the reply's iteration, if it is not complete. */
  next?(words: string[], reply: ReplyTree): string[] | null
}

/** The form for a command, given its one or two words in any case; undefined if its bytes must be equal. */
export function canonicalForm(words: readonly string[]): CanonicalForm | undefined {
  const name = words[0]?.toUpperCase()
  return FORMS[name] ?? FORMS[`${name}|${words[1]?.toUpperCase()}`]
}

const FORMS: Readonly<Record<string, CanonicalForm>> = {
  KEYS: { reason: "the order of keys is the hash table's", same: sameSet },
  SCAN: {
    reason: "cursors and the order of keys are the hash table's: the whole iteration gives one set",
    same: sameScan(1),
    next: nextScan(1),
  },
  HSCAN: {
    reason: "cursors and the order of fields are the hash table's: the whole iteration gives one set",
    same: sameScan(2),
    next: nextScan(2),
  },
  HKEYS: { reason: "the order of fields is the hash table's", same: sameSet },
  HVALS: { reason: "the order of fields is the hash table's", same: sameSet },
  HGETALL: { reason: "the order of fields is the hash table's", same: samePairs },
  DUMP: { reason: "the order of fields is the hash table's, and the clock", same: sameDump },
  HRANDFIELD: { reason: 'chance', same: sameShape },
  RANDOMKEY: { reason: 'chance', same: sameKind },
  TIME: { reason: 'the clock', same: sameShape },
  TTL: { reason: 'time passes between the servers', same: near(1000) },
  PTTL: { reason: 'time passes between the servers', same: near(1) },
  EXPIRETIME: { reason: 'the servers read the clock one after the other', same: near(1000) },
  PEXPIRETIME: { reason: 'the servers read the clock one after the other', same: near(1) },
  HTTL: { reason: 'as TTL', same: allNear(1000) },
  HPTTL: { reason: 'as PTTL', same: allNear(1) },
  HEXPIRETIME: { reason: 'as EXPIRETIME', same: allNear(1000) },
  HPEXPIRETIME: { reason: 'as PEXPIRETIME', same: allNear(1) },
  HELLO: { reason: "tells the server's version and the connection's id", same: sameHello },
  INFO: { reason: 'tells the state of one process', same: sameKind },
  'CLIENT|ID': { reason: 'ids count the connections of one process', same: sameKind },
  'CLIENT|INFO': { reason: 'tells addresses, descriptors, ages and memory', same: sameClientInfo },
  'CLIENT|LIST': { reason: 'tells addresses, descriptors, ages and memory', same: sameClientFields },
  'MEMORY|USAGE': { reason: 'layouts in memory differ', same: sameKind },
  'OBJECT|IDLETIME': { reason: 'the clock; and all keys with one shared integer have one clock', same: sameKind },
  'OBJECT|REFCOUNT': {
    reason: 'counts the holders of a value inside Redis',
    same: sameRefcount,
  },
  'OBJECT|FREQ': { reason: 'counted by chance', same: sameKind },
  'LATENCY|LATEST': { reason: 'tells durations', same: sameKind },
  'LATENCY|HISTORY': { reason: 'tells durations', same: sameKind },
  'LATENCY|DOCTOR': { reason: 'tells durations', same: sameKind },
}

/**
 * What a session's replies come to when HELLO's version and connection id are left out: damage can make a HELLO. A
 * header line of more than 64 KiB is too big for Redis, or no number, as its reads happen to cut it.
 */
export function canonicalStream(replies: string, bytes: string): string {
  const text = replies.replace(/\$7\r\nversion\r\n\$\d+\r\n[^\r]*\r\n/g, '').replace(/\$2\r\nid\r\n:\d+\r\n/g, '')
  if (!OVERLONG_LINE.test(bytes)) return text
  return text.replace('invalid multibulk length', TOO_BIG_COUNT).replace('invalid bulk length', TOO_BIG_LENGTH)
}

const OVERLONG_LINE = /[^\r\n]{65536}/
const TOO_BIG_COUNT = 'too big mbulk count string'
const TOO_BIG_LENGTH = 'too big bulk count string'

function sameKind(a: ReplyTree, b: ReplyTree): boolean {
  return a.marker === b.marker
}

function sameShape(a: ReplyTree, b: ReplyTree): boolean {
  return (
    a.marker === b.marker &&
    a.items.length === b.items.length &&
    a.items.every((item, i) => sameShape(item, b.items[i]))
  )
}

function texts(tree: ReplyTree): string[] {
  return tree.items.map((item) => item.text).sort()
}

function sameSet(a: ReplyTree, b: ReplyTree): boolean {
  return sameShape(a, b) && JSON.stringify(texts(a)) === JSON.stringify(texts(b))
}

/**
 * The queue of a transaction holds its arguments once more; and a COPY of an integer that all keys share is not shared.
 */
function sameRefcount(a: ReplyTree, b: ReplyTree, { inTransaction }: Comparison): boolean {
  return sameKind(a, b) && (inTransaction || (a.text === '1' && b.text === SHARED_REFCOUNT))
}

const SHARED_REFCOUNT = '2147483647'

/** Integers that may differ by the slack, counted in `unitMs`; -1, -2 and other answers that are no time must agree. */
function near(unitMs: number): CanonicalForm['same'] {
  return (a, b, { slackMs }) => {
    if (a.marker !== ':' || b.marker !== ':') return false
    const [one, other] = [BigInt(a.text), BigInt(b.text)]
    if (one < 0n || other < 0n) return one === other
    const apart = one > other ? one - other : other - one
    return apart <= BigInt(Math.ceil(slackMs / unitMs))
  }
}

function allNear(unitMs: number): CanonicalForm['same'] {
  const isNear = near(unitMs)
  return (a, b, comparison) =>
    a.marker === b.marker &&
    a.items.length === b.items.length &&
    a.items.every((item, i) => isNear(item, b.items[i], comparison))
}

/** SCAN, after `next` has joined the replies of a whole iteration; a part of one can only be compared by its shape. */
function sameScan(cursor: number): CanonicalForm['same'] {
  return (a, b, { words }) => {
    if (a.items.length !== 2 || b.items.length !== 2 || a.items[1].marker !== '*' || b.items[1].marker !== '*')
      return false
    const whole = words[cursor] === '0' && a.items[0].text === '0' && b.items[0].text === '0'
    if (!whole) return a.items[0].marker === b.items[0].marker
    return JSON.stringify([...new Set(texts(a.items[1]))]) === JSON.stringify([...new Set(texts(b.items[1]))])
  }
}

function nextScan(cursor: number): NonNullable<CanonicalForm['next']> {
  return (words, reply) => {
    if (words[cursor] !== '0' || reply.items.length !== 2 || reply.items[0].text === '0') return null
    return words.with(cursor, reply.items[0].text)
  }
}

/** Fields with their values, in any order. */
function samePairs(a: ReplyTree, b: ReplyTree): boolean {
  const pairs = ({ items }: ReplyTree): string =>
    JSON.stringify(items.flatMap((item, i) => (i % 2 === 0 ? [[item.text, items[i + 1]?.text]] : [])).sort())
  return sameShape(a, b) && pairs(a) === pairs(b)
}

/**
 * Payloads as long as each other of a hashtable, or of a hash whose fields expire, with the instants in it; or of a
 * listpack whose fields had expiries and have none now.
 */
function sameDump(a: ReplyTree, b: ReplyTree): boolean {
  if (a.text.startsWith(RDB_HASH_LISTPACK_EX) && b.text.startsWith(RDB_HASH)) return true
  return UNORDERED_OR_TIMED.some((type) => a.text.startsWith(type) && b.text.startsWith(type)) && sameLength(a, b)
}

function sameLength(a: ReplyTree, b: ReplyTree): boolean {
  return a.text.length === b.text.length
}

const RDB_HASH = '\x04'
const RDB_HASH_METADATA = '\x18'
/** No Redis before 7.4 reads it: Spinel writes it only where a field does expire. */
const RDB_HASH_LISTPACK_EX = '\x19'
const UNORDERED_OR_TIMED = [RDB_HASH, RDB_HASH_METADATA, RDB_HASH_LISTPACK_EX]

const HELLO_OF_THE_PROCESS = new Set(['version', 'id'])

function sameHello(a: ReplyTree, b: ReplyTree): boolean {
  if (!sameShape(a, b)) return false
  return a.items.every((item, i) => {
    const field = a.items[i - 1]?.text ?? ''
    return item.text === b.items[i].text || (i % 2 === 1 && HELLO_OF_THE_PROCESS.has(field))
  })
}

/** Fields of CLIENT INFO that follow from what the client sent. */
const CLIENT_FIELDS_TO_AGREE = ['name', 'flags', 'db', 'sub', 'psub', 'ssub', 'multi', 'cmd', 'user', 'redir', 'resp']

/** Fields of CLIENT LIST that 7.2 adds to 7.0's. Source: Redis 7.2 release notes, "CLIENT SETINFO" (redis PR 11758). */
const CLIENT_FIELDS_OF_7_2 = new Set(['lib-name', 'lib-ver'])

function clientFields(text: string): Map<string, string> {
  const line = text.replace(/^txt:/, '').split('\n')[0]
  return new Map(line.split(' ').map((field) => [field.split('=')[0], field.slice(field.indexOf('=') + 1)]))
}

function sameClientFields(a: ReplyTree, b: ReplyTree): boolean {
  const names = (tree: ReplyTree): string =>
    [...clientFields(tree.text).keys()].filter((name) => !CLIENT_FIELDS_OF_7_2.has(name)).join(' ')
  const isEmpty = (tree: ReplyTree): boolean => tree.text === '' || tree.text === 'txt:'
  // Which ids there are differs, so ID may leave no line at all on one side.
  return a.marker === b.marker && (isEmpty(a) || isEmpty(b) || names(a) === names(b))
}

function sameClientInfo(a: ReplyTree, b: ReplyTree): boolean {
  if (!sameClientFields(a, b)) return false
  const [one, other] = [clientFields(a.text), clientFields(b.text)]
  // d, a watched key has changed, may still be under way in a shard.
  const value = (fields: Map<string, string>, name: string): string =>
    name === 'flags' ? fields.get(name)?.replace('d', '') || 'N' : (fields.get(name) ?? '')
  return CLIENT_FIELDS_TO_AGREE.every((field) => value(one, field) === value(other, field))
}
