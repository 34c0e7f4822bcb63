/* Clients that wait for keys, against the oracle: one command after the other, from several clients, and after each of
 * them everybody who has been answered, with what. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { RawClient } from '../support/raw-client.ts'
import { latin1 } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES, type Server, startOracle, startSpinel } from '../support/server.ts'

const CLIENTS = 6
const STEPS = 150
/** BLOCKING_STRESS multiplies it. */
const SEEDS = 6 * Number(process.env['BLOCKING_STRESS'] ?? 1)
/** So many of the last commands are told when a reply differs. */
const TOLD = 40
/** A seed takes a second. */
const TIMEOUT_MS = 30_000 + SEEDS * 10_000

/** One server with the clients of a script. */
class Stage {
  private readonly clients: RawClient[] = []
  private readonly ids: string[] = []
  private readonly waiting = new Set<number>()
  private readonly control: RawClient

  private constructor(control: RawClient) {
    this.control = control
  }

  static async open(server: Server, resp3: ReadonlySet<number>): Promise<Stage> {
    const stage = new Stage(await server.connect())
    await stage.control.pipeline([['FLUSHALL'], ['CONFIG', 'RESETSTAT']])
    for (let i = 0; i < CLIENTS; i++) {
      const client = await server.connect()
      if (resp3.has(i)) await client.call('HELLO', 3)
      stage.ids.push(String(await client.call('CLIENT', 'ID')))
      stage.clients.push(client)
    }
    return stage
  }

  isWaiting(client: number): boolean {
    return this.waiting.has(client)
  }

  /** A client's command, or transaction, and all replies that it brings, by client. */
  async play(client: number, commands: string[][]): Promise<string[]> {
    const replies: string[] = []
    this.clients[client].send(commands.map((words) => this.encode(words)).join(''))
    this.waiting.add(client)
    // It answers or waits; then whoever waits no more has been answered.
    while (replies.length < commands.length) {
      const blocked = await this.blocked()
      if (blocked.has(client)) break
      const reply = this.clients[client].takeReply()
      if (reply !== null) replies.push(`${client}: ${latin1(reply)}`)
    }
    if (replies.length === commands.length) this.waiting.delete(client)
    const blocked = await this.blocked()
    for (const each of [...this.waiting].sort()) {
      if (blocked.has(each)) continue
      replies.push(`${each}: ${latin1(await this.clients[each].read())}`)
      this.waiting.delete(each)
    }
    return replies
  }

  private encode(command: string[]): string {
    const words = command[0] === 'CLIENT' ? command.with(2, this.ids[Number(command[2])]) : command
    return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
  }

  private async blocked(): Promise<Set<number>> {
    const list = String(await this.control.call('CLIENT', 'LIST'))
    const ids = [...list.matchAll(/^id=(\d+) .* flags=b /gm)].map(([, id]) => this.ids.indexOf(id))
    await new Promise((resolve) => setImmediate(resolve))
    return new Set(ids)
  }

  /** What is left when all is over. 7.0 counts a command that waits when it begins to, 7.2 when it has ended. */
  async rest(is70: boolean): Promise<unknown> {
    const statistics = String(await this.control.call('INFO', 'commandstats'))
    const calls = [...statistics.matchAll(/cmdstat_(b[^:]+):calls=(\d+),.*(failed_calls=\d+)/g)].map(
      ([, ...all]) => all,
    )
    const clients = String(await this.control.call('INFO', 'clients'))
    const figures = /blocked_clients:\d+/.exec(clients)?.[0]
    const values = []
    for (const key of ((await this.control.call('KEYS', '*')) as string[]).sort()) {
      values.push([key, await this.control.call('TYPE', key), await this.control.call('LRANGE', key, 0, -1)])
    }
    return { calls: is70 ? [] : calls.sort(), figures, values }
  }

  close(): void {
    for (const each of [this.control, ...this.clients]) each.close()
  }
}

/** A client's next command, or a transaction around some. */
function nextCommands(random: Random, count: number, is70: boolean): string[][] {
  if (random.chance(0.9)) return [nextCommand(random, count, is70)]
  const inner = Array.from({ length: random.between(1, 4) }, (_, i) => nextCommand(random, count + i / 10, is70))
  const elsewhere = random.chance(0.3)
  return [
    ['MULTI'],
    ...(elsewhere ? [['SELECT', '1']] : []),
    ...inner.filter(([name]) => name !== 'CLIENT'),
    ...(elsewhere ? [['SELECT', '0']] : []),
    ['EXEC'],
  ]
}

