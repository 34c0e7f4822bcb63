/* One command as COMMAND DOCS describes it: what its declaration says for people
 * (https://redis.io/commands/command-docs/). Any thread; cold. */
import { type ArgumentDoc, documentArguments } from '../../base/command-arguments.ts'
import type { Command, CommandTable } from '../../base/command-table.ts'
import type { Reply } from '../../base/reply.ts'
import { shownChildren, writeNames } from './command-info.ts'

export function writeCommandDocs(reply: Reply, table: CommandTable<never>, command: Command<never>): void {
  const { spec } = command
  const fields: [string, () => void][] = []
  const text = (name: string, value: string) => fields.push([name, () => reply.bulkText(value)])
  text('summary', spec.summary)
  text('since', spec.since)
  text('group', command.group)
  text('complexity', spec.complexity)
  const docFlags = [...(spec.deprecated ? ['deprecated'] : []), ...(spec.syscmd ? ['syscmd'] : [])]
  if (docFlags.length > 0) fields.push(['doc_flags', () => writeNames(reply, docFlags)])
  if (spec.deprecated) {
    text('deprecated_since', spec.deprecated.since)
    text('replaced_by', spec.deprecated.replacedBy)
  }
  const history = spec.history ?? []
  if (history.length > 0) fields.push(['history', () => writeHistory(reply, history)])
  const described = documentArguments(spec.syntax, spec.keys)
  if (described.length > 0) fields.push(['arguments', () => writeArguments(reply, described)])
  const children = shownChildren(table, command)
  if (children.length > 0) fields.push(['subcommands', () => writeAllDocs(reply, table, children)])
  reply.map(fields.length)
  for (const [name, write] of fields) {
    reply.bulkText(name)
    write()
  }
}

/** A map of full names to descriptions. */
export function writeAllDocs(reply: Reply, table: CommandTable<never>, commands: readonly Command<never>[]): void {
  reply.map(commands.length)
  for (const command of commands) {
    reply.bulkText(command.fullName)
    writeCommandDocs(reply, table, command)
  }
}

function writeHistory(reply: Reply, history: readonly (readonly [string, string])[]): void {
  reply.set(history.length)
  for (const [version, change] of history) {
    reply.array(2)
    reply.bulkText(version)
    reply.bulkText(change)
  }
}

function writeArguments(reply: Reply, all: readonly ArgumentDoc[]): void {
  reply.array(all.length)
  for (const argument of all) writeArgument(reply, argument)
}

function writeArgument(reply: Reply, argument: ArgumentDoc): void {
  const isGroup = argument.type === 'oneof' || argument.type === 'block'
  const flags = [
    ...(argument.optional ? ['optional'] : []),
    ...(argument.multiple ? ['multiple'] : []),
    ...(argument.multipleToken ? ['multiple_token'] : []),
  ]
  const hasKey = argument.keySpecIndex >= 0
  reply.map(3 + (hasKey ? 1 : 0) + (argument.token === null ? 0 : 1) + (flags.length > 0 ? 1 : 0))
  writeField(reply, 'name', argument.name)
  writeField(reply, 'type', argument.type)
  if (!isGroup) writeField(reply, 'display_text', argument.name)
  if (hasKey) {
    reply.bulkText('key_spec_index')
    reply.integer(argument.keySpecIndex)
  }
  if (argument.token !== null) writeField(reply, 'token', argument.token)
  if (flags.length > 0) {
    reply.bulkText('flags')
    writeNames(reply, flags)
  }
  if (isGroup) {
    reply.bulkText('arguments')
    writeArguments(reply, argument.members)
  }
}

function writeField(reply: Reply, name: string, value: string): void {
  reply.bulkText(name)
  reply.bulkText(value)
}
