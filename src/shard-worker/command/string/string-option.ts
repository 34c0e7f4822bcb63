/* The options of SET and GETEX, in any order, and the times they give. Baton holder. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import type { Reply } from '../../../base/reply.ts'
import { MS_PER_SECOND, parseExpiry } from '../expiry-argument.ts'

export const NX = 1 << 0
export const XX = 1 << 1
export const GET = 1 << 2
export const KEEPTTL = 1 << 3
export const PERSIST = 1 << 4
export const EX = 1 << 5
export const PX = 1 << 6
export const EXAT = 1 << 7
export const PXAT = 1 << 8

/** Options that take a time. */
export const TIMES = EX | PX | EXAT | PXAT
/** Options of which a command has at most one, though it may be repeated; the last counts. */
const LIFETIMES = TIMES | KEEPTTL | PERSIST
const CONDITIONS = NX | XX
const IN_SECONDS = EX | EXAT
const FROM_NOW = EX | PX

export const SET_OPTIONS = CONDITIONS | GET | KEEPTTL | TIMES
export const GETEX_OPTIONS = PERSIST | TIMES

const WORDS: readonly (readonly [Uint8Array, number])[] = [
  [bytesOf('EX'), EX],
  [bytesOf('PX'), PX],
  [bytesOf('NX'), NX],
  [bytesOf('XX'), XX],
  [bytesOf('GET'), GET],
  [bytesOf('KEEPTTL'), KEEPTTL],
  [bytesOf('EXAT'), EXAT],
  [bytesOf('PXAT'), PXAT],
  [bytesOf('PERSIST'), PERSIST],
]

/** Index of the argument with the time, after parseOptions found one of TIMES; until the next call. */
export let expireArgument = 0

/** The options from argument `from` on as bits, if they are among `allowed` and go together; else -1. */
export function parseOptions(args: Args, from: number, allowed: number): number {
  let options = 0
  for (let i = from; i < args.count; i++) {
    const option = optionAt(args, i)
    const group = option & CONDITIONS ? CONDITIONS : option & LIFETIMES ? LIFETIMES : 0
    if ((option & allowed) === 0 || (options & group & ~option) !== 0) return -1
    if (option & TIMES) {
      if (++i === args.count) return -1
      expireArgument = i
    }
    options |= option
  }
  return options
}

/** The option that an argument spells, 0 for none. */
function optionAt(args: Args, index: number): number {
  for (let w = 0; w < WORDS.length; w++) if (args.isOption(index, WORDS[w][0])) return WORDS[w][1]
  return 0
}

/** Reads argument `index` as the time of option `unit`, one of TIMES; false when it is none, with the error replied. */
export function parseLifetime(
  args: Args,
  index: number,
  unit: number,
  nowMs: number,
  command: string,
  reply: Reply,
): boolean {
  const unitMs = unit & IN_SECONDS ? MS_PER_SECOND : 1
  return parseExpiry(args, index, unitMs, unit & FROM_NOW ? nowMs : 0, true, command, reply)
}
