import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bytesOf, textOf } from '../../base/bytes.ts'
import { DirectoryHost, processHost } from './host.ts'

let directory = ''
let host: DirectoryHost

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'host-')))
  host = new DirectoryHost(directory)
})

afterEach(() => rmSync(directory, { recursive: true }))

test('a file is replaced as a whole, readable by others, and nothing is left beside it', () => {
  host.replaceFile('a.conf', bytesOf('one'))
  host.replaceFile('a.conf', bytesOf('two'))
  expect(readFileSync(join(directory, 'a.conf'), 'utf8')).toBe('two')
  expect(statSync(join(directory, 'a.conf')).mode & 0o777).toBe(0o644 & ~process.umask())
  expect(readdirSync(directory)).toEqual(['a.conf'])
})

test('a file that can not be replaced leaves nothing either', () => {
  mkdirSync(join(directory, 'a.conf'))
  expect(() => host.replaceFile('a.conf', bytesOf('one'))).toThrow('EISDIR')
  expect(readdirSync(directory)).toEqual(['a.conf'])
  expect(() => host.replaceFile('none/a.conf', bytesOf('one'))).toThrow('ENOENT')
})

test('paths follow the directory, which only an existing one can be', () => {
  mkdirSync(join(directory, 'sub'))
  writeFileSync(join(directory, 'sub/file'), 'x')
  host.changeDirectory('sub')
  expect(host.workingDirectory()).toBe(join(directory, 'sub'))
  expect(textOf(host.readFile('file'))).toBe('x')
  expect(host.listDirectory('.')).toEqual(['file'])
  host.tryAppend('new')
  expect(readFileSync(join(directory, 'sub/new'), 'utf8')).toBe('')
  expect(() => host.changeDirectory('none')).toThrow('ENOENT')
  expect(() => host.changeDirectory('file')).toThrow('ENOTDIR')
  expect(host.workingDirectory()).toBe(join(directory, 'sub'))
  host.changeDirectory('..')
  expect(host.workingDirectory()).toBe(directory)
})

test("the process's host moves the process", () => {
  const before = process.cwd()
  try {
    processHost.changeDirectory(directory)
    expect(process.cwd()).toBe(directory)
    expect(processHost.workingDirectory()).toBe(directory)
  } finally {
    process.chdir(before)
  }
})
