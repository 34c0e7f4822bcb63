/* The server's configuration: every directive's value, CONFIG GET, SET and REWRITE over them, and who is told of a
 * change. Main thread; other threads are sent what they need.
 *
 *   file, command line --take()--+
 *   CONFIG SET ---------set()----+--> exact values --> values (what programs read)
 *   the server itself --assign()-+         |
 *                                          +--> get(), rewrite()
 *
 * I1  values[name] is always what the directive's type sees in its exact value.
 * I2  a set() that is refused leaves every value as it was, and whoever applied a new one has applied the old again. */
import { bytesOf, textOf } from '../../base/bytes.ts'
import { globMatches } from '../../base/glob.ts'
import { systemErrorCode, systemErrorText } from '../../base/system-error.ts'
import { encodeText, lowerCase, splitWords } from './byte-text.ts'
import {
  DEBUG,
  DENY_LOADING,
  HIDDEN,
  IMMUTABLE,
  MAY_REPEAT,
  MULTI_ARGUMENT,
  type ParseContext,
  PROTECTED,
  Refusal,
  SENSITIVE,
  VOLATILE,
} from './directive.ts'
import type { Values } from './directives/table.ts'
import {
  type DirectiveName,
  directiveNames,
  directives,
  directivesByName,
  type NamedDirective,
} from './directives/table.ts'
import { type Host, processHost } from './host.ts'
import { type Rewritten, rewriteText } from './rewrite.ts'

/** Where configuration tells the operator something; Log is one. */
export interface Notices {
  debug(text: string): void
  notice(text: string): void
  warning(text: string): void
}

/** Words of redis.conf that are no directives: they add to something, and have no value to get. */
export type Addition = 'rename-command' | 'user'

/** Who sends a CONFIG SET. */
export interface Setter {
  /** Connected through loopback or a Unix socket: protected directives may be open to local clients only. */
  readonly local: boolean
  /** The data set is being loaded. */
  readonly loading: boolean
}

interface Listener {
  apply(name: DirectiveName): string | null
}

/** One pair of a CONFIG SET on its way. */
interface Change {
  readonly target: NamedDirective
  readonly text: string
  readonly old: unknown
}

const LOADING = 'LOADING Redis is loading the dataset in memory'
const NO_FILE = 'ERR The server is running without a config file'

/** Error replies are one line. */
const oneLine = (text: string) => text.replace(/[\r\n]/g, ' ')

const setFailed = (name: string, reason: string) =>
  oneLine(`ERR CONFIG SET failed (possibly related to argument '${name}')${reason === '' ? '' : ` - ${reason}`}`)

export interface ConfigurationOptions {
  /** Default: the process's own file system and working directory. */
  readonly host?: Host
  /** Default: nobody is told. */
  readonly notices?: Notices
}

export class Configuration {
  /** What programs read, by directive: `configuration.values.port`, `configuration.values['maxmemory-policy']`. */
  readonly values: Values
  readonly host: Host
  readonly notices: Notices
  /** The file it was read from and is rewritten to, an absolute path; null without one. */
  file: string | null = null
  /** The words after each `rename-command` and `user` of the file, in order. */
  readonly additions: Readonly<Record<Addition, string[][]>> = { 'rename-command': [], user: [] }
  private readonly exact = new Map<DirectiveName, unknown>()
  private readonly seen: Record<string, unknown> = {}
  private readonly listeners = new Map<DirectiveName, Listener[]>()
  private readonly rewriters = new Map<Addition, () => readonly string[]>()
  /** Directives that the file and the command line gave so far. */
  private readonly given = new Set<DirectiveName>()

  constructor(options: ConfigurationOptions = {}) {
    this.host = options.host ?? processHost
    this.notices = options.notices ?? { debug() {}, notice() {}, warning() {} }
    for (const name of directiveNames) this.put(name, directives[name].preset)
    this.put('dir', encodeText(this.host.workingDirectory()))
    this.values = this.seen as unknown as Values
  }

  private put(name: DirectiveName, exact: unknown): void {
    this.exact.set(name, exact)
    this.seen[name] = directives[name].see(exact)
  }

  private context(source: ParseContext['source'], repeated: boolean): ParseContext {
    return {
      source,
      repeated,
      host: this.host,
      shown: (name) => this.shown(name),
      warn: (text) => this.notices.warning(text),
    }
  }

  /** What CONFIG GET shows for a directive, whose name or alias must exist. Latin1 text that carries bytes. */
  shown(name: string): string {
    const target = directivesByName.get(name)
    if (target === undefined) throw new Error(`no directive ${name}`)
    return target.directive.show(this.exact.get(target.primary))
  }

