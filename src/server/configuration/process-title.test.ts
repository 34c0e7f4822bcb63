import { expect, test } from 'vitest'
import { expandTitle, titleVariables } from './process-title.ts'

const variables = { title: 'spinel', port: '6379', empty: '' }

test.each([
  ['', ''],
  ['{title}', 'spinel'],
  ['  {title}:{port} {empty}  ', 'spinel:6379'],
  ['a {{title} }', 'a {title} }'],
  ['{none}', null],
  ['{title', null],
  ['{', null],
  ['{constructor}', null],
])('%j becomes %j', (template, title) => {
  expect(expandTitle(template, variables)).toBe(title)
})

const shownWith = (values: Record<string, string>) => (name: string) => values[name] ?? ''

test('a server is known by its address', () => {
  const base = { port: '7000', 'tls-port': '0', bind: '127.0.0.1 ::1', 'cluster-enabled': 'no' }
  const at = (values: Record<string, string>) => titleVariables(shownWith({ ...base, ...values }), 'p', null)
  expect(at({})).toMatchObject({ 'listen-addr': '127.0.0.1:7000', 'server-mode': '', 'config-file': '-' })
  expect(at({ bind: '' })['listen-addr']).toBe('*:7000')
  expect(at({ port: '0', 'tls-port': '7001' })['listen-addr']).toBe('127.0.0.1:7001')
  expect(at({ port: '0', unixsocket: '/s' })['listen-addr']).toBe('unixsocket:/s')
  expect(at({ 'cluster-enabled': 'yes' })['server-mode']).toBe('[cluster]')
  expect(titleVariables(shownWith(base), 'p', '/etc/redis.conf')['config-file']).toBe('/etc/redis.conf')
})
