/* What a directive is, and the four plain kinds: yes/no, number, text, choice. Directives of a form of their own are in
 * special-types.ts; the families under directives/ declare them all. Any thread.
 *
 * A directive has one value in three forms:
 *   words   as written in redis.conf or CONFIG SET, latin1 text that carries bytes
 *   exact   what is kept: all that CONFIG GET shows and CONFIG REWRITE writes comes from it
 *   seen    what programs read in Configuration.values: number, boolean, UTF-8 decoded text, bytes of a password */
import { bytesOf } from '../../base/bytes.ts'
import { quoteArgument } from '../../base/split-arguments.ts'
import { decodeText, lowerCase } from './byte-text.ts'
import type { Host } from './host.ts'
import { LONG_MAX, parseInteger, parseLoose, parseMemory, showMemory } from './integers.ts'

/* Flags. */
/** Only the file and the command line set it. */
export const IMMUTABLE = 1 << 0
/** CONFIG SET needs enable-protected-configs. */
export const PROTECTED = 1 << 1
/** CONFIG GET shows it only by its exact name. */
export const HIDDEN = 1 << 2
/** Part of a crash report. */
export const DEBUG = 1 << 3
/** Takes any number of words; each type checks how many. */
export const MULTI_ARGUMENT = 1 << 4
/** Kept out of the slow log and MONITOR. */
export const SENSITIVE = 1 << 5
/** Setting it is applied even when the value is the one it has: what it names may have changed. */
export const VOLATILE = 1 << 6
/** CONFIG SET waits until the data set is loaded. */
export const DENY_LOADING = 1 << 7
/** With IMMUTABLE: CONFIG SET accepts the value it has. For directives that Redis lacks, so that a program which sets
 * whatever CONFIG GET lists, leaving out what it knows as immutable, goes on working. */
export const MAY_REPEAT = 1 << 8