  /** Whether a directive has the value it has when nothing sets it. */
  isPreset(name: DirectiveName): boolean {
    return this.shown(name) === directives[name].show(directives[name].preset)
  }

  /* From the file and the command line. */

  /**
   * A directive with its words, from the file or the command line. Null: taken; else why not, in Redis's words.
   * Undefined: there is no directive of this name (in lower case).
   */
  take(name: string, words: readonly string[]): string | null | undefined {
    const target = directivesByName.get(name)
    if (target === undefined) return undefined
    const { primary, directive } = target
    let taken = words
    if ((directive.flags & MULTI_ARGUMENT) === 0) {
      if (words.length !== 1) return 'wrong number of arguments'
    } else if (words.length === 1 && words[0] !== '') {
      taken = splitWords(words[0]) ?? [] // `--save "900 1"` is two words
    }
    const exact = directive.parse(taken, this.exact.get(primary), this.context('file', this.given.has(primary)))
    if (exact instanceof Refusal) return exact.reason
    this.given.add(primary)
    this.put(primary, exact)
    return null
  }

  /** Gives a directive a value that the server itself has decided on (REPLICAOF, a limit of the system). The value
   * must be one that the file could hold. Listeners are not called: whoever decided applies it. */
  assign(name: DirectiveName, ...words: string[]): void {
    const exact = directives[name].parse(words, this.exact.get(name), this.context('set', false))
    if (exact instanceof Refusal) throw new Error(`${name}: ${exact.reason}`)
    this.put(name, exact)
  }

  /* CONFIG GET. */

  /**
   * Names and values that match any of `patterns`, latin1 text that carries bytes, each name once. A pattern without
   * `*`, `?` and `[` is a name, shown as it was asked for; only so is a hidden directive found.
   */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const found = new Map<string, string>()
    for (const pattern of patterns) {
      const names = /[*?[]/.test(pattern) ? this.matching(pattern) : [pattern]
      for (const name of names) {
        const lower = lowerCase(name)
        if (directivesByName.has(lower) && !found.has(lower)) found.set(lower, name)
      }
    }
    return [...found].map(([lower, name]) => [name, this.shown(lower)])
  }

  private matching(pattern: string): string[] {
    const glob = bytesOf(pattern)
    const matches: string[] = []
    for (const { name, directive } of directivesByName.values()) {
      if ((directive.flags & HIDDEN) !== 0) continue
      if (globMatches(glob, 0, glob.length, bytesOf(name), 0, name.length, true)) matches.push(name)
    }
    return matches
  }

  /** Whether a CONFIG SET argument after `name` (in any case) is to be kept out of the slow log and MONITOR. */
  isSensitive(name: string): boolean {
    const target = directivesByName.get(lowerCase(name))
    return target !== undefined && (target.directive.flags & SENSITIVE) !== 0
  }

  /* CONFIG SET. */

  /**
   * Sets all of `pairs` (latin1 text that carries bytes) or none, and has the changes applied. Null: done; else the
   * whole error reply, in Redis's words.
   */
  set(pairs: readonly (readonly [name: string, value: string])[], setter: Setter): string | null {
    const changes = this.plan(pairs, setter)
    if (typeof changes === 'string') return changes
    const apply = new Map<Listener, NamedDirective>()
    for (const [index, { target, text }] of changes.entries()) {
      const { primary, directive } = target
      const words = valueWords(directive.flags, text)
      const exact = directive.parse(words, this.exact.get(primary), this.context('set', false))
      if (exact instanceof Refusal) {
        this.restore(changes.slice(0, index))
        return setFailed(target.name, exact.reason)
      }
      const changed = (directive.flags & VOLATILE) !== 0 || directive.show(exact) !== this.shown(primary)
      this.put(primary, exact)
      if (!changed) continue
      for (const listener of this.listeners.get(primary) ?? []) if (!apply.has(listener)) apply.set(listener, target)
    }
    return this.apply(changes, apply)
  }

