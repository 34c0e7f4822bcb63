import { expect, test } from 'vitest'
import { NOTIFY_ALL, NOTIFY_NEW, parseKeyspaceEvents, showKeyspaceEvents } from './keyspace-events.ts'

test.each([
  ['', ''],
  ['KEA', 'AKE'],
  ['AKE', 'AKE'],
  ['g$lshzxetd', 'A'],
  ['Ex', 'xE'],
  ['KEm', 'KEm'],
  ['nK', 'nK'],
  ['Kng', 'gnK'],
  ['ddd', 'd'],
])('%j is shown as %j', (letters, shown) => {
  expect(showKeyspaceEvents(parseKeyspaceEvents(letters))).toBe(shown)
})

test('A hides n, which stays selected', () => {
  const bits = parseKeyspaceEvents('An')
  expect(bits).toBe(NOTIFY_ALL | NOTIFY_NEW)
  expect(showKeyspaceEvents(bits)).toBe('A')
})

test.each(['KEB', ' ', 'a', 'K E'])('%j names a class that does not exist', (letters) => {
  expect(parseKeyspaceEvents(letters)).toBe(-1)
})
