/* Reads redis.conf: lines of words, `include`, what comes from standard input and the command line, and the checks over
 * the whole. Main thread, at start. What stops the start is answered in the words that redis-server prints. */
import { bytesOf, textOf } from '../../base/bytes.ts'
import { globMatches } from '../../base/glob.ts'
import { systemErrorText } from '../../base/system-error.ts'
import { REDIS_VERSION } from '../../base/version.ts'
import { decodeText, encodeText, lowerCase, splitWords } from './byte-text.ts'
import type { Addition, Configuration } from './configuration.ts'
import { directiveNames, directives } from './directives/table.ts'
import type { Host } from './host.ts'

/** Where the configuration is written. Later sources override earlier ones. */
export interface Sources {
  /** An absolute path, or null. */
  readonly file: string | null
  readonly standardInput: boolean
  /** Lines made from the command line; latin1 text that carries bytes. */
  readonly lines: string
}

/** Checks what `rename-command` and `user` say: null if it is good, else why not, in Redis's words. */
export type AdditionChecks = Partial<Record<Addition, (words: readonly string[]) => string | null>>

/** Why the server can't start. */
export interface StartFailure {
  /** Printed on standard error. Empty if it is a matter for the log. */
  readonly errorText: string
  /** A warning in the log; empty if there is none. */
  readonly logText: string
}

/** Deeper includes are a circle. */
const MAX_INCLUDE_DEPTH = 64

/** Words that were removed long ago: accepted with one argument, without effect. */
const OBSOLETE = new Set(['list-max-ziplist-entries', 'list-max-ziplist-value', 'lua-replicate-commands'])

/** How many words follow the name of an addition. */
const ADDITION_WORDS: Readonly<Record<Addition, readonly [min: number, max: number]>> = {
  'rename-command': [2, 2],
  user: [1, Infinity],
}

const isAddition = (name: string): name is Addition => Object.hasOwn(ADDITION_WORDS, name)

const BLANKS = /^[ \t\r\n]+|[ \t\r\n]+$/g

function configFileError(reason: string, line?: { number: number; text: string }): StartFailure {
  const where =
    line === undefined ? '' : `Reading the configuration file, at line ${line.number}\n>>> '${decodeText(line.text)}'\n`
  return {
    errorText: `\n*** FATAL CONFIG FILE ERROR (Redis ${REDIS_VERSION}) ***\n${where}${decodeText(reason)}\n`,
    logText: '',
  }
}

/** Reads all sources into `configuration`. Null: done. */
export function loadConfiguration(
  configuration: Configuration,
  sources: Sources,
  checks: AdditionChecks = {},
): StartFailure | null {
  const loader = new Loader(configuration, checks)
  const failure = loader.load(sources)
  if (failure === null) noteIgnored(configuration)
  return failure
}

/** Tells of directives that have a value which this server can't follow. */
function noteIgnored(configuration: Configuration): void {
  for (const name of directiveNames) {
    const { ignored } = directives[name]
    if (ignored === null || configuration.isPreset(name)) continue
    configuration.notices.warning(`WARNING: ${name} ${configuration.shown(name)} has no effect: ${ignored}`)
  }
}

/** One text after another; a last line without a newline does not swallow the next text's first. */
const append = (text: string, next: string) => (text === '' || text.endsWith('\n') ? text + next : `${text}\n${next}`)

class Loader {
  private readonly configuration: Configuration
  private readonly checks: AdditionChecks
  private depth = 0

  constructor(configuration: Configuration, checks: AdditionChecks) {
    this.configuration = configuration
    this.checks = checks
  }

  load({ file, standardInput, lines }: Sources): StartFailure | null {
    const content = file === null ? '' : this.read(encodeText(file))
    if (typeof content !== 'string') return content
    let all = content
    if (standardInput) {
      this.configuration.notices.notice('Reading config from stdin')
      all = append(all, textOf(this.configuration.host.readStandardInput()))
    }
    return this.loadText(lines === '' ? all : `${all}\n${lines}`)
  }

