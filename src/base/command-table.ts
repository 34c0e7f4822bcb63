/* The command table: every command and subcommand with a number, found by name. Built from the families in the same
 * order in every thread, so that a number means the same command everywhere. Any thread. Hot: lookup().
 *
 * Names hash to an open-addressing table of command numbers; verification compares the name, so a collision costs a
 * probe and never an error.
 *
 * A container may be declared in several families: the first gives it its number, each adds its subcommands. So DEBUG
 * has parts that run in the workers, which know only the engine's families, and parts that run on the I/O thread. */
import type { Args } from './args.ts'
import { assert } from './assert.ts'
import { bytesOf } from './bytes.ts'
import { aclCategories, type CommandSpec, type Family, type Handler, MOVABLE_KEYS, type Place } from './command-spec.ts'
import { parsed, parseInteger, SAFE_INTEGER } from './number-text.ts'

/** Which arguments are keys: from the first to the last one every `keyStep`-th; 0 0 0: none. See lastKeyOf(). */
export interface KeyRange {
  firstKey: number
  /** Negative: counts from the end. */
  lastKey: number
  keyStep: number
  /** The argument that tells how many keys there are, 0 for none. */
  keyCount: number
}

/** The last argument that is a key, by the arguments of a call; one before the first when it has none. */
export function lastKeyOf(range: KeyRange, args: Args): number {
  const { firstKey, lastKey, keyCount } = range
  if (keyCount === 0) return lastKey < 0 ? args.count + lastKey : lastKey
  const kind = parseInteger(args.bytes, args.offset[keyCount], args.length[keyCount])
  const count = kind === SAFE_INTEGER && parsed() > 0 ? parsed() : 0
  return Math.min(firstKey + count, args.count) - 1
}

/** One numbered command. */
export interface Command<Context> extends KeyRange {
  /** Index in the table. */
  id: number
  spec: CommandSpec<Context>
  group: string
  /** Lower-case, with its container: `get`, `config|get`. */
  fullName: string
  /** The container's number, -1 for a top-level command. */
  parent: number
  /** Numbers of the subcommands. */
  children: number[]
  name: Uint8Array
  arity: number
  flags: number
  categories: number
  runs: Place
  handler: Handler<Context> | undefined
}

const LOOKUP_SLOTS = 2048
const NO_NAME = new Uint8Array(0)

export class CommandTable<Context> {
  readonly commands: Command<Context>[] = []
  private readonly slots = new Int16Array(LOOKUP_SLOTS).fill(-1)
  /** The name last found, and its command. */
  private newest: Uint8Array = NO_NAME
  private newestId = -1

  constructor(families: readonly Family<Context>[]) {
    for (const family of families) {
      for (const spec of family.commands) this.add(family.group, spec)
    }
  }

  private add(group: string, spec: CommandSpec<Context>): void {
    const command = this.container(spec) ?? this.addName(group, spec)
    for (const sub of spec.subcommands ?? []) {
      const fullName = `${command.fullName}|${sub.name.toLowerCase()}`
      assert(this.byName(fullName) === undefined, 'a subcommand is declared once')
      command.children.push(this.number(group, sub, command.id, fullName).id)
    }
  }

  /** The container of this name from an earlier family, to which this declaration adds subcommands. */
  private container(spec: CommandSpec<Context>): Command<Context> | undefined {
    const name = bytesOf(spec.name)
    const id = this.lookup(name, 0, name.length)
    if (id < 0) return undefined
    const command = this.commands[id]
    const extended = spec.subcommands !== undefined && command.spec.subcommands !== undefined
    assert(extended && spec.handler === undefined, 'a command is declared once, but for a container that is extended')
    return command
  }

  private addName(group: string, spec: CommandSpec<Context>): Command<Context> {
    const command = this.number(group, spec, -1, spec.name.toLowerCase())
    this.enter(command)
    return command
  }

  private enter(command: Command<Context>): void {
    let slot = nameHash(command.name, 0, command.name.length)
    while (this.slots[slot] >= 0) slot = (slot + 1) & (LOOKUP_SLOTS - 1)
    this.slots[slot] = command.id
  }

  /**
   * Has a command called by another name from now on, or by none (''): rename-command. Its full name, in errors and
   * statistics, stays. `from` must exist, `to` must not.
   */
  rename(from: string, to: string): void {
    const name = bytesOf(from.toUpperCase())
    const id = this.lookup(name, 0, name.length)
    assert(id >= 0, 'a command that is renamed exists')
    this.commands[id].name = bytesOf(to.toUpperCase())
    this.slots.fill(-1)
    this.newest = NO_NAME
    this.newestId = -1
    for (const command of this.topLevel) this.enter(command)
  }

