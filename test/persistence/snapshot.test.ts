/* Snapshots of a whole server that is written to all the time: the file shows one instant over all shards. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { RawClient } from '../support/raw-client.ts'
import { INLINE_EXECUTION_MODES, type Server, startOracle, startSpinel } from '../support/server.ts'
import { infoField, loaded } from './loaded.ts'

const ACCOUNTS = 100
const BALANCE = 1000
const BALLAST = 40_000
const ROUNDS = 3
const PROTECTED = { 'enable-protected-configs': 'yes' }

const running: Server[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop({ checkLog: server.exit === null })
})

async function started(directives: Record<string, string | number>): Promise<Server> {
  const server = await startSpinel({
    spinelDirectives: { 'shard-workers': 2, shards: 4, 'enable-debug-command': 'yes', ...directives },
  })
  running.push(server)
  return server
}

const account = (i: number) => `account:${i}`

/** Moves money until told to stop, in every way that must not tear. */
async function transfer(client: RawClient, random: Random, isOver: () => boolean): Promise<number> {
  let moves = 0
  while (!isOver()) {
    const batch: string[][] = []
    for (let i = 0; i < 8; i++) {
      const from = account(random.below(ACCOUNTS))
      const to = account(random.below(ACCOUNTS))
      const amount = String(random.between(1, 9))
      batch.push(['MULTI'], ['DECRBY', from, amount], ['INCRBY', to, amount], ['EXEC'])
      batch.push(['HSET', `noise:${random.below(5000)}`, 'f', amount], ['SET', `noise:${random.below(5000)}`, amount])
      batch.push(['DEL', `noise:${random.below(5000)}`], ['MSET', 'pair:a', `${moves}`, 'pair:b', `${moves}`])
      moves++
    }
    await client.pipeline(batch)
  }
  return moves
}

async function saved(client: RawClient): Promise<string> {
  expect(await client.call('BGSAVE')).toBe('Background saving started')
  for (;;) {
    const info = String(await client.call('INFO', 'persistence'))
    if (infoField(info, 'rdb_bgsave_in_progress') === '0') return info
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  test('the file of a save under writes shows one instant over all shards', async () => {
    const server = await started({ 'inline-execution': mode })
    const control = await server.connect()
    await control.call('DEBUG', 'POPULATE', BALLAST, 'ballast', 100)
    await control.call('MSET', ...Array.from({ length: ACCOUNTS }, (_, i) => [account(i), `${BALANCE}`]).flat())
    await control.call('MSET', 'pair:a', '-1', 'pair:b', '-1')
    const writers = await Promise.all([1, 2, 3].map(() => server.connect()))
    let isOver = false
    const moves = writers.map((client, i) => transfer(client, new Random(i + 1), () => isOver))
    const last: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const info = await saved(control)
      expect(infoField(info, 'rdb_last_bgsave_status')).toBe('ok')
      const engine = loaded(join(server.directory, 'dump.rdb'))
      let sum = 0
      for (let i = 0; i < ACCOUNTS; i++) sum += Number(engine.must('GET', account(i)))
      expect(sum).toBe(ACCOUNTS * BALANCE)
      expect(engine.must('GET', 'pair:a')).toBe(engine.must('GET', 'pair:b'))
      expect((engine.must('KEYS', 'ballast:*') as string[]).length).toBe(BALLAST)
      last.push(String(engine.must('DEBUG', 'DIGEST')))
    }
    isOver = true
    expect((await Promise.all(moves)).every((count) => count > 0)).toBe(true)
    expect(new Set(last).size).toBe(ROUNDS)
    expect(await control.call('DEBUG', 'CHECK')).toBe('OK')
    expect(readdirSync(server.directory).filter((name) => name.endsWith('.rdb'))).toEqual(['dump.rdb'])
    for (const client of [control, ...writers]) client.close()
  })
})

const FIELDS = 40_000

