import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { Args } from '../../base/args.ts'
import * as errors from '../../base/error-texts.ts'
import { flushKeyspace } from '../../shard-worker/keyspace/flush.ts'
import { AT_ONCE } from '../../shard-worker/keyspace/lazyfree.ts'
import type { WatchedKey } from '../../shard-worker/keyspace/watch.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { encodeSettingChange, encodeStatisticsRequest } from '../../shm/schema/control.ts'
import { type Pair, Pairs, settle } from '../session/testing.ts'
import type { InlineExecution } from './sequencer.ts'
import { RoutingRig } from './testing.ts'

/** Multiplies the rounds played: ROUTING_STRESS=100 runs for minutes. */
const STRESS = Number(process.env['ROUTING_STRESS'] ?? 1)
const MODES: readonly InlineExecution[] = ['auto', 'never', 'always']
/** What the rig has and the engine has not. */
const OF_THE_RIG = new Set(['SELECT', 'LONG'])
const TRANSACTION = new Set(['MULTI', 'EXEC', 'DISCARD', 'WATCH', 'UNWATCH'])

/** What a client has said to the model. */
interface Client {
  id: number
  db: number
  queue: string[][] | null
  isBroken: boolean
}

/**
 * One engine over one shard that runs each command when it is sequenced: what any number of shards has to look like.
 */
class Model {
  readonly test = new TestEngine({ databases: 4 })
  private readonly clients = new Map<number, Client>()

  /** The reply, as RESP in latin1. */
  answer(id: number, words: string[]): string {
    const client = this.clients.get(id) ?? { id, db: 0, queue: null, isBroken: false }
    this.clients.set(id, client)
    const name = words[0].toUpperCase()
    if (TRANSACTION.has(name)) return this.transaction(client, name, words)
    const refusal = this.refusal(words)
    if (refusal !== null) {
      if (client.queue !== null) client.isBroken = true
      return `-${refusal}\r\n`
    }
    if (client.queue === null) return this.run(client, words)
    client.queue.push(words)
    return '+QUEUED\r\n'
  }

  private run(client: Client, words: string[]): string {
    if (words[0].toUpperCase() === 'SELECT') {
      const db = Number(words[1])
      if (!(db < 4)) return `-${errors.DB_OUT_OF_RANGE}\r\n`
      client.db = db
      return '+OK\r\n'
    }
    if (words[0] === 'LONG') return `$${words[1]}\r\n${'x'.repeat(Number(words[1]))}\r\n`
    this.test.select(client.db)
    return this.test.raw(...words)
  }

  private refusal(words: string[]): string | null {
    if (OF_THE_RIG.has(words[0])) return null
    const args = Args.of(...words)
    const command = this.test.engine.commands.resolve(args)
    if (command === undefined) return errors.unknownCommand(args)
    if (command.handler === undefined) return errors.unknownSubcommand(words[1], command.spec.name)
    const { arity } = command
    return (arity > 0 ? words.length === arity : words.length >= -arity) ? null : errors.wrongArity(command.fullName)
  }

  private transaction(client: Client, name: string, words: string[]): string {
    const { engine, nowMs } = this.test
    const { watches, keyspaces, arena } = engine.shards[0]
    engine.begin(nowMs)
    const open = client.queue !== null
    switch (name) {
      case 'MULTI':
        if (open) return `-${errors.NESTED_MULTI}\r\n`
        client.queue = []
        return '+OK\r\n'
      case 'UNWATCH':
        if (client.queue !== null) {
          client.queue.push(words)
          return '+QUEUED\r\n'
        }
        watches.unwatch(client.id)
        return '+OK\r\n'
      case 'WATCH':
        if (open) return `-${errors.WATCH_INSIDE_MULTI}\r\n`
        for (const word of words.slice(1)) {
          const key = Buffer.from(word)
          const toCome = keyspaces[client.db].hasExpired(key, 0, key.length) ? 1 : 0
          watches.watch(client.id, client.db, key, 0, key.length, toCome)
        }
        return '+OK\r\n'
    }
    if (client.queue === null)
      return `-${name === 'EXEC' ? errors.EXEC_WITHOUT_MULTI : errors.DISCARD_WITHOUT_MULTI}\r\n`
    const { queue, isBroken } = client
    const hasExpired = (key: WatchedKey) => keyspaces[key.db].hasExpired(arena.u8, key.offset, key.length)
    const isDirty = watches.isDirty(client.id, hasExpired)
    watches.unwatch(client.id)
    client.queue = null
    client.isBroken = false
    if (name === 'DISCARD') return '+OK\r\n'
    if (isBroken) return `-${errors.EXEC_ABORT}\r\n`
    if (isDirty) return '*-1\r\n'
    const replies = queue.map((each) => (each[0] === 'UNWATCH' ? '+OK\r\n' : this.run(client, each)))
    return `*${queue.length}\r\n${replies.join('')}`
  }
}

