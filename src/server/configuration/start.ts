/* From the command line to a configuration, or to the reason why there is none. Main thread, at start. */
import { type Answer, parseCommandLine } from './command-line.ts'
import { type AdditionChecks, loadConfiguration } from './config-file.ts'
import { Configuration, type ConfigurationOptions } from './configuration.ts'

export interface StartOptions extends ConfigurationOptions {
  readonly checks?: AdditionChecks
}

export type Start = { readonly configuration: Configuration } | { readonly answer: Answer }

/**
 * The configuration that the words after the program's name ask for; or what to print before exiting: the answer to
 * --version and the like, or an error. The caller writes it, and a file that can't be opened is already in the log.
 */
export function startConfiguration(words: readonly string[], options: StartOptions = {}): Start {
  const configuration = new Configuration(options)
  const commandLine = parseCommandLine(words, configuration.host.workingDirectory())
  if ('answer' in commandLine) return commandLine
  configuration.file = commandLine.sources.file
  const failure = loadConfiguration(configuration, commandLine.sources, options.checks)
  if (failure === null) return { configuration }
  if (failure.logText !== '') configuration.notices.warning(failure.logText)
  return { answer: { exitCode: 1, output: '', errorText: failure.errorText } }
}
