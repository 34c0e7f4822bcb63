/* The file system as configuration uses it. Main thread. Paths are text; relative ones follow the working directory.
 * What the operating system refuses is thrown as Node throws it. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'

export interface Host {
  workingDirectory(): string
  changeDirectory(path: string): void
  readFile(path: string): Uint8Array
  readStandardInput(): Uint8Array
  /** Names in a directory, in no order. */
  listDirectory(path: string): string[]
  /** Opens a file for appending, creating it, and closes it. */
  tryAppend(path: string): void
  /** Puts `content` in the place of a file: after a crash it holds the old content or the new. */
  replaceFile(path: string, content: Uint8Array): void
}

/** Writes `content` beside `path`, forces it to disk, renames it into place and forces the rename. */
function replaceFile(path: string, content: Uint8Array): void {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`
  try {
    writeFileSync(temporary, content, { flag: 'wx', mode: 0o644, flush: true })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** The process's own file system and working directory. */
export const processHost: Host = {
  workingDirectory: () => process.cwd(),
  changeDirectory: (path) => process.chdir(path),
  readFile: (path) => readFileSync(path),
  readStandardInput: () => readFileSync(0),
  listDirectory: (path) => readdirSync(path),
  tryAppend: (path) => closeSync(openSync(path, 'a')),
  replaceFile,
}

/** A working directory of its own within the process's file system, for servers embedded in other programs. */
export class DirectoryHost implements Host {
  private directory: string

  constructor(directory: string) {
    this.directory = realpathSync(directory)
  }

  workingDirectory(): string {
    return this.directory
  }

  changeDirectory(path: string): void {
    const directory = realpathSync(this.resolve(path))
    readdirSync(directory)
    this.directory = directory
  }

  readFile(path: string): Uint8Array {
    return processHost.readFile(this.resolve(path))
  }

  readStandardInput(): Uint8Array {
    return new Uint8Array(0)
  }

  listDirectory(path: string): string[] {
    return processHost.listDirectory(this.resolve(path))
  }

  tryAppend(path: string): void {
    processHost.tryAppend(this.resolve(path))
  }

  replaceFile(path: string, content: Uint8Array): void {
    processHost.replaceFile(this.resolve(path), content)
  }

  private resolve(path: string): string {
    return resolve(this.directory, path)
  }
}
