import { afterAll, beforeAll, expect, test } from 'vitest'
import { withControl } from '../control-connection.ts'
import { type RunningServer, startServer } from '../process.ts'
import { FILLINGS, fillCollection, KEY_OF, storeCollections } from './collections.ts'

let redis: RunningServer

beforeAll(async () => {
  redis = await startServer('redis', ['redis-server'], [])
})

afterAll(() => redis.stop())

const ask = (...words: string[]) => withControl(redis.endpoint, (control) => control.command(...words))

test('a filling is there once, however often it is asked for', async () => {
  for (const filling of [...FILLINGS, ...FILLINGS]) await fillCollection(redis.endpoint, filling, 1234)
  expect(await ask('DBSIZE')).toBe(String(FILLINGS.length))
  expect(await ask('LLEN', KEY_OF.list)).toBe('1234')
  expect(await ask('LLEN', KEY_OF['short-list'])).toBe('1000')
  expect(await ask('HLEN', KEY_OF.hash)).toBe('1234')
  expect(await ask('HGET', KEY_OF.hash, 'element:000000001233')).toBe('xxx')
  expect(await ask('HLEN', KEY_OF['small-hash'])).toBe('20')
})

test('what is stored to be measured is as many hashes, or one list', async () => {
  await ask('FLUSHALL')
  await storeCollections(redis.endpoint, 'hash10', 12)
  expect(await ask('DBSIZE')).toBe('12')
  expect(await ask('HLEN', 'hash:000000000011')).toBe('10')
  await ask('FLUSHALL')
  await storeCollections(redis.endpoint, 'list', 1700)
  expect(await ask('DBSIZE')).toBe('1')
  expect(await ask('LINDEX', 'list', '-1')).toBe('element:1699')
})
