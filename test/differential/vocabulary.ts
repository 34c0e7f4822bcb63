/* What the generator puts where a command's syntax names a value: by the value's name or type.
 *
 * Every list holds what once broke some server: limits of 64 bits and one beyond, texts that only almost are numbers,
 * empty strings, bytes that look like protocol, lengths around an encoding's threshold. */

import type { Random } from '../support/random.ts'
import { BROKEN_PAYLOADS, SOUND_PAYLOADS } from './payloads.ts'
import type { Argument } from './script.ts'

/** What a seed fixes for its whole script. */
export interface Palette {
  keys: string[]
  values: string[]
  databases: string[]
  /** Chance that a number is drawn from the odd ones. */
  oddNumbers: number
  /** Chance that a time to live is one that runs out during the script. */
  shortLives: number
  /** Points in time may have passed already. */
  pastTimes: boolean
  password: string
}

export const INTEGERS = ['0', '1', '-1', '2', '3', '7', '10', '42', '-3', '100', '1000']

export const ODD_INTEGERS = [
  '2147483647',
  '2147483648',
  '-2147483648',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '9223372036854775806',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775807',
  '-9223372036854775808',
  '-9223372036854775809',
  '18446744073709551615',
  '18446744073709551616',
  '99999999999999999999999',
  '+5',
  '05',
  '-0',
  '00',
  ' 5',
  '5 ',
  '',
  '-',
  '+',
  '5a',
  '1.5',
  '1.0',
  '1e3',
  '0x10',
  '1_000',
  'inf',
  'nan',
  'one',
  '\x005',
  '5\x00',
  '5\r\n',
  '--1',
  'null',
]

export const FLOATS = ['0', '1', '-1', '0.1', '1.5', '-2.25', '3.0', '10.50', '1e3', '5.0e3', '-1e-2', '200', '0.0001']

export const ODD_FLOATS = [
  '1e308',
  '-1e308',
  '1e309',
  '1e4931',
  '1e5000',
  '1e-5',
  '1e-17',
  '1e-300',
  '1e17',
  '1e20',
  '0.30000000000000004',
  '123456789012345678',
  '1234567890123456789012',
  '12345678901234567.89',
  '3.14159265358979323846',
  '9007199254740993',
  '9223372036854775807',
  'inf',
  '-inf',
  '+inf',
  'Infinity',
  'nan',
  '-nan',
  '0x1p3',
  '0x10',
  '1e',
  'e1',
  '.5',
  '5.',
  '.',
  '',
  ' 1',
  '1 ',
  '+1',
  '-0',
  '-0.0',
  '1,5',
  '1.5.2',
  'abc',
  '1\x00',
  '0.1234567890123456789',
]

export const VALUES = [
  '',
  '0',
  '1',
  '-1',
  '10',
  '007',
  '9999',
  '10000',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '3.0',
  '0.1',
  '1e5',
  '5.0e3',
  'inf',
  'nan',
  ' 1',
  '1 ',
  'a',
  'abc',
  'hello world',
  'foobar',
  'OK',
  'true',
  '12345678901234567890',
  '1234567890123456789',
  'x'.repeat(19),
  'x'.repeat(20),
  'x'.repeat(21),
  'v'.repeat(43),
  'v'.repeat(44),
  'v'.repeat(45),
  'y'.repeat(64),
  'ab'.repeat(100),
  '\x00',
  '\xff\xfe\x00\x01',
  '\r\n',
  '$3\r\nfoo\r\n',
  '*1\r\n$4\r\nPING\r\n',
  '"quoted"',
  "it's",
  '\\x00',
  'h\xc3\xa9llo',
  '\u0080\u0081',
  'ohmytext',
  'mynewtext',
  'abcbdab',
  'bdcaba',
]

const PATTERNS = [
  '*',
  '?*',
  'k*',
  'k?',
  'k[0-4]',
  'k[^0]',
  'k[4-0]',
  '*1',
  'k\\*',
  '[',
  'k[',
  '[]',
  '\\',
  '',
  '**',
  '*\x00*',
  'K*',
  'nothing',
  '{a}*',
  '[a-',
  '*k*0*',
]

/** Not `none`: 7.0 finds expired keys of that type. */
const TYPES = ['string', 'STRING', 'list', 'hash', 'set', 'zset', 'stream', 'bogus', '']

/** Lives far longer than any script, and yet different from one another: equal ones could differ by a millisecond. */
function longLifeSeconds(random: Random): number {
  return random.between(100_000, 9_000_000)
}

/** Times to live that are refused, or have passed already. */
const REFUSED_LIVES = [
  '0',
  '-1',
  '-100',
  '-9223372036854775808',
  '9223372036854775807',
  '9223372036854775806',
  '9223372036854775808',
  '18446744073709551616',
  '-9223372036854775809',
  '',
  'ten',
  '1.5',
  ' 10',
  '+10',
  '0x10',
  '1e3',
]

/** As seconds these overflow a 64-bit count of milliseconds; as milliseconds they are long lives. */
const REFUSED_SECONDS = ['9223372036854775', '9223372036854776', '9223372035000000']

const SHORT_LIVES_MS = ['1', '2', '5', '15', '30']

/** Timeouts in seconds that are over soon, and such that are refused; 7.0 takes some others that 7.2 refuses. */
const SHORT_WAITS = ['0.001', '0.002', '0.0001', '1e-3', '.004', '0x1p-9']
const REFUSED_WAITS = ['-1', '-0.5', '', 'x', '1s', ' 1', 'nan', '-inf', '1e5000']

