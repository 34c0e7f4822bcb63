import { describe, expect, test } from 'vitest'
import { Random } from '../../test/support/random.ts'
import { Args } from '../base/args.ts'
import { CommandTable } from '../base/command-table.ts'
import { type Clock, SeededRandom } from '../base/ports.ts'
import { Reply } from '../base/reply.ts'
import { Arena } from '../shm/arena/arena.ts'
import { shardFamilies } from './command/table.ts'
import { Engine } from './engine.ts'
import { Shard } from './keyspace/shard.ts'
import { EVICTED_KEYS, KEYSPACE_HITS } from './keyspace/shard-layout.ts'

const MIB = 1024 * 1024

/** An engine whose clock goes on by `elapsedUs` whenever it is asked. */
function engineOf(shards: number, elapsedUs = 0, arenaBytes = MIB): Engine {
  let us = 0
  const clock: Clock = {
    nowMs: () => 1e12,
    monotonicUs: () => {
      us += elapsedUs
      return us
    },
  }
  const arenas = Array.from({ length: shards }, () => {
    const arena = Arena.create(arenaBytes)
    Shard.initialize(arena, 2, 7)
    return arena
  })
  const engine = new Engine(new CommandTable(shardFamilies), arenas, clock, new SeededRandom(1))
  engine.begin(1e12)
  return engine
}

/** Runs a command as a batch of its own; the reply as latin1 text. */
function run(engine: Engine, ...words: string[]): string {
  const args = Args.of(...words)
  const reply = new Reply()
  const command = engine.commands.resolve(args)
  if (command === undefined) throw new Error(`no command ${words[0]}`)
  const key = command.firstKey
  const shard = command.runs === 'shard' ? engine.shardOf(args.bytes, args.offset[key], args.length[key]) : 0
  engine.select(shard, 0)
  engine.run(command.id, args, reply)
  return Buffer.from(reply.bytes.buffer, 0, reply.length).toString('latin1')
}

describe('where a key lies', () => {
  test('is the same by either way of asking, and the same for keys that share a tag', () => {
    const random = new Random(41)
    for (const shards of [1, 2, 3, 12]) {
      const engine = engineOf(shards, 0, MIB / 4)
      const seen = new Set<number>()
      for (let round = 0; round < 300; round++) {
        const tag = String(random.next())
        const args = Args.of('MGET', tag, `{${tag}}x`, `y{${tag}}{z}`, `{}${tag}`)
        const command = engine.commands.byName('mget')
        if (command === undefined) throw new Error('MGET is a command')
        engine.locateKeys(command, args)
        const located = [...args.keyShard.subarray(1, 5)]
        const asked = [1, 2, 3, 4].map((i) => engine.shardOf(args.bytes, args.offset[i], args.length[i]))
        expect(located).toEqual(asked)
        expect(new Set(located.slice(0, 3)).size).toBe(1)
        for (const shard of located) seen.add(shard)
      }
      expect(seen.size).toBe(shards)
    }
  })

  test('has the hash that the table of any shard gives it', () => {
    const engine = engineOf(3, 0, MIB / 4)
    for (const key of ['', 'a', 'abc', '{tag}', 'a longer key than the others', '\xff\0']) {
      const args = Args.of('GET', key)
      engine.locate(args, 1)
      for (const { keyspaces } of engine.shards) {
        expect(keyspaces[0].keys.hash(args.bytes, args.offset[1], args.length[1])).toBe(args.keyHash[1])
      }
    }
  })
})

