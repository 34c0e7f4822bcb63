/* What the log says when a bug ends the process: redis-server's report, so that whoever looks for its marks finds them.
 * Any thread.
 *
 * I1  making it never throws: the state it tells of is by definition not trusted. */
import { REDIS_VERSION, SPINEL_VERSION } from '../base/version.ts'

/** A part of the report; `text` may throw. */
export interface CrashSection {
  title: string
  text: () => string
}

/** The whole report, for Log.raw(). `where` names the thread. */
export function crashReport(error: unknown, where: string, sections: readonly CrashSection[]): string {
  const parts = [
    '\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n',
    `Spinel ${SPINEL_VERSION} (Redis ${REDIS_VERSION}), Node.js ${process.versions.node}, crashed in ${where}\n`,
    heading('STACK TRACE'),
    `${stackOf(error)}\n`,
  ]
  for (const { title, text } of sections) parts.push(heading(title), attempt(text))
  parts.push(
    '\n=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n\n',
    '       Please report the crash with the report above, and with what clients were doing.\n\n',
  )
  return parts.join('')
}

const heading = (title: string) => `\n------ ${title} ------\n`

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`
  return (error.stack ?? `${error.name}: ${error.message}`) + cause
}

function attempt(text: () => string): string {
  try {
    const made = text()
    return made === '' || made.endsWith('\n') ? made : `${made}\n`
  } catch (error) {
    return `(not available: ${error instanceof Error ? error.message : String(error)})\n`
  }
}
