/* What a command costs in the engine, without sockets, framing and sequencing: `npm run bench:engine -- [kind,kind...]`
 * for a bundle, run as bin/spinel-server runs its own, or `node src/shard-worker/engine.bench.ts` for the sources. Keys
 * are located and fetched 32 at a time, as both threads that run commands do it. Prints the nanoseconds of each kind in
 * the best of its rounds: what else the machine does can only add to them. */
import { Args } from '../base/args.ts'
import { type Command, CommandTable } from '../base/command-table.ts'
import { SeededRandom, systemClock } from '../base/ports.ts'
import { Reply } from '../base/reply.ts'
import { Arena } from '../shm/arena/arena.ts'
import { shardFamilies } from './command/table.ts'
import { Engine } from './engine.ts'
import { Shard } from './keyspace/shard.ts'
import { PREFETCH_KEYS } from './prefetch.ts'

const ARENA_BYTES = 512 * 1024 * 1024
const KEYS = 100_000
const COMMANDS = 32_000
const ROUNDS = 40

const random = new SeededRandom(1)
const below = (limit: number) => Math.floor((random.next32() / 2 ** 32) * limit)
const key = (prefix: string, keys = KEYS) => `${prefix}:${String(below(keys)).padStart(12, '0')}`
const either = <T>(i: number, even: T, odd: T) => (i % 2 === 0 ? even : odd)

/** The words of the i-th command of each kind. */
const KINDS: Record<string, (i: number) => string[]> = {
  set: () => ['SET', key('key'), 'xxx'],
  get: () => ['GET', key('key')],
  incr: () => ['INCR', key('counter')],
  'set-40-or-3': (i) => ['SET', key('odd'), 'x'.repeat(either(i, 40, 3))],
  'set-1500-or-200': (i) => ['SET', key('long', 2000), 'x'.repeat(either(i, 1500, 200))],
  'set-ex': () => ['SET', key('volatile'), 'xxx', 'EX', '1000'],
  setrange: () => ['SETRANGE', key('grown', 20_000), String(below(900)), 'abcdef'],
  'set-del': (i) => [...either(i, ['SET'], ['DEL']), `passing:${i >> 1}`, ...either(i, ['xxx'], [])],
  'hset-small': () => ['HSET', key('hash', 1000), `field:${below(20)}`, 'xxx'],
  'hget-small': () => ['HGET', key('hash', 1000), `field:${below(20)}`],
  'hset-large': () => ['HSET', key('table', 10), `field:${below(10_000)}`, 'xxx'],
  'hget-large': () => ['HGET', key('table', 10), `field:${below(10_000)}`],
  'lpush-lpop': (i) => [...either(i, ['LPUSH'], ['LPOP']), key('list', 1000), ...either(i, ['xxx'], [])],
  'rpush-rpop': (i) => [...either(i, ['RPUSH'], ['RPOP']), key('list', 1000), ...either(i, ['xxx'], [])],
  'lpush-long': () => ['LPUSH', key('long-list', 10), 'xxx'],
}

class Kind {
  readonly name: string
  bestNs = Number.POSITIVE_INFINITY
  private readonly commands: Command<Engine>[] = []
  private readonly args: Args[] = []

  constructor(name: string, table: CommandTable<Engine>) {
    this.name = name
    for (let i = 0; i < COMMANDS; i++) {
      const args = Args.of(...KINDS[name](i))
      const command = table.resolve(args)
      if (command === undefined) throw new Error(`${args.text(0)} is no command`)
      this.args.push(args)
      this.commands.push(command)
    }
  }

  run(engine: Engine, reply: Reply): void {
    const began = process.hrtime.bigint()
    for (let i = 0; i < COMMANDS; i += PREFETCH_KEYS) this.runBatch(engine, reply, i)
    const ns = Number(process.hrtime.bigint() - began) / COMMANDS
    if (ns < this.bestNs) this.bestNs = ns
  }

  private runBatch(engine: Engine, reply: Reply, from: number): void {
    const { commands, args } = this
    reply.reset()
    engine.begin(systemClock.nowMs())
    const { keys } = engine.shards[0].keyspaces[0]
    for (let i = from; i < from + PREFETCH_KEYS; i++) {
      engine.locateKeys(commands[i], args[i])
      engine.prefetcher.add(keys, args[i].keyHash[1])
    }
    engine.prefetcher.run()
    for (let i = from; i < from + PREFETCH_KEYS; i++) {
      engine.select(0, 0)
      engine.keyspace.expect(args[i].offset[1], args[i].keyHash[1])
      engine.run(commands[i].id, args[i], reply)
    }
  }
}

const wanted = process.argv[2]?.split(',') ?? Object.keys(KINDS)
const table = new CommandTable<Engine>(shardFamilies)
const arena = Arena.create(ARENA_BYTES)
Shard.initialize(arena, 16, 1)
const engine = new Engine(table, [arena], systemClock, random)
const reply = new Reply()
const kinds = wanted.map((name) => new Kind(name, table))
for (let round = 0; round < ROUNDS; round++) for (const kind of kinds) kind.run(engine, reply)
if (reply.errorCount > 0) throw new Error(`a command failed: ${reply.lastError}`)
for (const { name, bestNs } of kinds) console.log(`${name.padEnd(16)} ${bestNs.toFixed(0).padStart(5)} ns`)