/** Moves amounts between fields of one hash and turns a list round, now and then, so that slices stop within both. */
async function changeHuge(client: RawClient, random: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const amount = String(random.between(1, 9))
    const batch = [['MULTI'], ['HINCRBY', 'huge:hash', `${random.below(FIELDS)}`, `-${amount}`]]
    batch.push(['HINCRBY', 'huge:hash', `${random.below(FIELDS)}`, amount], ['SET', 'small', amount])
    batch.push(['LMOVE', 'huge:list', 'huge:list', 'LEFT', 'RIGHT'], ['APPEND', 'huge:string', 'xyz'], ['EXEC'])
    await client.pipeline(batch)
    await new Promise((resolve) => setTimeout(resolve, random.below(40)))
  }
}

test.each(INLINE_EXECUTION_MODES)('huge values are saved whole, with inline-execution %s', async (mode) => {
  const server = await started({ 'inline-execution': mode })
  const control = await server.connect()
  for (let i = 0; i < FIELDS; i += 1000) {
    const numbers = Array.from({ length: 1000 }, (_, n) => String(i + n))
    await control.call('HSET', 'huge:hash', ...numbers.flatMap((n) => [n, '5']))
    await control.call('RPUSH', 'huge:list', ...numbers)
  }
  await control.call('SET', 'huge:string', 'abc'.repeat(1_000_000))
  const writers = await Promise.all([1, 2].map(() => server.connect()))
  let isOver = false
  const changes = writers.map((client, i) => changeHuge(client, new Random(i + 1), () => isOver))
  for (let round = 0; round < 5; round++) {
    expect(infoField(await saved(control), 'rdb_last_bgsave_status')).toBe('ok')
    const engine = loaded(join(server.directory, 'dump.rdb'))
    const balances = (engine.must('HVALS', 'huge:hash') as string[]).map(Number)
    expect(balances.length).toBe(FIELDS)
    expect(balances.reduce((sum, each) => sum + each, 0)).toBe(5 * FIELDS)
    const list = (engine.must('LRANGE', 'huge:list', '0', '-1') as string[]).map(Number)
    expect(list.every((each, i) => each === (list[0] + i) % FIELDS)).toBe(true)
    expect(list.length).toBe(FIELDS)
    expect(Number(engine.must('STRLEN', 'huge:string')) % 3).toBe(0)
  }
  isOver = true
  await Promise.all(changes)
  expect(await control.call('DEBUG', 'CHECK')).toBe('OK')
  for (const client of [control, ...writers]) client.close()
})

async function fill(client: RawClient): Promise<void> {
  await client.call('DEBUG', 'POPULATE', 3000, 'k', 50)
  for (let i = 0; i < 200; i++) {
    await client.call('SELECT', i % 3)
    await client.call('SET', `volatile:${i}`, i, 'EX', 10_000 + i)
    await client.call('HSET', `hash:${i}`, ...Array.from({ length: 2 * (1 + (i % 40) * 20) }, (_, f) => `f${f}`))
    await client.call('RPUSH', `list:${i}`, ...Array.from({ length: 1 + i * 3 }, (_, e) => `element ${e}`))
  }
  await client.call('SELECT', 0)
}

test('real Redis loads what was saved, and what it saves is loaded here', async () => {
  const server = await started({ 'rdb-version': 10 })
  const client = await server.connect()
  await fill(client)
  const digest = await client.call('DEBUG', 'DIGEST')
  await saved(client)
  const oracle = await startOracle({
    directives: { 'enable-debug-command': 'yes', dir: server.directory, ...PROTECTED },
  })
  running.push(oracle)
  const other = await oracle.connect()
  expect(await other.call('DEBUG', 'DIGEST')).toBe(digest)
  await other.call('SET', 'from', 'redis')
  const changed = await other.call('DEBUG', 'DIGEST')
  expect(await other.call('CONFIG', 'SET', 'dbfilename', 'other.rdb')).toBe('OK')
  expect(await other.call('SAVE')).toBe('OK')
  const heir = await started({ dir: server.directory, dbfilename: 'other.rdb' })
  const third = await heir.connect()
  expect(await third.call('DEBUG', 'DIGEST')).toBe(changed)
  for (const each of [client, other, third]) each.close()
})

