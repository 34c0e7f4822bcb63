/* What Redis 7.2 answers differently from 7.0, the oracle that Debian packages. Spinel follows 7.2; each entry turns
 * the 7.0 oracle's reply into 7.2's, or names what the two cannot be compared by. Nothing else is excused between
 * versions, and the table is not used at all when the oracle reports 7.2 or newer. */

import type { CommandShape } from './shapes.ts'

export interface Difference {
  about: string
  /** Release notes or pull request. */
  source: string
  /** What 7.2 answers where 7.0 answers `reply` (latin1), or null if this entry has nothing to say of it. */
  answer(words: readonly string[], reply: string): string | null
}

/** Left out of generation against a 7.0 oracle. */
const NOT_COMPARABLE_WITH_7_0: Readonly<Record<string, string>> = {
  'CLIENT|SETINFO': 'new in 7.2 (redis PR 11758)',
  'CLIENT|NO-TOUCH': 'new in 7.2 (redis PR 11483)',
  'CLIENT|NO-EVICT': 'RESET leaves it on in 7.0 (redis PR 11483)',
  WAITAOF: 'new in 7.2 (redis PR 11713)',
}

/** Left out of generation against a 7.2 oracle. */
const NOT_COMPARABLE_WITH_7_2: Readonly<Record<string, string>> = {
  AUTH: 'refused behind other replies of a pipeline, or in EXEC, it gets no reply at all (redis PR 11659)',
  HELLO: 'as AUTH',
}

/** Left out of generation against oracles older than 7.4, whose answers Spinel gives. */
const NEW_IN_7_4: Readonly<Record<string, string>> = {
  HEXPIRE: 'redis PR 13172',
  HPEXPIRE: 'as HEXPIRE',
  HEXPIREAT: 'as HEXPIRE',
  HPEXPIREAT: 'as HEXPIRE',
  HTTL: 'as HEXPIRE',
  HPTTL: 'as HEXPIRE',
  HEXPIRETIME: 'as HEXPIRE',
  HPEXPIRETIME: 'as HEXPIRE',
  HPERSIST: 'as HEXPIRE',
}

/** All that is compared with a 7.4 oracle, which is asked about those of its hashes that 7.2 does not have. */
const COMPARABLE_WITH_7_4 = new Set(
  (
    'SET GET DEL UNLINK EXISTS TYPE RENAME RENAMENX COPY MOVE DUMP RESTORE OBJECT|ENCODING EXPIRE PEXPIRE PERSIST ' +
    'PTTL FLUSHDB SELECT SWAPDB MULTI EXEC DISCARD WATCH HSET HMSET HSETNX HGET HMGET HDEL HLEN HSTRLEN HEXISTS ' +
    `HINCRBY HINCRBYFLOAT HGETALL HKEYS HVALS HRANDFIELD ${Object.keys(NEW_IN_7_4).join(' ')}`
  ).split(' '),
)

/** The shapes that can be compared with an oracle of this version (704 for 7.4). */
export function comparableShapes(shapes: readonly CommandShape[], version: number): CommandShape[] {
  const named = shapes.map((shape) => ({ shape, name: shape.words.join('|') }))
  if (version >= 704) return named.flatMap(({ shape, name }) => (COMPARABLE_WITH_7_4.has(name) ? [shape] : []))
  const leftOut = { ...NEW_IN_7_4, ...(version < 702 ? NOT_COMPARABLE_WITH_7_0 : NOT_COMPARABLE_WITH_7_2) }
  return named.flatMap(({ shape, name }) => (name in leftOut ? [] : [shape]))
}

/** 7.2 makes a hash that is given more fields than this at once a hashtable, even if some are one (redis PR 12019). */
export const FIXED_WITH_7_0 = ['hash-max-listpack-entries']

