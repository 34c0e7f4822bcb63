/* INFO: the same fields as Redis's, section by section, with figures that are true in every mode. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { INLINE_EXECUTION_MODES, type Server, type ServerOptions, startOracle, startSpinel } from '../support/server.ts'

/** Fields that Redis 7.0 lacks, with their source; 7.2 has them at the same place. */
const SINCE_7_2: Readonly<Record<string, readonly string[]>> = {
  Server: ['listener0', 'listener1'], // redis PR 9320
  Clients: ['total_blocking_keys', 'total_blocking_keys_on_nokey'], // redis PR 11288
  Stats: [
    'eventloop_cycles', // redis PR 11963, and the four below
    'eventloop_duration_sum',
    'eventloop_duration_cmd_sum',
    'instantaneous_eventloop_cycles_per_sec',
    'instantaneous_eventloop_duration_usec',
    'acl_access_denied_auth', // redis PR 11288, and the three below
    'acl_access_denied_cmd',
    'acl_access_denied_key',
    'acl_access_denied_channel',
    'expired_subkeys', // redis PR 13172, in 7.4
  ],
}

/** Fields that only Spinel has. */
const OWN: Readonly<Record<string, readonly string[]>> = { Server: ['spinel_version'] }

/** Sections whose fields depend on what was done, and Spinel's own. */
const COMPARED_OTHERWISE = ['Modules', 'Commandstats', 'Errorstats', 'Latencystats', 'Keyspace', 'Spinel']

const started: Server[] = []

async function start(begin: (options: ServerOptions) => Promise<Server>, options: ServerOptions = {}) {
  const server = await begin(options)
  const client = await server.connect()
  started.push(server)
  return client
}

async function stopAll(): Promise<void> {
  for (const each of started.splice(0)) await each.stop()
}

/** Lines by section heading. */
function sectionsOf(text: string): Map<string, string[]> {
  const sections = new Map<string, string[]>()
  for (const part of text.trimEnd().split('\r\n\r\n')) {
    const [heading, ...lines] = part.split('\r\n')
    sections.set(heading.replace('# ', ''), lines)
  }
  return sections
}

const nameOf = (line: string) => line.slice(0, line.indexOf(':'))

const info = async (client: RawClient, ...sections: string[]) => String(await client.call('INFO', ...sections))

async function field(client: RawClient, name: string, ...sections: string[]): Promise<string | undefined> {
  const lines = (await info(client, ...sections)).split('\r\n')
  return lines.find((line) => nameOf(line) === name)?.slice(name.length + 1)
}

