/* Files that redis-server wrote, loaded here: the digest of all data must be the same. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { type Server, startOracle } from '../../../test/support/server.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { load } from './testing.ts'

const COUNTS = [1, 2, 30, 600]

interface Written {
  checksum: 'yes' | 'no'
  compression: 'yes' | 'no'
  policy: string
}

let oracle: Server
let client: RawClient

async function start({ checksum, compression, policy }: Written): Promise<void> {
  oracle = await startOracle({
    directives: {
      rdbchecksum: checksum,
      rdbcompression: compression,
      'maxmemory-policy': policy,
      'list-compress-depth': 1,
      'list-max-listpack-size': 64,
      'enable-debug-command': 'yes',
    },
  })
  client = await oracle.connect()
}

function texts(random: Random, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    random.pick([
      String(i),
      `element ${i}`,
      String(random.next() - 2 ** 31),
      'long '.repeat(random.below(100)),
      `\0\xff${i}`,
    ]),
  )
}

async function fill(random: Random): Promise<void> {
  for (const db of [0, 1, 9]) {
    await client.command('SELECT', db)
    for (let i = 0; i < 120; i++) {
      const key = random.pick([`key ${i}`, String(i), `${'k'.repeat(30)}${i}`])
      const commands = [
        ['SET', key, texts(random, 1)[0]],
        ['RPUSH', key, ...texts(random, random.pick(COUNTS))],
        ['HSET', key, ...texts(random, random.pick(COUNTS)).flatMap((text, f) => [`field ${f}`, text])],
      ]
      await client.command('DEL', key)
      await client.command(...random.pick(commands).map((word) => Buffer.from(word, 'latin1')))
      if (random.chance(0.3)) await client.command('PEXPIRE', key, 1_000_000 + random.below(1e9))
    }
  }
}

test.each<Written>([
  { checksum: 'yes', compression: 'yes', policy: 'noeviction' },
  { checksum: 'no', compression: 'no', policy: 'allkeys-lru' },
  { checksum: 'yes', compression: 'no', policy: 'volatile-lfu' },
])('a file of redis-server: %o', async (written) => {
  await start(written)
  let digest: string
  let file: Uint8Array
  try {
    await fill(new Random(written.policy.length))
    expect((await client.command('SAVE')).toString()).toBe('+OK\r\n')
    digest = (await client.command('DEBUG', 'DIGEST')).toString().trim()
    file = readFileSync(path.join(oracle.directory, 'dump.rdb'))
  } finally {
    client.close()
    await oracle.stop()
  }
  for (const shards of [1, 4]) {
    const engine = new TestEngine({ shards, arenaBytes: 64 * 1024 * 1024, nowMs: Date.now() })
    engine.engine.configure('maxmemory-policy', written.policy)
    const { notices, aux } = load(engine, file, {}, [10_000])
    expect(`+${engine.must('DEBUG', 'DIGEST')}`).toBe(digest)
    expect(notices.length).toBe(written.checksum === 'no' ? 1 : 0)
    expect(aux.map(([name]) => name)).toContain('redis-ver')
    engine.check()
  }
})
