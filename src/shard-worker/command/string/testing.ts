/* Random commands of the string family, sound and broken, for the tests that hold the engine against a model or against
 * redis-server. One seed is one sequence. */
import type { Random } from '../../../../test/support/random.ts'

/** Keys with every layout of an entry, and one whose value is no string (see TestEngine.putForeignValue). */
export const KEYS = ['a', 'b', 'c', 'd', 'key:000000000042', '', 'bin\0\r\n\xff', 'k'.repeat(70), 'foreign']

const INT64_EDGE = ['9223372036854775807', '-9223372036854775808', '9223372036854775806', '-9223372036854775807']
const BEYOND_INT64 = ['9223372036854775808', '-9223372036854775809', '99999999999999999999', '1'.repeat(25)]
const SAFE_EDGE = ['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740991', '-9007199254740993']
const NO_INTEGER = ['', ' 1', '1 ', '+1', '-0', '01', '-', 'a', '1.0', '1e3', '0x10', '1\0']
const ODD_DOUBLES = ['inf', '-Inf', 'infinity', 'nan', '0x1.8p3', '0x', '1e4932', '-1e4932', '1e-5000', '.5', '5.', '.']
const LENGTHS = [0, 1, 3, 19, 20, 21, 24, 32, 43, 44, 45, 46, 100, 900, 1024, 1100, 5000]
const LIFETIMES = [
  '1000',
  '1000000',
  '9223372036854775',
  '9223372036854776',
  '9007199254741',
  '9007199254740993',
  '0',
  '-1',
]
const TIME_WORDS = ['EX', 'PX', 'EXAT', 'PXAT']
const SET_WORDS = ['NX', 'XX', 'GET', 'KEEPTTL', 'PERSIST', ...TIME_WORDS]
const GETEX_WORDS = ['PERSIST', 'PERSIST', 'KEEPTTL', 'NX', ...TIME_WORDS]
const LCS_WORDS = ['LEN', 'IDX', 'IDX', 'MINMATCHLEN', 'WITHMATCHLEN']

/** How far from now an absolute time is at least, so that a slow test sees no key expire. */
const NEAREST_SECONDS = 1000

export interface Surroundings {
  /** Unix milliseconds when a command is made. */
  nowMs: () => number
  /** proto-max-bulk-len. */
  limitBytes: number
}

export class StringCommands {
  private readonly random: Random
  private readonly surroundings: Surroundings
  private readonly names: string[]

  constructor(random: Random, surroundings: Surroundings) {
    this.random = random
    this.surroundings = surroundings
    this.names = Object.keys(FORMS)
  }

  /** The next command: seldom with an argument too many or too few. */
  next(): string[] {
    const { random } = this
    const name = random.pick(this.names)
    const words = [random.chance(0.1) ? name.toLowerCase() : name, ...FORMS[name](this)]
    // No number: after an option that lacks its time it would be one, and a near one.
    if (random.chance(0.02)) words.push(random.pick(['', 'more', 'NX', 'LEN']))
    if (random.chance(0.02)) words.pop()
    return words
  }

  key(): string {
    return this.random.pick(KEYS)
  }

  keys(): string[] {
    return Array.from({ length: this.random.between(1, 6) }, () => this.key())
  }

  pairs(): string[] {
    const words: string[] = []
    for (let i = this.random.between(1, 5); i > 0; i--) words.push(this.key(), this.value())
    if (this.random.chance(0.1)) words.push(this.key())
    return words
  }

  integer(): string {
    const { random } = this
    switch (random.below(10)) {
      case 0:
        return random.pick(INT64_EDGE)
      case 1:
        return random.pick(BEYOND_INT64)
      case 2:
        return random.pick(SAFE_EDGE)
      case 3:
        return random.pick(NO_INTEGER)
      case 4:
        return String(BigInt.asIntN(64, (BigInt(random.next()) << 32n) | BigInt(random.next())))
      default:
        return String(random.between(-20, 120))
    }
  }