/**
 * Commands whose replies say much about their order and their place, and that do the same on any number of shards. When
 * an expired key is deleted is nobody's business but DBSIZE's, so keys expire only where that is not asked.
 */
function randomCommand(random: Random, count: number, expiring: boolean): string[] {
  const key = () => `key${random.below(12)}`
  const value = () => `${count}.${'v'.repeat(random.chance(0.05) ? random.below(20_000) : random.below(30))}`
  const pairs = (n: number) => Array.from({ length: n }, () => [key(), value()]).flat()
  const keys = (n: number) => Array.from({ length: n }, key)
  return random.pick<() => string[]>([
    () => ['SET', key(), value()],
    () => ['GET', key()],
    () => ['GETSET', key(), value()],
    () => ['APPEND', key(), 'x'],
    () => ['INCR', `counter${random.below(6)}`],
    () => ['INCRBY', key(), '3'],
    () => ['STRLEN', key()],
    () => ['GETRANGE', key(), '0', '5'],
    () => ['SETRANGE', key(), '3', 'abc'],
    () => ['GETDEL', key()],
    () => ['MSET', ...pairs(random.between(1, 5))],
    () => ['MSETNX', ...pairs(random.between(1, 3))],
    () => ['MGET', ...keys(random.between(1, 6))],
    () => ['DEL', ...keys(random.between(1, 4))],
    () => ['EXISTS', ...keys(random.between(1, 4))],
    () => ['RENAME', key(), key()],
    () => ['RENAMENX', key(), key()],
    () => ['COPY', key(), key(), ...(random.chance(0.5) ? ['REPLACE'] : [])],
    () => ['LCS', key(), key(), 'LEN'],
    () => (expiring ? ['PEXPIRE', key(), String(random.between(1, 3000))] : ['DBSIZE']),
    () => ['PTTL', key()],
    () => ['PERSIST', key()],
    () => ['TYPE', key()],
    () => (random.chance(0.8) ? ['SELECT', String(random.below(5))] : ['LONG', random.pick(['1', '70000', '200000'])]),
    () => (random.chance(0.3) ? ['FLUSHDB'] : ['TOUCH', ...keys(3)]),
    () => (random.chance(0.3) ? ['SWAPDB', '0', '1'] : ['OBJECT', 'ENCODING', key()]),
    () => (random.chance(0.1) ? ['FLUSHALL'] : ['MOVE', key(), String(random.below(3))]),
    () => random.pick([['GET'], ['NOTHING', 'x'], ['SET', key()], ['OBJECT', 'NOTHING', 'x'], ['incr', key(), 'x']]),
    () => ['MULTI'],
    () => ['EXEC'],
    () => random.pick([['DISCARD'], ['UNWATCH'], ['EXEC']]),
    () => ['WATCH', ...keys(random.between(1, 3))],
  ])()
}

