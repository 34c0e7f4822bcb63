import { expect, test } from 'vitest'
import { wholeTable } from './command-table.ts'
import { renameCheck, renameCommands } from './rename-command.ts'
import { ioFamilies } from './server-commands.ts'

test('lines are checked one after the other', () => {
  const check = renameCheck()
  expect(check(['GET', 'fetch'])).toBeNull()
  expect(check(['get', 'x'])).toBe('No such command in rename-command')
  expect(check(['set', 'get'])).toBeNull()
  expect(check(['config', ''])).toBeNull()
  expect(check(['info', ''])).toBeNull()
  expect(check(['ping', 'CONFIG'])).toBeNull()
  expect(check(['del', 'FETCH'])).toBe('Target command name already exists')
})

test('the table follows them', () => {
  const table = wholeTable(
    ioFamilies(() => {
      throw new Error('no server')
    }),
  )
  renameCommands(table, [
    ['GET', 'fetch'],
    ['config', ''],
    ['set', 'GET'],
  ])
  expect(table.byName('fetch')?.fullName).toBe('get')
  expect(table.byName('get')?.fullName).toBe('set')
  expect(table.byName('config')).toBeUndefined()
})
