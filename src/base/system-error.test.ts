import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { systemErrorCode, systemErrorText } from './system-error.ts'

function errorOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('no error')
}

test("the operating system's errors have strerror's text", () => {
  const missing = errorOf(() => readFileSync('/nowhere/at/all'))
  expect(systemErrorCode(missing)).toBe('ENOENT')
  expect(systemErrorText(missing)).toBe('No such file or directory')
  expect(systemErrorText(errorOf(() => readdirSync('/etc/passwd')))).toBe('Not a directory')
  expect(systemErrorText(errorOf(() => readFileSync('/')))).toBe('Is a directory')
})

test('other errors keep their message', () => {
  expect(systemErrorText(new Error('broken'))).toBe('broken')
  expect(systemErrorText('thrown')).toBe('thrown')
  expect(systemErrorCode('thrown')).toBe('')
})