const encode = (words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

/** Plays random pipelines of several clients and holds every reply to the model's. */
async function play(rig: RoutingRig, seed: number, clients: number, rounds: number): Promise<void> {
  const random = new Random(seed)
  const model = new Model()
  const pairs = new Pairs()
  const expected = new Map<number, string>()
  rig.onHandled = (session, words) => {
    model.test.nowMs = rig.now
    expected.set(session.id, expected.get(session.id) + model.answer(session.id, words))
  }
  try {
    const open: Pair[] = []
    for (let i = 0; i < clients; i++) {
      const pair = await pairs.open(rig, i + 1)
      expected.set(pair.session.id, '')
      open.push(pair)
    }
    let count = 0
    for (let round = 0; round < rounds; round++) {
      for (const { client } of open) {
        if (random.chance(0.2)) continue
        const commands = Array.from({ length: random.between(1, 60) }, () =>
          randomCommand(random, ++count, seed % 2 === 0),
        )
        const bytes = Buffer.from(commands.map(encode).join(''), 'latin1')
        // Split anywhere: a batch ends where a read does.
        const middle = random.below(bytes.length)
        client.write(bytes.subarray(0, middle))
        if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve))
        client.write(bytes.subarray(middle))
        if (random.chance(0.3)) {
          await new Promise((resolve) => setImmediate(resolve))
          rig.sequencer.cron(random.below(rig.engine.shards.length), rig.now)
        }
      }
      const sent = open.map(({ client }) => client.bytesWritten)
      const isOver = () =>
        !rig.sequencer.isWaiting &&
        open.every(({ session, received }, i) => {
          const isIdle = !session.isSuspended && !session.isPostponed && session.replies.isEmpty
          return session.bytesIn === sent[i] && isIdle && received().length === session.bytesOut
        })
      while (!isOver()) await new Promise((resolve) => setImmediate(resolve))
      for (const { session, received } of open) expect(received(), `seed ${seed}`).toBe(expected.get(session.id))
      rig.check()
      rig.now += random.below(2000)
    }
  } finally {
    rig.onHandled = () => {}
    pairs.close()
  }
}

for (const workers of [1, 2, 3]) {
  describe(`${workers} workers`, () => {
    let rig: RoutingRig

    beforeAll(() => {
      rig = new RoutingRig({ workers, shards: 6 })
    })

    afterAll(async () => {
      await rig.close()
    })

    for (const mode of MODES) {
      test(`inline-execution ${mode}: clients see what one engine would have said in that order`, async () => {
        const { sequencer } = rig
        sequencer.inlineExecution = mode
        const before = { handedOver: sequencer.handedOver, barriers: sequencer.barriers, holds: sequencer.holds }
        for (let game = 0; game < 2 * STRESS; game++) {
          await play(rig, 10_000 * workers + 1000 * MODES.indexOf(mode) + game, 4, 4)
          for (const shard of rig.engine.shards)
            for (const keyspace of shard.keyspaces) flushKeyspace(keyspace, AT_ONCE)
        }
        if (mode === 'always') return
        expect(sequencer.handedOver).toBeGreaterThan(before.handedOver)
        expect(sequencer.holds).toBeGreaterThan(before.holds)
        if (workers > 1) expect(sequencer.barriers).toBeGreaterThan(before.barriers)
      })
    }
  })
}

