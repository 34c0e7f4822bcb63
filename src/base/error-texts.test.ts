import { expect, test } from 'vitest'
import { Args } from './args.ts'
import * as errors from './error-texts.ts'

test('an unknown command is quoted with the first of its arguments', () => {
  expect(errors.unknownCommand(Args.of('foo', 'a', 'b'))).toBe(
    "ERR unknown command 'foo', with args beginning with: 'a' 'b' ",
  )
})

test('what is quoted of an unknown command is at most 128 bytes of each kind', () => {
  const text = errors.unknownCommand(Args.of('x'.repeat(200), 'y'.repeat(200), 'z'))
  expect(text).toContain(`'${'x'.repeat(128)}'`)
  expect(text).not.toContain('x'.repeat(129))
  expect(text).toContain('y'.repeat(128))
  expect(text).not.toContain('y'.repeat(129))
  expect(text).not.toContain('z')
})

test('an aborted EXEC repeats the reason without its code', () => {
  expect(errors.execAborted('ERR wrong')).toBe('EXECABORT Transaction discarded because of: wrong')
})

test('every constant text begins with its code', () => {
  for (const [name, text] of Object.entries(errors)) {
    // Redis has one error of nothing but a code: what failed is in the log.
    if (typeof text === 'string' && name !== 'FAILED') expect(text, name).toMatch(/^[A-Z]+ \S/)
  }
})
