/* What the generator knows of a command, taken from the server's own command table: a new command is generated as soon
 * as it is declared, with no list to extend here. */

import type { Grammar } from '../../src/base/command-syntax.ts'
import { parseSyntax } from '../../src/base/command-syntax.ts'
import { NOT_GENERATED } from './not-generated.ts'

export interface CommandShape {
  /** One word, or two for a subcommand; upper-case. */
  words: string[]
  /** COMMAND DOCS' group: which type of value it wants. */
  group: string
  arity: number
  grammar: Grammar
  /** Some option sets a time to live: the generator keeps it out of streams whose timing is not controlled. */
  setsExpiry: boolean
  /** It may wait for what is not there: the generator sees to it that it does not for long. */
  waits: boolean
  /** Neither reads nor changes anything but the keys that it names. */
  touchesOnlyItsKeys: boolean
}

/** The part of a command's declaration (src/base/command-spec.ts) that shapes are made from. */
export interface Declaration {
  name: string
  arity: number
  syntax: string
  runs: 'shard' | 'shards' | 'all' | 'io'
  subcommands?: readonly Declaration[]
}

export function shapesOf(declarations: Iterable<Declaration>, group = 'generic'): CommandShape[] {
  const shapes: CommandShape[] = []
  for (const declaration of declarations) {
    if (declaration.name in NOT_GENERATED) continue
    const subcommands = declaration.subcommands ?? []
    if (subcommands.length === 0) shapes.push(shape([declaration.name], group, declaration))
    for (const subcommand of subcommands) {
      if (`${declaration.name}|${subcommand.name}` in NOT_GENERATED) continue
      shapes.push(shape([declaration.name, subcommand.name], group, subcommand))
    }
  }
  return shapes
}

function shape(words: string[], group: string, declaration: Declaration): CommandShape {
  const grammar = parseSyntax(declaration.syntax)
  const touchesOnlyItsKeys = declaration.runs === 'shard' || declaration.runs === 'shards'
  return {
    words,
    group,
    arity: declaration.arity,
    grammar,
    setsExpiry: hasValue(grammar, (name, type) => /seconds|ttl|timestamp/.test(name) || type === 'unix-time'),
    waits: hasValue(grammar, (name, type) => name === 'timeout' && type === 'double'),
    touchesOnlyItsKeys,
  }
}

function hasValue(grammar: Grammar, isIt: (name: string, type: string | null) => boolean): boolean {
  switch (grammar.kind) {
    case 'token':
      return false
    case 'value':
      return isIt(grammar.name, grammar.type)
    case 'sequence':
      return grammar.items.some((item) => hasValue(item, isIt))
    case 'choice':
      return grammar.options.some((option) => hasValue(option, isIt))
    default:
      return hasValue(grammar.item, isIt)
  }
}
