/* kill -9 at random moments of saving: the next start always loads a whole and consistent file. KILL_ROUNDS asks for
 * more of them than the few that run by default. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { type Server, startSpinel } from '../support/server.ts'
import { infoField } from './loaded.ts'

const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 4)
const PARTS = 16
const BALLAST = 20_000
let directory = ''

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'spinel-kill-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function serve(): Promise<Server> {
  return startSpinel({
    spinelDirectives: { dir: directory, 'shard-workers': 2, shards: 4, 'enable-debug-command': 'yes' },
  })
}

/** Everything has one generation; which one is returned. */
async function checkLoaded(server: Server): Promise<number> {
  const client = await server.connect()
  while (infoField(String(await client.call('INFO', 'persistence')), 'loading') === '1');
  const parts = (await client.call('MGET', ...Array.from({ length: PARTS }, (_, i) => `part:${i}`))) as string[]
  expect(new Set(parts).size).toBe(1)
  expect(await client.call('DBSIZE')).toBe(PARTS + BALLAST)
  expect(await client.call('DEBUG', 'CHECK')).toBe('OK')
  client.close()
  return Number(parts[0])
}

test(
  'whatever moment a save is killed at, the next start loads a whole file',
  async () => {
    const random = new Random(Date.now() & 0xffff)
    let server = await serve()
    const client = await server.connect()
    await client.call('DEBUG', 'POPULATE', BALLAST, 'ballast', 100)
    await client.call('MSET', ...Array.from({ length: PARTS }, (_, i) => [`part:${i}`, '0']).flat())
    expect(await client.call('SAVE')).toBe('OK')
    client.close()
    await server.kill()
    let last = 0
    let newer = 0
    for (let round = 1; round <= ROUNDS; round++) {
      server = await serve()
      const generation = await checkLoaded(server)
      expect(generation).toBeGreaterThanOrEqual(last)
      if (generation > last) newer++
      last = generation
      const writer = await server.connect()
      let isOver = false
      const writing = (async () => {
        for (let n = generation + 1; !isOver; n++) {
          await writer.call('MSET', ...Array.from({ length: PARTS }, (_, i) => [`part:${i}`, `${n}`]).flat())
        }
      })().catch(() => {})
      const control = await server.connect()
      await new Promise((resolve) => setTimeout(resolve, random.below(20)))
      await control.call('BGSAVE')
      await new Promise((resolve) => setTimeout(resolve, random.below(random.pick([20, 150, 400]))))
      isOver = true
      await server.kill()
      await writing
      for (const each of [writer, control]) each.close()
    }
    server = await serve()
    await checkLoaded(server)
    await server.stop()
    if (process.env['KILL_ROUNDS'] !== undefined) {
      writeFileSync(
        join(tmpdir(), 'spinel-kill-rounds'),
        `${ROUNDS} kills, ${newer} of them after a save had got through\n`,
      )
    }
  },
  60_000 + ROUNDS * 20_000,
)
