/* Work that turns out long is left to the worker before anything is done: each command that can come to it, on values
 * that are large. A new command has to say here whether it can. */
import { expect, test } from 'vitest'
import { Args } from '../../base/args.ts'
import { HEAVY } from '../../base/command-spec.ts'
import { DEFERRED } from '../engine.ts'
import { TestEngine } from '../testing.ts'
import { shardFamilies } from './table.ts'

const ELEMENTS = 3000
const FAR_BIT = String(8 * 200_000)
const LONG_TEXT = 'x'.repeat(100_000)

/** One command a line, on the values that largeValues() makes. {a} and {b} are in different shards. */
const LONG = `
  APPEND string ${'y'.repeat(40_000)}
  BITCOUNT string
  BITPOS string 0
  BITFIELD bits SET u8 ${FAR_BIT} 1
  SETBIT bits ${FAR_BIT} 1
  SETRANGE bits 200000 x
  SETRANGE new 200000 x
  COPY {a}hash {b}copy
  COPY {a}nodes {b}copy
  COPY {a}string {b}copy
  COPY {a}hash {a}copy
  RENAME {a}hash {b}moved
  RENAMENX {a}nodes {b}moved
  SCAN 0 COUNT 2000
  HGETALL {a}hash
  HKEYS {a}hash
  HVALS {a}hash
  HSCAN {a}hash 0 COUNT 1000
  HRANDFIELD {a}hash 1500
  HRANDFIELD {a}hash 2900
  HRANDFIELD {a}hash -2000
  HRANDFIELD {a}hash 1200 WITHVALUES
  LINDEX {a}nodes 1500
  LSET {a}nodes 1500 x
  LINSERT {a}list BEFORE none x
  LPOP {a}list 2000
  RPOP {a}list 2000
  LPOS {a}list none
  LRANGE {a}list 0 -1
  LREM {a}list 0 none
  LTRIM {a}list 2000 -1
  LTRIM {a}list 1 0
  LMPOP 2 none {a}list LEFT COUNT 2000
  BLMPOP 0 2 none {a}list RIGHT COUNT 2000`
  .trim()
  .split('\n')
  .map((line) => line.trim().split(' '))

/** What takes the same time whatever it meets, as long as its arguments are, or its time for one value's bytes. */
const SHORT = `
  GET SET SETNX SETEX PSETEX GETSET GETDEL GETEX STRLEN MGET MSET MSETNX INCR DECR INCRBY DECRBY INCRBYFLOAT GETRANGE
  SUBSTR GETBIT BITFIELD_RO DEL UNLINK EXISTS TOUCH TYPE MOVE EXPIRE PEXPIRE EXPIREAT PEXPIREAT TTL PTTL EXPIRETIME
  PEXPIRETIME PERSIST DBSIZE SWAPDB RANDOMKEY HSET HMSET HSETNX HGET HMGET HDEL HLEN HSTRLEN HEXISTS HINCRBY
  HINCRBYFLOAT HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HTTL HPTTL HEXPIRETIME HPEXPIRETIME HPERSIST LPUSH RPUSH LPUSHX
  RPUSHX LLEN LMOVE RPOPLPUSH BLPOP BRPOP BLMOVE BRPOPLPUSH OBJECT DEBUG MEMORY`
  .trim()
  .split(/\s+/)

function largeValues(): TestEngine {
  const engine = new TestEngine({ shards: 3, arenaBytes: 32 * 1024 * 1024 })
  const names = Array.from({ length: ELEMENTS }, (_, i) => `element:${i}`)
  engine.must('HSET', '{a}hash', ...names.flatMap((name) => [name, 'value of it']))
  engine.must('RPUSH', '{a}list', ...names)
  engine.engine.configure('list-max-listpack-size', '1')
  engine.must('RPUSH', '{a}nodes', ...names)
  engine.must('SET', '{a}string', LONG_TEXT)
  engine.must('SET', 'string', LONG_TEXT)
  engine.must('SET', 'bits', 'x')
  for (const name of names) engine.must('SET', name, 'x')
  return engine
}

function digestOf(engine: TestEngine): unknown {
  return engine.must('DEBUG', 'DIGEST')
}

test('every command is known here', () => {
  const long = new Set(LONG.map(([name]) => name))
  const names = shardFamilies.flatMap(({ commands }) =>
    commands.filter(({ flags }) => (flags & HEAVY) === 0).map(({ name }) => name),
  )
  expect(names.filter((name) => !long.has(name) && !SHORT.includes(name))).toEqual([])
})

test('long work is left with nothing replied or changed, and is done where it cannot be left', () => {
  const engine = largeValues()
  const before = digestOf(engine)
  for (const words of LONG) {
    const args = Args.of(...words)
    const about = words.join(' ').slice(0, 60)
    const command = engine.engine.commands.resolve(args)
    if (command === undefined) throw new Error(about)
    const key = command.firstKey
    const shard = command.runs === 'shard' ? engine.engine.shardOf(args.bytes, args.offset[key], args.length[key]) : 0
    engine.engine.select(shard, 0)
    engine.reply.reset()
    if (words[0] === 'BLMPOP') {
      expect(engine.engine.runOrWait(command.id, args, engine.reply, true), about).toBe(DEFERRED)
    } else expect(engine.engine.runShort(command.id, args, engine.reply), about).toBe(false)
    expect(engine.reply.length, about).toBe(0)
    expect(digestOf(engine), about).toBe(before)
  }
  for (const words of LONG) {
    const fresh = largeValues()
    fresh.must(...words)
    fresh.check()
  }
})
