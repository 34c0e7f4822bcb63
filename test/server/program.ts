/* Runs the server program for tests of its start and end: with any arguments, whether it gets to serving or not. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../bin/spinel-server', import.meta.url))
const PATIENCE_MS = 20_000

const directories: string[] = []
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

export class Program {
  readonly child: ChildProcess
  /** What it has printed, both streams together. */
  output = ''
  private readonly ended: Promise<number | null>
  private readonly listeners: (() => void)[] = []
  private isEnded = false

  constructor(args: readonly string[], environment: Record<string, string> = {}) {
    const command = (process.env['SPINEL_COMMAND'] ?? PROGRAM).split(' ')
    // Where it saves, were it to end in peace: kept as long as a process may be in it, which may be another one.
    const directory = mkdtempSync(join(tmpdir(), 'spinel-program-'))
    directories.push(directory)
    this.child = spawn(command[0], [...command.slice(1), ...args], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    const hear = (chunk: Buffer) => {
      this.output += chunk.toString('latin1')
      this.wake()
    }
    this.child.stdout?.on('data', hear)
    this.child.stderr?.on('data', hear)
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        this.isEnded = true
        this.wake()
        resolve(code)
      })
    })
  }

  private wake(): void {
    for (const listener of this.listeners.splice(0)) listener()
  }

  /** Resolves when the output matches; rejects when the program ends, or takes too long, without that. */
  async until(pattern: RegExp): Promise<void> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS)
    while (!pattern.test(this.output)) {
      if (this.isEnded) throw new Error(`ended without ${pattern}:\n${this.output}`)
      await new Promise<void>((resolve) => this.listeners.push(resolve))
    }
    clearTimeout(timer)
  }

  serving(): Promise<void> {
    return this.until(/Ready to accept connections/)
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Its exit code, null when a signal ended it. Kills it if it does not end by itself. */
  async exit(): Promise<number | null> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS)
    const code = await this.ended
    clearTimeout(timer)
    return code
  }
}

/** A directory for one test file, and what to call when it is done. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'spinel-program-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** The log's texts, without process, time and level. */
export function logTexts(output: string): string[] {
  return output.split('\n').map((line) => line.replace(/^\d+:(\w .{24} [.\-*#]|signal-handler \(\d+\)) /, ''))
}
