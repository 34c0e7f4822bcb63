/* RESTORE over a whole server: what is wrong with a payload stands in the log, whichever thread has found it. */
import { expect, test } from 'vitest'
import { RDB_HASH_LISTPACK } from '../../src/shard-worker/rdb/format.ts'
import { payloadOf } from '../../src/shard-worker/rdb/testing.ts'
import { INLINE_EXECUTION_MODES, startSpinel } from '../support/server.ts'

test.each(INLINE_EXECUTION_MODES)('a broken payload is refused and logged (inline-execution %s)', async (mode) => {
  const server = await startSpinel({
    directives: { loglevel: 'verbose' },
    spinelDirectives: { 'inline-execution': mode, 'shard-workers': 2, shards: 4 },
  })
  const client = await server.connect()
  const payload = payloadOf(RDB_HASH_LISTPACK, (writer) => writer.text('no listpack'))
  for (const key of ['a', 'b', 'c']) {
    expect(await client.call('RESTORE', key, 0, payload)).toEqual(new Error('ERR Bad data format'))
  }
  const line = / - Internal error in RDB reading -> Hash listpack integrity check failed\./g
  await expect.poll(() => server.log().match(line)?.length, { timeout: 10_000 }).toBe(3)
  client.close()
  await server.stop()
})