/** Whether a client that is told to wait so long goes on soon. */
export function isShortWait(timeout: Argument): boolean {
  return typeof timeout === 'string' && (SHORT_WAITS.includes(timeout) || REFUSED_WAITS.includes(timeout))
}

const REFUSED_TIMES = [
  '9223372036854775807',
  '99999999999999999999',
  '-9223372036854775809',
  '1.5',
  '1e12',
  ' 1',
  'x',
  '',
]
const ODD_TIMES = [...REFUSED_TIMES, '0', '-1', '1', '1000', '-9223372036854775808']

const OFFSETS_MS = [-1_000_000_000, -100_000, -5_000, -1_000]

const BIT_FIELDS = ['u1', 'i1', 'u2', 'i5', 'u8', 'i8', 'u16', 'i32', 'u32', 'i53', 'u63', 'i63', 'i64']
const ODD_BIT_FIELDS = ['u0', 'i0', 'u64', 'i65', 'i', 'u', '', '8', 'u8\x00', 'u08', 'u-1', 'U8', 'f32', 'i9999999999']

/** An argument for the value that the syntax calls `name`. */
export function argumentFor(name: string, type: string | null, palette: Palette, random: Random): Argument {
  if (type === 'key' || (type === null && KEY_NAME.test(name))) return random.pick(palette.keys)
  if (name.includes('seconds') || name === 'timestamp' || type === 'unix-time' || name === 'ttl') {
    return lifetime(name, type, palette, random)
  }
  // SELECT takes an index of a database, other commands one of an element.
  if (name === 'index' && random.chance(0.5)) return number(INTEGERS, ODD_INTEGERS, palette, random)
  if (name === 'timeout' && type === 'double') return number(SHORT_WAITS, REFUSED_WAITS, palette, random)
  if (DATABASE_NAME.test(name)) return random.chance(0.9) ? random.pick(palette.databases) : random.pick(ODD_DATABASES)
  if (type === 'double') return number(FLOATS, ODD_FLOATS, palette, random)
  if (name === 'offset' && random.chance(0.1)) return `#${random.below(20)}`
  if (name === 'encoding') return random.pick(random.chance(palette.oddNumbers) ? ODD_BIT_FIELDS : BIT_FIELDS)
  if (type === 'integer' || INTEGER_NAME.test(name)) return number(INTEGERS, ODD_INTEGERS, palette, random)
  if (type === 'pattern' || name === 'pattern') return random.pick(PATTERNS)
  if (name === 'cursor') return random.chance(0.9) ? '0' : random.pick(['-1', 'x', '', '18446744073709551616', '00'])
  if (name === 'type') return random.pick(TYPES)
  if (name === 'protover') return random.pick(['2', '3', '3', '4', '1', '0', 'x', ''])
  if (name === 'username') return random.pick(['default', 'default', 'nobody', ''])
  if (name === 'password') return random.pick([palette.password, palette.password, 'wrong', ''])
  if (name === 'serialized-value') return random.pick(random.chance(0.9) ? SOUND_PAYLOADS : BROKEN_PAYLOADS)
  if (/^(client|connection)-?name$/.test(name)) return random.pick(['me', 'you', '', 'with space', 'new\nline', '\x80'])
  // Few fields, so that those which a command names are often there.
  if (name === 'field' && random.chance(0.8)) return random.pick(palette.values.slice(0, COMMON_FIELDS))
  return random.pick(palette.values)
}

const COMMON_FIELDS = 6
const KEY_NAME = /^(new)?key\d?$|^(source|destination)$/
const DATABASE_NAME = /^(db|index\d?|.*-db)$/
const INTEGER_NAME = /increment|decrement|offset|start|end|stop|count|len$|^client-?id$|^id$|timeout|samples/
const ODD_DATABASES = ['-1', '15', '16', '99', 'x', '', '1.5', ' 1', '00', '9223372036854775808', '4294967296']

function number(sound: string[], odd: string[], palette: Palette, random: Random): string {
  return random.pick(random.chance(palette.oddNumbers) ? odd : sound)
}

function lifetime(name: string, type: string | null, palette: Palette, random: Random): Argument {
  const inMilliseconds = name.includes('milliseconds')
  if (type === 'unix-time' || /unix-time|timestamp/.test(name)) {
    if (random.chance(palette.oddNumbers)) return random.pick(palette.pastTimes ? ODD_TIMES : REFUSED_TIMES)
    const unixTime = inMilliseconds ? 'milliseconds' : 'seconds'
    const passed = palette.pastTimes && random.chance(0.2)
    return {
      unixTime,
      offsetMs: passed ? random.pick(OFFSETS_MS) : longLifeSeconds(random) * 1000 + random.below(1000),
    }
  }
  if (random.chance(palette.oddNumbers)) {
    return random.pick(inMilliseconds || random.chance(0.7) ? REFUSED_LIVES : REFUSED_SECONDS)
  }
  if (inMilliseconds && random.chance(palette.shortLives)) return random.pick(SHORT_LIVES_MS)
  const seconds = longLifeSeconds(random)
  return String(inMilliseconds ? seconds * 1000 + random.below(1000) : seconds)
}

/** Arguments that fit nowhere in particular, for mutations. */
export function anyArgument(palette: Palette, random: Random): string {
  return random.pick(random.pick([palette.keys, palette.values, INTEGERS, ODD_INTEGERS, ODD_FLOATS, OPTION_WORDS]))
}

const OPTION_WORDS = ['NX', 'XX', 'GET', 'KEEPTTL', 'PERSIST', 'GT', 'LT', 'REPLACE', 'MATCH', 'IDX', 'LEN', 'bogus']
