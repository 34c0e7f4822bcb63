/* COMMAND INFO beside Redis: every command that both know is described alike. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import type { PlainReply } from '../support/resp.ts'
import { type Server, startOracle, startSpinel } from '../support/server.ts'

/** Fields of COMMAND INFO by place. */
const ARITY = 1
const FLAGS = 2
const TIPS = 7
const SUBCOMMANDS = 9

/** What 7.2 describes otherwise than 7.0. Source: the command's file in src/commands of each version. */
const CHANGED_IN_7_2: Readonly<Record<string, number>> = {
  msetnx: TIPS,
  scan: TIPS,
  randomkey: TIPS,
  'client|setname': TIPS,
  'config|resetstat': TIPS,
  'config|rewrite': TIPS,
  'latency|reset': TIPS,
  'command|getkeys': ARITY,
  'command|getkeysandflags': ARITY,
  wait: FLAGS,
  blpop: FLAGS,
  brpop: FLAGS,
  brpoplpush: FLAGS,
  blmove: FLAGS,
  blmpop: FLAGS,
}

/** Subcommands that came with 7.2, and commands that came with 7.4. */
const NEW_SINCE_7_0 = [
  ...['client|setinfo', 'client|no-touch'],
  ...['hexpire', 'hpexpire', 'hexpireat', 'hpexpireat', 'httl', 'hpttl', 'hexpiretime', 'hpexpiretime', 'hpersist'],
]

const servers: Server[] = []
let spinel: RawClient
let oracle: RawClient

beforeAll(async () => {
  for (const begin of [startSpinel, startOracle]) servers.push(await begin())
  spinel = await servers[0].connect()
  oracle = await servers[1].connect()
})

afterAll(async () => {
  for (const each of [spinel, oracle]) each.close()
  for (const each of servers) await each.stop()
})

test('COMMAND INFO is the same, but for what a named version changed', async () => {
  const names = ((await spinel.call('COMMAND', 'LIST')) as string[]).filter((name) => !NEW_SINCE_7_0.includes(name))
  expect(names.length).toBeGreaterThan(60)
  const ours = (await spinel.call('COMMAND', 'INFO', ...names)) as PlainReply[][]
  const theirs = (await oracle.call('COMMAND', 'INFO', ...names)) as PlainReply[][]
  for (const [index, name] of names.entries()) {
    // Redis lists subcommands in no order; each is compared under its own name.
    const fields = (info: PlainReply[]) => info.filter((_, at) => at !== SUBCOMMANDS && at !== CHANGED_IN_7_2[name])
    expect(theirs[index], `redis knows ${name}`).not.toBeNull()
    expect(fields(ours[index]), name).toEqual(fields(theirs[index]))
  }
})

test('GETKEYS finds the same keys, with the same flags', async () => {
  const lines = ['GET a', 'MSET a 1 b 2', 'SET a b', 'SET a b GET', 'RENAME a b', 'LCS a b', 'DEL a b c', 'COPY a b']
  for (const line of [...lines, 'OBJECT ENCODING a', 'MEMORY USAGE a', 'PING', 'NOTHING a', 'GET a b', 'OBJECT x a']) {
    for (const subcommand of ['GETKEYS', 'GETKEYSANDFLAGS']) {
      const words = ['COMMAND', subcommand, ...line.split(' ')]
      // 7.0 wants one argument more than 7.2.
      if (words.length < 4) continue
      expect(await spinel.call(...words), words.join(' ')).toEqual(await oracle.call(...words))
    }
  }
})
