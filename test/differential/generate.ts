/* Makes a script from a seed: sound and unsound commands of a swarm's shapes, for several clients, in turn or at once.
 * The same seed and the same declarations make the same script. */

import type { Grammar } from '../../src/base/command-syntax.ts'
import { Random } from '../support/random.ts'
import { brokenBytes } from './broken-protocol.ts'
import { canonicalForm } from './canonical.ts'
import { NOT_GENERATED } from './not-generated.ts'
import type { Argument, Command, Script, Send, Step } from './script.ts'
import { lifeGivenMs, resolve } from './script.ts'
import type { CommandShape } from './shapes.ts'
import type { Swarm } from './swarm.ts'
import { swarmOf } from './swarm.ts'
import type { Palette } from './vocabulary.ts'
import { anyArgument, argumentFor, isShortWait } from './vocabulary.ts'

export interface GenerateOptions {
  /** Bound on a script's steps. Default: 200. */
  maxSteps?: number
  /** Only these commands (upper-case names), and those that open, close and guard connections. */
  only?: ReadonlySet<string> | undefined
  /** Refuses commands that cannot be compared. Default: all can. */
  accepts?: (words: string[]) => boolean
  /** Commands (upper-case) that only the oracle has: damage must not spell them. Default: none. */
  foreign?: ReadonlySet<string>
  /** Directives that a script must leave alone. Default: none. */
  fixed?: readonly string[]
}

/** What a client's connection is up to, as far as the generator can tell. */
interface ClientState {
  inTransaction: boolean
}

/** Commands whose argument 2, when negative, is how many elements they reply with, however few there are. */
const COUNTED_DRAWS = { HRANDFIELD: true, SRANDMEMBER: true, ZRANDMEMBER: true }
const MOST_DRAWN = 10_000
const MAX_PIPELINE = 24
const MAX_STRANGERS_PIPELINE = 3
const MAX_REPEATS = 6
/** Commands drawn in vain before PING takes their place: of a few shapes none may be unambiguous. */
const MAX_DRAWS = 1000
const MAX_INLINE_ARGUMENT_BYTES = 1_000

export function generateScript(seed: number, shapes: readonly CommandShape[], options: GenerateOptions = {}): Script {
  const only = options.only
  const usable = only === undefined ? shapes : shapes.filter(({ words }) => only.has(words[0]))
  if (usable.length === 0) throw new Error('none of the commands asked for can be compared with this oracle')
  const swarm = swarmOf(seed, usable, options.maxSteps ?? 200)
  for (const directive of options.fixed ?? []) delete swarm.limits[directive]
  return new Generator(swarm, new Random(seed ^ 0x5bd1e995), options).script(seed)
}

class Generator {
  private readonly swarm: Swarm
  private readonly random: Random
  private readonly states: ClientState[]
  /** Shapes that touch only the keys they name, in ways that need no canonical form: for clients that run at once. */
  private readonly local: CommandShape[]
  private readonly accepts: (words: string[]) => boolean
  private readonly foreign: ReadonlySet<string>

  constructor(swarm: Swarm, random: Random, options: GenerateOptions) {
    this.accepts = options.accepts ?? (() => true)
    this.foreign = options.foreign ?? new Set()
    this.swarm = swarm
    this.random = random
    this.states = Array.from({ length: swarm.clients }, () => ({ inTransaction: false }))
    this.local = swarm.shapes.filter(
      (shape) =>
        shape.touchesOnlyItsKeys && !shape.setsExpiry && !shape.waits && canonicalForm(shape.words) === undefined,
    )
  }

  script(seed: number): Script {
    const steps: Step[] = []
    for (let client = 0; client < this.swarm.clients; client++) steps.push(...this.greeting(client))
    while (steps.length < this.swarm.steps) steps.push(this.step())
    const { transport, limits, palette } = this.swarm
    return { seed, transport, limits, password: palette.password, steps }
  }

  private greeting(client: number): Step[] {
    const commands: Command[] = []
    if (this.swarm.palette.password !== '' && this.random.chance(0.9)) {
      commands.push(['AUTH', this.swarm.palette.password])
    }
    if (this.random.chance(this.swarm.resp3)) commands.push(['HELLO', '3'])
    return commands.map((command) => ({ kind: 'send', client, commands: [command] }))
  }

  private step(): Step {
    const { swarm, random } = this
    if (this.local.length > 0 && random.chance(swarm.sessions)) return this.session()
    if (this.local.length > 0 && swarm.clients > 1 && random.chance(swarm.together)) return this.together()
    const client = random.below(swarm.clients)
    const count = random.chance(swarm.pipelines) ? random.between(2, this.longestPipeline) : 1
    const commands: Command[] = []
    while (commands.length < count) commands.push(...this.next(this.states[client], count === 1))
    return this.written({ kind: 'send', client, commands })
  }

