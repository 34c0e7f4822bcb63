import { expect, test } from 'vitest'
import { parseInfo } from './control-connection.ts'

test('INFO becomes fields; headings and empty lines are passed over, values may hold colons', () => {
  const info = parseInfo(
    '# Server\r\nredis_version:7.0.15\r\nexecutable:/a:b\r\n\r\n# Clients\r\nconnected_clients:1\r\n',
  )
  expect([...info]).toEqual([
    ['redis_version', '7.0.15'],
    ['executable', '/a:b'],
    ['connected_clients', '1'],
  ])
})