  /** The content of a file, or of all files that a pattern matches: then there may be none. */
  private read(path: string): string | StartFailure {
    const { host } = this.configuration
    const paths = /[*?[]/.test(path) ? matchingPaths(host, path) : [path]
    let content = ''
    for (const each of paths) {
      try {
        content = append(content, textOf(host.readFile(decodeText(each))))
      } catch (error) {
        const reason = systemErrorText(error)
        return { errorText: '', logText: `Fatal error, can't open config file '${decodeText(each)}': ${reason}` }
      }
    }
    return content
  }

  private loadText(content: string): StartFailure | null {
    for (const [index, untrimmed] of content.split('\n').entries()) {
      const text = untrimmed.replace(BLANKS, '')
      if (text === '' || text.startsWith('#')) continue
      const words = splitWords(text)
      const failed = words === null ? 'Unbalanced quotes in configuration line' : this.loadLine(words)
      if (failed === null) continue
      return typeof failed === 'string' ? configFileError(failed, { number: index + 1, text }) : failed
    }
    return this.checkWhole()
  }

  /** One line's words. Null: taken; a text: why not; a failure: that of an included file. */
  private loadLine(words: readonly string[]): string | StartFailure | null {
    if (words.length === 0) return null
    const name = lowerCase(words[0])
    const rest = words.slice(1)
    const refused = this.configuration.take(name, rest)
    if (refused !== undefined) return refused
    if (OBSOLETE.has(name) && rest.length === 1) return null
    if (name === 'include' && rest.length === 1) return this.include(rest[0])
    if (isAddition(name)) return this.add(name, rest)
    if (name === 'loadmodule' && rest.length > 0) return `Can't load module from ${rest[0]}: there is no module API`
    if (name.includes('.')) {
      return rest.length === 0 ? 'Module config specified without value' : `No module is loaded that has '${name}'`
    }
    if (name === 'sentinel') return rest.length === 0 ? null : 'sentinel directive while not in sentinel mode'
    return 'Bad directive or wrong number of arguments'
  }

  private include(path: string): string | StartFailure | null {
    if (this.depth === MAX_INCLUDE_DEPTH) return 'include: too many levels of included files'
    const content = this.read(path)
    if (typeof content !== 'string') return content
    this.depth++
    const failure = this.loadText(content)
    this.depth--
    return failure
  }

  private add(name: Addition, words: readonly string[]): string | null {
    const [min, max] = ADDITION_WORDS[name]
    if (words.length < min || words.length > max) return 'Bad directive or wrong number of arguments'
    const refused = this.checks[name]?.(words) ?? null
    if (refused === null) this.configuration.additions[name].push([...words])
    return refused
  }

  /** What can only be said once a whole file, with the files it includes, has been read. */
  private checkWhole(): StartFailure | null {
    const { values, host, notices } = this.configuration
    if (values.logfile !== '') {
      try {
        host.tryAppend(values.logfile)
      } catch (error) {
        return configFileError(`Can't open the log file: ${systemErrorText(error)}`)
      }
    }
    if (!values['cluster-enabled']) return null
    if (values.replicaof !== null) return configFileError('replicaof directive not allowed in cluster mode')
    if (values.databases > 1) {
      notices.warning(`WARNING: Changing databases number from ${values.databases} to 1 since we are in cluster mode`)
      this.configuration.assign('databases', '1')
    }
    return null
  }
}

/** Paths that match a pattern of the shell's kind, in byte order: wildcards match no `/` and no leading dot. */
function matchingPaths(host: Host, pattern: string): string[] {
  let paths = [pattern.startsWith('/') ? '/' : '']
  for (const part of pattern.split('/')) {
    if (part !== '') paths = paths.flatMap((path) => matchingNames(host, path, part).map((name) => join(path, name)))
  }
  return paths.sort()
}

const join = (path: string, name: string) => (path === '' || path.endsWith('/') ? path + name : `${path}/${name}`)

/** The names in `directory` (empty: the working directory) that match one part of a pattern. */
function matchingNames(host: Host, directory: string, part: string): string[] {
  if (part === '.' || part === '..') return [part]
  let names: string[]
  try {
    names = host.listDirectory(directory === '' ? '.' : decodeText(directory)).map(encodeText)
  } catch {
    return []
  }
  const glob = bytesOf(part.replaceAll('[!', '[^'))
  return names.filter((name) => {
    if (name.startsWith('.') && !part.startsWith('.')) return false
    return globMatches(glob, 0, glob.length, bytesOf(name), 0, name.length, false)
  })
}
