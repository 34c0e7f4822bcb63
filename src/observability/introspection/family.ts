/* COMMAND (https://redis.io/commands/command/): the command table seen by clients. I/O thread; cold. */
import type { Args } from '../../base/args.ts'
import { bytesOf } from '../../base/bytes.ts'
import { hasKeys, keyArguments } from '../../base/command-keys.ts'
import {
  ACL_CONNECTION,
  ACL_NAMES,
  type CommandSpec,
  type Family,
  family,
  LOADING,
  NO_MANDATORY_KEYS,
  STALE,
} from '../../base/command-spec.ts'
import type { Command, CommandTable } from '../../base/command-table.ts'
import * as errors from '../../base/error-texts.ts'
import { globMatches } from '../../base/glob.ts'
import { writeHelp } from '../../base/help.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import { writeAllDocs } from './command-docs.ts'
import { shownChildren, writeCommandInfo, writeKeyFlags } from './command-info.ts'

const HELP = [
  '(no subcommand)',
  '    Return details about all Redis commands.',
  'COUNT',
  '    Return the total number of commands in this Redis server.',
  'LIST',
  '    Return a list of all commands in this Redis server.',
  'INFO [<command-name> ...]',
  '    Return details about multiple Redis commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'DOCS [<command-name> ...]',
  '    Return documentation details about multiple Redis commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'GETKEYS <full-command>',
  '    Return the keys from a full Redis command.',
  'GETKEYSANDFLAGS <full-command>',
  '    Return the keys and the access flags from a full Redis command.',
]

const FILTER_BY = bytesOf('FILTERBY')

type Filter = (command: Command<never>) => boolean

/** The family; `table` is asked for when a command runs, since it is built from this family too. */
export function commandFamily(table: () => CommandTable<never>): Family<Session> {
  const all = () => table().topLevel
  const named = (args: Args) => {
    const found: (Command<never> | undefined)[] = []
    for (let i = 2; i < args.count; i++) found.push(byName(table(), args.text(i)))
    return found
  }
  const writeInfos = (reply: Reply, commands: readonly (Command<never> | undefined)[]) => {
    reply.array(commands.length)
    for (const command of commands) {
      if (command === undefined) reply.nil()
      else writeCommandInfo(reply, table(), command)
    }
  }
  const info = (_session: Session, args: Args, reply: Reply): void =>
    writeInfos(reply, args.count === 2 ? all() : named(args))
  const docs = (_session: Session, args: Args, reply: Reply): void =>
    writeAllDocs(reply, table(), args.count === 2 ? all() : named(args).filter((command) => command !== undefined))
  const list = (_session: Session, args: Args, reply: Reply): void => {
    const filter = parseFilter(args)
    if (filter === null) return reply.error(errors.SYNTAX)
    const names: string[] = []
    for (const command of all()) {
      for (const each of [command, ...shownChildren(table(), command)]) if (filter(each)) names.push(each.fullName)
    }
    reply.array(names.length)
    for (const name of names) reply.bulkText(name)
  }
  const common = { runs: 'io', flags: LOADING | STALE, acl: ACL_CONNECTION, keys: [] } as const
  const disorder = ['nondeterministic_output_order']
  const subcommands: CommandSpec<Session>[] = [
    {
      ...common,
      name: 'COUNT',
      arity: 2,
      since: '2.8.13',
      complexity: 'O(1)',
      syntax: '',
      summary: 'How many commands there are.',
      handler: (_session, _args, reply) => reply.integer(all().length),
    },
    {
      ...common,
      name: 'INFO',
      arity: -2,
      since: '2.8.13',
      complexity: 'O(N), N commands asked for',
      syntax: '[command-name...]',
      summary: 'Arity, flags, keys and categories of commands.',
      tips: disorder,
      history: [['7.0.0', 'Without a name it tells of all commands.']],
      handler: info,
    },
    {
      ...common,
      name: 'DOCS',
      arity: -2,
      since: '7.0.0',
      complexity: 'O(N), N commands asked for',
      syntax: '[command-name...]',
      summary: 'What commands do, and their arguments.',
      tips: disorder,
      handler: docs,
    },
    {
      ...common,
      name: 'LIST',
      arity: -2,
      since: '7.0.0',
      complexity: 'O(N), N commands of the server',
      syntax: '[FILTERBY (MODULE module-name|ACLCAT category|PATTERN pattern)]',
      summary: 'Names of commands.',
      tips: disorder,
      handler: list,
    },
    {
      ...common,
      name: 'GETKEYS',
      arity: -3,
      since: '2.8.13',
      complexity: 'O(N), N arguments',
      syntax: 'command [arg...]',
      summary: 'The keys of a command with its arguments.',
      handler: (_session, args, reply) => getKeys(table(), args, reply, false),
    },
    {
      ...common,
      name: 'GETKEYSANDFLAGS',
      arity: -3,
      since: '7.0.0',
      complexity: 'O(N), N arguments',
      syntax: 'command [arg...]',
      summary: 'The keys of a command with its arguments, and what it does to them.',
      handler: (_session, args, reply) => getKeys(table(), args, reply, true),
    },
    {
      ...common,
      name: 'HELP',
      arity: 2,
      since: '5.0.0',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Lists the subcommands.',
      handler: (_session, _args, reply) => writeHelp(reply, 'COMMAND', HELP),
    },
  ]
  return family<Session>('server', [
    {
      ...common,
      name: 'COMMAND',
      arity: -1,
      since: '2.8.13',
      complexity: 'O(N), N commands of the server',
      syntax: '',
      summary: 'Tells of every command.',
      tips: disorder,
      subcommands,
      handler: (_session, _args, reply) => writeInfos(reply, all()),
    },
  ])
}