test('FLUSHALL gives a running save up', async () => {
  const server = await started({ 'rdb-key-save-delay': 1000 })
  const client = await server.connect()
  await client.call('DEBUG', 'POPULATE', 20_000)
  expect(await client.call('BGSAVE')).toBe('Background saving started')
  expect(String(await client.call('BGSAVE'))).toBe('Error: ERR Background save already in progress')
  expect(await client.call('FLUSHALL')).toBe('OK')
  while (infoField(String(await client.call('INFO', 'persistence')), 'rdb_bgsave_in_progress') === '1');
  expect(server.log()).toContain('Background saving was given up')
  expect(existsSync(join(server.directory, 'dump.rdb'))).toBe(false)
  expect(await client.call('DEBUG', 'CHECK')).toBe('OK')
  client.close()
})

test.each(INLINE_EXECUTION_MODES)('writers wait for a slow disk, with inline-execution %s', async (mode) => {
  // Values far larger than all the rings together, each of them written to before the save has come to it.
  const server = await started({ 'inline-execution': mode, 'rdb-key-save-delay': 5000 })
  const client = await server.connect()
  const values = 60
  const long = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => (i * i * 31 + (i >> 8)) & 255))
  for (let i = 0; i < values; i++) await client.call('SET', `long:${i}`, long)
  const digest = await client.call('DEBUG', 'DIGEST')
  expect(await client.call('BGSAVE')).toBe('Background saving started')
  const appends = Array.from({ length: values }, (_, i) => ['APPEND', `long:${i}`, 'x'])
  const transaction = [['MULTI'], ...appends, ['EXEC']]
  const others = await Promise.all([1, 2].map(() => server.connect()))
  await Promise.all([client.pipeline(appends), others[0].pipeline(transaction), others[1].pipeline(appends)])
  while (infoField(String(await client.call('INFO', 'persistence')), 'rdb_bgsave_in_progress') === '1');
  expect(loaded(join(server.directory, 'dump.rdb')).must('DEBUG', 'DIGEST')).toBe(digest)
  expect(await client.call('STRLEN', 'long:7')).toBe(long.length + 3)
  expect(await client.call('DEBUG', 'CHECK')).toBe('OK')
  for (const each of [client, ...others]) each.close()
})

test('SHUTDOWN gives a running save up, and leaves nothing of it', async () => {
  const server = await started({ 'rdb-key-save-delay': 1000 })
  const client = await server.connect()
  await client.call('DEBUG', 'POPULATE', 20_000)
  await client.call('BGSAVE')
  while (!readdirSync(server.directory).some((name) => name.startsWith('temp-')));
  client.socket.write('SHUTDOWN SAVE\r\n')
  expect(await server.waitForExit()).toBe(true)
  expect(readdirSync(server.directory).filter((name) => name.endsWith('.rdb'))).toEqual(['dump.rdb'])
  expect(loaded(join(server.directory, 'dump.rdb')).must('DBSIZE')).toBe(20_000)
  client.close()
})

test('FLUSHALL with save points saves that nothing is left', async () => {
  const server = await started({ save: '10000 10000' })
  const client = await server.connect()
  await client.call('DEBUG', 'POPULATE', 1000)
  expect(await client.call('SAVE')).toBe('OK')
  await client.call('SET', 'k', 'v')
  expect(await client.call('FLUSHALL')).toBe('OK')
  expect(infoField(String(await client.call('INFO', 'persistence')), 'rdb_changes_since_last_save')).toBe('0')
  expect(loaded(join(server.directory, 'dump.rdb')).must('DBSIZE')).toBe(0)
  client.close()
})

test('FLUSHALL in a transaction saves in its place', async () => {
  const server = await started({ save: '10000 10000' })
  const client = await server.connect()
  await client.call('SET', 'k', 'v')
  expect(await client.call('SAVE')).toBe('OK')
  await client.pipeline([['MULTI'], ['SET', 'k', 'w'], ['FLUSHALL'], ['MSET', 'a', '1', 'b', '2'], ['EXEC']])
  // What came after it is not in the file, and is still to be saved.
  expect(infoField(String(await client.call('INFO', 'persistence')), 'rdb_changes_since_last_save')).toBe('2')
  expect(loaded(join(server.directory, 'dump.rdb')).must('DBSIZE')).toBe(0)
  client.close()
})