describe('what waits', () => {
  let rig: RoutingRig
  const pairs = new Pairs()
  const send = (pair: Pair, ...commands: string[][]) => pair.client.write(commands.map(encode).join(''), 'latin1')

  beforeAll(() => {
    rig = new RoutingRig({ workers: 2, shards: 4 })
    rig.sequencer.inlineExecution = 'never'
  })

  afterAll(async () => {
    pairs.close()
    await rig.quiet()
    rig.check()
    await rig.close()
  })

  test('for room in a ring goes on when there is some: nothing is lost or out of order', async () => {
    const values = Array.from({ length: 40 }, (_, i) => String(i).repeat(i % 3 === 0 ? 150_000 : 20_000))
    const clients: Pair[] = []
    for (const id of [11, 12, 13]) clients.push(await pairs.open(rig, id))
    for (const pair of clients) {
      const { id } = pair.session
      send(
        pair,
        ...values.flatMap((value, i) => [
          ['SET', `${id}:${i}`, value],
          ['STRLEN', `${id}:${i}`],
        ]),
      )
    }
    const expected = values.map((value) => `+OK\r\n:${value.length}\r\n`).join('')
    for (const pair of clients) expect(await pair.receive(expected.length)).toBe(expected)
  })

  test('for a worker is answered behind a long reply of this thread that stands before it', async () => {
    const pair = await pairs.open(rig, 9)
    send(pair, ['SET', 'a', '1'], ['LONG', '100000'], ['GETSET', 'a', '2'], ['GET', 'a'])
    const replies = `+OK\r\n$100000\r\n${'x'.repeat(100_000)}\r\n$1\r\n1\r\n$1\r\n2\r\n`
    expect(await pair.receive(replies.length)).toBe(replies)
  })

  test('for a barrier cell goes on when one is free', async () => {
    const { sequencer } = rig
    const pair = await pairs.open(rig, 14)
    sequencer.cron(0, rig.now)
    for (; sequencer.hasFreeCell; ) sequencer.exclusively([0], () => {})
    send(pair, ['MSET', 'a', '1', 'b', '2', 'c', '3', 'd', '4'], ['MGET', 'a', 'd'])
    const expected = '+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n4\r\n'
    expect(await pair.receive(expected.length)).toBe(expected)
  })

  test('to be told to a worker whose ring is full is told, though the worker owes no answer', async () => {
    const { sequencer } = rig
    const text = 'x'.repeat(100_000)
    // The worker is kept waiting, until this thread looks at what has come back.
    sequencer.cron(0, rig.now)
    expect(sequencer.exclusively([0], () => {})).toBe(false)
    for (let i = 0; i < 40; i++) sequencer.broadcast(encodeSettingChange({ name: 'no such setting', value: text }))
    expect(sequencer.isCongested).toBe(true)
    await rig.quiet()
    expect(sequencer.isCongested).toBe(false)
  })

  test('to be answered by every worker is waited for', async () => {
    const answers: number[] = []
    rig.sequencer.onControl = (worker) => answers.push(worker)
    rig.sequencer.ask(encodeStatisticsRequest({ id: 1 }))
    rig.sequencer.ask(encodeStatisticsRequest({ id: 2 }))
    expect(rig.sequencer.isWaiting).toBe(true)
    await rig.quiet()
    expect(answers.sort()).toEqual([0, 0, 1, 1])
  })

  test('of the cron is at most one turn of each shard', async () => {
    for (let i = 0; i < 5; i++) for (const shard of [0, 1, 1, 3]) rig.sequencer.cron(shard, rig.now)
    expect([...rig.sequencer.inFlight]).toEqual([1, 1, 0, 1])
    await rig.quiet()
    expect([...rig.sequencer.inFlight]).toEqual([0, 0, 0, 0])
  })

  test('of a client that is gone is done or given up, and leaves nothing behind', async () => {
    const random = new Random(77)
    for (let round = 0; round < 20; round++) {
      const pair = await pairs.open(rig, 100 + round)
      let count = 0
      send(pair, ...Array.from({ length: 80 }, () => randomCommand(random, ++count, false)))
      while (pair.session.commandCount < random.below(80)) await settle()
      if (random.chance(0.5)) pair.session.destroy()
      else pair.client.destroy()
      while (!pair.session.isClosed) await settle()
    }
    await rig.quiet()
    rig.check()
    expect(rig.engine.shards.map((shard) => shard.watches.count)).toEqual([0, 0, 0, 0])
  })
})

describe('to run something alone over shards', () => {
  let rig: RoutingRig

  beforeAll(() => {
    rig = new RoutingRig({ workers: 2, shards: 4 })
  })

  afterAll(async () => {
    await rig.quiet()
    rig.check()
    await rig.close()
  })

  test('takes no time when their batons are home', () => {
    let ran = false
    expect(rig.sequencer.areHome([0, 1, 2, 3])).toBe(true)
    expect(rig.sequencer.exclusively([3, 1, 1], () => (ran = true))).toBe(true)
    expect(ran).toBe(true)
    expect(rig.sequencer.holds).toBe(0)
  })

  test('waits for what is in flight for any of them, and keeps what comes later out', async () => {
    const { sequencer, engine } = rig
    sequencer.cron(1, rig.now)
    expect(sequencer.areHome([0, 2, 3])).toBe(true)
    expect(sequencer.areHome([0, 1])).toBe(false)
    const order: string[] = []
    for (const name of ['first', 'second']) {
      const at = sequencer.exclusively([0, 1, 1], () => {
        order.push(name)
        // Both are quiet here: this thread may look at and change all of them.
        for (const shard of [0, 1]) engine.shards[shard].check()
      })
      expect(at).toBe(false)
      expect(order).toEqual([])
    }
    expect([...sequencer.inFlight]).toEqual([2, 3, 0, 0])
    await rig.quiet()
    expect(order).toEqual(['first', 'second'])
    expect(sequencer.holds).toBe(2)
  })
})