  /** The commands that can be called, without subcommands. */
  get topLevel(): Command<Context>[] {
    return this.commands.filter(({ parent, name }) => parent < 0 && name.length > 0)
  }

  private number(group: string, spec: CommandSpec<Context>, parent: number, fullName: string): Command<Context> {
    const legacy = legacyKeyRange(spec)
    const command: Command<Context> = {
      id: this.commands.length,
      spec,
      group,
      fullName,
      parent,
      children: [],
      name: bytesOf(spec.name),
      arity: spec.arity,
      flags: spec.flags | (legacy.movable ? MOVABLE_KEYS : 0),
      categories: aclCategories(spec.acl, spec.flags),
      runs: spec.runs,
      handler: spec.handler,
      firstKey: legacy.first,
      lastKey: legacy.last,
      keyStep: legacy.step,
      keyCount: 0,
    }
    if (legacy.movable) countKeys(command)
    this.commands.push(command)
    return command
  }

  /** The number of the top-level command that a range names in any case, -1 for none. */
  lookup(bytes: Uint8Array, offset: number, length: number): number {
    // Most commands follow one of the same name.
    if (isNamed(this.newest, bytes, offset, length)) return this.newestId
    const id = this.search(bytes, offset, length)
    if (id >= 0) {
      this.newest = this.commands[id].name
      this.newestId = id
    }
    return id
  }

  private search(bytes: Uint8Array, offset: number, length: number): number {
    let slot = nameHash(bytes, offset, length)
    let id = this.slots[slot]
    while (id >= 0) {
      if (isNamed(this.commands[id].name, bytes, offset, length)) return id
      slot = (slot + 1) & (LOOKUP_SLOTS - 1)
      id = this.slots[slot]
    }
    return -1
  }

  /** The command of these arguments: the subcommand where there is one, its container where the word is unknown. */
  resolve(args: Args): Command<Context> | undefined {
    const id = this.lookup(args.bytes, args.offset[0], args.length[0])
    if (id < 0) return undefined
    const command = this.commands[id]
    if (command.children.length === 0 || args.count < 2) return command
    return this.subcommand(command, args) ?? command
  }

  /** The subcommand that argument 1 names. */
  subcommand(container: Command<Context>, args: Args): Command<Context> | undefined {
    for (const id of container.children) if (args.is(1, this.commands[id].name)) return this.commands[id]
    return undefined
  }

  /** By the name it is called by, in any case, a subcommand after a bar: `get`, `config|get`. */
  byName(name: string): Command<Context> | undefined {
    const [word, subword, ...more] = name.toUpperCase().split('|')
    const bytes = bytesOf(word)
    const id = this.lookup(bytes, 0, bytes.length)
    if (id < 0 || more.length > 0) return undefined
    const command = this.commands[id]
    if (subword === undefined) return command
    return command.children.map((child) => this.commands[child]).find(({ spec }) => spec.name === subword)
  }
}

/** Whether a range spells an upper-case name in any case. */
function isNamed(name: Uint8Array, bytes: Uint8Array, offset: number, length: number): boolean {
  if (name.length !== length) return false
  for (let i = 0; i < length; i++) {
    const byte = bytes[offset + i]
    if (byte !== name[i] && (byte < 97 || byte > 122 || byte - 32 !== name[i])) return false
  }
  return true
}

/** Mixes length and bytes with their case bit cleared. */
function nameHash(bytes: Uint8Array, offset: number, length: number): number {
  let hash = length
  const end = offset + (length < 20 ? length : 20)
  for (let i = offset; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] & 0xdf)) | 0
  return (hash ^ (hash >>> 11)) & (LOOKUP_SLOTS - 1)
}

/** Has a command whose only keys are counted by an argument know where they are. */
function countKeys<Context>(command: Command<Context>): void {
  const [{ begin, find }] = command.spec.keys
  if (command.spec.keys.length > 1 || !('index' in begin) || !('keyNumIndex' in find)) return
  command.keyCount = begin.index + find.keyNumIndex
  command.firstKey = begin.index + find.firstKey
  command.lastKey = command.firstKey
  command.keyStep = find.step
}

/** First key, last key and step as COMMAND INFO shows them: of the range specifications, 0 0 0 when there are none. */
function legacyKeyRange<Context>(spec: CommandSpec<Context>) {
  let first = 0
  let last = 0
  let step = 0
  let movable = false
  for (const key of spec.keys) {
    if (!('index' in key.begin) || !('last' in key.find) || (first !== 0 && key.begin.index !== last + step)) {
      movable = true
      continue
    }
    if (first === 0) first = key.begin.index
    last = key.find.last < 0 ? key.find.last : key.begin.index + key.find.last
    step = key.find.step
  }
  return { first, last, step, movable }
}
