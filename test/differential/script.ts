/* A differential test as data: what is sent, by whom, in which writes. Plain JSON, so that a failing one is a file.
 *
 * Bytes are latin1 strings (one char per byte). Instants are symbolic, so that a script replays at any time of day. */

import { encodeCommand, quoted } from '../support/resp.ts'

/** Bytes, or a Unix time: the run's start plus `offsetMs`, in the unit named. */
export type Argument = string | { unixTime: 'seconds' | 'milliseconds'; offsetMs: number }

/** The command's name and its arguments. */
export type Command = Argument[]

/** One client sends commands in one write (`cuts`: in several) and awaits all the replies. */
export interface Send {
  kind: 'send'
  client: number
  commands: Command[]
  /** Sent as inline commands rather than RESP arrays. */
  inline?: boolean
  /** Byte offsets at which the write is cut in two. */
  cuts?: number[]
}

/** Several clients send pipelines at once. They share no key, so each one's replies are still determined. */
export interface Together {
  kind: 'together'
  sends: Send[]
}

/** Bytes, sound or not, on a connection of their own that is then half-closed; all that comes back is compared. */
export interface Session {
  kind: 'session'
  bytes: string
  cuts?: number[]
}

export type Step = Send | Together | Session

/** The directives that a script may set, all about encodings, with Redis's defaults. */
export const DEFAULT_LIMITS = {
  'hash-max-listpack-entries': '512',
  'hash-max-listpack-value': '64',
  'list-max-listpack-size': '-2',
  'list-compress-depth': '0',
}

export interface Script {
  seed: number
  /** What the script once showed, for those kept as regressions. */
  about?: string
  transport: 'tcp' | 'unix'
  /** Directives that the script wants otherwise than DEFAULT_LIMITS has them. */
  limits?: Readonly<Record<string, string>>
  /** The servers' password during the script; '' for none. */
  password: string
  steps: Step[]
}

/** The commands of a step's clients, in order; none for a session. */
export function sendsOf(step: Step): Send[] {
  if (step.kind === 'send') return [step]
  return step.kind === 'together' ? step.sends : []
}

const INLINE_LIMIT_BYTES = 64 * 1024
const LONGEST_READ_BYTES = 16 * INLINE_LIMIT_BYTES

/**
 * Whether a session's replies tell of the oracle's workings rather than of the protocol. A line beyond 64 KiB is
 * refused if its end is not there by then, and obeyed if the read that passes the limit brings it. An inline command
 * with a zero byte never ends. An empty command is the one that CLIENT REPLY SKIP silences. A line of HTTP closes the
 * connection at once, with replies that may or may not be out.
 */
export function isUndetermined(bytes: string): boolean {
  if (/(^|\n)[^*$\n]*\0/.test(bytes)) return true
  if (/\n\s*"?(host:|post\b)/i.test(bytes)) return true
  if (/skip(?!\r\n\S)/i.test(bytes)) return true
  if (/skip/i.test(bytes) && /(^|\n)\r?\n|\*[0-]/.test(bytes)) return true
  if (/skip(?!\r\n\S)/i.test(bytes)) return true
  return bytes.split('\n').some(({ length }) => length > INLINE_LIMIT_BYTES / 2 && length < LONGEST_READ_BYTES)
}

/** Whether one of these names (upper-case) stands alone in the bytes, where a parser may come to see a command. */
export function spells(bytes: string, names: ReadonlySet<string>): boolean {
  return bytes.split(/[^\w-]+/).some((word) => names.has(word.toUpperCase()))
}

/** The command's words as sent when the run started at `startMs`. */
export function resolve(command: Command, startMs: number): string[] {
  return command.map((argument) => {
    if (typeof argument === 'string') return argument
    const atMs = startMs + argument.offsetMs
    return String(argument.unixTime === 'seconds' ? Math.floor(atMs / 1000) : atMs)
  })
}

export function encode(words: readonly string[], inline: boolean): Buffer {
  if (!inline) return encodeCommand(words)
  return Buffer.from(`${words.map((word) => quoteInline(word)).join(' ')}\r\n`, 'latin1')
}

function quoteInline(word: string): string {
  return /^[\w.:+-]+$/.test(word) ? word : quoted(word, Infinity)
}

const SHORT_LIFE_MS = 60_000

/**
 * How long a key given an expiry by this command may live, if that is short; 0 for a long life, none, or an expiry that
 * has passed. The player sleeps that long after the command, so that no later one meets an instant when one server has
 * expired the key and the other has not.
 */
export function shortLifeMs(words: readonly string[], nowMs: number): number {
  const lifeMs = lifeGivenMs(words, nowMs)
  return lifeMs > 0 && lifeMs < SHORT_LIFE_MS ? lifeMs : 0
}

/** The life that the command's arguments give a key, in ms; 0 if none, negative if it has passed. */
export function lifeGivenMs(words: readonly string[], nowMs: number): number {
  switch (words[0]?.toUpperCase()) {
    case 'SET':
    case 'GETEX':
      return lifeFromOptions(words, nowMs)
    case 'EXPIRE':
    case 'SETEX':
    case 'HEXPIRE':
      return integer(words[2]) * 1000
    case 'PEXPIRE':
    case 'PSETEX':
    case 'RESTORE':
    case 'HPEXPIRE':
      return integer(words[2])
    case 'EXPIREAT':
    case 'HEXPIREAT':
      return integer(words[2]) * 1000 - nowMs
    case 'PEXPIREAT':
    case 'HPEXPIREAT':
      return integer(words[2]) - nowMs
    default:
      return 0
  }
}

function lifeFromOptions(words: readonly string[], nowMs: number): number {
  for (let i = 2; i + 1 < words.length; i++) {
    const amount = integer(words[i + 1])
    switch (words[i].toUpperCase()) {
      case 'EX':
        return amount * 1000
      case 'PX':
        return amount
      case 'EXAT':
        return amount * 1000 - nowMs
      case 'PXAT':
        return amount - nowMs
    }
  }
  return 0
}

function integer(word: string | undefined): number {
  return word !== undefined && /^-?\d{1,20}$/.test(word) ? Number(word) : 0
}

/** The command as one types it into redis-cli; symbolic instants in braces. */
export function show(command: Command): string {
  return command
    .map((argument) => {
      if (typeof argument === 'string') return /^[\w.:+*-]{1,200}$/.test(argument) ? argument : quoted(argument)
      const { unixTime, offsetMs } = argument
      return `{now ${offsetMs < 0 ? '-' : '+'} ${Math.abs(offsetMs)} ms, in ${unixTime}}`
    })
    .join(' ')
}