describe('beside Redis', () => {
  let spinel: RawClient
  let oracle: RawClient
  let theirs: Map<string, string[]>
  let ours: Map<string, string[]>

  beforeAll(async () => {
    spinel = await start(startSpinel)
    oracle = await start(startOracle)
    for (const client of [spinel, oracle]) {
      await client.pipeline([
        ['SET', 'a', '1'],
        ['SET', 'b', '1', 'EX', '1000'],
        ['INCR', 'a', 'x'],
        ['GET', 'c'],
      ])
    }
    ours = sectionsOf(await info(spinel, 'everything'))
    theirs = sectionsOf(await info(oracle, 'everything'))
  })

  afterAll(stopAll)

  test('there are the same sections in the same order', () => {
    expect([...ours.keys()].filter((name) => name !== 'Spinel')).toEqual([...theirs.keys()])
  })

  test('each has the same fields in the same order', () => {
    for (const [section, lines] of theirs) {
      if (COMPARED_OTHERWISE.includes(section)) continue
      const expected = lines.map(nameOf)
      const added = [...(SINCE_7_2[section] ?? []), ...(OWN[section] ?? [])].filter((name) => !expected.includes(name))
      const fields = (ours.get(section) ?? []).map(nameOf)
      expect(
        fields.filter((name) => !added.includes(name)),
        section,
      ).toEqual(expected)
      expect(fields.filter((name) => added.includes(name)).sort(), section).toEqual(added.sort())
    }
  })

  test('what the clients did reads the same', () => {
    const shape = (lines: readonly string[] = []) => lines.map((line) => line.replaceAll(/=[\d.]+/g, '=N')).sort()
    const withoutOurs = (lines: readonly string[] = []) => lines.filter((line) => !line.includes('ping'))
    for (const section of ['Commandstats', 'Latencystats']) {
      expect(shape(withoutOurs(ours.get(section))), section).toEqual(shape(withoutOurs(theirs.get(section))))
    }
    expect(ours.get('Errorstats')).toEqual(theirs.get('Errorstats'))
    const keyspace = (lines: readonly string[] = []) => lines.map((line) => line.replace(/avg_ttl=\d+/, ''))
    expect(keyspace(ours.get('Keyspace'))).toEqual(keyspace(theirs.get('Keyspace')))
    expect(ours.get('Modules')).toEqual(theirs.get('Modules'))
  })

  test('the default sections, and any selection, are the same', async () => {
    const headings = async (client: RawClient, ...words: string[]) =>
      [...sectionsOf(await info(client, ...words)).keys()].filter((name) => name !== 'Spinel')
    for (const words of [
      [],
      ['default'],
      ['all'],
      ['server', 'KEYSPACE'],
      ['commandstats', 'default'],
      ['none', 'cpu'],
    ]) {
      expect(await headings(spinel, ...words), words.join(' ')).toEqual(await headings(oracle, ...words))
    }
    expect(await info(spinel, 'none')).toBe('')
  })

  test('RESP3 has it as a verbatim string', async () => {
    const client = await start(startSpinel)
    await client.call('HELLO', '3')
    expect((await client.command('INFO', 'cluster')).toString()).toBe(
      '=34\r\ntxt:# Cluster\r\ncluster_enabled:0\r\n\r\n',
    )
  })
})

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  const spinelDirectives = { 'inline-execution': mode, 'shard-workers': 2 }

  afterEach(stopAll)

  test('a client sees the figures of everything it sent before, whoever ran it', async () => {
    const client = await start(startSpinel, { spinelDirectives })
    await client.call('CONFIG', 'RESETSTAT')
    const sets = Array.from({ length: 500 }, (_, i) => ['SET', `key:${i}`, 'v'])
    const gets = Array.from({ length: 500 }, (_, i) => ['GET', `key:${i + 250}`])
    const others = [
      ['MSET', 'x', '1', 'y', '2', 'z', '3'],
      ['INCR', 'key:1'],
      ['GET'],
      ['KEYS', 'key:1*'],
      ['NOSUCH', 'x', 'y', 'z'],
    ]
    const replies = await client.pipeline([...sets, ...gets, ...others, ['INFO', 'everything']])
    const sections = sectionsOf(String(replies.at(-1)))
    const stats = new Map(sections.get('Commandstats')?.map((line) => [nameOf(line), line]))
    expect(stats.get('cmdstat_set')).toMatch(/calls=500,usec=\d+,usec_per_call=[\d.]+,rejected_calls=0,failed_calls=0$/)
    expect(stats.get('cmdstat_get')).toMatch(/calls=500,.*rejected_calls=1,failed_calls=0$/)
    expect(stats.get('cmdstat_incr')).toMatch(/calls=1,.*failed_calls=1$/)
    expect(stats.get('cmdstat_mset')).toMatch(/calls=1,/)
    expect(stats.get('cmdstat_info')).toBeUndefined()
    expect(sections.get('Errorstats')).toEqual(['errorstat_ERR:count=3'])
    expect(sections.get('Keyspace')).toEqual(['db0:keys=503,expires=0,avg_ttl=0'])
    const figures = Object.fromEntries((sections.get('Stats') ?? []).map((line) => line.split(':')))
    expect(figures).toMatchObject({ keyspace_hits: '250', keyspace_misses: '250', total_error_replies: '3' })
    // CONFIG RESETSTAT itself may be the first after the reset.
    expect([1003, 1004]).toContain(Number(figures['total_commands_processed']))
  })

  test('CONFIG RESETSTAT forgets what workers have counted', async () => {
    const client = await start(startSpinel, { spinelDirectives })
    await client.pipeline([
      ['SET', 'a', 'x'],
      ['INCR', 'a'],
      ['GET', 'a'],
      ['GET', 'none'],
      ['CONFIG', 'RESETSTAT'],
    ])
    expect(await info(client, 'commandstats', 'errorstats')).toMatch(
      /^# Commandstats\r\n(cmdstat_config\|resetstat:calls=1,[^\r]*\r\n)?\r\n# Errorstats\r\n$/,
    )
    expect(await field(client, 'keyspace_hits', 'stats')).toBe('0')
    await client.call('GET', 'a')
    expect(await field(client, 'keyspace_hits', 'stats')).toBe('1')
  })

  test('inside a transaction INFO answers at once', async () => {
    const client = await start(startSpinel, { spinelDirectives })
    const replies = await client.pipeline([
      ['SET', 'a', '1'],
      ['MULTI'],
      ['INFO', 'commandstats'],
      ['LATENCY', 'HISTOGRAM'],
      ['EXEC'],
    ])
    const [text, histogram] = replies.at(-1) as [string, unknown[]]
    expect(text).toContain('# Commandstats')
    expect(Array.isArray(histogram)).toBe(true)
  })
})

