/* redis-server's command line: what to read, or a question that is answered at once.
 *
 *   spinel-server [file] [--directive value ...]... [-]
 *
 * Words after `--directive` are its values until the next word that begins with `--`; the first value may itself begin
 * so. `"--directive value"` in one word is fine too. `-`, first or last, reads standard input. */
import { resolve } from 'node:path'
import { quoteArgument } from '../../base/split-arguments.ts'
import { REDIS_VERSION, SPINEL_VERSION } from '../../base/version.ts'
import { encodeText, splitWords } from './byte-text.ts'
import type { Sources } from './config-file.ts'

/** A question answered: the process prints this and exits. */
export interface Answer {
  readonly exitCode: number
  readonly output: string
  readonly errorText: string
}

export type CommandLine = { readonly sources: Sources } | { readonly answer: Answer }

/* In the form that programs look for the version in. */
const VERSION =
  `Redis server v=${REDIS_VERSION} sha=00000000:0 malloc=libc bits=64 build=spinel-${SPINEL_VERSION} ` +
  `spinel=${SPINEL_VERSION} node=${process.versions.node}\n`

const USAGE = `Usage: spinel-server [file] [--directive value...]... [-]

  file          a redis.conf to read first; CONFIG REWRITE writes it
  --directive   any directive of redis.conf, with its values; overrides the file
  -             first or last: read more configuration from standard input
  -v --version  print the version
  -h --help     print this

For example:
  spinel-server --port 7000 --maxmemory 4gb --shard-workers 3
  spinel-server /etc/redis/redis.conf --loglevel verbose
  echo 'maxmemory 128mb' | spinel-server -
`

const print = (output: string): CommandLine => ({ answer: { exitCode: 0, output, errorText: '' } })
const complain = (errorText: string): CommandLine => ({ answer: { exitCode: 1, output: '', errorText } })

/** The answer to a first word that asks a question; null if it does not. */
function answerTo(word: string): CommandLine | null {
  switch (word) {
    case '-v':
    case '--version':
      return print(VERSION)
    case '-h':
    case '--help':
      return complain(USAGE)
    case '--test-memory':
      return complain('spinel-server does not test memory: use memtest86 or memtester.\n')
    case '--check-system':
      return print('spinel-server does not fork: overcommit and huge pages need no setting. Nothing to check.\n')
    default:
      return null
  }
}

/** Reads the words after the program's name. A relative file is resolved against `workingDirectory`. */
export function parseCommandLine(words: readonly string[], workingDirectory: string): CommandLine {
  if (words.length === 0) return { sources: { file: null, standardInput: false, lines: '' } }
  const answer = answerTo(words[0])
  if (answer !== null) return answer
  if (words.includes('--sentinel')) return complain('spinel-server has no Sentinel mode.\n')
  const hasFile = !words[0].startsWith('-')
  const options = words.slice(hasFile ? 1 : 0)
  return {
    sources: {
      file: hasFile ? resolve(workingDirectory, words[0].trim()) : null,
      standardInput: options.some((word, index) => isStandardInput(word, index, options.length, hasFile)),
      lines: optionLines(options, hasFile),
    },
  }
}

/** `-` asks for standard input only as the very first or the last word. */
function isStandardInput(word: string, index: number, count: number, hasFile: boolean): boolean {
  return word === '-' && ((index === 0 && !hasFile) || index === count - 1)
}

/** The words as lines of redis.conf. */
function optionLines(words: readonly string[], hasFile: boolean): string {
  let lines = ''
  let nameWantsValue = false
  for (const [index, word] of words.entries()) {
    if (isStandardInput(word, index, words.length, hasFile)) continue
    const bytes = encodeText(word)
    if (nameWantsValue || !word.startsWith('--')) {
      lines += `${quoteArgument(bytes)} `
      nameWantsValue = false
      continue
    }
    if (lines !== '') lines += '\n'
    lines += `${bytes.slice(2)} `
    nameWantsValue = splitWords(bytes)?.length === 1
    if (word.toLowerCase() === '--save' && (words[index + 1] ?? '--').startsWith('--')) {
      lines += '""' // a list of save points that turned out empty
      nameWantsValue = false
    }
  }
  return lines
}
