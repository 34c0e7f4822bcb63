/* Types of directives that have a form of their own. Any thread. */
import { parseKeyspaceEvents, showKeyspaceEvents } from '../../base/keyspace-events.ts'
import { quoteArgument } from '../../base/split-arguments.ts'
import { systemErrorText } from '../../base/system-error.ts'
import { decodeText, encodeText, lowerCase } from './byte-text.ts'
import {
  beforeNul,
  type Common,
  type Directive,
  directive,
  MULTI_ARGUMENT,
  type ParseContext,
  Refusal,
  VOLATILE,
} from './directive.ts'
import { parseLoose, parseMemory, showMemory } from './integers.ts'

const WRONG_COUNT = new Refusal('wrong number of arguments')
const MAX_BIND_ADDRESSES = 16

/** The flags of a directive that takes several words and is applied on every CONFIG SET. */
function severalWords(options: Common): Common {
  return { ...options, flags: (options.flags ?? 0) | MULTI_ARGUMENT | VOLATILE }
}

function isEmptyWord(words: readonly string[]): boolean {
  return words.length === 1 && words[0] === ''
}

/** A snapshot is due `seconds` after the last one once there were `changes`. */
export interface SavePoint {
  readonly seconds: number
  readonly changes: number
}

const INVALID_SAVE = new Refusal('Invalid save parameters')

/** `save 3600 1 300 100`: pairs; `save ""`: none. Lines of a file add up, the first one replaces the preset. */
export function savePoints(preset: readonly SavePoint[]): Directive<readonly SavePoint[], readonly SavePoint[]> {
  type Points = readonly SavePoint[]
  return directive<Points, Points>(
    {
      parse(words, current, context) {
        if (isEmptyWord(words)) return []
        const numbers = words.map((word) => parseLoose(word))
        if (numbers.length % 2 !== 0) return INVALID_SAVE
        const points = context.source === 'file' && context.repeated ? [...current] : []
        for (let i = 0; i < numbers.length; i += 2) {
          const seconds = numbers[i]
          const changes = numbers[i + 1]
          if (seconds === null || changes === null || seconds < 1n || changes < 0n) return INVALID_SAVE
          points.push({ seconds: Number(seconds), changes: Number(BigInt.asIntN(32, changes)) })
        }
        return points
      },
      show: (points) => points.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' '),
      see: (points) => points,
      rewrite(name, points) {
        if (points.length === 0) return [{ text: `${name} ""`, force: true }]
        return points.map(({ seconds, changes }) => ({ text: `${name} ${seconds} ${changes}`, force: true }))
      },
    },
    preset,
    severalWords({}),
  )
}

/** A client is closed at `hard` bytes of unread replies, or after `softSeconds` above `soft` bytes; 0: no limit. */
export interface OutputBufferLimit {
  readonly hard: number
  readonly soft: number
  readonly softSeconds: number
}

/** By class of client, in the order that is shown. */
export interface OutputBufferLimits {
  readonly normal: OutputBufferLimit
  readonly replica: OutputBufferLimit
  readonly pubsub: OutputBufferLimit
}

const CLIENT_CLASSES = ['normal', 'replica', 'pubsub'] as const

/** One class's four words as a limit, or why not. */
function parseLimit(hardWord: string, softWord: string, secondsWord: string): OutputBufferLimit | Refusal {
  const hard = parseMemory(hardWord)
  const soft = parseMemory(softWord)
  const seconds = parseLoose(secondsWord)
  if (hard === null || soft === null || seconds === null || Number(BigInt.asIntN(32, seconds)) < 0) {
    return new Refusal('Error in hard, soft or soft_seconds setting in buffer limit configuration.')
  }
  return { hard: Number(hard), soft: Number(soft), softSeconds: Number(BigInt.asIntN(32, seconds)) }
}

function parseLimits(words: readonly string[], current: OutputBufferLimits): OutputBufferLimits | Refusal {
  if (words.length % 4 !== 0) return new Refusal('Wrong number of arguments in buffer limit configuration.')
  const limits = { ...current }
  for (let i = 0; i < words.length; i += 4) {
    const word = lowerCase(words[i])
    const name = CLIENT_CLASSES.find((each) => each === (word === 'slave' ? 'replica' : word))
    if (name === undefined) return new Refusal('Invalid client class specified in buffer limit configuration.')
    const limit = parseLimit(words[i + 1], words[i + 2], words[i + 3])
    if (limit instanceof Refusal) return limit
    limits[name] = limit
  }
  return limits
}

/** Number, as all its digits. */
const digits = (value: number) => String(BigInt(value))

/** `normal 0 0 0 replica 256mb 64mb 60`: four words a class; classes that are not named keep their limits. */
export function outputBufferLimits(preset: OutputBufferLimits): Directive<OutputBufferLimits, OutputBufferLimits> {
  const limitText = (limit: OutputBufferLimit, size: (bytes: number) => string) =>
    `${size(limit.hard)} ${size(limit.soft)} ${limit.softSeconds}`
  return directive<OutputBufferLimits, OutputBufferLimits>(
    {
      parse: parseLimits,
      show: (limits) =>
        CLIENT_CLASSES.map((name) => {
          return `${name === 'replica' ? 'slave' : name} ${limitText(limits[name], digits)}`
        }).join(' '),
      see: (limits) => limits,
      rewrite: (directiveName, limits) =>
        CLIENT_CLASSES.map((name) => ({
          text: `${directiveName} ${name} ${limitText(limits[name], (bytes) => showMemory(BigInt(bytes)))}`,
          force: limitText(limits[name], digits) !== limitText(preset[name], digits),
        })),
    },
    preset,
    severalWords({}),
  )
}

