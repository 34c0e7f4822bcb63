/* A command that finds its arena full changes nothing: neither a value, nor an encoding, nor an expiry, nor what is
 * counted. Random commands on values that nearly fill an arena. */
import { expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { DENYOOM } from '../../base/command-spec.ts'
import { DIRTY } from '../keyspace/shard-layout.ts'
import { TestEngine } from '../testing.ts'
import { shardFamilies } from './table.ts'

const STRESS = Number(process.env['ARENA_STRESS'] ?? 1)
const COMMANDS = 300 * STRESS
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']
const ARENA_BYTES = 1024 * 1024
/** Commands that do what others do, which are here. */
const ALIKE = `
  PSETEX DECR INCRBY DECRBY HMSET HPEXPIRE HEXPIREAT HPEXPIREAT LPUSHX RPOPLPUSH BLMOVE BRPOPLPUSH`
  .trim()
  .split(/\s+/)

/** What a client can see of every key, and what is counted. */
function stateOf(engine: TestEngine): string {
  const lines = KEYS.map((key) => {
    const encoding = engine.raw('OBJECT', 'ENCODING', key)
    return `${key} ${engine.raw('DEBUG', 'DIGEST-VALUE', key)} ${encoding} ${engine.raw('PEXPIRETIME', key)}`
  })
  return `${lines.join('\n')}\n${engine.engine.shards[0].counters[DIRTY]}`
}

class Commands {
  private readonly random: Random

  constructor(random: Random) {
    this.random = random
  }

  next(): string[] {
    const { random } = this
    return random.pick(FORMS)(this)
  }

  key(): string {
    return this.random.pick(KEYS)
  }

  index(): string {
    return String(this.random.between(-40, 40))
  }

  end(): string {
    return this.random.pick(['LEFT', 'RIGHT'])
  }

  /** Texts that compress well or not at all, mostly short. */
  text(): string {
    const { random } = this
    const length = random.pick([1, 5, 20, 60, 70, 200, 700, 3000, 9000, 30_000])
    if (random.chance(0.5)) return random.pick(['x', 'y', 'z']).repeat(length)
    return Array.from({ length }, () => String.fromCharCode(random.below(256))).join('')
  }

  texts(most = 12): string[] {
    return Array.from({ length: this.random.between(1, most) }, () => this.text())
  }

  field(): string {
    return `field:${this.random.below(60)}`
  }

  fields(): string[] {
    return [...new Set(Array.from({ length: this.random.between(1, 20) }, () => this.field()))]
  }

  /** What DUMP gives of a list or hash. */
  payload(): string {
    const engine = new TestEngine({ arenaBytes: 2 * 1024 * 1024 })
    if (this.random.chance(0.5)) engine.must('RPUSH', 'k', ...this.texts(20))
    else engine.must('HSET', 'k', ...this.pairs())
    return String(engine.must('DUMP', 'k'))
  }

  pairs(): string[] {
    return this.fields().flatMap((field) => [field, this.text()])
  }
}

const FORMS: ((make: Commands) => string[])[] = [
  (make) => ['SET', make.key(), make.text()],
  (make) => ['SET', make.key(), make.text(), 'EX', '100'],
  (make) => ['APPEND', make.key(), make.text()],
  (make) => ['SETRANGE', make.key(), '50000', make.text()],
  (make) => ['SETBIT', make.key(), '600000', '1'],
  (make) => ['BITFIELD', make.key(), 'SET', 'u8', '500000', '7'],
  (make) => ['BITOP', 'OR', make.key(), make.key(), make.key()],
  (make) => ['INCR', make.key()],
  (make) => ['MSET', make.key(), make.text(), make.key(), make.text()],
  (make) => ['GETSET', make.key(), make.text()],
  (make) => ['GETEX', make.key(), 'EX', '1000'],
  (make) => ['EXPIRE', make.key(), '1000'],
  (make) => ['PERSIST', make.key()],
  (make) => ['RENAME', make.key(), make.key()],
  (make) => ['COPY', make.key(), make.key(), 'REPLACE'],
  (make) => ['RPUSH', make.key(), ...make.texts()],
  (make) => ['LPUSH', make.key(), ...make.texts()],
  (make) => ['RPUSH', make.key(), ...make.texts()],
  (make) => ['LPUSH', make.key(), ...make.texts(40)],
  (make) => ['LPOP', make.key()],
  (make) => ['RPOP', make.key(), '5'],
  (make) => ['LSET', make.key(), make.index(), make.text()],
  (make) => ['LINSERT', make.key(), 'AFTER', 'x', make.text()],
  (make) => ['LREM', make.key(), '0', 'x'],
  (make) => ['LTRIM', make.key(), make.index(), make.index()],
  (make) => ['LMOVE', make.key(), make.key(), make.end(), make.end()],
  (make) => ['LMOVE', make.key(), make.key(), make.end(), make.end()],
  (make) => ['LMPOP', '2', make.key(), make.key(), make.end(), 'COUNT', '7'],
  (make) => ['SORT', make.key(), 'ALPHA', 'STORE', make.key()],
  (make) => ['HSET', make.key(), ...make.pairs()],
  (make) => ['HSET', make.key(), ...make.pairs()],
  (make) => ['HSET', make.key(), make.field(), make.text()],
  (make) => ['HSETNX', make.key(), make.field(), make.text()],
  (make) => ['HINCRBY', make.key(), make.field(), '1'],
  (make) => ['HDEL', make.key(), ...make.fields()],
  (make) => {
    const fields = make.fields()
    return ['HEXPIRE', make.key(), '1000', 'FIELDS', String(fields.length), ...fields]
  },
  (make) => {
    const fields = make.fields()
    return ['HPERSIST', make.key(), 'FIELDS', String(fields.length), ...fields]
  },
  (make) => ['DEL', make.key()],
  (make) => ['SETNX', make.key(), make.text()],
  (make) => ['SETEX', make.key(), '100', make.text()],
  (make) => ['MSETNX', make.key(), make.text(), make.key(), make.text()],
  (make) => ['INCRBYFLOAT', make.key(), '1.5'],
  (make) => ['HINCRBYFLOAT', make.key(), make.field(), '1.5'],
  (make) => ['RPUSHX', make.key(), ...make.texts()],
  (make) => ['RESTORE', make.key(), '0', make.payload(), 'REPLACE'],
]

/** Strings that nobody touches fill the arena, but for what some of them leave. */
function fill(engine: TestEngine, random: Random): void {
  let fillers = 0
  while (engine.raw('SET', `filler:${fillers}`, 'x'.repeat(4000)) === '+OK\r\n') fillers++
  for (let i = random.below(24); i > 0; i--) engine.must('DEL', `filler:${random.below(fillers)}`)
}

function varyLimits({ engine }: TestEngine, random: Random): void {
  engine.configure('list-compress-depth', random.pick(['0', '1', '2']))
  engine.configure('list-max-listpack-size', random.pick(['-2', '5', '-1', '1']))
  engine.configure('hash-max-listpack-entries', random.pick(['512', '16', '0']))
  engine.configure('hash-max-listpack-value', random.pick(['64', '3000']))
}

test('every command that may need memory is among them', () => {
  const made = new Set(Array.from({ length: 3000 }, (_, i) => new Commands(new Random(i)).next()[0]))
  const names = shardFamilies.flatMap(({ commands }) =>
    commands.filter(({ flags }) => flags & DENYOOM).map(({ name }) => name),
  )
  expect(names.filter((name) => !made.has(name) && !ALIKE.includes(name))).toEqual([])
})

test.each(Array.from({ length: 6 }, (_, i) => i + 1))('nothing has changed after an OOM error (seed %i)', (seed) => {
  const random = new Random(seed)
  const engine = new TestEngine({ arenaBytes: ARENA_BYTES })
  const make = new Commands(random)
  let refused = 0
  for (let i = 0; i < COMMANDS; i++) {
    if (i % 10 === 0) fill(engine, random)
    if (i % 25 === 0) varyLimits(engine, random)
    const before = stateOf(engine)
    const words = make.next()
    if (!engine.raw(...words).startsWith('-OOM')) continue
    refused++
    expect(stateOf(engine), `${words.map((word) => word.slice(0, 20)).join(' ')} (${i})`).toBe(before)
    engine.check()
  }
  engine.check()
  expect(refused).toBeGreaterThan(COMMANDS / 10)
})

test('what there is room for is set, however little is left beside it', () => {
  for (const limit of ['512', '0']) {
    const engine = new TestEngine({ arenaBytes: ARENA_BYTES })
    engine.engine.configure('hash-max-listpack-entries', limit)
    engine.must('HSET', 'h', ...Array.from({ length: 100 }, (_, i) => [`field:${i}`, 'v']).flat())
    let fillers = 0
    while (engine.raw('SET', `filler:${fillers}`, 'x'.repeat(4000)) === '+OK\r\n') fillers++
    for (let i = 0; i < 40; i++) engine.must('DEL', `filler:${i}`)
    const fields = Array.from({ length: 60 }, (_, i) => `field:${2 * i}`)
    expect(engine.must('HSET', 'h', ...fields.flatMap((field) => [field, 'another']))).toBe(10)
    expect(engine.must('HEXPIRE', 'h', '100', 'FIELDS', '60', ...fields)).toEqual(Array(60).fill(1))
    engine.check()
  }
})