  /** Draws how a step's bytes are written: inline or not, in one piece or two. */
  private written(send: Send): Send {
    if (this.random.chance(this.swarm.inline) && send.commands.every(fitsALine)) send.inline = true
    if (this.random.chance(this.swarm.cuts)) send.cuts = [this.random.between(1, 60)]
    return send
  }

  /** Where clients may be strangers, what answers a pipeline must not make Redis close it (see unambiguous()). */
  private get longestPipeline(): number {
    return this.swarm.palette.password === '' ? MAX_PIPELINE : MAX_STRANGERS_PIPELINE
  }

  private together(): Step {
    const sends: Send[] = []
    for (let client = 0; client < this.swarm.clients; client++) {
      const palette = { ...this.swarm.palette, keys: [0, 1, 2].map((n) => `client${client}:${n}`) }
      const commands: Command[] = []
      const count = this.random.between(1, this.longestPipeline)
      while (commands.length < count) commands.push(this.soundLocal(palette))
      sends.push(this.written({ kind: 'send', client, commands }))
    }
    return { kind: 'together', sends }
  }

  private session(): Step {
    const commands: string[][] = []
    const count = this.random.between(1, 6)
    while (commands.length < count) {
      const command = this.soundLocal(this.swarm.palette)
      const words = command.map((argument) => (typeof argument === 'string' ? argument : ''))
      // A session is compared as a whole, and 7.0 names the encoding of lists otherwise.
      if (/^object$/i.test(words[0]) && /^encoding$/i.test(words[1])) continue
      // Zero bytes, which damage may bring into an inline command, are for the other steps.
      commands.push(words.some((word) => word.includes('\0')) ? ['PING'] : words)
    }
    if (this.swarm.palette.password !== '' && this.random.chance(0.7)) {
      commands.unshift(['AUTH', this.swarm.palette.password])
    }
    const session: Step = { kind: 'session', bytes: brokenBytes(commands, this.random, this.foreign) }
    if (this.random.chance(this.swarm.cuts)) session.cuts = [this.random.between(1, session.bytes.length)]
    return session
  }

  /** A command of the local ones that follows its syntax and can be compared. */
  private soundLocal(palette: Palette): Command {
    for (;;) {
      const command = this.sound(this.random.pick(this.local), palette)
      if (this.accepts(resolve(command, 0))) return command
    }
  }

  /** The client's next command, or those that open a transaction; `alone` if it is not part of a pipeline. */
  private next(state: ClientState, alone: boolean): Command[] {
    const { random, swarm } = this
    if (state.inTransaction && random.chance(0.15)) {
      state.inTransaction = false
      return [[random.chance(0.85) ? 'EXEC' : 'DISCARD']]
    }
    if (!state.inTransaction && random.chance(swarm.transactions)) {
      state.inTransaction = true
      return random.chance(0.5) ? [['WATCH', random.pick(swarm.palette.keys)], ['MULTI']] : [['MULTI']]
    }
    const command = this.unambiguous(state, alone)
    follow(state, command)
    return [command]
  }