describe('a full arena', () => {
  test('is answered, with nothing left of the reply that was begun, and leaves the shard whole', () => {
    const engine = engineOf(1, 0, MIB / 2)
    const OOM = '-OOM the shard that owns this key has no room left\r\n'
    let stored = 0
    while (run(engine, 'SET', `key${stored}`, 'x'.repeat(5000)) === '+OK\r\n') stored++
    expect(stored).toBeGreaterThan(10)
    expect(run(engine, 'SETRANGE', 'other', '100000', 'x')).toBe(OOM)
    expect(run(engine, 'GET', 'key0')).toBe(`$5000\r\n${'x'.repeat(5000)}\r\n`)
    expect(run(engine, 'DEL', 'key0')).toBe(':1\r\n')
    expect(run(engine, 'SET', 'again', 'x'.repeat(5000))).toBe('+OK\r\n')
    engine.shards[0].check()
    expect(engine.statistics.errors).toEqual(new Map([['OOM', 2]]))
  })

  test('gives up keys of its own when the policy lets it, and those only', () => {
    const engine = engineOf(2, 0, MIB / 2)
    engine.configure('maxmemory-policy', 'volatile-ttl')
    const keys = (word: string) => Array.from({ length: 400 }, (_, i) => `${word}:${i}`)
    const sets = (each: string[]) => each.map((key) => run(engine, 'SET', key, 'x'.repeat(1500), 'PX', '10000'))
    // 256 KiB in each shard at most: less than what comes.
    expect(new Set(sets(keys('first')))).toEqual(new Set(['+OK\r\n']))
    expect(new Set(sets(keys('second')))).toEqual(new Set(['+OK\r\n']))
    const evicted = engine.shards.map(({ counters }) => counters[EVICTED_KEYS])
    expect(Math.min(...evicted)).toBeGreaterThan(100)
    const [first] = engine.shards
    const before = first.keyspaces[0].keys.used
    let other = 0
    while (engine.shardOf(Buffer.from(`k${other}`), 0, `k${other}`.length) === 0) other++
    run(engine, 'SET', `k${other}`, 'x'.repeat(3000))
    expect(first.keyspaces[0].keys.used).toBe(before)
    // Several keys: the fullest of their shards gives way.
    expect(run(engine, 'MSET', 'a', 'x'.repeat(9000), 'b', 'x'.repeat(9000), 'c', 'x'.repeat(9000))).toBe('+OK\r\n')
    for (const shard of engine.shards) shard.check()
  })

  test('stays full when what may go is gone', () => {
    const engine = engineOf(1, 0, MIB / 2)
    engine.configure('maxmemory-policy', 'volatile-lru')
    run(engine, 'SET', 'volatile', 'x', 'EX', '100')
    let stored = 0
    while (run(engine, 'SET', `key${stored}`, 'x'.repeat(5000)) === '+OK\r\n') stored++
    expect(run(engine, 'EXISTS', 'volatile')).toBe(':0\r\n')
    expect(run(engine, 'GET', 'key1')).toBe(`$5000\r\n${'x'.repeat(5000)}\r\n`)
    engine.shards[0].check()
  })

  test('is made room in for no longer than the tenacity allows', () => {
    const engine = engineOf(1, 300, MIB)
    while (run(engine, 'SET', `key${engine.shards[0].keyspaces[0].keys.used}`, 'x'.repeat(100)) === '+OK\r\n');
    engine.configure('maxmemory-policy', 'allkeys-random')
    const before = engine.shards[0].keyspaces[0].keys.used
    expect(run(engine, 'SETRANGE', 'large', '900000', 'x')).toMatch(/^-OOM/)
    expect(before - engine.shards[0].keyspaces[0].keys.used).toBeLessThan(100)
  })

  test('is the only thing that is caught: a bug comes through', () => {
    const engine = engineOf(1)
    const reply = new Reply()
    const broken = new Args(new Uint8Array(0))
    broken.push(0, 0)
    broken.push(0, Number.NaN)
    const { handler } = engine.commands.commands[0]
    engine.commands.commands[0].handler = () => {
      throw new TypeError('a bug')
    }
    expect(() => engine.run(0, broken, reply)).toThrow('a bug')
    engine.commands.commands[0].handler = handler
  })
})

