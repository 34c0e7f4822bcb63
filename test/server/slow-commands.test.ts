/* SLOWLOG and LATENCY over a whole server: what workers ran counts as what the I/O thread ran. */

import { afterEach, describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import type { PlainReply } from '../support/resp.ts'
import { type Directives, INLINE_EXECUTION_MODES, type Server, startSpinel } from '../support/server.ts'

let server: Server
let client: RawClient

async function start(mode: string, directives: Directives): Promise<void> {
  const spinelDirectives = { 'inline-execution': mode, 'shard-workers': 2 }
  server = await startSpinel({ directives: { 'enable-debug-command': 'yes', ...directives }, spinelDirectives })
  client = await server.connect()
}

afterEach(async () => {
  client.close()
  await server.stop()
})

type Entry = [id: number, time: number, us: number, args: string[], client: string, name: string]

const entries = async (...count: string[]) => (await client.call('SLOWLOG', 'GET', ...count)) as unknown as Entry[]

/** The command lines in the log, oldest first, without those of the log itself. */
async function logged(): Promise<string[]> {
  const lines = (await entries('-1')).map(([, , , args]) => args.join(' ')).reverse()
  return lines.filter((line) => !/^(SLOWLOG|PING)/i.test(line))
}

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  test('the slow log has every command, in full and with its client', async () => {
    await start(mode, { 'slowlog-log-slower-than': 0, 'slowlog-max-len': 100 })
    await client.pipeline([
      ['CLIENT', 'SETNAME', 'me'],
      ['SET', 'k', 'v'],
      ['MSET', 'a', '1', 'b', '2'],
      ['KEYS', '*'],
    ])
    await client.pipeline([['MULTI'], ['SET', 'in', 'x'], ['DBSIZE'], ['EXEC']])
    const long = ['MSET', ...Array.from({ length: 20 }, (_, i) => [`k${i}`, 'v'.repeat(200)]).flat()]
    await client.call(...long)
    const lines = await logged()
    // Between the transaction and what came before, and between threads, there is no order to rely on.
    const [trimmed, ...others] = lines.sort((a, b) => b.length - a.length)
    expect(trimmed).toMatch(/^MSET k0 v{128}\.\.\. \(72 more bytes\) k1 .* \.\.\. \(10 more arguments\)$/)
    expect(others.sort()).toEqual([
      'CLIENT SETNAME me',
      'DBSIZE',
      'KEYS *',
      'MSET a 1 b 2',
      'MULTI',
      'SET in x',
      'SET k v',
    ])
    const set = (await entries('-1')).find(([, , , args]) => args.join(' ') === 'SET k v')
    expect(set?.slice(4)).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/), 'me'])
    expect(set?.[2]).toBeGreaterThanOrEqual(0)
  })

  test('the threshold follows CONFIG SET in every thread', async () => {
    await start(mode, { 'slowlog-log-slower-than': -1 })
    await client.call('SET', 'a', '1')
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
    await client.call('SET', 'b', '1')
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '-1')
    await client.call('SET', 'c', '1')
    const lines = await logged()
    expect(lines).toContain('SET b 1')
    expect(lines).not.toContain('SET a 1')
    expect(lines).not.toContain('SET c 1')
  })

  test('LATENCY HISTOGRAM counts what every thread ran', async () => {
    await start(mode, {})
    await client.pipeline([
      ...Array.from({ length: 300 }, (_, i) => ['SET', `k${i}`, 'v']),
      ['MSET', 'a', '1', 'b', '2'],
    ])
    const histograms = (await client.call('LATENCY', 'HISTOGRAM', 'set', 'mset', 'get', 'config')) as PlainReply[]
    expect(histograms.filter((each) => typeof each === 'string').sort()).toEqual(['mset', 'set'])
    const set = histograms[histograms.indexOf('set') + 1] as [string, number, string, number[]]
    expect(set.slice(0, 3)).toEqual(['calls', 300, 'histogram_usec'])
    expect(set[3].at(-1)).toBe(300)
  })
})

test('secrets stay out of the slow log', async () => {
  await start('auto', { 'slowlog-log-slower-than': 0 })
  await client.call('AUTH', 'default', 'secret')
  await client.call('HELLO', '3', 'AUTH', 'default', 'secret')
  await client.call('HELLO', '2')
  await client.call('CONFIG', 'SET', 'requirepass', 'secret', 'hz', '10')
  const lines = await logged()
  expect(lines).toContain('AUTH (redacted) (redacted)')
  expect(lines).toContain('HELLO 3 AUTH (redacted) (redacted)')
  expect(lines).toContain('CONFIG SET requirepass (redacted) hz 10')
  expect(lines.join('\n')).not.toContain('secret')
})

test('DEBUG SLEEP is a slow command and a latency event', async () => {
  await start('auto', { 'slowlog-log-slower-than': 20_000, 'latency-monitor-threshold': 20 })
  await client.call('DEBUG', 'SLEEP', '0.03')
  expect(await logged()).toEqual(['DEBUG SLEEP 0.03'])
  const [[event, , latest, worst]] = (await client.call('LATENCY', 'LATEST')) as [string, number, number, number][]
  expect([event, latest]).toEqual(['command', worst])
  expect(latest).toBeGreaterThanOrEqual(30)
  expect(((await client.call('LATENCY', 'HISTORY', 'command')) as unknown[]).length).toBe(1)
  expect(await client.call('LATENCY', 'DOCTOR')).toContain('1. command: 1 latency spikes')
  expect(await client.call('LATENCY', 'GRAPH', 'command')).toContain('all time high')
  expect(await client.call('LATENCY', 'RESET')).toBe(1)
})
