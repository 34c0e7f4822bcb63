/* Concurrent clients of a server with several shards never see a torn, stale or lost write, in each of the three ways
 * in which it can run a command. Short random histories go through the checker; long ones are held to invariants. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { RawClient } from '../support/raw-client.ts'
import { INLINE_EXECUTION_MODES, type Server, startSpinel } from '../support/server.ts'
import { linearize } from './checker.ts'
import { type Action, type Command, History, type Result } from './history.ts'
import { keysOnShards } from './keys.ts'
import { stringModel } from './model.ts'

const CLIENTS = 6

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  let server: Server
  let clients: RawClient[]

  beforeAll(async () => {
    server = await startSpinel({ spinelDirectives: { 'shard-workers': 2, shards: 4, 'inline-execution': mode } })
    clients = await Promise.all(Array.from({ length: CLIENTS }, () => server.connect()))
  })

  afterAll(async () => {
    for (const client of clients) client.close()
    await server.stop()
  })

  /** Runs `act` for each client at once. */
  async function everyone(act: (client: RawClient, index: number) => Promise<void>): Promise<void> {
    await Promise.all(clients.map(act))
  }

  test('short histories of all kinds of commands are linearizable', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const history = new History()
      const keys = keysOnShards(`history${seed}`, 3)
      await everyone((client, index) => {
        const random = new Random(seed * 100 + index)
        return playHistory(history, client, index, keys, random)
      })
      const order = linearize(history.operations, stringModel)
      expect(order, `seed ${seed}: ${JSON.stringify(history.operations)}`).not.toBeNull()
    }
  })

  test('values that are written together are never seen apart, and never go back', async () => {
    const keys = keysOnShards('together', 4)
    const rounds = 400
    let acknowledged = 0
    let torn = 0
    let stale = 0
    await everyone(async (client, index) => {
      let last = 0
      for (let round = 1; round <= rounds; round++) {
        if (index === 0) {
          await client.call('MSET', ...keys.flatMap((key) => [key, round]))
          acknowledged = round
          continue
        }
        const least = Math.max(acknowledged, last)
        const seen = ((await client.call('MGET', ...keys)) as Result).map(Number)
        if (new Set(seen).size > 1) torn++
        if (seen[0] < least) stale++
        last = seen[0]
      }
    })
    expect({ torn, stale }).toEqual({ torn: 0, stale: 0 })
  })

  test('increments by many clients are all there, each one once', async () => {
    const keys = keysOnShards('counter', 4)
    const pipelines = 60
    const seen = new Map(keys.map((key) => [key, [] as number[]]))
    await everyone(async (client, index) => {
      const random = new Random(index)
      for (let left = pipelines; left > 0; left--) {
        const batch = Array.from({ length: random.pick([1, 4, 32]) }, () => random.pick(keys))
        const replies = await client.pipeline(batch.map((key) => ['INCR', key]))
        for (const [i, key] of batch.entries()) seen.get(key)?.push(Number(replies[i]))
        for (const key of new Set(batch)) {
          const mine = replies.filter((_, i) => batch[i] === key).map(Number)
          expect(mine).toEqual(mine.toSorted((a, b) => a - b))
        }
      }
    })
    for (const [key, values] of seen) {
      expect(values.toSorted((a, b) => a - b)).toEqual(values.map((_, i) => i + 1))
      expect(await clients[0].call('GET', key)).toBe(String(values.length))
    }
  })

  test('transfers in transactions keep the sum, whenever it is looked at', async () => {
    const accounts = keysOnShards('account', 6)
    await clients[0].call('MSET', ...accounts.flatMap((account) => [account, 100]))
    const sums = new Set<number>()
    await everyone(async (client, index) => {
      const random = new Random(index)
      for (let round = 0; round < 150; round++) {
        const [from, to] = random.shuffle(accounts)
        if (index % 3 === 0) sums.add(total((await client.call('MGET', ...accounts)) as Result))
        else if (index % 3 === 1) await move(client, from, to, random.between(1, 9))
        else await moveIfUnchanged(client, from, to, random.between(1, 9))
      }
    })
    sums.add(total((await clients[0].call('MGET', ...accounts)) as Result))
    expect([...sums]).toEqual([100 * accounts.length])
  })

  test('a key that is renamed to another shard and back is always at one of the two places', async () => {
    const [here, there] = keysOnShards('renamed', 2)
    await clients[0].call('SET', here, 'x')
    let wrong = 0
    await everyone(async (client, index) => {
      for (let round = 0; round < 200; round++) {
        if (index === 0) await client.call('RENAME', ...(round % 2 === 0 ? [here, there] : [there, here]))
        else if (((await client.call('MGET', here, there)) as Result).filter((value) => value === 'x').length !== 1)
          wrong++
      }
    })
    expect(wrong).toBe(0)
  })

  test('a write that was acknowledged on one connection is seen on every other', async () => {
    const keys = keysOnShards('fresh', 4)
    let stale = 0
    for (let round = 1; round <= 100; round++) {
      const writer = clients[round % CLIENTS]
      // The other clients keep the shards busy, so that neither the write nor the reads find them all idle.
      const noise = everyone(async (client) => {
        if (client !== writer) await client.pipeline(keys.map((key) => ['APPEND', `noise:${key}`, 'x']))
      })
      await writer.pipeline(keys.map((key) => ['SET', key, round]))
      await noise
      const seen = await Promise.all(clients.map((client) => client.pipeline(keys.map((key) => ['GET', key]))))
      stale += seen.flat().filter((value) => value !== String(round)).length
    }
    expect(stale).toBe(0)
  })
})

/** Three writes of up to three actions each: pipelined or not, single commands and transactions. */
async function playHistory(history: History, client: RawClient, index: number, keys: string[], random: Random) {
  for (let left = 3; left > 0; left--) {
    const actions = Array.from({ length: random.between(1, 3) }, (): Action => {
      const count = random.chance(0.25) ? random.between(2, 3) : 1
      return { commands: Array.from({ length: count }, () => anyCommand(keys, `${index}${left}`, random)) }
    })
    await history.run(index, client, actions)
  }
}

function anyCommand(keys: string[], value: string, random: Random): Command {
  const key = random.pick(keys)
  switch (random.below(9)) {
    case 0:
      return ['SET', key, value]
    case 1:
      return ['GETSET', key, value]
    case 2:
      return ['MSET', ...keys.flatMap((each) => [each, value])]
    case 3:
    case 4:
      return ['MGET', ...random.shuffle(keys)]
    case 5:
      return ['DEL', key]
    case 6:
      return ['APPEND', key, value]
    default:
      return ['GET', key]
  }
}

function total(values: Result): number {
  return values.reduce((sum: number, value) => sum + Number(value), 0)
}

async function move(client: RawClient, from: string, to: string, amount: number): Promise<void> {
  const replies = await client.pipeline([['MULTI'], ['DECRBY', from, amount], ['INCRBY', to, amount], ['EXEC']])
  expect(replies.at(-1)).toHaveLength(2)
}

/** Moves by values that were read before, which WATCH must protect; gives up when they changed. */
async function moveIfUnchanged(client: RawClient, from: string, to: string, amount: number): Promise<void> {
  await client.call('WATCH', from, to)
  const [low, high] = ((await client.call('MGET', from, to)) as Result).map(Number)
  const replies = await client.pipeline([['MULTI'], ['SET', from, low - amount], ['SET', to, high + amount], ['EXEC']])
  expect([null, ['OK', 'OK']]).toContainEqual(replies.at(-1))
}