describe('timing', () => {
  const idOf = (engine: Engine, name: string) => engine.commands.byName(name)?.id ?? -1

  test('cheap commands share the time of their batch, heavy and large ones are timed alone', () => {
    const engine = engineOf(1, 50)
    const { statistics } = engine
    run(engine, 'SET', 'a', 'x')
    run(engine, 'GET', 'a')
    expect(statistics.totalCalls).toBe(0)
    run(engine, 'KEYS', '*')
    run(engine, 'SET', 'a', 'x'.repeat(20_000))
    expect([statistics.microseconds[idOf(engine, 'keys')], statistics.microseconds[idOf(engine, 'set')]]).toEqual([
      50, 50,
    ])
    statistics.endBatch(180)
    expect(statistics.microseconds[idOf(engine, 'get')]).toBe(40)
    expect(statistics.microseconds[idOf(engine, 'set')]).toBe(90)
    expect(statistics.totalUs).toBe(180)
  })

  test('everything is timed alone once somebody asks for commands faster than a batch can hide', () => {
    const engine = engineOf(1, 50)
    engine.configure('slowlog-log-slower-than', '1000')
    run(engine, 'GET', 'a')
    expect(engine.statistics.totalCalls).toBe(1)
    expect(engine.slow.pending).toBe(false)
    engine.configure('slowlog-log-slower-than', '50')
    run(engine, 'GET', 'a')
    expect(engine.slow).toMatchObject({ pending: true, command: idOf(engine, 'get'), durationUs: 50, argumentCount: 2 })
    engine.slow.pending = false
    engine.configure('slowlog-log-slower-than', '10000')
    engine.configure('latency-monitor-threshold', '1')
    run(engine, 'GET', 'a')
    expect([engine.statistics.totalCalls, engine.slow.pending]).toEqual([3, false])
  })

  test('a failure counts as one, whatever way it was timed', () => {
    const engine = engineOf(1)
    run(engine, 'SET', 'a', 'x')
    run(engine, 'INCR', 'a')
    engine.configure('slowlog-log-slower-than', '0')
    run(engine, 'INCR', 'a')
    expect(engine.statistics.failed[idOf(engine, 'incr')]).toBe(2)
  })
})

describe('long work', () => {
  /** A hash whose reply is long in elements or in bytes, and one whose reply is short. */
  function engineWithHashes(): Engine {
    const engine = engineOf(1, 10)
    for (let i = 0; i < 600; i++) run(engine, 'HSET', 'many', `f${i}`, 'v')
    run(engine, 'HSET', 'large', 'f', 'v'.repeat(70_000))
    for (let i = 0; i < 20; i++) run(engine, 'HSET', 'short', `f${i}`, 'v')
    engine.statistics.endBatch(0)
    engine.statistics.reset()
    return engine
  }

  const runShort = (engine: Engine, ...words: string[]): number => {
    const args = Args.of(...words)
    const reply = new Reply()
    engine.select(0, 0)
    const hasRun = engine.runShort(engine.commands.resolve(args)?.id ?? -1, args, reply)
    expect(reply.length > 0).toBe(hasRun)
    return hasRun ? reply.length : -1
  }

  test('is left to the worker with nothing done or counted, and done where it cannot be left', () => {
    const engine = engineWithHashes()
    const { counters } = engine.shards[0]
    const hits = counters[KEYSPACE_HITS]
    for (const name of ['HGETALL', 'HKEYS', 'HVALS']) {
      for (const key of ['many', 'large']) expect(runShort(engine, name, key)).toBe(-1)
      expect(runShort(engine, name, 'short')).toBeGreaterThan(0)
      expect(runShort(engine, name, 'none')).toBeGreaterThan(0)
    }
    engine.statistics.endBatch(0)
    expect(engine.statistics.totalCalls).toBe(6)
    expect(counters[KEYSPACE_HITS]).toBe(hits + 3)
    expect(run(engine, 'HGETALL', 'many').slice(0, 5)).toBe('*1200')
    expect(runShort(engine, 'HGETALL', 'many')).toBe(-1)
  })

  test('is timed by itself', () => {
    const engine = engineWithHashes()
    engine.configure('slowlog-log-slower-than', '5000')
    run(engine, 'HGETALL', 'many')
    const { id } = engine.commands.byName('hgetall') ?? { id: -1 }
    expect(engine.statistics.calls[id]).toBe(1)
    run(engine, 'HGETALL', 'short')
    expect(engine.statistics.calls[id]).toBe(1)
  })
})