  /** A command whose replies, and whose effects on later ones, do not hang on an instant or on chance. */
  private unambiguous(state: ClientState, alone: boolean): Command {
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const shape = this.swarm.shapes[this.random.weighted(this.swarm.weights)]
      const command = this.instance(shape, this.swarm.palette)
      // A client that RESET makes a stranger is closed if its replies so far fill more than 1 KiB of Redis's memory.
      if (shape.words[0] === 'RESET' && this.swarm.palette.password !== '' && !alone) continue
      // Damage may have put anything where the timeout stands: at the end, or first as in BLMPOP.
      const timeout = shape.words[0].endsWith('MPOP') ? command[1] : command.at(-1)
      if (shape.waits && !isShortWait(timeout ?? '')) continue
      // SCAN deletes the expired keys that it comes by, and only a whole iteration comes by all of them.
      const { shortLives, pastTimes } = this.swarm.palette
      if ((shortLives > 0 || pastTimes) && shape.words[0] === 'SCAN') {
        if (state.inTransaction || command[1] !== '0') continue
      }
      // In which order elements of equal weight come, and which of them a limit leaves, is the sorting algorithm's.
      if (shape.words[0].startsWith('SORT') && hasWord(command, 'BY') && hasWord(command, 'ALPHA')) continue
      // Damage may have put one subcommand's name in another's place.
      const [name, next] = resolve(command.slice(0, 2), 0)
      if (`${name}|${next}`.toUpperCase() in NOT_GENERATED) continue
      // Asked for 2^63 elements, Redis sets about sending them.
      if (name.toUpperCase() in COUNTED_DRAWS && Number(resolve(command, 0)[2]) < -MOST_DRAWN) continue
      if (this.accepts(resolve(command, 0))) return command
    }
    return ['PING']
  }

  /** A command that follows its shape's syntax; damage could turn values into keys, also into other clients' keys. */
  private sound(shape: CommandShape, palette: Palette): Command {
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const command: Command = shape.words.map((word) => this.inSomeCase(word))
      const keys = this.random.chance(this.swarm.ownKeys) ? ownKeys(shape, palette.keys) : palette.keys
      this.expand(shape.grammar, command, { ...palette, keys })
      if (this.accepts(resolve(command, 0))) return command
    }
    return ['PING']
  }

  private instance(shape: CommandShape, palette: Palette): Command {
    const command = this.sound(shape, palette)
    if (!this.random.chance(this.swarm.damage)) return command
    const damaged = this.damage(command, palette)
    // An expiry must come from the vocabulary, which knows what is ambiguous.
    return shape.setsExpiry && life(damaged) !== life(command) ? command : damaged
  }

  private expand(grammar: Grammar, into: Command, palette: Palette): void {
    const { random } = this
    switch (grammar.kind) {
      case 'token':
        into.push(this.inSomeCase(grammar.text))
        break
      case 'value':
        into.push(argumentFor(grammar.name, grammar.type, palette, random))
        break
      case 'sequence':
        this.expandAll(this.reordered(grammar.items), into, palette)
        break
      case 'choice':
        this.expand(random.pick(grammar.options), into, palette)
        break
      case 'optional':
        if (random.chance(0.35)) this.expand(grammar.item, into, palette)
        break
      case 'repeat':
        for (let left = random.chance(0.4) ? 1 : random.between(1, MAX_REPEATS); left > 0; left--) {
          this.expand(grammar.item, into, palette)
        }
    }
  }

  /** A value that counts what is repeated behind it (`numkeys key...`) mostly counts right. */
  private expandAll(items: Grammar[], into: Command, palette: Palette): void {
    for (const [i, item] of items.entries()) {
      const at = into.length
      this.expand(item, into, palette)
      const counter = items[i - 1]
      if (item.kind !== 'repeat' || counter?.kind !== 'value' || !counter.name.startsWith('num')) continue
      if (this.random.chance(0.9)) into[at - 1] = String(into.length - at)
    }
  }

  /** Options come in any order, and now and then twice. */
  private reordered(items: Grammar[]): Grammar[] {
    const firstOption = items.findIndex((item) => item.kind === 'optional')
    if (firstOption < 0 || !this.random.chance(0.3)) return items
    const options = items.slice(firstOption)
    if (!options.every((item) => item.kind === 'optional')) return items
    if (this.random.chance(0.2)) options.push(this.random.pick(options))
    return [...items.slice(0, firstOption), ...this.random.shuffle(options)]
  }

  private inSomeCase(word: string): string {
    const draw = this.random.fraction()
    if (draw < 0.8) return word
    if (draw < 0.9) return word.toLowerCase()
    return [...word].map((char) => (this.random.chance(0.5) ? char.toLowerCase() : char)).join('')
  }

  private damage(command: Command, palette: Palette): Command {
    const { random } = this
    const damaged: Argument[] = [...command]
    const at = random.between(1, Math.max(1, command.length - 1))
    switch (random.below(8)) {
      case 0:
        return damaged.slice(0, at)
      case 1:
        damaged.splice(at, 1)
        return damaged
      case 2:
        damaged.splice(at, 0, anyArgument(palette, random))
        return damaged
      case 3:
        return [...damaged, anyArgument(palette, random)]
      case 4:
        return at < damaged.length ? [...damaged, damaged[at]] : damaged
      case 5:
        return [...damaged.slice(0, at), ...random.shuffle(damaged.slice(at))]
      case 6:
        return [`${damaged[0]}${random.pick(['X', ' ', "'", '\n', 'y'.repeat(150)])}`, ...damaged.slice(1)]
      default:
        if (at < damaged.length) damaged[at] = anyArgument(palette, random)
        return damaged
    }
  }
}

/** Those of the keys that are mostly of the type which the command wants; all for one that takes any type. */
function ownKeys(shape: CommandShape, keys: string[]): string[] {
  const place = TYPED_GROUPS[shape.group]
  const own = keys.filter((_, i) => i % TYPES === place)
  return own.length > 0 ? own : keys
}

const TYPED_GROUPS: Readonly<Record<string, number>> = { string: 0, bitmap: 0, hash: 1, list: 2 }
const TYPES = 3

function hasWord(command: Command, word: string): boolean {
  return command.some((argument) => typeof argument === 'string' && argument.toUpperCase().split('\0')[0] === word)
}

/** An inline command beyond 64 KiB is refused or not, depending on how the kernel cuts it into reads. */
function fitsALine(command: Command): boolean {
  return command.every((argument) => typeof argument !== 'string' || argument.length < MAX_INLINE_ARGUMENT_BYTES)
}

function follow(state: ClientState, command: Command): void {
  const name = String(command[0]).toUpperCase()
  if (name === 'QUIT' || (name === 'RESET' && command.length === 1)) state.inTransaction = false
  if (command.length > 1) return
  if (name === 'MULTI') state.inTransaction = true
  if (name === 'EXEC' || name === 'DISCARD') state.inTransaction = false
}

function life(command: Command): number {
  return lifeGivenMs(resolve(command, 0), 0)
}
