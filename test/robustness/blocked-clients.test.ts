/* Queues under load: pushers, clients that wait with and without a time, clients that are killed while they wait. Each
 * element that was pushed is in one place in the end, and nobody is left waiting. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { ConnectionClosed, type RawClient } from '../support/raw-client.ts'
import type { PlainReply } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES, type Server, startSpinel } from '../support/server.ts'

const QUEUES = ['q0', 'q1', 'q2', 'q3', 'q4']
const PUSHES = 300
const LAST = 'last'

describe.each(INLINE_EXECUTION_MODES)('inline-execution %s', (mode) => {
  let server: Server

  beforeAll(async () => {
    server = await startSpinel({ spinelDirectives: { 'inline-execution': mode, 'shard-workers': 2, shards: 4 } })
  })

  afterAll(() => server.stop())

  /** Brings elements of its own into queues, in every way in which one can come into being. */
  async function push(seed: number, pushed: string[]): Promise<void> {
    const random = new Random(seed)
    const client = await server.connect()
    for (let i = 0; i < PUSHES; i++) {
      const elements = Array.from({ length: random.between(1, 3) }, (_, j) => `${seed}.${i}.${j}`)
      pushed.push(...elements)
      const queue = random.pick(QUEUES)
      const own = `own${seed}`
      await random.pick<() => Promise<unknown>>([
        () => client.call(random.pick(['LPUSH', 'RPUSH']), queue, ...elements),
        () => client.pipeline([['MULTI'], ['RPUSH', queue, ...elements], ['INCR', 'pushes'], ['EXEC']]),
        async () => {
          await client.call('RPUSH', own, ...elements)
          // Does nothing when the queue is there: then the elements stay for the next time.
          await client.call('RENAMENX', own, queue)
        },
        async () => {
          await client.call('RPUSH', own, ...elements)
          while ((await client.call('LMOVE', own, queue, 'LEFT', 'RIGHT')) !== null) {}
        },
      ])()
      if (random.chance(0.2)) await new Promise((resolve) => setTimeout(resolve, random.below(4)))
    }
    while ((await client.call('LMOVE', `own${seed}`, 'q0', 'LEFT', 'RIGHT')) !== null) {}
    client.close()
  }

  /** Takes elements out until it has taken the last one. */
  async function pop(seed: number, popped: string[]): Promise<void> {
    const random = new Random(seed)
    const client = await server.connect()
    for (;;) {
      const timeout = random.pick(['0', '0', '0.002', '0.01'])
      const reply = await client.call(random.pick(['BLPOP', 'BRPOP']), ...random.shuffle([...QUEUES]), LAST, timeout)
      if (reply === null) continue
      const [key, element] = reply as string[]
      if (key === LAST) break
      popped.push(element)
    }
    client.close()
  }

  /** Moves elements to a list of its own until it is told to stop, dying now and then. */
  async function move(seed: number, ids: Set<string>): Promise<void> {
    const random = new Random(seed)
    for (let isOver = false; !isOver; ) {
      const client: RawClient = await server.connect()
      const id = String(await client.call('CLIENT', 'ID'))
      ids.add(id)
      try {
        while (!isOver) {
          const reply: PlainReply = await client.call(
            'BLMOVE',
            random.pick(QUEUES),
            `done${seed}`,
            'LEFT',
            'RIGHT',
            '0.05',
          )
          if (reply === null) isOver = (await client.call('EXISTS', 'stop')) === 1
        }
      } catch (error) {
        if (!(error instanceof ConnectionClosed)) throw error
      }
      ids.delete(id)
      client.close()
    }
  }

  test('nothing is lost, nothing is delivered twice', async () => {
    const control = await server.connect()
    const pushed: string[] = []
    const popped: string[] = []
    const ids = new Set<string>()
    const pushers = [1, 2, 3].map((seed) => push(seed, pushed))
    const poppers = [4, 5, 6, 7].map((seed) => pop(seed, popped))
    const movers = [8, 9, 10].map((seed) => move(seed, ids))
    const random = new Random(99)
    let isPushing = true
    const all = Promise.all(pushers).then(() => {
      isPushing = false
    })
    while (isPushing) {
      await new Promise((resolve) => setTimeout(resolve, 3))
      if (ids.size > 0) await control.call('CLIENT', 'KILL', 'ID', random.pick([...ids]))
    }
    await all
    for (const _ of poppers) await control.call('RPUSH', LAST, 'x')
    await Promise.all(poppers)
    await control.call('SET', 'stop', '1')
    await Promise.all(movers)
    const left: string[] = []
    for (const key of [...QUEUES, 'done8', 'done9', 'done10']) {
      left.push(...((await control.call('LRANGE', key, 0, -1)) as string[]))
    }
    expect(popped.length).toBeGreaterThan(PUSHES / 10)
    expect(left.length).toBeGreaterThan(PUSHES / 10)
    expect([...popped, ...left].sort()).toEqual(pushed.sort())
    const clients = String(await control.call('INFO', 'clients'))
    expect(clients).toContain('blocked_clients:0')
    expect(clients).toContain('total_blocking_keys:0')
    control.close()
  })
})