/** Addresses to listen on; `-` before one: it need not exist; `*` and `-::*`: all of IPv4 and IPv6. */
export function bindAddresses(preset: readonly string[]): Directive<readonly string[], readonly string[]> {
  return directive<readonly string[], readonly string[]>(
    {
      parse(words) {
        if (words.length > MAX_BIND_ADDRESSES) return new Refusal('Too many bind addresses specified.')
        return isEmptyWord(words) ? [] : words
      },
      show: (addresses) => addresses.join(' '),
      see: (addresses) => addresses,
      rewrite(name, addresses) {
        if (addresses.join(' ') === preset.join(' ')) return []
        return [{ text: `${name} ${addresses.length === 0 ? '""' : addresses.join(' ')}`, force: true }]
      },
    },
    preset,
    severalWords({}),
  )
}

/** The primary that a replica follows. */
export interface Primary {
  readonly host: string
  readonly port: number
}

/** `replicaof host port`, `replicaof no one`. Null: this server is a primary. */
export function primaryAddress(options: Common): Directive<Primary | null, Primary | null> {
  const show = (primary: Primary | null) => (primary === null ? '' : `${primary.host} ${primary.port}`)
  return directive<Primary | null, Primary | null>(
    {
      parse(words) {
        if (words.length !== 2) return WRONG_COUNT
        const [host, portWord] = words
        if (lowerCase(host) === 'no' && lowerCase(portWord) === 'one') return null
        const port = parseLoose(portWord)
        if (port === null || port < 0n || port > 65535n) return new Refusal('Invalid master port')
        return { host, port: Number(port) }
      },
      show,
      see: (primary) => primary,
      rewrite(name, primary) {
        return primary === null ? [] : [{ text: `${name} ${show(primary)}`, force: true }]
      },
    },
    null,
    severalWords(options),
  )
}

const INVALID_PERCENTILE = new Refusal('Invalid latency-tracking-info-percentiles parameters')
const PERCENTILE_RANGE = new Refusal('latency-tracking-info-percentiles parameters should sit between [0.0,100.0]')

/** A decimal number as strtod(3) reads it, without leading white space. NaN: not one. */
function parseDouble(word: string): number {
  if (/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(word)) return Number(word)
  const infinity = /^([+-]?)inf(inity)?$/i.exec(word)
  if (infinity === null) return Number.NaN
  return infinity[1] === '-' ? -Infinity : Infinity
}

/** Percentiles between 0 and 100, shown with at most six decimals. */
export function percentiles(preset: readonly number[]): Directive<readonly number[], readonly number[]> {
  const show = (values: readonly number[]) => values.map((value) => String(Number(value.toFixed(6)))).join(' ')
  return directive<readonly number[], readonly number[]>(
    {
      parse(words) {
        if (isEmptyWord(words)) return []
        const values = words.map(parseDouble)
        for (const value of values) {
          if (Number.isNaN(value)) return INVALID_PERCENTILE
          if (value < 0 || value > 100) return PERCENTILE_RANGE
        }
        return values
      },
      show,
      see: (values) => values,
      rewrite: (name, values) => [{ text: `${name} ${values.length === 0 ? '""' : show(values)}`, force: true }],
    },
    preset,
    severalWords({}),
  )
}

/** oom_score_adj of a primary, a replica and a child process. */
export type OomScores = readonly [primary: number, replica: number, child: number]

const OOM_RANGE = new Refusal('Invalid oom-score-adj-values, elements must be between -2000 and 2000.')

export function oomScores(preset: OomScores): Directive<OomScores, OomScores> {
  return directive<OomScores, OomScores>(
    {
      parse(words, _current, context) {
        if (words.length !== preset.length) return WRONG_COUNT
        const values: number[] = []
        for (const word of words) {
          const value = parseLoose(word)
          if (value === null || value < -2000n || value > 2000n) return OOM_RANGE
          values.push(Number(value))
        }
        const [primary, replica, child] = values
        if (replica < primary || child < replica) {
          context.warn(
            'The oom-score-adj-values configuration may not work for non-privileged processes! ' +
              'Please consult the documentation.',
          )
        }
        return [primary, replica, child]
      },
      show: (values) => values.join(' '),
      see: (values) => values,
      rewrite: (name, values) => [{ text: `${name} ${values.join(' ')}`, force: values.join() !== preset.join() }],
    },
    preset,
    { flags: MULTI_ARGUMENT },
  )
}

/** Letters of event classes, seen as NOTIFY_ bits (see keyspace-events.ts). */
export function keyspaceEvents(): Directive<number, number> {
  return directive<number, number>(
    {
      parse([word]) {
        const bits = parseKeyspaceEvents(beforeNul(word))
        return bits < 0 ? new Refusal("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.") : bits
      },
      show: showKeyspaceEvents,
      see: (bits) => bits,
      rewrite: (name, bits) => [{ text: `${name} ${quoteArgument(showKeyspaceEvents(bits))}`, force: bits !== 0 }],
    },
    0,
    { flags: VOLATILE },
  )
}

function enterDirectory(path: string, context: ParseContext): string | Refusal {
  try {
    context.host.changeDirectory(decodeText(path))
  } catch (error) {
    return new Refusal(systemErrorText(error))
  }
  return encodeText(context.host.workingDirectory())
}

/** The working directory: entered as soon as the value is read, so that what follows is relative to it. */
export function workingDirectory(options: Common): Directive<string, string> {
  return directive<string, string>(
    {
      parse: ([path], _current, context) => enterDirectory(beforeNul(path), context),
      show: (path) => path,
      see: decodeText,
      rewrite: (name, path) => [{ text: `${name} ${quoteArgument(path)}`, force: true }],
      restore: (path, context) => void enterDirectory(path, context),
    },
    '',
    options,
  )
}