/** A command or `container|subcommand`, in any case; not the parts of a container that has none to show. */
function byName(table: CommandTable<never>, name: string): Command<never> | undefined {
  const command = table.byName(name)
  return command !== undefined && command.parent >= 0 && table.commands[command.parent].spec.opaque
    ? undefined
    : command
}

/** The filter that COMMAND LIST's arguments ask for, null when they are not understood. */
function parseFilter(args: Args): Filter | null {
  if (args.count === 2) return () => true
  if (args.count !== 5 || !args.is(2, FILTER_BY)) return null
  const value = args.text(4)
  switch (args.text(3).toLowerCase()) {
    case 'module':
      return () => false // there are no modules
    case 'aclcat': {
      const category = ACL_NAMES.find(([, name]) => name === value.toLowerCase())
      return (command) => category !== undefined && (command.categories & category[0]) !== 0
    }
    case 'pattern': {
      const pattern = bytesOf(value)
      return ({ fullName }) => globMatches(pattern, 0, pattern.length, bytesOf(fullName), 0, fullName.length, true)
    }
    default:
      return null
  }
}

/** The command or subcommand that stands at argument 2. */
function commandOf(table: CommandTable<never>, args: Args): Command<never> | undefined {
  const id = table.lookup(args.bytes, args.offset[2], args.length[2])
  if (id < 0) return undefined
  const command = table.commands[id]
  if (args.count === 3 || shownChildren(table, command).length === 0) return command
  return byName(table, `${command.fullName}|${args.text(3)}`)
}

function getKeys(table: CommandTable<never>, args: Args, reply: Reply, withFlags: boolean): void {
  const command = commandOf(table, args)
  if (command === undefined) return reply.error(errors.INVALID_COMMAND)
  if (!hasKeys(command.spec.keys)) return reply.error(errors.NO_KEY_ARGUMENTS)
  const count = args.count - 2
  if ((command.arity > 0 && command.arity !== count) || count < -command.arity) {
    return reply.error(errors.INVALID_ARGUMENT_COUNT)
  }
  const keys = keyArguments(command.spec.keys, args, 2)
  if (keys === null || keys.length === 0) {
    if (command.flags & NO_MANDATORY_KEYS) return reply.array(0)
    return reply.error(errors.INVALID_COMMAND_ARGUMENTS)
  }
  reply.array(keys.length)
  for (const { index, flags } of keys) {
    if (withFlags) reply.array(2)
    reply.bulk(args.bytes, args.offset[index], args.length[index])
    if (withFlags) writeKeyFlags(reply, flags)
  }
}
