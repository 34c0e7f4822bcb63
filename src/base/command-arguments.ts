/* The arguments of a command as COMMAND DOCS describes them, from the grammar of its syntax
 * (https://redis.io/docs/reference/command-arguments/). Any thread; cold.
 *
 *   [EX seconds|KEEPTTL]     oneof, optional:  integer `seconds` with the token EX | pure-token `keepttl`
 *   (key value)...           block, multiple:  key `key`, string `value`
 *
 * Where Redis's documentation gives a group a name of its own, ours is made of its members' names. */
import type { KeySpec } from './command-spec.ts'
import { type Grammar, parseSyntax } from './command-syntax.ts'

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block'

export interface ArgumentDoc {
  name: string
  type: ArgumentType
  /** The literal word that stands before it, or that it is. */
  token: string | null
  /** Of a key: which key specification finds it; -1 for all else. */
  keySpecIndex: number
  optional: boolean
  multiple: boolean
  /** Of `multiple`: the token is repeated too. */
  multipleToken: boolean
  /** Of oneof and block. */
  members: ArgumentDoc[]
}

/** At most so many members make up a group's name. */
const NAMED_MEMBERS = 3

const KEY_NAMES = /^(new|dest|source|store)?key\d?$|^keys$|^(source|destination|src|dst)$/
const PATTERN_NAMES = /^(.*-)?pattern$/
const UNIX_TIME_NAMES = /^unix-time/
const DOUBLE_NAMES = /^(score|longitude|latitude|radius|width|height)$/
const INTEGER_NAMES = anyOf(
  /seconds|milliseconds|timeout|ttl|index\d?|offset|count|cursor|start|end|stop|limit|len|min-match-len/,
  /increment|decrement|db|.*-db|num.*|port|version|protover|frequency|client-id|bit|rank|weight/,
)

/** The arguments of a command with this syntax and these key specifications. */
export function documentArguments(syntax: string, keys: readonly KeySpec[]): ArgumentDoc[] {
  const counter = { keys: 0, specs: keys.length }
  return members(parseSyntax(syntax), counter)
}

interface KeyCounter {
  keys: number
  readonly specs: number
}

/** The arguments that stand one after the other in a grammar. */
function members(grammar: Grammar, counter: KeyCounter): ArgumentDoc[] {
  if (grammar.kind !== 'sequence') return [document(grammar, counter)]
  const documented: ArgumentDoc[] = []
  for (let i = 0; i < grammar.items.length; i++) {
    const item = grammar.items[i]
    const next = grammar.items[i + 1]
    if (item.kind === 'token' && next !== undefined && next.kind !== 'token' && next.kind !== 'optional') {
      documented.push({ ...document(next, counter), token: item.text })
      i++
    } else documented.push(document(item, counter))
  }
  return documented
}

function document(grammar: Grammar, counter: KeyCounter): ArgumentDoc {
  switch (grammar.kind) {
    case 'token':
      return argument(grammar.text.toLowerCase(), 'pure-token', { token: grammar.text })
    case 'value':
      return value(grammar.name, grammar.type, counter)
    case 'sequence':
      return group('block', members(grammar, counter))
    case 'choice':
      return group(
        'oneof',
        grammar.options.map((option) => single(option, counter)),
      )
    case 'optional':
      return { ...single(grammar.item, counter), optional: true }
    case 'repeat': {
      const repeated = single(grammar.item, counter)
      return { ...repeated, multiple: true, multipleToken: repeated.token !== null }
    }
  }
}

/** A grammar as one argument: a sequence of several becomes a block, whose token a first word is. */
function single(grammar: Grammar, counter: KeyCounter): ArgumentDoc {
  if (grammar.kind === 'sequence' && grammar.items.length > 2 && grammar.items[0].kind === 'token') {
    const rest: Grammar = { kind: 'sequence', items: grammar.items.slice(1) }
    return { ...group('block', members(rest, counter)), token: grammar.items[0].text }
  }
  const documented = members(grammar, counter)
  return documented.length === 1 ? documented[0] : group('block', documented)
}

function value(name: string, declared: string | null, counter: KeyCounter): ArgumentDoc {
  const type = (declared ?? typeByName(name)) as ArgumentType
  const keySpecIndex = type === 'key' && counter.specs > 0 ? Math.min(counter.keys++, counter.specs - 1) : -1
  return argument(name, type, { keySpecIndex })
}

function typeByName(name: string): ArgumentType {
  if (KEY_NAMES.test(name)) return 'key'
  if (PATTERN_NAMES.test(name)) return 'pattern'
  if (UNIX_TIME_NAMES.test(name)) return 'unix-time'
  if (INTEGER_NAMES.test(name)) return 'integer'
  if (DOUBLE_NAMES.test(name)) return 'double'
  return 'string'
}

function group(type: 'oneof' | 'block', all: ArgumentDoc[]): ArgumentDoc {
  const names = all.slice(0, NAMED_MEMBERS).map(({ name }) => name)
  return argument(names.join(type === 'oneof' ? '-or-' : '-'), type, { members: all })
}

function argument(name: string, type: ArgumentType, more: Partial<ArgumentDoc>): ArgumentDoc {
  return {
    name,
    type,
    token: null,
    keySpecIndex: -1,
    optional: false,
    multiple: false,
    multipleToken: false,
    members: [],
    ...more,
  }
}

/** Matches what one of the patterns matches whole. */
function anyOf(...patterns: RegExp[]): RegExp {
  return new RegExp(`^(${patterns.map(({ source }) => source).join('|')})$`)
}
