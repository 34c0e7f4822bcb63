/* Large values and whole databases that go while everything else goes on: other clients, watches, snapshots, databases
 * that change places, reloads. Whatever is freed when, nothing is lost and nothing is freed twice. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { RawClient } from '../support/raw-client.ts'
import { INLINE_EXECUTION_MODES } from '../support/server.ts'
import { admit, discharge, expectSound, figure, type Patient, SCALE } from './soundness.ts'

const SETTINGS = ['user-del', 'server-del', 'expire', 'user-flush'].map((name) => `lazyfree-lazy-${name}`)
const ROUNDS = 25 * SCALE

/** A command that makes, or takes away, something large. */
function change(random: Random): string[] {
  const key = `key:${random.next() % 12}`
  const texts = () => Array.from({ length: 2000 }, (_, i) => `${random.next() % 9}:${i}`)
  switch (random.next() % 10) {
    case 0:
    case 1:
    case 2:
      return ['HSET', key, ...texts()]
    case 3:
    case 4:
      return ['RPUSH', key, ...texts()]
    case 5:
      return ['UNLINK', key, `key:${random.next() % 12}`]
    case 6:
      return ['DEL', key]
    case 7:
      return ['SET', key, 'x']
    case 8:
      return ['RENAME', key, `key:${random.next() % 12}`]
    default:
      return ['PEXPIRE', key, String(random.next() % 30)]
  }
}

/** One that concerns all of the data, or how it is freed. */
function upheaval(random: Random): string[] {
  switch (random.next() % 8) {
    case 0:
      return ['FLUSHALL', 'ASYNC']
    case 1:
      return ['FLUSHDB', random.next() % 2 === 0 ? 'SYNC' : 'ASYNC']
    case 2:
      return ['SWAPDB', '0', '1']
    case 3:
      return ['BGSAVE']
    case 4:
      return ['WATCH', `key:${random.next() % 12}`]
    case 5:
      return ['UNWATCH']
    case 6:
      return ['DEBUG', 'RELOAD']
    default:
      return ['CONFIG', 'SET', SETTINGS[random.next() % SETTINGS.length], random.next() % 2 === 0 ? 'yes' : 'no']
  }
}

describe.each(INLINE_EXECUTION_MODES)('inline-execution %s', (mode) => {
  let patient: Patient

  beforeAll(async () => {
    patient = await admit({
      directives: { 'list-max-listpack-size': 4 },
      spinelDirectives: { 'inline-execution': mode },
    })
  })

  afterAll(() => discharge(patient))

  test('large values come and go among flushes, snapshots and reloads', async () => {
    const { server, control } = patient
    const clients = await Promise.all(Array.from({ length: 5 }, () => server.connect({ replyTimeoutMs: 120_000 })))
    const play = async (client: RawClient, n: number) => {
      const random = new Random(n + 1)
      await client.call('SELECT', n % 3)
      for (let round = 0; round < ROUNDS; round++) {
        if (n === 0) await client.call(...upheaval(random))
        await client.pipeline(Array.from({ length: 10 }, () => change(random)))
      }
    }
    await Promise.all(clients.map(play))
    for (const client of clients) client.close()
    expect(await control.call('DEBUG', 'CHECK')).toBe('OK')
    while ((await figure(control, 'lazyfree_pending_objects')) > 0);
    expect(await figure(control, 'lazyfreed_objects')).toBeGreaterThan(5)
    while ((await figure(control, 'rdb_bgsave_in_progress')) > 0);
    await expectSound(patient)
  })
})