  double(): string {
    const { random } = this
    switch (random.below(6)) {
      case 0:
        return this.integer()
      case 1:
        return random.pick(ODD_DOUBLES)
      case 2:
        return `${random.between(-99, 99)}e${random.between(-30, 30)}`
      default:
        return `${random.between(-9999, 9999)}.${random.below(1e6)}`
    }
  }

  value(): string {
    const { random } = this
    switch (random.below(9)) {
      case 0:
      case 1:
        return this.integer()
      case 2:
        return this.double()
      case 3:
        return this.letters(random.pick(LENGTHS))
      case 4:
        return Array.from({ length: random.below(30) }, () => String.fromCharCode(random.below(256))).join('')
      default:
        return this.letters(random.below(60))
    }
  }

  /** Few letters, so that two strings have much in common. */
  private letters(length: number): string {
    let text = ''
    while (text.length < length) text += this.random.pick(['a', 'b', 'c', 'ab', 'xy'])
    return text.slice(0, length)
  }

  /** The argument of EX, PX, EXAT or PXAT. */
  time(word: string): string {
    const { random } = this
    const any = this.integer()
    const isNear = !word.endsWith('AT') && Number(any) > 0 && Number(any) < 1000 * NEAREST_SECONDS
    if (!isNear && random.chance(0.3)) return any
    if (!word.endsWith('AT')) return random.pick(LIFETIMES)
    const seconds = random.pick([-1, 1]) * random.between(NEAREST_SECONDS, 100 * NEAREST_SECONDS)
    const now = this.surroundings.nowMs()
    return String(word === 'EXAT' ? Math.floor(now / 1000) + seconds : now + seconds * 1000)
  }

  /** Up to `most` options of these words, with their arguments: mostly. */
  options(words: readonly string[], most: number): string[] {
    const { random } = this
    const chosen: string[] = []
    for (let i = random.below(most + 1); i > 0; i--) {
      const word = random.pick(words)
      const spelled = random.chance(0.2) ? word.toLowerCase() : word
      chosen.push(random.chance(0.03) ? spelled + random.pick(['\0', '\0x', 'x', ' ']) : spelled)
      if (random.chance(0.03)) continue
      if (TIME_WORDS.includes(word)) chosen.push(this.time(word))
      else if (word === 'MINMATCHLEN') chosen.push(this.integer())
    }
    return chosen
  }

  /** An offset for SETRANGE: seldom a far one, for each costs as many bytes. */
  offset(): string {
    const { random } = this
    if (random.chance(0.1)) return this.integer()
    if (random.chance(0.02)) return String(this.surroundings.limitBytes - random.below(8))
    return String(random.below(random.pick([5, 50, 1500])))
  }
}

const FORMS: Record<string, (make: StringCommands) => string[]> = {
  GET: (make) => [make.key()],
  SET: (make) => [make.key(), make.value(), ...make.options(SET_WORDS, 3)],
  SETNX: (make) => [make.key(), make.value()],
  SETEX: (make) => [make.key(), make.time('EX'), make.value()],
  PSETEX: (make) => [make.key(), make.time('PX'), make.value()],
  GETSET: (make) => [make.key(), make.value()],
  GETDEL: (make) => [make.key()],
  GETEX: (make) => [make.key(), ...make.options(GETEX_WORDS, 2)],
  STRLEN: (make) => [make.key()],
  MGET: (make) => make.keys(),
  MSET: (make) => make.pairs(),
  MSETNX: (make) => make.pairs(),
  INCR: (make) => [make.key()],
  DECR: (make) => [make.key()],
  INCRBY: (make) => [make.key(), make.integer()],
  DECRBY: (make) => [make.key(), make.integer()],
  INCRBYFLOAT: (make) => [make.key(), make.double()],
  APPEND: (make) => [make.key(), make.value()],
  SETRANGE: (make) => [make.key(), make.offset(), make.value()],
  GETRANGE: (make) => [make.key(), make.integer(), make.integer()],
  SUBSTR: (make) => [make.key(), make.integer(), make.integer()],
  LCS: (make) => [make.key(), make.key(), ...make.options(LCS_WORDS, 3)],
}