/**
 * Whether a command's effect can be compared with a 7.0 oracle's. 7.0 obeys HELLO's options one after the other until
 * one is refused; 7.2 checks them all and then obeys (redis PR 11659): they agree on one sound option at most. 7.0
 * refuses a client name with a zero byte, 7.2 reads no further than that byte (redis PR 11758). 7.2 takes the
 * low 32 bits of LSET's index (redis PR 11303), and refuses the lowest RANK of LPOS (redis PR 12167).
 */
export function isComparableWith70(words: readonly string[]): boolean {
  if (/^(client|hello)$/i.test(words[0]) && words.some((word) => word.includes('\x00'))) return false
  if (/^(lset|lpos)$/i.test(words[0]) && words.some((word) => /^-?\d{10,}$/.test(word))) return false
  if (words[0].toUpperCase() !== 'HELLO' || words.length <= 2) return true
  const option = words[2].toUpperCase()
  return (option === 'AUTH' && words.length === 5) || (option === 'SETNAME' && words.length === 4)
}

/**
 * Whether the replies of a session can be compared with the oracle's: bytes damaged in their midst may have made an
 * AUTH or a HELLO with several options, see above.
 */
export function isSessionComparable(replies: string, version: number): boolean {
  return !replies.includes(version < 702 ? "-ERR Syntax error in HELLO option '" : '-WRONGPASS ')
}

export const DIFFERENCES: readonly Difference[] = [
  {
    about: 'the last line of every HELP',
    source: 'redis PR 10965',
    answer: replaced('+    Prints this help.\r\n', '+    Print this help.\r\n'),
  },
  {
    about: 'CLIENT HELP tells of SETINFO and NO-TOUCH',
    source: 'redis PRs 11758 and 11483',
    answer: (words, reply) => (isClientHelp(words, reply) ? clientHelp72(reply) : null),
  },
  {
    about: 'short lists are listpacks',
    source: 'redis PR 11303',
    answer: (words, reply) => (/^object encoding$/i.test(words.slice(0, 2).join(' ')) ? shortList72(reply) : null),
  },
  {
    about: 'HELLO before authentication names its first argument',
    source: 'redis PR 11809',
    answer: replaced('otherwise the HELLO AUTH <user>', 'otherwise the HELLO <proto> AUTH <user>'),
  },
]

function replaced(from: string, to: string): Difference['answer'] {
  return (_words, reply) => (reply.includes(from) ? reply.replaceAll(from, to) : null)
}

/** A long list's is the same in both, and compared before it gets here. */
function shortList72(reply: string): string | null {
  return reply === '$9\r\nquicklist\r\n' ? '$8\r\nlistpack\r\n' : null
}

function isClientHelp(words: readonly string[], reply: string): boolean {
  return words[0]?.toUpperCase() === 'CLIENT' && reply.startsWith('*48\r\n')
}

function clientHelp72(reply: string): string {
  const setInfo = [
    'SETINFO <option> <value>',
    '    Set client meta attr. Options are:',
    '    * LIB-NAME: the client lib name.',
    '    * LIB-VER: the client lib version.',
  ]
  const noTouch = ['NO-TOUCH (ON|OFF)', '    Will not touch LRU/LFU stats when this mode is on.']
  const asReply = (lines: string[]): string => lines.map((line) => `+${line}\r\n`).join('')
  return reply
    .replace('*48\r\n', '*54\r\n')
    .replace('+UNBLOCK <', () => `${asReply(setInfo)}+UNBLOCK <`)
    .replace('+HELP\r\n', () => `${asReply(noTouch)}+HELP\r\n`)
}

/** The reply that 7.2 gives where the 7.0 oracle gave `reply`. */
export function asRedis72(words: readonly string[], reply: string): string {
  let answer = reply
  for (const difference of DIFFERENCES) answer = difference.answer(words, answer) ?? answer
  return answer
}

/** The same for a line of what a server holds (see Contestant.digest), where the encoding of short lists shows. */
export function stateAsRedis72(line: string): string {
  return line.replace(/^(db \d+ key ".*?" list) quicklist /, '$1 listpack ')
}
