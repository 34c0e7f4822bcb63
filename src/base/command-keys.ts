/* Which arguments of a command are keys, by its key specifications (https://redis.io/docs/reference/key-specs/): what
 * COMMAND GETKEYS tells and ACL rules are checked against. Any thread; not for the quick path, where a command's first
 * key is known by number. */
import type { Args } from './args.ts'
import { bytesOf, equalsIgnoreCase } from './bytes.ts'
import type { KeySpec } from './command-spec.ts'
import { parsed, parseInteger, SAFE_INTEGER } from './number-text.ts'

/** A key argument and what the command does to it. */
export interface KeyArgument {
  readonly index: number
  readonly flags: readonly string[]
}

/** Flags of a specification that names something like a key (a channel, a slot's owner), but no key. */
const NOT_KEY = 'NOT_KEY'

/** Whether any specification names real keys. */
export function hasKeys(specs: readonly KeySpec[]): boolean {
  return specs.some(({ flags }) => !flags.includes(NOT_KEY))
}

/**
 * The keys among the arguments from `first` on, where the command's name stands. Null when the arguments contradict the
 * specification: a count that is no number, or keys that are not there.
 */
export function keyArguments(specs: readonly KeySpec[], args: Args, first = 0): KeyArgument[] | null {
  const keys: KeyArgument[] = []
  const count = args.count - first
  for (const spec of specs) {
    if (spec.flags.includes(NOT_KEY)) continue
    const begin = 'index' in spec.begin ? spec.begin.index : afterKeyword(spec.begin, args, first)
    if (begin === 0) continue
    const range = keyRange(spec.find, begin, args, first)
    if (range === null || range.last >= count || range.last < range.from) return null
    const flags = spec.flagsOf === undefined ? spec.flags : spec.flagsOf(args, first)
    for (let i = range.from; i <= range.last; i += spec.find.step) keys.push({ index: first + i, flags })
  }
  return keys
}

/** The argument behind a keyword, 0 when it does not stand there. */
function afterKeyword(begin: { keyword: string; startFrom: number }, args: Args, first: number): number {
  const word = bytesOf(begin.keyword.toUpperCase())
  const count = args.count - first
  const step = begin.startFrom > 0 ? 1 : -1
  const start = begin.startFrom > 0 ? begin.startFrom : count + begin.startFrom
  for (let i = start; i >= 1 && i < count; i += step) {
    if (equalsIgnoreCase(args.bytes, args.offset[first + i], args.length[first + i], word)) return i + 1
  }
  return 0
}

function keyRange(
  find: KeySpec['find'],
  begin: number,
  args: Args,
  first: number,
): { from: number; last: number } | null {
  const count = args.count - first
  if ('keyNumIndex' in find) {
    const at = first + begin + find.keyNumIndex
    if (at >= args.count) return null
    const kind = parseInteger(args.bytes, args.offset[at], args.length[at])
    if (kind !== SAFE_INTEGER || parsed() < 0) return null
    const from = begin + find.firstKey
    return { from, last: from + parsed() - 1 }
  }
  if (find.last >= 0) return { from: begin, last: begin + find.last }
  if (find.limit === 0) return { from: begin, last: count + find.last }
  return { from: begin, last: begin + Math.trunc((count - begin) / find.limit) + find.last }
}