/**
 * A command for a client that does not wait. 7.0 serves a client from the key that has become ready, 7.2 runs its
 * command anew (redis PR 11012): they agree as long as a client waits for one key, and finds no other type.
 */
function nextCommand(random: Random, count: number, is70: boolean): string[] {
  const key = () => `k${random.below(4)}`
  const keys = () => (is70 ? [key()] : Array.from({ length: random.between(1, 4) }, key))
  const end = () => random.pick(['LEFT', 'RIGHT'])
  const elements = () => Array.from({ length: random.between(1, 3) }, (_, i) => `${count}.${i}`)
  const timeout = () => random.pick(['0', '100', '1e2', '-1', 'x'])
  return random.pick<() => string[]>([
    () => [random.pick(['BLPOP', 'BRPOP']), ...keys(), timeout()],
    () => [random.pick(['BLPOP', 'BRPOP']), ...keys(), timeout()],
    () => ['BLMOVE', key(), key(), end(), end(), timeout()],
    () => ['BRPOPLPUSH', key(), key(), timeout()],
    () => {
      const names = keys()
      return ['BLMPOP', timeout(), String(names.length), ...names, end(), 'COUNT', String(random.between(1, 3))]
    },
    () => [random.pick(['RPUSH', 'LPUSH']), key(), ...elements()],
    () => [random.pick(['RPUSH', 'LPUSH']), key(), ...elements()],
    () => ['RPUSH', 'own', ...elements()],
    () => [random.pick(['RENAME', 'RENAMENX']), 'own', key()],
    () => ['COPY', 'own', key(), ...(random.chance(0.5) ? ['REPLACE'] : [])],
    () => ['LMOVE', 'own', key(), end(), end()],
    () => ['SORT', 'own', 'BY', 'nosort', 'STORE', key()],
    () => ['SWAPDB', '0', '1'],
    () => ['COPY', 'own', key(), 'DB', random.pick(['0', '1'])],
    () => ['MOVE', random.pick(['own', key()]), random.pick(['0', '1'])],
    () => ['SELECT', random.pick(['0', '0', '1'])],
    () => ['DEL', key()],
    () => ['LPUSHX', key(), ...elements()],
    () => (is70 ? ['LPOP', key()] : ['SET', key(), 'x']),
    () => ['LRANGE', key(), '0', '-1'],
    () => ['CLIENT', 'UNBLOCK', String(random.below(CLIENTS)), random.pick(['TIMEOUT', 'ERROR'])],
  ])()
}

describe.each(INLINE_EXECUTION_MODES)('inline-execution %s', (mode) => {
  let spinel: Server
  let oracle: Server

  beforeAll(async () => {
    oracle = await startOracle()
    spinel = await startSpinel({ spinelDirectives: { 'inline-execution': mode, 'shard-workers': 2, shards: 4 } })
  })

  afterAll(async () => {
    await oracle.stop()
    await spinel.stop()
  })

  test(
    'the same clients are served the same, at the same time',
    async () => {
      const control = await oracle.connect()
      const is70 = String(await control.call('INFO', 'server')).includes('redis_version:7.0')
      control.close()
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = new Random(seed)
        const resp3 = new Set([random.below(CLIENTS), random.below(CLIENTS)])
        const [theirs, ours] = [await Stage.open(oracle, resp3), await Stage.open(spinel, resp3)]
        const story: string[] = []
        for (let step = 0; step < STEPS; step++) {
          const client = random.below(CLIENTS)
          const commands = nextCommands(random, step, is70)
          if (theirs.isWaiting(client)) continue
          story.push(...commands.map((words) => `${client} ${words.join(' ')}`))
          const [expected, got] = await Promise.all([theirs.play(client, commands), ours.play(client, commands)])
          expect(got, `seed ${seed}\n${story.slice(-TOLD).join('\n')}`).toEqual(expected)
        }
        expect(await ours.rest(is70)).toEqual(await theirs.rest(is70))
        theirs.close()
        ours.close()
      }
    },
    TIMEOUT_MS,
  )
})