/** Why a value can't be taken, in Redis's words. */
export class Refusal {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/** Where a value comes from, and what a type may ask about its surroundings. */
export interface ParseContext {
  readonly source: 'file' | 'set'
  /** From the file: the directive was given before, so a list grows. */
  readonly repeated: boolean
  readonly host: Host
  /** What CONFIG GET shows for another directive. */
  shown(name: string): string
  /** Tells the operator of a value that is taken but doubtful. */
  warn(text: string): void
}

/** A line of a rewritten file. Unless `force`, it only takes the place of a line that is there. */
export interface RewrittenLine {
  readonly text: string
  readonly force: boolean
}

export interface ValueType<Exact, Seen> {
  parse(words: readonly string[], current: Exact, context: ParseContext): Exact | Refusal
  /** CONFIG GET's text. Equal values show equal texts. */
  show(value: Exact): string
  see(value: Exact): Seen
  /** The lines of a rewritten file; none: the directive leaves the file. */
  rewrite(name: string, value: Exact, preset: Exact): RewrittenLine[]
  /** Undoes what parse() changed outside, when a CONFIG SET is rolled back. */
  restore?(value: Exact, context: ParseContext): void
}

export interface Directive<Exact = unknown, Seen = unknown> extends ValueType<Exact, Seen> {
  /** The value before anything is read. */
  readonly preset: Exact
  readonly alias: string | null
  readonly flags: number
  /** Not null: other values than the preset are remembered and shown, and nothing more; this says why. */
  readonly ignored: string | null
}

export interface Common {
  readonly alias?: string
  readonly flags?: number
  readonly ignored?: string
}

/** A check that depends on more than the value's form: a reason to refuse it, or null. */
export type Check<Value> = (value: Value, context: ParseContext) => string | null

export function directive<Exact, Seen>(
  type: ValueType<Exact, Seen>,
  preset: Exact,
  common: Common = {},
): Directive<Exact, Seen> {
  const { alias = null, flags = 0, ignored = null } = common
  return { ...type, preset, alias, flags, ignored }
}

/** `value` if `check` has nothing against it. */
function checked<Value>(value: Value, check: Check<Value> | undefined, context: ParseContext): Value | Refusal {
  const reason = check?.(value, context) ?? null
  return reason === null ? value : new Refusal(reason)
}

/** yes or no, in any case of letters. */
export function yesNo(preset: boolean, options: Common & { check?: Check<boolean> } = {}): Directive<boolean, boolean> {
  const show = (value: boolean) => (value ? 'yes' : 'no')
  return directive<boolean, boolean>(
    {
      parse([word], _current, context) {
        const lower = lowerCase(word)
        if (lower !== 'yes' && lower !== 'no') return new Refusal("argument must be 'yes' or 'no'")
        return checked(lower === 'yes', options.check, context)
      },
      show,
      see: (value) => value,
      rewrite: (name, value) => [{ text: `${name} ${show(value)}`, force: value !== preset }],
    },
    preset,
    options,
  )
}

interface NumberOptions extends Common {
  readonly min: number | bigint
  readonly max: number | bigint
  readonly default: number | bigint
  /** Values outside are taken, and the nearest of these limits is kept. */
  readonly clamp?: readonly [bigint, bigint]
}

/** How numbers are written. */
interface NumberForm {
  parse(text: string): bigint | null
  /** What is said of text that parse() does not take. */
  readonly refusal: string
  show(value: bigint): string
  rewrite(value: bigint): string
  /** A bound within an error text. */
  bound(value: bigint): string
  /** Negative numbers are percentages. */
  readonly percent?: boolean
}

/** Seen as a Number: exact up to 2^53, which is more bytes or milliseconds than there are. */
function numeric(form: NumberForm, options: NumberOptions): Directive<bigint, number> {
  const min = BigInt(options.min)
  const max = BigInt(options.max)
  const preset = BigInt(options.default)
  const wrap = max > LONG_MAX ? BigInt.asUintN : BigInt.asIntN
  const outside = `argument must be between ${form.bound(min)} and ${form.bound(max)} inclusive`

  function parse([word]: readonly string[]): bigint | Refusal {
    const parsed = form.parse(word)
    if (parsed === null) return new Refusal(form.refusal)
    const value = wrap(64, parsed)
    if (form.percent && value < 0n) {
      return value < min ? new Refusal(`percentage argument must be less or equal to ${-min}`) : value
    }
    if (value < min || value > max) return new Refusal(outside)
    if (options.clamp === undefined) return value
    const [low, high] = options.clamp
    return value < low ? low : value > high ? high : value
  }

  return directive<bigint, number>(
    {
      parse,
      show: form.show,
      see: Number,
      rewrite: (name, value) => [{ text: `${name} ${form.rewrite(value)}`, force: value !== preset }],
    },
    preset,
    options,
  )
}

const decimalForm: NumberForm = {
  parse: parseInteger,
  refusal: "argument couldn't be parsed into an integer",
  show: String,
  rewrite: String,
  bound: String,
}

const memoryForm: NumberForm = {
  parse: parseMemory,
  refusal: 'argument must be a memory value',
  show: String,
  rewrite: showMemory,
  bound: String,
}

const memoryOrPercentForm: NumberForm = {
  parse(text) {
    const bytes = parseMemory(text)
    if (bytes !== null) return bytes
    const percent = text.endsWith('%') ? parseInteger(text.slice(0, -1)) : null
    return percent === null || percent < 0n ? null : -percent
  },
  refusal: 'argument must be a memory or percent value',
  show: (value) => (value < 0n ? `${-value}%` : String(value)),
  rewrite: (value) => (value < 0n ? `${-value}%` : showMemory(value)),
  bound: String,
  percent: true,
}

const octalForm: NumberForm = {
  parse: (text) => parseLoose(text, 8),
  refusal: "argument couldn't be parsed as an octal number",
  show: (value) => value.toString(8),
  rewrite: (value) => value.toString(8),
  bound: (value) => value.toString(8),
}

/** A decimal integer between bounds, both included. */
export const integer = (options: NumberOptions) => numeric(decimalForm, options)
/** Bytes, with or without a unit. */
export const memory = (options: NumberOptions) => numeric(memoryForm, options)
/** Bytes, or a percentage: seen as a negative number (-5 is 5%). `min` is the largest percentage, negated. */
export const memoryOrPercent = (options: NumberOptions) => numeric(memoryOrPercentForm, options)
/** An octal number: a file mode. */
export const octal = (options: NumberOptions) => numeric(octalForm, options)

interface TextOptions extends Common {
  readonly default?: string
  /** The empty text means that nothing is set: a rewritten file then has no such line. */
  readonly optional?: boolean
  readonly check?: Check<string>
}

/** Paths and names end at a NUL byte, as for the operating system. */
export function beforeNul(word: string): string {
  const nul = word.indexOf('\0')
  return nul < 0 ? word : word.slice(0, nul)
}

function textType<Seen>(
  options: TextOptions,
  read: (word: string) => string,
  see: (value: string) => Seen,
): Directive<string, Seen> {
  const { default: preset = '', optional = false } = options
  return directive<string, Seen>(
    {
      parse: ([word], _current, context) => checked(read(word), options.check, context),
      show: (value) => value,
      see,
      rewrite(name, value) {
        if (optional && value === '') return []
        return [{ text: `${name} ${quoteArgument(value)}`, force: value !== preset }]
      },
    },
    preset,
    options,
  )
}

/** A name or path. Seen decoded from UTF-8; empty when unset. */
export const text = (options: TextOptions = {}) => textType<string>(options, beforeNul, decodeText)

/** A password or user name. Seen as bytes, of length 0 when unset. Sensitive. */
export const secret = () => textType<Uint8Array>({ optional: true, flags: SENSITIVE }, (word) => word, bytesOf)

/** What is said of a word that is none of `words`. */
const notOneOf = (words: readonly string[]) =>
  new Refusal(`argument(s) must be one of the following: ${words.join(', ')}`)

/** One word of several, in any case of letters. `synonyms` maps words to the one that is shown for them. */
export function choice<const Word extends string>(
  words: readonly Word[],
  options: Common & { default: NoInfer<Word>; synonyms?: Readonly<Record<string, NoInfer<Word>>> },
): Directive<Word, Word> {
  return directive<Word, Word>(
    {
      parse([word]) {
        const lower = lowerCase(word)
        const found = words.find((each) => each === lower)
        return found === undefined ? notOneOf(words) : (options.synonyms?.[found] ?? found)
      },
      show: (value) => value,
      see: (value) => value,
      rewrite: (name, value) => [{ text: `${name} ${value}`, force: value !== options.default }],
    },
    options.default,
    options,
  )
}

/** Any of several words together; shown in the order of `words`. `none` is the word for none of them. */
export function choices<const Word extends string>(
  none: string,
  words: readonly Word[],
  options: Common & { check?: Check<readonly Word[]> },
): Directive<readonly Word[], readonly Word[]> {
  const show = (value: readonly Word[]) => (value.length === 0 ? none : value.join(' '))
  return directive<readonly Word[], readonly Word[]>(
    {
      parse(given, _current, context) {
        const lower = new Set(given.map(lowerCase))
        const value = words.filter((word) => lower.delete(word))
        lower.delete(none)
        if (given.length === 0 || lower.size > 0) return notOneOf([none, ...words])
        return checked(value, options.check, context)
      },
      show,
      see: (value) => value,
      rewrite: (name, value) => [{ text: `${name} ${show(value)}`, force: value.length > 0 }],
    },
    [],
    { ...options, flags: (options.flags ?? 0) | MULTI_ARGUMENT },
  )
}
