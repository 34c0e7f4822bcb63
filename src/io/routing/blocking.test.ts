import { describe, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import * as errors from '../../base/error-texts.ts'
import { type Pair, Pairs, settle } from '../session/testing.ts'
import type { InlineExecution } from './sequencer.ts'
import { RoutingRig } from './testing.ts'

/** Multiplies the rounds played: ROUTING_STRESS=100 runs for minutes. */
const STRESS = Number(process.env['ROUTING_STRESS'] ?? 1)
const MODES: readonly InlineExecution[] = ['auto', 'never', 'always']

/* RESP of what the model answers. */
const integer = (value: number) => `:${value}\r\n`
const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`
const array = (items: string[]) => `*${items.length}\r\n${items.join('')}`
const error = (text: string) => `-${text}\r\n`
const OK = '+OK\r\n'
const NIL = '$-1\r\n'
const NIL_ARRAY = '*-1\r\n'
const WRONG_TYPE = error(errors.WRONG_TYPE)

interface Client {
  id: number
  db: number
  queue: string[][] | null
}

interface Waiter {
  client: Client
  words: string[]
  keys: string[]
}

/**
 * Lists and who waits for them as one thread would have them that runs each command when it is sequenced, written down
 * as plainly as can be.
 */
class Model {
  /** By database and key; a string is a value of another type. */
  private readonly values = new Map<string, string[] | string>()
  private readonly clients = new Map<number, Client>()
  private waiters: Waiter[] = []
  private ready: string[] = []
  private readonly answer: (id: number, reply: string) => void

  constructor(answer: (id: number, reply: string) => void) {
    this.answer = answer
  }

  handle(id: number, words: string[]): void {
    const client = this.clients.get(id) ?? { id, db: 0, queue: null }
    this.clients.set(id, client)
    const reply = this.reply(client, words)
    if (reply !== null) this.answer(id, reply)
    this.serve()
  }

  private reply(client: Client, words: string[]): string | null {
    const [name] = words
    if (name === 'MULTI') {
      if (client.queue !== null) return error(errors.NESTED_MULTI)
      client.queue = []
      return OK
    }
    if (name === 'EXEC') {
      const { queue } = client
      if (queue === null) return error(errors.EXEC_WITHOUT_MULTI)
      client.queue = null
      return array(queue.map((each) => this.run(client, each) ?? (each[0].endsWith('OP') ? NIL_ARRAY : NIL)))
    }
    if (client.queue !== null) {
      client.queue.push(words)
      return '+QUEUED\r\n'
    }
    const reply = this.run(client, words)
    if (reply === null) {
      const keys = name === 'BLMPOP' ? words.slice(3, 5) : name.endsWith('OP') ? words.slice(1, -1) : [words[1]]
      this.waiters.push({ client, words, keys: keys.map((key) => `${client.db} ${key}`) })
    }
    return reply
  }

  private serve(): void {
    for (let key = this.ready.shift(); key !== undefined; key = this.ready.shift()) {
      for (const waiter of [...this.waiters]) {
        if (!waiter.keys.includes(key) || !Array.isArray(this.values.get(key))) continue
        this.waiters = this.waiters.filter((each) => each !== waiter)
        const reply = this.run(waiter.client, waiter.words)
        if (reply === null) this.waiters.push(waiter)
        else this.answer(waiter.client.id, reply)
      }
    }
  }

  private add(key: string, value: string[] | string): void {
    this.values.set(key, value)
    if (Array.isArray(value) && this.waiters.some(({ keys }) => keys.includes(key)) && !this.ready.includes(key)) {
      this.ready.push(key)
    }
  }

  private pop(key: string, list: string[], atHead: boolean): string {
    const element = (atHead ? list.shift() : list.pop()) as string
    if (list.length === 0) this.values.delete(key)
    return element
  }

  private push(key: string, atHead: boolean, elements: string[]): string {
    const list = this.values.get(key)
    if (typeof list === 'string') return WRONG_TYPE
    const all = list ?? []
    for (const element of elements) {
      if (atHead) all.unshift(element)
      else all.push(element)
    }
    if (list === undefined) this.add(key, all)
    return integer(all.length)
  }

  /** The reply, or null when the command waits. */
  private run({ db }: Client, words: string[]): string | null {
    const [name, ...rest] = words
    const key = `${db} ${rest[0]}`
    const value = this.values.get(key)
    switch (name) {
      case 'RPUSH':
      case 'LPUSH':
        return this.push(key, name === 'LPUSH', rest.slice(1))
      case 'LPOP':
        if (value === undefined) return NIL
        return typeof value === 'string' ? WRONG_TYPE : bulk(this.pop(key, value, true))
      case 'LRANGE':
        if (typeof value === 'string') return WRONG_TYPE
        return array((value ?? []).map(bulk))
      case 'FLUSHALL':
        this.values.clear()
        return OK
      case 'SET':
        this.values.set(key, rest[1])
        return OK
      case 'APPEND':
        this.values.set(key, `${value ?? ''}${rest[1]}`)
        return integer((this.values.get(key) as string).length)
      case 'DEL':
        return integer(rest.filter((each) => this.values.delete(`${db} ${each}`)).length)
      case 'RENAME':
      case 'MOVE':
      case 'COPY':
        return this.transfer(db, name, rest)
      case 'BLPOP':
      case 'BRPOP':
        return this.popFirst(db, name === 'BLPOP', rest.slice(0, -1))
      case 'BLMPOP':
        return this.popMany(db, rest[4] === 'LEFT', rest.slice(2, 4), Number(rest[6]))
      case 'BLMOVE':
        return this.move(db, rest[0], rest[1], rest[2] === 'LEFT', rest[3] === 'LEFT')
      default:
        return this.move(db, rest[0], rest[1], false, true)
    }
  }

  private popFirst(db: number, atHead: boolean, keys: string[]): string | null {
    for (const each of keys) {
      const list = this.values.get(`${db} ${each}`)
      if (typeof list === 'string') return WRONG_TYPE
      if (list !== undefined) return array([bulk(each), bulk(this.pop(`${db} ${each}`, list, atHead))])
    }
    return null
  }

  private popMany(db: number, atHead: boolean, keys: string[], most: number): string | null {
    const first = this.popFirst(db, atHead, keys)
    if (first === null || first === WRONG_TYPE) return first
    const [, , key, , element] = first.split('\r\n')
    const elements = [bulk(element)]
    for (let list = this.values.get(`${db} ${key}`); list !== undefined && elements.length < most; ) {
      elements.push(bulk(this.pop(`${db} ${key}`, list as string[], atHead)))
      list = this.values.get(`${db} ${key}`)
    }
    return array([bulk(key), array(elements)])
  }

  private move(db: number, from: string, to: string, fromHead: boolean, toHead: boolean): string | null {
    const source = this.values.get(`${db} ${from}`)
    if (source === undefined) return null
    if (typeof source === 'string' || typeof this.values.get(`${db} ${to}`) === 'string') return WRONG_TYPE
    if (from === to && source.length === 1) return bulk(source[0])
    const element = this.pop(`${db} ${from}`, source, fromHead)
    this.push(`${db} ${to}`, toHead, [element])
    return bulk(element)
  }

  private transfer(db: number, name: string, [from, to]: string[]): string {
    const source = `${db} ${from}`
    const target = name === 'MOVE' ? `${to} ${from}` : `${db} ${to}`
    const value = this.values.get(source)
    if (source === target && name !== 'RENAME') return error(errors.SAME_OBJECT)
    if (value === undefined) return name === 'RENAME' ? error(errors.NO_SUCH_KEY) : integer(0)
    if (name === 'RENAME') {
      if (source === target) return OK
    } else if (this.values.has(target)) return integer(0)
    if (name !== 'COPY') this.values.delete(source)
    this.add(target, Array.isArray(value) ? [...value] : value)
    return name === 'RENAME' ? OK : integer(1)
  }
}

/** A command that brings, takes or waits for lists at few keys, or keeps their shards busy. */
function randomCommand(random: Random, count: number, mayWait: boolean): string[] {
  const key = () => `k${random.below(5)}`
  const end = () => random.pick(['LEFT', 'RIGHT'])
  const keys = (most: number) => Array.from({ length: random.between(1, most) }, key)
  const elements = () => Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, i) => `${count}.${i}`)
  const push = () => [random.pick(['RPUSH', 'LPUSH']), key(), ...elements()]
  const busy = () => ['APPEND', `busy${random.below(20)}`, 'x']
  return random.pick<() => string[]>([
    push,
    push,
    push,
    busy,
    busy,
    busy,
    () => ['LPOP', key()],
    () => ['LRANGE', key(), '0', '-1'],
    () => ['DEL', ...keys(4)],
    () => ['SET', key(), 'no list'],
    () => ['RENAME', key(), key()],
    () => ['COPY', key(), key()],
    () => ['MOVE', key(), String(random.below(2))],
    () => (mayWait ? [random.pick(['BLPOP', 'BRPOP']), ...keys(4), '0'] : push()),
    () => (mayWait ? ['BLMOVE', key(), key(), end(), end(), '0'] : push()),
    () => (mayWait ? ['BRPOPLPUSH', key(), key(), '0'] : push()),
    () => (mayWait ? ['BLMPOP', '0', '2', key(), key(), end(), 'COUNT', String(random.between(1, 3))] : push()),
    () => ['MULTI'],
    () => ['EXEC'],
  ])()
}

const encode = (words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

/** Plays random pipelines of several clients, some of which come to wait, and holds every reply to the model's. */
async function play(rig: RoutingRig, seed: number, rounds: number): Promise<void> {
  const random = new Random(seed)
  const pairs = new Pairs()
  const expected = new Map<number, string>()
  const model = new Model((id, reply) => expected.set(id, (expected.get(id) ?? '') + reply))
  rig.onHandled = (session, words) => model.handle(session.id, words)
  try {
    const open: Pair[] = []
    for (let i = 0; i < 7; i++) open.push(await pairs.open(rig, i + 1))
    const isWaiting = ({ session }: Pair) => session.wait !== null
    const over = async () => {
      const isOver = ({ session, client, received }: Pair) => {
        const isIdle = !session.isSuspended && !session.isPostponed && session.replies.isEmpty
        return (
          session.bytesIn === client.bytesWritten &&
          (isIdle || isWaiting({ session } as Pair)) &&
          received().length === session.bytesOut
        )
      }
      while (rig.sequencer.isWaiting || !open.every(isOver)) await settle()
      rig.check()
      rig.dispatcher.blocking.clients.check()
    }
    let count = 0
    open[0].client.write(encode(['FLUSHALL']))
    await over()
    for (let round = 0; round < rounds; round++) {
      for (const [i, { client }] of open.entries()) {
        if (random.chance(0.3)) continue
        // Some never wait: they keep the others going.
        const commands = Array.from({ length: random.between(1, 25) }, () => randomCommand(random, ++count, i > 1))
        client.write(Buffer.from(commands.map(encode).join(''), 'latin1'))
      }
      await over()
      for (const { session, received } of open) expect(received()).toBe(expected.get(session.id) ?? '')
    }
    // Whoever waits still, on whatever is next in its pipeline, gets what it waits for.
    const [{ client, session }] = open
    if (session.transaction.isOpen) client.write(encode(['EXEC']))
    await over()
    for (let i = 0; open.some(isWaiting); i++) {
      client.write(
        [
          ['DEL', `k${i % 5}`],
          ['RPUSH', `k${i % 5}`, 'end'],
        ]
          .map(encode)
          .join(''),
      )
      await over()
    }
    for (const each of open) expect(each.received()).toBe(expected.get(each.session.id) ?? '')
    expect(rig.dispatcher.blocking.clients.count).toBe(0)
  } finally {
    rig.onHandled = () => {}
    pairs.close()
  }
}

for (const workers of [1, 2]) {
  describe.each(MODES)(`${workers} workers, inline-execution %s`, (mode) => {
    test('clients see what one thread would have said in that order', async () => {
      const rig = new RoutingRig({ workers, shards: 4 })
      rig.sequencer.inlineExecution = mode
      for (let seed = 1; seed <= 3 * STRESS; seed++) await play(rig, seed, 12)
      await rig.close()
    })
  })
}

test('a blocking command that finds much leaves it to the worker, in its place', async () => {
  const rig = new RoutingRig({ workers: 2, shards: 4 })
  const pairs = new Pairs()
  try {
    const { client, session, received } = await pairs.open(rig, 1)
    const pop = ['BLMPOP', '0', '2', 'none', 'list', 'LEFT', 'COUNT', '2000']
    const elements = Array.from({ length: 200 }, (_, i) => `${i}`)
    const commands = [...Array.from({ length: 11 }, () => ['RPUSH', 'list', ...elements]), ['LLEN', 'list']]
    const ask = async (all: string[][]): Promise<string> => {
      const before = received().length
      client.write(all.map(encode).join(''))
      const isOver = () => session.bytesIn === client.bytesWritten && !session.isSuspended && session.replies.isEmpty
      while (!isOver() || received().length < session.bytesOut) await settle()
      return received().slice(before)
    }
    await ask(commands)
    const before = rig.sequencer.handedOver
    const popped = array([bulk('list'), array(Array.from({ length: 2000 }, (_, i) => bulk(`${i % 200}`)))])
    const rest = array([bulk('list'), array(elements.map(bulk))])
    expect(await ask([pop, ['LLEN', 'list'], pop])).toBe(`${popped}${integer(200)}${rest}`)
    expect(rig.sequencer.handedOver).toBeGreaterThan(before)
  } finally {
    pairs.close()
    await rig.close()
  }
})
