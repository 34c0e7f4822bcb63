/* One command as COMMAND INFO describes it: ten fields, derived from its declaration
 * (https://redis.io/commands/command/). Any thread; cold. */
import { ACL_NAMES, FLAG_NAMES, type KeySpec } from '../../base/command-spec.ts'
import type { Command, CommandTable } from '../../base/command-table.ts'
import type { Reply } from '../../base/reply.ts'

const INFO_FIELDS = 10

/** Key flags in the order and spelling of COMMAND INFO, by their name in a declaration. */
const KEY_FLAGS: readonly (readonly [string, string])[] = [
  ['RO', 'RO'],
  ['RW', 'RW'],
  ['OW', 'OW'],
  ['RM', 'RM'],
  ['ACCESS', 'access'],
  ['UPDATE', 'update'],
  ['INSERT', 'insert'],
  ['DELETE', 'delete'],
  ['NOT_KEY', 'not_key'],
  ['INCOMPLETE', 'incomplete'],
  ['VARIABLE_FLAGS', 'variable_flags'],
]

/** The subcommands that clients are told of. */
export function shownChildren(table: CommandTable<never>, command: Command<never>): Command<never>[] {
  return command.spec.opaque ? [] : command.children.map((id) => table.commands[id])
}

export function writeCommandInfo(reply: Reply, table: CommandTable<never>, command: Command<never>): void {
  reply.array(INFO_FIELDS)
  reply.bulkText(command.fullName)
  reply.integer(command.arity)
  writeNames(
    reply,
    FLAG_NAMES.filter(([bit]) => command.flags & bit).map(([, name]) => name),
  )
  // Where an argument counts the keys, the old fields know none.
  const isCounted = command.keyCount !== 0
  reply.integer(isCounted ? 0 : command.firstKey)
  reply.integer(isCounted ? 0 : command.lastKey)
  reply.integer(isCounted ? 0 : command.keyStep)
  writeNames(
    reply,
    ACL_NAMES.filter(([bit]) => command.categories & bit).map(([, name]) => `@${name}`),
  )
  const tips = command.spec.tips ?? []
  reply.set(tips.length)
  for (const tip of tips) reply.bulkText(tip)
  reply.set(command.spec.keys.length)
  for (const key of command.spec.keys) writeKeySpec(reply, key)
  const children = shownChildren(table, command)
  if (command.children.length === 0 || children.length === 0) reply.set(0)
  else reply.array(children.length)
  for (const child of children) writeCommandInfo(reply, table, child)
}

/** A set of simple strings. */
export function writeNames(reply: Reply, names: readonly string[]): void {
  reply.set(names.length)
  for (const name of names) reply.simple(name)
}

/** What is done to a key, as a set of names. */
export function writeKeyFlags(reply: Reply, flags: readonly string[]): void {
  writeNames(
    reply,
    KEY_FLAGS.filter(([declared]) => flags.includes(declared)).map(([, shown]) => shown),
  )
}

function writeKeySpec(reply: Reply, key: KeySpec): void {
  reply.map(key.notes === undefined ? 3 : 4)
  if (key.notes !== undefined) {
    reply.bulkText('notes')
    reply.bulkText(key.notes)
  }
  reply.bulkText('flags')
  writeKeyFlags(reply, key.flags)
  reply.bulkText('begin_search')
  const { begin, find } = key
  if (key.isUnknown) {
    writeSpecPart(reply, 'unknown', [])
    reply.bulkText('find_keys')
    writeSpecPart(reply, 'unknown', [])
    return
  }
  if ('index' in begin) writeSpecPart(reply, 'index', [['index', begin.index]])
  else
    writeSpecPart(reply, 'keyword', [
      ['keyword', begin.keyword],
      ['startfrom', begin.startFrom],
    ])
  reply.bulkText('find_keys')
  if ('last' in find) {
    writeSpecPart(reply, 'range', [
      ['lastkey', find.last],
      ['keystep', find.step],
      ['limit', find.limit],
    ])
  } else {
    const { keyNumIndex, firstKey, step } = find
    writeSpecPart(reply, 'keynum', [
      ['keynumidx', keyNumIndex],
      ['firstkey', firstKey],
      ['keystep', step],
    ])
  }
}

function writeSpecPart(reply: Reply, type: string, fields: readonly (readonly [string, string | number])[]): void {
  reply.map(2)
  reply.bulkText('type')
  reply.bulkText(type)
  reply.bulkText('spec')
  reply.map(fields.length)
  for (const [name, value] of fields) {
    reply.bulkText(name)
    if (typeof value === 'number') reply.integer(value)
    else reply.bulkText(value)
  }
}
