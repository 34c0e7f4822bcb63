/* The generator against a real Redis: short runs, no figure asserted but counts. */

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withControl } from '../control-connection.ts'
import type { RunningServer } from '../process.ts'
import { startServer } from '../process.ts'
import { fillKeys } from './fill.ts'
import { connectionsOfThreads, runLoad } from './generator.ts'
import { parseMix } from './mix.ts'
import type { LoadSettings } from './settings.ts'

const WINDOW = { warmUpSeconds: 0.1, seconds: 0.3 }

function settings(changes: Partial<LoadSettings> = {}): LoadSettings {
  return {
    mix: parseMix('get=80,set=20'),
    distribution: { kind: 'zipf', theta: 0.99 },
    keyCount: 1000,
    valueBytes: 32,
    pipeline: 8,
    connections: 5,
    threads: 1,
    ratePerSecond: null,
    seed: 1,
    ...changes,
  }
}

let redis: RunningServer
beforeAll(async () => {
  redis = await startServer('redis', ['redis-server'])
})
afterAll(() => redis.stop())

const processed = (): Promise<number> =>
  withControl(redis.endpoint, async (control) => {
    const info = await control.command('INFO', 'commandstats')
    return [...info.matchAll(/^cmdstat_(?:get|set):calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0)
  })

test('filling sets each key once', async () => {
  await fillKeys(redis.endpoint, 1234, 32)
  await withControl(redis.endpoint, async (control) => {
    expect(await control.command('DBSIZE')).toBe('1234')
    expect(await control.command('GET', 'key:000000001233')).toBe('x'.repeat(32))
  })
})

test('a closed loop on two threads counts what the server ran', async () => {
  const before = await processed()
  const calls: string[] = []
  const result = await runLoad(redis.endpoint, settings({ threads: 2 }), {
    ...WINDOW,
    atStart: () => calls.push('start'),
    atEnd: () => calls.push('end'),
  })
  const ran = (await processed()) - before
  expect(calls).toEqual(['start', 'end'])
  expect(result).toMatchObject({ errors: 0, firstError: null, unanswered: 0 })
  expect(result.commands).toBeGreaterThan(0)
  expect(result.commands).toBeLessThanOrEqual(ran)
  expect(ran % 8).toBe(0)
  expect(result.latency.totalCount).toBeGreaterThan(0)
})

test('an open loop sends what the schedule asks, no more', async () => {
  const before = await processed()
  const result = await runLoad(redis.endpoint, settings({ ratePerSecond: 2000, pipeline: 1, connections: 3 }), WINDOW)
  const ran = (await processed()) - before
  expect(result).toMatchObject({ errors: 0, unanswered: 0 })
  expect(ran).toBeGreaterThan(0)
  expect(result.latency.totalCount).toBe(result.sendLag.totalCount)
  expect(result.latency.totalCount).toBeLessThanOrEqual(ran)
})

test('error replies are counted, and the first is kept', async () => {
  await withControl(redis.endpoint, (control) => control.command('SET', 'mylist', 'no list'))
  const result = await runLoad(redis.endpoint, settings({ mix: parseMix('lpush=1,get=1') }), WINDOW)
  expect(result.errors).toBeGreaterThan(0)
  expect(result.firstError).toMatch(/^WRONGTYPE/)
})

test('a server that is not there, hangs up, or speaks no RESP ends the run with the reason', async () => {
  const answers: (() => string | null)[] = [
    () => null,
    () => 'HTTP/1.1 400 Bad Request\r\n\r\n',
    () => '+OK\r\n'.repeat(9),
  ]
  const reasons = [/closed the connection|ECONNRESET/, /not RESP/, /more replies than commands/]
  for (const [i, answer] of answers.entries()) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => {
        const text = answer()
        if (text === null) socket.destroy()
        else socket.write(text)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
    await expect(runLoad(endpoint, settings({ connections: 1 }), WINDOW)).rejects.toThrow(reasons[i])
    await new Promise((resolve) => server.close(resolve))
    await expect(runLoad(endpoint, settings(), WINDOW)).rejects.toThrow(/ECONNREFUSED/)
  }
})

test('connections are dealt out evenly, idle threads do not start', () => {
  expect(connectionsOfThreads(settings({ connections: 50, threads: 3 }))).toEqual([17, 17, 16])
  expect(connectionsOfThreads(settings({ connections: 2, threads: 4 }))).toEqual([1, 1])
})
