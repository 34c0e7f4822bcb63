/* `daemonize yes`. Main thread, at start. A Node.js process can't fork itself, so the server that goes to the
 * background is a second process, in a session of its own and with nothing on its standard streams; the first one
 * ends. */
import { spawn } from 'node:child_process'

/** Set for the process in the background, so that it does not go there again. */
const MARK = 'SPINEL_IN_BACKGROUND'

/** Whether this process is the one in the background. */
export function isInBackground(): boolean {
  return process.env[MARK] !== undefined
}

/**
 * Starts the same program with the same arguments in the background. `directory` is where this one was started:
 * relative paths mean the same there. Why it can't be done, or null.
 */
export function startInBackground(directory: string): string | null {
  const words = process.argv.slice(2)
  if (words.includes('-')) return "daemonize can't be used with a configuration from the standard input"
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...words], {
    cwd: directory,
    detached: true,
    env: { ...process.env, [MARK]: '1' },
    stdio: 'ignore',
  })
  child.unref()
  return child.pid === undefined ? 'the background process could not be started' : null
}