test('FLUSHALL at the end of a running save leaves no changes to be saved', async () => {
  const server = await started({ save: '10000 10000' })
  const client = await server.connect()
  const file = join(server.directory, 'dump.rdb')
  for (let round = 0; round < 20; round++) {
    rmSync(file, { force: true })
    await client.pipeline([['MSET', 'a', '1', 'b', '2'], ['BGSAVE']])
    // It is in its place before the server hears that it is.
    while (!existsSync(file));
    expect(await client.call('FLUSHALL')).toBe('OK')
    while (infoField(String(await client.call('INFO', 'persistence')), 'rdb_bgsave_in_progress') === '1');
    expect(infoField(String(await client.call('INFO', 'persistence')), 'rdb_changes_since_last_save')).toBe('0')
  }
  client.close()
})

test('save points save by themselves; a failure refuses writes until one succeeds', async () => {
  const server = await started({ save: '1 1', dbfilename: 'kept.rdb', ...PROTECTED })
  const client = await server.connect()
  await client.call('SET', 'k', 'v')
  while (!existsSync(join(server.directory, 'kept.rdb'))) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(server.log()).toContain('1 changes in 1 seconds. Saving...')
  // A directory in the file's place: nothing can be renamed there.
  expect(await client.call('CONFIG', 'SET', 'dbfilename', '.')).toBe('OK')
  await client.call('SET', 'k', 'w')
  for (;;) {
    const reply = String(await client.call('SET', 'k', 'x'))
    if (reply.startsWith('Error: MISCONF Redis is configured to save RDB snapshots')) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(String(await client.call('PING'))).toMatch(/^Error: MISCONF/)
  expect(await client.call('GET', 'k')).toBe('x')
  expect(await client.call('CONFIG', 'SET', 'dbfilename', 'kept.rdb')).toBe('OK')
  expect(await client.call('SAVE')).toBe('OK')
  expect(await client.call('SET', 'k', 'y')).toBe('OK')
  client.close()
})

test('DEBUG RELOAD breaks a watch, fails without a file, and is refused while another file is loaded', async () => {
  const server = await started({})
  const client = await server.connect()
  const watcher = await server.connect()
  await client.call('DEBUG', 'POPULATE', 3000)
  expect(await watcher.pipeline([['WATCH', 'key:1', 'none']])).toEqual(['OK'])
  expect(await client.call('DEBUG', 'RELOAD')).toBe('OK')
  expect(await watcher.pipeline([['MULTI'], ['EXEC']])).toEqual(['OK', null])
  const directives = { 'key-load-delay': 500, 'loading-process-events-interval-bytes': 1024, dir: server.directory }
  const second = await started(directives)
  const other = await second.connect()
  const refused = String(await other.call('DEBUG', 'RELOAD'))
  const info = String(await other.call('INFO', 'persistence'))
  if (infoField(info, 'loading') === '1') expect(refused).toBe('Error: LOADING Redis is loading the dataset in memory')
  while (infoField(String(await other.call('INFO', 'persistence')), 'loading') === '1');
  expect(await other.call('DBSIZE')).toBe(3000)
  rmSync(join(server.directory, 'dump.rdb'))
  const failure = 'Error: ERR Error trying to load the RDB dump, check server logs.'
  expect(String(await client.call('DEBUG', 'RELOAD', 'NOSAVE'))).toBe(failure)
  for (const each of [client, watcher, other]) each.close()
})

test('while it loads, clients are told so; then all is there', async () => {
  const first = await started({})
  const client = await first.connect()
  await client.call('DEBUG', 'POPULATE', 3000)
  await client.call('SAVE')
  const directives = { 'key-load-delay': 500, 'loading-process-events-interval-bytes': 1024, dir: first.directory }
  const second = await started({ ...directives, 'shard-workers': 1 })
  const other = await second.connect()
  const refused = String(await other.call('GET', 'key:1'))
  const info = String(await other.call('INFO', 'persistence'))
  if (infoField(info, 'loading') === '1') {
    expect(refused).toBe('Error: LOADING Redis is loading the dataset in memory')
    expect(Number(infoField(info, 'loading_total_bytes'))).toBeGreaterThan(10_000)
  }
  while (infoField(String(await other.call('INFO', 'persistence')), 'loading') === '1');
  expect(await other.call('DBSIZE')).toBe(3000)
  expect(second.log()).toMatch(
    /Done loading RDB, keys loaded: 3000, keys expired: 0\.\n.*DB loaded from disk: [\d.]+ sec/,
  )
  client.close()
  other.close()
})
