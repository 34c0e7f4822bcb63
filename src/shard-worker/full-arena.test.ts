/* Commands of all families on shards that are always full: whatever room is made, and whether it does or not, every
 * structure stays whole. */
import { expect, test } from 'vitest'
import { Random } from '../../test/support/random.ts'
import { EVICTED_KEYS } from './keyspace/shard-layout.ts'
import { ErrorReply, TestEngine } from './testing.ts'

const key = (random: Random) => `key:${random.next() % 300}`
const bytes = (random: Random) => 'x'.repeat(random.next() % [20, 200, 3000, 20_000][random.next() % 4])

const commands: ((random: Random) => string[])[] = [
  (random) => ['SET', key(random), bytes(random)],
  (random) => ['SET', key(random), bytes(random), 'EX', '100'],
  (random) => ['APPEND', key(random), bytes(random)],
  (random) => ['SETRANGE', key(random), String(random.next() % 30_000), 'x'],
  (random) => ['MSET', key(random), bytes(random), key(random), bytes(random), key(random), bytes(random)],
  (random) => ['INCRBY', key(random), '7'],
  (random) => ['EXPIRE', key(random), '100'],
  (random) => ['COPY', key(random), key(random), 'REPLACE'],
  (random) => ['RENAME', key(random), key(random)],
  (random) => ['DEL', key(random)],
  (random) => ['GET', key(random)],
  (random) => ['HSET', key(random), `field:${random.next() % 700}`, bytes(random), `f${random.next() % 9}`, 'y'],
  (random) => ['HDEL', key(random), `field:${random.next() % 700}`],
  (random) => ['HINCRBY', key(random), `n${random.next() % 600}`, '1'],
  (random) => ['RPUSH', key(random), bytes(random), bytes(random), 'z'],
  (random) => ['LPUSH', key(random), bytes(random)],
  (random) => ['LPOP', key(random), '3'],
  (random) => ['LMOVE', key(random), key(random), 'LEFT', 'RIGHT'],
]

test.each(['allkeys-lru', 'allkeys-random', 'volatile-ttl'])('%s', (policy) => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed)
    const engine = new TestEngine({ shards: 2, arenaBytes: 512 * 1024, databases: 2 })
    engine.engine.configure('maxmemory-policy', policy)
    let refused = 0
    for (let n = 0; n < 3000; n++) {
      const reply = engine.run(...commands[random.next() % commands.length](random))
      if (reply instanceof ErrorReply && reply.text.startsWith('OOM')) refused++
      if (n % 20 === 0) for (const shard of engine.engine.shards) shard.check()
    }
    const evicted = engine.engine.shards.reduce((sum, { counters }) => sum + counters[EVICTED_KEYS], 0)
    if (policy.startsWith('allkeys')) {
      expect(evicted).toBeGreaterThan(100)
      expect(refused).toBe(0)
    } else expect(refused).toBeGreaterThan(0)
    for (const shard of engine.engine.shards) shard.check()
  }
})

test('what is refused when nothing may go has changed nothing', () => {
  const others: ((random: Random) => string[])[] = [
    (random) => ['HPEXPIRE', key(random), '1000000', 'FIELDS', '2', 'f1', `field:${random.next() % 700}`],
    (random) => ['LSET', key(random), '0', bytes(random)],
    (random) => ['LINSERT', key(random), 'AFTER', 'z', bytes(random)],
    (random) => ['LTRIM', key(random), '1', '-2'],
    (random) => ['SORT', key(random), 'ALPHA', 'STORE', key(random)],
    (random) => ['BITOP', 'OR', key(random), key(random), key(random)],
    (random) => ['SETBIT', key(random), String(random.next() % 200_000), '1'],
    (random) => ['GETEX', key(random), 'EX', '100'],
  ]
  for (const seed of [1, 2]) {
    const random = new Random(seed)
    const engine = new TestEngine({ shards: 2, arenaBytes: 256 * 1024, databases: 2 })
    let refused = 0
    for (let n = 0; n < 400; n++) {
      const before = engine.must('DEBUG', 'DIGEST')
      const command = random.pick([...commands, ...others])(random)
      const reply = engine.run(...command)
      if (!(reply instanceof ErrorReply && reply.text.startsWith('OOM'))) continue
      refused++
      expect(engine.must('DEBUG', 'DIGEST'), command.map((word) => word.slice(0, 30)).join(' ')).toBe(before)
      engine.check()
    }
    expect(refused).toBeGreaterThan(0)
  }
})