describe('figures', () => {
  afterEach(stopAll)

  test('memory follows what is stored and what clients hold', async () => {
    const client = await start(startSpinel)
    const used = async () => Number(await field(client, 'used_memory', 'memory'))
    const before = await used()
    await client.call('SET', 'k', 'x'.repeat(10_000_000))
    const grown = await used()
    expect(grown - before).toBeGreaterThan(10_000_000)
    expect(Number(await field(client, 'used_memory_rss', 'memory'))).toBeGreaterThan(10_000_000)
    await client.call('DEL', 'k')
    expect(await used()).toBeLessThan(grown - 9_000_000)
    expect(Number(await field(client, 'used_memory_peak', 'memory'))).toBeGreaterThanOrEqual(grown)
    expect(Number(await field(client, 'mem_clients_normal', 'memory'))).toBeGreaterThan(0)
    const stats = (await client.call('MEMORY', 'STATS')) as (string | number)[]
    expect(stats[stats.indexOf('keys.count') + 1]).toBe(0)
  })

  test('traffic and connections are counted', async () => {
    const client = await start(startSpinel)
    const second = await started[0].connect()
    await second.expectOpen()
    const bytes = async (name: string) => Number(await field(client, name, 'stats'))
    const [input, output] = [await bytes('total_net_input_bytes'), await bytes('total_net_output_bytes')]
    await second.call('ECHO', 'x'.repeat(1000))
    expect((await bytes('total_net_input_bytes')) - input).toBeGreaterThan(1000)
    expect((await bytes('total_net_output_bytes')) - output).toBeGreaterThan(1000)
    expect(await field(client, 'connected_clients', 'clients')).toBe('2')
  })

  test('identity: process, run, port and replication', async () => {
    const client = await start(startSpinel, { directives: { 'enable-debug-command': 'yes' } })
    expect(await field(client, 'process_id')).toBe(String(started[0].process.pid))
    expect(await field(client, 'tcp_port')).toBe(String(started[0].port))
    expect(await field(client, 'run_id')).toMatch(/^[0-9a-f]{40}$/)
    const id = await field(client, 'master_replid')
    expect(await client.call('DEBUG', 'CHANGE-REPL-ID')).toBe('OK')
    expect(await field(client, 'master_replid')).not.toBe(id)
  })
})