  /** Looks up what is to be set. An error reply if something may not be. */
  private plan(pairs: readonly (readonly [string, string])[], setter: Setter): Change[] | string {
    const changes: Change[] = []
    for (const [name, text] of pairs) {
      const target = directivesByName.get(lowerCase(name))
      if (target === undefined) {
        return oneLine(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`)
      }
      const { flags } = target.directive
      if ((flags & IMMUTABLE) !== 0 && ((flags & MAY_REPEAT) === 0 || text !== this.shown(target.primary))) {
        return setFailed(name, "can't set immutable config")
      }
      if ((flags & PROTECTED) !== 0 && !this.allows('enable-protected-configs', setter.local)) {
        return setFailed(name, "can't set protected config")
      }
      if ((flags & DENY_LOADING) !== 0 && setter.loading) return LOADING
      if (changes.some((change) => change.target === target)) return setFailed(name, 'duplicate parameter')
      changes.push({ target, text, old: this.exact.get(target.primary) })
    }
    return changes
  }

  /** Whether a client may do what a directive of no/yes/local guards. */
  allows(name: 'enable-protected-configs' | 'enable-debug-command' | 'enable-module-command', local: boolean): boolean {
    const allowed = this.values[name]
    return allowed === 'yes' || (allowed === 'local' && local)
  }

  /** Calls each listener; if one refuses, puts everything back, and has those called that were. */
  private apply(changes: readonly Change[], apply: ReadonlyMap<Listener, NamedDirective>): string | null {
    const called: Listener[] = []
    for (const [listener, target] of apply) {
      called.push(listener)
      const reason = listener.apply(target.primary)
      if (reason === null) continue
      this.notices.warning(
        'Failed applying new configuration. ' +
          `Possibly related to new ${target.name} setting. Restoring previous settings.`,
      )
      this.restore(changes)
      for (const each of called) this.reapply(each, apply.get(each))
      return setFailed(target.name, reason)
    }
    return null
  }

  private reapply(listener: Listener, target: NamedDirective | undefined): void {
    const reason = target === undefined ? null : listener.apply(target.primary)
    if (reason !== null) this.notices.warning(`Failed applying restored failed CONFIG SET command: ${reason}`)
  }

  private restore(changes: readonly Change[]): void {
    for (const { target, old } of changes.toReversed()) {
      target.directive.restore?.(old, this.context('set', false))
      this.put(target.primary, old)
    }
  }

  /**
   * Has `apply` called with the new value when CONFIG SET changes a directive (or one of several: then once for all of
   * them, with the first one's value). It returns null, or why it could not be applied (may be empty): then the whole
   * CONFIG SET is rolled back, and `apply` is called again with the old value. Not called for what is read at start.
   */
  onChange<Name extends DirectiveName>(
    names: Name | readonly Name[],
    apply: (value: Values[Name]) => string | null,
  ): void {
    const listener: Listener = { apply: (name) => apply(this.values[name as Name]) }
    for (const name of typeof names === 'string' ? [names] : names) {
      this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener])
    }
  }

  /* CONFIG REWRITE. */

  /** Has the lines of an addition written by its owner (`user` by the ACL). Without an owner they stay as they are. */
  onRewrite(addition: Addition, lines: () => readonly string[]): void {
    this.rewriters.set(addition, lines)
  }

  /**
   * Writes the values into the file it was read from. Null: done; else the whole error reply. `everything` also writes
   * directives at their presets.
   */
  rewrite(everything = false): string | null {
    if (this.file === null) return NO_FILE
    try {
      const content = rewriteText(this.oldFile(this.file), this.rewritten(), {
        nameOf: (word) => this.rewrittenName(word),
        everything,
      })
      this.host.replaceFile(this.file, bytesOf(content))
    } catch (error) {
      const reason = systemErrorText(error)
      this.notices.warning(`CONFIG REWRITE failed: ${reason}`)
      return `ERR Rewriting config file: ${reason}`
    }
    this.notices.notice('CONFIG REWRITE executed with success.')
    return null
  }

  private oldFile(path: string): string {
    try {
      return textOf(this.host.readFile(path))
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return ''
      throw error
    }
  }

  private rewrittenName(word: string): string | null {
    if (word === 'include' || Object.hasOwn(this.additions, word)) return word
    return directivesByName.get(word)?.primary ?? null
  }

  private rewritten(): Rewritten[] {
    const all: Rewritten[] = directiveNames.map((name) => this.rewrittenDirective(name))
    for (const [name, lines] of this.rewriters) {
      all.push({ name, lines: lines().map((text) => ({ text, force: true })) })
    }
    return all
  }

  private rewrittenDirective(name: DirectiveName): Rewritten {
    const { preset } = directives[name]
    if (name === 'replicaof' && this.values['cluster-enabled']) return { name, lines: [] } // nodes.conf knows it
    return { name, lines: directives[name].rewrite(name, this.exact.get(name), preset) }
  }

  /** The directives that matter in a crash report, as redis.conf lines. */
  debugText(): string {
    const relevant = directiveNames.filter((name) => (directives[name].flags & DEBUG) !== 0)
    const lines = relevant.flatMap((name) => this.rewrittenDirective(name).lines)
    return lines.map(({ text }) => `${text}\n`).join('')
  }
}

/** A CONFIG SET value as words: a directive of several words takes them between single spaces. */
function valueWords(flags: number, text: string): string[] {
  if ((flags & MULTI_ARGUMENT) === 0) return [text]
  return text === '' ? [] : text.split(' ')
}
